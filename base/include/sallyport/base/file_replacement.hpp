#pragma once
// A file that may take long to write, in place of one that may stand there: old or new, never half.
#include <filesystem>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::base {

/// Writes beside `path`; the file that stands there is not touched before commit(). Without commit(), whatever the
/// reason, what was written is taken away again (a process that is killed leaves NAME.new-ID beside). One owner.
class FileReplacement {
 public:
  /// Errc::invalid where something stands that is no regular file: a link, a device, a directory.
  static Result<FileReplacement> begin(std::filesystem::path path, unsigned mode = 0600);

  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&&) = delete;
  ~FileReplacement();

  Result<> write(ByteView bytes);
  /// fsync, rename, fsync of the directory. Once.
  Result<> commit();

 private:
  FileReplacement(std::filesystem::path path, std::filesystem::path beside, UniqueFd fd) noexcept;

  std::filesystem::path path_;
  std::filesystem::path beside_;
  UniqueFd fd_;
  bool pending_ = true;
};

}  // namespace sallyport::base
