// Recordings on real files: disks that fill up, writers that are killed.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording.hpp"
#include "sallyport/recorder/disk_writer.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

base::UniqueFd create(const std::filesystem::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  REQUIRE(fd);
  return fd;
}

VerifyReport verify_file(const std::filesystem::path& path) {
  auto source = FileSource::open(path);
  REQUIRE(source);
  auto report = verify(source.value().get(), key_of(), {});
  REQUIRE(report);
  return report.value();
}

/// A file system of 1 MiB, if this process may mount one.
class SmallDisk {
 public:
  SmallDisk() : mounted_(::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=1m") == 0) {}
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::filesystem::path file() const { return dir_ / "r.spr"; }

 private:
  sallyport::test::TempDir dir_;
  bool mounted_;
};

/// Until the writer has something new to say to the recorder, which then hears it.
void wait_for_disk(DiskWriter& disk, Recorder& recorder) {
  (void)base::wait_for(disk.wakeup_fd(), POLLIN, std::chrono::seconds(5));
  disk.hear();
  (void)recorder.tick();
}

void wait_for_beginning(DiskWriter& disk, Recorder& recorder) {
  while (recorder.state() == RecorderState::starting) wait_for_disk(disk, recorder);
}

/// Records without end and tells through the pipe after each line of it that is in the file.
[[noreturn]] void record_forever(const std::filesystem::path& path, int pipe) {
  auto disk = DiskWriter::start();
  if (!disk) ::_exit(1);
  disk.value()->open(base::UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)));
  base::ManualClock clock{base::from_unix_ms(0)};
  auto recorder = Recorder::start(start_of(), key_of(), *disk.value(), clock);
  if (!recorder) ::_exit(1);
  wait_for_beginning(*disk.value(), recorder.value());
  if (!recorder.value().channel_opened(0, ChannelKind::shell)) ::_exit(1);
  for (int i = 0;; ++i) {
    if (!recorder.value().output(0, base::as_bytes("line " + std::to_string(i) + "\n"))) ::_exit(1);
    clock.advance(Milliseconds(1));
    recorder.value().hurry();
    if (!recorder.value().tick()) ::_exit(1);
    while (recorder.value().in_file() < recorder.value().place()) wait_for_disk(*disk.value(), recorder.value());
    if (::write(pipe, "x", 1) != 1) ::_exit(1);
  }
}

}  // namespace

TEST_CASE("a full disk fails the recording with a plain sentence, and what is there still reads") {
  const SmallDisk disk;
  if (!disk.mounted()) {
    WARN("skipped: mounting a tmpfs needs root");
    return;
  }
  base::ManualClock clock{base::from_unix_ms(0)};
  auto writer = DiskWriter::start();
  REQUIRE(writer);
  writer.value()->open(create(disk.file()));
  auto recorder = Recorder::start(start_of(), key_of(), *writer.value(), clock);
  REQUIRE(recorder);
  wait_for_beginning(*writer.value(), recorder.value());
  REQUIRE(recorder.value().channel_opened(0, ChannelKind::shell));
  base::Bytes noise(100000);
  for (int i = 0; i < 100 && recorder.value().state() != RecorderState::failed; ++i) {
    base::random_bytes(noise);
    (void)recorder.value().output(0, noise);
    clock.advance(kSyncInterval);
    (void)recorder.value().tick();
    wait_for_disk(*writer.value(), recorder.value());
  }
  REQUIRE(recorder.value().failure());
  CHECK(recorder.value().failure()->describe() == "unavailable: the recording's disk is full");
  CHECK_FALSE(recorder.value().accepting());
  const auto report = verify_file(disk.file());
  CHECK(report.state == RecordingState::truncated);
  CHECK(report.chunks > 10);
}

TEST_CASE("after kill -9 of the writer the file is good to its last whole chunk") {
  const sallyport::test::TempDir dir;
  const auto path = dir / "killed.spr";
  int pipe[2];
  REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    if (!base::LockedMemory::after_fork(base::LockPolicy::prefer)) ::_exit(1);
    record_forever(path, pipe[1]);
  }
  ::close(pipe[1]);
  char byte = 0;
  for (int i = 0; i < 50; ++i) REQUIRE(::read(pipe[0], &byte, 1) == 1);
  REQUIRE(::kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(pipe[0]);
  const auto report = verify_file(path);
  CHECK(report.state == RecordingState::truncated);
  CHECK(report.chunks >= 50);
  auto reader = Reader::open(FileSource::open(path).value(), key_of());
  REQUIRE(reader);
  std::string text;
  for (auto record = reader.value().next(); record && record.value(); record = reader.value().next()) {
    if (const auto* output = std::get_if<OutputRecord>(&record.value()->body)) text += base::as_text(output->bytes);
  }
  CHECK(text.find("line 48\n") != std::string::npos);
}

TEST_CASE("what is not there, or no regular file, is no recording") {
  const sallyport::test::TempDir dir;
  CHECK(FileSource::open(dir / "none").error().code() == base::Errc::not_found);
  CHECK(FileSource::open(dir.path()).error().code() == base::Errc::invalid);
}
