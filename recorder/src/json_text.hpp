#pragma once
// JSON written by hand: strings of any bytes, and one-line objects. RFC 8259.
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::recorder {

/// Quoted and escaped; bytes that are no UTF-8 become U+FFFD; control characters (C0, DEL, C1) are \uNNNN.
void append_json_string(std::string_view text, std::string& out);

/// {"a":1,"b":"x"} built in order. Keys are constants of ours.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);
  /// The text, and when it is no UTF-8 its base64 under key + "_base64".
  JsonObject& bytes(std::string_view key, std::string_view value);
  JsonObject& number(std::string_view key, std::uint64_t value);
  JsonObject& raw(std::string_view key, std::string_view json);
  std::string take() && { return std::move(out_ += '}'); }

 private:
  void begin(std::string_view key);
  std::string out_ = "{";
};

}  // namespace sallyport::recorder
