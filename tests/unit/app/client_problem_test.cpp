#include "client_problem.hpp"

#include "cli_advice.hpp"
#include "support/catch.hpp"

namespace sallyport::app {
namespace {

constexpr std::string_view kRefused =
    R"({"error":{"code":"unauthenticated","message":"wrong user, password or one-time code","request_id":"r"}})";

std::string advice_for(const Asked& asked) { return said(problem_of(base::as_bytes(kRefused), 401, asked)).advice; }

Asked login(bool with_code) {
  Record input(find_operation(OperationId::login)->input);
  input.set("user", "alice").set("password", base::SecretBytes::copy(base::as_bytes("x")));
  if (with_code) input.set("otp", base::SecretBytes::copy(base::as_bytes("123456")));
  return asked_of(*find_operation(OperationId::login), input, false);
}

}  // namespace

TEST_CASE("a sign-in that is refused with its code says the server's time, and how codes hang on it") {
  auto asked = login(true);
  CHECK(advice_for(asked) ==
        "codes go by the clock: compare the server's clock with that of the device that shows them");
  asked.server_time = "Sat, 28 Nov 2026 12:03:11 GMT\x1b[2J";
  CHECK(advice_for(asked) ==
        "codes go by the clock: the server's says Sat, 28 Nov 2026 12:03:11 GMT\\x1b[2J, compare it with that of the "
        "device that shows them");
}

TEST_CASE("clocks are no advice where no code was given, or where no sign-in was asked for") {
  CHECK(advice_for(login(false)).empty());
  Record input(find_operation(OperationId::whoami)->input);
  CHECK(advice_for(asked_of(*find_operation(OperationId::whoami), input, true)) == "sign in with: sallyport login");
}

}  // namespace sallyport::app
