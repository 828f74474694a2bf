#pragma once
// A recording's file, written by a thread of its own and made durable by a second one: a disk that is slow or hangs
// holds up these threads and nobody else, and what is written does not wait for what is being made durable.
//
// The threads see sealed bytes only, take no signal, and own nothing but what is in here. A write that the kernel
// never finishes keeps them, and with them the process's descriptors, until the disk is back: who must leave before
// that closes his sockets himself.
#include <memory>

#include "sallyport/base/fd.hpp"
#include "sallyport/recorder/output.hpp"

namespace sallyport::recorder {

/// One owner thread. Errors come from the call after the one that they happened in, and from every later one; the owner
/// is woken for them. A full disk is Errc::unavailable, and so is one with less than kBuffer of room.
class DiskWriter final : public Output {
 public:
  static constexpr std::size_t kBuffer = 256U << 10U;  ///< bytes that wait here; as many may be on their way

  /// Makes the threads, which wait idle for open(); they have come to that when this returns, so a sandbox may close.
  /// To be called where threads may still be made, after the last change of user.
  static base::Result<std::unique_ptr<DiskWriter>> start();
  /// Waits for nothing: what sync() has not confirmed may be lost.
  ~DiskWriter() override;
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  /// Once, before the first append(): opened for appending.
  void open(base::UniqueFd file);
  base::Result<std::size_t> append(base::ByteView bytes) override;
  base::Result<std::uint64_t> written() override;
  base::Result<bool> sync() override;

  /// Becomes readable when bytes came into the file or became durable, and when either failed; hear() makes it
  /// unreadable again.
  int wakeup_fd() const noexcept;
  void hear() noexcept;

 private:
  class Shared;
  explicit DiskWriter(std::shared_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace sallyport::recorder
