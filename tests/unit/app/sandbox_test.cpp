#include "sallyport/app/sandbox.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <thread>

#include "recording_opener.hpp"
#include "sallyport/app/privileges.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/ids.hpp"
#include "sandboxed.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport::app;

namespace {

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

namespace {

/// A recording as the listener's maker makes it, with a past that must not change.
struct Recording {
  Recording() {
    const std::string name = sallyport::base::SessionId::random().text() + ".spr";
    path = directory / name;
    auto made = create_recording(directory.path(), name);
    REQUIRE(made);
    file = std::move(made).value();
    REQUIRE(::write(file.get(), "past", 4) == 4);
  }
  std::string content() const {
    return std::string(sallyport::base::as_text(sallyport::base::read_file(path, 100).value()));
  }

  sallyport::test::TempDir directory;
  std::filesystem::path path;
  sallyport::base::UniqueFd file;
};

sockaddr_un unix_path(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

int send_to(int fd, const sockaddr_un& address, int flags = 0) {
  return errno_of(
      static_cast<int>(::sendto(fd, "x", 1, flags, reinterpret_cast<const sockaddr*>(&address), sizeof address)));
}

int send_message_to(int fd, sockaddr_un address, int flags = 0) {
  iovec part{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return errno_of(static_cast<int>(::sendmsg(fd, &message, flags | MSG_NOSIGNAL)));
}

int make_pair(int domain, int type) {
  int ends[2];
  return errno_of(::socketpair(domain, type, 0, ends));
}

}  // namespace

TEST_CASE("a session's child can only append to its recording") {
  Recording recording;
  const int fd = recording.file.get();
  const int other = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const auto written = [](ssize_t result) { return errno_of(static_cast<int>(result)); };
  const iovec part{const_cast<char*>("new"), 3};
  const std::pair<const char*, std::function<int()>> tries[] = {
      {"exit 1", [=] { return errno_of(static_cast<int>(::lseek(fd, 0, SEEK_SET))); }},
      {"exit 0", [=] { return (::fcntl(fd, F_SETFL, 0) == 0 && (::fcntl(fd, F_GETFL) & O_APPEND) != 0) ? 0 : 99; }},
      {"exit 1", [=] { return errno_of(::fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK)); }},
      {"exit 13",
       [=] {
         void* mapped = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
         return mapped == MAP_FAILED ? errno : 0;  // the file is open for writing only
       }},
      {"exit 1", [&] { return errno_of(::open(recording.path.c_str(), O_WRONLY | O_CLOEXEC)); }},
      {"exit 1",
       [=] { return errno_of(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_CLOEXEC)); }},
      {"killed", [=] { return written(::pwrite(fd, "new", 3, 0)); }},
      {"killed", [=] { return written(::pwritev(fd, &part, 1, 0)); }},
      {"killed", [=] { return written(::pwritev2(fd, &part, 1, 0, 0)); }},
      {"killed", [=] { return errno_of(::ftruncate(fd, 0)); }},
      {"killed", [&] { return errno_of(::truncate(recording.path.c_str(), 0)); }},
      {"killed", [=] { return errno_of(::fallocate(fd, 0, 0, 1 << 20)); }},
      {"killed", [=] { return written(::sendfile(fd, other, nullptr, 3)); }},
      {"killed", [=] { return written(::copy_file_range(other, nullptr, fd, nullptr, 3, 0)); }},
      {"killed", [=] { return errno_of(::fchmod(fd, 0666)); }},
      {"killed", [&] { return errno_of(::rename(recording.path.c_str(), "/tmp/sallyport-x")); }},
      {"killed", [&] { return errno_of(::link(recording.path.c_str(), "/tmp/sallyport-x")); }},
      {"exit 0",
       [=] { return written(::write(fd, "+", 1)) + written(::writev(fd, &part, 1)) + errno_of(::fdatasync(fd)); }},
  };
  int number = 0;
  for (const auto& [expected, act] : tries) {
    CAPTURE(number++);
    CHECK(fate(inside(Sandbox::session, act)) == expected);
  }
  CHECK(recording.content() == "past+new");
  ::close(other);
}

TEST_CASE("no socket that a session's child can have reaches another by its path") {
  const sallyport::test::TempDir directory;
  const auto address = unix_path(directory / "listening");
  const sallyport::base::UniqueFd listening(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  for (const int type : {SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET})
    CHECK(exited_with(inside(Sandbox::session, [=] { return make_pair(AF_UNIX, type | SOCK_CLOEXEC); }), EPERM));
  CHECK(exited_with(inside(Sandbox::session, [] { return make_pair(AF_TIPC, SOCK_STREAM); }), EPERM));
  CHECK(exited_with(inside(Sandbox::session, [] { return make_pair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK); }), 0));

  // Even with one that was open before, and with a stream of its own.
  const sallyport::base::UniqueFd before(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(exited_with(inside(Sandbox::session, [&] { return send_to(before.get(), address); }), EPERM));
  CHECK(inside(Sandbox::session, [&] {
          int ends[2];
          if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 0;
          return send_message_to(ends[0], address);
        }) != 0);
  char byte = 0;
  CHECK(::recv(listening.get(), &byte, 1, MSG_DONTWAIT) < 0);
}

TEST_CASE("a session's child can't connect by sending") {
  const sallyport::base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = somewhere();
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  CHECK(exited_with(inside(Sandbox::session,
                           [&] {
                             return errno_of(
                                 static_cast<int>(::sendto(socket.get(), "x", 1, MSG_FASTOPEN, name, sizeof address)));
                           }),
                    EPERM));
  CHECK(exited_with(inside(Sandbox::session, [&] { return send_message_to(socket.get(), {}, MSG_FASTOPEN); }), EPERM));
}

TEST_CASE("a session's child learns nothing of files, and sets no option of a socket but those that it needs") {
  struct stat seen {};
  CHECK(exited_with(inside(Sandbox::session, [&] { return errno_of(::stat("/etc/passwd", &seen)); }), EPERM));
  CHECK(exited_with(
      inside(Sandbox::session, [&] { return errno_of(::fstatat(AT_FDCWD, "/etc/passwd", &seen, AT_EMPTY_PATH)); }),
      EPERM));
  CHECK(exited_with(inside(Sandbox::session, [] { return errno_of(::access("/etc/passwd", F_OK)); }), EPERM));
  const sallyport::base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const auto set = [&](int level, int name) {
    return inside(Sandbox::session,
                  [&, level, name] { return errno_of(::setsockopt(socket.get(), level, name, &on, sizeof on)); });
  };
  CHECK(exited_with(set(IPPROTO_TCP, TCP_NODELAY), 0));
  CHECK(exited_with(set(SOL_SOCKET, SO_ATTACH_FILTER), EPERM));
  CHECK(exited_with(set(IPPROTO_TCP, TCP_ULP), EPERM));
  CHECK(exited_with(set(IPPROTO_TCP, TCP_FASTOPEN_CONNECT), EPERM));
}

TEST_CASE("the vault calls nobody, not by a path either") {
  const sallyport::test::TempDir directory;
  const auto address = unix_path(directory / "listening");
  const sallyport::base::UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  CHECK(exited_with(inside(Sandbox::vault,
                           [&] {
                             const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                             return errno_of(
                                 ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
                           }),
                    EACCES));
  for (const int type : {SOCK_DGRAM, SOCK_RAW}) {
    CHECK(exited_with(inside(Sandbox::vault, [=] { return errno_of(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)); }),
                      EACCES));
    CHECK(exited_with(inside(Sandbox::vault, [=] { return make_pair(AF_UNIX, type | SOCK_CLOEXEC); }), EACCES));
  }
  const sallyport::base::UniqueFd before(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(exited_with(inside(Sandbox::vault, [&] { return send_to(before.get(), address); }), EACCES));
}
