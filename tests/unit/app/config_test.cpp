#include "config.hpp"

#include <algorithm>
#include <fstream>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::app {
namespace {

const ConfigKey& key(std::span<const ConfigKey> keys, std::string_view name) {
  return *std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& item) { return item.name == name; });
}
bool accepts(std::string_view name, std::string_view value) {
  return check_config_value(key(server_config_keys(), name), value, "/base").has_value();
}

}  // namespace

TEST_CASE("a value of the wrong form is refused for its key") {
  CHECK(accepts("ssh.listen", "0.0.0.0:2222"));
  CHECK(accepts("ssh.listen", "[::]:0"));
  CHECK_FALSE(accepts("ssh.listen", "2222"));
  CHECK_FALSE(accepts("ssh.listen", "0.0.0.0:65536"));
  CHECK_FALSE(accepts("ssh.listen", "0.0.0.0:22 "));
  CHECK_FALSE(accepts("web.token_seconds", "0"));
  CHECK_FALSE(accepts("web.token_seconds", "-1"));
  CHECK_FALSE(accepts("log_level", "loud"));
  CHECK_FALSE(accepts("users.vault", ""));
  CHECK_FALSE(accepts("users.vault", "a\nb"));
}

TEST_CASE("a relative path starts from its file") {
  CHECK(check_config_value(key(client_config_keys(), "ca"), "ca.pem", "/etc/sallyport").value() ==
        "/etc/sallyport/ca.pem");
  CHECK(check_config_value(key(client_config_keys(), "ca"), "/x/ca.pem", "/etc/sallyport").value() == "/x/ca.pem");
}

TEST_CASE("a server's address is https only, and loses its last slash") {
  const auto& server = key(client_config_keys(), "server");
  CHECK(check_config_value(server, "https://h:1/", "/").value() == "https://h:1");
  CHECK_FALSE(check_config_value(server, "http://h:1", "/"));
}

TEST_CASE("every fallback is of its key's own form") {
  for (const auto keys : {client_config_keys(), server_config_keys()}) {
    for (const auto& item : keys) {
      INFO(item.name);
      if (!item.fallback.empty()) CHECK(check_config_value(item, item.fallback, "/"));
    }
  }
}

TEST_CASE("a server's file is laid over the fallbacks") {
  const test::TempDir directory;
  const auto file = directory.path() / "server.toml";
  std::ofstream(file) << "data = \"d\"\n[ssh]\nlisten = \"127.0.0.1:7\"\nmax_sessions = "
                         "3\nmax_sessions_per_user = 2\n[session]\nrecording_floor_mib = 2\n[users]\nvault = \"v\"\n";
  const auto options = load_server_options(file);
  REQUIRE(options);
  CHECK(options.value().data == directory.path() / "d");
  CHECK(options.value().ssh_listen == "127.0.0.1:7");
  CHECK(options.value().web_listen == "0.0.0.0:8443");
  CHECK(options.value().max_sessions == 3);
  CHECK(options.value().max_sessions_per_user == 2);
  CHECK(options.value().recording_floor == 2U << 20U);
  CHECK(options.value().users.vault == "v");
  CHECK(options.value().users.web == "sallyport-web");
}

TEST_CASE("every wrong entry of a file is named, each with its line") {
  const test::TempDir directory;
  const auto file = directory.path() / "config.toml";
  std::ofstream(file) << "a = 1\nserver = 2\n[b]\nc = [1]\n";
  const auto loaded = Config::load(file, client_config_keys());
  REQUIRE_FALSE(loaded);
  for (const auto* part : {":1: a: no such key", ":2: server: must begin with https", ":4: b.c: no such key"}) {
    INFO(part);
    CHECK(loaded.error().context().find(part) != std::string::npos);
  }
}

}  // namespace sallyport::app
