#include "end_warnings.hpp"

namespace sallyport::broker {
namespace {

std::string in_words(base::Milliseconds left) {
  const auto seconds = std::chrono::round<base::Seconds>(left).count();
  if (seconds < 120) return std::to_string(seconds) + (seconds == 1 ? " second" : " seconds");
  return std::to_string((seconds + 30) / 60) + " minutes";
}

}  // namespace

void EndWarnings::begin(base::MonoTime now, base::Milliseconds left) {
  if (left.count() <= 0) return;
  end_ = now + left;
  while (said_ + 1 < kBefore.size() && left <= kBefore.at(said_)) ++said_;
}

std::optional<std::string> EndWarnings::due(base::MonoTime now) {
  if (!end_ || now >= *end_) return std::nullopt;
  const auto left = std::chrono::duration_cast<base::Milliseconds>(*end_ - now);
  if (said_ >= kBefore.size() || left > kBefore.at(said_)) return std::nullopt;
  while (said_ < kBefore.size() && left <= kBefore.at(said_)) ++said_;
  return "Your checkout ends in " + in_words(left) + ", and this session with it.";
}

}  // namespace sallyport::broker
