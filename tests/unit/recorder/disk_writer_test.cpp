#include "sallyport/recorder/disk_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "sallyport/base/crypto.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLong{10000};

/// A device that takes what a pipe holds, and nothing more until somebody reads.
class StuckDevice {
 public:
  StuckDevice() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    room_ = static_cast<std::size_t>(::fcntl(ends[1], F_GETPIPE_SZ));
  }
  base::UniqueFd file() { return std::move(writer_); }
  std::size_t room() const { return room_; }
  base::Bytes read(std::size_t size) {
    base::Bytes bytes(size);
    for (std::size_t got = 0; got < size;) {
      const auto some = ::read(reader_.get(), bytes.data() + got, size - got);
      REQUIRE(some > 0);
      got += static_cast<std::size_t>(some);
    }
    return bytes;
  }
  /// Whether the writer's end is closed, by the thread that let go of it.
  bool let_go() {
    base::Bytes bytes(4096);
    while (base::wait_for(reader_.get(), POLLIN, kLong).value()) {
      if (::read(reader_.get(), bytes.data(), bytes.size()) == 0) return true;
    }
    return false;
  }

 private:
  base::UniqueFd reader_;
  base::UniqueFd writer_;
  std::size_t room_ = 0;
};

std::unique_ptr<DiskWriter> writer_on(base::UniqueFd file) {
  auto writer = DiskWriter::start();
  REQUIRE(writer);
  writer.value()->open(std::move(file));
  return std::move(writer).value();
}

base::UniqueFd create(const std::filesystem::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  REQUIRE(fd);
  return fd;
}

/// Waits as a session does: asleep until it is woken, then once more.
base::Result<bool> synced(DiskWriter& writer) {
  for (;;) {
    SALLYPORT_TRY(const bool done, writer.sync());
    if (done) return true;
    SALLYPORT_TRY(const bool woken, base::wait_for(writer.wakeup_fd(), POLLIN, kLong));
    if (!woken) return false;
    writer.hear();
  }
}

base::Result<> put(DiskWriter& writer, base::ByteView bytes) {
  while (!bytes.empty()) {
    SALLYPORT_TRY(const auto taken, writer.append(bytes));
    bytes = bytes.subspan(taken);
    if (bytes.empty()) break;
    SALLYPORT_TRY(const bool woken, base::wait_for(writer.wakeup_fd(), POLLIN, kLong));
    if (!woken) return base::fail(base::Errc::timed_out, "nobody woke the writer's owner");
    writer.hear();
  }
  return base::ok();
}

/// Appends until nothing more is taken for as long as a thread may need to get going.
std::size_t fill(DiskWriter& writer) {
  const base::Bytes piece(10000, 'x');
  std::size_t sum = 0;
  for (;;) {
    const auto taken = writer.append(piece);
    REQUIRE(taken);
    sum += taken.value();
    if (taken.value() > 0) continue;
    if (!base::wait_for(writer.wakeup_fd(), POLLIN, milliseconds(300)).value()) return sum;
    writer.hear();
  }
}

std::uint64_t blocked_signals(const std::filesystem::path& status_file) {
  std::ifstream status(status_file);
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
  }
  return 0;
}

}  // namespace

TEST_CASE("what a disk writer took and confirmed is in the file, in order") {
  const test::TempDir dir;
  const auto writer = writer_on(create(dir / "file"));
  base::Bytes bytes(3 * DiskWriter::kBuffer + 12345);
  base::random_bytes(bytes);
  REQUIRE(put(*writer, base::ByteView(bytes).first(100)));
  REQUIRE(put(*writer, base::ByteView(bytes).subspan(100)));
  REQUIRE(synced(*writer).value());
  CHECK(base::read_file(dir / "file", bytes.size()).value() == bytes);
}

TEST_CASE("each sync is confirmed once, and is asked for anew") {
  const test::TempDir dir;
  const auto writer = writer_on(create(dir / "file"));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(put(*writer, base::as_bytes("x")));
    CHECK_FALSE(writer->sync().value());
    REQUIRE(synced(*writer).value());
  }
}

TEST_CASE("what is taken before there is a file waits for it") {
  const test::TempDir dir;
  auto writer = DiskWriter::start();
  REQUIRE(writer);
  REQUIRE(writer.value()->append(base::as_bytes("early")));
  CHECK_FALSE(writer.value()->sync().value());
  writer.value()->open(create(dir / "file"));
  REQUIRE(synced(*writer.value()).value());
  CHECK(base::read_file(dir / "file", 100).value() == base::to_bytes("early"));
}

TEST_CASE("a disk that hangs makes nobody wait, and what lies in front of it is bounded") {
  StuckDevice device;
  const auto writer = writer_on(device.file());
  const auto taken = fill(*writer);
  CHECK(taken >= DiskWriter::kBuffer);
  CHECK(taken <= device.room() + 2 * DiskWriter::kBuffer);
  CHECK_FALSE(writer->sync().value());
  CHECK_FALSE(base::wait_for(writer->wakeup_fd(), POLLIN, milliseconds(100)).value());

  SECTION("when it comes back the owner is woken, and nothing is lost") {
    const auto before = device.read(taken);
    CHECK(before == base::Bytes(taken, 'x'));
    CHECK(base::wait_for(writer->wakeup_fd(), POLLIN, kLong).value());
  }
}

TEST_CASE("a disk writer that hangs is left at once, and its thread goes when the disk is back") {
  StuckDevice device;
  auto writer = writer_on(device.file());
  (void)fill(*writer);
  const auto start = std::chrono::steady_clock::now();
  writer.reset();
  CHECK(std::chrono::steady_clock::now() - start < milliseconds(500));
  CHECK(device.let_go());
}

TEST_CASE("a full device is told with the next call, and with every later one") {
  const auto writer = writer_on(base::UniqueFd(::open("/dev/full", O_WRONLY | O_CLOEXEC)));
  REQUIRE(writer->append(base::as_bytes("x")));
  const auto sync = synced(*writer);
  REQUIRE_FALSE(sync);
  CHECK(sync.error().describe() == "unavailable: the recording's disk is full");
  CHECK(writer->append(base::as_bytes("y")).error().code() == base::Errc::unavailable);
  CHECK(writer->sync().error().code() == base::Errc::unavailable);
}

TEST_CASE("what can't be made durable is an error, not a success") {
  StuckDevice device;  // a pipe takes bytes and refuses fdatasync
  const auto writer = writer_on(device.file());
  REQUIRE(writer->append(base::as_bytes("x")));
  const auto sync = synced(*writer);
  REQUIRE_FALSE(sync);
  CHECK(sync.error().context().find("durable") != std::string::npos);
}

TEST_CASE("a disk writer's thread takes no signal") {
  const auto writer = DiskWriter::start();
  REQUIRE(writer);
  int others = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::getpid())) continue;
    ++others;
    const auto blocked = blocked_signals(task.path() / "status");
    for (const int number : {SIGTERM, SIGALRM, SIGCHLD, SIGPIPE}) CHECK((blocked >> (number - 1) & 1U) == 1);
  }
  CHECK(others > 0);
}
