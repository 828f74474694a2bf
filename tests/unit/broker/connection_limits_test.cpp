#include "sallyport/broker/connection_limits.hpp"

#include <set>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;

namespace {

constexpr base::MonoTime kStart{base::Milliseconds{1000000}};

std::string source(unsigned number) {
  return "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250);
}

/// Numbers the connections, and keeps those that are there.
struct Port {
  ConnectionLimits limits;
  ConnectionNumber last = 0;
  std::set<ConnectionNumber> there;

  explicit Port(ConnectionLimitsConfig config = {}) : limits(config) {}
  Verdict knock(const std::string& from, unsigned dice = 99, base::MonoTime now = kStart) {
    auto verdict = limits.admit(++last, from, now, dice);
    if (verdict.pushed_out) there.erase(*verdict.pushed_out);
    if (verdict.admission == Admission::admitted) there.insert(last);
    return verdict;
  }
  ConnectionNumber enter(const std::string& from) {
    REQUIRE(knock(from).admission == Admission::admitted);
    return last;
  }
  void leave(ConnectionNumber number, Outcome outcome, base::MonoTime now = kStart) {
    limits.ended(number, outcome, now);
    there.erase(number);
  }
  void sign_in(const std::string& from) {
    limits.authenticated(enter(from), kStart);
    leave(last, Outcome::served);
  }
};

}  // namespace

TEST_CASE("limits: when all places are taken the eldest of the fullest source makes room for a newcomer") {
  Port port;
  const auto honest = port.enter("192.0.2.1");
  const auto eldest = port.enter("203.0.113.9");
  for (int i = 0; i < 40; ++i) port.enter("203.0.113.9");
  for (unsigned i = 0; port.limits.startups() < 100; ++i) port.enter(source(i * 250));
  const auto verdict = port.knock("198.51.100.7", 0);
  CHECK(verdict.admission == Admission::admitted);
  CHECK(verdict.pushed_out == eldest);
  CHECK(port.there.count(honest) == 1);
  CHECK(port.limits.startups() == 100);
}

TEST_CASE("limits: a flood of many addresses of one network pushes out itself, not others") {
  Port port;
  const auto honest = port.enter("192.0.2.1");
  for (unsigned i = 0; i < 1000; ++i) {
    CHECK(port.knock("203.0.113." + std::to_string(i % 250)).admission == Admission::admitted);
    REQUIRE(port.there.count(honest) == 1);
  }
  CHECK(port.limits.startups() == 100);
}

TEST_CASE("limits: a flood from everywhere leaves a newcomer the time of a hundred others") {
  Port port;
  for (unsigned i = 0; i < 500; ++i) port.enter("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1");
  const auto honest = port.enter("192.0.2.1");
  for (unsigned i = 0; i < 99; ++i) port.enter("10.9." + std::to_string(i) + ".1");
  CHECK(port.there.count(honest) == 1);
}

TEST_CASE("limits: who signed in before has places of his own, and goes last") {
  Port port;
  port.sign_in("192.0.2.1");
  std::vector<ConnectionNumber> known;
  for (unsigned i = 0; i < 5; ++i) known.push_back(port.enter("192.0.2.1"));
  for (unsigned i = 0; i < 500; ++i) port.enter(source(i * 7));
  for (const auto number : known) CHECK(port.there.count(number) == 1);
  const auto verdict = port.knock("192.0.2.1", 0);
  CHECK(verdict.admission == Admission::admitted);
  CHECK_FALSE(verdict.pushed_out);
  // A week later he is a stranger again.
  const auto later = port.knock("192.0.2.1", 0, kStart + std::chrono::hours{24 * 7});
  CHECK(later.pushed_out);
}

namespace {

/// Somebody signed in from three addresses, and comes back to be silent.
struct Returned : Port {
  explicit Returned(ConnectionLimitsConfig config = {}) : Port(config) {
    for (unsigned i = 0; i < 3; ++i) sign_in(from(i));
  }
  static std::string from(unsigned i) { return "192.0." + std::to_string(i % 3) + ".1"; }
  void be_silent(unsigned count) {
    for (unsigned i = 0; i < count; ++i) enter(from(i));
  }
};

}  // namespace

TEST_CASE("limits: who signed in before and holds half of the places pushes out himself, not strangers") {
  for (const unsigned sessions : {1000U, 60U}) {
    ConnectionLimitsConfig config;
    config.max_sessions = sessions;
    Returned port(config);
    port.be_silent(std::min(sessions, 120U));
    const auto stranger = port.enter("203.0.113.9");
    port.be_silent(30);
    CHECK(port.there.contains(stranger));
    CHECK(port.limits.startups() == std::min(sessions, 120U));
  }
}

TEST_CASE("limits: strangers and one who holds half of the places don't shut out others who signed in before") {
  Returned port;
  port.sign_in("198.51.100.1");
  port.be_silent(60);
  for (unsigned i = 0; i < 500; ++i) port.enter("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1");
  const auto honest = port.enter("198.51.100.1");
  for (unsigned i = 0; i < 150; ++i) {
    port.enter("10.9." + std::to_string(i) + ".1");
    port.be_silent(1);
  }
  CHECK(port.there.contains(honest));
}

TEST_CASE("limits: one source that holds many is dropped early, with a chance that grows") {
  Port port;
  for (int i = 0; i < 10; ++i) REQUIRE(port.knock("192.0.2.1", 0).admission == Admission::admitted);
  CHECK(port.knock("192.0.2.1", 29).admission == Admission::source_busy);
  CHECK(port.knock("192.0.2.1", 30).admission == Admission::admitted);
  for (int i = 11; i < 30; ++i) REQUIRE(port.knock("192.0.2.1", 99).admission == Admission::admitted);
  CHECK(port.knock("192.0.2.1", 64).admission == Admission::source_busy);
  CHECK(port.knock("192.0.2.1", 65).admission == Admission::admitted);
  for (int i = 31; i < 50; ++i) REQUIRE(port.knock("192.0.2.1", 99).admission == Admission::admitted);
  CHECK(port.knock("192.0.2.1", 99).admission == Admission::source_busy);
  CHECK(port.knock("192.0.2.2", 0).admission == Admission::admitted);
}

TEST_CASE("limits: sessions are bounded, and of those who have proven nothing one makes room") {
  ConnectionLimitsConfig config;
  config.max_sessions = 3;
  Port port(config);
  for (int i = 0; i < 2; ++i) port.limits.authenticated(port.enter("192.0.2.1"), kStart);
  const auto stranger = port.enter("203.0.113.9");
  CHECK(port.knock("192.0.2.2").pushed_out == stranger);
  port.leave(stranger, Outcome::no_auth);
  port.limits.authenticated(port.last, kStart);
  CHECK(port.knock("192.0.2.3").admission == Admission::too_many_sessions);
  port.leave(1, Outcome::served);
  CHECK(port.knock("192.0.2.3").admission == Admission::admitted);
}

namespace {

/// Ten places, all of which are held by proven connections that rest: eight of one source, two of others.
struct Held : Port {
  explicit Held(unsigned share = 0) : Port(ten(share)) {
    for (int i = 0; i < 8; ++i) rest("203.0.113.9", i);
    rest("192.0.2.1", -2000);
    rest("192.0.2.2", -1000);
  }
  static ConnectionLimitsConfig ten(unsigned share = 0) {
    ConnectionLimitsConfig config;
    config.max_sessions = 10;
    config.source_share = share;
    return config;
  }
  void rest(const std::string& from, int later) {
    limits.authenticated(enter(from), kStart);
    limits.rests(last, kStart + base::Milliseconds{later});
  }
};

}  // namespace

TEST_CASE("limits: when proven ones hold all places, the longest resting of the fullest source makes room") {
  Held port;
  for (ConnectionNumber eldest = 1; eldest <= 3; ++eldest) {
    const auto verdict = port.knock("198.51.100.7");
    CHECK(verdict.admission == Admission::admitted);
    CHECK(verdict.pushed_out == eldest);
    port.leave(eldest, Outcome::served);
    port.limits.authenticated(port.last, kStart);
  }
  CHECK(port.there.contains(9));
  CHECK(port.there.contains(10));
  CHECK(port.limits.sessions() == 10);
}

TEST_CASE("limits: a proven connection that works gives its place to nobody") {
  Held port;
  for (ConnectionNumber one = 1; one <= 10; ++one) port.limits.works(one);
  CHECK(port.knock("198.51.100.7").admission == Admission::too_many_sessions);
  port.limits.rests(9, kStart);
  CHECK(port.knock("198.51.100.7").pushed_out == ConnectionNumber{9});
}

TEST_CASE("limits: of a source with more than its share those at work make room, too, after those that rest") {
  Held port(6);
  for (ConnectionNumber one = 1; one <= 10; ++one) port.limits.works(one);
  port.limits.rests(5, kStart);
  for (const ConnectionNumber one : {5U, 1U}) {
    const auto verdict = port.knock("198.51.100.7");
    CHECK(verdict.pushed_out == one);
    port.leave(one, Outcome::served);
    port.limits.authenticated(port.last, kStart);
  }
  CHECK(port.knock("198.51.100.7").admission == Admission::too_many_sessions);
}

TEST_CASE("limits: of a network with more than twice the share, likewise, and with less nobody at work makes room") {
  for (const unsigned share : {4U, 5U}) {
    Port port(Held::ten(share));
    for (unsigned i = 0; i < 10; ++i)
      port.limits.authenticated(port.enter("203.0.113." + std::to_string(i % 9)), kStart);
    const auto verdict = port.knock("198.51.100.7");
    CHECK((verdict.admission == Admission::admitted) == (share == 4));
    CHECK(verdict.pushed_out == (share == 4 ? std::optional(ConnectionNumber{1}) : std::nullopt));
  }
}

TEST_CASE("limits: one that rests alone stays while another source holds the places with its work") {
  Port port(Held::ten(5));
  port.limits.authenticated(port.enter("192.0.2.1"), kStart);
  port.limits.rests(port.last, kStart);
  for (int i = 0; i < 9; ++i) port.limits.authenticated(port.enter("203.0.113.9"), kStart);
  CHECK(port.knock("203.0.113.9").pushed_out == ConnectionNumber{2});
}

TEST_CASE("limits: of all that are above their share those that rest go before anybody at work") {
  Port port(Held::ten(3));
  for (int i = 0; i < 6; ++i) port.limits.authenticated(port.enter("203.0.113.9"), kStart);
  for (int i = 0; i < 4; ++i) {
    port.limits.authenticated(port.enter("192.0.2.1"), kStart);
    port.limits.rests(port.last, kStart);
  }
  CHECK(port.knock("198.51.100.7").pushed_out == ConnectionNumber{7});
  CHECK(port.knock("198.51.100.8").pushed_out == ConnectionNumber{1});
}

TEST_CASE("limits: who was pushed out is not pushed out again") {
  Port port(Held::ten(1));
  for (int i = 0; i < 10; ++i) port.limits.authenticated(port.enter("203.0.113.9"), kStart);
  CHECK(port.knock("198.51.100.7").pushed_out == ConnectionNumber{1});
  CHECK(port.knock("198.51.100.8").pushed_out == ConnectionNumber{2});
}

TEST_CASE("limits: strangers take the places of strangers before those of the resting") {
  ConnectionLimitsConfig config = Held::ten();
  config.startups = 2;
  config.known_startups = 0;
  Port port(config);
  for (int i = 0; i < 8; ++i) {
    port.limits.authenticated(port.enter("192.0.2.1"), kStart);
    port.limits.rests(port.last, kStart);
  }
  const auto stranger = port.enter("203.0.113.9");
  port.enter("203.0.113.9");
  CHECK(port.knock("203.0.113.9").pushed_out == stranger);
}

TEST_CASE("limits: a source that fails is refused for a while, others are not") {
  Port port;
  for (int i = 0; i < 4; ++i) port.leave(port.enter("192.0.2.1"), Outcome::auth_failed);
  CHECK(port.knock("192.0.2.1").admission == Admission::source_penalised);
  CHECK(port.knock("192.0.2.2").admission == Admission::admitted);
  CHECK(port.knock("192.0.2.1", 99, kStart + base::Milliseconds{5000}).admission == Admission::admitted);
}

namespace {

/// Behind its address somebody signed in, and somebody else fails.
struct Shared : Port {
  explicit Shared(Outcome outcome, ConnectionLimitsConfig config = {}) : Port(config) {
    sign_in("192.0.2.1");
    for (int i = 0; i < 4; ++i) enter("192.0.2.1");
    for (const auto number : std::set(there)) leave(number, outcome);
  }
  /// Penalised for minutes, so that penalties don't end before patience does.
  void penalise() {
    std::vector<ConnectionNumber> failing;
    for (int i = 0; i < 20; ++i) failing.push_back(enter("192.0.2.1"));
    for (const auto number : failing) leave(number, Outcome::auth_failed);
  }
  Verdict knock_after(int milliseconds) { return knock("192.0.2.1", 99, kStart + base::Milliseconds{milliseconds}); }
};

}  // namespace

TEST_CASE("limits: a source that signed in before is slowed by others' failures, not shut out") {
  Shared port(Outcome::auth_failed);
  CHECK(port.knock_after(0).admission == Admission::admitted);
  CHECK(port.knock_after(0).admission == Admission::source_penalised);
  CHECK(port.knock_after(999).admission == Admission::source_penalised);
  CHECK(port.knock_after(1000).admission == Admission::admitted);
}

TEST_CASE("limits: while it is slowed whoever is let in has the time of five others") {
  ConnectionLimitsConfig config;
  config.known_patience = base::Milliseconds{0};
  Shared port(Outcome::no_auth, config);
  std::vector<ConnectionNumber> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(port.enter("192.0.2.1"));
  for (const auto number : silent) port.leave(number, Outcome::no_auth);
  REQUIRE(port.knock_after(1000).admission == Admission::admitted);
  const auto honest = port.last;
  for (int i = 2; i < 6; ++i) CHECK_FALSE(port.knock_after(i * 1000).pushed_out);
  CHECK(port.there.contains(honest));
  CHECK(port.knock_after(6000).pushed_out == honest);
}

TEST_CASE("limits: while it is slowed whoever is let in has half a minute, and others are refused until then") {
  Shared port(Outcome::served);
  port.penalise();
  for (int i = 0; i < 5; ++i) REQUIRE(port.knock_after(i * 1000).admission == Admission::admitted);
  const auto honest = *port.there.begin();
  for (int i = 5; i < 30; ++i) CHECK(port.knock_after(i * 1000).admission == Admission::source_busy);
  CHECK(port.there.contains(honest));
  CHECK(port.knock_after(30000).pushed_out == honest);
  CHECK(port.knock_after(31000).pushed_out == honest + 1);
}

TEST_CASE("limits: who waited before his source was penalised has his half minute, too") {
  Shared port(Outcome::served);
  for (int i = 0; i < 7; ++i) port.enter("192.0.2.1");
  const auto eldest = *port.there.begin();
  port.penalise();
  CHECK(port.knock_after(29999).admission == Admission::source_busy);
  CHECK(port.there.contains(eldest));
  CHECK(port.knock_after(30000).pushed_out == eldest);
}

TEST_CASE("limits: who was pushed out leaves no penalty, unless it crashed") {
  for (const auto outcome : {Outcome::no_auth, Outcome::auth_failed, Outcome::crashed}) {
    ConnectionLimitsConfig config;
    config.startups = 1;
    Port port(config);
    for (unsigned i = 0; i < 20; ++i) {
      const auto pushed = port.enter("192.0.2.1");
      REQUIRE(port.knock(source(i)).pushed_out == pushed);
      port.leave(pushed, outcome);
      if (outcome == Outcome::crashed) break;
    }
    CHECK((port.knock("192.0.2.1").admission == Admission::source_penalised) == (outcome == Outcome::crashed));
  }
}

TEST_CASE("limits: a source that crashes what serves it is shut out, whoever signed in from there") {
  Shared port(Outcome::crashed);
  CHECK(port.knock_after(0).admission == Admission::source_penalised);
  CHECK(port.knock_after(5000).admission == Admission::source_penalised);
}

TEST_CASE("limits: penalties have a ceiling") {
  Port port;
  std::vector<ConnectionNumber> all;
  for (int i = 0; i < 10; ++i) all.push_back(port.enter("192.0.2.1"));
  for (const auto number : all) port.leave(number, Outcome::crashed);
  CHECK(port.knock("192.0.2.1", 99, kStart + base::Seconds{584}).admission == Admission::source_penalised);
  CHECK(port.knock("192.0.2.1", 99, kStart + base::Seconds{586}).admission == Admission::admitted);
}

TEST_CASE("limits: a source that connects and shows nothing is refused for a while, too") {
  Port port;
  for (int i = 0; i < 16; ++i) port.leave(port.enter("192.0.2.1"), Outcome::no_auth);
  CHECK(port.knock("192.0.2.1").admission == Admission::source_penalised);
}

TEST_CASE("limits: the table is bounded, and the oldest source is forgotten") {
  ConnectionLimitsConfig config;
  config.table_size = 10;
  Port port(config);
  for (unsigned i = 0; i < 1000; ++i) port.leave(port.enter(source(i)), Outcome::crashed);
  CHECK(port.limits.sources() == 10);
  CHECK(port.limits.startups() == 0);
  CHECK(port.knock(source(0)).admission == Admission::admitted);
  CHECK(port.knock(source(999)).admission == Admission::source_penalised);
}

TEST_CASE("limits: sources: IPv4 as it is, IPv6 by its /64, mapped IPv4 as IPv4") {
  CHECK(source_key("192.0.2.7") == "192.0.2.7");
  CHECK(source_key("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(source_key("fe80::1%eth0") == "fe80::/64");
  CHECK(source_key("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(source_key("nonsense") == "other");
}

TEST_CASE("limits: networks: IPv4's /24, IPv6's /48") {
  CHECK(network_key("192.0.2.7") == "192.0.2.0/24");
  CHECK(network_key("2001:db8:1:2::/64") == "2001:db8:1::/48");
  CHECK(network_key("other") == "other");
}
