#include "recording_key.hpp"

#include <algorithm>

#include "support/catch.hpp"

namespace sallyport::app {
namespace {

base::SecretBytes key_of(std::uint8_t byte) {
  base::SecretBytes key(base::kKeySize);
  std::fill(key.expose_mutable().begin(), key.expose_mutable().end(), byte);
  return key;
}

recorder::Expectation known() {
  recorder::Expectation out;
  out.session = base::SessionId::parse("abcdefghijklmnop").value();
  out.last_checkpoint = recorder::Mark{7, base::sha256(base::as_bytes("x"))};
  out.end = recorder::Mark{9, base::sha256(base::as_bytes("y"))};
  out.signer = base::PublicKey{};
  return out;
}

}  // namespace

TEST_CASE("a recording's key file says all that opens and judges it") {
  const auto text = encode_recording_key(key_of(0xA7), known());
  const auto key = decode_recording_key(text);
  REQUIRE(key);
  CHECK(base::equals_ct(key.value().data_key, key_of(0xA7)));
  CHECK(key.value().expected.session == known().session);
  CHECK(key.value().expected.last_checkpoint == known().last_checkpoint);
  CHECK(key.value().expected.end == known().end);
  CHECK(key.value().expected.signer == known().signer);
  CHECK_FALSE(key.value().expected.running);
}

TEST_CASE("a key file that is cut or foreign is refused without a word of its content") {
  const auto text = encode_recording_key(key_of(0xA7), known());
  for (std::size_t size = 0; size < text.size() - 1; ++size) {
    const auto cut = decode_recording_key(base::SecretBytes::copy(text.expose().first(size)));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().context().find("a7a7") == std::string::npos);
  }
  CHECK_FALSE(decode_recording_key(base::SecretBytes::copy(base::as_bytes("-----BEGIN KEY-----\n"))));
}

}  // namespace sallyport::app
