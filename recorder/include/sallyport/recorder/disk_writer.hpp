#pragma once
// A recording's file, written by a thread of its own: a disk that is slow or hangs holds up that thread and nobody
// else.
//
// The thread sees sealed bytes only, takes no signal, and owns nothing but what is in here. A write that the kernel
// never finishes keeps it, and with it the process's descriptors, until the disk is back: who must leave before that
// closes his sockets himself.
#include <memory>

#include "sallyport/base/fd.hpp"
#include "sallyport/recorder/output.hpp"

namespace sallyport::recorder {

/// One owner thread. Errors come from the call after the one that they happened in, and from every later one: a full
/// disk is Errc::unavailable.
class DiskWriter final : public Output {
 public:
  static constexpr std::size_t kBuffer = 256U << 10U;  ///< bytes that wait here; as many may be on their way

  /// Makes the thread, which waits idle for open(); it has come to that when this returns, so a sandbox may close. To
  /// be called where threads may still be made, after the last change of user.
  static base::Result<std::unique_ptr<DiskWriter>> start();
  /// Waits for nothing: what sync() has not confirmed may be lost.
  ~DiskWriter() override;
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  /// Once, before the first append(): opened for appending.
  void open(base::UniqueFd file);
  base::Result<std::size_t> append(base::ByteView bytes) override;
  base::Result<bool> sync() override;

  /// Becomes readable when what append() or sync() put off is worth another try; hear() makes it unreadable again.
  int wakeup_fd() const noexcept;
  void hear() noexcept;

 private:
  class Shared;
  explicit DiskWriter(std::shared_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace sallyport::recorder
