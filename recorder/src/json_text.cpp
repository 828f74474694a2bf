#include "json_text.hpp"

#include "sallyport/base/text.hpp"
#include "sallyport/recorder/utf8.hpp"

namespace sallyport::recorder {
namespace {

void append_escape(char32_t unit, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kHex[(unit >> shift) & 0xFU];
}

/// What no terminal may take for a command, and what no reader may be deceived by, is escaped.
void append_json_character(char32_t c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c >= 0x20 && (c < 0x7F || c > 0x9F) && !base::is_deceptive(c)) return append_utf8(c, out);
  if (c < 0x10000) return append_escape(c, out);
  append_escape(0xD800 + ((c - 0x10000) >> 10U), out);
  append_escape(0xDC00 + ((c - 0x10000) & 0x3FFU), out);
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  const auto put = [&out](char32_t c) { append_json_character(c, out); };
  Utf8Decoder decoder;
  out.push_back('"');
  decoder.feed(base::as_bytes(text), put);
  decoder.finish(put);
  out.push_back('"');
}

void JsonObject::begin(std::string_view key) {
  if (out_.size() > 1) out_.push_back(',');
  append_json_string(key, out_);
  out_.push_back(':');
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) {
  begin(key);
  append_json_string(value, out_);
  return *this;
}

JsonObject& JsonObject::bytes(std::string_view key, std::string_view value) {
  text(key, value);
  if (!base::is_valid_utf8(value)) text(std::string(key) + "_base64", base::base64(base::as_bytes(value)));
  return *this;
}

JsonObject& JsonObject::number(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  begin(key);
  out_ += json;
  return *this;
}

}  // namespace sallyport::recorder
