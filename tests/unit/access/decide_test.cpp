#include "sallyport/access/decide.hpp"

#include <array>
#include <set>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::access;
using namespace std::chrono_literals;
using base::Errc;

namespace {

/// A question that is answered with yes; each test spoils one thing in it.
struct Question {
  base::ManualClock clock{base::from_unix_ms(1'790'000'000'000)};
  base::UserId alice = base::UserId::random();
  Person person{alice, false, true};
  AccountFacts account{base::AccountId::random(), {{"env", "prod"}, {"team", "db"}}};
  std::vector<Role> roles;
  Factors factors;
  std::string source = "192.0.2.1";
  CheckoutFacts checkout;
  Action action;
  std::optional<Channel> channel;
  bool with_account = true;
  bool with_checkout = true;

  explicit Question(Action what = Action::session)
      : checkout{alice, account.id, true, false, source, {}, {}}, action(what) {
    add_role("dba", "env=prod", {Action::session, Action::reveal, Action::checkout, Action::rotate},
             {Channel::shell, Channel::sftp});
    add_role("boss", "*", {Action::audit, Action::administer}, {});
    if (action == Action::session) channel = Channel::shell;
    with_account = action != Action::audit && action != Action::administer;
    factors.password = true;
    factors.otp = now();
    checkout.made = now();
    checkout.lease = {now(), 1h};
  }
  vault::Moment now() const { return vault::Moment::read(clock, "a"); }
  void add_role(const std::string& name, std::string_view selector, Actions actions, Channels channels) {
    roles.push_back({base::RoleId::random(), name, Selector::parse(selector).value(), actions, channels});
  }
  DecisionInput input() const {
    return {
        person, roles, action, with_account ? &account : nullptr, channel, factors, with_checkout ? &checkout : nullptr,
        source, now(), {}};
  }
  Decision ask() const { return decide(input()); }
};

constexpr std::array<Action, 6> kAll = {Action::session, Action::reveal, Action::checkout,
                                        Action::rotate,  Action::audit,  Action::administer};

}  // namespace

TEST_CASE("every action is allowed where nothing is missing, and the role is named") {
  const Question question(GENERATE(from_range(kAll)));
  const Decision decision = question.ask();
  CHECK(decision.allowed);
  CHECK(decision.why() == (question.with_account ? "allow.role:dba" : "allow.role:boss"));
  CHECK(decision.as_result().has_value());
}

TEST_CASE("an empty question is denied") { CHECK_FALSE(decide({.person = {base::UserId::random()}}).allowed); }

TEST_CASE("a disabled user is denied everything") {
  Question question(GENERATE(from_range(kAll)));
  question.person.disabled = true;
  CHECK(question.ask().rule == Rule::user_disabled);
}

TEST_CASE("nothing is allowed without password or key, whatever else was proven") {
  Question question(GENERATE(from_range(kAll)));
  question.factors.password = false;
  CHECK(question.ask().rule == Rule::no_first_factor);
  CHECK(question.ask().as_result().error().code() == Errc::unauthenticated);
  question.factors.key = true;
  CHECK(question.ask().allowed);
}

TEST_CASE("nothing is allowed without a role") {
  Question question(GENERATE(from_range(kAll)));
  question.roles.clear();
  CHECK(question.ask().rule == Rule::no_role);
}

TEST_CASE("a role does not open another action than its own") {
  Question question(GENERATE(from_range(kAll)));
  question.roles.clear();
  for (const Action other : kAll) {
    if (other != question.action) question.add_role("other", "*", {other}, {Channel::shell});
  }
  CHECK(question.ask().rule == Rule::no_role);
}

TEST_CASE("a role does not open an account with other labels") {
  Question question(GENERATE(Action::session, Action::reveal, Action::checkout, Action::rotate));
  SECTION("another value") { question.account.labels["env"] = "dev"; }
  SECTION("no label") { question.account.labels.clear(); }
  SECTION("one of two") {
    question.roles.clear();
    question.add_role("dba", "env=prod,team=web", {question.action}, {Channel::shell});
  }
  CHECK(question.ask().rule == Rule::no_role);
}

TEST_CASE("an action on the whole needs a role for all accounts") {
  Question question(GENERATE(Action::audit, Action::administer));
  question.roles.clear();
  question.add_role("prod-only", "env=prod", {question.action}, {});
  CHECK(question.ask().rule == Rule::no_role);
}

TEST_CASE("a session on a channel that no role opens is denied") {
  Question question;
  question.channel = GENERATE(Channel::exec, Channel::scp);
  CHECK(question.ask().rule == Rule::channel_not_open);
  question.channel = GENERATE(Channel::shell, Channel::sftp);
  CHECK(question.ask().allowed);
}

TEST_CASE("two roles are not added up: one must open account, action and channel together") {
  Question question;
  question.roles.clear();
  question.add_role("shell-on-dev", "env=dev", {Action::session}, {Channel::shell});
  question.add_role("sftp-on-prod", "env=prod", {Action::session}, {Channel::sftp});
  CHECK(question.ask().rule == Rule::channel_not_open);
}

TEST_CASE("an action on an account needs one to be named") {
  Question question(GENERATE(Action::session, Action::reveal, Action::checkout, Action::rotate));
  question.with_account = false;
  CHECK(question.ask().rule == Rule::account_needed);
}

TEST_CASE("who has no passcode enrolled is denied everything, and told to enrol") {
  Question question(GENERATE(from_range(kAll)));
  question.person.otp_enrolled = false;
  CHECK(question.ask().rule == Rule::otp_not_enrolled);
  CHECK(question.ask().sentence().find("otp enroll") != std::string_view::npos);
}

TEST_CASE("nothing is allowed without a passcode") {
  Question question(GENERATE(from_range(kAll)));
  question.factors.otp.reset();
  CHECK(question.ask().rule == Rule::otp_needed);
  CHECK(otp_still_needed(question.input()));
}

TEST_CASE("a passcode is fresh for as long as the action says") {
  const auto [action, fresh] = GENERATE(table<Action, base::Seconds>({{Action::session, 5min},
                                                                      {Action::reveal, 5min},
                                                                      {Action::checkout, 60s},
                                                                      {Action::rotate, 8h},
                                                                      {Action::audit, 8h},
                                                                      {Action::administer, 8h}}));
  Question question(action);
  question.checkout.lease.length = 24h;
  question.clock.advance(fresh - 1ms);
  CHECK(question.ask().allowed);
  question.clock.advance(1ms);
  CHECK(question.ask().rule == Rule::otp_needed);
}

TEST_CASE("a passcode is no fresher for a wall clock put back") {
  Question question(Action::checkout);
  question.clock.advance(60s);
  question.clock.jump_wall(-60s);
  CHECK(question.ask().rule == Rule::otp_needed);
}

TEST_CASE("sessions and reveals need a checkout of one's own that lives") {
  Question question(GENERATE(Action::session, Action::reveal));
  SECTION("none") {
    question.with_checkout = false;
    CHECK(question.ask().rule == Rule::checkout_needed);
  }
  SECTION("of another person") {
    question.checkout.user = base::UserId::random();
    CHECK(question.ask().rule == Rule::checkout_of_other);
  }
  SECTION("of another account") {
    question.checkout.account = base::AccountId::random();
    CHECK(question.ask().rule == Rule::checkout_of_other);
  }
  SECTION("ended by state") {
    question.checkout.active = false;
    CHECK(question.ask().rule == Rule::checkout_ended);
  }
  SECTION("run out, not yet swept") {
    question.clock.advance(1h);
    question.factors.otp = question.now();
    CHECK(question.ask().rule == Rule::checkout_ended);
  }
  CHECK_FALSE(question.ask().allowed);
}

TEST_CASE("a checkout made with a passcode just before stands for a passcode") {
  Question question(GENERATE(Action::session, Action::reveal));
  question.factors.otp.reset();
  question.checkout.with_otp = true;
  CHECK(question.ask().allowed);
  CHECK_FALSE(otp_still_needed(question.input()));
  SECTION("but not when it is older than the window") {
    question.clock.advance(5min);
    CHECK(question.ask().rule == Rule::otp_needed);
  }
  SECTION("but not from another source") {
    question.source = "192.0.2.2";
    CHECK(question.ask().rule == Rule::otp_needed);
  }
  SECTION("but not where the source is not known") {
    question.source.clear();
    question.checkout.source.clear();
    CHECK(question.ask().rule == Rule::otp_needed);
  }
  SECTION("but not when it was made without one") {
    question.checkout.with_otp = false;
    CHECK(question.ask().rule == Rule::otp_needed);
  }
}

TEST_CASE("a checkout made with a passcode does not stand for one at other actions") {
  Question question(GENERATE(Action::checkout, Action::rotate));
  question.factors.otp.reset();
  question.checkout.with_otp = true;
  CHECK(question.ask().rule == Rule::otp_needed);
}

TEST_CASE("who has no role is not asked for a passcode, so that nothing is learnt by it") {
  Question question;
  question.roles.clear();
  question.factors.otp.reset();
  CHECK_FALSE(otp_still_needed(question.input()));
}

TEST_CASE("every rule has a word of its own and a sentence") {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Rule::checkout_ended); ++i) {
    const Decision decision{false, static_cast<Rule>(i), {}};
    words.insert(to_string(decision.rule));
    CHECK_FALSE(decision.sentence().empty());
  }
  CHECK(words.size() == 11);
}
