#include "sallyport/rotation/journal.hpp"

#include "simulation.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::rotation;
using namespace sallyport::rotation::test;

namespace {

constexpr Means kPassword{false, true, false};      // a password, by the reconcile account
constexpr Means kRootPassword{true, false, false};  // root's own
constexpr Means kRootBoth{true, true, false};
constexpr Means kKey{true, false, true};  // an SSH key, by itself
constexpr Means kKeyBoth{true, true, true};
constexpr Means kFirst{false, true, false, false};  // no old secret yet

/// What must hold at every moment, whatever failed.
void check_invariants(const World& world) {
  const auto state = world.durable.state;
  // The vault holds a credential that works.
  if (state == State::promoted || state == State::current) {
    REQUIRE(world.new_was_verified);
    REQUIRE(world.accepted.count(kNew) == 1);
  } else if (state == State::kept) {
    REQUIRE(world.old_was_verified);
    REQUIRE(world.accepted.count(kOld) == 1);
  } else {
    REQUIRE(!world.accepted.empty());
  }
  // A key is taken away only after the new one was recorded as the account's.
  if (world.side_by_side() && world.accepted.count(kOld) + world.accepted.count(kForeign) == 0) {
    REQUIRE((state == State::promoted || state == State::current));
  }
  REQUIRE(world.failed_logins - world.hidden_failures <= kMaxFailedLogins);
}

/// One run of the rotator, from what is durable. What a crash hid is remembered.
std::optional<End> run_once(World& world) {
  FakeConnector connector(world);
  FakePort port(world);
  const auto job = job_for(world);
  try {
    const auto end = run_job(job, connector, port);
    if (end) REQUIRE(port.consistent);
  } catch (const Crash&) {
  }
  world.hidden_failures += world.unrecorded;
  world.unrecorded = 0;
  return port.finished;
}

/// Runs until an end; a person's help (blocked) is taken to have come.
void run_to_end(World& world) {
  for (int run = 0; run < 12; ++run) {
    run_once(world);
    check_invariants(world);
    if (is_end(world.durable.state)) return;
  }
  // Only a rotation that nothing can carry on stays.
  REQUIRE(world.durable.state != State::applied);
}

std::size_t explore(Means means, std::set<int> accepted, std::size_t most_faults) {
  Explorer faults(most_faults);
  faults.all([&] {
    World world{faults, means, accepted, {}, false, false, 0, 0, 0, {State::pending}};
    run_to_end(world);
  });
  return faults.rounds();
}

World calm(Explorer& faults, Means means) {
  return World{faults, means, {kOld}, {}, false, false, 0, 0, 0, {State::pending}};
}

/// Drives the value by hand: each event's outcome in order, until it stops or wants what is not given.
std::vector<Step> steps_of(Rotation& rotation, std::vector<Outcome> answers) {
  std::vector<Step> steps;
  std::reverse(answers.begin(), answers.end());
  auto action = rotation.on(Event::start);
  while (true) {
    steps.push_back(action.step);
    if (action.step == Step::stop) return steps;
    if (action.step == Step::record) {
      action = rotation.on(Event::recorded);
      continue;
    }
    if (answers.empty()) return steps;
    const auto outcome = answers.back();
    answers.pop_back();
    const auto event = action.step == Step::apply        ? Event::apply_done
                       : action.step == Step::retire_old ? Event::retire_done
                                                         : Event::login_done;
    action = rotation.on(event, outcome);
  }
}

}  // namespace

TEST_CASE("a journal's line reads back, and nothing else is taken for one") {
  for (const auto state : {State::pending, State::applying, State::applied, State::promoted, State::current,
                           State::kept, State::out_of_sync}) {
    const Journal journal{state, 2, 1, true, false};
    CHECK(decode_journal(encode(journal)).value() == journal);
  }
  CHECK(encode(Journal{}) == "pending failed=0 applies=0 new=unknown old=unknown");
  for (const auto* bad :
       {"", "pending", "lost failed=0 applies=0 new=unknown old=unknown",
        "pending failed=3 applies=0 new=unknown old=unknown", "pending failed=0 applies=0 new=unknown old=unknown ",
        "pending failed=00 applies=0 new=unknown old=unknown"}) {
    CHECK(decode_journal(bad).error().code() == base::Errc::corrupt);
  }
}

TEST_CASE("without faults every kind of rotation ends with the new credential alone") {
  for (const auto& means : {kPassword, kRootPassword, kRootBoth, kKey, kKeyBoth, kFirst}) {
    Explorer faults(0);
    auto world = calm(faults, means);
    CHECK(run_once(world) == End::done);
    CHECK(world.durable.state == State::current);
    CHECK(world.accepted == std::set<int>{kNew});
    CHECK(world.failed_logins == 0);
  }
}

TEST_CASE("each state is durable before the step that follows it") {
  Explorer faults(0);
  auto world = calm(faults, kKey);
  run_once(world);
  CHECK(world.states ==
        std::vector<State>{State::pending, State::applying, State::applied, State::promoted, State::current});
  Rotation rotation({}, kPassword);
  CHECK(steps_of(rotation, {Outcome::ok, Outcome::ok}) ==
        std::vector<Step>{Step::record, Step::apply, Step::record, Step::login_new, Step::record, Step::stop});
}

TEST_CASE("with a failure at every step, and two at every pair of steps, the vault always holds a working credential") {
  std::size_t rounds = 0;
  for (const auto& means : {kPassword, kRootPassword, kRootBoth, kKey, kKeyBoth, kFirst}) {
    rounds += explore(means, {kOld}, 2);
  }
  CHECK(rounds > 3000);
}

TEST_CASE("with three failures at every triple of steps it still does") {
  CHECK(explore(kPassword, {kOld}, 3) > 5000);
  CHECK(explore(kKey, {kOld}, 3) > 5000);
}

TEST_CASE("a target that takes neither credential ends out of sync within two failed logins, or is set right") {
  for (const auto& means : {kRootPassword, kKey}) {
    Explorer faults(1);
    faults.all([&] {
      World world{faults, means, {kForeign}, {}, false, false, 0, 0, 0, {State::pending}};
      run_to_end(world);
      CHECK(world.durable.state != State::kept);
    });
    Explorer none(0);
    World world{none, means, {kForeign}, {}, false, false, 0, 0, 0, {State::pending}};
    run_to_end(world);
    CHECK(world.durable.state == State::out_of_sync);
    CHECK(world.failed_logins == 1);
  }
  Explorer none(0);
  World world{none, kPassword, {kForeign}, {}, false, false, 0, 0, 0, {State::pending}};
  run_to_end(world);
  CHECK(world.durable.state == State::current);
}

TEST_CASE("a run that starts after a crash tries the new credential first, and changes nothing if it works") {
  for (const auto state : {State::applying, State::applied}) {
    Rotation rotation({state, 0, 1, false, false}, kPassword);
    CHECK(steps_of(rotation, {Outcome::ok}) == std::vector<Step>{Step::login_new, Step::record, Step::stop});
    CHECK(rotation.journal().state == State::current);
  }
}

TEST_CASE(
    "a change that got lost is made again with the same secret: by the reconcile account, or by the old credential") {
  const Journal crashed{State::applying, 0, 1, false, false};
  Rotation by_reconcile(crashed, kRootBoth);
  CHECK(steps_of(by_reconcile, {Outcome::refused, Outcome::ok, Outcome::ok}) ==
        std::vector<Step>{Step::login_new, Step::record, Step::apply, Step::record, Step::login_new, Step::record,
                          Step::stop});
  Rotation by_itself(crashed, kRootPassword);
  CHECK(steps_of(by_itself, {Outcome::refused, Outcome::ok, Outcome::ok, Outcome::ok}) ==
        std::vector<Step>{Step::login_new, Step::record, Step::login_old, Step::record, Step::apply, Step::record,
                          Step::login_new, Step::record, Step::stop});
  CHECK(by_itself.journal().state == State::current);
}

TEST_CASE("two failed logins are the most, also over several runs") {
  Rotation first({State::applying, 0, 1, false, false}, kRootPassword);
  CHECK(steps_of(first, {Outcome::refused, Outcome::timed_out}).back() == Step::stop);
  CHECK(first.journal().failed_logins == 1);
  Rotation second(first.journal(), kRootPassword);
  CHECK(steps_of(second, {Outcome::refused}) == std::vector<Step>{Step::login_old, Step::record, Step::stop});
  CHECK(second.journal().state == State::out_of_sync);
  CHECK(second.journal().failed_logins == 2);
}

TEST_CASE(
    "a password that the target's policy refuses is not sent again, and the old one is proven before it is kept") {
  Rotation rotation({}, kRootBoth);
  CHECK(steps_of(rotation, {Outcome::policy_rejected, Outcome::ok}) ==
        std::vector<Step>{Step::record, Step::apply, Step::record, Step::login_old, Step::record, Step::stop});
  CHECK(rotation.journal().state == State::kept);
  CHECK(rotation.journal().applies == kMaxApplies);
}

TEST_CASE("a target that cannot be reached leaves the journal as it was") {
  for (const auto outcome : {Outcome::unreachable, Outcome::dns, Outcome::timed_out, Outcome::host_key_changed}) {
    Rotation rotation({}, kPassword);
    steps_of(rotation, {outcome});
    CHECK(rotation.journal() == Journal{});
    const Journal crashed{State::applied, 1, 1, false, true};
    Rotation later(crashed, kPassword);
    steps_of(later, {outcome});
    CHECK(later.journal() == crashed);
  }
}

TEST_CASE("a changed host key or a lock stops the run for a person to look") {
  for (const auto outcome : {Outcome::host_key_changed, Outcome::locked}) {
    Explorer none(0);
    Rotation rotation({State::applied, 0, 1, false, false}, kPassword);
    auto action = rotation.on(Event::start);
    action = rotation.on(Event::login_done, outcome);
    if (action.step == Step::record) action = rotation.on(Event::recorded);
    CHECK(action.step == Step::stop);
    CHECK(action.end == End::blocked);
  }
}

TEST_CASE("a reconcile account that is refused falls back to the account itself, or stops with nothing changed") {
  Rotation both({}, kRootBoth);
  CHECK(steps_of(both, {Outcome::refused, Outcome::ok, Outcome::ok}).back() == Step::stop);
  CHECK(both.journal().state == State::current);
  Rotation alone({}, kPassword);
  steps_of(alone, {Outcome::refused});
  CHECK(alone.journal() == Journal{});
}
