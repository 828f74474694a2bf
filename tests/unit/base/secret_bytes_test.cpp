#include "sallyport/base/secret_bytes.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "support/catch.hpp"

using namespace sallyport::base;

namespace {

/// Runs `body` in a forked child and gives its exit status, so that limits and locks of one test stay its own.
template <class Body>
int in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("freed secrets are wiped", "[secret]") {
  auto secret = SecretBytes::copy(as_bytes("correct horse battery staple....."));
  const auto* where = secret.expose().data();
  const auto size = secret.size();
  secret = SecretBytes();
  CHECK(std::all_of(where, where + size, [](std::uint8_t byte) { return byte == 0; }));
}

TEST_CASE("shrinking wipes what is cut off", "[secret]") {
  auto secret = SecretBytes::copy(as_bytes("0123456789abcdef"));
  const auto* data = secret.expose().data();
  secret.shrink(4);
  CHECK(secret.expose_text() == "0123");
  CHECK(data[8] == 0);
}

TEST_CASE("freed room is used again and merged", "[secret]") {
  const auto before = LockedMemory::used();
  for (int round = 0; round < 1000; ++round) {
    SecretBytes a(SecretBytes::kMaxSecret);
    SecretBytes b(17);
    SecretBytes c(SecretBytes::kMaxSecret);
  }
  CHECK(LockedMemory::used() == before);
}

TEST_CASE("where memory cannot be locked, the strict policy refuses and the development one says so", "[secret]") {
  const auto limited = [](LockPolicy policy) {
    return in_child([policy] {
      const rlimit none{0, 0};
      ::setrlimit(RLIMIT_MEMLOCK, &none);
      if (::geteuid() == 0 && ::setuid(65534) != 0) return 9;  // root may lock without a limit
      const auto done = LockedMemory::after_fork(policy);
      return (done ? 1 : 0) | (LockedMemory::locked() ? 2 : 0);
    });
  };
  CHECK(limited(LockPolicy::require) == 0);
  CHECK(limited(LockPolicy::prefer) == 1);
}

TEST_CASE("a child's locked slab takes memory for what it holds", "[secret]") {
  const int status = in_child([] {
    if (!LockedMemory::after_fork(LockPolicy::prefer, 256U << 10U)) return 1;
    if (!LockedMemory::locked()) return 0;  // this machine lets nobody lock: nothing to see
    const SecretBytes first(16);
    const auto at = reinterpret_cast<std::uintptr_t>(first.expose().data());
    auto* page = reinterpret_cast<void*>(at / 4096 * 4096);
    const auto resident = [page] {
      std::array<unsigned char, 64> pages{};
      ::mincore(page, pages.size() * 4096, pages.data());
      return std::count_if(pages.begin(), pages.end(), [](unsigned char one) { return (one & 1U) != 0; });
    };
    if (resident() > 2) return 2;
    const SecretBytes second(100000);
    return resident() >= 24 && resident() < 32 ? 0 : 3;
  });
  CHECK(status == 0);
}

TEST_CASE("starting the slab turns core dumps off", "[secret]") {
  CHECK(in_child([] {
          if (!LockedMemory::after_fork(LockPolicy::prefer)) return 1;
          rlimit core{};
          ::getrlimit(RLIMIT_CORE, &core);
          return core.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2;
        }) == 0);
}

TEST_CASE("a forked child finds the parent's secrets gone", "[secret]") {
  const auto secret = SecretBytes::copy(as_bytes("parent only"));
  CHECK(in_child([&] {
          const auto seen = secret.expose();
          return std::all_of(seen.begin(), seen.end(), [](std::uint8_t byte) { return byte == 0; }) ? 0 : 1;
        }) == 0);
}

TEST_CASE("comparison looks at length and contents", "[secret]") {
  CHECK(equals_ct(SecretBytes::copy(as_bytes("abc")), SecretBytes::copy(as_bytes("abc"))));
  CHECK_FALSE(equals_ct(SecretBytes::copy(as_bytes("abc")), SecretBytes::copy(as_bytes("abd"))));
  CHECK_FALSE(equals_ct(SecretBytes::copy(as_bytes("abc")), SecretBytes::copy(as_bytes("ab"))));
}

TEST_CASE("a secret writer grows and keeps order", "[secret]") {
  SecretWriter writer;
  writer.u8(1).u16(2).u32(3).u64(4);
  for (int i = 0; i < 300; ++i) writer.block(as_bytes("chunk"));
  const auto secret = std::move(writer).take();
  Reader reader(secret.expose());
  CHECK(reader.u8().value() == 1);
  CHECK(reader.u16().value() == 2);
  CHECK(reader.u32().value() == 3);
  CHECK(reader.u64().value() == 4);
  for (int i = 0; i < 300; ++i) REQUIRE(reader.text(16).value() == "chunk");
  CHECK(reader.end());
}

TEST_CASE("locked memory that is used up is an error, and serves again once something is freed", "[secret]") {
  CHECK(in_child([] {
          if (!LockedMemory::after_fork(LockPolicy::prefer, 64U << 10U)) return 1;
          std::vector<SecretBytes> held;
          const auto take = [&]() -> Result<> {
            held.emplace_back(16U << 10U);
            return ok();
          };
          while (within_memory(take)) {
            if (held.size() > 4) return 2;
          }
          if (within_memory(take).error().code() != Errc::unavailable) return 3;
          held.clear();
          if (LockedMemory::used() != 0) return 4;
          return within_memory(take) ? 0 : 5;
        }) == 0);
}

TEST_CASE("a secret writer beyond its bound is an error", "[secret]") {
  CHECK(in_child([] {
          if (!LockedMemory::after_fork(LockPolicy::prefer, 4U << 20U)) return 1;
          const Bytes large(2U << 20U);
          const auto write = [&]() -> Result<> {
            SecretWriter().raw(large);
            return ok();
          };
          return within_memory(write).error().code() == Errc::unavailable ? 0 : 2;
        }) == 0);
}
