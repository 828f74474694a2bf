#pragma once
// What a process gives up before it hears from a stranger: its user, new privileges, core dumps, and more than it
// needs.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

enum class ProcessKind : std::uint8_t { supervisor, vault, ssh, web, rotator, session, resolver };
std::string_view to_string(ProcessKind kind) noexcept;

/// Names of the system users, from the configuration. Used only when the server is started as root.
struct ProcessUsers {
  std::string vault = "sallyport-vault";
  std::string ssh = "sallyport-ssh";
  std::string web = "sallyport-web";
  std::string rotator = "sallyport-rotator";
  std::string session = "sallyport-session";  ///< owns nothing: the child of one SSH connection
};

struct Account {
  uid_t uid;
  gid_t gid;
};

/// Which user each kind becomes. Absent: it stays what it is, and `notes` says so in a sentence for the log.
struct Identities {
  std::optional<Account> vault, ssh, web, rotator, session;
  std::vector<std::string> notes;
  const std::optional<Account>& of(ProcessKind kind) const;
};

/// Started as root: all five users, or (only with `development`) none of them and `nobody` for sessions. Without
/// `development` a missing user is an Error that names it. Started as an ordinary user: none, with a note.
base::Result<Identities> resolve_identities(const ProcessUsers& users, bool development);

/// Owners and modes of what stands in the data directory, so that each kind reaches its own part only. As root, before
/// anything is dropped; a no-op (but for the directories that are missing) otherwise.
base::Result<> prepare_data_directory(const std::filesystem::path& data, const Identities& identities);

/// no_new_privs, no core dump, not dumpable, limits by kind; then groups, gid, uid, and the proof that uid 0 can't be
/// had back. Irrevocable. Supplementary groups are dropped. Death signal: SIGKILL when the parent dies, but for
/// sessions. The listener, where sessions have a user of their own, keeps CAP_SETUID and CAP_SETGID and is put behind a
/// filter (enter_listener_sandbox) that lets it use them for becoming that user and no other.
base::Result<> drop_privileges(ProcessKind kind, const Identities& identities);
/// For a session's child that has made its thread: no other, and no process.
base::Result<> forbid_processes();
/// No capability is left, not even permitted.
base::Result<> drop_capabilities();
/// Closes every descriptor but these. For a child right after fork.
base::Result<> close_all_but(std::vector<int> kept);

}  // namespace sallyport::app
