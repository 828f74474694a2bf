#pragma once
// A small blocking HTTPS client for load: one keep-alive connection, one request at a time. For the bench and the
// durability tests, which must see each single answer; the command line has its own client.
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::bench {

struct Answer {
  int status = 0;
  std::string body;
};

/// Not thread-safe: one a thread. Throws std::runtime_error when the connection breaks.
class HttpsClient {
 public:
  /// `origin`: https://127.0.0.1:PORT. The certificate must be signed by the CA in `ca_file`.
  HttpsClient(std::string origin, const std::string& ca_file, std::string token);
  ~HttpsClient();
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  /// Connects when it is not connected. Every wait is bounded by 30 s.
  Answer request(std::string_view method, std::string_view path, std::string_view body = {});

 private:
  struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  void connect();
  void disconnect() noexcept;
  void send(std::string_view text);
  void fill();
  Answer receive();

  std::string host_;
  std::string port_;
  std::string token_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  int fd_ = -1;
  std::string buffer_;
};

/// The text between "name":" and the next quote; empty when it is not there.
std::string json_text(std::string_view body, std::string_view name);

}  // namespace sallyport::bench
