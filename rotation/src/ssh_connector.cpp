#include "sallyport/rotation/ssh_connector.hpp"

#include <algorithm>

#include "key_scripts.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "ssh_session.hpp"

namespace sallyport::rotation {
namespace {

constexpr std::size_t kMaxPassword = 500;  // PAM takes answers of less than 512 bytes
constexpr std::string_view kRoot = "root";
constexpr int kNotFound = 127;  // of the login shell: there is no sudo

/// Who logs in to make the change, and with what.
struct Actor {
  const std::string& login;
  Kind kind;
  const base::SecretBytes& secret;
};

Actor actor_of(const Job& job, Route route) {
  if (route == Route::self) return {job.login, job.kind, job.current_secret};
  SALLYPORT_ENSURE(job.reconcile.has_value());
  return {job.reconcile->login, job.reconcile->kind, job.reconcile->secret};
}

bool is_one_line(const base::SecretBytes& secret) {
  const auto bytes = secret.expose();
  return std::none_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte < 0x20 || byte == 0x7f; });
}

/// What cannot be set is refused here, before anything is sent.
Attempted<> check_job(const Job& job) {
  if (!base::check_name(job.login, "login"))
    return Attempt{Outcome::policy_rejected, "not a login name that is used here"};
  if (job.kind == Kind::ssh_key) return base::ok();
  const bool fits =
      !job.pending_secret.empty() && job.pending_secret.size() <= kMaxPassword && is_one_line(job.pending_secret);
  if (!fits)
    return Attempt{Outcome::policy_rejected, "the new password is empty, too long or holds control characters"};
  return base::ok();
}

/// What the command printed, for a person; never the secret, should a target echo it.
std::string shown(const CommandResult& result, const base::SecretBytes& secret) {
  const auto exit = "exit status " + std::to_string(result.status);
  if (result.output.find(secret.expose_text()) != std::string::npos) return exit + ", output withheld";
  return exit + ": " + base::escape_text(result.output, 200);
}

/// sudo itself said no: what it was to run was never begun. What it only warns of ("sudo: unable to resolve host")
/// stands in front of the command's own words.
bool is_refused_by_sudo(const CommandResult& result, std::string_view program) {
  const std::string_view said(result.output);
  const bool began = said.find(std::string(program) + ": ") != std::string_view::npos;
  const bool refused = said.starts_with("sudo: ") || said.find("is not allowed to execute") != std::string_view::npos;
  return result.status == kNotFound || (result.status == 1 && refused && !began);
}

Attempt refused_by_sudo(const std::string& shown) {
  return {Outcome::refused, "the reconcile account may not do this through sudo: " + shown};
}

Attempted<SshSession> enter(const Job& job, const Actor& actor, const SshLimits& limits) {
  if (actor.secret.empty()) return Attempt{Outcome::refused, "no credential is stored"};
  SALLYPORT_TRY(auto session, SshSession::open(job, actor.login, limits.connect, limits.total));
  SALLYPORT_TRYV(session.login(actor.kind, actor.secret));
  return session;
}

Attempted<> set_password(const Job& job, const Actor& actor, SshSession& session) {
  base::SecretWriter line;
  line.raw(base::as_bytes(job.login)).u8(':').raw(job.pending_secret.expose()).u8('\n');
  const auto input = std::move(line).take();
  const char* command = actor.login == kRoot ? "env PATH=/usr/sbin:/usr/bin:/sbin:/bin chpasswd" : "sudo -n chpasswd";
  SALLYPORT_TRY(const auto result, session.run(command, input));
  if (result.status == 0) return base::ok();
  if (actor.login != kRoot && is_refused_by_sudo(result, "chpasswd")) {
    return refused_by_sudo(shown(result, job.pending_secret));
  }
  return Attempt{Outcome::policy_rejected, "chpasswd: " + shown(result, job.pending_secret)};
}

/// The script as the account itself, whoever logged in. The login name was checked: it needs no quoting.
std::string as_account(const Job& job, const Actor& actor, std::string_view script) {
  const std::string quoted = "'" + std::string(script) + "'";
  if (actor.login == job.login) return "sh -c " + quoted;
  if (actor.login == kRoot) return "su -s /bin/sh -c " + quoted + " " + job.login;
  return "sudo -n -H -u " + job.login + " sh -c " + quoted;
}

Attempted<> run_key_script(SshSession& session, const std::string& command, const std::vector<std::string>& lines,
                           bool by_sudo = false) {
  base::SecretWriter input;
  for (const auto& line : lines) input.raw(base::as_bytes(line)).u8('\n');
  SALLYPORT_TRY(const auto result, session.run(command, std::move(input).take()));
  if (result.status == 0) return base::ok();
  if (by_sudo && is_refused_by_sudo(result, "sh")) return refused_by_sudo(base::escape_text(result.output, 200));
  return Attempt{Outcome::policy_rejected,
                 std::string(meaning_of_status(result.status)) + ": " + base::escape_text(result.output, 200)};
}

Attempted<certs::SshPublicKey> public_of(const base::SecretBytes& secret) {
  auto key = certs::public_key_of(secret);
  if (!key) return Attempt{Outcome::policy_rejected, key.error().context()};
  return std::move(key.value());
}

Attempted<> append_key(const Job& job, const Actor& actor, SshSession& session) {
  SALLYPORT_TRY(const auto key, public_of(job.pending_secret));
  const bool by_sudo = actor.login != job.login && actor.login != kRoot;
  return run_key_script(session, as_account(job, actor, kAppendKey), {key.line() + " sallyport"}, by_sudo);
}

Attempted<> apply_as(const Job& job, const Actor& actor, const SshLimits& limits) {
  SALLYPORT_TRYV(check_job(job));
  if (job.kind == Kind::ssh_key) {
    SALLYPORT_TRYV(public_of(job.pending_secret));
  }
  SALLYPORT_TRY(auto session, enter(job, actor, limits));
  return job.kind == Kind::ssh_key ? append_key(job, actor, session) : set_password(job, actor, session);
}

Attempted<> retire(const Job& job, const SshLimits& limits) {
  SALLYPORT_TRY(const auto fresh, public_of(job.pending_secret));
  SALLYPORT_TRY(const auto old, public_of(job.current_secret));
  if (fresh == old) return base::ok();
  const Actor actor{job.login, job.kind, job.pending_secret};
  SALLYPORT_TRY(auto session, enter(job, actor, limits));
  return run_key_script(session, as_account(job, actor, kRemoveKey),
                        {base::base64(fresh.blob()), base::base64(old.blob())});
}

Attempt plain(const Attempted<>& attempted) { return attempted ? Attempt{Outcome::ok, {}} : attempted.error(); }

}  // namespace

Attempt SshConnector::apply(const Job& job, Route route) { return plain(apply_as(job, actor_of(job, route), limits_)); }

Attempt SshConnector::login(const Job& job, Credential credential) {
  const auto& secret = credential == Credential::pending ? job.pending_secret : job.current_secret;
  const auto session = enter(job, {job.login, job.kind, secret}, limits_);
  return session ? Attempt{Outcome::ok, {}} : session.error();
}

Attempt SshConnector::retire_old(const Job& job) { return plain(retire(job, limits_)); }

}  // namespace sallyport::rotation
