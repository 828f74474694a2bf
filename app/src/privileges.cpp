#include "sallyport/app/privileges.hpp"

#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "change_user.hpp"
#include "sallyport/app/sandbox.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::ok;
using base::Result;

namespace {

std::optional<Account> find_account(const std::string& name) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return Account{entry.pw_uid, entry.pw_gid};
}

Result<> set_limit(__rlimit_resource resource, rlim_t value, const char* name) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return fail_errno(std::string("can't read limit ") + name, errno);
  // Never raised: an ordinary user's hard limit may be lower than what is meant here.
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value) value = limit.rlim_max;
  const rlimit wanted{value, value};
  if (::setrlimit(resource, &wanted) != 0) return fail_errno(std::string("can't set limit ") + name, errno);
  return ok();
}

struct Limits {
  rlim_t files;
  std::optional<rlim_t> processes;
  std::optional<rlim_t> data;
};

Limits limits_of(ProcessKind kind, bool own_user) {
  switch (kind) {
    // Processes are counted by user: a bound is right only where the user is this process's own.
    case ProcessKind::vault:
      return {4096, own_user ? std::optional<rlim_t>(64) : std::nullopt, std::nullopt};
    case ProcessKind::session:  // it makes a thread yet: forbid_processes() comes later
      return {64, std::nullopt, rlim_t{512} << 20U};
    case ProcessKind::resolver:
      return {64, 0, rlim_t{256} << 20U};
    case ProcessKind::web:
      return {16384, std::nullopt, std::nullopt};
    case ProcessKind::rotator:
      return {1024, std::nullopt, std::nullopt};
    case ProcessKind::ssh:
    case ProcessKind::supervisor:
      break;
  }
  return {4096, std::nullopt, std::nullopt};
}

Result<> apply_limits(ProcessKind kind, bool own_user) {
  const Limits limits = limits_of(kind, own_user);
  SALLYPORT_TRYV(set_limit(RLIMIT_CORE, 0, "core"));
  SALLYPORT_TRYV(set_limit(RLIMIT_NOFILE, limits.files, "nofile"));
  if (limits.processes) {
    SALLYPORT_TRYV(set_limit(RLIMIT_NPROC, *limits.processes, "nproc"));
  }
#ifndef SALLYPORT_SANITIZED  // the sanitizers' shadow counts as data
  if (limits.data) {
    SALLYPORT_TRYV(set_limit(RLIMIT_DATA, *limits.data, "data"));
  }
#endif
  return ok();
}

/// The kernel's own interface; libcap is not needed for a single call.
Result<> set_capabilities(std::uint32_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = kept;
  if (::syscall(SYS_capset, &header, data.data()) != 0) return fail_errno("can't set capabilities", errno);
  return ok();
}

Result<> become(const Account& account) {
  if (const char* refused = change_user(account, Groups::dropped)) return fail_errno(refused, errno);
  if (::setuid(0) == 0) return fail(Errc::internal, "uid 0 could be had back after it was dropped");
  return ok();
}

Result<> become_listener(const Account& account, const Account& session) {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return fail_errno("can't keep capabilities", errno);
  SALLYPORT_TRYV(become(account));  // effective ones are gone now, so its proof holds
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return fail_errno("can't stop keeping capabilities", errno);
  SALLYPORT_TRYV(set_capabilities((1U << CAP_SETUID) | (1U << CAP_SETGID)));
  return enter_listener_sandbox(session);
}

Result<> become_session(const Account& account) {
  if (const char* refused = change_user(account, Groups::kept)) return fail_errno(refused, errno);
  return drop_capabilities();
}

}  // namespace

std::string_view to_string(ProcessKind kind) noexcept {
  switch (kind) {
    case ProcessKind::supervisor:
      return "supervisor";
    case ProcessKind::vault:
      return "vault";
    case ProcessKind::ssh:
      return "ssh";
    case ProcessKind::web:
      return "web";
    case ProcessKind::rotator:
      return "rotator";
    case ProcessKind::session:
      return "session";
    case ProcessKind::resolver:
      return "resolver";
  }
  return "unknown";
}

const std::optional<Account>& Identities::of(ProcessKind kind) const {
  static const std::optional<Account> none;
  switch (kind) {
    case ProcessKind::vault:
      return vault;
    case ProcessKind::ssh:
    case ProcessKind::resolver:
      return ssh;
    case ProcessKind::web:
      return web;
    case ProcessKind::rotator:
      return rotator;
    case ProcessKind::session:
      return session;
    case ProcessKind::supervisor:
      break;
  }
  return none;
}

namespace {

std::string missing_of(const ProcessUsers& users) {
  std::string out;
  for (const auto* name : {&users.vault, &users.ssh, &users.web, &users.rotator, &users.session}) {
    if (!find_account(*name)) out += (out.empty() ? "" : ", ") + *name;
  }
  return out;
}

}  // namespace

Result<Identities> resolve_identities(const ProcessUsers& users, bool development) {
  Identities found;
  if (::geteuid() != 0) {
    found.notes.emplace_back(
        "not started as root: all processes stay one user, so files and sandboxes alone keep them apart");
    return found;
  }
  found.vault = find_account(users.vault);
  found.ssh = find_account(users.ssh);
  found.web = find_account(users.web);
  found.rotator = find_account(users.rotator);
  found.session = find_account(users.session);
  if (found.vault && found.ssh && found.web && found.rotator && found.session) return found;
  if (!development)
    return fail(Errc::not_found, "started as root, and these users do not exist: " + missing_of(users) +
                                     ". Make them, name others under [users], or start as an ordinary user");
  Identities development_only;
  development_only.session = find_account("nobody");
  development_only.notes.emplace_back(
      "DEVELOPMENT: vault, ssh, web and rotator go on as root, since their users do not exist");
  if (!development_only.session)
    development_only.notes.emplace_back("DEVELOPMENT: sessions go on as root, since there is no user nobody");
  return development_only;
}

Result<> forbid_processes() { return set_limit(RLIMIT_NPROC, 0, "nproc"); }

Result<> drop_capabilities() { return set_capabilities(0); }

Result<> close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > first && ::syscall(SYS_close_range, first, number - 1, 0U) != 0)
      return fail_errno("can't close descriptors", errno);
    first = std::max(first, number + 1);
  }
  if (::syscall(SYS_close_range, first, ~0U, 0U) != 0) return fail_errno("can't close descriptors", errno);
  return ok();
}

Result<> drop_privileges(ProcessKind kind, const Identities& identities) {
  const auto& account = identities.of(kind);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("can't set no_new_privs", errno);
  SALLYPORT_TRYV(apply_limits(kind, account.has_value()));
  if (account && ::geteuid() == 0) {
    SALLYPORT_TRYV(kind == ProcessKind::ssh ? become_listener(*account, *identities.session) : become(*account));
  } else if (account && kind == ProcessKind::session) {
    // From the listener, which is not root but may do this one thing.
    SALLYPORT_TRYV(become_session(*account));
  }
  // After the change of user, which resets both.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("can't turn dumps off", errno);
  if (kind != ProcessKind::session && kind != ProcessKind::supervisor &&
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    return fail_errno("can't set the death signal", errno);
  return ok();
}

}  // namespace sallyport::app
