// What the SSH listener asks, and the child of each SSH connection up to its grant.
#include <algorithm>
#include <array>

#include "handler.hpp"
#include "sallyport/access/login_key.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/vault/rotation.hpp"
#include "sallyport/vault/session.hpp"
#include "sallyport/vault/target.hpp"
#include "session_question.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

Result<Record> ssh_listen(Context& context, Record&) {
  context.after_commit([&state = context.state, peer = context.request.peer.id](auto&) { state.listener = peer; });
  return answer(context);
}

Result<Record> session_register(Context& context, Record& input) {
  auto& sessions = context.state.sessions;
  if (sessions.size() >= context.state.config.max_sessions) return fail(Errc::limit, "too many SSH connections");
  const auto peer = context.request.peer.id;
  context.after_commit([&state = context.state, peer, source = std::string(input.text("source")),
                        port = input.number("port"),
                        now = context.now.mono](auto&) { state.sessions.add(peer, source, port, now); });
  context.then = Outgoing::Then::becomes_session;
  Record out = answer(context);
  out.set("connection", peer);
  return out;
}

Result<Record> dial_failed(Context& context, Record& input) {
  auto* connection = context.state.sessions.find_session(input.text("session"));
  if (connection == nullptr) return fail(Errc::not_found, "that session has ended");
  context.object = "session:" + std::string(input.text("session"));
  context.source = connection->source;
  context.detail = input.text("reason");
  context.after_commit(
      [&state = context.state, peer = connection->peer, now = context.now.mono,
       reason = "the target can't be reached: " + std::string(input.text("reason").substr(0, 200))](auto& out) {
        if (auto* there = state.sessions.find(peer); there != nullptr && there->live) {
          there->live->ending = now;
          out.push_back(LiveSessions::make_end(peer, reason));
        }
      });
  return answer(context);
}

/// The flow moves on only with the commit.
void keep(Context& context, const LoginFlow& flow) {
  context.after_commit([&state = context.state, peer = context.request.peer.id, flow](auto&) {
    if (auto* there = state.sessions.find(peer)) there->flow = flow;
  });
}

Record next_step(const Context& context, bool accepted, std::string_view next, std::string_view message = {}) {
  Record out = answer(context);
  out.set_flag("accepted", accepted).set("next", next);
  if (!message.empty()) out.set("message", message);
  return out;
}

std::string_view after_refusal(const LoginFlow& flow) {
  if (flow.state() == LoginFlow::State::ended) return "end";
  return flow.state() == LoginFlow::State::proven ? "otp" : "first";
}

/// The event of a refused proof: with the login name as it was written, which may be none.
void note_refused(Context& context, std::string_view action, std::string_view rule, const std::string& written,
                  std::string_view why) {
  context.rule = rule;
  context.quiet = true;
  context.refusal_event(action, context.object, "login \"" + written + "\": " + std::string(why));
}

std::string written_of(const Record& input) { return std::string(base::as_text(input.bytes("written"))); }

/// What the child refused without asking: nobody has such a proof. Counted like any other, which bounds the events.
Result<Record> begin_refused(Context& context, LoginFlow flow, const Record& input) {
  constexpr auto kWhys = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"key_type", "a signature of a key of a kind that is not taken"},
       {"size", "a password or code longer than any"},
       {"second_name", "another login name on the same connection"}});
  const auto* why = std::ranges::find(kWhys, input.text("refused"), [](const auto& row) { return row.first; });
  if (why == kWhys.end()) return fail(Errc::invalid, "no reason of a refusal");
  if (flow.state() != LoginFlow::State::ended)
    note_refused(context, "ssh.refused", "deny." + std::string(why->first), written_of(input), why->second);
  flow.failed();
  keep(context, flow);
  return next_step(context, false, after_refusal(flow));
}

Result<Record> auth_begin(Context& context, Record& input) {
  auto flow = speak_for(context).flow;
  if (input.has("refused")) return begin_refused(context, flow, input);
  if (input.text("account").empty() || input.text("target").empty()) {
    note_refused(context, "ssh.refused", "deny.login_name", written_of(input), "it names no account on a target");
    return next_step(context, false, "end", "say where to: ssh USER+ACCOUNT+TARGET@broker");
  }
  SALLYPORT_TRYV(flow.begin(std::string(input.text("user")),
                            {std::string(input.text("account")), std::string(input.text("target"))}));
  keep(context, flow);
  return next_step(context, true, "first");
}

Result<std::optional<access::User>> owner_of_key(Context& context, const LoginFlow& flow, base::ByteView blob) {
  SALLYPORT_TRY(const auto key, access::find_login_key(context.sql(), blob));
  if (!key) return std::optional<access::User>{};
  SALLYPORT_TRY(auto user, access::get_user(context.sql(), key->user));
  if (!flow.user_name().empty() && flow.user_name() != user.name) return std::optional<access::User>{};
  return std::optional(std::move(user));
}

Result<Record> auth_key(Context& context, Record& input) {
  auto flow = speak_for(context).flow;
  const auto counted = flow.key_offered();
  keep(context, flow);
  if (!counted) return next_step(context, false, after_refusal(flow), "too many keys were offered");
  SALLYPORT_TRY(const auto user, owner_of_key(context, flow, input.bytes("key")));
  return next_step(context, user.has_value(), "first");
}

// --- The decision ---------------------------------------------------------------------------------------------------

/// The places are everybody's: one checkout alone would let one person take them all.
Result<> has_a_place(Context& context, const access::User& user) {
  const auto most = context.state.config.max_sessions_per_user;
  SALLYPORT_TRY(const auto open, vault::count_open_sessions(context.sql(), user.id));
  if (open < most) return base::ok();
  context.rule = "deny.sessions_of_user";
  return fail(Errc::denied,
              "one person may have so many SSH sessions at once: " + std::to_string(most) + "; end one of yours first");
}

/// What a session needs beside the decision. Only for whom a role opens the account.
Result<vault::Target> could_start(Context& context, const access::User& user, const vault::Account& account) {
  SALLYPORT_TRYV(has_a_place(context, user));
  if (!context.state.listener) return fail(Errc::unavailable, "the SSH listener is not there");
  const auto& config = context.state.config;
  const auto free = base::free_space(config.data / "recordings");
  if (!free || free.value() < config.recording_floor)
    return fail(Errc::unavailable, "there is no room for recordings; no session starts");
  SALLYPORT_TRY(auto target, vault::get_target(context.sql(), account.target));
  if (target.host_keys.empty())
    return fail(Errc::conflict, "no host key of " + target.name + " is pinned; an administrator adds one");
  SALLYPORT_TRY(const auto doubtful, vault::find_rotation_in_doubt(context.sql(), account.id));
  if (doubtful) context.state.wanted_rotations.insert(doubtful->id);
  SALLYPORT_TRY(const auto busy, vault::why_rotating(context.sql(), account.id));
  if (busy) return fail(Errc::conflict, "account " + account.name.text() + " " + *busy);
  return target;
}

/// Nothing but a code is missing: without it the session would start. What else is in the way is said at the grant, and
/// no code is used up for it.
Result<bool> only_code_is_missing(Context& context, const LoginFlow& flow) {
  SALLYPORT_TRY(const auto question, SessionQuestion::of_login(context, flow));
  if (!access::otp_still_needed(question.input(context, flow.factors()))) return false;
  const auto rule = context.rule;  // of what is asked now; the grant tells its own
  const bool could = could_start(context, question.user, *question.account).has_value();
  context.rule = rule;
  return could;
}

/// After the first proof: a code, or straight on (where a code would not help either)? An account that is not there has
/// labels that no role opens, and looks like one that is not open.
Result<std::string_view> what_is_next(Context& context, const LoginFlow& flow) {
  SALLYPORT_TRY(const bool needed, only_code_is_missing(context, flow));
  return std::string_view(needed ? "otp" : "grant");
}

/// The login name was none: said once, when it began.
bool is_nobody(const LoginFlow& flow) { return flow.state() == LoginFlow::State::start; }

Result<Record> refuse_nobody(Context& context) {
  context.quiet = true;
  return next_step(context, false, "end");
}

Result<Record> auth_key_proven(Context& context, Record& input) {
  auto flow = speak_for(context).flow;
  if (is_nobody(flow)) return refuse_nobody(context);
  SALLYPORT_TRY(const auto user, owner_of_key(context, flow, input.bytes("key")));
  if (!user) {
    flow.failed();
    keep(context, flow);
    const auto key = certs::SshPublicKey::parse_blob(input.bytes("key"));
    note_refused(
        context, "ssh.key", "deny.key", written_of(input),
        "signed with " + (key ? key.value().fingerprint() : "what is no key") + ", which is not this person's");
    return next_step(context, false, after_refusal(flow));
  }
  SALLYPORT_TRYV(flow.key_proven(user->id, user->name, input.bytes("key")));
  keep(context, flow);
  context.actor = context.object = "user:" + user->name;
  context.rule = "allow.key";
  SALLYPORT_TRY(const auto next, what_is_next(context, flow));
  return next_step(context, true, next);
}

// --- Password and code: refusals are values, so that failures stay counted ----------------------------------------

Result<HashWork> password_hash(Context& context, const Record& input) {
  const auto& flow = speak_for(context).flow;
  if (is_nobody(flow)) return HashWork{};
  if (!flow.awaits_first()) return fail(Errc::conflict, "no password is asked for now");
  HashWork work;
  // Without a name there is no one to compare with: the same work is done for nobody.
  SALLYPORT_TRY(auto attempt, access::prepare_password_check(context.sql(), context.keys(), flow.user_name(),
                                                             context.state.config.password_cost));
  work.attempt = std::move(attempt);
  work.presented = input.secret("password").clone();
  return work;
}

/// For a person at the client: true of the address he comes from, whoever he is or says he is.
std::string source_is_locked(const Context& context) {
  const auto left = context.state.password_sources.locked_for(context.place, context.now);
  if (left <= base::Milliseconds{0}) return {};
  const auto seconds = std::chrono::ceil<base::Seconds>(left).count();
  return "too many wrong passwords came from your address; try again in " + std::to_string(seconds) + " s";
}

/// Takes the answer into the flow; the record that the child gets is the same for every kind of wrong.
Result<Record> auth_password(Context& context, Record& input) {
  auto flow = speak_for(context).flow;
  if (is_nobody(flow)) return refuse_nobody(context);
  SALLYPORT_TRY(const auto settled,
                access::settle_password_check(context.sql(), context.state.password_sources, *context.hash->attempt,
                                              context.hash->checked_hash, context.place, context.now));
  if (!settled.accepted || !settled.user) {
    flow.failed();
    keep(context, flow);
    context.counted = true;
    note_refused(context, "ssh.password", "deny.password", written_of(input), settled.why);
    return next_step(context, false, after_refusal(flow), source_is_locked(context));
  }
  SALLYPORT_TRY(const auto user, access::get_user(context.sql(), *settled.user));
  SALLYPORT_TRYV(flow.password_good(user.id, user.name, context.hash->attempt->work.salt));
  keep(context, flow);
  context.actor = "user:" + user.name;
  context.rule = "allow.password";
  SALLYPORT_TRY(const auto next, what_is_next(context, flow));
  return next_step(context, true, next);
}

Result<Record> auth_otp(Context& context, Record& input) {
  auto flow = speak_for(context).flow;
  if (flow.state() != LoginFlow::State::proven) return fail(Errc::conflict, "no code is asked for now");
  // A question that was not answered is no wrong code.
  if (input.secret("otp").empty()) return fail(Errc::invalid, "a one-time code has six digits");
  // Looked at before anything is judged: a space in the middle is how authenticators show a code, and no guess.
  if (!vault::is_totp_format(input.secret("otp").expose())) {
    context.quiet = true;
    return next_step(context, false, "otp", about_code({vault::OtpVerdict::malformed}, context.now).context());
  }
  SALLYPORT_TRY(const bool useful, only_code_is_missing(context, flow));
  if (!useful) {  // the grant says what is in the way; the code stays good
    context.quiet = true;
    return next_step(context, true, "grant");
  }
  const auto first = flow.factors().key ? vault::FirstProof::key : vault::FirstProof::password;
  SALLYPORT_TRY(const auto refused, prove_code(context, *flow.user(), input.secret("otp"), first));
  if (refused) {
    flow.failed();
    keep(context, flow);
    context.counted = true;
    const std::string rule = context.rule;  // prove_code() says which
    // No lockout bounds how often a code comes that is not judged.
    context.quiet = true;
    if (refused.judged || context.state.strangers.take("ssh.otp", context.now.mono))
      note_refused(context, "ssh.otp", rule, written_of(input), refused.why->context());
    return next_step(context, false, after_refusal(flow), refused.why->context());
  }
  SALLYPORT_TRYV(flow.code_good(context.now));
  keep(context, flow);
  context.rule = "allow.otp";
  return next_step(context, true, "grant");
}

// --- The grant ------------------------------------------------------------------------------------------------------

Result<SessionQuestion> decide_session(Context& context, const LoginFlow& flow) {
  SALLYPORT_TRY(auto question, SessionQuestion::of_login(context, flow));
  context.object = "account:" + flow.account().text();
  SALLYPORT_TRY(const bool proven, proof_stands(context, flow));
  if (!proven) return fail(Errc::unauthenticated, std::string(kProofGone));
  auto decision = access::decide(question.input(context, flow.factors()));
  context.rule = decision.why();
  // What is in the way anyway is said before a code is: that is why none was asked for.
  if (decision.rule == access::Rule::otp_needed) {
    SALLYPORT_TRYV(could_start(context, question.user, *question.account));
  }
  SALLYPORT_TRYV(told_about(decision, flow.account().text()));
  // No role opens an account that is not there.
  if (!question.account || !question.checkout) return fail(Errc::denied, "no account of that name is open to you");
  return question;
}

base::Bytes wrap_for_file(Context& context, const base::SessionId& id, const base::SecretBytes& key) {
  const auto envelope = context.keys().seal_secret({"recording-file", "default", id.text(), 1}, key);
  base::Writer out;
  return std::move(out.u32(envelope.kek_version).block(envelope.wrapped_dek).block(envelope.sealed)).take();
}

Result<Record> fill_grant(Context& context, const SessionQuestion& question, const LoginFlow& flow,
                          const vault::Target& target, vault::RegisteredSession& made) {
  Record out = answer(context);
  out.set("session", made.session.id.text())
      .set("user", question.user.name)
      .set("account", question.account->name.text());
  out.set("login", question.account->login)
      .set("channels", access::format_channels(question.open_channels(context, flow.factors())));
  out.set_list("host_keys");
  for (const auto& key : target.host_keys) out.add("host_keys").set("key", key.blob());
  out.set("source", context.source)
      .set("reason", question.checkout->reason)
      .set("checkout", question.checkout->id.text());
  out.set("file", made.session.file).set("wrapped_key", wrap_for_file(context, made.session.id, made.recording_key));
  out.set("data_key", std::move(made.recording_key));
  out.set("ends_in_ms", static_cast<std::uint64_t>(question.checkout->lease.remaining(context.now).count()));
  return out;
}

/// After the commit: the session lives, and the listener (not the child) dials.
Result<> begin_session(Context& context, const SessionQuestion& question, LoginFlow flow, const vault::Target& target,
                       const vault::Session& session) {
  flow.granted();
  LiveSession live{.id = session.id,
                   .user = question.user.id,
                   .account = question.account->id,
                   .checkout = question.checkout->id,
                   .user_name = question.user.name,
                   .account_name = question.account->name.text(),
                   .basis = Basis::of(target, *question.account, question.open_channels(context, flow.factors()))};
  auto dial = std::make_shared<Record>(find_operation(OperationId::push_dial)->input);
  dial->set("connection", context.request.peer.id).set("session", session.id.text()).set("host", target.host);
  dial->set("port", std::uint64_t{target.port}).set("file", session.file);
  SALLYPORT_TRYV(check(*dial));  // what cannot be said afterwards is no session
  context.after_commit(
      [&state = context.state, peer = context.request.peer.id, flow, live, dial](std::vector<Outgoing>& out) {
        auto* connection = state.sessions.find(peer);
        if (connection == nullptr) return;
        connection->flow = flow;
        connection->live = live;
        out.push_back(LiveSessions::make_push(state.listener.value_or(0), OperationId::push_dial, *dial));
      });
  return base::ok();
}

Result<Record> auth_grant(Context& context, Record&) {
  const auto flow = speak_for(context).flow;
  if (flow.state() != LoginFlow::State::proven) return fail(Errc::conflict, "the proofs are not there yet");
  SALLYPORT_TRY(const auto question, decide_session(context, flow));
  SALLYPORT_TRY(const auto target, could_start(context, question.user, *question.account));
  SALLYPORT_TRYV(remember_place(context, question.user.id));
  const vault::NewSession wanted{.user = question.user.id,
                                 .user_name = question.user.name,
                                 .account = question.account->id,
                                 .account_name = question.account->name.text(),
                                 .target = target.id,
                                 .checkout = question.checkout->id,
                                 .source = context.source,
                                 .how = flow.how()};
  SALLYPORT_TRY(auto made, vault::register_session(context.tx, context.keys(), wanted, context.now));
  context.detail = "session " + made.session.id.text() + " by " + wanted.how;
  SALLYPORT_TRY(auto out, fill_grant(context, question, flow, target, made));
  SALLYPORT_TRYV(begin_session(context, question, flow, target, made.session));
  context.then = Outgoing::Then::granted;
  return out;
}

constexpr auto kRows = std::to_array<HandlerRow>({
    {OperationId::ssh_listen, ssh_listen},
    {OperationId::session_register, session_register},
    {OperationId::dial_failed, dial_failed},
    {OperationId::auth_begin, auth_begin},
    {OperationId::auth_key, auth_key},
    {OperationId::auth_key_proven, auth_key_proven},
    {OperationId::auth_password, auth_password, password_hash},
    {OperationId::auth_otp, auth_otp},
    {OperationId::auth_grant, auth_grant},
});

}  // namespace

std::span<const HandlerRow> ssh_handlers() { return kRows; }

}  // namespace sallyport::app
