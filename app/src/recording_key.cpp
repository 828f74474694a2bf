#include "recording_key.hpp"

#include <algorithm>
#include <charconv>

#include "sallyport/base/text.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kFirstLine = "sallyport recording key 1";
constexpr std::string_view kDigits = "0123456789abcdef";

std::string line_of(std::string_view name, const recorder::Mark& mark) {
  return std::string(name) + " " + std::to_string(mark.sequence) + " " + base::hex(mark.hash) + "\n";
}

std::string known_lines(const recorder::Expectation& expected) {
  std::string out;
  if (expected.session) out += "session " + expected.session->text() + "\n";
  if (expected.signer) out += "signer " + base::hex(*expected.signer) + "\n";
  if (expected.last_checkpoint) out += line_of("checkpoint", *expected.last_checkpoint);
  if (expected.end) out += line_of("end", *expected.end);
  if (expected.running) out += "running\n";
  if (expected.cut) out += "cut\n";
  if (expected.never) out += "never\n";
  return out;
}

std::string_view take_until(std::string_view& text, char end) {
  const auto at = std::min(text.find(end), text.size());
  const auto part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

/// base::unhex() would leave the key in ordinary memory.
Result<base::SecretBytes> take_key(std::string_view hex) {
  base::SecretBytes key(base::kKeySize);
  if (hex.size() != 2 * key.size()) return fail(Errc::invalid, "the key file's data key has the wrong length");
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto high = kDigits.find(hex[2 * i]);
    const auto low = kDigits.find(hex[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos)
      return fail(Errc::invalid, "the key file's data key is no hexadecimal number");
    key.expose_mutable()[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return key;
}

Result<std::array<std::uint8_t, 32>> take_32(std::string_view hex) {
  SALLYPORT_TRY(const auto bytes, base::unhex(hex));
  std::array<std::uint8_t, 32> out{};
  if (bytes.size() != out.size()) return fail(Errc::invalid, "the key file has a value of the wrong length");
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Result<recorder::Mark> take_mark(std::string_view text) {
  const auto number = take_until(text, ' ');
  recorder::Mark mark;
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), mark.sequence);
  if (problem != std::errc() || end != number.data() + number.size())
    return fail(Errc::invalid, "the key file has a chunk's number that is none");
  SALLYPORT_TRY(mark.hash, take_32(text));
  return mark;
}

Result<> take_line(std::string_view line, RecordingKey& key) {
  const auto name = take_until(line, ' ');
  if (name == "data-key") {
    SALLYPORT_TRY(key.data_key, take_key(line));
  } else if (name == "session") {
    SALLYPORT_TRY(key.expected.session, base::SessionId::parse(line));
  } else if (name == "signer") {
    SALLYPORT_TRY(key.expected.signer, take_32(line));
  } else if (name == "checkpoint") {
    SALLYPORT_TRY(key.expected.last_checkpoint, take_mark(line));
  } else if (name == "end") {
    SALLYPORT_TRY(key.expected.end, take_mark(line));
  } else if (name == "running") {
    key.expected.running = true;
  } else if (name == "cut") {
    key.expected.cut = true;
  } else if (name == "never") {
    key.expected.never = true;
  } else {
    return fail(Errc::invalid, "the key file has a line that this version does not know");
  }
  return base::ok();
}

}  // namespace

base::SecretBytes encode_recording_key(const base::SecretBytes& data_key, const recorder::Expectation& expected) {
  const std::string head = std::string(kFirstLine) + "\n" + known_lines(expected) + "data-key ";
  base::SecretBytes out(head.size() + 2 * data_key.size() + 1);
  auto place = std::copy(head.begin(), head.end(), out.expose_mutable().begin());
  for (const std::uint8_t byte : data_key.expose()) {
    *place++ = static_cast<std::uint8_t>(kDigits[byte >> 4U]);
    *place++ = static_cast<std::uint8_t>(kDigits[byte & 0x0FU]);
  }
  *place = '\n';
  return out;
}

Result<RecordingKey> decode_recording_key(const base::SecretBytes& text) {
  auto rest = text.expose_text();
  if (take_until(rest, '\n') != kFirstLine) return fail(Errc::invalid, "it is no key of a recording");
  RecordingKey key;
  while (!rest.empty()) {
    SALLYPORT_TRYV(take_line(take_until(rest, '\n'), key));
  }
  if (key.data_key.empty() || !key.expected.session) return fail(Errc::invalid, "the key file is not whole");
  return key;
}

}  // namespace sallyport::app
