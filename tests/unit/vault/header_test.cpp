#include "sallyport/vault/header.hpp"

#include <sys/stat.h>

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

constexpr base::Argon2Cost kCheap{.memory = kMinArgonMemory, .passes = 1};

Header sample() {
  Header header;
  header.vault_id = {1, 2, 3};
  header.slots.push_back(must(make_passphrase_slot(header.vault_id, fixed_key(9), secret("correct horse"), kCheap)));
  header.slots.push_back(make_development_slot(header.vault_id, fixed_key(9), fixed_key(1)));
  return header;
}

/// A directory with a header of two slots and its development key, and no store.
struct HeaderDir {
  sallyport::test::TempDir dir;
  fs::path data = dir.path();
  SecretBytes root = SecretBytes::random(32);
  HeaderDir() {
    Header header;
    base::random_bytes(header.vault_id);
    header.slots.push_back(must(make_passphrase_slot(header.vault_id, root, secret("correct horse"), kCheap)));
    header.slots.push_back(make_development_slot(header.vault_id, root, must(make_development_key(data))));
    must(write_header(data, std::move(header), root));
  }
  bool opens(std::string_view passphrase) const {
    const auto opened = unlock_with_passphrase(data, secret(passphrase));
    return opened && equals_ct(opened.value(), root);
  }
};

}  // namespace

TEST_CASE("a header reads back as it was written") {
  const Header header = sample();
  const base::Bytes bytes = header.encode(fixed_key(9));
  const Header read = must(Header::parse_verified(bytes, fixed_key(9)));
  CHECK(read.vault_id == header.vault_id);
  REQUIRE(read.slots.size() == 2);
  CHECK(read.slots[0].cost.memory == kCheap.memory);
  CHECK(read.slots[1].kind == SlotKind::development);
  CHECK(read.encode(fixed_key(9)) == bytes);
}

TEST_CASE("no changed byte of a header passes, and none reads past its end") {
  const base::Bytes bytes = sample().encode(fixed_key(9));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    base::Bytes changed = bytes;
    changed[i] ^= 0x81;
    CAPTURE(i);
    const auto read = Header::parse_verified(changed, fixed_key(9));
    REQUIRE_FALSE(read);
    const Errc code = read.error().code();
    REQUIRE((code == Errc::corrupt || code == Errc::unsupported));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE(code_of(Header::parse(base::ByteView(bytes).first(size))) == Errc::corrupt);
}

TEST_CASE("a header with the MAC of another root is refused") {
  const base::Bytes bytes = sample().encode(fixed_key(9));
  CHECK(code_of(Header::parse_verified(bytes, fixed_key(8))) == Errc::corrupt);
}

TEST_CASE("a header that asks for too much memory is refused when it is read") {
  Header header = sample();
  header.slots[0].cost.memory = kMaxArgonMemory + 1;
  CHECK(code_of(Header::parse(header.encode(fixed_key(9)))) == Errc::corrupt);
}

TEST_CASE("each slot opens the same root") {
  HeaderDir h;
  CHECK(h.opens("correct horse"));
  CHECK(equals_ct(must(unlock_with_development_key(h.data)), h.root));
}

TEST_CASE("a wrong passphrase is denied without detail") {
  HeaderDir h;
  const auto opened = unlock_with_passphrase(h.data, secret("wrong horse"));
  CHECK(code_of(opened) == Errc::denied);
  CHECK(text_of(opened) == "wrong passphrase");
}

TEST_CASE("a passphrase is changed in place") {
  HeaderDir h;
  must(change_passphrase(h.data, secret("correct horse"), secret("battery staple"), kCheap));
  CHECK_FALSE(h.opens("correct horse"));
  CHECK(h.opens("battery staple"));
  const Header header = must(read_header(h.data));
  CHECK(header.slots.size() == 2);
  CHECK(header.generation == 3);
  CHECK(code_of(change_passphrase(h.data, secret("correct horse"), secret("another one"), kCheap)) == Errc::denied);
}

TEST_CASE("slots are added up to the bound and removed down to one") {
  HeaderDir h;
  must(add_passphrase_slot(h.data, h.root, secret("second phrase"), kCheap));
  CHECK(h.opens("second phrase"));
  CHECK(h.opens("correct horse"));
  for (std::size_t i = 3; i < Header::kMaxSlots; ++i)
    must(add_passphrase_slot(h.data, h.root, secret("further phrase"), kCheap));
  CHECK(code_of(add_passphrase_slot(h.data, h.root, secret("one too many"), kCheap)) == Errc::limit);
  CHECK(code_of(add_passphrase_slot(h.data, fixed_key(1), secret("of a stranger"), kCheap)) == Errc::corrupt);

  while (must(read_header(h.data)).slots.size() > 1)
    must(remove_slot(h.data, h.root, must(read_header(h.data)).slots.front().id));
  CHECK(code_of(remove_slot(h.data, h.root, must(read_header(h.data)).slots.front().id)) == Errc::conflict);
  CHECK_FALSE(fs::exists(h.data / kDevelopmentKeyFile));
  CHECK(code_of(unlock_with_development_key(h.data)) == Errc::not_found);
}

TEST_CASE("header and development key are closed to others") {
  HeaderDir h;
  for (const char* name : {kHeaderFile, kDevelopmentKeyFile}) {
    struct stat status {};
    REQUIRE(::stat((h.data / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
  }
}

TEST_CASE("a development key that others may read is not used") {
  HeaderDir h;
  REQUIRE(::chmod((h.data / kDevelopmentKeyFile).c_str(), 0644) == 0);
  CHECK(code_of(unlock_with_development_key(h.data)) == Errc::denied);
  fs::remove(h.data / kDevelopmentKeyFile);
  CHECK(code_of(unlock_with_development_key(h.data)) == Errc::not_found);
  must(make_development_key(h.data));
  CHECK(code_of(unlock_with_development_key(h.data)) == Errc::denied);
}

TEST_CASE("where there is no vault, the error says how to make one") {
  sallyport::test::TempDir dir;
  const auto opened = unlock_with_passphrase(dir.path(), secret("correct horse"));
  CHECK(code_of(opened) == Errc::not_found);
  CHECK(text_of(opened).find("sallyport init") != std::string::npos);
}

}  // namespace sallyport::vault::test
