// The disk is full, or the process is killed: nothing acknowledged is lost, nothing half done stays.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

base::Result<> commit_one(Vault& vault) {
  SALLYPORT_TRY(auto tx, vault.begin());
  for (int i = 0; i < 8; ++i) tx.append(event("checkout.create", std::string(200, 'o')));
  return tx.commit();
}

/// Commits until the store says no; returns how many events were acknowledged.
std::uint64_t commit_until_full(Vault& vault) {
  const std::uint64_t before = vault.audit().size();
  std::uint64_t acknowledged = before;
  for (int i = 0; i < 5000; ++i) {
    const auto done = commit_one(vault);
    if (!done) {
      CHECK(done.error().code() == Errc::unavailable);
      return acknowledged;
    }
    acknowledged += 8;
  }
  FAIL("the store was never full");
  return 0;
}

void check_whole(Vault& vault, std::uint64_t entries) {
  CHECK(vault.audit().size() == entries);
  const auto report = must(vault.verify_audit());
  INFO(report.text());
  CHECK(report.intact());
  CHECK(report.entries == entries);
}

/// A small file system of the test's own; root only.
class Mount {
 public:
  explicit Mount(fs::path at) : at_(std::move(at)) {
    fs::create_directories(at_);
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=2m,mode=0700") == 0;
  }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  ~Mount() {
    if (mounted_) ::umount(at_.c_str());
  }
  bool mounted() const noexcept { return mounted_; }

 private:
  fs::path at_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("a full disk fails the batch, and the store goes on once there is room") {
  sallyport::test::TempDir dir;
  const Mount mount(dir / "small");
  if (!mount.mounted()) {
    WARN("needs root: no small file system can be mounted");
    return;
  }
  const base::SystemClock clock;
  const fs::path data = dir / "small/data";
  must(Vault::create(data, {.development = true}, clock));
  const auto root = must(unlock_with_development_key(data));
  spill(dir / "small/ballast", std::string(1U << 20U, 'b'));
  {
    const auto vault = must(Vault::open(data, root, {}, clock));
    const std::uint64_t acknowledged = commit_until_full(*vault);
    CHECK(code_of(commit_one(*vault)) == Errc::unavailable);
    check_whole(*vault, acknowledged);
    fs::remove(dir / "small/ballast");
    must(commit_one(*vault));
    check_whole(*vault, acknowledged + 8);
  }
  const auto vault = must(Vault::open(data, root, {}, clock));
  CHECK(must(vault->verify_audit()).intact());
}

TEST_CASE("a file size limit fails the batch, and the store goes on once it is lifted") {
  TestVault v;
  const auto root = v.root();
  const auto vault = v.open();
  struct rlimit old {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 300U << 10U, old.rlim_max };
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::uint64_t acknowledged = commit_until_full(*vault);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  ::signal(SIGXFSZ, old_handler);
  check_whole(*vault, acknowledged);
  must(commit_one(*vault));
  check_whole(*vault, acknowledged + 8);
}

TEST_CASE("after kill -9 every acknowledged commit is there, and the log verifies") {
  TestVault v;
  std::uint64_t before = 0;
  for (int round = 0; round < 6; ++round) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t writer = fork_child([&] {
      const auto key = unlock_with_development_key(v.data);
      const auto vault = Vault::open(v.data, key.value(), {}, v.clock);
      while (commit_one(*vault.value())) {
        const std::uint64_t size = vault.value()->audit().size();
        if (::write(pipe_ends[1], &size, sizeof size) != sizeof size) ::_exit(1);
      }
    });
    ::close(pipe_ends[1]);
    std::uint64_t acknowledged = 0;
    for (int i = 0; i < 10 + 37 * round; ++i) REQUIRE(::read(pipe_ends[0], &acknowledged, sizeof acknowledged) == 8);
    ::kill(writer, SIGKILL);
    wait_child(writer);
    while (::read(pipe_ends[0], &acknowledged, sizeof acknowledged) == 8) {
    }
    ::close(pipe_ends[0]);

    const auto vault = v.open();
    CHECK_FALSE(vault->rollback_warning());
    const auto report = must(vault->verify_audit());
    INFO(report.text());
    REQUIRE(report.intact());
    REQUIRE(report.entries >= acknowledged);
    REQUIRE(report.entries <= acknowledged + 8);
    REQUIRE(acknowledged > before);
    before = acknowledged;
  }
}

}  // namespace sallyport::vault::test
