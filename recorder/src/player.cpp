#include "sallyport/recorder/player.hpp"

#include <algorithm>
#include <cmath>

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kClear = "\x1b[?1049l\x1b[?69l\x1b[!p\x1b[0m\x1b(B\x0f\x1b[H\x1b[2J";
constexpr std::size_t kMaxSought = 8U << 20U;

}  // namespace

Result<Player> Player::create(Reader reader, PlayOptions options) {
  if (!(options.speed >= kMinSpeed && options.speed <= kMaxSpeed))
    return fail(Errc::invalid, "the speed must be from 0.01 to 1000");
  if (options.max_idle && options.max_idle->count() < 0)
    return fail(Errc::invalid, "the idle limit must not be negative");
  return Player(std::move(reader), options);
}

void Player::set_speed(double speed) noexcept {
  if (!std::isnan(speed)) options_.speed = std::clamp(speed, kMinSpeed, kMaxSpeed);
}

Result<std::optional<PlayEvent>> Player::next() {
  if (target_) return next_sought();
  SALLYPORT_TRY(auto event, next_recorded());
  if (event) pace(*event);
  return event;
}

Result<std::optional<PlayEvent>> Player::next_recorded() {
  if (held_) return std::exchange(held_, std::nullopt);
  for (;;) {
    SALLYPORT_TRY(auto record, reader_.next());
    PlayEvent event;
    event.time_ms = record ? record->time_ms : position_ms_;
    if (!record) {
      event.data = screen_.finish();
      return event.data.empty() ? std::optional<PlayEvent>{} : std::optional(std::move(event));
    }
    auto piece = screen_.take(*record);
    if (!piece) continue;
    event.size = piece->size;
    event.data = std::move(piece->text);
    return std::optional(std::move(event));
  }
}

void Player::pace(PlayEvent& event) {
  // A hostile time may be centuries away: a day is as good, and does not overflow.
  const auto passed = std::min<std::uint64_t>(event.time_ms - std::min(event.time_ms, position_ms_), 86'400'000);
  const auto pause = base::Milliseconds(static_cast<std::int64_t>(passed));
  event.idle_skipped = options_.max_idle && pause > *options_.max_idle;
  const auto kept = event.idle_skipped ? *options_.max_idle : pause;
  event.wait = base::Milliseconds(std::llround(static_cast<double>(kept.count()) / options_.speed));
  position_ms_ = event.time_ms;
}

Result<> Player::seek(base::Milliseconds time) {
  const auto target = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  SALLYPORT_TRYV(reader_.seek(target));
  screen_.jumped();
  held_.reset();
  target_ = target;
  cleared_ = false;
  return base::ok();
}

Result<std::optional<PlayEvent>> Player::next_sought() {
  PlayEvent event;
  if (!cleared_) event.data = kClear;
  cleared_ = true;
  event.time_ms = *target_;
  while (event.data.size() < kMaxSought) {
    SALLYPORT_TRY(auto recorded, next_recorded());
    if (!recorded || recorded->time_ms > *target_) {
      held_ = std::move(recorded);
      position_ms_ = *target_;
      target_.reset();
      break;
    }
    if (recorded->size) event.size = recorded->size;
    event.data += recorded->data;
  }
  return std::optional(std::move(event));
}

}  // namespace sallyport::recorder
