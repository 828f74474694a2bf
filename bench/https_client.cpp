#include "https_client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <stdexcept>

namespace sallyport::bench {
namespace {

[[noreturn]] void broken(const std::string& what) { throw std::runtime_error(what); }

int dial(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) broken("bad address " + host);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> keep(found, &::freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{30, 0};
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, found->ai_addr, found->ai_addrlen) == 0) return fd;
  ::close(fd);
  broken("cannot connect to " + host + ":" + port);
}

std::size_t content_length(std::string_view head) {
  for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const auto at = head.find(name);
    if (at == std::string_view::npos) continue;
    std::size_t length = 0;
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
    return length;
  }
  return 0;
}

}  // namespace

HttpsClient::HttpsClient(std::string origin, const std::string& ca_file, std::string token) : token_(std::move(token)) {
  constexpr std::string_view kScheme = "https://";
  if (!origin.starts_with(kScheme)) broken("an https:// origin is needed, not " + origin);
  const auto colon = origin.rfind(':');
  host_ = origin.substr(kScheme.size(), colon - kScheme.size());
  port_ = origin.substr(colon + 1);
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr) != 1) broken("cannot read " + ca_file);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
}

HttpsClient::~HttpsClient() { disconnect(); }

void HttpsClient::disconnect() noexcept {
  ssl_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
}

void HttpsClient::connect() {
  fd_ = dial(host_, port_);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd_);
  if (SSL_connect(ssl_.get()) != 1) broken("TLS handshake with " + host_ + ":" + port_ + " failed");
}

void HttpsClient::send(std::string_view text) {
  if (SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) != static_cast<int>(text.size()))
    broken("send failed");
}

void HttpsClient::fill() {
  std::array<char, 16384> piece{};
  const int got = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
  if (got <= 0) broken("the server closed the connection");
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
}

Answer HttpsClient::receive() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) fill();
  const auto head = buffer_.substr(0, end + 2);
  const auto whole = end + 4 + content_length(head);
  while (buffer_.size() < whole) fill();
  Answer answer;
  if (head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  answer.body = buffer_.substr(end + 4, whole - end - 4);
  buffer_.erase(0, whole);
  return answer;
}

Answer HttpsClient::request(std::string_view method, std::string_view path, std::string_view body) {
  std::string text;
  text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(host_).append(":").append(port_);
  if (!token_.empty()) text.append("\r\nAuthorization: Bearer ").append(token_);
  if (!body.empty()) text.append("\r\nContent-Type: application/json");
  text.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  try {
    if (!ssl_) connect();
    send(text);
    return receive();
  } catch (...) {
    disconnect();
    throw;
  }
}

std::string json_text(std::string_view body, std::string_view name) {
  const auto key = "\"" + std::string(name) + "\":\"";
  const auto at = body.find(key);
  if (at == std::string_view::npos) return {};
  const auto start = at + key.size();
  return std::string(body.substr(start, body.find('"', start) - start));
}

}  // namespace sallyport::bench
