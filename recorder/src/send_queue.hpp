#pragma once
// Sealed bytes on their way to the Output, and how long they have been stuck.
#include <optional>

#include "sallyport/base/clock.hpp"
#include "sallyport/recorder/output.hpp"

namespace sallyport::recorder {

class SendQueue {
 public:
  explicit SendQueue(Output& output) noexcept : output_(&output) {}

  base::Bytes& tail() noexcept { return bytes_; }  ///< append here, then push()
  /// Gives to the Output what it takes. Its Error passes through, here and below.
  base::Result<> push(base::MonoTime now);
  /// Asks how much of it is in the file; true when that is more than before.
  base::Result<bool> hear(base::MonoTime now);
  /// Syncs when all was taken. true: what had been pushed when this sync began is durable.
  base::Result<bool> sync() { return output_->sync(); }

  std::size_t waiting() const noexcept { return bytes_.size() - sent_; }
  std::uint64_t total() const noexcept { return taken_ + waiting(); }  ///< all that ever came to the tail
  std::uint64_t written() const noexcept { return written_; }          ///< of these, in the file
  bool idle() const noexcept { return written_ == total(); }
  /// Since when nothing more was written though bytes wait, here or in the Output.
  const std::optional<base::MonoTime>& stuck_since() const noexcept { return stuck_since_; }

 private:
  Output* output_;
  base::Bytes bytes_;
  std::size_t sent_ = 0;  ///< of bytes_, from the front
  std::uint64_t taken_ = 0;
  std::uint64_t written_ = 0;
  std::optional<base::MonoTime> stuck_since_;
};

}  // namespace sallyport::recorder
