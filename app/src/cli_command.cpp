#include "cli_command.hpp"

#include <algorithm>

namespace sallyport::app {

std::string Invocation::one(std::string_view name) const { return maybe(name).value_or(std::string()); }

std::optional<std::string> Invocation::maybe(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.front();
}

base::Result<const ClientConfig*> Invocation::config() const {
  if (!config_) {
    SALLYPORT_TRY(auto loaded, load_client_config());
    config_ = std::move(loaded);
  }
  return &*config_;
}

base::Result<std::string> Invocation::setting(std::string_view key) const {
  SALLYPORT_TRY(const auto* config, this->config());
  const auto keys = client_config_keys();
  const auto known = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& item) { return item.name == key; });
  auto value = config->get(key, maybe(key));
  if (value.empty()) return value;
  auto checked = check_config_value(*known, value, std::filesystem::current_path());
  if (!checked) return checked.error().within(key);
  return checked;
}

base::Result<bool> Invocation::json() const {
  SALLYPORT_TRY(const auto form, setting("output"));
  return form == "json";
}

base::Result<bool> Invocation::wide() const {
  SALLYPORT_TRY(const auto form, setting("output"));
  return form == "wide";
}

const Command* find_command(std::string_view words) {
  const auto& commands = all_commands();
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.words == words; });
  return found == commands.end() ? nullptr : &*found;
}

const std::vector<Arg>& global_args() {
  static const std::vector<Arg> args{
      {"output", ArgKind::option, false, "FORM", "form of results", {"table", "wide", "json"}},
      {"server", ArgKind::option, false, "URL", "address of the API"},
      {"ca", ArgKind::option, false, "FILE", "certificate of the server's own CA"},
      {"data", ArgKind::option, false, "DIR", "data directory of a server on this machine"},
  };
  return args;
}

int exit_status(base::Errc code) noexcept {
  switch (code) {
    case base::Errc::invalid:
    case base::Errc::unsupported:
      return 2;
    case base::Errc::not_found:
      return 3;
    case base::Errc::unauthenticated:
      return 4;
    case base::Errc::denied:
    case base::Errc::locked_out:
      return 5;
    case base::Errc::closed:
    case base::Errc::timed_out:
      return 7;
    default:
      return 1;
  }
}

}  // namespace sallyport::app
