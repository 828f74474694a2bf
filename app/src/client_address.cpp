#include "client_address.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "cli_advice.hpp"
#include "record_json.hpp"
#include "sallyport/base/regular_file.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxReadyFile = 64U << 10U;

// What the server writes when it is ready (docs/processes.md).
constexpr auto kReady = std::to_array<Field>({
    {"ssh", FieldType::text, 300, true, "address and port of the broker"},
    {"web", FieldType::text, 300, true, "URL of the API"},
    {"web_at", FieldType::text, 300, false, "address and port that it listens on"},
    {"ca", FieldType::text, 4096, true, "path of the CA's certificate"},
    {"vault_socket", FieldType::text, 4096, true, "path of the vault's socket"},
    {"host_key", FieldType::text, 8192, true, "the broker's host key"},
});

void set_ssh(ServerAddress& address, const std::string& text) {
  const auto colon = text.rfind(':');
  address.ssh_host = text.substr(0, colon);
  if (address.ssh_host.starts_with('[') && address.ssh_host.ends_with(']')) {
    address.ssh_host = address.ssh_host.substr(1, address.ssh_host.size() - 2);
  }
  if (address.ssh_host == "0.0.0.0") address.ssh_host = "127.0.0.1";
  if (address.ssh_host == "::") address.ssh_host = "::1";
  address.ssh_port = static_cast<std::uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10));
}

base::Result<ServerAddress> from_ready_file(const std::filesystem::path& data) {
  const auto file = DataPaths(data).ready;
  const auto bytes = base::read_regular_file(file, kMaxReadyFile);
  if (!bytes)
    return advise(
        base::fail(base::Errc::closed, "no server is ready in " + data.string() + ": " + bytes.error().context()),
        "start it with: sallyport server --data " + data.string());
  auto ready = from_json(bytes.value(), kReady, Unknown::pass_over);
  if (!ready) return ready.error().within(file.string());
  ServerAddress address;
  address.url = ready.value().text("web");
  if (ready.value().has("web_at")) address.at = ready.value().text("web_at");
  address.ca = ready.value().text("ca");
  address.host_key = ready.value().text("host_key");
  address.vault_socket = ready.value().text("vault_socket");
  set_ssh(address, std::string(ready.value().text("ssh")));
  return address;
}

base::Error nowhere() {
  const auto file = (user_config_directory() / "config.toml").string();
  return advise(
      base::fail(base::Errc::invalid,
                 "nothing says where the server is: no --server, no SALLYPORT_DATA, and no " + file + " that names it"),
      kBeginHere);
}

}  // namespace

base::Result<std::optional<std::filesystem::path>> find_data(const Invocation& line) {
  SALLYPORT_TRY(const auto data, line.setting("data"));
  if (data.empty()) return std::optional<std::filesystem::path>();
  return std::optional<std::filesystem::path>(data);
}

base::Result<std::filesystem::path> local_data(const Invocation& line) {
  SALLYPORT_TRY(const auto named, find_data(line));
  if (named) return *named;
  std::optional<std::filesystem::path> file;
  if (::access(kServerFile, R_OK) == 0) file = kServerFile;
  SALLYPORT_TRY(const auto options, load_server_options(file));
  return options.data;
}

base::Result<ServerAddress> find_server(const Invocation& line) {
  // A flag for one way beats an environment variable or a file that names the other.
  if (!line.has("server")) {
    SALLYPORT_TRY(const auto data, find_data(line));
    if (data) return from_ready_file(*data);
  }
  ServerAddress address;
  SALLYPORT_TRY(address.url, line.setting("server"));
  if (address.url.empty()) {
    if (const auto data = local_data(line)) {
      auto local = from_ready_file(data.value());
      std::error_code ignored;
      if (local || std::filesystem::exists(DataPaths(data.value()).header, ignored)) return local;
    }
    return nowhere();
  }
  SALLYPORT_TRY(const auto ca, line.setting("ca"));
  address.ca = ca;
  SALLYPORT_TRY(const auto ssh, line.setting("ssh"));
  if (!ssh.empty()) set_ssh(address, ssh);
  SALLYPORT_TRY(address.host_key, line.setting("host_key"));
  return address;
}

}  // namespace sallyport::app
