#pragma once
// The HTTPS server of the web process: TLS 1.2 and newer, HTTP/1.1, one thread, one io_context, bounded in connections,
// memory and time. Meaning is http_api's; this moves bytes.
#include <filesystem>
#include <memory>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

struct HttpServerConfig {
  std::filesystem::path vault_socket;
  std::filesystem::path recordings;
  std::filesystem::path data;  ///< for setup.json
  unsigned max_connections = 512;
  unsigned max_unproven = 256;  ///< of these; a further one takes the place of another (broker::ConnectionLimits)
  std::size_t slab = base::LockedMemory::kDefaultSize;  ///< of this process; bodies take at most half of it
  std::chrono::seconds idle{60};                        ///< between requests
  std::chrono::seconds patience{15};                    ///< for a head, a body, a handshake, and for a write to move
  std::chrono::seconds stall{2};                        ///< who takes longer for a piece (64 KiB) counts as resting
  std::chrono::seconds answer{40};                      ///< for the vault
};

class HttpServer {
 public:
  /// `listener` is bound and listening. Certificate chain and key are PEM.
  static base::Result<std::unique_ptr<HttpServer>> create(HttpServerConfig config, base::UniqueFd listener,
                                                          const base::SecretBytes& key_pem, base::ByteView chain_pem);
  ~HttpServer();
  /// Until stop(), or until `control` is readable and `stop_wanted(control)` says so (-1: none).
  void run(int control);
  void stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::app
