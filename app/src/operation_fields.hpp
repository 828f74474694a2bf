#pragma once
// The schemas of the operation table, by noun. operation.cpp includes this, and who adds to a row. Longer than 400
// lines because it is one table, read from top to bottom, a row for each field of each operation: cutting it would part
// operations from the fields that they share.
#include <array>

#include "sallyport/app/record.hpp"

namespace sallyport::app::fields {

inline constexpr std::uint32_t kName = 64;      // base::kMaxName
inline constexpr std::uint32_t kAccount = 129;  // name@name
inline constexpr std::uint32_t kId = 16;        // base::Id
inline constexpr std::uint32_t kReason = 512;
inline constexpr std::uint32_t kSecret = 16U << 10U;
inline constexpr std::uint32_t kPassword = 1024;
inline constexpr std::uint32_t kLabels = 2200;
inline constexpr std::uint32_t kPage = 200;  // rows in one answer
inline constexpr std::uint32_t kKeyLine = 8192;
inline constexpr std::uint32_t kWord = 32;
// What sums up rows is cut to its bound, with a word that says so (listing.hpp).
inline constexpr std::uint32_t kRolesOf = 64 * (kName + 1);  // access::kMaxRolesOfPerson of the longest names
inline constexpr std::uint32_t kMembers = 8192;

constexpr Field must(std::string_view name, FieldType type, std::uint32_t max, std::string_view doc, Fields item = {}) {
  return {name, type, max, true, doc, item};
}
constexpr Field may(std::string_view name, FieldType type, std::uint32_t max, std::string_view doc, Fields item = {}) {
  return {name, type, max, false, doc, item};
}
using enum FieldType;

inline constexpr Field kByName = must("name", text, kName, "its name");
inline constexpr Field kById = must("id", text, kId, "its id");
inline constexpr Field kByAccount = must("account", text, kAccount, "the account, as account@target");
inline constexpr Field kAfter = may("after", text, 256, "the last item of the page before");
inline constexpr Field kLimit = may("limit", number, kPage, "items in the answer, at most 200");
inline constexpr Field kNext = may("next", text, 256, "pass it as after for the next page; absent on the last");
inline constexpr Field kOtp = must("otp", secret, 64, "a one-time code, six digits");
// For what gives another person a proof.
inline constexpr Field kAdminOtp =
    may("otp", secret, 64, "your one-time code; needed unless you gave one in the last 5 minutes");

inline constexpr Fields kNothing{};

inline constexpr auto kEnvelope = std::to_array<Field>({
    may("token", secret, 128, "the bearer token"),
    must("source", text, 64, "the client's address"),
    must("request_id", text, 32, "what the client is shown"),
});

// The service.
inline constexpr auto kHealthOut = std::to_array<Field>({
    must("state", text, kWord, "sealed or unsealed"),
    must("writable", flag, 0, "the store and the audit log take writes"),
});
inline constexpr auto kStatusOut = std::to_array<Field>({
    must("state", text, kWord, "sealed or unsealed"),
    must("writable", flag, 0, "the store and the audit log take writes"),
    must("dev", flag, 0, "development mode: the vault opens itself"),
    may("vault_id", text, 64, "which vault this is"),
    may("sessions", number, 0, "live SSH sessions"),
    may("checkouts", number, 0, "active checkouts"),
    may("audit_size", number, 0, "entries of the audit log"),
    may("audit_key", text, 400, "the audit log's verifier key"),
    may("users", flag, 0, "there is at least one user"),
    may("warning", text, 512, "what the operator should look at"),
});
inline constexpr auto kUnsealIn = std::to_array<Field>({must("passphrase", secret, kPassword, "a slot's passphrase")});
inline constexpr auto kBootstrapIn =
    std::to_array<Field>({kByName, must("password", secret, kPassword, "the first administrator's password")});

// Signing in.
inline constexpr auto kLoginIn = std::to_array<Field>({
    must("user", text, kName, "the user's name"),
    must("password", secret, kPassword, "his password"),
    may("otp", secret, 64, "a one-time code; left out only before one is enrolled"),
});
inline constexpr auto kLoginOut = std::to_array<Field>({
    must("token", secret, 128, "the bearer token"),
    must("user", text, kName, "who is signed in"),
    must("expires", number, 0, "when the token ends, Unix milliseconds"),
    must("otp_proven", flag, 0, "false: only otp.enroll and otp.confirm are open"),
});
inline constexpr auto kWhoamiOut = std::to_array<Field>({
    must("user", text, kName, "who is signed in"),
    must("id", text, kId, "the user's id"),
    must("expires", number, 0, "when the token ends, Unix milliseconds"),
    must("otp_proven", flag, 0, "the token was got with a one-time code"),
    must("otp_enrolled", flag, 0, "a one-time code generator is enrolled"),
    must("roles", words, kRolesOf, "names of roles; the last word may be: and N more"),
    may("role_count", number, 0, "how many roles there are"),
});
inline constexpr auto kOtpEnrollIn =
    std::to_array<Field>({may("otp", secret, 64, "a one-time code of the present generator; needed to replace it")});
inline constexpr auto kOtpEnrollOut = std::to_array<Field>({
    must("uri", secret, 512, "otpauth URI for the authenticator"),
    must("secret", secret, 64, "the same seed in base32, for typing in"),
});
inline constexpr auto kOtpConfirmIn = std::to_array<Field>({kOtp});

// People.
inline constexpr auto kUserItem = std::to_array<Field>({
    must("name", text, kName, "the user's name"),
    must("id", text, kId, "his id"),
    must("display_name", text, 128, "for people"),
    must("enabled", flag, 0, "may sign in"),
    must("password", flag, 0, "has a password"),
    must("otp", flag, 0, "has a confirmed one-time code generator"),
    must("keys", number, 0, "how many SSH keys"),
    must("roles", words, kRolesOf, "names of roles; the last word may be: and N more"),
    may("role_count", number, 0, "how many roles there are"),
    must("created", number, 0, "Unix milliseconds"),
});
inline constexpr auto kUserListOut = std::to_array<Field>({must("users", list, kPage, "by name", kUserItem), kNext});
inline constexpr auto kUserAddIn =
    std::to_array<Field>({kByName, may("display_name", text, 128, "for people"),
                          may("password", secret, kPassword, "a first password"), kAdminOtp});
inline constexpr auto kUserSetIn =
    std::to_array<Field>({kByName, may("display_name", text, 128, "for people"),
                          may("enabled", flag, 0, "false ends his sessions and tokens at once"),
                          may("reset_otp", flag, 0, "takes his one-time code generator away"), kAdminOtp});
inline constexpr auto kPasswordSetIn =
    std::to_array<Field>({kByName, must("password", secret, kPassword, "the new password"),
                          may("current", secret, kPassword, "the present one; needed for one's own"), kAdminOtp});
inline constexpr auto kKeyAddIn =
    std::to_array<Field>({kByName, must("key", text, kKeyLine, "one line of an OpenSSH .pub file"),
                          may("otp", secret, 64,
                              "your one-time code; needed for one's own keys, and for another's unless you gave one in "
                              "the last 5 minutes")});
inline constexpr auto kKeyItem = std::to_array<Field>({
    must("fingerprint", text, 128, "SHA256:..., as ssh-keygen -l shows it"),
    must("type", text, kWord, "ssh-ed25519 ..."),
    may("comment", text, 512, "from the key's line"),
});
inline constexpr auto kKeyListOut = std::to_array<Field>({must("keys", list, 64, "his SSH keys", kKeyItem)});
inline constexpr auto kKeyRemoveIn =
    std::to_array<Field>({kByName, must("fingerprint", text, 128, "SHA256:..., as ssh-keygen -l shows it")});
inline constexpr auto kNameIn = std::to_array<Field>({kByName});
inline constexpr auto kPageIn = std::to_array<Field>({kAfter, kLimit});
inline constexpr auto kIdIn = std::to_array<Field>({kById});
inline constexpr auto kAccountIn = std::to_array<Field>({kByAccount});

// Roles.
inline constexpr auto kRoleItem = std::to_array<Field>({
    must("name", text, kName, "the role's name"),
    must("actions", words, 128, "of session, checkout, reveal, rotate, audit, administer"),
    must("labels", text, kLabels, "accounts it opens: * or all of these labels, env=prod,team=db"),
    must("channels", words, 128, "of shell, exec, sftp, scp"),
    must("members", words, kMembers, "names of users; the last word may be: and N more"),
    may("member_count", number, 0, "how many users have it"),
});
inline constexpr auto kRoleListOut = std::to_array<Field>({must("roles", list, kPage, "by name", kRoleItem), kNext});
inline constexpr auto kRoleAddIn = std::to_array<Field>(
    {kByName, must("actions", words, 128, "of session, checkout, reveal, rotate, audit, administer; with commas"),
     may("labels", text, kLabels,
         "accounts it opens: * for all, or those with all of these labels; not needed for audit and administer"),
     may("channels", words, 128, "of shell, exec, sftp, scp; default all")});
inline constexpr auto kRoleSetIn =
    std::to_array<Field>({kByName, may("actions", words, 128, "replaces them"),
                          may("labels", text, kLabels, "replaces them"), may("channels", words, 128, "replaces them")});
inline constexpr auto kRoleMemberIn = std::to_array<Field>({kByName, must("user", text, kName, "the user")});

// Targets and accounts.
inline constexpr auto kHostKeyItem = std::to_array<Field>(
    {must("fingerprint", text, 128, "SHA256:..."), must("key", text, kKeyLine, "type and base64")});
inline constexpr auto kTargetItem = std::to_array<Field>({
    must("name", text, kName, "the target's name"),
    must("id", text, kId, "its id"),
    must("host", text, 255, "DNS name or address"),
    must("port", number, 65535, "TCP port"),
    must("labels", text, kLabels, "env=prod,team=db"),
    must("host_keys", list, 16, "pinned host keys", kHostKeyItem),
    must("created", number, 0, "Unix milliseconds"),
});
inline constexpr auto kTargetListOut =
    std::to_array<Field>({must("targets", list, kPage, "by name", kTargetItem), kNext});
inline constexpr auto kTargetAddIn = std::to_array<Field>(
    {kByName, must("host", text, 255, "DNS name or address"), may("port", number, 65535, "TCP port, default 22"),
     may("labels", text, kLabels, "env=prod,team=db"),
     may("host_key", text, kKeyLine, "a host key to pin: one line of ssh_host_*_key.pub or ssh-keyscan")});
inline constexpr auto kTargetSetIn =
    std::to_array<Field>({kByName, may("host", text, 255, "DNS name or address"),
                          may("port", number, 65535, "TCP port"), may("labels", text, kLabels, "replaces them")});
inline constexpr auto kHostKeyAddIn = std::to_array<Field>(
    {kByName, must("key", text, kKeyLine, "a host key to pin: one line of ssh_host_*_key.pub or ssh-keyscan")});

inline constexpr auto kAccountItem = std::to_array<Field>({
    must("account", text, kAccount, "account@target"),
    must("id", text, kId, "its id"),
    must("login", text, kName, "the name on the target"),
    must("kind", text, kWord, "unix_password or ssh_key"),
    must("labels", text, kLabels, "its own"),
    must("all_labels", text, 2 * kLabels, "with its target's: what roles select by"),
    must("exclusive", flag, 0, "one checkout at a time"),
    must("longest_seconds", number, 0, "of one checkout"),
    must("rotate_after_reveal", flag, 0, "at check-in of a checkout whose value was seen"),
    must("rotation_seconds", number, 0, "by schedule; 0 is never"),
    must("code_reuse_seconds", number, 0, "how long a code given at sign-in counts for a checkout"),
    may("reconcile", text, kAccount, "the account that may set this one's secret"),
    may("version", number, 0, "of the secret that is current"),
    must("rotating", flag, 0, "a rotation is under way"),
    must("created", number, 0, "Unix milliseconds"),
});
inline constexpr auto kAccountListOut =
    std::to_array<Field>({must("accounts", list, kPage, "by target and name", kAccountItem), kNext});
inline constexpr auto kAccountAddIn = std::to_array<Field>(
    {kByAccount, must("kind", text, kWord, "unix_password or ssh_key"),
     may("secret", secret, kSecret, "the password, or the private key in OpenSSH's format"),
     may("login", text, kName, "the name on the target, if it is another"),
     may("labels", text, kLabels, "env=prod,team=db"),
     may("exclusive", flag, 0, "one checkout at a time; default true"),
     may("longest_seconds", number, 0, "of one checkout; default 8 hours"),
     may("rotate_after_reveal", flag, 0, "default true"),
     may("rotation_seconds", number, 0, "by schedule; default never"),
     may("code_reuse_seconds", number, 900,
         "how long a code given at sign-in counts for checkouts, up to 60 for one only; default 60"),
     may("reconcile", text, kAccount, "the account that may set this one's secret")});
inline constexpr auto kAccountSetIn = std::to_array<Field>(
    {kByAccount, may("login", text, kName, "the name on the target"), may("labels", text, kLabels, "replaces them"),
     may("exclusive", flag, 0, "one checkout at a time"), may("longest_seconds", number, 0, "of one checkout"),
     may("rotate_after_reveal", flag, 0, "at check-in of a checkout whose value was seen"),
     may("rotation_seconds", number, 0, "by schedule; 0 is never"),
     may("code_reuse_seconds", number, 900,
         "how long a code given at sign-in counts for checkouts, up to 60 for one only; 0: each takes its own"),
     may("reconcile", text, kAccount, "account@target; empty takes it away")});
inline constexpr auto kAccountSecretIn = std::to_array<Field>(
    {kByAccount, must("secret", secret, kSecret, "the password, or the private key in OpenSSH's format")});

// Checkouts.
inline constexpr auto kCheckoutItem = std::to_array<Field>({
    must("id", text, kId, "the checkout's id"),
    must("account", text, kAccount, "account@target"),
    must("user", text, kName, "who has it"),
    must("state", text, kWord, "active, checked_in, expired or revoked"),
    must("reason", text, kReason, "why"),
    must("source", text, 64, "asked from"),
    must("revealed", flag, 0, "its value was seen"),
    must("made", number, 0, "Unix milliseconds"),
    must("seconds_left", number, 0, "by the vault's own clock"),
    may("ended", number, 0, "Unix milliseconds"),
});
inline constexpr auto kCheckoutListOut =
    std::to_array<Field>({must("checkouts", list, kPage, "newest first", kCheckoutItem), kNext});
inline constexpr auto kCheckoutIn = std::to_array<Field>(
    {kByAccount, must("reason", text, kReason, "why; shown to auditors"),
     may("seconds", number, 7 * 86400, "how long; default 1 hour"),
     may("otp", secret, 64,
         "a one-time code, six digits; needed unless the account's code_reuse_seconds lets the sign-in's count")});
inline constexpr auto kCheckoutListIn = std::to_array<Field>(
    {may("all", flag, 0, "of all users; needs the action audit"), may("active", flag, 0, "only those that live"),
     may("account", text, kAccount, "of one account"), kAfter, kLimit});
inline constexpr auto kCheckinOut = std::to_array<Field>(
    {must("id", text, kId, "the checkout's id"), must("state", text, kWord, "checked_in or revoked"),
     must("rotation", flag, 0, "a rotation of the secret was queued")});
inline constexpr auto kRevealOut = std::to_array<Field>(
    {must("account", text, kAccount, "account@target"), must("login", text, kName, "the name on the target"),
     must("kind", text, kWord, "unix_password or ssh_key"), must("secret", secret, kSecret, "the value")});

// Rotation.
inline constexpr auto kRotateOut =
    std::to_array<Field>({kByAccount, must("queued", flag, 0, "it starts as soon as it may")});
inline constexpr auto kRotationItem = std::to_array<Field>({
    must("id", text, kId, "the rotation's id"),
    must("account", text, kAccount, "account@target"),
    must("cause", text, kWord, "schedule, demand or checkin"),
    must("state", text, kWord, "of the journal"),
    must("outcome", text, kWord, "of the last step"),
    must("detail", text, 1024, "a sentence"),
    must("waits", text, kWord, "none, retry or blocked"),
    must("version", number, 0, "of the secret that is to become current"),
    must("started", number, 0, "Unix milliseconds"),
    may("finished", number, 0, "Unix milliseconds"),
});
inline constexpr auto kRotationListIn =
    std::to_array<Field>({may("account", text, kAccount, "of one account"), kAfter, kLimit});
inline constexpr auto kRotationListOut =
    std::to_array<Field>({must("rotations", list, kPage, "newest first", kRotationItem), kNext});

// Sessions and recordings.
inline constexpr auto kSessionItem = std::to_array<Field>({
    must("id", text, kId, "the session's id"),
    must("user", text, kName, "who"),
    must("account", text, kAccount, "account@target"),
    may("checkout", text, kId, "under which checkout"),
    must("source", text, 64, "from where"),
    must("how", text, 64, "the proofs: publickey,otp"),
    must("live", flag, 0, "it has not ended"),
    must("frozen", flag, 0, "its input is held back"),
    must("started", number, 0, "Unix milliseconds"),
    may("ended", number, 0, "Unix milliseconds"),
    must("end_reason", text, 256, "empty while it lives"),
    must("recording", text, kWord, "recording, complete, gap, truncated, missing, or none: refused before it began"),
    may("bytes", number, 0, "of the recording that has an end; of a cut one its file says it"),
    may("duration_ms", number, 0, "likewise; of a session that lives, since its start"),
    may("reason", text, kReason, "of its checkout"),
    may("channels", words, 128, "what was opened in it: shell, exec, sftp, scp"),
});
inline constexpr Field kSince = may("since", number, 0, "from then on, Unix milliseconds");
inline constexpr Field kUntil = may("until", number, 0, "before then, Unix milliseconds");
inline constexpr auto kSessionListIn = std::to_array<Field>(
    {may("live", flag, 0, "only those that live"), may("user", text, kName, "of one user"),
     may("account", text, kAccount, "of one account"), may("target", text, kName, "on one target"),
     may("source", text, 64, "from one address"), may("reason", text, kReason, "found in the reason of the checkout"),
     may("recording", text, kWord, "in this state: complete, truncated ..."), kSince, kUntil, kAfter, kLimit});
inline constexpr auto kSessionListOut =
    std::to_array<Field>({must("sessions", list, kPage, "newest first", kSessionItem), kNext,
                          may("total", number, 0, "how many there are in all")});
inline constexpr auto kSessionEndIn = std::to_array<Field>({kById, may("reason", text, 256, "told to the user")});
inline constexpr auto kRecordingOpenIn = std::to_array<Field>(
    {kById, may("purpose", text, kWord, "what for, for the audit log: play, export, verify, ...")});
inline constexpr auto kSessionFreezeIn = std::to_array<Field>({kById, may("reason", text, 256, "told to the user")});
inline constexpr auto kRecordingOpenOut = std::to_array<Field>({
    must("id", text, kId, "the session's id"),
    must("file", text, 64, "name below the recordings directory"),
    must("data_key", secret_bytes, 32, "opens the container"),
    must("live", flag, 0, "the session has not ended"),
    must("recording", text, kWord, "what the vault knows of the file"),
    must("signer", bytes, 32, "Ed25519 public key of the checkpoints"),
    may("checkpoint_sequence", number, 0, "of the last checkpoint that the vault signed"),
    may("checkpoint_hash", bytes, 32, "of the chunk there"),
    may("end_sequence", number, 0, "of END, from the close"),
    may("end_hash", bytes, 32, "of END"),
});
inline constexpr auto kRecordingContentOut =
    std::to_array<Field>({must("file", text, 64, "name below the recordings directory")});

// Audit.
inline constexpr auto kAuditItem = std::to_array<Field>({
    must("index", number, 0, "place in the log"),
    must("at", number, 0, "Unix milliseconds"),
    must("actor", text, 256, "who"),
    must("action", text, 64, "the operation"),
    must("object", text, 512, "on what"),
    must("source", text, 256, "from where"),
    must("rule", text, 512, "why it was allowed or refused"),
    must("request_id", text, 128, "of the request"),
    must("outcome", text, kWord, "ok, denied or failed"),
    must("detail", text, 2048, "a sentence"),
});
inline constexpr auto kAuditListIn = std::to_array<Field>(
    {may("after", number, 0, "entries from this index on; absent: the newest"),
     may("before", number, 0, "the newest before this index"),
     may("actor", text, 256, "of one person or process: alice"),
     may("action", text, 64, "of one operation, or of all that begin so: checkout"),
     may("object", text, 512, "found in what it was about"),
     may("target", text, kName, "about one target and its accounts"), may("source", text, 256, "from one address"),
     may("reason", text, 512, "found in rule or detail"), may("outcome", text, kWord, "ok, denied or failed"), kSince,
     kUntil, kLimit});
inline constexpr auto kAuditListOut = std::to_array<Field>(
    {must("events", list, kPage, "in the log's order", kAuditItem), must("size", number, 0, "entries in the log"),
     may("total", number, 0, "how many there are in all, where they were not searched"),
     may("next", number, 0,
         "where to go on: as after if that was given, else as before; absent when all was looked at")});
inline constexpr auto kAuditExportIn =
    std::to_array<Field>({may("export", number, 0, "from the first answer; absent: a new export"),
                          may("offset", number, 0, "where to go on, default 0")});
inline constexpr auto kAuditExportOut = std::to_array<Field>(
    {must("export", number, 0, "pass it for the next piece"), must("size", number, 0, "entries in the whole file"),
     must("data", bytes, 256U << 10U, "this piece of the log file (docs/audit_log.md)"),
     may("next", number, 0, "pass it as offset for the next piece; absent after the last"),
     must("key", text, 400, "the log's verifier key")});
inline constexpr auto kAuditVerifyOut =
    std::to_array<Field>({must("ok", flag, 0, "intact, and no rollback is suspected"),
                          must("entries", number, 0, "verified"), must("checkpoints", number, 0, "verified"),
                          must("root", text, 64, "Merkle root, hex"), must("key", text, 400, "the log's verifier key"),
                          may("problem", text, 1024, "what is wrong, with the first bad entry")});
inline constexpr auto kAcknowledgeIn =
    std::to_array<Field>({must("reason", text, kReason, "what was found; for the audit log")});
inline constexpr auto kAcknowledgeOut = std::to_array<Field>({must("warning", text, 512, "what was acknowledged")});

// Between our own processes.
inline constexpr auto kRegisterIn = std::to_array<Field>(
    {must("source", text, 64, "the client's address"), must("port", number, 65535, "the client's port")});
inline constexpr auto kRegisterOut =
    std::to_array<Field>({must("connection", number, 0, "names this connection in dial")});
inline constexpr auto kDialFailedIn = std::to_array<Field>(
    {must("session", text, kId, "whose dial"), must("reason", text, 512, "why it could not be done")});
inline constexpr Field kWritten = may("written", bytes, 256, "the login name as the client wrote it");
inline constexpr auto kAuthBeginIn =
    std::to_array<Field>({may("user", text, kName, "absent: the offered key says who"),
                          may("account", text, kName, "on the target"), may("target", text, kName, "the target"),
                          may("refused", text, kWord, "nothing begins: key_type, size or second_name"), kWritten});
inline constexpr auto kAuthNextOut = std::to_array<Field>({
    must("accepted", flag, 0, "this proof was good"),
    must("next", text, kWord, "first (a key or a password), otp, grant or end"),
    may("message", text, 256, "for the person"),
});
inline constexpr auto kAuthKeyIn = std::to_array<Field>({must("key", bytes, 4096, "public key blob, RFC 4253")});
inline constexpr auto kAuthKeyProvenIn =
    std::to_array<Field>({must("key", bytes, 4096, "public key blob, RFC 4253"), kWritten});
inline constexpr auto kAuthPasswordIn =
    std::to_array<Field>({must("password", secret, kPassword, "as it was typed"), kWritten});
inline constexpr auto kAuthOtpIn = std::to_array<Field>({kOtp, kWritten});
inline constexpr auto kPinItem = std::to_array<Field>({must("key", bytes, 4096, "host key blob, RFC 4253")});
inline constexpr auto kGrantOut = std::to_array<Field>({
    must("session", text, kId, "the session's id"),
    must("user", text, kName, "who he turned out to be"),
    must("account", text, kAccount, "account@target"),
    must("login", text, kName, "the name to sign in as on the target"),
    must("host_keys", list, 16, "one of these or nothing is sent", kPinItem),
    must("channels", text, 128, "of shell, exec, sftp, scp; all else is refused"),
    must("source", text, 64, "for the recording's meta"),
    must("reason", text, kReason, "of the checkout"),
    must("checkout", text, kId, "under which it lives"),
    must("file", text, 64, "the recording's name; the listener opens it"),
    must("data_key", secret_bytes, 32, "of the recording"),
    must("wrapped_key", bytes, 512, "the same, wrapped by the vault, for the recording's header"),
    must("ends_in_ms", number, 0, "when the checkout runs out; the vault says end by itself"),
});
inline constexpr auto kRecordingBeginOut =
    std::to_array<Field>({must("kind", text, kWord, "of the credential: unix_password or ssh_key"),
                          must("credential", secret, kSecret, "the password, or the private key")});
inline constexpr auto kSessionChannelIn = std::to_array<Field>({
    must("channel", number, 0xffffffffU, "its number in the recording"),
    must("kind", text, kWord, "shell, exec, sftp or scp"),
    may("text", bytes, 1024, "variables and the command, as the peer wrote them: the log escapes them"),
});
inline constexpr std::uint32_t kEventsAtOnce = 12;  // they fit in what a session's child may send
inline constexpr auto kSessionEventItem =
    std::to_array<Field>({must("action", text, 64, "file, channel.ended or channel.denied"),
                          must("detail", bytes, 1024, "what, as the peer wrote it: the log escapes it"),
                          must("denied", flag, 0, "it was refused")});
inline constexpr auto kSessionEventIn =
    std::to_array<Field>({must("events", list, kEventsAtOnce, "in order", kSessionEventItem)});
inline constexpr auto kCheckpointIn =
    std::to_array<Field>({must("sequence", number, 0, "of the chunk"), must("hash", bytes, 32, "of the chain there")});
inline constexpr auto kCheckpointOut =
    std::to_array<Field>({must("signature", bytes, 64, "Ed25519 over the checkpoint message")});
inline constexpr auto kSessionCloseIn = std::to_array<Field>(
    {must("reason", text, 256, "a sentence"), must("recording", text, kWord, "complete, gap, truncated or none"),
     must("bytes", number, 0, "of the file"), must("duration_ms", number, 0, "of the recording"),
     must("chunks", number, 0, "of the file"), may("sequence", number, 0, "of END"), may("hash", bytes, 32, "of END")});

inline constexpr auto kRotationRecordIn =
    std::to_array<Field>({must("id", text, kId, "the rotation's id"),
                          must("journal", text, 128, "rotation::encode() of it, after this step"),
                          must("outcome", text, kWord, "of the step"), must("detail", text, 512, "a sentence"),
                          may("end", text, kWord, "rotation::End, when the run is over")});
inline constexpr auto kRotationJobOut = std::to_array<Field>({
    may("id", text, kId, "absent: nothing is due"),
    may("account", text, kAccount, "account@target"),
    may("kind", text, kWord, "unix_password or ssh_key"),
    may("journal", text, 128, "where to go on: rotation::decode_journal()"),
    may("host", text, 255, "where"),
    may("port", number, 65535, "TCP port"),
    may("login", text, kName, "the name on the target"),
    may("host_keys", list, 16, "one of these or nothing is sent", kPinItem),
    may("current", secret, kSecret, "the secret that was good"),
    may("pending", secret, kSecret, "the secret that is to become good"),
    may("reconcile_login", text, kName, "the helper account's name on the target"),
    may("reconcile_kind", text, kWord, "unix_password or ssh_key"),
    may("reconcile_secret", secret, kSecret, "its secret"),
});

// Pushes.
inline constexpr auto kDialPush = std::to_array<Field>(
    {must("connection", number, 0, "from session.register"), must("session", text, kId, "the session"),
     must("host", text, 255, "where to dial"), must("port", number, 65535, "TCP port"),
     must("file", text, 64, "the recording to create below the recordings directory")});
inline constexpr auto kOverPush = std::to_array<Field>({must("connection", number, 0, "from session.register")});
inline constexpr auto kChannelsPush = std::to_array<Field>(
    {must("channels", text, 128, "of shell, exec, sftp, scp; what runs and is not among them ends")});
inline constexpr auto kEndPush = std::to_array<Field>({must("reason", text, 512, "told to the user")});
inline constexpr auto kFreezePush = std::to_array<Field>({may("reason", text, 512, "told to the user")});

}  // namespace sallyport::app::fields
