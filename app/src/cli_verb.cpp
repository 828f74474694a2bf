#include "cli_verb.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "asking_again.hpp"
#include "cli_advice.hpp"
#include "cli_groups.hpp"
#include "cli_pages.hpp"
#include "cli_public_key.hpp"
#include "cli_time.hpp"
#include "client_api.hpp"
#include "client_token.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "prompts.hpp"
#include "sallyport/access/password.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"

#include <unistd.h>

namespace sallyport::app {
namespace {

bool is_in(std::string_view words, std::string_view word) {
  return (" " + std::string(words) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

bool is_secret(const Field& field) { return field.type == FieldType::secret; }
bool is_public_key(const Field& field) { return field.name == "key" || field.name == "host_key"; }
/// A time that a person gives as "2h" (ago) or as a date.
bool is_moment(const Field& field) { return field.name == "since" || field.name == "until"; }
bool is_duration(const Field& field) {
  return field.type == FieldType::number && (field.name == "seconds" || field.name.ends_with("_seconds"));
}
/// A filter is a switch; a property is set to yes or no.
bool is_switch(const Verb& verb, const Field& field) {
  return field.type == FieldType::flag && find_operation(verb.operation)->method == "GET";
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string value_name(const Verb& verb, const Field& field) {
  if (is_public_key(field)) return "FILE";
  if (is_duration(field)) return "2h";
  if (is_moment(field)) return "TIME";
  if (field.type == FieldType::flag) return "yes|no";
  return upper(option_name(verb, field));
}

Arg positional(const Verb& verb, const Field& field) {
  // The nouns' own names read better than NAME everywhere: "user show USER".
  auto value = value_name(verb, field);
  if (field.name == "name") {
    value = upper(
        std::string(find_operation(verb.operation)->name.substr(0, find_operation(verb.operation)->name.find('.'))));
  }
  if (field.name == "account") value = "ACCOUNT@TARGET";
  return {std::string(field.name), ArgKind::positional, field.required, value, std::string(field.doc)};
}

std::string doc_of(const Field& field) {
  std::string doc(field.doc);
  if (!is_moment(field)) return doc;
  return doc.substr(0, doc.find(',')) + ": 2h (ago), yesterday, 2026-11-22, \"2026-11-22 19:04\"";
}

void add_secret_args(const Verb& verb, const Field& field, std::vector<Arg>& args) {
  const auto name = option_name(verb, field);
  args.push_back({name + "-stdin", ArgKind::flag, false, "", std::string(field.doc) + ", from stdin"});
  args.push_back({name + "-fd", ArgKind::option, false, "N", "the same, from file descriptor N"});
}

std::vector<Arg> arguments(const Verb& verb) {
  std::vector<Arg> args;
  const auto& operation = *find_operation(verb.operation);
  std::string_view rest = verb.positionals;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    for (const auto& field : operation.input) {
      if (field.name == rest.substr(0, end)) args.push_back(positional(verb, field));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const auto& field : operation.input) {
    if (is_in(verb.positionals, field.name)) continue;
    const auto name = option_name(verb, field);
    if (is_secret(field))
      add_secret_args(verb, field, args);
    else if (is_switch(verb, field))
      args.push_back({name, ArgKind::flag, false, "", std::string(field.doc)});
    else
      args.push_back({name, ArgKind::option, field.required, value_name(verb, field), doc_of(field)});
  }
  const auto has_all = std::any_of(args.begin(), args.end(), [](const Arg& arg) { return arg.name == "all"; });
  if (is_paged(operation) && !has_all) args.push_back({"all", ArgKind::flag, false, "", "every item, of any number"});
  if (!verb.confirms.empty()) args.push_back({"yes", ArgKind::flag, false, "", "do not ask first"});
  return args;
}

base::Error bad(const std::string& what, std::string_view how) {
  return base::fail(base::Errc::invalid, what + " " + std::string(how));
}

base::Result<std::uint64_t> parse_number(const std::string& what, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return bad(what, "must be a whole number");
  return number;
}

base::Result<> set_value(const Verb& verb, const Field& field, const std::string& text, Record& record) {
  const auto what = is_in(verb.positionals, field.name) ? std::string(field.name) : "--" + option_name(verb, field);
  if (is_duration(field)) {
    SALLYPORT_TRY(const auto seconds, parse_duration(what, text));
    record.set(field.name, seconds);
  } else if (is_moment(field)) {
    SALLYPORT_TRY(const auto time, parse_moment(what, text, base::SystemClock().wall()));
    record.set(field.name, static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_unix_ms(time))));
  } else if (field.type == FieldType::number) {
    SALLYPORT_TRY(const auto number, parse_number(what, text));
    record.set(field.name, number);
  } else if (field.type == FieldType::flag) {
    if (text != "yes" && text != "no" && text != "true" && text != "false") return bad(what, "must be yes or no");
    record.set_flag(field.name, text == "yes" || text == "true");
  } else if (is_public_key(field)) {
    SALLYPORT_TRY(const auto key, read_public_key(text, find_operation(verb.operation)->name.starts_with("target.")));
    record.set(field.name, key);
  } else {
    record.set(field.name, text);
  }
  return base::ok();
}

// A private key is several lines: it is what is left of the input. A password is one line of it.
base::Result<base::SecretBytes> read_secret(const Field& field, int fd) {
  if (field.max <= 1024) return read_secret_line(fd);
  SALLYPORT_TRY(auto all, base::read_all_secret(fd, field.max));
  const auto text = all.expose_text();
  if (text.find('\n') == text.size() - 1 && !text.empty()) all.shrink(text.size() - 1);
  return all;
}

base::Result<> check_new_password(const base::SecretBytes& password) {
  if (password.empty()) return base::ok();  // "none", where that is an answer
  return access::check_password(password);
}

std::string question(const Field& field) {
  if (field.name == "otp") return "One-time code";
  if (field.name == "current") return "Present password";
  std::string text(field.required ? field.name : std::string(field.name) + " (empty: none)");
  text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// The code of a sign-in stands for what comes right after it: asking for one would be for nothing, mostly.
constexpr std::chrono::seconds kSignInCounts{50};

// One's own password takes the present one; another's takes none.
bool is_of_caller(ApiClient& client, const Record& record) {
  const auto who = client.call(OperationId::whoami, Record(find_operation(OperationId::whoami)->input));
  return who && who.value().text("user") == record.text("name");
}

base::Result<> ask_secret(const Verb& verb, const Field& field, ApiClient& client, Record& record) {
  if (field.name == "otp") return base::ok();  // asked for when the rest is known: run_verb
  const auto name = option_name(verb, field);
  const bool wanted = field.required || is_in(verb.asks, field.name);
  if (!wanted || (!field.required && !is_terminal(STDIN_FILENO))) return base::ok();
  if (field.name == "current" && !is_of_caller(client, record)) return base::ok();
  const bool fresh = field.name == "password";
  auto answer =
      fresh ? prompt_new_secret(question(field), check_new_password) : prompt_secret(question(field), field.max);
  if (!answer && answer.error().code() == base::Errc::unsupported) {
    return bad("--" + name + "-stdin",
               "is missing: " + std::string(field.doc) + " can't be asked for, stdin is no terminal");
  }
  if (!answer) return answer.error();
  if (!answer.value().empty()) record.set(field.name, std::move(answer).value());
  return base::ok();
}

base::Result<> fill_secret(const Verb& verb, const Invocation& line, const Field& field, ApiClient& client,
                           Record& record) {
  const auto name = option_name(verb, field);
  int fd = -1;
  if (line.has(name + "-stdin")) fd = STDIN_FILENO;
  if (const auto given = line.maybe(name + "-fd")) {
    SALLYPORT_TRY(const auto number, parse_number("--" + name + "-fd", *given));
    fd = static_cast<int>(std::min<std::uint64_t>(number, 1U << 20U));
  }
  if (fd < 0) return ask_secret(verb, field, client, record);
  SALLYPORT_TRY(auto secret, read_secret(field, fd));
  if (field.name == "otp") {
    SALLYPORT_TRYV(check_code(secret));
  }
  record.set(field.name, std::move(secret));
  return base::ok();
}

// One line each first, then what reads to the end.
base::Result<> fill_secrets(const Verb& verb, const Invocation& line, ApiClient& client, Record& record) {
  for (const bool whole : {false, true}) {
    for (const auto& field : record.schema()) {
      if (is_secret(field) && (field.max > 1024) == whole) {
        SALLYPORT_TRYV(fill_secret(verb, line, field, client, record));
      }
    }
  }
  return base::ok();
}

base::Result<Record> fill(const Verb& verb, const Invocation& line, ApiClient& client) {
  Record record(find_operation(verb.operation)->input);
  for (const auto& field : record.schema()) {
    if (is_secret(field)) continue;
    const auto name = is_in(verb.positionals, field.name) ? std::string(field.name) : option_name(verb, field);
    if (const auto text = line.maybe(name)) {
      SALLYPORT_TRYV(set_value(verb, field, *text, record));
    }
  }
  SALLYPORT_TRYV(fill_secrets(verb, line, client, record));
  return record;
}

std::string sentence(std::string_view form, const Record& input) {
  std::string out(form);
  for (const auto& field : input.schema()) {
    const auto mark = "{" + std::string(field.name) + "}";
    const auto at = out.find(mark);
    if (at != std::string::npos) out.replace(at, mark.size(), base::escape_text(input.text(field.name)));
  }
  return out;
}

// What can't be taken back is asked once more, where somebody can answer.
base::Result<> check_meant(const Verb& verb, const Invocation& line, const Record& input) {
  if (verb.confirms.empty() || line.has("yes")) return base::ok();
  return confirm(sentence(verb.confirms, input));
}

base::Result<> show_list(const Verb& verb, const Invocation& line, ApiClient& client, Record input) {
  const auto& operation = *find_operation(verb.operation);
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const bool wide, line.wide());
  SALLYPORT_TRY(const auto output, collect(client, operation, std::move(input), line.has("all")));
  SALLYPORT_TRYV(print(output, operation.name, verb.columns, json, wide));
  const auto rest = left_out(operation, output);
  if (!json && !rest.empty()) fmt::print(stderr, "({})\n", rest);
  return base::ok();
}

bool takes_code(const Record& input) {
  return std::any_of(input.schema().begin(), input.schema().end(), [](const Field& f) { return f.name == "otp"; });
}

// Who has no generator, or is not signed in any more, is told so by the answer: he has no code to give.
bool has_generator(ApiClient& client) {
  const auto who = client.call(OperationId::whoami, Record(find_operation(OperationId::whoami)->input));
  return who && who.value().flag("otp_enrolled");
}

bool may_ask_code(ApiClient& client, const Record& input) {
  return takes_code(input) && !input.has("otp") && is_terminal(STDIN_FILENO) && has_generator(client);
}

base::Result<> ask_code(Record& input) {
  SALLYPORT_TRY(auto code, prompt_code("One-time code"));
  input.set("otp", std::move(code));
  return base::ok();
}

bool is_rotating(ApiClient& client, const Record& input) {
  Record about(find_operation(OperationId::account_show)->input);
  about.set("account", input.text("account"));
  const auto account = client.call(OperationId::account_show, about);
  return account && account.value().flag("rotating");
}

// A secret that is being changed, or is in doubt after its target was lost, is settled in seconds as a rule.
base::Result<Record> call_patiently(ApiClient& client, OperationId operation, const Record& input) {
  const bool waits = operation == OperationId::checkout_create;
  const AskingAgain how{.most = waits ? 21 : 1, .pause = std::chrono::seconds{1}};
  const auto is_changing = [&, told = false](const base::Error& error) mutable {
    if (error.code() != base::Errc::conflict || !is_rotating(client, input)) return false;
    if (!std::exchange(told, true))
      fmt::print(stderr, "the secret of {} is being changed; waiting for that, for some {} s\n",
                 base::escape_text(input.text("account")), how.longest().count());
    return true;
  };
  return ask_again(
      how, [&] { return client.call(operation, input); }, is_changing);
}

// A code that is missing is asked for at a terminal, and the same said again with it.
base::Result<Record> call(const Verb& verb, ApiClient& client, Record& input) {
  const bool is_late = is_in(verb.asks, "otp") && since_sign_in(client.address().url) > kSignInCounts;
  if (is_late && may_ask_code(client, input)) {
    SALLYPORT_TRYV(ask_code(input));
  }
  auto output = call_patiently(client, verb.operation, input);
  if (output || output.error().code() != base::Errc::unauthenticated || !may_ask_code(client, input)) return output;
  fmt::print(stderr, "{}\n", said(output.error()).sentence);  // its advice is what follows: the question
  SALLYPORT_TRYV(ask_code(input));
  return call_patiently(client, verb.operation, input);
}

base::Result<int> run_verb(const Verb& verb, const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const bool wide, line.wide());
  SALLYPORT_TRY(auto client, signed_in_client(line));
  SALLYPORT_TRY(auto input, fill(verb, line, client));
  SALLYPORT_TRYV(check_meant(verb, line, input));
  const auto& operation = *find_operation(verb.operation);
  if (is_paged(operation)) {
    SALLYPORT_TRYV(show_list(verb, line, client, std::move(input)));
    return 0;
  }
  SALLYPORT_TRY(const auto output, call(verb, client, input));
  if (output.schema().empty()) {
    SALLYPORT_TRYV(print_done(operation.name, sentence(verb.done, input), json));
  } else {
    SALLYPORT_TRYV(print(output, operation.name, verb.columns, json, wide));
  }
  if (verb.operation == OperationId::checkout_create && !json) {
    SALLYPORT_TRYV(print_text(after_checkout(client.address(), output)));
  }
  return 0;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::string option_name(const Verb& verb, const Field& field) {
  const auto rename = (" " + std::string(verb.renames)).find(" " + std::string(field.name) + "=");
  if (rename != std::string::npos) {
    const auto start = rename + field.name.size() + 1;
    return std::string(verb.renames.substr(start, verb.renames.find(' ', start) - start));
  }
  std::string name(field.name);
  if (name == "rotation_seconds") return "rotate-every";
  if (name.ends_with("_seconds")) name.resize(name.size() - 8);
  for (char& c : name) c = c == '_' ? '-' : c;
  return name;
}

Command to_command(const Verb& verb) {
  std::string summary(verb.summary.empty() ? find_operation(verb.operation)->summary : verb.summary);
  if (summary.ends_with('.')) summary.pop_back();
  Command command;
  command.words = verb.words;
  command.audience = verb.audience;
  command.summary = summary;
  command.args = arguments(verb);
  command.examples = lines(verb.examples);
  command.run = [&verb](const Invocation& line) { return run_verb(verb, line); };
  return command;
}

}  // namespace sallyport::app
