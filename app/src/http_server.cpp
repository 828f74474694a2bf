#include "http_server.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <vector>

#include "http_connection.hpp"
#include "process_context.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/crypto.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/broker/connection_limits.hpp"
#include "spare_descriptor.hpp"
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

/// No penalties: a client without a token may only want to know whether the service is there.
broker::ConnectionLimitsConfig limits_of(const HttpServerConfig& config) {
  broker::ConnectionLimitsConfig limits;
  limits.startups = config.max_unproven;
  limits.known_startups = config.max_unproven / 4;
  limits.source_begin = config.max_unproven / 4;
  limits.source_full = config.max_unproven;
  limits.max_sessions = config.max_connections;
  limits.source_share = config.max_connections / 8;
  limits.penalty_no_auth = limits.penalty_auth_failure = limits.penalty_crash = base::Milliseconds{0};
  return limits;
}

unsigned dice() {
  std::array<std::uint8_t, 4> random{};
  base::random_bytes(random);
  return (static_cast<unsigned>(random[0]) << 16U | static_cast<unsigned>(random[1]) << 8U | random[2]) % 100;
}

}  // namespace

struct HttpServer::Impl {
  Impl(HttpServerConfig wanted, base::UniqueFd socket)
      : config(std::move(wanted)),
        limits(limits_of(config)),
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
  void push_out(broker::ConnectionNumber number);
  void close_overdue();
  void watch_control(int fd);

  HttpServerConfig config;
  base::SystemClock clock;
  broker::ConnectionLimits limits;  // before io: connections that go with it still tell
  std::map<broker::ConnectionNumber, std::weak_ptr<HttpConnection>> connections;
  broker::ConnectionNumber last_number = 0;
  asio::io_context io{1};
  asio::ssl::context tls;
  base::UniqueFd listener;
  tcp::acceptor acceptor;
  SpareDescriptor spare;
  asio::steady_timer accept_pause;
  asio::steady_timer sweep;
  asio::posix::stream_descriptor control;
  VaultLink vault;
};

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](const boost::system::error_code& problem, tcp::socket socket) {
    if (problem == asio::error::operation_aborted) return;
    if (!problem) admit(std::move(socket));
    if (!problem) return accept();
    // Closing is all that can be said here, too: even a sentence of TLS's would take a descriptor that there is not.
    if (spare.refuse_one(problem.value(), acceptor.native_handle(), {})) return accept();
    accept_pause.expires_after(kAcceptPause);
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
  const auto number = ++last_number;
  const auto verdict = limits.admit(number, broker::source_key(source), clock.mono(), dice());
  if (verdict.pushed_out) push_out(*verdict.pushed_out);
  if (verdict.admission != broker::Admission::admitted) return;  // closing it is the answer: TLS knows no other
  HttpConnection::Events events{.proven = [this, number] { limits.authenticated(number, clock.mono()); },
                                .works = [this, number] { limits.works(number); },
                                .rests = [this, number] { limits.rests(number, clock.mono()); },
                                .gone =
                                    [this, number] {
                                      limits.ended(number, broker::Outcome::served, clock.mono());
                                      connections.erase(number);
                                    }};
  auto connection = std::make_shared<HttpConnection>(std::move(socket), tls, vault, config, source, std::move(events));
  connections.emplace(number, connection);
  connection->start();
}

void HttpServer::Impl::push_out(broker::ConnectionNumber number) {
  const auto found = connections.find(number);
  if (found == connections.end()) return;
  if (const auto one = found->second.lock()) one->abort();
}

void HttpServer::Impl::close_overdue() {
  sweep.expires_after(kSweep);
  sweep.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    const auto now = HttpConnection::Clock::now();
    // Closing one may be its end, which takes it out of the list.
    std::vector<std::shared_ptr<HttpConnection>> overdue;
    for (const auto& [number, weak] : connections) {
      auto one = weak.lock();
      if (!one) continue;
      one->look(now);
      if (one->overdue(now)) overdue.push_back(std::move(one));
    }
    for (const auto& one : overdue) one->abort();
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
