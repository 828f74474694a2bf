#include "end_warnings.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using broker::EndWarnings;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const base::MonoTime kStart{std::chrono::hours{5}};

}  // namespace

TEST_CASE("end warnings: ten and two minutes before, each once") {
  EndWarnings warnings;
  warnings.begin(kStart, minutes{60});
  CHECK_FALSE(warnings.due(kStart));
  CHECK_FALSE(warnings.due(kStart + minutes{49}));
  CHECK(warnings.due(kStart + minutes{50}) == "Your checkout ends in 10 minutes, and this session with it.");
  CHECK_FALSE(warnings.due(kStart + minutes{51}));
  CHECK(warnings.due(kStart + minutes{58}) == "Your checkout ends in 2 minutes, and this session with it.");
  CHECK_FALSE(warnings.due(kStart + minutes{59}));
  CHECK_FALSE(warnings.due(kStart + minutes{61}));
}

TEST_CASE("end warnings: the time that is said is the time that is left, however late") {
  EndWarnings warnings;
  warnings.begin(kStart, minutes{60});
  CHECK(warnings.due(kStart + minutes{52} + seconds{20}) ==
        "Your checkout ends in 8 minutes, and this session with it.");
  CHECK(warnings.due(kStart + minutes{59} + seconds{15}) ==
        "Your checkout ends in 45 seconds, and this session with it.");
  EndWarnings late;
  late.begin(kStart, minutes{60});
  CHECK(late.due(kStart + minutes{59}) == "Your checkout ends in 60 seconds, and this session with it.");
  CHECK_FALSE(late.due(kStart + minutes{59} + seconds{30}));
}

TEST_CASE("end warnings: a short checkout is not announced at its start, its last two minutes are") {
  EndWarnings warnings;
  warnings.begin(kStart, minutes{5});
  CHECK_FALSE(warnings.due(kStart));
  CHECK(warnings.due(kStart + minutes{3}) == "Your checkout ends in 2 minutes, and this session with it.");
  EndWarnings shortest;
  shortest.begin(kStart, seconds{90});
  CHECK(shortest.due(kStart) == "Your checkout ends in 90 seconds, and this session with it.");
}

TEST_CASE("end warnings: without an end nothing is due") {
  EndWarnings warnings;
  CHECK_FALSE(warnings.due(kStart));
  warnings.begin(kStart, base::Milliseconds{0});
  CHECK_FALSE(warnings.due(kStart));
}
