#include "sallyport/base/file_replacement.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sallyport/base/file.hpp"
#include "sallyport/base/ids.hpp"

namespace sallyport::base {

namespace fs = std::filesystem;

namespace {

/// A rename would put a regular file in the place of a device or a link: whoever names one meant something else.
Result<> refuse_other_kinds(const fs::path& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0)
    return errno == ENOENT ? Result<>(ok()) : Result<>(fail_errno("can't write " + path.string(), errno));
  if (S_ISREG(about.st_mode)) return ok();
  return fail(Errc::invalid, path.string() + " is there and is no regular file");
}

}  // namespace

Result<FileReplacement> FileReplacement::begin(fs::path path, unsigned mode) {
  SALLYPORT_TRYV(refuse_other_kinds(path));
  auto beside = path;
  beside += ".new-" + random_id_text();
  UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail_errno("can't write " + path.string(), errno);
  return FileReplacement(std::move(path), std::move(beside), std::move(fd));
}

FileReplacement::FileReplacement(fs::path path, fs::path beside, UniqueFd fd) noexcept
    : path_(std::move(path)), beside_(std::move(beside)), fd_(std::move(fd)) {}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)),
      beside_(std::move(other.beside_)),
      fd_(std::move(other.fd_)),
      pending_(std::exchange(other.pending_, false)) {}

FileReplacement::~FileReplacement() {
  if (pending_) ::unlink(beside_.c_str());
}

Result<> FileReplacement::write(ByteView bytes) {
  auto written = write_all(fd_.get(), bytes);
  if (!written) return std::move(written).error().within("can't write " + path_.string());
  return ok();
}

Result<> FileReplacement::commit() {
  if (::fsync(fd_.get()) != 0) return fail_errno("can't write " + path_.string(), errno);
  if (::rename(beside_.c_str(), path_.c_str()) != 0) return fail_errno("can't write " + path_.string(), errno);
  pending_ = false;
  return sync_directory(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

}  // namespace sallyport::base
