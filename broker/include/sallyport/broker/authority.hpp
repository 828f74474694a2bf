#pragma once
// What an SSH session asks of whoever decides, and what it is told. The broker owns these words; app answers them over
// the vault's socket, tests answer them from memory. All in one thread, nothing here may block.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/broker/login_name.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

/// Numbers a question within its session; the answer carries the same number. At most kMaxOpenQuestions are open.
using Ticket = std::uint32_t;
inline constexpr std::size_t kMaxOpenQuestions = 4;

// In every proof `login` may be empty (no user, no account): what the client wrote is no login name. It is answered as
// an unknown user's is. `written` is what it wrote, any bytes, at most kMaxLoginName + 1 of them.

// ---- Questions
// -------------------------------------------------------------------------------------------------------

/// May this key sign (verified = false), or: it has signed (true). The blob is RFC 4253's; type and size are checked.
struct PublicKeyProof {
  LoginName login;
  std::string written;
  base::Bytes key_blob;
  bool verified = false;
};
struct PasswordProof {
  LoginName login;
  std::string written;
  base::SecretBytes password;
};
/// Sent only after a first proof of the same login name was accepted. As typed, at most kMaxCode bytes.
struct CodeProof {
  LoginName login;
  std::string written;
  base::SecretBytes code;
};
inline constexpr std::size_t kMaxPassword = 1024;
inline constexpr std::size_t kMaxCode = 64;

/// All proofs are given: decide, and start the session.
struct OpenRequest {
  LoginName login;
  std::string client_version;
};
/// Header and META of the recording are durable: the credential may be handed out. The target is spoken to after this.
struct CredentialRequest {};
/// A place in the recording's chain to be signed and kept in the audit log.
struct CheckpointRequest {
  recorder::Mark mark;
};
/// May this channel start now? Asked for each one, after it is known what it is and before the target hears of it: what
/// the grant said may have changed since. An authority that says yes has written it down.
struct ChannelRequest {
  recorder::ChannelNumber channel;
  recorder::ChannelKind kind;  ///< shell, exec, sftp or scp
  /// Variables that were set, as LC_TIME=C, and the command or subsystem; as a notice's foreign text.
  std::string text;
};

using Question = std::variant<PublicKeyProof, PasswordProof, CodeProof, OpenRequest, CredentialRequest,
                              CheckpointRequest, ChannelRequest>;

// ---- Answers
// ---------------------------------------------------------------------------------------------------------

/// What is still to be shown. A set of bits.
enum class Needs : std::uint8_t { nothing = 0, code = 1 };

/// `accepted` of an unverified key: go on and sign. Of anything else: this proof counts. An unknown user gets the same
/// answers after the same time as a wrong proof of a known one: that is the authority's promise.
struct ProofAnswer {
  bool accepted = false;
  Needs still = Needs::nothing;
  std::string sentence{};  ///< why not, where the client may know; plain text, else empty
};

/// What channels may carry. Everything that has no field here is refused.
struct ChannelPolicy {
  bool shell = false;
  bool exec = false;
  bool sftp = false;
  bool scp = false;
};

struct Grant {
  base::SessionId session;
  std::string target_login;            ///< checked by base's name rule or stricter before it is sent
  std::vector<base::Bytes> host_keys;  ///< pinned blobs; at least one
  ChannelPolicy policy;
  /// Names that may be set, to the name of a locale; "LC_*" is the one pattern understood.
  std::vector<std::string> environment;
  base::Milliseconds max_duration{0};  ///< 0: no limit
  base::Milliseconds ends_in{0};       ///< the authority will say End then, and a terminal is warned; 0: unknown
  base::Milliseconds max_idle{0};      ///< no byte either way; 0: no limit
  std::string banner;                  ///< shown on stderr of a channel with a terminal; plain text; may be empty
  base::SecretBytes recording_key;     ///< 32 bytes; only in this process and, wrapped, in the vault
  base::Bytes wrapped_recording_key;
  std::vector<recorder::Recipient> recipients;
  recorder::Meta recording_meta;
};
enum class CredentialKind : std::uint8_t { password = 1, private_key = 2 };

struct TargetCredential {
  CredentialKind kind = CredentialKind::password;
  base::SecretBytes secret;  ///< the password, or an unencrypted private key as PEM
};
struct CheckpointSigned {
  base::Signature signature;
};
struct ChannelAllowed {};

/// An Error's context is a sentence that the authority wants the (by then proven) person to read.
using Answer = base::Result<std::variant<ProofAnswer, Grant, TargetCredential, CheckpointSigned, ChannelAllowed>>;

// ---- What comes back
// -------------------------------------------------------------------------------------------------

struct Reply {
  Ticket ticket;
  Answer answer;
};
/// Follows a Grant: the connected socket to the target and the recording's file, opened for appending and empty.
struct Resources {
  base::UniqueFd target;
  base::UniqueFd recording;
};
/// Follows a Grant instead: why the target cannot be reached or the recording not be opened, for the person to read.
struct ResourcesFailed {
  base::Error error;
};
/// At any time: stop input (output goes on), go on, end; each with a sentence that the person reads.
struct Freeze {
  std::string sentence;
};
struct Thaw {};
struct End {
  std::string sentence;
};
/// What channels may be from now on. Those that run and are not among it are ended, with a sentence.
struct PolicyChanged {
  ChannelPolicy policy;
};

using Message = std::variant<Reply, Resources, ResourcesFailed, Freeze, Thaw, End, PolicyChanged>;

// ---- What the session tells
// ------------------------------------------------------------------------------------------

// Foreign text in a notice is as the peer wrote it, any bytes, but for the target's secret, which is never in it. Who
// stores it escapes it, once.

/// Something was asked that is never or not here allowed. `what` is a constant ("local forward"), `detail` foreign.
struct RequestDenied {
  std::string what;
  std::string detail;
  /// The grant does not include it, or it cannot be followed: each of these counts. What no grant has (a forward) may
  /// be summed up when there are many.
  bool counts = false;
};
struct ChannelEnded {
  recorder::ChannelNumber channel;
  std::optional<std::uint32_t> exit_status;
  std::string exit_signal;  ///< "TERM", or empty
};
struct FileSeen {
  recorder::FileEvent event;
};
/// Before the grant: a proof that the session refused without a question, as nobody would accept it. At most one for
/// each counted failure.
struct ProofRefused {
  enum class Why : unsigned char {
    key_type,     ///< signed with a kind of key that is not taken
    size,         ///< a password or code longer than any
    second_name,  ///< another login name on one connection
  };
  Why why;
  std::string written;  ///< the login name as in a proof
};
/// The last word. `end_mark` is absent when no recording was begun or END could not be written.
struct SessionOver {
  recorder::EndReason reason = recorder::EndReason::closed;
  std::string sentence;
  std::optional<recorder::Mark> end_mark;
  std::optional<recorder::Totals> totals;
  bool recording_begun = false;
};
using Notice = std::variant<RequestDenied, ChannelEnded, FileSeen, ProofRefused, SessionOver>;

// ---- The interface
// ---------------------------------------------------------------------------------------------------

/// Owned by the caller, used by the session's thread only, outlives the session. No call may block for longer than a
/// write to a local socket takes.
class Authority {
 public:
  virtual ~Authority() = default;

  /// Descriptors that become readable when receive() has something (the vault's socket, the parent's). Asked for anew
  /// each time the session waits; at most 4.
  virtual std::vector<int> descriptors() const = 0;
  /// Everything that is there now, maybe nothing. An Error (Errc::closed: the vault has gone) ends the session.
  virtual base::Result<std::vector<Message>> receive() = 0;

  virtual base::Result<> ask(Ticket ticket, Question question) = 0;
  /// An Error means that the notice may be lost: the session ends. None is left out but refusals that do not count,
  /// and those are told as a number later.
  virtual base::Result<> tell(const Notice& notice) = 0;
  /// False while so many notices are under way that nothing should happen which needs another one.
  virtual bool accepting() const { return true; }
  /// Once a second at least, and after receive(): what had to wait goes out.
  virtual base::Result<> tick() { return base::ok(); }
};

}  // namespace sallyport::broker
