// login, logout, whoami, otp enroll.
#include <unistd.h>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "cli_time.hpp"
#include "client_api.hpp"
#include "client_token.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "prompts.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/qr.hpp"

namespace sallyport::app {
namespace {

base::Error not_asked(const std::string& flag) {
  return base::fail(base::Errc::invalid, flag + " is missing: stdin is no terminal, so nothing can be asked");
}

base::Result<std::string> user_name(const Invocation& line) {
  SALLYPORT_TRY(auto name, line.setting("user"));
  if (!name.empty()) return name;
  if (!is_terminal(STDIN_FILENO)) return not_asked("--user");
  SALLYPORT_TRY(auto answer, prompt_line("User [" + login_name() + "]"));
  return answer.empty() ? login_name() : answer;
}

/// An empty answer stands for "none".
base::Result<base::SecretBytes> secret(const Invocation& line, const std::string& flag, const std::string& question) {
  if (line.has(flag)) return read_secret_line(STDIN_FILENO);
  auto answer = prompt_secret(question);
  if (!answer && answer.error().code() == base::Errc::unsupported) return not_asked("--" + flag);
  return answer;
}

base::Result<base::SecretBytes> code(const Invocation& line, const std::string& flag, const std::string& question,
                                     bool may_be_empty = false) {
  if (line.has(flag)) {
    SALLYPORT_TRY(auto given, read_secret_line(STDIN_FILENO));
    SALLYPORT_TRYV(check_code(given));
    return given;
  }
  auto answer = prompt_code(question, may_be_empty);
  if (!answer && answer.error().code() == base::Errc::unsupported) return not_asked("--" + flag);
  return answer;
}

std::string welcome(const Record& output, bool enrols_now) {
  const auto until = long_time(base::from_unix_ms(static_cast<std::int64_t>(output.number("expires"))));
  auto text = fmt::format("signed in as {} until {}", base::escape_text(output.text("user")), until);
  if (!output.flag("otp_proven") && !enrols_now)
    text += "\nnext, enrol a one-time code generator: sallyport otp enroll";
  return text;
}

constexpr auto kSignedIn = std::to_array<Field>({
    {"user", FieldType::text, 64, true, "who is signed in"},
    {"expires", FieldType::number, 0, true, "when the sign-in ends, Unix milliseconds"},
    {"otp_proven", FieldType::flag, 0, true, "with a one-time code"},
});

// The token goes into its file, never onto the screen.
base::Result<> finish_sign_in(const Invocation& line, const ApiClient& client, const Record& output,
                              std::string_view name, bool enrols_now = false) {
  SALLYPORT_TRYV(store_token(client.address().url, output.secret("token")));
  SALLYPORT_TRY(const bool json, line.json());
  if (!json) return print_text(welcome(output, enrols_now) + "\n");
  Record shown(kSignedIn);
  shown.set("user", output.text("user")).set("expires", output.number("expires"));
  shown.set_flag("otp_proven", output.flag("otp_proven"));
  return print(shown, name, "", true);
}

base::Result<int> run_logout(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(auto client, signed_in_client(line));
  const auto ended = client.call(OperationId::logout, Record(find_operation(OperationId::logout)->input));
  // A token that the server no longer knows is as good as ended.
  if (!ended && ended.error().code() != base::Errc::unauthenticated) return ended.error();
  forget_token(client.address().url);
  SALLYPORT_TRYV(print_done("auth.logout", "signed out", json));
  return 0;
}

base::Result<int> run_whoami(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(auto client, signed_in_client(line));
  SALLYPORT_TRY(const auto output,
                client.call(OperationId::whoami, Record(find_operation(OperationId::whoami)->input)));
  SALLYPORT_TRYV(print(output, "auth.whoami", "", json));
  return 0;
}

base::Result<> show_seed(const Record& seed, bool json) {
  // The one place where a secret is printed unasked: whoever enrols has to see it.
  if (json) return print(seed, "otp.enroll", "", true);
  SALLYPORT_TRY(const auto code, vault::qr_half_blocks(seed.secret("uri"), knows_colours() ? vault::QrColours::ansi
                                                                                           : vault::QrColours::plain));
  SALLYPORT_TRYV(base::write_all(STDOUT_FILENO, code.expose()));
  SALLYPORT_TRYV(print_text("Scan this with an authenticator, or type the secret in:\n"));
  SALLYPORT_TRYV(base::write_all(STDOUT_FILENO, seed.secret("secret").expose()));
  return print_text("\n");
}

// Whoever has a generator shows a code of it before it is replaced.
base::Result<Record> new_seed(const Invocation& line, ApiClient& client) {
  SALLYPORT_TRY(const auto who, client.call(OperationId::whoami, Record(find_operation(OperationId::whoami)->input)));
  Record input(find_operation(OperationId::otp_enroll)->input);
  if (who.flag("otp_enrolled")) {
    SALLYPORT_TRY(auto present, code(line, "otp-stdin", "One-time code of your present generator"));
    input.set("otp", std::move(present));
  }
  return client.call(OperationId::otp_enroll, input);
}

constexpr int kTries = 3;

// A slip of the pen does not make what was scanned void.
base::Result<Record> confirm(const Invocation& line, ApiClient& client) {
  for (int left = kTries;; --left) {
    SALLYPORT_TRY(auto shown, code(line, "confirm-stdin", "The code that it shows now"));
    Record input(find_operation(OperationId::otp_confirm)->input);
    input.set("otp", std::move(shown));
    auto output = client.call(OperationId::otp_confirm, input);
    if (output || output.error().code() != base::Errc::unauthenticated || line.has("confirm-stdin") || left == 1)
      return output;
    fmt::print(stderr, "{}; once more\n", base::escape_text(output.error().context(), 400));
  }
}

base::Result<int> enrol(const Invocation& line, ApiClient& client) {
  SALLYPORT_TRY(const bool json, line.json());
  if (!line.has("confirm-stdin")) {
    SALLYPORT_TRY(const auto seed, new_seed(line, client));
    SALLYPORT_TRYV(show_seed(seed, json));
    if (!is_terminal(STDIN_FILENO)) {
      fmt::print(stderr, "not in force yet; confirm it with: sallyport otp enroll --confirm-stdin\n");
      return 0;
    }
  }
  SALLYPORT_TRY(const auto output, confirm(line, client));
  SALLYPORT_TRYV(finish_sign_in(line, client, output, "otp.confirm"));
  return 0;
}

base::Result<int> run_enroll(const Invocation& line) {
  SALLYPORT_TRY(auto client, signed_in_client(line));
  return enrol(line, client);
}

// Right after the first sign-in nothing else can be done; whoever does not want it now breaks it off, and is signed in.
base::Result<int> go_on_enrolling(const Invocation& line, ApiClient& client) {
  SALLYPORT_TRY(const bool json, line.json());
  if (json) return 0;
  return enrol(line, client);
}

base::Result<int> run_login(const Invocation& line) {
  SALLYPORT_TRY(auto client, plain_client(line));
  SALLYPORT_TRY(const auto user, user_name(line));
  SALLYPORT_TRY(auto password, secret(line, "password-stdin", "Password of " + base::escape_text(user)));
  Record input(find_operation(OperationId::login)->input);
  input.set("user", user).set("password", std::move(password));
  if (line.has("otp-stdin") || is_terminal(STDIN_FILENO)) {
    SALLYPORT_TRY(auto given, code(line, "otp-stdin", "One-time code (empty before one is enrolled)", true));
    if (!given.empty()) input.set("otp", std::move(given));
  }
  SALLYPORT_TRY(const auto output, client.call(OperationId::login, input));
  const bool enrols_now = !output.flag("otp_proven") && !line.has("password-stdin") && is_terminal(STDIN_FILENO);
  SALLYPORT_TRYV(finish_sign_in(line, client, output, "auth.login", enrols_now));
  if (!enrols_now) return 0;
  client.set_token(output.secret("token").clone());
  return go_on_enrolling(line, client);
}

}  // namespace

std::vector<Command> sign_in_commands() {
  std::vector<Command> commands;
  commands.push_back({"login",
                      "Engineers",
                      "Signs in; keeps a short-lived token for the commands that follow",
                      "Secrets on stdin are one line each: first the password, then the code.",
                      {{"user", ArgKind::option, false, "NAME", "who signs in"},
                       {"password-stdin", ArgKind::flag, false, "", "the password, from stdin"},
                       {"otp-stdin", ArgKind::flag, false, "", "a one-time code, from stdin"}},
                      {"sallyport login --user alice"},
                      run_login});
  commands.push_back({"logout", "Engineers", "Ends the sign-in", "", {}, {"sallyport logout"}, run_logout});
  commands.push_back({"whoami", "Engineers", "Says who is signed in", "", {}, {"sallyport whoami"}, run_whoami});
  commands.push_back(
      {"otp enroll",
       "Engineers",
       "Enrols a one-time code generator: shows a QR code, takes the first code",
       "Without a terminal it is two steps: the secret is printed, and --confirm-stdin takes the code.\n"
       "A generator that is in force is replaced only with a code of it; if it is lost, an administrator "
       "resets it.",
       {{"confirm-stdin", ArgKind::flag, false, "", "only confirm, with the code from stdin"},
        {"otp-stdin", ArgKind::flag, false, "", "a code of the present generator, from stdin"}},
       {"sallyport otp enroll"},
       run_enroll});
  return commands;
}

}  // namespace sallyport::app
