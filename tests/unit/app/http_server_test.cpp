// The web process's places: its real server on the loopback, and a vault that says yes to everything.
#include "http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/certs/x509_ca.hpp"
#include "support/domain.hpp"
#include "tcp.hpp"
#include "vault_loop.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

constexpr const char* kRecording = "abcdefghijklmnop";
constexpr std::size_t kSize = 64U << 20U;  // no socket's buffers hold it

/// Names the recording in answer to every request.
class Vault {
 public:
  explicit Vault(const std::filesystem::path& socket) : listener_(must(app::listen_unix(socket, 0600))) {
    thread_ = std::thread([this] { serve(); });
  }
  ~Vault() {
    over_ = true;
    thread_.join();
  }

 private:
  void serve() {
    base::UniqueFd peer;
    app::FrameDecoder decoder(app::kMaxRequest);
    while (!over_) {
      pollfd waiting{peer ? peer.get() : listener_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      if (!peer)
        peer.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      else if (!take(peer.get(), decoder))
        return;
    }
  }
  static bool take(int peer, app::FrameDecoder& decoder) {
    const auto space = decoder.space();
    const auto got = ::read(peer, space.data(), space.size());
    if (got <= 0) return false;
    const auto frame = must(decoder.filled(static_cast<std::size_t>(got)));
    if (!frame) return true;
    app::Record record(app::find_operation(app::OperationId::recording_content)->output);
    record.set("file", std::string(kRecording) + ".spr");
    app::FrameQueue out(1U << 20U);
    must(out.push({app::FrameType::reply, frame->id, 0, must(encode(record))}));
    return out.flush(peer).has_value();
  }

  base::UniqueFd listener_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

/// A TLS client that reads what it is told to, and no more.
class Client {
 public:
  Client(std::uint16_t port, const std::string& source)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), context_(SSL_CTX_new(TLS_client_method())) {
    const int little = 4096;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    const timeval deadline{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    REQUIRE(::inet_pton(AF_INET, source.c_str(), &address.sin_addr) == 1);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_.get());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  /// The status, or "" from a server that closed the connection; the rest of the answer is left where it is.
  std::string ask(const std::string& path) {
    const auto request =
        "GET " + path + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + std::string(43, 'A') + "\r\n\r\n";
    if (!connected_ || SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) <= 0) return {};
    std::array<char, 12> start{};
    return SSL_read(ssl_.get(), start.data(), start.size()) == start.size() ? std::string(start.data() + 9, 3)
                                                                            : std::string();
  }

 private:
  struct Free {
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
  };
  base::UniqueFd fd_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool connected_ = false;
};

/// Eight places.
class Web {
 public:
  explicit Web(std::chrono::seconds stall) : vault_(dir_ / "socket") {
    ::signal(SIGPIPE, SIG_IGN);  // from clients that are turned away
    must(base::write_file_atomic(dir_ / (std::string(kRecording) + ".spr"), {}));
    std::filesystem::resize_file(dir_ / (std::string(kRecording) + ".spr"), kSize);
    app::HttpServerConfig config;
    config.vault_socket = dir_ / "socket";
    config.recordings = dir_ / ".";
    config.max_connections = 8;
    config.patience = std::chrono::hours{1};
    config.stall = stall;
    const base::SystemClock clock;
    const auto root = must(certs::make_ca("Test CA", clock.wall(), std::chrono::days(1)));
    const auto ca = must(certs::X509Ca::load(root.certificate_pem, root.key_pem));
    const auto leaf = must(ca.issue_server({.dns = {"localhost"}, .ips = {}}, clock.wall(), std::chrono::days(1)));
    auto listener = must(app::listen_tcp(must(app::parse_tcp_address("127.0.0.1:0"))));
    port_ = ntohs(reinterpret_cast<const sockaddr_in&>(must(app::local_address(listener.get())).storage).sin_port);
    server_ =
        must(app::HttpServer::create(config, std::move(listener), leaf.key_pem, base::as_bytes(leaf.certificate_pem)));
    thread_ = std::thread([this] { server_->run(-1); });
  }
  ~Web() {
    server_->stop();
    thread_.join();
  }
  Client client(const std::string& source) const { return {port_, source}; }
  /// Asks for the recording, and reads the beginning of the answer only.
  void hold(const std::string& source) {
    held_.push_back(std::make_unique<Client>(port_, source));
    REQUIRE(held_.back()->ask(std::string("/v1/recordings/") + kRecording + "/content") == "200");
  }

 private:
  TempDir dir_;
  Vault vault_;
  std::uint16_t port_ = 0;
  std::unique_ptr<app::HttpServer> server_;
  std::thread thread_;
  std::vector<std::unique_ptr<Client>> held_;
};

}  // namespace

TEST_CASE("web: a source that keeps all places at work keeps nobody out") {
  Web web(std::chrono::hours{1});
  for (int i = 0; i < 8; ++i) web.hold("127.1.0.1");
  for (int i = 2; i < 6; ++i) CHECK(web.client("127." + std::to_string(i) + ".0.1").ask("/healthz") == "200");
}

TEST_CASE("web: those who get on keep their places, those who do not read give them up") {
  const bool read = GENERATE(true, false);
  Web web(std::chrono::seconds{read ? 3600 : 0});
  for (int i = 1; i <= 8; ++i) web.hold("127." + std::to_string(i) + ".0.1");
  const auto comes_in = [&] { return web.client("127.9.0.1").ask("/healthz") == "200"; };
  if (read) {
    CHECK_FALSE(comes_in());
    return;
  }
  bool in = false;
  for (int i = 0; i < 200 && !in; ++i) {
    in = comes_in();
    if (!in) ::usleep(100'000);
  }
  CHECK(in);
}
