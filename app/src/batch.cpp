#include "batch.hpp"

#include "asked_object.hpp"
#include "authorise.hpp"
#include "deciding_again.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/broker/connection_limits.hpp"
#include "sallyport/vault/session.hpp"
#include "told_failure.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kNothingReleased = "the audit log can't be written; nothing was released";

bool is_refusal(const base::Error& failure) {
  return failure.code() == Errc::denied || failure.code() == Errc::unauthenticated ||
         failure.code() == Errc::locked_out;
}

bool gives_code(const Record& input) {
  for (const auto& field : input.schema()) {
    if (field.name == "otp") return input.has("otp");
  }
  return false;
}

/// The same for whatever name is given, or the queue would tell strangers who signs in from where.
Result<Share> share_of(Context& context, const HashWork& work) {
  SALLYPORT_TRY(const bool seen, vault::is_known_source(context.sql(), context.place, context.now));
  const bool known = seen || context.request.peer.kind == PeerKind::operator_;
  return Share{std::string(known ? kKnown : kStrangers), broker::network_key(context.place), context.place,
               work.attempt ? work.attempt->name : std::string()};
}

Result<HashWork> work_of(Context& context, const HandlerRow& row, const Record& input) {
  SALLYPORT_TRY(auto work, row.hash(context, input));
  if (work.needed()) {
    SALLYPORT_TRY(work.share, share_of(context, work));
  }
  return work;
}

Outgoing reply_to(const Request& request, Result<Payload>&& result, Outgoing::Then then) {
  Outgoing out;
  out.peer_id = request.peer.id;
  if (result) {
    out.frame.type = FrameType::reply;
    out.frame.id = request.request_id;
    out.frame.payload = std::move(result).value();
    out.then = then;
  } else {
    out.frame = error_reply(request.request_id, result.error());
    if (then == Outgoing::Then::close) out.then = then;
  }
  return out;
}

}  // namespace

void Batch::run(std::vector<BatchItem>& items, std::vector<Outgoing>& out) {
  now_ = state_.now();
  if (!state_.vault) {
    for (auto& item : items) run_sealed(item, out);
    return;
  }
  std::optional<vault::AuditedTransaction> tx;
  auto begun = state_.vault->begin();
  if (begun) tx.emplace(std::move(begun).value());
  for (auto& item : items) {
    if (tx)
      run_one(*tx, item);
    else
      replies_.push_back(reply_to(item.request, fail(Errc::unavailable, std::string(kNothingReleased)), {}));
  }
  if (tx)
    finish(tx, counted_, out);
  else
    refuse_all(out);
  decide_live(out);
}

void Batch::run_one(vault::AuditedTransaction& tx, BatchItem& item) {
  const auto* operation = find_operation(item.request.operation);
  SALLYPORT_ENSURE(operation != nullptr);
  Context context(state_, tx, item.request, *operation, now_);
  auto result = attempt(context, item);
  counted_ = counted_ || context.counted;
  if (item.work && !item.computed) return;  // its reply comes after the hashing
  if (!result)
    result = for_peer(result.error(), context);
  else
    keep_effects(context);
  replies_.push_back(reply_to(item.request, std::move(result), context.then));
}

void Batch::keep_effects(Context& context) {
  for (auto& effect : context.effects) effects_.push_back(std::move(effect));
  if (may_narrow(context.operation)) effects_.emplace_back([this](auto&) { state_.decide_again = true; });
}

Result<Payload> Batch::attempt(Context& context, BatchItem& item) {
  const auto* row = find_handler(context.operation.id);
  SALLYPORT_ENSURE(row != nullptr);
  Record input(context.operation.input);
  auto admitted = base::within_memory([&] { return admit(context, item.request, input); });
  if (admitted && row->hash != nullptr && !item.computed) {
    auto work = base::within_memory([&] { return work_of(context, *row, input); });
    if (work && work.value().needed()) {
      item.work = std::make_shared<HashWork>(std::move(work).value());
      return Payload{};
    }
    if (!work) admitted = std::move(work).error();
  }
  if (admitted && item.computed && item.work->error) admitted = *item.work->error;
  context.hash = item.work.get();
  if (admitted && context.caller && gives_code(input)) admitted = rehearse(context, *row, input);
  if (admitted) admitted = prove(context, *row, input);
  if (!admitted) {
    note(context, &admitted.error());
    return std::move(admitted).error();
  }
  return handle(context, *row, input);
}

/// Envelope, input, token, rule: nothing is changed up to here.
Result<> Batch::admit(Context& context, const Request& request, Record& input) {
  base::Reader reader(request.payload.view());
  std::optional<Record> envelope;
  if (request.peer.kind == PeerKind::web) {
    SALLYPORT_TRY(auto front, decode_front(reader, envelope_fields()));
    envelope = std::move(front);
  }
  // Read before it is known who asks, so that a refusal says what was asked for.
  auto record = decode(reader.rest(), context.operation.input);
  if (record) context.object = asked_object(context.operation, record.value());
  SALLYPORT_TRYV(authenticate(context, envelope ? &*envelope : nullptr));
  SALLYPORT_TRY(input, std::move(record));
  return authorise(context, input);
}

/// Would it be refused although the code is good?
Result<> Batch::rehearse(Context& context, const HandlerRow& row, Record& input) {
  if (row.check != nullptr) return row.check(context, input);
  SALLYPORT_TRYV(context.tx.savepoint());
  const auto result = base::within_memory([&] { return row.handle(context, input); });
  SALLYPORT_TRYV(context.tx.rollback_to_savepoint());
  SALLYPORT_TRYV(context.tx.release_savepoint());
  context.effects.clear();
  context.then = Outgoing::Then::nothing;
  if (!result) return result.error();
  context.detail.clear();
  return base::ok();
}

Result<> Batch::prove(Context& context, const HandlerRow& row, const Record& input) {
  const bool fresh = row.prove == nullptr && context.operation.access.proof() == Proof::fresh_otp && input.has("otp");
  if (row.prove == nullptr && !fresh) return base::ok();
  SALLYPORT_TRYV(context.tx.savepoint());
  auto refusal = base::within_memory([&] {
    return fresh ? prove_code(context, context.caller->user.id, input.secret("otp")) : row.prove(context, input);
  });
  if (!refusal) {
    SALLYPORT_TRYV(context.tx.rollback_to_savepoint());
  }
  SALLYPORT_TRYV(context.tx.release_savepoint());
  if (!refusal) return std::move(refusal).error();
  context.counted = refusal.value().why.has_value();
  if (context.counted) return *std::move(refusal).value().why;
  return fresh ? authorise_again(context) : base::ok();
}

Result<Payload> Batch::handle(Context& context, const HandlerRow& row, Record& input) {
  SALLYPORT_TRYV(context.tx.savepoint());
  auto result = base::within_memory([&]() -> Result<Payload> {
    SALLYPORT_TRY(auto record, row.handle(context, input));
    return encode(record);
  });
  if (!result) {
    SALLYPORT_TRYV(context.tx.rollback_to_savepoint());
  }
  note(context, result ? nullptr : &result.error());
  SALLYPORT_TRYV(context.tx.release_savepoint());
  return result;
}

bool Batch::worth_noting(const Context& context, const base::Error& failure, std::string_view action) {
  const bool refusal = is_refusal(failure);
  if (!context.unproven()) return refusal || !context.operation.audits.empty();
  return refusal && state_.strangers.take(action, now_.mono);
}

void Batch::note(Context& context, const base::Error* failure) {
  const auto& operation = context.operation;
  const std::string_view action = operation.audits.empty() ? operation.name : operation.audits;
  if (failure == nullptr) {
    if (operation.audits.empty() || context.quiet) return;
    return context.event(action, context.object, audit::Outcome::ok, context.detail);
  }
  if (!worth_noting(context, *failure, action)) return;
  std::string text = context.detail.empty() ? failure->context() : context.detail + ": " + failure->context();
  return context.event(action, context.object, is_refusal(*failure) ? audit::Outcome::denied : audit::Outcome::failed,
                       std::move(text));
}

/// What left no event changed nothing: there is no write without one, and so nothing to commit.
void Batch::finish(std::optional<vault::AuditedTransaction>& tx, bool must_commit, std::vector<Outgoing>& out) {
  if (tx->pending() > 0 || must_commit) {
    const auto committed = tx->commit();
    tx.reset();
    state_.writable = committed.has_value();
    if (!committed) {
      base::log(base::LogLevel::error, "commit.failed", {{"error", committed.error().describe()}});
      return refuse_all(out);
    }
    state_.password_sources.keep();
    state_.code_sources.keep();
  } else {
    tx->rollback();
    tx.reset();
    state_.password_sources.undo();
    state_.code_sources.undo();
  }
  for (auto& reply : replies_) out.push_back(std::move(reply));
  replies_.clear();
  for (auto& effect : effects_) effect(out);
  effects_.clear();
}

/// Nothing was judged either: what failed is not held against anybody.
void Batch::refuse_all(std::vector<Outgoing>& out) {
  state_.writable = false;
  state_.password_sources.undo();
  state_.code_sources.undo();
  effects_.clear();
  for (auto& reply : replies_) {
    reply.frame = error_reply(reply.frame.id, fail(Errc::unavailable, std::string(kNothingReleased)));
    reply.then = Outgoing::Then::nothing;
    out.push_back(std::move(reply));
  }
  replies_.clear();
}

void Batch::run_sealed(BatchItem& item, std::vector<Outgoing>& out) {
  const auto* operation = find_operation(item.request.operation);
  SALLYPORT_ENSURE(operation != nullptr);
  if (state_.vault)
    return out.push_back(reply_to(item.request, fail(Errc::conflict, "the vault is unsealed already"), {}));
  if (!operation->while_sealed) {
    return out.push_back(
        reply_to(item.request, fail(Errc::sealed, "the vault is sealed; its operator runs: sallyport unseal"), {}));
  }
  if (operation->id == OperationId::ssh_listen) {  // the listener comes once; it need not wait for the passphrase
    state_.listener = item.request.peer.id;
    return out.push_back(reply_to(item.request, encode(Record(operation->output)), {}));
  }
  auto result =
      operation->id == OperationId::unseal ? run_unseal(item) : encode(health_record(state_, operation->output));
  if (item.work && !item.computed) return;
  out.push_back(reply_to(item.request, std::move(result), {}));
}

Result<Payload> Batch::run_unseal(BatchItem& item) {
  const auto* operation = find_operation(OperationId::unseal);
  if (!item.computed) {
    SALLYPORT_TRY(auto input,
                  base::within_memory([&] { return decode(item.request.payload.view(), operation->input); }));
    item.work = std::make_shared<HashWork>();
    item.work->unseal = state_.config.data;
    item.work->passphrase = input.take_secret("passphrase");
    return Payload{};
  }
  if (item.work->error) {
    ++state_.failed_unseals;
    base::log(base::LogLevel::warning, "unseal.failed", {{"uid", std::to_string(item.request.peer.uid)}});
    return *item.work->error;
  }
  SALLYPORT_TRYV(base::within_memory([&] {
    return open_vault(state_, item.work->root, "operator:" + std::to_string(item.request.peer.uid), "by a passphrase");
  }));
  return encode(health_record(state_, operation->output));
}

template <class Work>
Result<> Batch::in_transaction(std::vector<Outgoing>& out, bool must_commit, Work&& work) {
  now_ = state_.now();
  SALLYPORT_TRY(auto begun, state_.vault->begin());
  std::optional<vault::AuditedTransaction> tx(std::move(begun));
  const Request none;
  Context context(state_, *tx, none, *find_operation(OperationId::health), now_);
  context.actor = "system:vault";
  context.source = "local";
  SALLYPORT_TRYV(base::within_memory([&] { return work(context); }));
  effects_ = std::move(context.effects);
  finish(tx, must_commit, out);
  return state_.writable || !must_commit ? Result<>(base::ok())
                                         : fail(Errc::unavailable, std::string(kNothingReleased));
}

void Batch::sweep(std::vector<Outgoing>& out) {
  const bool drop_tokens = state_.clock->mono() >= state_.next_token_sweep;
  const auto swept = in_transaction(out, drop_tokens, [&](Context& context) -> Result<> {
    SALLYPORT_TRY(const auto ended, vault::expire_due(context.sql(), context.now));
    for (const auto& one : ended) {
      SALLYPORT_TRYV(checkout_ended(context, one, "checkout.expire", "your checkout has run out"));
    }
    if (drop_tokens) {
      SALLYPORT_TRYV(state_.token_uses.write(context.sql()));
      SALLYPORT_TRYV(access::drop_ended_tokens(context.sql(), context.now));
      context.after_commit([this](auto&) { state_.token_uses.clear(); });
    }
    tell_left_out(context, false);
    if (state_.rotators.empty()) return base::ok();
    SALLYPORT_TRY(const bool due, rotation_is_due(context));
    if (due) context.after_commit([this](auto& pushes) { wake_rotators(state_, pushes); });
    return base::ok();
  });
  if (drop_tokens) state_.next_token_sweep = state_.clock->mono() + base::Seconds{60};
  if (!swept) base::log(base::LogLevel::warning, "sweep.failed", {{"error", swept.error().describe()}});
  if (!state_.lost.empty()) (void)close_lost(out);
  decide_live(out);
}

/// In a transaction of its own, after the batch that was the reason: what it granted lives by now. Tried again by the
/// next sweep where the store could not be read, or the events not be written.
void Batch::decide_live(std::vector<Outgoing>& out) {
  if (!state_.decide_again || !state_.vault) return;
  std::vector<Verdict> verdicts;
  const auto decided = in_transaction(out, false, [&](Context& context) -> Result<> {
    SALLYPORT_TRY(verdicts, decide_again(context));
    return base::ok();
  });
  carry_out(state_, verdicts, now_.mono, out);
  if (!decided)
    base::log(base::LogLevel::error, "decide_again.failed", {{"error", decided.error().describe()}});
  else
    state_.decide_again = false;
}

void Batch::end_connection(std::uint64_t peer, std::vector<Outgoing>& out) {
  auto* connection = state_.sessions.find(peer);
  if (connection == nullptr) return;
  state_.gone.emplace(peer, state_.clock->mono());
  if (connection->live && !connection->live->closed) state_.lost.push_back(*connection->live);
  state_.sessions.remove(peer);
  if (state_.vault && !state_.lost.empty()) (void)close_lost(out);
}

/// Tried again by the next sweep when the store does not take it now.
Result<> Batch::close_lost(std::vector<Outgoing>& out) {
  auto closed = in_transaction(out, true, [&](Context& context) -> Result<> {
    for (const auto& live : state_.lost) {
      const auto ended = vault::close_session(context.sql(), live.id, "the session's process went away",
                                              vault::RecordingState::truncated, {}, context.now);
      if (!ended && ended.error().code() == Errc::conflict) continue;  // it is closed already
      if (!ended) return ended.error();
      context.event("session.end", "session:" + live.id.text(), audit::Outcome::failed,
                    live.user_name + " on " + live.account_name + ": its process went away; the recording is " +
                        std::string(vault::to_string(ended.value().recording)));
    }
    return base::ok();
  });
  if (closed) state_.lost.clear();
  return closed;
}

void Batch::note_violation(const Peer& peer, std::string_view asked) {
  std::vector<Outgoing> none;
  const auto noted = in_transaction(none, true, [&](Context& context) {
    context.actor = "system:" + std::string(to_string(peer.kind));
    context.rule = "deny.permit_table";
    context.event("peer.violation", "pid:" + std::to_string(peer.pid), audit::Outcome::denied,
                  "asked " + std::string(asked) + " in phase " + std::string(to_string(peer.phase)));
    return Result<>(base::ok());
  });
  if (!noted) base::log(base::LogLevel::error, "violation.not_written", {{"error", noted.error().describe()}});
}

}  // namespace sallyport::app
