#include "client_problem.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli_advice.hpp"
#include "record_json.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

// What the API answers when it refuses: {"error": this} (docs/api.md).
constexpr auto kProblem = std::to_array<Field>({
    {"code", FieldType::text, 64, true, "the kind: not_found"},
    {"message", FieldType::text, 4096, false, "a sentence"},
    {"request_id", FieldType::text, 64, false, "for asking the operator"},
});

base::Errc errc_of(std::string_view word, long status) {
  for (unsigned char code = 1; code <= 16; ++code) {
    if (base::to_string(static_cast<base::Errc>(code)) == word) return static_cast<base::Errc>(code);
  }
  return status == 404 ? base::Errc::not_found : status == 401 ? base::Errc::unauthenticated : base::Errc::internal;
}

/// A sign-in's refusal says nothing to strangers, not even which of the three was wrong. The clock is everybody's.
std::string advice_on_clocks(const Asked& asked) {
  if (asked.operation->id != OperationId::login || !asked.with_code) return {};
  const auto theirs = asked.server_time.empty()
                          ? std::string("compare the server's clock")
                          : "the server's says " + base::escape_text(asked.server_time, 64) + ", compare it";
  return fmt::format("codes go by the clock: {} with that of the device that shows them", theirs);
}

std::string advice_on_missing_proof(const Asked& asked) {
  if (!asked.with_token) return {};
  const auto& fields = asked.operation->input;
  const bool takes_code = std::any_of(fields.begin(), fields.end(), [](const Field& f) { return f.name == "otp"; });
  return takes_code ? "give a one-time code (--otp-stdin where there is no terminal), or sign in: sallyport login"
                    : "sign in with: sallyport login";
}

std::string advice_on_missing_right(const Asked& asked) {
  using Who = Access::Who;
  const auto who = asked.operation->access.who();
  if (who != Who::right && who != Who::self_or_right && who != Who::right_on_account) return {};
  const auto action = access::to_string(asked.operation->access.right());
  const auto on = asked.account.empty() ? std::string() : " on " + base::escape_text(asked.account);
  return fmt::format("ask an administrator for a role with the action {}{}", action, on);
}

std::string advice_on(base::Errc code, const std::string& sentence, const Asked& asked) {
  if (asked.operation == nullptr || sentence.find("sallyport ") != std::string::npos) return {};  // it says so itself
  switch (code) {
    case base::Errc::unauthenticated:
      return asked.with_proof ? advice_on_clocks(asked) : advice_on_missing_proof(asked);
    case base::Errc::denied:
      return advice_on_missing_right(asked);
    case base::Errc::unavailable:
      return "try again; if it stays so, the server's log says more";
    default:
      return {};
  }
}

}  // namespace

Asked asked_of(const Operation& operation, const Record& input, bool with_token) {
  Asked asked{.operation = &operation, .with_token = with_token};
  for (const auto& field : operation.input) {
    if (field.name == "otp" || field.name == "password" || field.name == "current")
      asked.with_proof = asked.with_proof || input.has(field.name);
    if (field.name == "otp") asked.with_code = input.has(field.name);
    if (field.name == "account" && field.type == FieldType::text) asked.account = input.text("account");
  }
  return asked;
}

base::ByteView inside_error(base::ByteView body) {
  constexpr std::string_view kBefore = "{\"error\":";
  if (!base::as_text(body).starts_with(kBefore) || !base::as_text(body).ends_with('}')) return {};
  return body.subspan(kBefore.size(), body.size() - kBefore.size() - 1);
}

base::Error problem_of(base::ByteView body, long status, const Asked& asked) {
  const auto problem = from_json(inside_error(body), kProblem, Unknown::pass_over);
  if (!problem) return base::fail(base::Errc::internal, fmt::format("the server answered {} without a reason", status));
  auto sentence = base::escape_text(problem.value().text("message"), 4096);
  if (sentence.empty()) sentence = "refused";
  if (problem.value().has("request_id")) {
    sentence += fmt::format(" (request {})", base::escape_text(problem.value().text("request_id")));
  }
  const auto code = errc_of(problem.value().text("code"), status);
  return advise(base::fail(code, sentence), advice_on(code, sentence, asked));
}

}  // namespace sallyport::app
