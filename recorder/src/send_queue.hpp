#pragma once
// Sealed bytes on their way to the Output, and how long they have been refused.
#include <optional>

#include "sallyport/base/clock.hpp"
#include "sallyport/recorder/output.hpp"

namespace sallyport::recorder {

class SendQueue {
 public:
  explicit SendQueue(Output& output) noexcept : output_(&output) {}

  base::Bytes& tail() noexcept { return bytes_; }  ///< append here, then push()
  /// Gives to the Output what it takes. Its Error passes through.
  base::Result<> push(base::MonoTime now);
  /// Syncs when all was taken. true: what had been pushed when this sync began is durable.
  base::Result<bool> sync() { return output_->sync(); }

  std::size_t waiting() const noexcept { return bytes_.size() - sent_; }
  /// Since when the Output has taken nothing though bytes wait.
  const std::optional<base::MonoTime>& blocked_since() const noexcept { return blocked_since_; }
  std::uint64_t written() const noexcept { return written_; }

 private:
  Output* output_;
  base::Bytes bytes_;
  std::size_t sent_ = 0;  ///< of bytes_, from the front
  std::uint64_t written_ = 0;
  std::optional<base::MonoTime> blocked_since_;
};

}  // namespace sallyport::recorder
