#pragma once
// When a checkpoint is due, and which ones are being signed. Asked for only once what it covers is on the disk, so that
// the audit log never knows of more than a power cut leaves.
#include <deque>
#include <optional>

#include "sallyport/base/clock.hpp"
#include "sallyport/recorder/container.hpp"

namespace sallyport::recorder {

class Checkpoints {
 public:
  /// A chunk with content was sealed. `at_once`: a GAP.
  void on_content(std::uint64_t sequence, base::MonoTime now, bool at_once);
  void on_durable(const Mark& mark) { durable_ = mark; }
  /// Each mark once.
  std::optional<Mark> wanted(base::MonoTime now);
  /// True if that mark was asked for; it is then forgotten.
  bool answer(const Mark& mark);
  std::optional<base::MonoTime> due() const noexcept { return due_; }

 private:
  std::optional<base::MonoTime> due_;
  std::uint64_t needed_ = 0;  ///< the chunk that made it due
  std::uint64_t last_content_ = 0;
  std::optional<Mark> durable_;
  std::deque<Mark> asked_;  ///< unanswered; bounded
};

}  // namespace sallyport::recorder
