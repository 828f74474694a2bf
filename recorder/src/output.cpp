#include "sallyport/recorder/output.hpp"

#include <unistd.h>

#include <cerrno>

namespace sallyport::recorder {
namespace {

base::Error disk_error(const char* what, int number) {
  if (number == ENOSPC || number == EDQUOT) {
    return base::fail(base::Errc::unavailable, "the recording's disk is full");
  }
  return base::fail_errno(what, number);
}

}  // namespace

base::Result<std::size_t> FileOutput::append(base::ByteView bytes) {
  for (;;) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written >= 0) return static_cast<std::size_t>(written);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    if (errno != EINTR) return disk_error("the recording cannot be written", errno);
  }
}

base::Result<bool> FileOutput::sync() {
  while (::fdatasync(fd_.get()) != 0) {
    if (errno != EINTR) return disk_error("the recording cannot be made durable", errno);
  }
  return true;
}

}  // namespace sallyport::recorder
