// The time from "go to" to the first thing to show, in a long recording:
//   seek MINUTES JUMPS DIRECTORY
// The recording is made by the real Recorder from a fixed terminal stream on a clock that is moved by hand, and
// exported as asciicast v2. Both are then asked for the same random times, each jump with the file opened anew: ours by
// Reader and Player, as `recording play --from` does; the cast, which has no index, by reading lines from the start up
// to that time (times are scanned, texts are not decoded: less than any player has to do). Prints medians.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "sallyport/recorder/export.hpp"
#include "sallyport/recorder/player.hpp"
#include "sallyport/recorder/recorder.hpp"

namespace {

namespace base = sallyport::base;
namespace recorder = sallyport::recorder;
using Steady = std::chrono::steady_clock;

/// The value, or the end of the program.
template <class T>
T must(base::Result<T>&& result) {
  if (!result) throw std::runtime_error(result.error().describe());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

/// Writes and never syncs: an hour of recording is made in a second.
class QuickOutput final : public recorder::Output {
 public:
  explicit QuickOutput(const std::filesystem::path& path) : file_(path, std::ios::binary) {}
  base::Result<std::size_t> append(base::ByteView bytes) override {
    file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    written_ += bytes.size();
    return bytes.size();
  }
  base::Result<std::uint64_t> written() override { return written_; }
  base::Result<bool> sync() override { return true; }

 private:
  std::ofstream file_;
  std::uint64_t written_ = 0;
};

/// What a build prints: lines that differ a little, and a status line that is redrawn.
std::string printed(int step) {
  const auto number = std::to_string(step);
  return "\x1b[32m[" + number + "/99999]\x1b[0m Building CXX object src/module" + std::to_string(step % 97) +
         ".cpp.o\r\n\x1b[2K" + number + " done, " + std::to_string(step * 7919 % 1000) + " ms\r";
}

base::SecretBytes data_key() { return base::SecretBytes(base::kKeySize); }

void record(const std::filesystem::path& path, int minutes) {
  constexpr int kStepMs = 200;
  base::ManualClock clock(base::from_unix_ms(1'795'369'200'000));
  QuickOutput output(path);
  recorder::RecordingStart start{base::SessionId::parse("abcdefghijklmnop").value(), base::to_bytes("wrapped"), {}, {}};
  auto writer = must(recorder::Recorder::start(std::move(start), data_key(), output, clock));
  must(writer.channel_opened(0, recorder::ChannelKind::shell));
  must(writer.resize(0, 120, 40));
  for (int step = 0; step < minutes * 60 * 1000 / kStepMs; ++step) {
    clock.advance(base::Milliseconds(kStepMs));
    must(writer.tick());
    must(writer.output(0, base::as_bytes(printed(step))));
  }
  must(writer.finish(recorder::EndReason::closed));
}

recorder::Reader open_recording(const std::filesystem::path& path) {
  return must(recorder::Reader::open(must(recorder::FileSource::open(path)), data_key()));
}

void export_cast(const std::filesystem::path& from, const std::filesystem::path& to) {
  auto reader = open_recording(from);
  std::ofstream file(to, std::ios::binary);
  recorder::CastOptions options;
  options.version = recorder::CastVersion::v2;
  must(recorder::export_cast(reader, options, [&](std::string_view text) -> base::Result<> {
    file << text;
    return base::ok();
  }));
}

std::size_t jump_in_recording(const std::filesystem::path& path, int ms) {
  auto player = must(recorder::Player::create(open_recording(path), {}));
  must(player.seek(base::Milliseconds(ms)));
  return must(player.next()).value().data.size();
}

std::size_t jump_in_cast(const std::filesystem::path& path, int ms) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::getline(file, line);  // the header
  std::size_t bytes = 0;
  while (std::getline(file, line) && std::strtod(line.c_str() + 1, nullptr) * 1000 <= ms) bytes += line.size();
  return bytes;
}

template <class Jump>
double median_ms(const std::vector<int>& times, Jump jump) {
  std::vector<double> took;
  for (const int time : times) {
    const auto start = Steady::now();
    if (jump(time) == 0) throw std::runtime_error("nothing to show");
    took.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

void measure(int minutes, int jumps, const std::filesystem::path& directory) {
  const auto recording = directory / "seek.spr";
  const auto cast = directory / "seek.cast";
  record(recording, minutes);
  export_cast(recording, cast);
  std::mt19937 random(4711);
  std::uniform_int_distribution<int> time(1000, minutes * 60000 - 1000);
  std::vector<int> times(static_cast<std::size_t>(jumps));
  std::generate(times.begin(), times.end(), [&] { return time(random); });
  const auto ours = median_ms(times, [&](int ms) { return jump_in_recording(recording, ms); });
  const auto theirs = median_ms(times, [&](int ms) { return jump_in_cast(cast, ms); });
  std::printf("recording_ms=%.3f cast_ms=%.3f recording_bytes=%ju cast_bytes=%ju\n", ours, theirs,
              static_cast<std::uintmax_t>(std::filesystem::file_size(recording)),
              static_cast<std::uintmax_t>(std::filesystem::file_size(cast)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    measure(std::atoi(argv[1]), std::atoi(argv[2]), argv[3]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "seek: " << error.what() << '\n';
    return 1;
  }
}
