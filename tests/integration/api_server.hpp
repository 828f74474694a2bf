#pragma once
// The real process tree in a data directory of its own, and a TLS client that can say what no HTTP library would.
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/process.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/certs/x509_ca.hpp"
#include "sallyport/vault/vault.hpp"
#include "support/catch.hpp"
#include "support/domain.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::test {

struct HttpAnswer {
  int status = 0;                              ///< 0: the connection ended without an answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// One TLS connection to 127.0.0.1. Every read has a deadline of 20 s.
class TlsClient {
 public:
  /// From this address of the machine itself, all of whose 127.0.0.0/8 may be used.
  TlsClient(std::uint16_t port, const std::string& ca_file, int highest = TLS1_3_VERSION,
            const std::string& source = "127.0.0.1");
  ~TlsClient();
  bool connected() const noexcept { return connected_; }
  bool send(std::string_view bytes);
  HttpAnswer receive();
  HttpAnswer ask(std::string_view bytes) { return send(bytes) ? receive() : HttpAnswer{}; }

 private:
  bool fill();
  struct FreeContext {
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  };
  struct FreeSsl {
    void operator()(SSL* p) const noexcept { SSL_free(p); }
  };
  base::UniqueFd fd_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string buffer_;
  bool connected_ = false;
};

class ApiServer {
 public:
  ApiServer();
  ~ApiServer();
  std::uint16_t port() const noexcept { return port_; }
  std::string ca_file() const { return (data_ / "tls" / "ca.pem").native(); }
  TlsClient client() const { return TlsClient(port_, ca_file()); }
  const std::filesystem::path& data() const noexcept { return data_; }
  /// What its processes have computed so far, whatever else the machine did.
  std::chrono::nanoseconds cpu_time() const;

 private:
  void make_data();
  void bootstrap();
  TempDir dir_;
  std::filesystem::path data_ = dir_ / "data";
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// A request as a well-behaved client sends it.
std::string http(std::string_view method, std::string_view target, std::string_view body = {},
                 std::string_view token = {});

}  // namespace sallyport::test
