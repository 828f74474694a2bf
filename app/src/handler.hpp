#pragma once
// What a handler of an operation gets and gives. Handlers are thin: they turn records into calls of the repositories
// and back; who may ask was decided before they run (authorise.hpp).
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fair_queue.hpp"
#include "sallyport/access/decide.hpp"
#include "sallyport/access/login_token.hpp"
#include "sallyport/access/password.hpp"
#include "sallyport/access/role.hpp"
#include "sallyport/access/user.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/app/record.hpp"
#include "sallyport/audit/event.hpp"
#include "sallyport/vault/account.hpp"
#include "sallyport/vault/checkout.hpp"
#include "sallyport/vault/totp_store.hpp"
#include "service_state.hpp"

namespace sallyport::app {

/// A signed-in person.
struct Caller {
  access::User user;
  access::Login login;
  bool otp_enrolled = false;
  std::vector<access::Role> roles;
};

/// Argon2 work of one request: filled in by the owner (`attempt`, `fresh` and the secrets), computed by a worker.
struct HashWork {
  std::optional<access::PasswordAttempt> attempt;  ///< a password to be checked ...
  base::SecretBytes presented;
  std::optional<access::PasswordWork> fresh;  ///< ... one to be stored ...
  base::SecretBytes chosen;
  std::optional<std::filesystem::path> unseal;  ///< ... or a passphrase for the header in this directory
  base::SecretBytes passphrase;
  Share share;  ///< of the pool

  base::SecretBytes checked_hash;  // results
  base::SecretBytes fresh_hash;
  base::SecretBytes root;
  std::optional<base::Error> error;

  bool needed() const { return attempt || fresh || unseal; }
  void compute();  ///< on a worker thread
};

/// One request on its way through the batch. What changes memory (live sessions, pushes) waits in after_commit().
class Context {
 public:
  using Effect = std::function<void(std::vector<Outgoing>&)>;

  Context(ServiceState& state_, vault::AuditedTransaction& tx_, const Request& request_, const Operation& operation_,
          const vault::Moment& now_)
      : state(state_), tx(tx_), request(request_), operation(operation_), now(now_) {}

  ServiceState& state;
  vault::AuditedTransaction& tx;
  const Request& request;
  const Operation& operation;
  const vault::Moment& now;

  std::optional<Caller> caller;  ///< web, with a good token
  std::string source;            ///< the address of the person, or "local"
  std::string place;             ///< the source as it is counted: an IPv6 address by its /64
  std::string request_id;
  HashWork* hash = nullptr;                 ///< computed; only for operations with `argon2`
  std::optional<vault::Account> account;    ///< resolved by the authorisation of on_account rules
  std::optional<vault::Checkout> checkout;  ///< likewise
  access::Factors factors;                  ///< those of the token, and of this request

  // For the audit event of this request.
  std::string actor;
  std::string object;
  std::string rule;
  std::string detail;
  bool quiet = false;                             ///< nothing happened: no event although the row says one
  bool counted = false;                           ///< a failure was counted: durable although no event may say so
  Outgoing::Then then = Outgoing::Then::nothing;  ///< what the reply changes about the peer

  vault::Transaction& sql() { return tx.sql(); }
  const vault::Keyring& keys() const { return state.vault->keys(); }
  Connection& connection();  ///< of a `session` peer: must be there
  void after_commit(Effect effect) { effects.push_back(std::move(effect)); }
  /// A further event beside the request's own.
  void event(std::string_view action, std::string object, audit::Outcome outcome, std::string detail);
  /// Nobody has shown yet who he is: the request of a stranger, whatever name he gives.
  bool unproven() const;
  /// event() with outcome denied, of a refusal: a stranger's only as far as the budget goes.
  void refusal_event(std::string_view action, std::string object, std::string detail);
  bool allows(Right right) const;  ///< decide() for an action on the whole
  access::DecisionInput question(Right right) const;

  std::vector<Effect> effects;
};

/// A refusal that must leave traces (counted failures) is a value: the savepoint is released, the operation ends with
/// it.
struct Refusal {
  std::optional<base::Error> why;
  bool judged = false;  ///< of a code: it was looked at, and a failure counted
  explicit operator bool() const noexcept { return why.has_value(); }
};

struct HandlerRow {
  OperationId id;
  base::Result<Record> (*handle)(Context&, Record& input);
  /// Which hashing is needed before the rest (may be none); after authorisation. May be null.
  base::Result<HashWork> (*hash)(Context&, const Record& input) = nullptr;
  /// Checks proofs that count failures; outside the handler's savepoint. May be null.
  base::Result<Refusal> (*prove)(Context&, const Record& input) = nullptr;
  /// For a row that takes a caller's code: everything else that would refuse it, by reading only. Asked before the code
  /// is looked at, so that a request that is refused anyway uses none up. Null: the handler is run and undone for that
  /// (it must leave `input` as it was, and not write by execute_last).
  base::Result<> (*check)(Context&, const Record& input) = nullptr;
};

// Each handlers_<noun>.cpp gives its rows.
std::span<const HandlerRow> auth_handlers();
std::span<const HandlerRow> user_handlers();
std::span<const HandlerRow> role_handlers();
std::span<const HandlerRow> target_handlers();
std::span<const HandlerRow> account_handlers();
std::span<const HandlerRow> checkout_handlers();
std::span<const HandlerRow> rotation_handlers();
std::span<const HandlerRow> session_handlers();
std::span<const HandlerRow> audit_handlers();
std::span<const HandlerRow> ssh_handlers();
std::span<const HandlerRow> live_session_handlers();
std::span<const HandlerRow> system_handlers();
const HandlerRow* find_handler(OperationId id);

// Shared by handlers.
inline Record answer(const Context& context) { return Record(context.operation.output); }
std::size_t page_size(const Record& input);
/// A field of Unix milliseconds, if it is there.
inline std::optional<base::WallTime> time_of(const Record& input, std::string_view name) {
  if (!input.has(name)) return std::nullopt;
  return base::from_unix_ms(static_cast<std::int64_t>(input.number(name)));
}
inline std::uint64_t millis(base::WallTime time) { return static_cast<std::uint64_t>(base::to_unix_ms(time)); }
/// A child speaks for its connection's person in events; called first by every handler of a child.
Connection& speak_for(Context& context);
/// Looks at one code; the refusal says why to a person who is known.
base::Result<Refusal> prove_code(Context& context, const base::UserId& user, const base::SecretBytes& code,
                                 vault::FirstProof first = vault::FirstProof::password);
/// What a person reads about a code that was not accepted.
base::Error about_code(const vault::OtpAnswer& answer, const vault::Moment& now);
/// The person showed both proofs from here.
base::Result<> remember_place(Context& context, const base::UserId& user);
/// Ends the live sessions of an ended checkout, and wakes the rotator, after the commit; writes its event.
base::Result<> checkout_ended(Context& context, const vault::EndedCheckout& ended, std::string_view action,
                              std::string_view told);
/// The decision as a Result; a sentence that tells of a checkout names this account and the whole command.
base::Result<> told_about(const access::Decision& decision, std::string_view account);
void wake_rotators(ServiceState& state, std::vector<Outgoing>& out);
/// Something is due that no rotator has.
base::Result<bool> rotation_is_due(Context& context);
/// Puts what was left out of the strangers' refusals into the log, when it is time to.
void tell_left_out(Context& context, bool at_once);
/// health and status, also while sealed.
Record health_record(const ServiceState& state, Fields schema);

}  // namespace sallyport::app
