// checkin, reveal: about a checkout, which is named by its id, by its account, or not at all if there is one only.
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli_advice.hpp"
#include "cli_groups.hpp"
#include "cli_time.hpp"
#include "client_api.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

std::string accounts_of(std::span<const Record> checkouts) {
  std::string out;
  for (const auto& one : checkouts) out += (out.empty() ? "" : ", ") + base::escape_text(one.text("account"));
  return out;
}

base::Result<std::string> checkout_id(ApiClient& client, const std::string& named) {
  if (!named.empty() && named.find('@') == std::string::npos) return named;  // an id, or its beginning
  Record input(find_operation(OperationId::checkout_list)->input);
  input.set_flag("active", true);
  if (!named.empty()) input.set("account", named);
  SALLYPORT_TRY(const auto output, client.call(OperationId::checkout_list, input));
  const auto found = output.list("checkouts");
  const auto about = named.empty() ? std::string() : " of " + base::escape_text(named);
  if (found.empty())
    return advise(base::fail(base::Errc::not_found, "you have no active checkout" + about),
                  fmt::format("check it out with: sallyport checkout {} --reason ...",
                              named.empty() ? "ACCOUNT@TARGET" : base::escape_text(named)));
  if (found.size() > 1)
    return advise(base::fail(base::Errc::invalid, "you have several active checkouts: " + accounts_of(found)),
                  "say which; they are listed by: sallyport checkout list --active");
  return std::string(found.front().text("id"));
}

base::Result<Record> about_checkout(const Invocation& line, OperationId operation) {
  SALLYPORT_TRY(auto client, signed_in_client(line));
  SALLYPORT_TRY(const auto id, checkout_id(client, line.one("checkout")));
  Record input(find_operation(operation)->input);
  input.set("id", id);
  return client.call(operation, input);
}

base::Result<int> run_checkin(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const auto output, about_checkout(line, OperationId::checkin));
  SALLYPORT_TRYV(print(output, "checkin", "", json));
  return 0;
}

base::Result<int> run_reveal(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const auto output, about_checkout(line, OperationId::reveal));
  if (json) {
    SALLYPORT_TRYV(print(output, "reveal", "", true));
    return 0;
  }
  SALLYPORT_TRYV(base::write_all(STDOUT_FILENO, output.secret("secret").expose()));
  if (!output.secret("secret").expose_text().ends_with('\n')) {
    SALLYPORT_TRYV(print_text("\n"));
  }
  if (is_terminal(STDOUT_FILENO)) fmt::print(stderr, "(seen by you: it is changed when you check in)\n");
  return 0;
}

}  // namespace

std::string after_checkout(const ServerAddress& address, const Record& checkout) {
  const auto account = base::escape_text(checkout.text("account"));
  const auto user = base::escape_text(checkout.text("user"));
  auto login = user + "+" + account;
  std::replace(login.begin(), login.end(), '@', '+');
  const auto port = address.ssh_port == 22 ? std::string() : fmt::format("-p {} ", address.ssh_port);
  const auto ssh = address.ssh_host.empty() ? "sallyport ssh " + account
                                            : fmt::format("ssh {}{}@{}\n          or    sallyport ssh {}", port, login,
                                                          base::escape_text(address.ssh_host), account);
  const auto ends =
      base::SystemClock().wall() + base::Seconds(static_cast<std::int64_t>(checkout.number("seconds_left")));
  return fmt::format(
      "\nGo there        {}\nSee its secret  sallyport reveal {}   (if your role allows it)\n"
      "Give it back    sallyport checkin {}\nIt ends         {}\n",
      ssh, account, account, long_time(ends));
}

std::vector<Command> lease_commands() {
  const Arg which{"checkout", ArgKind::positional, false, "CHECKOUT|ACCOUNT@TARGET",
                  "the checkout's id, or its account; needless if you have one only"};
  std::vector<Command> commands;
  commands.push_back({"checkin",
                      "Engineers",
                      "Gives an account back; its sessions end, its secret changes if it was seen",
                      "",
                      {which},
                      {"sallyport checkin", "sallyport checkin root@web1"},
                      run_checkin});
  commands.push_back({"reveal",
                      "Engineers",
                      "Shows the secret of a checkout; it is changed afterwards",
                      "",
                      {which},
                      {"sallyport reveal root@web1"},
                      run_reveal});
  return commands;
}

}  // namespace sallyport::app
