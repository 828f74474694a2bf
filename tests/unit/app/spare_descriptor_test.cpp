#include "spare_descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;

namespace {

/// As many descriptors as there may be, for as long as this lives.
class NoneLeft {
 public:
  NoneLeft() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const base::UniqueFd next(::dup(0));
    const rlimit none{static_cast<rlim_t>(next.get()), before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoneLeft() { (void)::setrlimit(RLIMIT_NOFILE, &before_); }
  NoneLeft(const NoneLeft&) = delete;

 private:
  rlimit before_{};
};

struct Port {
  Port() : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    size = sizeof address;
    address.sun_family = AF_UNIX;  // the kernel chooses a name
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(::listen(fd.get(), 4) == 0);
  }
  base::UniqueFd call() const {
    base::UniqueFd caller(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(caller.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    return caller;
  }
  base::UniqueFd fd;
  sockaddr_un address{};
  socklen_t size = 0;
};

std::string all_of(const base::UniqueFd& caller) {
  std::string text(100, '\0');
  const auto got = ::read(caller.get(), text.data(), text.size());
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

}  // namespace

TEST_CASE("where no descriptor is left each caller is told so, and none stays in the queue") {
  SpareDescriptor spare;
  const Port port;
  const auto first = port.call();
  const auto second = port.call();
  {
    const Port other;  // once before: UBSan needs a descriptor when it meets an object first
    const auto caller = other.call();
    REQUIRE(spare.refuse_one(EMFILE, other.fd.get(), "not now"));
  }
  {
    const NoneLeft none;
    for (int i = 0; i < 2; ++i) {
      REQUIRE(::accept4(port.fd.get(), nullptr, nullptr, SOCK_CLOEXEC) < 0);
      const int error = errno;
      CHECK(error == EMFILE);
      CHECK(spare.refuse_one(error, port.fd.get(), "not now"));
    }
    CHECK_FALSE(spare.refuse_one(EMFILE, port.fd.get(), "not now"));
  }
  CHECK(all_of(first) == "not now");
  CHECK(all_of(first).empty());
  CHECK(all_of(second) == "not now");
}

TEST_CASE("a listener that fails for another reason keeps its callers") {
  SpareDescriptor spare;
  const Port port;
  const auto caller = port.call();
  CHECK_FALSE(spare.refuse_one(EAGAIN, port.fd.get(), "not now"));
  CHECK(base::UniqueFd(::accept4(port.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}
