#include "sallyport/app/sandbox.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <thread>

#include "sallyport/app/privileges.hpp"
#include "support/catch.hpp"

using namespace sallyport::app;

namespace {

/// Runs `act` in a child that is inside the sandbox; wait status. act gives the child's exit status.
int inside(Sandbox kind, const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_sandbox(kind)) ::_exit(99);
    ::_exit(act());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

bool exited_with(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
bool killed_for_it(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

int errno_of(int result) { return result < 0 ? errno : 0; }

sockaddr_in somewhere() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(22);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_on(int fd) {
  const sockaddr_in address = somewhere();
  return errno_of(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

int run_true() {
  const char* const argv[] = {"/bin/true", nullptr};
  ::execv(argv[0], const_cast<char* const*>(argv));
  return errno;
}

}  // namespace

TEST_CASE("a session's child can open no file") {
  CHECK(exited_with(inside(Sandbox::session, [] { return errno_of(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }),
                    EPERM));
  CHECK(exited_with(inside(Sandbox::session,
                           [] { return errno_of(::open("/tmp/sallyport-x", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); }),
                    EPERM));
}

TEST_CASE("a session's child can make no socket, and connects nothing that it was given") {
  CHECK(exited_with(inside(Sandbox::session, [] { return errno_of(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }),
                    EPERM));
  CHECK(exited_with(inside(Sandbox::session, [] { return errno_of(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }),
                    EPERM));
  const int open_before = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(open_before >= 0);
  CHECK(killed_for_it(inside(Sandbox::session, [=] { return connect_on(open_before); })));
  CHECK(killed_for_it(inside(Sandbox::session, [=] { return errno_of(::listen(open_before, 1)); })));
  ::close(open_before);
}

TEST_CASE("a session's child can run, fork and signal nothing") {
  CHECK(killed_for_it(inside(Sandbox::session, run_true)));
  CHECK(killed_for_it(inside(Sandbox::session, [] { return errno_of(::fork()); })));
  CHECK(killed_for_it(inside(Sandbox::session, [] { return errno_of(::kill(::getppid(), 0)); })));
}

TEST_CASE("a session's child still reads, writes, waits and ends") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const int status = inside(Sandbox::session, [&] {
    char byte = 'x';
    if (::write(ends[1], &byte, 1) != 1) return 1;
    return ::read(ends[0], &byte, 1) == 1 && byte == 'x' ? 0 : 2;
  });
  CHECK(exited_with(status, 0));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("the sandbox closes around a thread that was there before it") {
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<int> seen{-1};
    std::atomic<bool> started{false};
    std::atomic<bool> entered{false};
    std::thread before([&] {
      started = true;
      while (!entered) std::this_thread::yield();
      seen = errno_of(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    });
    while (!started) std::this_thread::yield();
    if (!enter_sandbox(Sandbox::session)) ::_exit(99);
    entered = true;
    before.join();
    ::_exit(seen);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(exited_with(status, EPERM));
}

TEST_CASE("a session's child gets no memory to run code in") {
  const auto map = [](int protection) {
    return [protection] {
      void* mapped = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      return mapped == MAP_FAILED ? errno : 0;
    };
  };
  CHECK(exited_with(inside(Sandbox::session, map(PROT_READ | PROT_WRITE)), 0));
  CHECK(exited_with(inside(Sandbox::session, map(PROT_READ | PROT_EXEC)), EPERM));
}

TEST_CASE("the vault has no way to a network and runs no program") {
  CHECK(exited_with(inside(Sandbox::vault, [] { return errno_of(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }),
                    EACCES));
  CHECK(exited_with(inside(Sandbox::vault, [] { return errno_of(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }),
                    EACCES));
  CHECK(exited_with(inside(Sandbox::vault, [] { return errno_of(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)); }),
                    EACCES));
  CHECK(exited_with(
      inside(Sandbox::vault, [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : errno; }), 0));
  CHECK(exited_with(inside(Sandbox::vault, [] { return ::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno; }),
                    0));
  CHECK(killed_for_it(inside(Sandbox::vault, run_true)));
}
