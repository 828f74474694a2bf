#include "read_ahead.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "sallyport/base/fd.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using broker::ReadAhead;

namespace {

constexpr std::size_t kPiece = 4096;  // what libssh asks for

struct Pair {
  base::UniqueFd ours;
  base::UniqueFd theirs;
  Pair() {
    auto made = base::socket_pair(false);
    REQUIRE(made);
    ours = std::move(made.value().first);
    theirs = std::move(made.value().second);
    REQUIRE(base::set_nonblocking(ours.get()));
  }
  void send(const std::string& text) const { REQUIRE(base::write_all(theirs.get(), base::as_bytes(text))); }
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

/// One recv(); what it took is added to `to`.
ssize_t receive(int socket, std::string& to, int flags = 0) {
  std::array<char, kPiece> piece{};
  const auto got = ::recv(socket, piece.data(), piece.size(), flags);
  if (got > 0) to.append(piece.data(), static_cast<std::size_t>(got));
  return got;
}

int ready(int socket, short events, int timeout = 0) {
  pollfd entry{socket, events, 0};
  return ::poll(&entry, 1, timeout) > 0 ? entry.revents : 0;
}

/// After this some bytes are held: the first read was full, the second took all there was.
void read_some(const Pair& pair, const ReadAhead& ahead, std::string& to) {
  REQUIRE(receive(pair.ours.get(), to) == kPiece);
  REQUIRE(receive(pair.ours.get(), to) == kPiece);
  REQUIRE(ahead.holds());
}

}  // namespace

TEST_CASE("read-ahead: libssh reads through it") { CHECK(ReadAhead::works()); }

TEST_CASE("read-ahead: bytes read ahead come in order and complete") {
  const Pair pair;
  const ReadAhead ahead(pair.ours.get());
  const auto sent = pattern(50000);
  pair.send(sent);
  std::string got;
  read_some(pair, ahead, got);
  while (receive(pair.ours.get(), got) > 0) {
  }
  CHECK(errno == EAGAIN);
  CHECK(got == sent);
}

TEST_CASE("read-ahead: what fits into one read takes no memory") {
  const Pair pair;
  const ReadAhead ahead(pair.ours.get());
  std::string got;
  for (int i = 0; i < 3; ++i) {
    pair.send("a key");
    CHECK(receive(pair.ours.get(), got) == 5);
  }
  CHECK(ahead.allocated() == 0);
}

TEST_CASE("read-ahead: poll tells of bytes that are held, and only then") {
  const Pair pair;
  const Pair other;
  const ReadAhead ahead(pair.ours.get());
  CHECK(ready(pair.ours.get(), POLLIN) == 0);
  pair.send(pattern(3 * kPiece));
  std::string got;
  read_some(pair, ahead, got);
  CHECK(ready(pair.ours.get(), POLLIN, 1000) == POLLIN);
  CHECK(ready(pair.ours.get(), POLLOUT) == POLLOUT);  // not asked for: the kernel's word
  std::array<pollfd, 2> both{{{other.ours.get(), POLLOUT, POLLNVAL}, {pair.ours.get(), POLLIN, 0}}};
  CHECK(::poll(both.data(), both.size(), 1000) == 1);
  CHECK(both[0].revents == 0);
  CHECK(both[1].revents == POLLIN);
  CHECK(receive(pair.ours.get(), got) == kPiece);
  CHECK(ready(pair.ours.get(), POLLIN) == 0);
}

TEST_CASE("read-ahead: the end of a stream comes after its bytes") {
  Pair pair;
  const ReadAhead ahead(pair.ours.get());
  const auto sent = pattern(3 * kPiece + 1);
  pair.send(sent);
  pair.theirs.reset();
  std::string got;
  read_some(pair, ahead, got);
  CHECK((ready(pair.ours.get(), POLLIN) & POLLHUP) == 0);
  while (receive(pair.ours.get(), got) > 0) {
  }
  CHECK(got == sent);
  CHECK(receive(pair.ours.get(), got) == 0);
  CHECK((ready(pair.ours.get(), POLLIN) & POLLHUP) != 0);
}

TEST_CASE("read-ahead: an error comes after the bytes before it") {
  Pair pair;
  const ReadAhead ahead(pair.ours.get());
  const auto sent = pattern(3 * kPiece);
  pair.send(sent);
  REQUIRE(base::write_all(pair.ours.get(), base::as_bytes(std::string_view("unread"))));
  pair.theirs.reset();  // with bytes unread: a reset
  std::string got;
  read_some(pair, ahead, got);
  CHECK(receive(pair.ours.get(), got) == kPiece);
  CHECK(got == sent);
  CHECK(receive(pair.ours.get(), got) == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("read-ahead: a socket that is not registered is the kernel's alone") {
  const Pair pair;
  const Pair other;
  const ReadAhead ahead(other.ours.get());
  const auto sent = pattern(3 * kPiece);
  pair.send(sent);
  std::string seen;
  CHECK(receive(pair.ours.get(), seen, MSG_PEEK) == kPiece);
  std::string got;
  for (int i = 0; i < 3; ++i) CHECK(receive(pair.ours.get(), got) == kPiece);
  CHECK(got == sent);
  CHECK(ready(pair.ours.get(), POLLIN) == 0);
  CHECK(ahead.allocated() == 0);
}

TEST_CASE("read-ahead: another thread is not affected") {
  const Pair pair;
  const ReadAhead ahead(pair.ours.get());
  pair.send(pattern(3 * kPiece));
  std::string got;
  std::thread([&] {
    for (int i = 0; i < 2; ++i) (void)receive(pair.ours.get(), got);
  }).join();
  CHECK(got.size() == 2 * kPiece);
  CHECK_FALSE(ahead.holds());
  CHECK(ready(pair.ours.get(), POLLIN) == POLLIN);
}

TEST_CASE("read-ahead: a registration ends with its object") {
  const Pair pair;
  pair.send(pattern(3 * kPiece));
  {
    const ReadAhead ahead(pair.ours.get());
    std::string got;
    read_some(pair, ahead, got);
  }
  CHECK(ready(pair.ours.get(), POLLIN) == 0);
  pair.send("later");
  std::string got;
  CHECK(receive(pair.ours.get(), got) == 5);
  CHECK(got == "later");
}

TEST_CASE("read-ahead: a socket of a number that was closed is a new one") {
  const Pair pair;
  const ReadAhead stale(pair.ours.get());
  pair.send(pattern(3 * kPiece));
  std::string got;
  read_some(pair, stale, got);
  const ReadAhead fresh(pair.ours.get());
  pair.send("new");
  got.clear();
  CHECK(receive(pair.ours.get(), got) == 3);
  CHECK(got == "new");
}

TEST_CASE("read-ahead: the buffer is given back when nothing comes") {
  const Pair pair;
  const ReadAhead ahead(pair.ours.get());
  pair.send(pattern(2 * kPiece));
  std::string got;
  for (int i = 0; i < 2; ++i) CHECK(receive(pair.ours.get(), got) == kPiece);
  CHECK(ahead.allocated() == ReadAhead::kCapacity);
  CHECK(ready(pair.ours.get(), POLLIN) == 0);
  CHECK(ahead.allocated() == ReadAhead::kCapacity);  // only a look, not a wait
  CHECK(ready(pair.ours.get(), POLLIN, 1) == 0);
  CHECK(ahead.allocated() == 0);
}

TEST_CASE("read-ahead: a registered socket takes no flags that look ahead") {
  const Pair pair;
  const ReadAhead ahead(pair.ours.get());
  pair.send("text");
  std::string got;
  CHECK(receive(pair.ours.get(), got, MSG_PEEK) == -1);
  CHECK(errno == EOPNOTSUPP);
  CHECK(receive(pair.ours.get(), got, MSG_DONTWAIT) == 4);
}

TEST_CASE("read-ahead: a kept end is not shown, and what came before it is") {
  Pair pair;
  ReadAhead ahead(pair.ours.get());
  ahead.keep_end();
  pair.send("last words");
  pair.theirs.reset();
  std::string got;
  CHECK(ready(pair.ours.get(), POLLIN) == POLLIN);
  CHECK(!ahead.ended());
  CHECK(receive(pair.ours.get(), got) == 10);
  CHECK(ready(pair.ours.get(), POLLIN) == 0);
  CHECK(ahead.ended());
}

TEST_CASE("read-ahead: a kept end is one socket's, and wakes nobody again") {
  Pair pair;
  const Pair other;
  ReadAhead ahead(pair.ours.get());
  const ReadAhead beside(other.ours.get());
  ahead.keep_end();
  pair.theirs.reset();
  other.send("a key");
  std::array<pollfd, 2> entries{{{pair.ours.get(), POLLIN | POLLOUT, 0}, {other.ours.get(), POLLIN, 0}}};
  CHECK(::poll(entries.data(), entries.size(), 0) == 1);
  CHECK(entries[0].fd == pair.ours.get());
  CHECK(entries[0].events == (POLLIN | POLLOUT));
  CHECK(entries[0].revents == 0);
  CHECK(entries[1].revents == POLLIN);
  const auto start = std::chrono::steady_clock::now();
  CHECK(ready(pair.ours.get(), POLLIN, 50) == 0);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds{45});
}

TEST_CASE("read-ahead: an end that nobody keeps is libssh's to see") {
  Pair pair;
  const ReadAhead ahead(pair.ours.get());
  pair.theirs.reset();
  std::string got;
  CHECK((ready(pair.ours.get(), POLLIN) & POLLIN) != 0);
  CHECK(receive(pair.ours.get(), got) == 0);
  CHECK(!ahead.ended());
}
