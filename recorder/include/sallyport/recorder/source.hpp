#pragma once
// Where a recording is read from: any place that gives bytes by offset.
#include <filesystem>
#include <memory>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::recorder {

class Source {
 public:
  virtual ~Source() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills `out` from `offset` on; fewer bytes only at the end of the source.
  virtual base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView out) = 0;
};

/// Bytes that the caller owns and keeps.
class MemorySource final : public Source {
 public:
  explicit MemorySource(base::ByteView bytes) noexcept : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView out) override;

 private:
  base::ByteView bytes_;
};

/// A regular file. Its size is taken when it is opened: a growing recording is read as it was then.
class FileSource final : public Source {
 public:
  /// Errc::not_found, or Errc::invalid for what is no regular file.
  static base::Result<std::unique_ptr<FileSource>> open(const std::filesystem::path& path);
  static base::Result<std::unique_ptr<FileSource>> from_fd(base::UniqueFd fd);
  std::uint64_t size() const override { return size_; }
  base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView out) override;

 private:
  FileSource(base::UniqueFd fd, std::uint64_t size) noexcept : fd_(std::move(fd)), size_(size) {}
  base::UniqueFd fd_;
  std::uint64_t size_;
};

}  // namespace sallyport::recorder
