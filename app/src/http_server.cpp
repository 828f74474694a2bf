#include "http_server.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>

#include "http_connection.hpp"
#include "process_context.hpp"
#include "sallyport/base/log.hpp"
#include "tcp.hpp"

namespace sallyport::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::chrono::milliseconds kSweep{500};
constexpr std::chrono::milliseconds kAcceptPause{100};

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

int select_http11(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size,
                  void*) {
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, kProtocols, sizeof kProtocols - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<> load_tls(asio::ssl::context& tls, const base::SecretBytes& key_pem, base::ByteView chain_pem) {
  auto* native = tls.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_early_data(native, 0);
  SSL_CTX_set_alpn_select_cb(native, select_http11, nullptr);
  boost::system::error_code problem;
  tls.use_certificate_chain(asio::buffer(chain_pem.data(), chain_pem.size()), problem);
  if (problem) return fail(Errc::invalid, "the server's certificate: " + problem.message());
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(key_pem.expose().data(), static_cast<int>(key_pem.size())));
  const std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(native, key.get()) != 1 || SSL_CTX_check_private_key(native) != 1) {
    return fail(Errc::invalid, "the server's key does not fit its certificate");
  }
  return base::ok();
}

std::string address_text(const tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

}  // namespace

struct HttpServer::Impl {
  Impl(HttpServerConfig wanted, base::UniqueFd socket)
      : config(std::move(wanted)),
        tls(asio::ssl::context::tls_server),
        listener(std::move(socket)),
        acceptor(io),
        accept_pause(io),
        sweep(io),
        control(io),
        vault(io, config.vault_socket) {}
  ~Impl() {
    if (control.is_open()) control.release();
  }

  void accept();
  void admit(tcp::socket socket);
  void close_overdue();
  void watch_control(int fd);

  HttpServerConfig config;
  asio::io_context io{1};
  asio::ssl::context tls;
  base::UniqueFd listener;
  tcp::acceptor acceptor;
  asio::steady_timer accept_pause;
  asio::steady_timer sweep;
  asio::posix::stream_descriptor control;
  VaultLink vault;
  std::list<std::weak_ptr<HttpConnection>> connections;
};

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](const boost::system::error_code& problem, tcp::socket socket) {
    if (problem == asio::error::operation_aborted) return;
    if (!problem) admit(std::move(socket));
    if (!problem) return accept();
    accept_pause.expires_after(kAcceptPause);  // no descriptors left, most likely
    accept_pause.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) accept();
    });
  });
}

void HttpServer::Impl::admit(tcp::socket socket) {
  boost::system::error_code problem;
  const auto peer = socket.remote_endpoint(problem);
  if (problem) return;
  const auto source = address_text(peer);
  std::size_t live = 0, same = 0;
  std::erase_if(connections, [&](const auto& weak) {
    const auto one = weak.lock();
    if (!one) return true;
    ++live;
    if (one->source() == source) ++same;
    return false;
  });
  if (live >= config.max_connections || same >= config.max_per_source) return;  // closing it is the answer
  auto connection = std::make_shared<HttpConnection>(std::move(socket), tls, vault, config, source);
  connections.push_back(connection);
  connection->start();
}

void HttpServer::Impl::close_overdue() {
  sweep.expires_after(kSweep);
  sweep.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    const auto now = HttpConnection::Clock::now();
    for (const auto& weak : connections) {
      if (const auto one = weak.lock(); one && one->overdue(now)) one->abort();
    }
    close_overdue();
  });
}

void HttpServer::Impl::watch_control(int fd) {
  if (!control.is_open()) control.assign(fd);
  control.async_wait(asio::posix::stream_descriptor::wait_read, [this, fd](const boost::system::error_code& problem) {
    if (problem) return;
    if (stop_wanted(fd)) return io.stop();
    watch_control(fd);
  });
}

Result<std::unique_ptr<HttpServer>> HttpServer::create(HttpServerConfig config, base::UniqueFd listener,
                                                       const base::SecretBytes& key_pem, base::ByteView chain_pem) {
  try {
    auto impl = std::make_unique<Impl>(std::move(config), std::move(listener));
    SALLYPORT_TRYV(load_tls(impl->tls, key_pem, chain_pem));
    SALLYPORT_TRY(const auto bound, local_address(impl->listener.get()));
    impl->acceptor.assign(bound.storage.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), impl->listener.release());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::exception& error) {
    return fail(Errc::io, std::string("the web server can't start: ") + error.what());
  }
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

void HttpServer::run(int control) {
  impl_->vault.start();
  impl_->accept();
  impl_->close_overdue();
  if (control >= 0) impl_->watch_control(control);
  while (!impl_->io.stopped()) {
    try {
      impl_->io.run();
    } catch (const std::exception& error) {
      // Out of memory in one request: that one is lost, the others go on.
      base::log(base::LogLevel::error, "web.exception", {{"what", error.what()}});
    }
  }
}

void HttpServer::stop() {
  asio::post(impl_->io, [this] { impl_->io.stop(); });
}

}  // namespace sallyport::app
