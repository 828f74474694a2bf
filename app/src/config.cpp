#include "config.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "environment.hpp"
#include "sallyport/base/text.hpp"
#include "toml_file.hpp"

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;

constexpr std::array kClientKeys{
    ConfigKey{"server", ConfigType::url, "address of the API: https://host:8443"},
    ConfigKey{"ca", ConfigType::path, "certificate of the server's own CA (PEM)"},
    ConfigKey{"ssh", ConfigType::host, "address of the broker for ssh: host:2222"},
    ConfigKey{"host_key", ConfigType::text, "the broker's SSH host key: ssh-ed25519 AAAA..."},
    ConfigKey{"data", ConfigType::path, "data directory of a server on this machine, instead of server, ca and ssh"},
    ConfigKey{"user", ConfigType::text, "name to sign in with"},
    ConfigKey{"output", ConfigType::choice, "form of results", "table", "table wide json"},
};

constexpr std::array kServerKeys{
    ConfigKey{"data", ConfigType::path, "data directory", "/var/lib/sallyport"},
    ConfigKey{"log_level", ConfigType::choice, "least level that is logged", "info", "debug info warning error"},
    ConfigKey{"ssh.listen", ConfigType::address, "where SSH is answered", "0.0.0.0:2222"},
    ConfigKey{"ssh.login_grace_seconds", ConfigType::seconds, "time to sign in over SSH", "120"},
    ConfigKey{"ssh.max_sessions", ConfigType::number, "SSH sessions at once", "200"},
    ConfigKey{"ssh.max_sessions_per_user", ConfigType::number,
              "of one person; 0: a quarter of ssh.max_sessions, so that nobody takes all", "0"},
    ConfigKey{"ssh.fresh_otp_seconds", ConfigType::seconds, "how long a checkout's code counts at a login", "300"},
    ConfigKey{"web.listen", ConfigType::address, "where the API is answered", "0.0.0.0:8443"},
    ConfigKey{"web.token_seconds", ConfigType::seconds, "life of a sign-in, at most a day", "28800"},
    ConfigKey{"web.token_idle_seconds", ConfigType::number, "a sign-in not used for so long ends; 0: never", "7200"},
    ConfigKey{"session.vault_loss_seconds", ConfigType::seconds, "a session whose vault is gone ends within this",
              "10"},
    ConfigKey{"session.dial_seconds", ConfigType::seconds, "time to reach a target", "10"},
    ConfigKey{"session.recording_floor_mib", ConfigType::number,
              "no session starts with less room than this for recordings, in MiB", "64"},
    ConfigKey{"users.vault", ConfigType::text, "system user of the vault process", "sallyport-vault"},
    ConfigKey{"users.ssh", ConfigType::text, "system user of the SSH listener", "sallyport-ssh"},
    ConfigKey{"users.web", ConfigType::text, "system user of the API process", "sallyport-web"},
    ConfigKey{"users.rotator", ConfigType::text, "system user of the rotator", "sallyport-rotator"},
    ConfigKey{"users.session", ConfigType::text, "system user of session children; owns nothing", "sallyport-session"},
};

base::Error wrong(std::string what) { return base::fail(base::Errc::invalid, std::move(what)); }

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port <= 65535;
}

base::Result<std::string> check_host_port(std::string_view value) {
  const auto colon = value.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !is_port(value.substr(colon + 1))) {
    return wrong("must be host:port");
  }
  return std::string(value);
}

base::Result<std::string> check_number(std::string_view value, std::uint64_t least) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc() || end != value.data() + value.size() || number < least || number > 1000000000) {
    return wrong(fmt::format("must be a whole number from {} to 1000000000", least));
  }
  return std::string(value);
}

base::Result<std::string> check_choice(const ConfigKey& key, std::string_view value) {
  std::string_view rest = key.choices;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == value) return std::string(value);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return wrong(fmt::format("must be one of: {}", key.choices));
}

const ConfigKey* find_key(std::span<const ConfigKey> keys, std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

base::Result<std::string> as_text(const TomlEntry& entry) {
  if (const auto* text = std::get_if<std::string>(&entry.value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&entry.value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&entry.value)) return std::string(*flag ? "true" : "false");
  return wrong("must be text, a whole number, true or false");
}

base::Result<std::string> checked_value(const TomlEntry& entry, const ConfigKey* key, const fs::path& base_dir) {
  if (key == nullptr) return wrong("no such key");
  SALLYPORT_TRY(const auto text, as_text(entry));
  return check_config_value(*key, text, base_dir);
}

std::string environment_name(std::string_view key) {
  std::string name = "SALLYPORT_";
  for (const char c : key) name += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : (c == '.' ? '_' : c);
  return name;
}

// A file in the working directory was perhaps put there by somebody else.
bool is_trusted(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  return (info.st_uid == ::geteuid() || info.st_uid == 0) && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

base::Result<> add_file(const fs::path& file, std::vector<Config>& files) {
  auto loaded = Config::load(file, client_config_keys());
  if (loaded)
    files.push_back(std::move(loaded).value());
  else if (loaded.error().code() != base::Errc::not_found)
    return loaded.error();
  return base::ok();
}

std::string server_value(const std::optional<Config>& config, std::string_view key) {
  if (config) {
    if (auto value = config->get(key)) return *value;
  }
  return std::string(find_key(server_config_keys(), key)->fallback);
}

unsigned number_of(const std::string& text) { return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 10)); }

base::LogLevel level_of(std::string_view word) {
  if (word == "debug") return base::LogLevel::debug;
  if (word == "warning") return base::LogLevel::warning;
  return word == "error" ? base::LogLevel::error : base::LogLevel::info;
}

}  // namespace

std::span<const ConfigKey> client_config_keys() { return kClientKeys; }
std::span<const ConfigKey> server_config_keys() { return kServerKeys; }

base::Result<std::string> check_config_value(const ConfigKey& key, std::string_view value, const fs::path& base_dir) {
  if (value.empty()) return wrong("must not be empty");
  if (!base::is_plain_text(value, 4096)) return wrong("must be plain text");
  switch (key.type) {
    case ConfigType::text:
      return std::string(value);
    case ConfigType::path:
      return (base_dir / fs::path(value)).lexically_normal().string();
    case ConfigType::address:
    case ConfigType::host:
      return check_host_port(value);
    case ConfigType::url:
      if (!value.starts_with("https://") || value.size() < 9) return wrong("must begin with https://");
      return std::string(value.ends_with('/') ? value.substr(0, value.size() - 1) : value);
    case ConfigType::number:
      return check_number(value, 0);
    case ConfigType::seconds:
      return check_number(value, 1);
    case ConfigType::choice:
      return check_choice(key, value);
  }
  return wrong("is of no known kind");
}

base::Result<Config> Config::load(const fs::path& file, std::span<const ConfigKey> keys) {
  SALLYPORT_TRY(const auto entries, read_toml(file));
  Config config;
  std::string problems;
  for (const auto& entry : entries) {
    const auto checked = checked_value(entry, find_key(keys, entry.key), fs::absolute(file).parent_path());
    if (checked) {
      config.values_[entry.key] = checked.value();
      continue;
    }
    if (!problems.empty()) problems += '\n';
    problems += fmt::format("{}:{}: {}: {}", base::escape_text(file.string()), entry.line, entry.key,
                            checked.error().context());
  }
  if (!problems.empty()) return wrong(problems);
  return config;
}

std::optional<std::string> Config::get(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string ClientConfig::get(std::string_view key, const std::optional<std::string>& flag) const {
  if (flag) return *flag;
  if (auto value = environment(environment_name(key))) return *value;
  for (const auto& file : files) {
    if (auto value = file.get(key)) return *value;
  }
  return std::string(find_key(client_config_keys(), key)->fallback);
}

base::Result<ClientConfig> load_client_config() {
  ClientConfig config;
  const fs::path project = ".sallyport.toml";
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(project, ignored))) {
    if (is_trusted(project)) {
      SALLYPORT_TRYV(add_file(project, config.files));
    } else {
      config.notes.emplace_back(".sallyport.toml is passed over: it is not yours alone (own it, chmod go-w)");
    }
  }
  SALLYPORT_TRYV(add_file(user_config_directory() / "config.toml", config.files));
  SALLYPORT_TRYV(add_file("/etc/sallyport/config.toml", config.files));
  return config;
}

base::Result<ServerOptions> load_server_options(const std::optional<fs::path>& file) {
  std::optional<Config> config;
  if (file) {
    SALLYPORT_TRY(auto loaded, Config::load(*file, server_config_keys()));
    config = std::move(loaded);
  }
  const auto value = [&](std::string_view key) { return server_value(config, key); };
  const auto seconds = [&](std::string_view key) { return std::chrono::seconds(number_of(value(key))); };
  ServerOptions options;
  options.data = value("data");
  options.log_level = level_of(value("log_level"));
  options.ssh_listen = value("ssh.listen");
  options.web_listen = value("web.listen");
  options.login_grace = seconds("ssh.login_grace_seconds");
  options.max_sessions = number_of(value("ssh.max_sessions"));
  options.max_sessions_per_user = number_of(value("ssh.max_sessions_per_user"));
  options.fresh_otp = seconds("ssh.fresh_otp_seconds");
  options.token_lifetime = seconds("web.token_seconds");
  options.token_idle = seconds("web.token_idle_seconds");
  options.vault_loss_bound = seconds("session.vault_loss_seconds");
  options.dial_timeout = seconds("session.dial_seconds");
  options.recording_floor = std::uint64_t{number_of(value("session.recording_floor_mib"))} << 20U;
  options.users = {value("users.vault"), value("users.ssh"), value("users.web"), value("users.rotator"),
                   value("users.session")};
  return options;
}

fs::path user_config_directory() {
  if (auto set = environment("XDG_CONFIG_HOME"); set && set->starts_with('/')) return fs::path(*set) / "sallyport";
  return home_directory() / ".config" / "sallyport";
}

}  // namespace sallyport::app
