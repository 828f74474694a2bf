#pragma once
// Where a recording goes: the seam between the Recorder and a file.
#include "sallyport/base/bytes.hpp"

namespace sallyport::recorder {

/// Used by the Recorder's thread only. No call may wait for a disk. Whoever says "not now", or has bytes on their way,
/// has his own way to wake that thread: the Recorder asks again at its next tick(), and sets no time for it but the 5 s
/// after which it gives up.
class Output {
 public:
  virtual ~Output() = default;
  /// Takes some of the bytes from the front and says how many; 0 means "not now". An Error is final.
  virtual base::Result<std::size_t> append(base::ByteView bytes) = 0;
  /// Of all bytes taken, how many are in the file: no death of this process can take them back, a power cut may. Never
  /// falls. An Error is final, and is told here as soon as it is known.
  virtual base::Result<std::uint64_t> written() = 0;
  /// false: under way, ask again. true: what had been taken when this round of asking began is on the disk; the next
  /// call begins another. An Error is final.
  virtual base::Result<bool> sync() = 0;
};

}  // namespace sallyport::recorder
