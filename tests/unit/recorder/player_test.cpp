#include "sallyport/recorder/player.hpp"

#include "recording.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

/// 200 s: "1 ", "2 " ... one a second, a window change at 50 s, a pause of 10 s after 100 s.
base::Bytes counting() {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(3, ChannelKind::shell));
  REQUIRE(rig.recorder.resize(3, 100, 30));
  for (int i = 1; i <= 200; ++i) {
    rig.wait(1000);
    rig.print(std::to_string(i) + " ", 3);
    if (i == 50) REQUIRE(rig.recorder.resize(3, 120, 40));
    if (i == 100) rig.wait(10000);
  }
  REQUIRE(rig.recorder.finish(EndReason::closed));
  return rig.output.file;
}

Player player_of(const base::Bytes& file, PlayOptions options = {}) {
  auto player = Player::create(reader_of(file), options);
  REQUIRE(player);
  return std::move(player).value();
}

PlayEvent next_of(Player& player) {
  auto event = player.next();
  REQUIRE(event);
  REQUIRE(event.value());
  return std::move(*event.value());
}

Milliseconds total_wait(Player& player) {
  Milliseconds total{0};
  for (auto event = player.next(); event && event.value(); event = player.next()) total += event.value()->wait;
  return total;
}

}  // namespace

TEST_CASE("playback keeps the recording's time, divided by the speed, with long pauses cut") {
  const auto file = counting();
  auto plain = player_of(file);
  CHECK(total_wait(plain) == Milliseconds(210000));
  auto fast = player_of(file, {10, std::nullopt, std::nullopt, true});
  CHECK(total_wait(fast) == Milliseconds(21000));
  auto cut = player_of(file, {1, Milliseconds(2000), std::nullopt, true});
  CHECK(total_wait(cut) == Milliseconds(201000));
  CHECK_FALSE(Player::create(reader_of(file), {0, std::nullopt, std::nullopt, true}));
}

TEST_CASE("the window's size comes with the first output and with each change") {
  auto player = player_of(counting());
  CHECK(next_of(player).size == WindowSize{100, 30});
  std::optional<WindowSize> later;
  while (!later) later = next_of(player).size;
  CHECK(later == WindowSize{120, 40});
}

TEST_CASE("seeking replays the segment up to that time and goes on from there") {
  const auto file = counting();
  auto player = player_of(file);
  for (const int target : {130, 10, 199}) {
    REQUIRE(player.seek(Milliseconds(target * 1000 + 500)));
    const auto event = next_of(player);
    const int shown = target > 100 ? target - 10 : target;
    CHECK(event.wait.count() == 0);
    CHECK(event.data.rfind("\x1b[?1049l", 0) == 0);
    const std::string last = std::to_string(shown) + " ";
    REQUIRE(event.data.size() > last.size());
    CHECK(event.data.substr(event.data.size() - last.size()) == last);
    CHECK(event.size == (target > 50 ? WindowSize{120, 40} : WindowSize{100, 30}));
    const auto after = next_of(player);
    CHECK(after.data == std::to_string(shown + 1) + " ");
    CHECK(after.wait == Milliseconds(500));
  }
  REQUIRE(player.seek(Milliseconds(9'000'000)));
  next_of(player);
  CHECK_FALSE(player.next().value());
}

TEST_CASE("playback drops what would act on the watcher's terminal, also when it is cut between events") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(0, ChannelKind::shell));
  rig.print("a\x1b]52;c;ZX");
  rig.wait(3000);
  rig.print(
      "Zp\x07"
      "b\x1b[6");
  rig.wait(3000);
  rig.print("nc");
  REQUIRE(rig.recorder.finish(EndReason::closed));
  auto player = player_of(rig.output.file);
  std::string text;
  for (auto event = player.next(); event && event.value(); event = player.next()) text += event.value()->data;
  CHECK(text == "a[not shown: OSC 52, 9 bytes]bc");
}

TEST_CASE("one channel plays, the first that prints or the one asked for") {
  const Sample sample;
  auto first = player_of(sample.file);
  CHECK(next_of(first).data == "first\r\n");
  CHECK(next_of(first).data == "second segment\r\n");
  auto second = player_of(sample.file, {1, std::nullopt, 1, true});
  // A program without a terminal ends its lines by LF alone; the watcher's terminal wants both.
  CHECK(next_of(second).data == "Linux\r\n");
  CHECK_FALSE(second.next().value());
}
