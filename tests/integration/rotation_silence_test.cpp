// Targets that are down, silent, slow or not what they seem: every attempt ends by its deadline, with its own outcome.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fstream>

#include "rotation_fixture.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::rotation;
using namespace sallyport::rotation::test;
using namespace std::chrono_literals;

namespace {

/// Accepts in the kernel's backlog and never says a word.
struct SilentTarget {
  base::UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port = 0;

  SilentTarget() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd.get(), generic, size) == 0);
    REQUIRE(::listen(fd.get(), 8) == 0);
    REQUIRE(::getsockname(fd.get(), generic, &size) == 0);
    port = ntohs(address.sin_port);
  }
};

Job job_to(const std::string& host, std::uint16_t port) {
  return Job{base::RotationId::random(),
             "root@t",
             "root",
             host,
             port,
             {certs::generate_ssh_key("").value().public_key.blob()},
             Kind::unix_password,
             secret("old"),
             secret("new"),
             std::nullopt,
             {}};
}

struct Timed {
  Attempt attempt;
  std::chrono::milliseconds took;
};

Timed timed_login(const Job& job, SshLimits limits) {
  const auto start = std::chrono::steady_clock::now();
  auto attempt = SshConnector(limits).login(job, Credential::current);
  return {std::move(attempt),
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)};
}

/// Leaves this process in a network of its own, whose only name server has a socket and never answers.
base::UniqueFd enter_silent_names(const std::filesystem::path& resolv_conf) {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return {};
  if (::mount(resolv_conf.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) return {};
  base::UniqueFd server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  loopback.ifr_name[0] = 'l';
  loopback.ifr_name[1] = 'o';
  loopback.ifr_flags = IFF_UP;
  if (::ioctl(server.get(), SIOCSIFFLAGS, &loopback) != 0) return {};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(53);
  if (::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  return server;
}

/// What a child says by its status.
enum class NameLookup { in_time = 0, no_network, other_outcome, late };

NameLookup look_up_in_silence(const std::filesystem::path& resolv_conf) {
  const auto server = enter_silent_names(resolv_conf);
  if (!server) return NameLookup::no_network;
  const auto [attempt, took] = timed_login(job_to("target.example", 22), {300ms, 700ms});
  if (attempt.outcome != Outcome::dns || attempt.detail.find("no answer from the name servers") == std::string::npos)
    return NameLookup::other_outcome;
  return took >= 250ms && took < 3s ? NameLookup::in_time : NameLookup::late;
}

}  // namespace

TEST_CASE("a target that accepts and says nothing ends as timed out, by the deadline") {
  const SilentTarget target;
  const auto [attempt, took] = timed_login(job_to("127.0.0.1", target.port), {300ms, 700ms});
  CHECK(attempt.outcome == Outcome::timed_out);
  CHECK(took >= 600ms);
  CHECK(took < 3s);
}

TEST_CASE("a target that is down is unreachable at once") {
  const auto [attempt, took] = timed_login(job_to("127.0.0.1", sallyport::test::free_port()), {2s, 4s});
  CHECK(attempt.outcome == Outcome::unreachable);
  CHECK(took < 1s);
}

TEST_CASE("a name that does not resolve is its own outcome, within the deadline") {
  const auto [attempt, took] = timed_login(job_to("no-such-host.invalid", 22), {1500ms, 3s});
  CHECK(attempt.outcome == Outcome::dns);
  CHECK(took < 4s);
}

TEST_CASE("name servers that say nothing end an attempt by its deadline") {
  NEEDS_SYSTEM_USERS();
  const sallyport::test::TempDir directory;
  const auto resolv_conf = directory / "resolv.conf";
  std::ofstream(resolv_conf) << "nameserver 127.0.0.1\noptions timeout:20 attempts:1\n";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(static_cast<int>(look_up_in_silence(resolv_conf)));
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(static_cast<NameLookup>(WEXITSTATUS(status)) == NameLookup::in_time);
}

TEST_CASE("a silent target leaves the rotation pending, to be tried again later") {
  const SilentTarget target;
  SshConnector connector({200ms, 400ms});
  MemoryPort port;
  CHECK(run_job(job_to("127.0.0.1", target.port), connector, port).value() == End::retry_later);
  CHECK(port.last.journal == Journal{});
  CHECK(port.last.outcome == Outcome::timed_out);
}

TEST_CASE("a command that never ends is an unknown outcome, by the deadline") {
  NEEDS_SYSTEM_USERS();
  // Whatever is asked for, the target runs something that does not end.
  Sshd server({false, true, false, {"ForceCommand sleep 60"}});
  auto job = job_at(server, "root", Kind::unix_password, secret("old"), secret("new"));
  job.reconcile = root_by_key(server);
  const auto start = std::chrono::steady_clock::now();
  const auto attempt = SshConnector({1s, 2s}).apply(job, Route::reconcile);
  INFO(attempt.detail);
  CHECK(attempt.outcome == Outcome::unknown);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("connections leave no descriptor behind, whether they worked or not") {
  NEEDS_SYSTEM_USERS();
  Sshd server;
  const auto user = server.add_user("secret one");
  const auto good = job_at(server, user, Kind::unix_password, secret("secret one"), secret("x"));
  const SilentTarget silent;
  const auto bad = job_to("127.0.0.1", silent.port);
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  SshConnector connector({200ms, 3s});
  REQUIRE(connector.login(good, Credential::current).outcome == Outcome::ok);  // libraries open what they keep
  const auto before = count();
  for (int i = 0; i < 3; ++i) {
    CHECK(connector.login(good, Credential::current).outcome == Outcome::ok);
    CHECK(SshConnector({100ms, 200ms}).login(bad, Credential::current).outcome == Outcome::timed_out);
  }
  CHECK(count() == before);
}
