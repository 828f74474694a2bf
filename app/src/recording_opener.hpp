#pragma once
// Makes the file of a recording in a process of its own: on a disk that hangs the kernel may never come back from that,
// and the listener has others to serve.
#include <filesystem>
#include <string>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// Creates DIRECTORY/<name>: Errc::invalid unless the name is a session's id and ".spr"; Errc::io if it is there.
base::Result<base::UniqueFd> create_recording(const std::filesystem::path& directory, std::string_view name);

/// Forks. The child sends target and file, or a sentence why not, down `link` to the session; the caller only reaps it.
/// A session that has given up waiting leaves no empty file behind. Fails when no process can be started.
base::Result<> hand_over(int link, base::UniqueFd target, const std::filesystem::path& directory,
                         const std::string& name);

}  // namespace sallyport::app
