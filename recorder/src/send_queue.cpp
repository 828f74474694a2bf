#include "send_queue.hpp"

namespace sallyport::recorder {
namespace {

constexpr std::size_t kKeptRoom = 128U << 10U;  ///< what a queue that ran empty keeps allocated

}  // namespace

base::Result<> SendQueue::push(base::MonoTime now) {
  if (!idle() && !stuck_since_) stuck_since_ = now;
  while (waiting() > 0) {
    SALLYPORT_TRY(auto taken, output_->append(base::ByteView(bytes_).subspan(sent_)));
    if (taken == 0) break;
    SALLYPORT_ENSURE(taken <= waiting());
    sent_ += taken;
    taken_ += taken;
  }
  if (waiting() == 0) {
    bytes_.clear();
    if (bytes_.capacity() > kKeptRoom) base::Bytes().swap(bytes_);
    sent_ = 0;
  } else if (sent_ >= bytes_.size() / 2) {
    // Half of it is gone: moving the rest down costs no more than what was written.
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
  return base::ok();
}

base::Result<bool> SendQueue::hear(base::MonoTime now) {
  SALLYPORT_TRY(const auto written, output_->written());
  SALLYPORT_ENSURE(written >= written_ && written <= taken_);
  if (written == written_) return false;
  written_ = written;
  stuck_since_ = idle() ? std::nullopt : std::optional(now);
  return true;
}

}  // namespace sallyport::recorder
