#include "play_terminal.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "output.hpp"
#include "play_screen.hpp"
#include "play_status.hpp"

namespace sallyport::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr std::uint64_t kSeekStep = 10000;
constexpr milliseconds kStatusInterval{500};
constexpr milliseconds kForever{3600000};

// The pause before an event: how much of it is left, and what time it is in the recording meanwhile.
class Pause {
 public:
  void begin(std::int64_t left_ms, std::uint64_t to_ms) {
    from_ms_ = std::min(at_ms(), to_ms);
    to_ms_ = to_ms;
    whole_ms_ = left_ms_ = static_cast<double>(left_ms);
    looked_ = Clock::now();
  }
  void at(std::uint64_t time_ms) {
    from_ms_ = to_ms_ = time_ms;
    left_ms_ = 0;
  }
  void pass(bool paused) {
    const auto now = Clock::now();
    const std::chrono::duration<double, std::milli> passed = now - looked_;
    if (!paused) left_ms_ = std::max(0.0, left_ms_ - passed.count());
    looked_ = now;
  }
  void faster(double factor) {
    whole_ms_ /= factor;
    left_ms_ /= factor;
  }
  bool over() const noexcept { return left_ms_ <= 0; }
  milliseconds left() const noexcept { return milliseconds(static_cast<std::int64_t>(left_ms_) + 1); }
  std::uint64_t at_ms() const noexcept {
    if (over()) return to_ms_;
    return to_ms_ - static_cast<std::uint64_t>(static_cast<double>(to_ms_ - from_ms_) * left_ms_ / whole_ms_);
  }

 private:
  std::uint64_t from_ms_ = 0;
  std::uint64_t to_ms_ = 0;
  double whole_ms_ = 0;
  double left_ms_ = 0;
  Clock::time_point looked_{};
};

class Screening {
 public:
  Screening(recorder::Player& player, const PlayTerminal& how) : player_(player), how_(how), speed_(how.speed) {}
  base::Result<Played> run();

 private:
  base::Result<> play();
  base::Result<bool> at_end();
  base::Result<bool> wait(const recorder::PlayEvent& event);
  base::Result<bool> look(milliseconds how_long);
  base::Result<bool> act(Key key);
  base::Result<> show(const recorder::PlayEvent& event);
  base::Result<> lay_out();
  base::Result<> draw_status();
  base::Result<bool> toggle_pause();
  base::Result<bool> seek(std::uint64_t to);
  base::Result<bool> set_speed(double speed);
  bool status_has_a_row() const { return !player_.screen().alternate_screen() || layout_.rows.alternate > 0; }

  recorder::Player& player_;
  PlayTerminal how_;
  double speed_;
  PlayScreen screen_;
  TerminalSize terminal_;
  std::optional<recorder::WindowSize> recorded_;
  PlayLayout layout_;
  Played played_;
  Pause pause_;
  Clock::time_point drawn_{};
  bool sought_ = false;
  bool paused_ = false;
  bool ended_ = false;
  bool quit_ = false;
};

base::Result<Played> Screening::run() {
  if (screen_.active()) {
    SALLYPORT_TRYV(screen_.clear());
    SALLYPORT_TRYV(lay_out());
    player_.watch_on(terminal_.rows);
  }
  SALLYPORT_TRYV(play());
  screen_.leave();
  return played_;
}

base::Result<> Screening::play() {
  while (!quit_) {
    SALLYPORT_TRY(const auto event, player_.next());
    if (!event) {
      SALLYPORT_TRY(const bool again, at_end());
      if (!again) break;
      continue;
    }
    SALLYPORT_TRY(const bool moved, wait(*event));
    if (moved || quit_) continue;
    SALLYPORT_TRYV(show(*event));
  }
  return base::ok();
}

// What a full-screen program left would vanish with its screen, so it stays until a key. True: on from elsewhere.
base::Result<bool> Screening::at_end() {
  if (!screen_.has_keys() || !player_.screen().alternate_screen()) return false;
  ended_ = true;
  SALLYPORT_TRYV(draw_status());
  for (bool moved = false; !quit_;) {
    SALLYPORT_TRY(moved, look(kForever));
    ended_ = !moved;
    if (moved) return true;
  }
  return false;
}

// True when something moved the position: what was to be shown next is of no use then.
base::Result<bool> Screening::wait(const recorder::PlayEvent& event) {
  // Where a key went is shown at once, also while it is paused.
  if (std::exchange(sought_, false)) return false;
  pause_.begin(how_.instant ? 0 : event.wait.count(), event.time_ms);
  for (milliseconds how_long{0}; !quit_; how_long = paused_ ? kForever : std::min(pause_.left(), kStatusInterval)) {
    SALLYPORT_TRY(const bool moved, look(how_long));
    if (moved) return true;
    pause_.pass(paused_);
    if (pause_.over() && !paused_) return false;
    if (Clock::now() - drawn_ < kStatusInterval || player_.screen().cursor_saved() || !status_has_a_row()) continue;
    SALLYPORT_TRYV(draw_status());
  }
  return false;
}

// Waits for keys and signals, and does what they say.
base::Result<bool> Screening::look(milliseconds how_long) {
  const auto woke = screen_.wait(how_long);
  pause_.pass(paused_);
  if (woke == PlayScreen::Woke::gone) quit_ = true;
  if (woke == PlayScreen::Woke::changed) {
    SALLYPORT_TRYV(screen_.clear());
    SALLYPORT_TRYV(lay_out());
    player_.watch_on(terminal_.rows);
    return seek(pause_.at_ms());
  }
  for (Key key = screen_.next_key(); key != Key::none; key = screen_.next_key()) {
    SALLYPORT_TRY(const bool moved, act(key));
    if (moved) return true;
  }
  return false;
}

base::Result<bool> Screening::act(Key key) {
  const auto at = pause_.at_ms();
  switch (key) {
    case Key::pause:
      return toggle_pause();
    case Key::interrupt:
      played_.interrupted = true;
      [[fallthrough]];
    case Key::quit:
      quit_ = true;
      return false;
    case Key::suspend:
      screen_.suspend();
      return false;
    case Key::faster:
      return set_speed(speed_ * 2);
    case Key::slower:
      return set_speed(speed_ / 2);
    case Key::forward:
      return seek(at + kSeekStep);
    case Key::back:
      return seek(at - std::min(at, kSeekStep));
    case Key::none:
      return false;
  }
  return false;
}

base::Result<bool> Screening::toggle_pause() {
  paused_ = !paused_;
  if (paused_ || status_has_a_row()) {
    SALLYPORT_TRYV(draw_status());
  } else {
    // It stood where the recording has its last row.
    SALLYPORT_TRYV(print_text(no_status_line(terminal_)));
  }
  return false;
}

base::Result<bool> Screening::set_speed(double speed) {
  const auto bounded = std::clamp(speed, recorder::kMinSpeed, recorder::kMaxSpeed);
  pause_.faster(bounded / speed_);
  speed_ = bounded;
  player_.set_speed(speed_);
  if (paused_ || status_has_a_row()) {
    SALLYPORT_TRYV(draw_status());
  }
  return false;
}

base::Result<bool> Screening::seek(std::uint64_t to) {
  SALLYPORT_TRYV(player_.seek(milliseconds(static_cast<std::int64_t>(to))));
  pause_.at(to);
  drawn_ = {};
  sought_ = true;
  return true;
}

base::Result<> Screening::show(const recorder::PlayEvent& event) {
  screen_.set_alternate(player_.screen().alternate_screen());
  SALLYPORT_TRYV(print_text(event.data));
  if (event.size && recorded_ != event.size) {
    recorded_ = event.size;
    SALLYPORT_TRYV(lay_out());
  }
  // After a jump the screen begins anew, without a status.
  if (drawn_ != Clock::time_point{}) return base::ok();
  return paused_ || status_has_a_row() ? draw_status() : base::Result<>(base::ok());
}

base::Result<> Screening::lay_out() {
  terminal_ = screen_.size();
  layout_ = layout_of(terminal_, recorded_);
  if (!layout_.warning.empty() && screen_.active()) played_.warning = layout_.warning;
  return status_has_a_row() ? draw_status() : base::Result<>(base::ok());
}

base::Result<> Screening::draw_status() {
  if (!screen_.active()) return base::ok();
  drawn_ = Clock::now();
  const PlayState state{pause_.at_ms(), how_.duration_ms, speed_, paused_, ended_};
  const auto rest = layout_.warning.empty() ? how_.label : layout_.warning + "  " + how_.label;
  return print_text(status_line(status_text(state, rest, terminal_.columns - 1), terminal_));
}

}  // namespace

base::Result<Played> play_on_terminal(recorder::Player& player, const PlayTerminal& how) {
  return Screening(player, how).run();
}

}  // namespace sallyport::app
