#include "send_queue.hpp"

namespace sallyport::recorder {
namespace {

constexpr std::size_t kKeptRoom = 128U << 10U;  ///< what a queue that ran empty keeps allocated

}  // namespace

base::Result<> SendQueue::push(base::MonoTime now) {
  while (waiting() > 0) {
    SALLYPORT_TRY(auto taken, output_->append(base::ByteView(bytes_).subspan(sent_)));
    if (taken == 0) {
      if (!blocked_since_) blocked_since_ = now;
      break;
    }
    SALLYPORT_ENSURE(taken <= waiting());
    blocked_since_.reset();
    sent_ += taken;
    written_ += taken;
  }
  if (waiting() == 0) {
    blocked_since_.reset();
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

}  // namespace sallyport::recorder
