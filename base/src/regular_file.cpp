#include "sallyport/base/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sallyport/base/directory.hpp"
#include "sallyport/base/file.hpp"

namespace sallyport::base {

Result<UniqueFd> open_regular_file(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  const bool odd = !fd && errno == ENXIO;  // a socket
  if (!fd && !odd) return fail_errno("reading " + path.string(), errno);
  struct stat about {};
  if ((fd ? ::fstat(fd.get(), &about) : ::stat(path.c_str(), &about)) != 0)
    return fail_errno("reading " + path.string(), errno);
  if (fd && S_ISREG(about.st_mode)) return fd;
  return fail(Errc::invalid,
              path.string() + " is " + std::string(kind_of_file(about.st_mode)) + ", which it may not be");
}

Result<Bytes> read_regular_file(const std::filesystem::path& path, std::size_t max) {
  SALLYPORT_TRY(const auto fd, open_regular_file(path));
  Bytes bytes(max + 1);
  std::size_t used = 0;
  while (used < bytes.size()) {
    const auto got = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading " + path.string(), errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  if (used > max)
    return fail(Errc::limit, path.string() + ": longer than the " + std::to_string(max) + " bytes that it may have");
  bytes.resize(used);
  return bytes;
}

Result<SecretBytes> read_secret_regular_file(const std::filesystem::path& path, std::size_t max) {
  SALLYPORT_TRY(const auto fd, open_regular_file(path));
  auto secret = read_all_secret(fd.get(), max);
  if (!secret) return std::move(secret).error().within(path.string());
  return secret;
}

}  // namespace sallyport::base
