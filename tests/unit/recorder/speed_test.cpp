// Figures, not checks: run with `unit_recorder [.bench]`.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>

#include "recording.hpp"
#include "sallyport/recorder/disk_writer.hpp"
#include "sallyport/recorder/export.hpp"
#include "sallyport/recorder/player.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

class Stopwatch {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The same text in each run: a listing with colours, sizes and names.
std::string listing(std::mt19937& random, int lines) {
  std::string out;
  for (int i = 0; i < lines; ++i) {
    out += "-rw-r--r-- 1 root root " + std::to_string(random() % 10000000) +
           " Nov 22 17:" + std::to_string(10 + random() % 50) + " \x1b[01;34mname-" +
           std::to_string(random() % 100000) + ".log\x1b[0m\r\n";
  }
  return out;
}

std::string top_screen(std::mt19937& random) {
  std::string out = "\x1b[H";
  for (int i = 0; i < 24; ++i) {
    out += std::to_string(1000 + i * 7) + " root      20   0  " + std::to_string(100000 + random() % 999) + "  " +
           std::to_string(random() % 100) + "." + std::to_string(random() % 10) + "  0:0" +
           std::to_string(random() % 10) + " process-" + std::to_string(i) + "\x1b[K\r\n";
  }
  return out;
}

/// Two hours: typing and listings, then `top`, then a pause, four times over.
void fixed_session(Rig& rig) {
  std::mt19937 random(42);
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  REQUIRE(rig.recorder.resize(0, 120, 40));
  for (int round = 0; round < 4; ++round) {
    for (int command = 0; command < 40; ++command) {
      rig.print("\x1b[32mroot@web1\x1b[0m:~# ");
      for (const char c : std::string("ls -l /var/log | grep -v gz")) {
        rig.print(std::string(1, c));
        rig.recorder.count(0, Direction::to_target, 1);
        rig.wait(120 + static_cast<int>(random() % 200));
      }
      rig.print("\r\n" + listing(random, 30));
      rig.wait(4000);
    }
    for (int i = 0; i < 300; ++i) {
      rig.print(top_screen(random));
      rig.wait(3000);
    }
    for (int i = 0; i < 8; ++i) rig.wait(60000);
  }
  REQUIRE(rig.recorder.finish(EndReason::closed));
}

double flood(const std::string& text, std::size_t total) {
  const sallyport::test::TempDir dir;
  const auto path = dir / "flood.spr";
  auto disk = DiskWriter::start();
  REQUIRE(disk);
  disk.value()->open(base::UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)));
  const base::SystemClock clock;
  auto recorder = Recorder::start(start_of(), key_of(), *disk.value(), clock);
  REQUIRE(recorder);
  const auto wait = [&] {
    (void)base::wait_for(disk.value()->wakeup_fd(), POLLIN, std::chrono::seconds(5));
    disk.value()->hear();
    REQUIRE(recorder.value().tick());
  };
  while (recorder.value().state() == RecorderState::starting) wait();
  REQUIRE(recorder.value().channel_opened(0, ChannelKind::shell));
  const Stopwatch watch;
  constexpr std::size_t kRead = 32768;
  for (std::size_t done = 0; done < total; done += kRead) {
    while (!recorder.value().accepting()) wait();
    const auto at = done % (text.size() - kRead);
    REQUIRE(recorder.value().output(0, base::as_bytes(std::string_view(text).substr(at, kRead))));
    REQUIRE(recorder.value().tick());
  }
  while (!recorder.value().finish(EndReason::closed)) wait();
  const double seconds = watch.ms() / 1000;
  std::cout << "    file " << std::filesystem::file_size(path) / 1000 << " kB\n";
  return static_cast<double>(total) / 1e6 / seconds;
}

}  // namespace

TEST_CASE("speed of the pipeline", "[.bench]") {
  std::mt19937 random(1);
  const auto text = listing(random, 40000);
  std::cout << "flood of listings to a file: " << flood(text, 256U << 20U) << " MB/s\n";
  std::string noise(8U << 20U, '\0');
  for (auto& c : noise) c = static_cast<char>(33 + random() % 90);
  std::cout << "flood of random text to a file: " << flood(noise, 128U << 20U) << " MB/s\n";
}

TEST_CASE("size of a fixed session, and speed of reading it", "[.bench]") {
  Rig rig;
  fixed_session(rig);
  const auto& file = rig.output.file;
  std::size_t cast = 0;
  auto reader = reader_of(file);
  CastOptions options;
  options.version = CastVersion::v2;
  options.filter = false;
  REQUIRE(export_cast(reader, options, [&](std::string_view part) -> base::Result<> {
    cast += part.size();
    return base::ok();
  }));
  std::cout << "fixed session: recording " << file.size() << " B, asciicast v2 " << cast << " B, "
            << static_cast<double>(cast) / static_cast<double>(file.size()) << " times; " << places(file).size() - 1
            << " chunks\n";
  const Stopwatch verifying;
  const auto report = verify_bytes(file);
  std::cout << "verify " << verifying.ms() << " ms: " << report.describe() << "\n";
  auto player = Player::create(reader_of(file), {});
  REQUIRE(player);
  std::vector<double> times;
  for (std::uint64_t i = 0; i < 101; ++i) {
    const Stopwatch watch;
    REQUIRE(player.value().seek(Milliseconds(static_cast<std::int64_t>((i * 37 % 101) * report.duration_ms / 101))));
    REQUIRE(player.value().next());
    times.push_back(watch.ms());
  }
  std::sort(times.begin(), times.end());
  std::cout << "seek p50 " << times[50] << " ms, p99 " << times[99] << " ms\n";
}
