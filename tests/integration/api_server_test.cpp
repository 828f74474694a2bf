// The API over TLS, as a stranger and as a client meet it: the whole process tree runs.
#include "api_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <fstream>

#include "sallyport/base/text.hpp"

namespace sallyport::test {

// --- The client
// -------------------------------------------------------------------------------------------------------

TlsClient::TlsClient(std::uint16_t port, const std::string& ca_file, int highest, const std::string& source)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), context_(SSL_CTX_new(TLS_client_method())) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  REQUIRE(::inet_pton(AF_INET, source.c_str(), &address.sin_addr) == 1);
  REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval deadline{20, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr) == 1);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), highest);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd_.get());
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), "127.0.0.1");
  connected_ = SSL_connect(ssl_.get()) == 1;
}

TlsClient::~TlsClient() = default;

bool TlsClient::send(std::string_view bytes) {
  return connected_ &&
         SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

bool TlsClient::fill() {
  char piece[16384];
  const int got = SSL_read(ssl_.get(), piece, sizeof piece);
  if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
  return got > 0;
}

HttpAnswer TlsClient::receive() {
  HttpAnswer out;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return out;
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const auto colon = head.find(':', at);
    std::string name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  const std::size_t length = std::stoul(out.headers.at("content-length"));
  while (buffer_.size() < length) {
    if (!fill()) return out;
  }
  out.status = std::stoi(head.substr(9, 3));
  out.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return out;
}

std::string http(std::string_view method, std::string_view target, std::string_view body, std::string_view token) {
  std::string out = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (!token.empty()) out += "Authorization: Bearer " + std::string(token) + "\r\n";
  if (!body.empty()) out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + std::string(body);
}

// --- The server
// -------------------------------------------------------------------------------------------------------

namespace {
void write_text(const std::filesystem::path& path, std::string_view text) {
  must(base::write_file_atomic(path, base::as_bytes(text)));
}
}  // namespace

void ApiServer::make_data() {
  const base::SystemClock clock;
  must(vault::Vault::create(data_, {.development = true}, clock));
  for (const auto* name : {"recordings", "run", "tls", "ssh"}) std::filesystem::create_directory(data_ / name);
  const auto root = must(certs::make_ca("Test CA", clock.wall(), std::chrono::days(30)));
  const auto ca = must(certs::X509Ca::load(root.certificate_pem, root.key_pem));
  const auto leaf =
      must(ca.issue_server({.dns = {"localhost"}, .ips = {"127.0.0.1"}}, clock.wall(), std::chrono::days(7)));
  write_text(data_ / "tls" / "ca.pem", root.certificate_pem);
  write_text(data_ / "tls" / "server.pem", leaf.certificate_pem);
  must(base::write_file_atomic(data_ / "tls" / "server.key", leaf.key_pem.expose()));
  const auto host = must(certs::generate_ssh_key("host"));
  must(base::write_file_atomic(data_ / "ssh" / "host_ed25519", host.private_pem.expose()));
  write_text(data_ / "ssh" / "host_ed25519.pub", host.public_line);
}

/// "https://127.0.0.1:NNNN" of the ready file.
std::uint16_t web_port(const std::string& ready) {
  const auto at = ready.find("https://127.0.0.1:");
  REQUIRE(at != std::string::npos);
  return static_cast<std::uint16_t>(std::stoul(ready.substr(at + 18)));
}

ApiServer::ApiServer() {
  make_data();
  app::ServerOptions options;
  options.data = data_;
  options.development = true;
  options.ready_file = dir_ / "ready.json";
  options.ssh_listen = "127.0.0.1:0";
  options.web_listen = "127.0.0.1:0";
  options.log_level = base::LogLevel::error;
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) ::_exit(app::run_server(options));
  for (int i = 0; i < 600; ++i) {
    const auto ready = base::read_file(*options.ready_file, 4096);
    if (ready) {
      port_ = web_port(std::string(base::as_text(ready.value())));
      bootstrap();
      return;
    }
    REQUIRE(::waitpid(pid_, nullptr, WNOHANG) == 0);
    ::usleep(50'000);
  }
  FAIL("the server does not become ready");
}

void ApiServer::bootstrap() {
  auto client = must(app::VaultClient::connect(data_ / "run" / "vault.sock"));
  app::Record record(app::find_operation(app::OperationId::user_bootstrap)->input);
  record.set("name", "root").set("password", secret("administrator"));
  must(client.call(app::OperationId::user_bootstrap, must(encode(record)), std::chrono::seconds(20)));
}

std::chrono::nanoseconds ApiServer::cpu_time() const {
  std::chrono::nanoseconds sum{0};
  const auto id = std::to_string(pid_);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;) {
    clockid_t clock{};
    timespec used{};
    REQUIRE(::clock_getcpuclockid(child, &clock) == 0);
    REQUIRE(::clock_gettime(clock, &used) == 0);
    sum += std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }
  return sum;
}

ApiServer::~ApiServer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace sallyport::test

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// One server for the whole file: it must live through everything that is sent to it.
ApiServer& server() {
  static ApiServer one;
  return one;
}

std::string field(const std::string& json, const std::string& name) {
  const auto at = json.find("\"" + name + "\":\"");
  if (at == std::string::npos) return {};
  const auto start = at + name.size() + 4;
  return json.substr(start, json.find('"', start) - start);
}

std::string sign_in(TlsClient client = server().client()) {
  const auto answer = client.ask(http("POST", "/v1/login", R"({"user":"root","password":"administrator"})"));
  REQUIRE(answer.status == 200);
  return field(answer.body, "token");
}

}  // namespace

TEST_CASE("api: health needs nothing, readiness says that the vault serves", "[api]") {
  auto client = server().client();
  REQUIRE(client.connected());
  CHECK(client.ask(http("GET", "/healthz")).status == 200);
  const auto ready = client.ask(http("GET", "/readyz"));
  CHECK(ready.status == 200);
  CHECK(field(ready.body, "state") == "unsealed");
  const auto document = client.ask(http("GET", "/v1/openapi.json"));
  CHECK(document.status == 200);
  CHECK(document.body.find("\"openapi\":\"3.1.0\"") != std::string::npos);
}

TEST_CASE("api: answers carry a request id and the headers that keep browsers careful", "[api]") {
  auto client = server().client();
  const auto answer = client.ask(http("GET", "/v1/whoami"));
  CHECK(answer.status == 401);
  CHECK(answer.headers.at("x-request-id").size() == 16);
  CHECK(field(answer.body, "request_id") == answer.headers.at("x-request-id"));
  CHECK(answer.headers.at("cache-control") == "no-store");
  CHECK(answer.headers.count("strict-transport-security") == 1);
  CHECK(answer.headers.count("www-authenticate") == 1);
}

TEST_CASE("api: signing in, and out again", "[api]") {
  const auto token = sign_in();
  auto client = server().client();
  CHECK(field(client.ask(http("GET", "/v1/whoami", {}, token)).body, "user") == "root");
  CHECK(client.ask(http("GET", "/v1/users", {}, token)).status == 401);  // a password alone administers nothing
  CHECK(client.ask(http("POST", "/v1/logout", "{}", token)).status == 200);
  CHECK(client.ask(http("GET", "/v1/whoami", {}, token)).status == 401);
}

TEST_CASE("api: bad requests are refused by status and the server goes on", "[api]") {
  struct Case {
    std::string request;
    int status;
  };
  const std::string start = "GET /v1/whoami HTTP/1.1\r\nHost: a\r\n";
  const auto one = GENERATE_COPY(
      Case{"GET /v1/nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      Case{"DELETE /v1/whoami HTTP/1.1\r\nHost: a\r\n\r\n", 405}, Case{"GET /v1/whoami HTTP/1.1\r\n\r\n", 400},
      Case{start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      Case{start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
      Case{std::string("\x16\x03\x01 nonsense\r\n\r\n"), 400},
      Case{start + "X-Long: " + std::string(20000, 'a') + "\r\n\r\n", 431},
      Case{http("POST", "/v1/login", R"({"user":1,"password":"x"})"), 400},
      Case{http("POST", "/v1/login", R"({"user":"a","password":"x","more":1})"), 400},
      Case{http("POST", "/v1/login", R"({"user":"a","user":"a","password":"x"})"), 400},
      Case{http("POST", "/v1/login", std::string(30, '[')), 400},
      Case{http("POST", "/v1/login", "{\"user\":\"\xff\",\"password\":\"x\"}"), 400},
      Case{"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
      Case{"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 300000\r\n\r\n",
           413},
      Case{http("GET", "/v1/whoami", {}, std::string(43, 'A')), 401},
      Case{start + "Authorization: Basic YTpi\r\n\r\n", 401},
      Case{http("GET", "/v1/users?limit=9999", {}, std::string(43, 'A')), 400});
  INFO(one.request.substr(0, 120));
  auto client = server().client();
  CHECK(client.ask(one.request).status == one.status);
  CHECK(server().client().ask(http("GET", "/healthz")).status == 200);
}

TEST_CASE("api: requests in one packet are answered in order, one in many packets is put together", "[api]") {
  auto client = server().client();
  REQUIRE(client.send(http("GET", "/healthz") + http("GET", "/v1/nothing") + http("GET", "/readyz")));
  CHECK(client.receive().status == 200);
  CHECK(client.receive().status == 404);
  CHECK(client.receive().status == 200);
  const auto slow = http("POST", "/v1/login", R"({"user":"root","password":"wrong"})");
  for (const char c : slow) REQUIRE(client.send({&c, 1}));
  CHECK(client.receive().status == 401);
}

TEST_CASE("api: an unknown user is answered like a wrong password, in words and in work", "[api]") {
  auto client = server().client();
  const auto ask = [&](const std::string& user) {
    const auto before = server().cpu_time();
    const auto answer = client.ask(http("POST", "/v1/login", R"({"user":")" + user + R"(","password":"wrong"})"));
    CHECK(answer.status == 401);
    return std::pair(field(answer.body, "message"), server().cpu_time() - before);
  };
  const auto known = ask("root");
  const auto unknown = ask("nobody-of-that-name");
  CHECK(known.first == unknown.first);
  // Hashing dominates both: an early exit would be tens of times faster.
  CHECK(unknown.second * 4 > known.second);
}

TEST_CASE("api: old TLS and foreign authorities do not connect", "[api]") {
  CHECK_FALSE(TlsClient(server().port(), server().ca_file(), TLS1_1_VERSION).connected());
  const base::SystemClock clock;
  TempDir dir;
  const auto other = must(certs::make_ca("Other CA", clock.wall(), std::chrono::days(1)));
  must(base::write_file_atomic(dir / "ca.pem", base::as_bytes(other.certificate_pem)));
  CHECK_FALSE(TlsClient(server().port(), (dir / "ca.pem").native()).connected());
}

TEST_CASE("api: what a client leaves half sent does not keep others waiting", "[api]") {
  std::vector<std::unique_ptr<TlsClient>> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(std::make_unique<TlsClient>(server().port(), server().ca_file()));
    REQUIRE(idle.back()->send(
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"));
  }
  CHECK(server().client().ask(http("GET", "/readyz")).status == 200);
}

TEST_CASE("api: sign-ins that never come to their end keep nobody from signing in", "[api]") {
  // Of the longest kind; together they would want more locked memory than there is.
  std::vector<std::unique_ptr<TlsClient>> slow;
  for (int i = 0; i < 240; ++i) {
    slow.push_back(std::make_unique<TlsClient>(server().port(), server().ca_file(), TLS1_3_VERSION,
                                               "127.0.1." + std::to_string(1 + i % 8)));
    REQUIRE(slow.back()->send(
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7000\r\n\r\n{"));
  }
  CHECK_FALSE(sign_in().empty());
}

TEST_CASE("api: idle connections of one signed-in person keep nobody out", "[api]") {
  const auto token = sign_in();
  const auto question = http("GET", "/v1/whoami", {}, token);
  std::vector<std::unique_ptr<TlsClient>> idle;
  for (int i = 0; i < 520; ++i) {
    idle.push_back(std::make_unique<TlsClient>(server().port(), server().ca_file()));
    REQUIRE(idle.back()->ask(question).status == 200);
  }
  const auto elsewhere = [] { return TlsClient(server().port(), server().ca_file(), TLS1_3_VERSION, "127.0.2.1"); };
  const auto his = http("GET", "/v1/whoami", {}, sign_in(elsewhere()));
  auto other = elsewhere();
  CHECK(other.ask(his).status == 200);
  for (int i = 0; i < 3; ++i) {
    CHECK(server().client().ask(question).status == 200);
    CHECK(other.ask(his).status == 200);  // of a source that has one only: it stays
  }
}

TEST_CASE("api: who brings a token that is none can hold no locked memory either", "[api]") {
  std::vector<std::unique_ptr<TlsClient>> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(std::make_unique<TlsClient>(server().port(), server().ca_file()));
    (void)slow.back()->send(
        "PUT /v1/accounts/a@b/secret HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Authorization: Bearer " +
        std::string(43, 'a') + "\r\nContent-Length: 60000\r\n\r\n{");
  }
  CHECK_FALSE(sign_in().empty());
}
