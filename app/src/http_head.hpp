#pragma once
// The head of one HTTP/1.1 request (RFC 9112), strictly: Beast's parser behind a gate of our own, since it lets through
// what front servers refuse (folding, several transfer codings, doubled lengths, two hosts, absolute-form).
// Sans I/O; the only file with Beast behind it is http_head.cpp.
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

struct HttpHead {
  std::string method;
  std::string target;        ///< origin-form
  std::string content_type;  ///< lower case, without parameters; empty when absent
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  std::optional<base::SecretBytes> authorization;  ///< the field's value
};

inline constexpr std::size_t kMaxHead = 16U << 10U;

/// Where the head that begins here ends (after the empty line), or nothing yet.
std::optional<std::size_t> head_end(base::ByteView bytes) noexcept;
/// `raw` ends with the empty line. Errc::invalid says what was not taken. Copies of header values that it made are
/// wiped.
base::Result<HttpHead> parse_head(base::ByteView raw);

}  // namespace sallyport::app
