#include "http_head.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>

namespace sallyport::app {

namespace http = boost::beast::http;
using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxFields = 64;

/// Beast keeps the fields (a bearer token among them) on the heap: wiped when they go.
template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT: converting, as allocators do
  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* memory, std::size_t n) noexcept {
    base::wipe({reinterpret_cast<std::uint8_t*>(memory), n * sizeof(T)});
    std::allocator<T>().deallocate(memory, n);
  }
  template <class U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

using Parser = http::request_parser<http::empty_body, WipingAllocator<char>>;
using Message = Parser::value_type;

base::Error refuse(std::string_view what) {
  return fail(Errc::invalid, "the request is not taken: " + std::string(what));
}

/// What a parser no longer shows: folded lines, lone CR or LF, control characters.
Result<> check_raw(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto c = static_cast<unsigned char>(raw[i]);
    if (c == '\r') {
      if (i + 1 >= raw.size() || raw[i + 1] != '\n') return refuse("a lone CR");
      ++i;
      const bool more = i + 1 < raw.size();
      if (more && (raw[i + 1] == ' ' || raw[i + 1] == '\t')) return refuse("a folded line");
      continue;
    }
    if ((c < 0x20 && c != '\t') || c == 0x7F) return refuse("a control character");
  }
  return base::ok();
}

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

Result<> check_fields(const Message& message) {
  std::size_t count = 0;
  for (const auto& field : message) {
    if (++count > kMaxFields) return refuse("too many fields");
    // "Content_Length" is another name to us and the same to some programs.
    if (view_of(field.name_string()).find('_') != std::string_view::npos)
      return refuse("an underscore in a field's name");
  }
  if (message.count(http::field::host) != 1 || message[http::field::host].empty())
    return refuse("not exactly one Host");
  if (message.count(http::field::transfer_encoding) > 0) return refuse("Transfer-Encoding; send Content-Length");
  if (message.count(http::field::content_length) > 1) return refuse("more than one Content-Length");
  if (message.count(http::field::authorization) > 1) return refuse("more than one Authorization");
  if (message.count(http::field::upgrade) > 0) return refuse("Upgrade");
  return base::ok();
}

Result<std::optional<std::uint64_t>> length_of(const Message& message) {
  if (message.count(http::field::content_length) == 0) return std::optional<std::uint64_t>{};
  const auto text = view_of(message[http::field::content_length]);
  constexpr std::size_t kDigits = 10;
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > kDigits || !digits) return refuse("Content-Length");
  return std::optional<std::uint64_t>(std::stoull(std::string(text)));
}

std::string media_type(std::string_view value) {
  std::string out(value.substr(0, std::min(value.find(';'), value.size())));
  while (!out.empty() && out.back() == ' ') out.pop_back();
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

Result<HttpHead> take(const Message& message) {
  SALLYPORT_TRYV(check_fields(message));
  HttpHead out;
  out.method = view_of(message.method_string());
  out.target = view_of(message.target());
  if (message.version() != 11) return refuse("only HTTP/1.1");
  if (!out.target.starts_with('/')) return refuse("only origin-form");
  out.content_type = media_type(view_of(message[http::field::content_type]));
  SALLYPORT_TRY(out.content_length, length_of(message));
  out.keep_alive = message.keep_alive();
  if (message.count(http::field::authorization) == 1) {
    const auto value = view_of(message[http::field::authorization]);
    constexpr std::size_t kMaxAuthorization = 512;
    if (value.size() > kMaxAuthorization) return refuse("Authorization");
    out.authorization = base::SecretBytes::copy(base::as_bytes(value));
  }
  return out;
}

}  // namespace

std::optional<std::size_t> head_end(base::ByteView bytes) noexcept {
  constexpr std::string_view kEmptyLine = "\r\n\r\n";
  const auto at = base::as_text(bytes).find(kEmptyLine);
  if (at == std::string_view::npos) return std::nullopt;
  return at + kEmptyLine.size();
}

Result<HttpHead> parse_head(base::ByteView raw) {
  SALLYPORT_TRYV(check_raw(base::as_text(raw)));
  try {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(kMaxHead));
    parser.eager(false);
    boost::beast::error_code problem;
    parser.put(boost::asio::buffer(raw.data(), raw.size()), problem);
    if (problem && problem != http::error::need_more) return refuse(problem.message());
    if (!parser.is_header_done()) return refuse("the head is not whole");
    return take(parser.get());
  } catch (const std::exception& error) {
    return refuse(error.what());
  }
}

}  // namespace sallyport::app
