#include "checkpoints.hpp"

#include <algorithm>

#include "sallyport/recorder/recorder.hpp"

namespace sallyport::recorder {
namespace {

constexpr std::size_t kMaxAsked = 16;

}  // namespace

void Checkpoints::on_content(std::uint64_t sequence, base::MonoTime now, bool at_once) {
  last_content_ = sequence;
  if (due_ && !at_once) return;
  due_ = at_once ? now : now + kCheckpointInterval;
  needed_ = sequence;
}

std::optional<Mark> Checkpoints::wanted(base::MonoTime now) {
  if (!due_ || now < *due_ || !durable_ || durable_->sequence < needed_) return std::nullopt;
  due_.reset();
  if (last_content_ > durable_->sequence) {
    due_ = now + kCheckpointInterval;
    needed_ = last_content_;
  }
  if (asked_.size() == kMaxAsked) asked_.pop_front();
  asked_.push_back(*durable_);
  return durable_;
}

bool Checkpoints::answer(const Mark& mark) {
  const auto it = std::find(asked_.begin(), asked_.end(), mark);
  if (it == asked_.end()) return false;
  asked_.erase(it);
  return true;
}

}  // namespace sallyport::recorder
