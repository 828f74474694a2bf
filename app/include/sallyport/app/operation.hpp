#pragma once
// Every operation, said once: what it is called, what it takes and gives, who may ask it and with which proof.
// From this table come the decoding on the vault's socket, the permit table, the REST routes, the command line's verbs,
// the OpenAPI document and the authorisation-matrix test. A new operation is one row here and one handler.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/access/role.hpp"
#include "sallyport/app/peer.hpp"
#include "sallyport/app/record.hpp"

namespace sallyport::app {

/// Numbers travel between processes and into audit events: never reused.
enum class OperationId : std::uint16_t {
  none = 0,
  // The service itself.
  health = 1,
  status = 2,
  unseal = 3,
  seal = 4,
  user_bootstrap = 5,
  // Signing in.
  login = 10,
  logout = 11,
  whoami = 12,
  otp_enroll = 13,
  otp_confirm = 14,
  // People and roles.
  user_add = 20,
  user_list = 21,
  user_show = 22,
  user_set = 23,
  user_remove = 24,
  user_password_set = 25,
  user_key_add = 26,
  user_key_list = 27,
  user_key_remove = 28,
  role_add = 30,
  role_list = 31,
  role_show = 32,
  role_set = 33,
  role_remove = 34,
  role_assign = 35,
  role_unassign = 36,
  // What is guarded.
  target_add = 40,
  target_list = 41,
  target_show = 42,
  target_set = 43,
  target_remove = 44,
  target_key_add = 45,
  target_key_remove = 46,
  account_add = 50,
  account_list = 51,
  account_show = 52,
  account_set = 53,
  account_remove = 54,
  account_secret_set = 55,
  // Using it.
  checkout_create = 60,
  checkout_list = 61,
  checkout_show = 62,
  checkin = 63,
  reveal = 64,
  rotate = 70,
  rotation_list = 71,
  rotation_show = 72,
  // Looking at what happened.
  session_list = 80,
  session_show = 81,
  session_terminate = 82,
  session_freeze = 83,
  session_thaw = 84,
  recording_list = 90,
  recording_show = 91,
  recording_open = 92,
  recording_content = 93,
  audit_list = 100,
  audit_export = 101,
  audit_verify = 102,
  audit_acknowledge = 103,
  // Between our own processes.
  ssh_listen = 200,
  session_register = 201,
  dial_failed = 202,
  auth_begin = 210,
  auth_key = 211,
  auth_key_proven = 212,
  auth_password = 213,
  auth_otp = 214,
  auth_grant = 215,
  session_channel = 216,
  recording_begin = 217,
  session_event = 220,
  session_checkpoint = 221,
  session_close = 222,
  rotation_next = 230,
  rotation_record = 231,
  // Pushes: what the vault says unasked. `input` describes their payload; nobody may ask them.
  push_dial = 240,
  push_freeze = 241,
  push_thaw = 242,
  push_end = 243,
  push_rotation_work = 244,
  push_channels = 245,
  push_over = 246,
};

/// What a role may allow. access::decide() decides; the table only names what is needed.
using Right = access::Action;

/// What a caller must have shown, beyond being a live, enabled user.
enum class Proof : std::uint8_t {
  none,       ///< no token at all
  password,   ///< a token got by password alone: enough to enrol a second factor, and for nothing else
  otp,        ///< a token got with a one-time code
  fresh_otp,  ///< that, and a one-time code in this very request (field "otp"). On an account: where its policy does
              ///< not let the sign-in's count. For another person: where none was given lately
};

/// The rule of one row. There is no default: a row without a rule does not compile.
class Access {
 public:
  enum class Who : std::uint8_t {
    anyone,            ///< whoever the peer mask lets in; the handler checks the proofs itself (login)
    signed_in,         ///< any enabled user with a valid token; the handler shows him his own only
    right_on_account,  ///< decide() must allow `right` on the account that the request names
    right,             ///< decide() must allow `right`, which is about no account (audit, administer)
    self_or_right,     ///< the user that field "name" (or "user") names, or whoever has `right`
    local_operator,    ///< only a person on this machine, over the socket
    internal,          ///< only our own processes; the peer mask says which
    push,              ///< not to be asked: the vault says it
  };

  static constexpr Access anyone() { return {Who::anyone, Right::session, Proof::none}; }
  static constexpr Access signed_in(Proof proof = Proof::otp) { return {Who::signed_in, Right::session, proof}; }
  static constexpr Access on_account(Right right, Proof proof = Proof::otp) {
    return {Who::right_on_account, right, proof};
  }
  static constexpr Access needs(Right right) { return {Who::right, right, Proof::otp}; }
  static constexpr Access self_or(Right right, Proof proof = Proof::otp) { return {Who::self_or_right, right, proof}; }
  static constexpr Access local_operator() { return {Who::local_operator, Right::administer, Proof::none}; }
  static constexpr Access internal() { return {Who::internal, Right::session, Proof::none}; }
  static constexpr Access push() { return {Who::push, Right::session, Proof::none}; }

  constexpr Who who() const { return who_; }
  constexpr Right right() const { return right_; }
  constexpr Proof proof() const { return proof_; }

 private:
  constexpr Access(Who who, Right right, Proof proof) : who_(who), right_(right), proof_(proof) {}
  Who who_;
  Right right_;
  Proof proof_;
};

struct Operation {
  OperationId id;
  std::string_view name;     ///< "checkout.create": in audit events, and the command line's noun and verb
  std::string_view method;   ///< REST: GET, POST, PUT, PATCH, DELETE; "" when there is no route
  std::string_view path;     ///< "/v1/checkouts/{id}/checkin"; {x} is the input field of that name
  std::string_view summary;  ///< one sentence
  Fields input;              ///< GET and DELETE: from the path and the query; others: the path and a JSON body
  Fields output;
  Access access;
  std::uint8_t peers;         ///< bits of PeerKind that may ask
  std::uint8_t phases;        ///< bits of Phase in which a `session` may ask
  std::string_view audits;    ///< the audit event's action; "" for what leaves no trace when it succeeds
  bool while_sealed = false;  ///< answered although the vault is sealed
  bool argon2 = false;        ///< costs a password hash: goes through the worker pool first
  bool streams = false;       ///< web answers with the file that the output names, not with JSON
};

/// All rows, in the order of the table.
std::span<const Operation> operations();
const Operation* find_operation(OperationId id);
const Operation* find_operation(std::uint16_t id);
const Operation* find_operation(std::string_view name);

/// A REST request's row, and the path's parts by field name, percent-decoded. Nothing for an unknown path.
struct Route {
  const Operation* operation;  ///< nullptr: the path is known, the method is not (405)
  std::vector<std::pair<std::string_view, std::string>> parameters;
};
std::optional<Route> find_route(std::string_view method, std::string_view path);

/// May a peer of this kind, in this phase, ask this? The permit table: the loop asks it before anything is decoded.
bool may_ask(const Peer& peer, const Operation& operation);

/// What web puts before every record: the bearer token (absent: none), the source address, the request id.
/// Other peers put nothing before theirs.
Fields envelope_fields();

}  // namespace sallyport::app
