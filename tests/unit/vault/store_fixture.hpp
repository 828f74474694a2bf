#pragma once
// What the tests of the vault's core share.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "header_file.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/vault/vault.hpp"
#include "sqlcipher.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::vault::test {

namespace fs = std::filesystem;
using base::Errc;
using base::SecretBytes;

inline SecretBytes secret(std::string_view text) { return SecretBytes::copy(base::as_bytes(text)); }
inline SecretBytes fixed_key(std::uint8_t byte = 7) {
  SecretBytes key(32);
  for (auto& b : key.expose_mutable()) b = byte;
  return key;
}

/// The value, or a failed test that shows the error.
template <class T>
T must(base::Result<T> result) {
  if (!result) FAIL(result.error().describe());
  return std::move(result).value();
}
inline void must(const base::Result<>& result) {
  if (!result) FAIL(result.error().describe());
}
template <class T>
Errc code_of(const base::Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().code();
}
template <class T>
std::string text_of(const base::Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().context();
}

inline std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void spill(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// An encrypted store without a vault around it.
inline std::unique_ptr<Database> open_store(const fs::path& file, OpenMode mode, std::uint8_t key = 7) {
  return std::make_unique<Database>(must(open_sqlcipher(file, fixed_key(key), mode)));
}
inline std::int64_t count_rows(Transaction& transaction, Sql sql) {
  auto rows = must(transaction.query(sql));
  REQUIRE(must(rows.next()));
  return rows.integer(0);
}

/// A vault with a development slot: no Argon2id in the way.
struct TestVault {
  sallyport::test::TempDir dir;
  base::ManualClock clock{base::from_unix_ms(1'790'000'000'000)};
  fs::path data = dir / "data";

  TestVault() { must(Vault::create(data, {.development = true}, clock)); }
  SecretBytes root() const { return must(unlock_with_development_key(data)); }
  std::unique_ptr<Vault> open() { return must(Vault::open(data, root(), {}, clock)); }
  /// Past the vault, as a thief with the page key would.
  std::unique_ptr<Database> raw() {
    return std::make_unique<Database>(
        must(open_sqlcipher(data / kStoreFile, Keyring(root()).page_key(), OpenMode::existing)));
  }
};

inline audit::Event event(std::string action, std::string object = "account:root@web1") {
  audit::Event e;
  e.at = base::from_unix_ms(1'790'000'000'000);
  e.actor = "user:alice";
  e.action = std::move(action);
  e.object = std::move(object);
  return e;
}

/// Runs `body` in a forked child with a slab of its own; ends it with _exit(0) unless the body does so itself.
template <class Body>
pid_t fork_child(Body body) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (!base::LockedMemory::after_fork(base::LockPolicy::prefer)) ::_exit(99);
    body();
    ::_exit(0);
  }
  return pid;
}
inline int wait_child(pid_t pid) {
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

}  // namespace sallyport::vault::test
