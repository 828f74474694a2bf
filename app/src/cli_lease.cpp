// checkin, reveal: about a checkout, which is named by its id, by its account, or not at all if there is one only.
#include <unistd.h>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "client_api.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

base::Result<std::string> checkout_id(ApiClient& client, const std::string& named) {
  if (base::is_id_text(named)) return named;
  Record input(find_operation(OperationId::checkout_list)->input);
  input.set_flag("active", true);
  if (!named.empty()) input.set("account", named);
  SALLYPORT_TRY(const auto output, client.call(OperationId::checkout_list, input));
  const auto found = output.list("checkouts");
  const auto about = named.empty() ? std::string() : " of " + base::escape_text(named);
  if (found.empty()) return base::fail(base::Errc::not_found, "you have no active checkout" + about);
  if (found.size() > 1)
    return base::fail(base::Errc::invalid,
                      "you have several active checkouts" + about + "; say which: sallyport checkout list --active");
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
