#pragma once
// Configuration: which keys exist, what their values must look like, and where a setting comes from.
// Order: flag, environment, project file, user's file, /etc (docs/cli.md).
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/app/server_main.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

enum class ConfigType : unsigned char {
  text,
  path,     ///< absolute, or relative to the file that says it
  address,  ///< numeric address and port: "0.0.0.0:2222", "[::]:2222"
  url,      ///< https://host[:port]
  host,     ///< host:port
  number,
  seconds,  ///< a whole number of seconds, at least 1
  choice,
};

struct ConfigKey {
  std::string_view name;
  ConfigType type;
  std::string_view doc;
  std::string_view fallback = {};
  std::string_view choices = {};  ///< of a choice, separated by spaces
};

std::span<const ConfigKey> client_config_keys();
std::span<const ConfigKey> server_config_keys();

/// One file's settings; every value is already of its key's form.
class Config {
 public:
  /// Every unknown key and wrong value is one line "file:line: key: what" in the Error (Errc::invalid).
  static base::Result<Config> load(const std::filesystem::path& file, std::span<const ConfigKey> keys);
  std::optional<std::string> get(std::string_view key) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// A value of a key's form, or Errc::invalid with a sentence. `base_dir` is what a relative path starts from.
base::Result<std::string> check_config_value(const ConfigKey& key, std::string_view value,
                                             const std::filesystem::path& base_dir);

/// The client's files that exist, strongest first: ./.sallyport.toml, $XDG_CONFIG_HOME/sallyport/config.toml,
/// /etc/sallyport/config.toml. A project file counts only when the user (or root) owns it and nobody else may write it:
/// a foreign one could send passwords elsewhere. A file that is passed over so is named in `notes`.
struct ClientConfig {
  std::vector<Config> files;
  std::vector<std::string> notes;
  /// Flag (if given), then SALLYPORT_<KEY>, then the files, then the key's fallback.
  std::string get(std::string_view key, const std::optional<std::string>& flag = std::nullopt) const;
};
base::Result<ClientConfig> load_client_config();

/// The server's options from a file (absent: fallbacks) before flags are laid over them.
base::Result<ServerOptions> load_server_options(const std::optional<std::filesystem::path>& file);

/// $XDG_CONFIG_HOME/sallyport or ~/.config/sallyport.
std::filesystem::path user_config_directory();

}  // namespace sallyport::app
