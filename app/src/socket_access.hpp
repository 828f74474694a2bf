#pragma once
// Which users may connect to a Unix socket's file, one by one: a POSIX access list. Everybody else is stopped by the
// kernel, and has no place in the queue of those that wait to be accepted.
#include <sys/types.h>

#include <filesystem>
#include <vector>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// For its owner, root and `users`; the file must be the caller's. Errc::unsupported where the file system has no
/// lists.
base::Result<> admit_users(const std::filesystem::path& socket, std::vector<uid_t> users);

}  // namespace sallyport::app
