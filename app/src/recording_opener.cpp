#include "recording_opener.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "child_link.hpp"
#include "sallyport/app/privileges.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/log.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr std::string_view kRecordingEnd = ".spr";

/// The port above all is closed: a child that hangs must not keep it from the listener's successor.
Result<UniqueFd> give_up_and_create(int link, int target, const std::filesystem::path& directory,
                                    const std::string& name) {
  SALLYPORT_TRYV(drop_capabilities());
  SALLYPORT_TRYV(close_all_but({STDERR_FILENO, link, target}));
  return create_recording(directory, name);
}

/// Whatever fails, the session is told: it waits for this.
Result<> open_and_send(int link, UniqueFd target, const std::filesystem::path& directory, const std::string& name) {
  auto recording = give_up_and_create(link, target.get(), directory, name);
  if (!recording) {
    (void)send_link(link, LinkFailed{"This session was not started because it cannot be recorded."});
    return recording.error();
  }
  auto sent = send_link(link, LinkResources{std::move(target), std::move(recording).value()});
  if (!sent) ::unlink((directory / name).c_str());
  return sent;
}

}  // namespace

Result<UniqueFd> create_recording(const std::filesystem::path& directory, std::string_view name) {
  if (!name.ends_with(kRecordingEnd) || !base::SessionId::parse(name.substr(0, name.size() - kRecordingEnd.size())))
    return fail(Errc::invalid, "a recording is named by its session's id");
  const auto path = directory / name;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!fd) return fail_errno("the recording can't be made", errno);
  return fd;
}

Result<> hand_over(int link, UniqueFd target, const std::filesystem::path& directory, const std::string& name) {
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("no process can be started to make the recording", errno);
  if (child > 0) return base::ok();
  const auto done = open_and_send(link, std::move(target), directory, name);
  if (!done)
    base::log(base::LogLevel::error, "session.no_recording", {{"file", name}, {"why", done.error().describe()}});
  ::_exit(done ? 0 : 1);
}

}  // namespace sallyport::app
