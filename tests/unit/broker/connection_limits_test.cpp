#include "sallyport/broker/connection_limits.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;

namespace {

constexpr base::MonoTime kStart{base::Milliseconds{1000000}};

std::string source(unsigned number) {
  return "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250);
}

}  // namespace

TEST_CASE("limits: below the first bound nobody is refused, at the last one everybody") {
  ConnectionLimits limits({});
  for (unsigned i = 0; i < 10; ++i) REQUIRE(limits.admit(source(i), kStart, 0) == Admission::admitted);
  CHECK(limits.admit(source(10), kStart, 0) == Admission::too_many_startups);
  CHECK(limits.admit(source(10), kStart, 29) == Admission::too_many_startups);
  for (unsigned i = 10; i < 100; ++i) REQUIRE(limits.admit(source(i), kStart, 99) == Admission::admitted);
  CHECK(limits.admit(source(100), kStart, 99) == Admission::too_many_startups);
  CHECK(limits.startups() == 100);
}

TEST_CASE("limits: the chance grows between the bounds") {
  ConnectionLimits limits({});
  for (unsigned i = 0; i < 55; ++i) REQUIRE(limits.admit(source(i), kStart, 99) == Admission::admitted);
  CHECK(limits.admit(source(200), kStart, 64) == Admission::too_many_startups);
  CHECK(limits.admit(source(200), kStart, 65) == Admission::admitted);
}

TEST_CASE("limits: a connection that has logged in makes room for startups, not for sessions") {
  ConnectionLimitsConfig config;
  config.max_sessions = 3;
  ConnectionLimits limits(config);
  for (unsigned i = 0; i < 3; ++i) {
    REQUIRE(limits.admit("192.0.2.1", kStart, 0) == Admission::admitted);
    limits.authenticated("192.0.2.1");
  }
  CHECK(limits.startups() == 0);
  CHECK(limits.admit("192.0.2.2", kStart, 0) == Admission::too_many_sessions);
  limits.ended("192.0.2.1", true, Outcome::served, kStart);
  CHECK(limits.admit("192.0.2.2", kStart, 0) == Admission::admitted);
}

TEST_CASE("limits: one source cannot hold all places of the login") {
  ConnectionLimitsConfig config;
  config.max_startups_per_source = 2;
  ConnectionLimits limits(config);
  CHECK(limits.admit("192.0.2.1", kStart, 0) == Admission::admitted);
  CHECK(limits.admit("192.0.2.1", kStart, 0) == Admission::admitted);
  CHECK(limits.admit("192.0.2.1", kStart, 0) == Admission::source_busy);
  CHECK(limits.admit("192.0.2.2", kStart, 0) == Admission::admitted);
}

TEST_CASE("limits: a source that fails is refused for a while, others are not") {
  ConnectionLimits limits({});
  for (int i = 0; i < 4; ++i) {
    REQUIRE(limits.admit("192.0.2.1", kStart, 0) == Admission::admitted);
    limits.ended("192.0.2.1", false, Outcome::auth_failed, kStart);
  }
  CHECK(limits.admit("192.0.2.1", kStart, 0) == Admission::source_penalised);
  CHECK(limits.admit("192.0.2.2", kStart, 0) == Admission::admitted);
  CHECK(limits.admit("192.0.2.1", kStart + base::Milliseconds{5000}, 0) == Admission::admitted);
}

TEST_CASE("limits: penalties have a ceiling") {
  ConnectionLimits limits({});
  for (int i = 0; i < 10; ++i) REQUIRE(limits.admit("192.0.2.1", kStart, 99) == Admission::admitted);
  for (int i = 0; i < 10; ++i) limits.ended("192.0.2.1", false, Outcome::crashed, kStart);
  CHECK(limits.admit("192.0.2.1", kStart + base::Seconds{584}, 0) == Admission::source_penalised);
  CHECK(limits.admit("192.0.2.1", kStart + base::Seconds{586}, 0) == Admission::admitted);
}

TEST_CASE("limits: a source that connects and shows nothing is refused for a while, too") {
  ConnectionLimits limits({});
  for (int i = 0; i < 16; ++i) {
    REQUIRE(limits.admit("192.0.2.1", kStart, 0) == Admission::admitted);
    limits.ended("192.0.2.1", false, Outcome::no_auth, kStart);
  }
  CHECK(limits.admit("192.0.2.1", kStart, 0) == Admission::source_penalised);
}

TEST_CASE("limits: the table is bounded, and the oldest source is forgotten") {
  ConnectionLimitsConfig config;
  config.table_size = 10;
  ConnectionLimits limits(config);
  for (unsigned i = 0; i < 1000; ++i) {
    if (limits.admit(source(i), kStart, 99) == Admission::admitted)
      limits.ended(source(i), false, Outcome::crashed, kStart);
  }
  CHECK(limits.sources() == 10);
  CHECK(limits.startups() == 0);
  CHECK(limits.admit(source(0), kStart, 99) == Admission::admitted);
  CHECK(limits.admit(source(999), kStart, 99) == Admission::source_penalised);
}

TEST_CASE("limits: sources: IPv4 as it is, IPv6 by its /64, mapped IPv4 as IPv4") {
  CHECK(source_key("192.0.2.7") == "192.0.2.7");
  CHECK(source_key("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(source_key("fe80::1%eth0") == "fe80::/64");
  CHECK(source_key("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(source_key("nonsense") == "other");
}
