#pragma once
// Can a process's user get to a directory at all? Modes of directories far above it may say no.
#include <filesystem>
#include <optional>

#include "sallyport/app/privileges.hpp"

namespace sallyport::app {

/// The first directory on the way to `path`, or that itself, which this user can't enter; nothing if he gets there.
/// Asks the kernel as that user, in a child process. As root only.
base::Result<std::optional<std::filesystem::path>> first_closed_directory(const std::filesystem::path& path,
                                                                          const Account& account);
/// That each process gets to the data directory; an Error that names the directory and who can't enter it.
base::Result<> check_reach(const std::filesystem::path& data, const Identities& identities);
/// Likewise before a start, which gives the directory itself the mode that it needs.
base::Result<> check_way(const std::filesystem::path& data, const Identities& identities);

}  // namespace sallyport::app
