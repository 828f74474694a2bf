#include "dialer.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_link.hpp"
#include "recording_opener.hpp"
#include "sallyport/base/ids.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tcp.hpp"

using namespace sallyport::app;
using namespace std::chrono_literals;
using sallyport::base::Errc;
namespace base = sallyport::base;

namespace {

base::Result<base::UniqueFd> finish(Dialer& dialer) {
  while (!dialer.finished()) {
    pollfd entry{dialer.fd(), dialer.events(), 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(dialer.deadline() - Dialer::Clock::now());
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    dialer.on_event(ready > 0, Dialer::Clock::now());
  }
  return dialer.take();
}

struct Target {
  Target() {
    auto bound = listen_tcp(parse_tcp_address("127.0.0.1:0").value());
    REQUIRE(bound);
    listener = std::move(bound.value());
    port = local_address(listener.get()).value().port();
  }
  base::UniqueFd listener;
  std::uint16_t port;
};

}  // namespace

TEST_CASE("a numeric address is dialled at once") {
  Target target;
  Dialer dialer("127.0.0.1", target.port, Dialer::Clock::now() + 5s);
  CHECK(finish(dialer));
}

TEST_CASE("a name is looked up by another process, which leaves nothing behind") {
  Target target;
  Dialer dialer("localhost", target.port, Dialer::Clock::now() + 10s);
  CHECK(finish(dialer));
  int status = -1;
  CHECK(::waitpid(-1, &status, 0) > 0);
  CHECK(::waitpid(-1, &status, WNOHANG) < 0);
}

TEST_CASE("a name that is not known is said to be that") {
  Dialer dialer("sp-test.invalid", 22, Dialer::Clock::now() + 20s);
  const auto socket = finish(dialer);
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code() == Errc::unavailable);
  CHECK(socket.error().context().find("sp-test.invalid") != std::string::npos);
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST_CASE("a closed port is refused with a reason") {
  std::uint16_t port = 0;
  {
    Target gone;
    port = gone.port;
  }
  Dialer dialer("127.0.0.1", port, Dialer::Clock::now() + 5s);
  const auto socket = finish(dialer);
  REQUIRE_FALSE(socket);
  CHECK(socket.error().context().find("refused") != std::string::npos);
}

TEST_CASE("a silent target takes no longer than the deadline") {
  // A listener whose queue is full answers nothing.
  base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = parse_tcp_address("127.0.0.1:0").value();
  REQUIRE(::bind(listener.get(), address.get(), address.size) == 0);
  REQUIRE(::listen(listener.get(), 0) == 0);
  const auto port = local_address(listener.get()).value().port();
  std::vector<base::UniqueFd> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto target = local_address(listener.get()).value();
    (void)::connect(crowd.back().get(), target.get(), target.size);
  }
  const auto begun = Dialer::Clock::now();
  Dialer dialer("127.0.0.1", port, begun + 300ms);
  const auto socket = finish(dialer);
  REQUIRE_FALSE(socket);
  CHECK(socket.error().context().find("in time") != std::string::npos);
  CHECK(Dialer::Clock::now() - begun < 3s);
}

TEST_CASE("addresses are read and written as people write them") {
  CHECK(parse_tcp_address("127.0.0.1:2222").value().text() == "127.0.0.1:2222");
  CHECK(parse_tcp_address("[::1]:22").value().text() == "[::1]:22");
  CHECK(parse_tcp_address("[::ffff:192.0.2.7]:22").value().host() == "192.0.2.7");
  for (const auto* wrong :
       {"", "127.0.0.1", "localhost:22", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:22 ", "[::1]"})
    CHECK_FALSE(parse_tcp_address(wrong));
}

TEST_CASE("the listener's words reach the child with their descriptors") {
  auto pair = base::socket_pair(true);
  REQUIRE(pair);
  auto& [listener, child] = pair.value();
  sallyport::test::TempDir directory;
  auto recording = create_recording(directory.path(), base::SessionId::random().text() + ".spr");
  REQUIRE(recording);
  REQUIRE(send_link(listener.get(), LinkResources{base::UniqueFd(::dup(child.get())), std::move(recording.value())}));
  REQUIRE(send_link(listener.get(), LinkFailed{"why not"}));
  REQUIRE(send_link(listener.get(), LinkEnd{"over"}));
  auto resources = receive_link(child.get());
  REQUIRE(resources);
  const auto& handed = std::get<LinkResources>(resources.value());
  CHECK(::write(handed.recording.get(), "x", 1) == 1);
  CHECK(std::get<LinkFailed>(receive_link(child.get()).value()).sentence == "why not");
  CHECK(std::get<LinkEnd>(receive_link(child.get()).value()).sentence == "over");
  listener.reset();
  CHECK(receive_link(child.get()).error().code() == Errc::closed);
}
