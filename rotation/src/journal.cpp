#include "sallyport/rotation/journal.hpp"

#include <array>
#include <utility>

namespace sallyport::rotation {
namespace {

using base::Errc;

template <class Enum>
using Word = std::pair<Enum, std::string_view>;

constexpr std::array<Word<Outcome>, 9> kOutcomes{{{Outcome::ok, "ok"},
                                                  {Outcome::unreachable, "unreachable"},
                                                  {Outcome::refused, "refused"},
                                                  {Outcome::locked, "locked"},
                                                  {Outcome::policy_rejected, "policy_rejected"},
                                                  {Outcome::host_key_changed, "host_key_changed"},
                                                  {Outcome::dns, "dns"},
                                                  {Outcome::timed_out, "timed_out"},
                                                  {Outcome::unknown, "unknown"}}};

constexpr std::array<Word<State>, 7> kStates{{{State::pending, "pending"},
                                              {State::applying, "applying"},
                                              {State::applied, "applied"},
                                              {State::promoted, "promoted"},
                                              {State::current, "current"},
                                              {State::kept, "kept"},
                                              {State::out_of_sync, "out_of_sync"}}};

constexpr std::array<Word<End>, 5> kEnds{{{End::done, "done"},
                                          {End::retry_later, "retry_later"},
                                          {End::blocked, "blocked"},
                                          {End::kept, "kept"},
                                          {End::out_of_sync, "out_of_sync"}}};

template <class Enum, std::size_t N>
std::string_view word_of(const std::array<Word<Enum>, N>& words, Enum value) noexcept {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  return "?";
}

template <class Enum, std::size_t N>
base::Result<Enum> find_word(const std::array<Word<Enum>, N>& words, std::string_view text, const char* what) {
  for (const auto& [value, word] : words) {
    if (word == text) return value;
  }
  return base::fail(Errc::invalid, std::string("not a rotation ") + what);
}

/// The target was not reached, or not in time: worth another run.
bool is_passing(Outcome outcome) {
  return outcome == Outcome::unreachable || outcome == Outcome::dns || outcome == Outcome::timed_out;
}

std::string_view refused_word(bool refused) { return refused ? "refused" : "unknown"; }

}  // namespace

std::string_view to_string(Outcome outcome) noexcept { return word_of(kOutcomes, outcome); }
std::string_view to_string(State state) noexcept { return word_of(kStates, state); }
std::string_view to_string(End end) noexcept { return word_of(kEnds, end); }
base::Result<Outcome> parse_outcome(std::string_view word) { return find_word(kOutcomes, word, "outcome"); }

std::string encode(const Journal& journal) {
  return std::string(to_string(journal.state)) + " failed=" + std::to_string(journal.failed_logins) +
         " applies=" + std::to_string(journal.applies) + " new=" + std::string(refused_word(journal.new_refused)) +
         " old=" + std::string(refused_word(journal.old_refused));
}

base::Result<Journal> decode_journal(std::string_view text) {
  // There are few journals: the one that encodes to this text is it.
  for (const auto& [state, word] : kStates) {
    if (text.substr(0, text.find(' ')) != word) continue;
    for (unsigned bits = 0; bits < 36; ++bits) {
      const Journal journal{state, static_cast<std::uint8_t>(bits / 4 % 3), static_cast<std::uint8_t>(bits / 12),
                            (bits & 1U) != 0, (bits & 2U) != 0};
      if (encode(journal) == text) return journal;
    }
  }
  return base::fail(Errc::corrupt, "not a rotation journal");
}

Action Rotation::on(Event event, Outcome outcome) {
  if (event == Event::start) {
    SALLYPORT_ENSURE(!started_);
    started_ = true;
    return give(start());
  }
  SALLYPORT_ENSURE(started_);
  switch (event) {
    case Event::recorded:
      SALLYPORT_ENSURE(last_.step == Step::record);
      return give(next_);
    case Event::apply_done:
      SALLYPORT_ENSURE(last_.step == Step::apply);
      return give(after_apply(outcome));
    case Event::retire_done:
      SALLYPORT_ENSURE(last_.step == Step::retire_old);
      return give(after_retire(outcome));
    default:
      break;
  }
  SALLYPORT_ENSURE(event == Event::login_done);
  if (last_.step == Step::login_new) return give(after_new_login(outcome));
  SALLYPORT_ENSURE(last_.step == Step::login_old);
  return give(after_old_login(outcome));
}

Action Rotation::start() {
  switch (journal_.state) {
    case State::pending:
      return recover(Outcome::ok);
    case State::applying:
    case State::applied:
      return recover(Outcome::unknown);
    case State::promoted:
      return {Step::retire_old};
    case State::current:
      return stop(End::done, Outcome::ok);
    case State::kept:
      return stop(End::kept, Outcome::ok);
    case State::out_of_sync:
      return stop(End::out_of_sync, Outcome::ok);
  }
  return stop(End::blocked, Outcome::unknown);
}

/// What to do next, from what is known. Every way on from `pending`, `applying` and `applied` is decided here.
Action Rotation::recover(Outcome why) {
  if (journal_.state == State::pending) return first_change(why);
  // A change that the target called done and that did not take is not sent again; one that may have got lost is.
  const bool may_repeat = journal_.state == State::applying;
  if (old_proven_) {
    return may_repeat && can_apply(Route::self) ? begin_apply(Route::self, why) : end_in(State::kept, End::kept, why);
  }
  if (!may_login()) return end_in(State::out_of_sync, End::out_of_sync, why);
  if (!journal_.new_refused) return {Step::login_new};
  if (may_repeat && can_apply(Route::reconcile)) return begin_apply(Route::reconcile, why);
  if (!journal_.old_refused && means_.old_is_known) return {Step::login_old};
  return end_in(State::out_of_sync, End::out_of_sync, why);
}

/// Nothing was sent yet. The account's own login for the change is its test of the old credential.
Action Rotation::first_change(Outcome why) {
  if (can_apply(Route::reconcile)) return begin_apply(Route::reconcile, why);
  if (can_apply(Route::self)) return begin_apply(Route::self, why);
  if (journal_.old_refused) return end_in(State::out_of_sync, End::out_of_sync, why);
  return stop(End::blocked, why);
}

Action Rotation::begin_apply(Route route, Outcome why) {
  before_apply_ = journal_;
  // From here on the target may hold either credential.
  old_proven_ = false;
  journal_.new_refused = false;
  journal_.old_refused = false;
  ++journal_.applies;
  return enter(State::applying, {Step::apply, route}, why);
}

Action Rotation::after_apply(Outcome outcome) {
  if (outcome == Outcome::ok) return enter(State::applied, {Step::login_new}, outcome);
  if (outcome == Outcome::unknown) return recover(outcome);
  if (outcome == Outcome::policy_rejected) {
    journal_.applies = kMaxApplies;  // the same secret would be refused again
    return durably(means_.old_is_known && may_login() ? Action{Step::login_old} : recover(outcome), outcome);
  }
  // Nothing was sent: the journal is what it was.
  const auto route = last_.route;
  journal_ = before_apply_;
  if (is_passing(outcome)) return durably(stop(End::retry_later, outcome), outcome);
  if (outcome == Outcome::host_key_changed) return durably(stop(End::blocked, outcome), outcome);
  if (route == Route::reconcile) {
    reconcile_failed_ = true;
    return durably(recover(outcome), outcome);
  }
  return old_was_refused(outcome);
}

Action Rotation::after_new_login(Outcome outcome) {
  if (outcome == Outcome::ok) {
    return means_.old_needs_retiring ? enter(State::promoted, {Step::retire_old}, outcome)
                                     : end_in(State::current, End::done, outcome);
  }
  if (outcome != Outcome::refused && outcome != Outcome::locked) return no_answer(outcome);
  count_failed_login();
  journal_.new_refused = true;
  return durably(outcome == Outcome::locked ? stop(End::blocked, outcome) : recover(outcome), outcome);
}

Action Rotation::after_old_login(Outcome outcome) {
  if (outcome == Outcome::ok) {
    old_proven_ = true;
    return recover(outcome);
  }
  if (outcome != Outcome::refused && outcome != Outcome::locked) return no_answer(outcome);
  return old_was_refused(outcome);
}

Action Rotation::old_was_refused(Outcome outcome) {
  count_failed_login();
  journal_.old_refused = true;
  return durably(outcome == Outcome::locked ? stop(End::blocked, outcome) : recover(outcome), outcome);
}

Action Rotation::after_retire(Outcome outcome) {
  if (outcome == Outcome::ok) return end_in(State::current, End::done, outcome);
  // Taking a line away twice does no harm: an unknown outcome is simply tried again.
  return outcome == Outcome::unknown ? stop(End::retry_later, outcome) : no_answer(outcome);
}

Action Rotation::no_answer(Outcome outcome) {
  return stop(is_passing(outcome) ? End::retry_later : End::blocked, outcome);
}

/// The one place that sets the state: durable before `then` is done.
Action Rotation::enter(State state, Action then, Outcome why) {
  journal_.state = state;
  next_ = then;
  return {Step::record, Route::self, End::done, why};
}

Action Rotation::end_in(State state, End end, Outcome why) { return enter(state, stop(end, why), why); }

/// What was learnt without a change of state is made durable, too, before the next step.
Action Rotation::durably(Action then, Outcome why) {
  return then.step == Step::record ? then : enter(journal_.state, then, why);
}

Action Rotation::stop(End end, Outcome why) const { return {Step::stop, Route::self, end, why}; }

Action Rotation::give(Action action) {
  last_ = action;
  return action;
}

void Rotation::count_failed_login() noexcept {
  if (journal_.failed_logins < kMaxFailedLogins) ++journal_.failed_logins;
}

bool Rotation::may_login() const noexcept { return journal_.failed_logins < kMaxFailedLogins; }

bool Rotation::can_apply(Route route) const noexcept {
  if (journal_.applies >= kMaxApplies) return false;
  if (route == Route::reconcile) return means_.reconcile_can_apply && !reconcile_failed_;
  return means_.self_can_apply && means_.old_is_known && !journal_.old_refused && may_login();
}

}  // namespace sallyport::rotation
