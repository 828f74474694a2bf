#include "sallyport/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "sallyport/base/directory.hpp"

namespace sallyport::base {
namespace {

namespace fs = std::filesystem;

Result<UniqueFd> open_for_reading(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("reading " + path.string(), errno);
  return fd;
}

/// Reads to the end of file into `out`, whose size is the bound plus one: a full buffer means too long.
Result<std::size_t> read_up_to(int fd, MutableByteView out) {
  std::size_t used = 0;
  while (used < out.size()) {
    const auto got = ::read(fd, out.data() + used, out.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading", errno);
    if (got == 0) return used;
    used += static_cast<std::size_t>(got);
  }
  return fail(Errc::limit, "longer than the " + std::to_string(out.size() - 1) + " bytes that it may have");
}

Error belongs_to_another(const fs::path& path, uid_t owner) {
  return fail(Errc::denied, path.string() + " belongs to another user (uid " + std::to_string(owner) +
                                "): remove it, or set XDG_RUNTIME_DIR and XDG_CONFIG_HOME to places of your own");
}

}  // namespace

Result<Bytes> read_file(const fs::path& path, std::size_t max) {
  SALLYPORT_TRY(auto fd, open_for_reading(path));
  Bytes bytes;
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return fail_errno("reading " + path.string(), errno);
  const auto expected = about.st_size > 0 ? static_cast<std::size_t>(about.st_size) : max;
  bytes.resize(std::min(expected, max) + 1);
  auto size = read_up_to(fd.get(), bytes);
  if (!size) return std::move(size).error().within(path.string());
  bytes.resize(size.value());
  return bytes;
}

Result<SecretBytes> read_secret_file(const fs::path& path, std::size_t max) {
  SALLYPORT_TRY(auto fd, open_for_reading(path));
  auto secret = read_all_secret(fd.get(), max);
  if (!secret) return std::move(secret).error().within(path.string());
  return secret;
}

Result<SecretBytes> read_own_secret_file(const fs::path& path, std::size_t max) {
  SALLYPORT_TRY(auto fd, open_for_reading(path));
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return fail_errno("reading " + path.string(), errno);
  if (about.st_uid != ::geteuid()) return belongs_to_another(path, about.st_uid);
  auto secret = read_all_secret(fd.get(), max);
  if (!secret) return std::move(secret).error().within(path.string());
  return secret;
}

Result<SecretBytes> read_all_secret(int fd, std::size_t max) {
  SecretBytes secret(max + 1);
  SALLYPORT_TRY(auto size, read_up_to(fd, secret.expose_mutable()));
  return SecretBytes::copy(secret.expose().first(size));
}

Result<> write_file_atomic(const fs::path& path, ByteView bytes, unsigned mode) {
  SALLYPORT_TRY(const auto directory, Directory::open(path.has_parent_path() ? path.parent_path() : fs::path(".")));
  return directory.write_file(path.filename(), bytes, mode);
}

Result<> make_private_directory(const fs::path& path, unsigned mode) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), mode) == 0) return ok();
  if (errno != EEXIST) return fail_errno("making directory " + path.string(), errno);
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return fail_errno("looking at " + path.string(), errno);
  if (!S_ISDIR(about.st_mode)) return fail(Errc::invalid, path.string() + " is there and is not a directory");
  if ((about.st_mode & 022U) != 0) {
    return fail(Errc::denied, "directory " + path.string() + " can be written by others: chmod go-w it first");
  }
  return ok();
}

Result<> make_own_directory(const fs::path& path) {
  SALLYPORT_TRYV(make_private_directory(path));
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return fail_errno("looking at " + path.string(), errno);
  if (about.st_uid != ::geteuid()) return belongs_to_another(path, about.st_uid);
  return ok();
}

Result<> sync_directory(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail_errno("syncing directory " + path.string(), errno);
  return ok();
}

Result<std::uint64_t> free_space(const fs::path& path) {
  struct statvfs about {};
  if (::statvfs(path.c_str(), &about) != 0) return fail_errno("asking for free space at " + path.string(), errno);
  return std::uint64_t{about.f_bavail} * about.f_frsize;
}

}  // namespace sallyport::base
