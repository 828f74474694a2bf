#pragma once
// Looks into a Source through one buffer, so that many small chunks cost one read.
#include "sallyport/recorder/source.hpp"

namespace sallyport::recorder {

class Window {
 public:
  static constexpr std::size_t kSize = 512U << 10U;  ///< more than the largest chunk

  explicit Window(Source& source) noexcept : source_(&source) {}
  Source& source() const noexcept { return *source_; }
  std::uint64_t source_size() const { return source_->size(); }
  /// `size` bytes (at most kSize) from `offset`; fewer at the end of the source. Good until the next call.
  base::Result<base::ByteView> view(std::uint64_t offset, std::size_t size);

 private:
  Source* source_;
  base::Bytes buffer_;
  std::uint64_t start_ = 0;  ///< of what the buffer holds
  std::size_t filled_ = 0;
};

}  // namespace sallyport::recorder
