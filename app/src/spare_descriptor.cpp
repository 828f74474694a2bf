#include "spare_descriptor.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "sallyport/base/log.hpp"

namespace sallyport::app {
namespace {

constexpr base::Milliseconds kNoteInterval{60000};

}  // namespace

/// An eventfd, since a file may be out of reach and a socket may be refused.
void SpareDescriptor::keep() noexcept { spare_.reset(::eventfd(0, EFD_CLOEXEC)); }

bool SpareDescriptor::refuse_one(int error, int listener, std::string_view sentence) noexcept {
  if (error != EMFILE && error != ENFILE) return false;
  note(error);
  spare_.reset();
  const bool refused = [&] {
    const base::UniqueFd caller(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (caller) (void)::send(caller.get(), sentence.data(), sentence.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return static_cast<bool>(caller);
  }();
  keep();
  return refused;
}

void SpareDescriptor::note(int error) noexcept {
  if (clock_.mono() < next_note_) return;
  next_note_ = clock_.mono() + kNoteInterval;
  base::log(base::LogLevel::error, "descriptors.short",
            {{"why", std::strerror(error)},
             {"what", "callers are sent away: raise the limit on open files (ulimit -n, LimitNOFILE=)"}});
}

}  // namespace sallyport::app
