#include "window.hpp"

#include <algorithm>

namespace sallyport::recorder {

base::Result<base::ByteView> Window::view(std::uint64_t offset, std::size_t size) {
  SALLYPORT_ENSURE(size <= kSize);
  const std::uint64_t total = source_->size();
  if (offset >= total) return base::ByteView{};
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, total - offset));
  if (offset < start_ || offset + size > start_ + filled_) {
    // A small file gets a small buffer.
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kSize, total)));
    filled_ = 0;
    SALLYPORT_TRY(auto got, source_->read_at(offset, buffer_));
    start_ = offset;
    filled_ = got;
  }
  const auto skip = static_cast<std::size_t>(offset - start_);
  return base::ByteView(buffer_).subspan(skip, std::min(size, filled_ - skip));
}

}  // namespace sallyport::recorder
