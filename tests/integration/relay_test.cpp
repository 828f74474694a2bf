#include "relay.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "sallyport/base/file.hpp"

namespace sallyport::test {
namespace {

constexpr unsigned kMostSeconds = 120;
constexpr int kSmallBuffer = 16384;  ///< so that not much is under way in the kernel

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

base::UniqueFd small_socket() {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kSmallBuffer, sizeof kSmallBuffer);
  return fd;
}

/// False at the end of the connection.
bool pass(int from, int to) {
  std::array<std::uint8_t, 32768> buffer{};
  const auto got = read(from, buffer.data(), buffer.size());
  return got > 0 && base::write_all(to, {buffer.data(), static_cast<std::size_t>(got)}).has_value();
}

[[noreturn]] void serve(int listener, std::uint16_t to, int commands) {
  (void)alarm(kMostSeconds);
  (void)signal(SIGPIPE, SIG_IGN);
  const int caller = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  const auto far = small_socket();
  const auto address = loopback(to);
  if (connect(far.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) _exit(1);
  std::array<pollfd, 3> ends{{{caller, POLLIN, 0}, {far.get(), POLLIN, 0}, {commands, POLLIN, 0}}};
  for (;;) {
    (void)poll(ends.data(), ends.size(), -1);
    char letter = 0;
    if (ends[2].revents != 0 && read(commands, &letter, 1) != 1) _exit(0);
    if (letter == 'c') ends[0].fd = -1;
    if (letter == 'd') ends[1].fd = -1;
    if (letter == 'g') {
      ends[0].fd = caller;
      ends[1].fd = far.get();
      continue;
    }
    if (ends[0].fd >= 0 && ends[0].revents != 0 && !pass(caller, far.get())) _exit(0);
    if (ends[1].fd >= 0 && ends[1].revents != 0 && !pass(far.get(), caller)) _exit(0);
  }
}

}  // namespace

Relay::Relay(std::uint16_t to) {
  const auto listener = small_socket();
  const auto address = loopback(0);
  int ends[2];
  const bool bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (!bound || listen(listener.get(), 4) != 0 || pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no relay");
  port_ = port_of(listener.get());
  const base::UniqueFd commands(ends[0]);
  commands_.reset(ends[1]);
  pid_ = fork();
  if (pid_ != 0) return;
  commands_.reset();
  serve(listener.get(), to, commands.get());
}

Relay::~Relay() {
  if (pid_ <= 0) return;
  (void)kill(pid_, SIGKILL);
  (void)waitpid(pid_, nullptr, 0);
}

void Relay::stop_reading(bool dialled) {
  (void)base::write_all(commands_.get(), base::as_bytes(std::string_view(dialled ? "d" : "c")));
}

void Relay::go_on() { (void)base::write_all(commands_.get(), base::as_bytes(std::string_view("g"))); }

}  // namespace sallyport::test
