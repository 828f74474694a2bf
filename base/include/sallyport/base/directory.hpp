#pragma once
// A directory held by descriptor. What is done through it is done in that directory, whatever stands at its path by
// now, and no name in it is followed when it is a link: for directories that belong to somebody who may be against us.
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::base {

/// Whose something is to be, and from whom it may be taken: the new owner always, root where root alone could put it
/// there, and `before`. What belongs to anybody else got there by mistake or by malice.
struct Gift {
  uid_t uid;
  gid_t gid;
  unsigned mode;
  std::optional<uid_t> before{};
  bool from_root = true;
};

/// Whose a new file is: the directory's owner's for what root writes for him.
enum class NewOwner : unsigned char { writer, of_directory };

/// Names are single ones, without a slash. Errors name the whole path.
class Directory {
 public:
  /// A path that a person named: links in it are followed.
  static Result<Directory> open(const std::filesystem::path& path);
  /// The directory `name` in this one. Errc::not_found; Errc::invalid for a link or anything else but a directory.
  Result<Directory> child(const std::string& name) const;
  /// The same, made with this mode if it is missing.
  Result<Directory> make_child(const std::string& name, unsigned mode) const;

  const std::filesystem::path& path() const noexcept { return path_; }
  Result<struct stat> about() const;
  /// All but "." and "..".
  Result<std::vector<std::string>> names() const;
  /// Of what stands under that name: of a link itself.
  Result<struct stat> about_file(const std::string& name) const;

  /// A regular file, opened with these flags (O_CREAT: 0600) and without waiting for anybody: Errc::not_found, or
  /// Errc::invalid if it is something else.
  Result<UniqueFd> open_file(const std::string& name, int flags) const;
  /// As write_file_atomic() of file.hpp.
  Result<> write_file(const std::string& name, ByteView bytes, unsigned mode, NewOwner owner = NewOwner::writer) const;
  /// Nothing if there is no such file.
  Result<> remove_file(const std::string& name) const;
  Result<> sync() const;

  /// Owner, group and mode of the directory itself. Errc::denied if it belongs to somebody else.
  Result<> give(const Gift& gift) const;
  /// The same of a regular file in it. Errc::denied also if it has other names besides (hard links), since one of them
  /// may be somebody else's; what is right already is not looked at any closer.
  Result<> give_file(const std::string& name, const Gift& gift) const;

 private:
  Directory(UniqueFd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<> give_new(int fd, const std::filesystem::path& path) const;

  UniqueFd fd_;
  std::filesystem::path path_;  // for errors only
};

/// "a symbolic link", "a directory", ...: what a person is told that stands there.
std::string_view kind_of_file(mode_t mode) noexcept;

}  // namespace sallyport::base
