#include "sallyport/app/operation.hpp"

#include <algorithm>

#include "operation_fields.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

using namespace fields;  // NOLINT(google-build-using-namespace): this file is their one reader
using Id = OperationId;
constexpr std::size_t kMaxSegment = 256;

constexpr std::uint8_t kWeb = bit(PeerKind::web);
constexpr std::uint8_t kLocal = bit(PeerKind::operator_);
constexpr std::uint8_t kSsh = bit(PeerKind::ssh);
constexpr std::uint8_t kSession = bit(PeerKind::session);
constexpr std::uint8_t kRotator = bit(PeerKind::rotator);
constexpr std::uint8_t kPre = bit(Phase::pre_auth);
constexpr std::uint8_t kGranted = bit(Phase::granted);
constexpr std::uint8_t kAny = kAnyPhase;

constexpr auto kAdmin = Access::needs(Right::administer);
constexpr auto kAudit = Access::needs(Right::audit);
constexpr auto kSignedIn = Access::signed_in();
constexpr auto kOneself = Access::signed_in(Proof::password);

// clang-format off
constexpr auto kTable = std::to_array<Operation>({
  // id, name, method, path, summary, input, output, access, peers, phases, audits, while_sealed, argon2, streams
  {Id::health, "health", "GET", "/readyz", "Says whether the vault can serve.", kNothing, kHealthOut, Access::anyone(), kWeb | kLocal, kAny, "", true},
  {Id::status, "status", "", "", "Shows the vault's state to its operator.", kNothing, kStatusOut, Access::local_operator(), kLocal, kAny, "", true},
  {Id::unseal, "unseal", "", "", "Opens the vault with a slot's passphrase.", kUnsealIn, kHealthOut, Access::local_operator(), kLocal, kAny, "vault.unseal", true, true},
  {Id::seal, "seal", "", "", "Forgets the keys; ends all sessions.", kNothing, kHealthOut, Access::local_operator(), kLocal, kAny, "vault.seal"},
  {Id::user_bootstrap, "user.bootstrap", "", "", "Makes the first administrator; only while there is no user.", kBootstrapIn, kUserItem, Access::local_operator(), kLocal, kAny, "user.bootstrap", false, true},

  {Id::login, "auth.login", "POST", "/v1/login", "Signs in; gives a short-lived token.", kLoginIn, kLoginOut, Access::anyone(), kWeb, kAny, "auth.login", false, true},
  {Id::logout, "auth.logout", "POST", "/v1/logout", "Ends the token.", kNothing, kNothing, kOneself, kWeb, kAny, "auth.logout"},
  {Id::whoami, "auth.whoami", "GET", "/v1/whoami", "Says who the token stands for.", kNothing, kWhoamiOut, kOneself, kWeb, kAny, ""},
  {Id::otp_enroll, "otp.enroll", "POST", "/v1/otp/enroll", "Makes a new one-time code seed; in force once confirmed. Takes a code of the one before, if there is one.", kOtpEnrollIn, kOtpEnrollOut, kOneself, kWeb, kAny, "otp.enroll"},
  {Id::otp_confirm, "otp.confirm", "POST", "/v1/otp/confirm", "Confirms the seed by its first code; gives a token that counts the code.", kOtpConfirmIn, kLoginOut, kOneself, kWeb, kAny, "otp.confirm"},

  {Id::user_add, "user.add", "POST", "/v1/users", "Adds a user.", kUserAddIn, kUserItem, kAdmin, kWeb, kAny, "user.add", false, true},
  {Id::user_list, "user.list", "GET", "/v1/users", "Lists users.", kPageIn, kUserListOut, kAdmin, kWeb, kAny, ""},
  {Id::user_show, "user.show", "GET", "/v1/users/{name}", "Shows a user.", kNameIn, kUserItem, Access::self_or(Right::administer), kWeb, kAny, ""},
  {Id::user_set, "user.set", "PATCH", "/v1/users/{name}", "Changes a user.", kUserSetIn, kUserItem, kAdmin, kWeb, kAny, "user.set"},
  {Id::user_remove, "user.remove", "DELETE", "/v1/users/{name}", "Removes a user; ends his sessions and checkouts.", kNameIn, kNothing, kAdmin, kWeb, kAny, "user.remove"},
  {Id::user_password_set, "user.password.set", "PUT", "/v1/users/{name}/password", "Sets a password; ends the user's tokens.", kPasswordSetIn, kNothing, Access::self_or(Right::administer), kWeb, kAny, "user.password.set", false, true},
  {Id::user_key_add, "user.key.add", "POST", "/v1/users/{name}/keys", "Adds an SSH key to a user.", kKeyAddIn, kKeyItem, Access::self_or(Right::administer, Proof::fresh_otp), kWeb, kAny, "user.key.add"},
  {Id::user_key_list, "user.key.list", "GET", "/v1/users/{name}/keys", "Lists a user's SSH keys.", kNameIn, kKeyListOut, Access::self_or(Right::administer), kWeb, kAny, ""},
  {Id::user_key_remove, "user.key.remove", "DELETE", "/v1/users/{name}/keys/{fingerprint}", "Takes an SSH key away.", kKeyRemoveIn, kNothing, Access::self_or(Right::administer), kWeb, kAny, "user.key.remove"},

  {Id::role_add, "role.add", "POST", "/v1/roles", "Adds a role.", kRoleAddIn, kRoleItem, kAdmin, kWeb, kAny, "role.add"},
  {Id::role_list, "role.list", "GET", "/v1/roles", "Lists roles.", kPageIn, kRoleListOut, kAdmin, kWeb, kAny, ""},
  {Id::role_show, "role.show", "GET", "/v1/roles/{name}", "Shows a role.", kNameIn, kRoleItem, kAdmin, kWeb, kAny, ""},
  {Id::role_set, "role.set", "PATCH", "/v1/roles/{name}", "Changes a role.", kRoleSetIn, kRoleItem, kAdmin, kWeb, kAny, "role.set"},
  {Id::role_remove, "role.remove", "DELETE", "/v1/roles/{name}", "Removes a role.", kNameIn, kNothing, kAdmin, kWeb, kAny, "role.remove"},
  {Id::role_assign, "role.assign", "POST", "/v1/roles/{name}/members", "Gives a role to a user.", kRoleMemberIn, kNothing, kAdmin, kWeb, kAny, "role.assign"},
  {Id::role_unassign, "role.unassign", "DELETE", "/v1/roles/{name}/members/{user}", "Takes a role from a user.", kRoleMemberIn, kNothing, kAdmin, kWeb, kAny, "role.unassign"},

  {Id::target_add, "target.add", "POST", "/v1/targets", "Adds a target.", kTargetAddIn, kTargetItem, kAdmin, kWeb, kAny, "target.add"},
  {Id::target_list, "target.list", "GET", "/v1/targets", "Lists targets.", kPageIn, kTargetListOut, kAdmin, kWeb, kAny, ""},
  {Id::target_show, "target.show", "GET", "/v1/targets/{name}", "Shows a target.", kNameIn, kTargetItem, kAdmin, kWeb, kAny, ""},
  {Id::target_set, "target.set", "PATCH", "/v1/targets/{name}", "Changes a target.", kTargetSetIn, kTargetItem, kAdmin, kWeb, kAny, "target.set"},
  {Id::target_remove, "target.remove", "DELETE", "/v1/targets/{name}", "Removes a target that has no account.", kNameIn, kNothing, kAdmin, kWeb, kAny, "target.remove"},
  {Id::target_key_add, "target.key.add", "POST", "/v1/targets/{name}/host-keys", "Pins a host key.", kHostKeyAddIn, kTargetItem, kAdmin, kWeb, kAny, "target.key.add"},
  {Id::target_key_remove, "target.key.remove", "DELETE", "/v1/targets/{name}/host-keys/{fingerprint}", "Unpins a host key.", kKeyRemoveIn, kTargetItem, kAdmin, kWeb, kAny, "target.key.remove"},

  {Id::account_add, "account.add", "POST", "/v1/accounts", "Adds an account on a target, with its secret.", kAccountAddIn, kAccountItem, kAdmin, kWeb, kAny, "account.add"},
  {Id::account_list, "account.list", "GET", "/v1/accounts", "Lists the accounts that are open to the caller; all of them for an administrator.", kPageIn, kAccountListOut, kSignedIn, kWeb, kAny, ""},
  {Id::account_show, "account.show", "GET", "/v1/accounts/{account}", "Shows an account that is open to the caller.", kAccountIn, kAccountItem, kSignedIn, kWeb, kAny, ""},
  {Id::account_set, "account.set", "PATCH", "/v1/accounts/{account}", "Changes an account.", kAccountSetIn, kAccountItem, kAdmin, kWeb, kAny, "account.set"},
  {Id::account_remove, "account.remove", "DELETE", "/v1/accounts/{account}", "Removes an account that is not lent.", kAccountIn, kNothing, kAdmin, kWeb, kAny, "account.remove"},
  {Id::account_secret_set, "account.secret.set", "PUT", "/v1/accounts/{account}/secret", "Stores a new secret; the one before stays in the history.", kAccountSecretIn, kAccountItem, kAdmin, kWeb, kAny, "account.secret.set"},

  {Id::checkout_create, "checkout.create", "POST", "/v1/checkouts", "Lends an account to the caller.", kCheckoutIn, kCheckoutItem, Access::on_account(Right::checkout, Proof::fresh_otp), kWeb, kAny, "checkout.create"},
  {Id::checkout_list, "checkout.list", "GET", "/v1/checkouts", "Lists checkouts: the caller's own; all of them for an auditor.", kCheckoutListIn, kCheckoutListOut, kSignedIn, kWeb, kAny, ""},
  {Id::checkout_show, "checkout.show", "GET", "/v1/checkouts/{id}", "Shows a checkout of the caller, or any to an auditor.", kIdIn, kCheckoutItem, kSignedIn, kWeb, kAny, ""},
  {Id::checkin, "checkin", "POST", "/v1/checkouts/{id}/checkin", "Gives an account back; ends its sessions. An administrator revokes another's.", kIdIn, kCheckinOut, kSignedIn, kWeb, kAny, "checkin"},
  {Id::reveal, "reveal", "POST", "/v1/checkouts/{id}/reveal", "Shows the secret of a checkout of the caller.", kIdIn, kRevealOut, Access::on_account(Right::reveal), kWeb, kAny, "reveal"},
  {Id::rotate, "rotate", "POST", "/v1/accounts/{account}/rotate", "Queues a rotation of the secret.", kAccountIn, kRotateOut, Access::on_account(Right::rotate), kWeb, kAny, "rotate"},
  {Id::rotation_list, "rotation.list", "GET", "/v1/rotations", "Lists rotations.", kRotationListIn, kRotationListOut, kAdmin, kWeb, kAny, ""},
  {Id::rotation_show, "rotation.show", "GET", "/v1/rotations/{id}", "Shows a rotation.", kIdIn, kRotationItem, kAdmin, kWeb, kAny, ""},

  {Id::session_list, "session.list", "GET", "/v1/sessions", "Lists sessions.", kSessionListIn, kSessionListOut, kAudit, kWeb, kAny, ""},
  {Id::session_show, "session.show", "GET", "/v1/sessions/{id}", "Shows a session.", kIdIn, kSessionItem, kAudit, kWeb, kAny, ""},
  {Id::session_terminate, "session.terminate", "POST", "/v1/sessions/{id}/terminate", "Ends a live session.", kSessionEndIn, kSessionItem, kAudit, kWeb, kAny, "session.terminate"},
  {Id::session_freeze, "session.freeze", "POST", "/v1/sessions/{id}/freeze", "Holds a live session's input back.", kSessionFreezeIn, kSessionItem, kAudit, kWeb, kAny, "session.freeze"},
  {Id::session_thaw, "session.thaw", "POST", "/v1/sessions/{id}/thaw", "Lets a frozen session go on.", kIdIn, kSessionItem, kAudit, kWeb, kAny, "session.thaw"},
  {Id::recording_list, "recording.list", "GET", "/v1/recordings", "Lists recordings: sessions with the state of their file.", kSessionListIn, kSessionListOut, kAudit, kWeb, kAny, ""},
  {Id::recording_show, "recording.show", "GET", "/v1/recordings/{id}", "Shows a recording.", kIdIn, kSessionItem, kAudit, kWeb, kAny, ""},
  {Id::recording_open, "recording.open", "POST", "/v1/recordings/{id}/open", "Gives what opens and verifies a recording.", kRecordingOpenIn, kRecordingOpenOut, kAudit, kWeb, kAny, "recording.open"},
  {Id::recording_content, "recording.content", "GET", "/v1/recordings/{id}/content", "Gives the recording's file, still sealed.", kIdIn, kRecordingContentOut, kAudit, kWeb, kAny, "recording.content", false, false, true},
  {Id::audit_list, "audit.list", "GET", "/v1/audit", "Lists audit events.", kAuditListIn, kAuditListOut, kAudit, kWeb | kLocal, kAny, ""},
  {Id::audit_export, "audit.export", "GET", "/v1/audit/export", "Gives the audit log as a file, piece by piece.", kAuditExportIn, kAuditExportOut, kAudit, kWeb | kLocal, kAny, "audit.export"},
  {Id::audit_verify, "audit.verify", "POST", "/v1/audit/verify", "Verifies the audit log in the store.", kNothing, kAuditVerifyOut, kAudit, kWeb | kLocal, kAny, "audit.verify"},
  {Id::audit_acknowledge, "audit.acknowledge", "", "", "Says that a suspected rollback was looked at; ends its warning.", kAcknowledgeIn, kAcknowledgeOut, Access::local_operator(), kLocal, kAny, "audit.acknowledge"},

  {Id::ssh_listen, "ssh.listen", "", "", "Makes this connection the one that dials.", kNothing, kNothing, Access::internal(), kSsh, kAny, "", true},
  {Id::session_register, "session.register", "", "", "Turns this connection into that of one SSH session.", kRegisterIn, kRegisterOut, Access::internal(), kSsh, kAny, ""},
  {Id::dial_failed, "dial.failed", "", "", "Says that a target could not be reached, or a recording not be opened.", kDialFailedIn, kNothing, Access::internal(), kSsh, kAny, "session.dial_failed"},
  {Id::auth_begin, "auth.begin", "", "", "Says where an SSH client wants to go, or what the session refused by itself.", kAuthBeginIn, kAuthNextOut, Access::internal(), kSession, kPre, ""},
  {Id::auth_key, "auth.key", "", "", "Asks whether a public key would do.", kAuthKeyIn, kAuthNextOut, Access::internal(), kSession, kPre, ""},
  {Id::auth_key_proven, "auth.key_proven", "", "", "Says that the client signed with this key.", kAuthKeyProvenIn, kAuthNextOut, Access::internal(), kSession, kPre, "ssh.key"},
  {Id::auth_password, "auth.password", "", "", "Checks a password.", kAuthPasswordIn, kAuthNextOut, Access::internal(), kSession, kPre, "ssh.password", false, true},
  {Id::auth_otp, "auth.otp", "", "", "Checks a one-time code.", kAuthOtpIn, kAuthNextOut, Access::internal(), kSession, kPre, "ssh.otp"},
  {Id::auth_grant, "auth.grant", "", "", "Asks for the session, once the proofs are there.", kNothing, kGrantOut, Access::internal(), kSession, kPre, "session.start"},
  {Id::session_channel, "session.channel", "", "", "Asks whether a channel may start; writes it down.", kSessionChannelIn, kNothing, Access::internal(), kSession, kGranted, "session.channel"},
  {Id::session_event, "session.event", "", "", "Puts what happened in a session into the audit log.", kSessionEventIn, kNothing, Access::internal(), kSession, kGranted, "session.event"},
  {Id::session_checkpoint, "session.checkpoint", "", "", "Signs the recording's chain so far.", kCheckpointIn, kCheckpointOut, Access::internal(), kSession, kGranted, "session.checkpoint"},
  {Id::recording_begin, "recording.begin", "", "", "Says that the session's recording has begun; asks for the credential.", kNothing, kRecordingBeginOut, Access::internal(), kSession, kGranted, "recording.begin"},
  {Id::session_close, "session.close", "", "", "Ends the session and its recording.", kSessionCloseIn, kNothing, Access::internal(), kSession, kGranted, "session.end"},
  {Id::rotation_next, "rotation.next", "", "", "Asks for the next rotation that is due.", kNothing, kRotationJobOut, Access::internal(), kRotator, kAny, "rotation.start"},
  {Id::rotation_record, "rotation.record", "", "", "Makes a step of a rotation durable.", kRotationRecordIn, kNothing, Access::internal(), kRotator, kAny, "rotation.step"},

  {Id::push_dial, "push.dial", "", "", "To the listener: dial this target for that connection.", kDialPush, kNothing, Access::push(), 0, 0, ""},
  {Id::push_freeze, "push.freeze", "", "", "To a session: hold input back.", kFreezePush, kNothing, Access::push(), 0, 0, ""},
  {Id::push_thaw, "push.thaw", "", "", "To a session: go on.", kNothing, kNothing, Access::push(), 0, 0, ""},
  {Id::push_end, "push.end", "", "", "To a session: end now.", kEndPush, kNothing, Access::push(), 0, 0, ""},
  {Id::push_channels, "push.channels", "", "", "To a session: what its channels may be from now on.", kChannelsPush, kNothing, Access::push(), 0, 0, ""},
  {Id::push_over, "push.over", "", "", "To the listener: what is left of that connection's process is ended.", kOverPush, kNothing, Access::push(), 0, 0, ""},
  {Id::push_rotation_work, "push.rotation_work", "", "", "To the rotator: ask rotation.next.", kNothing, kNothing, Access::push(), 0, 0, ""},
});
// clang-format on

constexpr std::size_t kIdBound = 256;
constexpr auto kIndex = [] {
  std::array<std::uint8_t, kIdBound> index{};
  for (std::size_t i = 0; i < kTable.size(); ++i)
    index[static_cast<std::size_t>(kTable[i].id)] = static_cast<std::uint8_t>(i + 1);
  return index;
}();

/// %XX decoded once; an encoded or plain control character, '/' left over, or a bad escape is no match.
std::optional<std::string> decode_segment(std::string_view segment) {
  const auto nibble = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char c = segment[i];
    if (c == '%') {
      if (segment.size() - i < 3 || nibble(segment[i + 1]) < 0 || nibble(segment[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(nibble(segment[i + 1]) * 16 + nibble(segment[i + 2]));
      i += 2;
    }
    out.push_back(c);
  }
  if (out.empty() || !base::is_plain_text(out, kMaxSegment)) return std::nullopt;
  return out;
}

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);  // the '/'
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

bool match_path(std::string_view pattern, std::string_view path, Parameters& parameters) {
  while (!pattern.empty() && !path.empty() && path.front() == '/') {
    const auto wanted = take_segment(pattern);
    const auto given = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return false;
      continue;
    }
    auto text = decode_segment(given);
    if (!text) return false;
    parameters.emplace_back(wanted.substr(1, wanted.size() - 2), std::move(*text));
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Operation> operations() { return kTable; }

const Operation* find_operation(OperationId id) { return find_operation(static_cast<std::uint16_t>(id)); }

const Operation* find_operation(std::uint16_t id) {
  return id < kIdBound && kIndex[id] != 0 ? &kTable[kIndex[id] - 1U] : nullptr;
}

const Operation* find_operation(std::string_view name) {
  const auto* found = std::ranges::find(kTable, name, &Operation::name);
  return found == kTable.end() ? nullptr : found;
}

std::optional<Route> find_route(std::string_view method, std::string_view path) {
  bool known_path = false;
  for (const auto& operation : kTable) {
    Parameters parameters;
    if (operation.path.empty() || !match_path(operation.path, path, parameters)) continue;
    if (operation.method == method) return Route{&operation, std::move(parameters)};
    known_path = true;
  }
  if (!known_path) return std::nullopt;
  return Route{nullptr, {}};
}

bool may_ask(const Peer& peer, const Operation& operation) {
  if ((operation.peers & bit(peer.kind)) == 0) return false;
  return peer.kind != PeerKind::session || (operation.phases & bit(peer.phase)) != 0;
}

Fields envelope_fields() { return kEnvelope; }

}  // namespace sallyport::app
