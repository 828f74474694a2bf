#include "sallyport/recorder/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::Result;

Result<std::size_t> MemorySource::read_at(std::uint64_t offset, base::MutableByteView out) {
  if (offset >= bytes_.size()) return std::size_t{0};
  const std::size_t size = std::min<std::size_t>(out.size(), bytes_.size() - static_cast<std::size_t>(offset));
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
  return size;
}

Result<std::unique_ptr<FileSource>> FileSource::open(const std::filesystem::path& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd && errno == ENOENT) return fail(Errc::not_found, "the recording file is not there");
  if (!fd) return base::fail_errno("the recording file cannot be opened", errno);
  return from_fd(std::move(fd));
}

Result<std::unique_ptr<FileSource>> FileSource::from_fd(base::UniqueFd fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return base::fail_errno("the recording file cannot be read", errno);
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid, "the recording is no regular file");
  return std::unique_ptr<FileSource>(new FileSource(std::move(fd), static_cast<std::uint64_t>(status.st_size)));
}

Result<std::size_t> FileSource::read_at(std::uint64_t offset, base::MutableByteView out) {
  if (offset >= size_) return std::size_t{0};
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got = ::pread(fd_.get(), out.data() + done, wanted - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno("the recording file cannot be read", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace sallyport::recorder
