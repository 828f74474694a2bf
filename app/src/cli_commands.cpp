// The whole table of commands, put together once.
#include <algorithm>

#include "cli_groups.hpp"
#include "cli_verb.hpp"

namespace sallyport::app {
namespace {

void append(std::vector<Command>& all, std::vector<Command> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::vector<Command> make_all() {
  std::vector<Command> all;
  append(all, server_commands());
  append(all, operator_commands());
  append(all, audit_commands());
  for (const auto& verb : verbs()) all.push_back(to_command(verb));
  append(all, sign_in_commands());
  append(all, lease_commands());
  append(all, ssh_commands());
  append(all, recording_commands());
  append(all, setup_commands());
  append(all, tool_commands());
  const std::vector<std::string> order{"Operators", "Administrators", "Engineers", "Auditors", "Everybody"};
  const auto place = [&](const Command& c) {
    return std::find(order.begin(), order.end(), c.audience) - order.begin();
  };
  std::stable_sort(all.begin(), all.end(), [&](const Command& a, const Command& b) { return place(a) < place(b); });
  return all;
}

}  // namespace

const std::vector<Command>& all_commands() {
  static const std::vector<Command> all = make_all();
  return all;
}

}  // namespace sallyport::app
