#pragma once
// Where a recording goes: the seam between the Recorder and a file.
#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::recorder {

/// Owned and used by the Recorder's thread only.
class Output {
 public:
  virtual ~Output() = default;
  /// Takes some of the bytes from the front and says how many; 0 means "not now, ask again". An Error is final.
  virtual base::Result<std::size_t> append(base::ByteView bytes) = 0;
  /// true: all that was taken is on the disk. false: under way, ask again. An Error is final.
  virtual base::Result<bool> sync() = 0;
};

/// A regular file, opened by the caller for appending. Writes and fdatasync block this thread for as long as the disk
/// takes. Works inside a sandbox that allows write, fdatasync and close. A full disk is Errc::unavailable.
class FileOutput final : public Output {
 public:
  explicit FileOutput(base::UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  base::Result<std::size_t> append(base::ByteView bytes) override;
  base::Result<bool> sync() override;

 private:
  base::UniqueFd fd_;
};

}  // namespace sallyport::recorder
