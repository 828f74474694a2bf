#include "socket_access.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "change_user.hpp"
#include "strangers.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "vault_loop.hpp"

using namespace sallyport::app;
using namespace std::chrono_literals;

namespace {

/// 0, or the errno with which this user's connect fails.
int connects(const std::filesystem::path& socket, uid_t uid) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (change_user({uid, uid}, Groups::dropped) != nullptr) ::_exit(200);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::_exit(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("only the named users reach the vault's socket, and nobody else fills its queue") {
  if (::geteuid() != 0) return;
  const sallyport::test::TempDir directory;
  ::chmod(directory.path().c_str(), 0711);
  const auto path = directory / "vault.sock";
  const auto listening = listen_unix(path, 0600);
  REQUIRE(listening);
  const auto admitted = admit_users(path, {61003, 61002, 61004, 61003});
  if (!admitted && admitted.error().code() == sallyport::base::Errc::unsupported) return;  // no lists here
  REQUIRE(admitted);
  for (const uid_t uid : {61002U, 61003U, 61004U, 0U}) CHECK(connects(path, uid) == 0);
  for (const uid_t uid : {61005U, 65534U}) CHECK(connects(path, uid) == EACCES);
}

TEST_CASE("the socket's file has its mode from the first moment") {
  const sallyport::test::TempDir directory;
  for (const unsigned mode : {0600U, 0666U}) {
    REQUIRE(listen_unix(directory / "vault.sock", mode));
    struct stat about {};
    REQUIRE(::lstat((directory / "vault.sock").c_str(), &about) == 0);
    CHECK((about.st_mode & 07777U) == mode);
  }
}

TEST_CASE("a stranger at the socket makes one line a minute, however often he comes") {
  Strangers strangers;
  Strangers::Clock::time_point now{};
  CHECK(strangers.refused(65534, now) == 1);
  for (int count = 0; count < 10000; ++count) CHECK_FALSE(strangers.refused(65534, now + 59s));
  CHECK(strangers.refused(1000, now + 59s) == 1);
  CHECK(strangers.refused(65534, now + 60s) == 10001);
  CHECK_FALSE(strangers.refused(65534, now + 61s));
}

TEST_CASE("many users at the socket take no more memory than a few") {
  Strangers strangers;
  const Strangers::Clock::time_point now{};
  unsigned lines = 0;
  for (uid_t uid = 1; uid < 10000; ++uid) lines += strangers.refused(uid, now) ? 1U : 0U;
  CHECK(lines == Strangers::kMaxUsers + 1);
}
