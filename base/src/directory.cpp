#include "sallyport/base/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "sallyport/base/ids.hpp"

namespace sallyport::base {
namespace {

namespace fs = std::filesystem;

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool single(const std::string& name) { return !name.empty() && name.find('/') == std::string::npos; }

/// What openat() said no to, in words: O_NOFOLLOW and O_DIRECTORY have errors of their own for what a person calls a
/// link.
Error not_opened(int directory, const std::string& name, const fs::path& path, int error) {
  struct stat seen {};
  const bool there = ::fstatat(directory, name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0;
  const bool odd = error == ELOOP || error == ENOTDIR || error == ENXIO || error == EISDIR;
  if (there && odd)
    return fail(Errc::invalid,
                path.string() + " is " + std::string(kind_of_file(seen.st_mode)) + ", which it may not be");
  return fail_errno("opening " + path.string(), error);
}

bool is_right(const struct stat& about, const Gift& gift) {
  return about.st_uid == gift.uid && about.st_gid == gift.gid && (about.st_mode & 07777U) == gift.mode;
}

Result<> may_be_taken(const struct stat& about, const Gift& gift, const fs::path& path) {
  if (about.st_uid == 0 && gift.uid != 0 && !gift.from_root)
    return fail(Errc::denied, path.string() + " is root's, in a directory whose owner could put anything of root's " +
                                  "under that name: look what it is, then chown it to uid " + std::to_string(gift.uid));
  if (about.st_uid != 0 && about.st_uid != gift.uid && about.st_uid != gift.before)
    return fail(Errc::denied, path.string() + " belongs to uid " + std::to_string(about.st_uid) +
                                  ", and should to uid " + std::to_string(gift.uid) +
                                  " or to root: look who put it there, then chown it");
  if (S_ISREG(about.st_mode) && about.st_nlink > 1)
    return fail(Errc::denied, path.string() + " has " + std::to_string(about.st_nlink) +
                                  " names (hard links), so its owner is not changed: put a copy in its place");
  return ok();
}

Result<> give_open(int fd, const Gift& gift, const fs::path& path) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return fail_errno("looking at " + path.string(), errno);
  if (is_right(about, gift)) return ok();
  SALLYPORT_TRYV(may_be_taken(about, gift, path));
  if (::fchown(fd, gift.uid, gift.gid) != 0) return fail_errno("can't give " + path.string() + " its owner", errno);
  // After the owner, whose change takes the set-group-id bit away.
  if (::fchmod(fd, gift.mode) != 0) return fail_errno("can't set the mode of " + path.string(), errno);
  return ok();
}

}  // namespace

std::string_view kind_of_file(mode_t mode) noexcept {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISREG(mode)) return "a regular file";
  return "a device";
}

Result<Directory> Directory::open(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), kDirectoryFlags));
  if (!fd) return fail_errno("opening " + path.string(), errno);
  return Directory(std::move(fd), path);
}

Result<Directory> Directory::child(const std::string& name) const {
  SALLYPORT_ENSURE(single(name));
  UniqueFd fd(::openat(fd_.get(), name.c_str(), kDirectoryFlags | O_NOFOLLOW));
  if (!fd) return not_opened(fd_.get(), name, path_ / name, errno);
  return Directory(std::move(fd), path_ / name);
}

Result<Directory> Directory::make_child(const std::string& name, unsigned mode) const {
  SALLYPORT_ENSURE(single(name));
  if (::mkdirat(fd_.get(), name.c_str(), mode) != 0 && errno != EEXIST)
    return fail_errno("making directory " + (path_ / name).string(), errno);
  return child(name);
}

Result<struct stat> Directory::about() const {
  struct stat about {};
  if (::fstat(fd_.get(), &about) != 0) return fail_errno("looking at " + path_.string(), errno);
  return about;
}

Result<std::vector<std::string>> Directory::names() const {
  // Of its own: a second look begins at the first name again.
  UniqueFd fd(::openat(fd_.get(), ".", kDirectoryFlags));
  const std::unique_ptr<DIR, CloseDirectory> entries(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!entries) return fail_errno("listing " + path_.string(), errno);
  (void)fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr && errno != 0) return fail_errno("listing " + path_.string(), errno);
    if (entry == nullptr) return names;
    const std::string name(entry->d_name);
    if (name != "." && name != "..") names.push_back(name);
  }
}

Result<struct stat> Directory::about_file(const std::string& name) const {
  SALLYPORT_ENSURE(single(name));
  struct stat about {};
  if (::fstatat(fd_.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno("looking at " + (path_ / name).string(), errno);
  return about;
}

Result<UniqueFd> Directory::open_file(const std::string& name, int flags) const {
  SALLYPORT_ENSURE(single(name));
  const auto path = path_ / name;
  UniqueFd fd(::openat(fd_.get(), name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!fd) return not_opened(fd_.get(), name, path, errno);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return fail_errno("looking at " + path.string(), errno);
  if (!S_ISREG(about.st_mode))
    return fail(Errc::invalid,
                path.string() + " is " + std::string(kind_of_file(about.st_mode)) + ", which it may not be");
  return fd;
}

Result<> Directory::give_new(int fd, const fs::path& path) const {
  SALLYPORT_TRY(const auto mine, about());
  if (::geteuid() != 0 || ::fchown(fd, mine.st_uid, mine.st_gid) == 0) return ok();
  return fail_errno("can't give " + path.string() + " its owner", errno);
}

Result<> Directory::write_file(const std::string& name, ByteView bytes, unsigned mode, NewOwner owner) const {
  SALLYPORT_ENSURE(single(name));
  const auto path = path_ / name;
  const std::string temporary = name + ".new-" + random_id_text();
  const auto write = [&]() -> Result<> {
    SALLYPORT_TRY(const auto fd, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL));
    if (owner == NewOwner::of_directory) {
      SALLYPORT_TRYV(give_new(fd.get(), path));
    }
    if (::fchmod(fd.get(), mode) != 0) return fail_errno("setting the mode of " + path.string(), errno);
    SALLYPORT_TRYV(write_all(fd.get(), bytes));
    if (::fsync(fd.get()) != 0) return fail_errno("syncing " + path.string(), errno);
    if (::renameat(fd_.get(), temporary.c_str(), fd_.get(), name.c_str()) != 0)
      return fail_errno("replacing " + path.string(), errno);
    return sync();
  };
  auto written = write();
  if (!written) ::unlinkat(fd_.get(), temporary.c_str(), 0);
  return written;
}

Result<> Directory::remove_file(const std::string& name) const {
  SALLYPORT_ENSURE(single(name));
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return ok();
  return fail_errno("removing " + (path_ / name).string(), errno);
}

Result<> Directory::sync() const {
  if (::fsync(fd_.get()) != 0) return fail_errno("syncing directory " + path_.string(), errno);
  return ok();
}

Result<> Directory::give(const Gift& gift) const { return give_open(fd_.get(), gift, path_); }

Result<> Directory::give_file(const std::string& name, const Gift& gift) const {
  SALLYPORT_TRY(const auto fd, open_file(name, O_RDONLY));
  return give_open(fd.get(), gift, path_ / name);
}

}  // namespace sallyport::base
