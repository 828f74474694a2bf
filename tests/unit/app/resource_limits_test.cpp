#include "resource_limits.hpp"

#include <sys/resource.h>

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;

namespace {

constexpr std::uint64_t kNone = RLIM_INFINITY;

}  // namespace

TEST_CASE("limits: what the configuration needs and the machine gives changes nothing") {
  const auto fitted = fit_limits(200, 512, {1056, kNone});
  REQUIRE(fitted);
  CHECK(fitted.value().max_sessions == 200);
  CHECK(fitted.value().warnings.empty());
}

TEST_CASE("limits: with fewer descriptors fewer sessions are let in, and it is said") {
  const auto fitted = fit_limits(200, 200, {512, kNone});
  REQUIRE(fitted);
  CHECK(fitted.value().max_sessions == 128);
  REQUIRE(fitted.value().warnings.size() == 1);
  CHECK(fitted.value().warnings[0].find("LimitNOFILE=") != std::string::npos);
  CHECK(fit_limits(5000, 512, {kNone, kNone}).value().max_sessions == 1920);
}

TEST_CASE("limits: the API has as many places as its own process has descriptors for, whatever the sessions need") {
  const auto fitted = fit_limits(1, 512, {300, kNone});
  REQUIRE(fitted);
  CHECK(fitted.value().max_sessions == 1);
  CHECK(fitted.value().max_api == 134);
  REQUIRE(fitted.value().warnings.size() == 1);
  CHECK(fitted.value().warnings[0].find("the API") == 0);
  CHECK(fit_limits(1, 9000, {kNone, kNone}).value().max_api == 8176);
}

TEST_CASE("limits: where no session would fit, or the store not grow, nothing starts") {
  CHECK(fit_limits(1, 1, {257, kNone}).error().code() == base::Errc::limit);
  CHECK(fit_limits(1, 1, {258, kNone}));
  CHECK(fit_limits(1, 1, {1024, 1U << 20U}).error().context().find("LimitFSIZE=") != std::string::npos);
}

TEST_CASE("limits: a bound on the size of files is said") {
  const auto fitted = fit_limits(200, 512, {1056, 100U << 20U});
  REQUIRE(fitted);
  REQUIRE(fitted.value().warnings.size() == 1);
  CHECK(fitted.value().warnings[0].find("100 MiB") != std::string::npos);
}
