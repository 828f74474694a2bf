// server, init, config check.
#include <unistd.h>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "client_address.hpp"
#include "environment.hpp"
#include "init_data.hpp"
#include "output.hpp"
#include "prompts.hpp"
#include "sallyport/access/password.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/vault/slot.hpp"
#include "toml_file.hpp"

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> server_file(const Invocation& line) {
  if (const auto given = line.maybe("config")) return fs::path(*given);
  std::error_code ignored;
  if (fs::exists(kServerFile, ignored)) return fs::path(kServerFile);
  return std::nullopt;
}

base::Result<ServerOptions> server_options(const Invocation& line) {
  SALLYPORT_TRY(auto options, load_server_options(server_file(line)));
  options.development = line.has("dev");
  if (const auto data = line.maybe("data"))
    options.data = *data;
  else if (const auto set = environment("SALLYPORT_DATA"))
    options.data = *set;
  if (const auto file = line.maybe("ready-file")) options.ready_file = *file;
  // Development: free ports on the loopback, unless a port was asked for.
  if (options.development) options.ssh_listen = options.web_listen = "127.0.0.1:0";
  if (const auto ssh = line.maybe("ssh-listen")) options.ssh_listen = *ssh;
  if (const auto web = line.maybe("web-listen")) options.web_listen = *web;
  return options;
}

base::Result<int> run_server_command(const Invocation& line) {
  SALLYPORT_TRY(const auto options, server_options(line));
  const DataPaths paths(options.data);
  std::error_code ignored;
  if (!fs::exists(paths.header, ignored)) {
    return base::fail(base::Errc::not_found,
                      "there is no vault in " + options.data.string() + "; make one with: sallyport init");
  }
  return run_server(options);
}

base::Result<base::SecretBytes> new_secret(const Invocation& line, const std::string& flag, const std::string& question,
                                           const CheckSecret& check) {
  if (line.has(flag)) {
    SALLYPORT_TRY(auto given, read_secret_line(STDIN_FILENO));
    SALLYPORT_TRYV(check(given));
    return given;
  }
  auto secret = prompt_new_secret(question, check);
  if (!secret && secret.error().code() == base::Errc::unsupported) {
    return base::fail(base::Errc::invalid, "--" + flag + " is missing: stdin is no terminal, so nothing can be asked");
  }
  return secret;
}

base::Result<base::SecretBytes> new_password(const Invocation& line, const std::string& admin) {
  return new_secret(line, "password-stdin", "Password of the administrator " + admin, access::check_password);
}

base::Result<> bootstrap_by(VaultClient client, const InitPlan& plan) {
  constexpr std::chrono::milliseconds kPatience{60000};
  Record input(find_operation(OperationId::user_bootstrap)->input);
  input.set("name", plan.admin).set("password", plan.password.clone());
  SALLYPORT_TRY(auto request, encode(input));
  SALLYPORT_TRYV(client.call(OperationId::user_bootstrap, std::move(request).take_secret(), kPatience));
  return base::ok();
}

// Looked at before anything is asked for that only an administrator to be would need.
base::Result<> check_no_user_by(VaultClient client) {
  constexpr std::chrono::milliseconds kPatience{10000};
  SALLYPORT_TRY(auto request, encode(Record(find_operation(OperationId::status)->input)));
  SALLYPORT_TRY(const auto reply, client.call(OperationId::status, std::move(request).take_secret(), kPatience));
  SALLYPORT_TRY(const auto status, decode(reply.view(), find_operation(OperationId::status)->output));
  return check_no_user(status);
}

base::Result<> check_no_user_here(const Invocation& line, InitPlan& plan) {
  auto found = check_no_user(plan);
  if (found || found.error().code() != base::Errc::sealed || line.has("passphrase-stdin")) return found;
  SALLYPORT_TRY(auto passphrase, prompt_secret("Passphrase that opens the vault"));
  plan.passphrase = std::move(passphrase);
  return check_no_user(plan);
}

// A vault that is there and has no user: somebody was interrupted, or made it elsewhere.
base::Result<int> give_first_user(const Invocation& line, InitPlan& plan, bool json) {
  if (!line.has("admin")) {
    return base::fail(base::Errc::exists, "there is a vault in " + plan.data.string() +
                                              " already; if it has no user yet: sallyport init --admin NAME");
  }
  if (line.has("passphrase-stdin")) {
    SALLYPORT_TRY(auto passphrase, read_secret_line(STDIN_FILENO));
    plan.passphrase = std::move(passphrase);
  }
  const auto connect = [&] { return VaultClient::connect(DataPaths(plan.data).vault_socket); };
  auto asked = connect();
  SALLYPORT_TRYV(asked ? check_no_user_by(std::move(asked).value()) : check_no_user_here(line, plan));
  SALLYPORT_TRY(plan.password, new_password(line, plan.admin));
  auto server = connect();  // a vault does not wait while somebody types
  SALLYPORT_TRYV(server ? bootstrap_by(std::move(server).value(), plan) : add_administrator(plan));
  SALLYPORT_TRYV(print_done("init", "the vault has its first administrator: " + plan.admin, json));
  return 0;
}

base::Result<int> run_init(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRY(const auto options, server_options(line));
  InitPlan plan;
  plan.data = fs::absolute(options.data);
  plan.development = line.has("dev");
  const auto admin = line.maybe("admin").value_or("admin");
  SALLYPORT_TRY(plan.admin, base::check_name(admin, "user"));
  for (const auto& name : {line.maybe("name"), std::optional<std::string>("localhost")}) {
    if (name) plan.names.push_back(*name);
  }
  // Nothing is asked for that could not be used anyway.
  if (!check_unused(plan.data)) return give_first_user(line, plan, json);
  SALLYPORT_TRYV(check_names(plan));
  if (!plan.development || line.has("passphrase-stdin")) {
    SALLYPORT_TRY(auto passphrase,
                  new_secret(line, "passphrase-stdin", "Passphrase that opens the vault", vault::check_passphrase));
    plan.passphrase = std::move(passphrase);
  }
  SALLYPORT_TRY(plan.password, new_password(line, plan.admin));
  SALLYPORT_TRYV(init_data(plan));
  const auto next = plan.development ? "sallyport server --dev --data " : "sallyport server --data ";
  SALLYPORT_TRYV(print_done("init",
                            fmt::format("the vault is in {}; administrator: {}\nstart it with: {}{}",
                                        plan.data.string(), plan.admin, next, plan.data.string()),
                            json));
  return 0;
}

struct Checked {
  unsigned files = 0;
  std::string problems;
};

void check_file(const fs::path& file, std::span<const ConfigKey> keys, Checked& checked) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  ++checked.files;
  const auto loaded = Config::load(file, keys);
  if (!loaded) checked.problems += (checked.problems.empty() ? "" : "\n") + loaded.error().context();
}

base::Result<int> run_config_check(const Invocation& line) {
  Checked checked;
  if (const auto given = line.maybe("file")) {
    const bool server = fs::path(*given).filename() == "server.toml" || line.has("server-file");
    if (!fs::exists(*given)) return base::fail(base::Errc::not_found, "there is no file " + *given);
    check_file(*given, server ? server_config_keys() : client_config_keys(), checked);
  } else {
    check_file(kServerFile, server_config_keys(), checked);
    check_file(".sallyport.toml", client_config_keys(), checked);
    check_file(user_config_directory() / "config.toml", client_config_keys(), checked);
    check_file("/etc/sallyport/config.toml", client_config_keys(), checked);
  }
  if (!checked.problems.empty()) return base::fail(base::Errc::invalid, "found:\n" + checked.problems);
  SALLYPORT_TRYV(
      print_text(fmt::format("{} file{} checked, nothing wrong\n", checked.files, checked.files == 1 ? "" : "s")));
  return 0;
}

}  // namespace

std::vector<Command> server_commands() {
  std::vector<Command> commands;
  commands.push_back(
      {"server",
       "Operators",
       "Runs the server until it is told to stop",
       "Reads /etc/sallyport/server.toml if it is there. The vault starts sealed; with --dev it opens itself, takes "
       "free ports on the\n"
       "loopback and passes over what a production machine must have, saying so.",
       {{"dev", ArgKind::flag, false, "",
         "development: open by the development slot, free ports, no system users needed"},
        {"ready-file", ArgKind::option, false, "FILE", "write addresses there as JSON when everything is ready"},
        {"config", ArgKind::option, false, "FILE", "instead of /etc/sallyport/server.toml"},
        {"ssh-listen", ArgKind::option, false, "ADDRESS:PORT", "where SSH is answered"},
        {"web-listen", ArgKind::option, false, "ADDRESS:PORT", "where the API is answered"}},
       {"sallyport server --data /var/lib/sallyport", "sallyport server --dev --data ./data --ready-file ready.json"},
       run_server_command});
  commands.push_back(
      {"init",
       "Operators",
       "Makes a data directory: keys, store, own CA, host keys, first administrator",
       "Several secrets on stdin are one line each: first the passphrase, then the password. In a vault that is there "
       "and "
       "has no\n"
       "user, --admin makes the first one.",
       {{"dev", ArgKind::flag, false, "", "make a development slot: who can read the directory can open the vault"},
        {"admin", ArgKind::option, false, "NAME", "the first administrator; default admin"},
        {"name", ArgKind::option, false, "HOST", "a DNS name of this server, for its certificate"},
        {"config", ArgKind::option, false, "FILE", "instead of /etc/sallyport/server.toml"},
        {"passphrase-stdin", ArgKind::flag, false, "", "the vault's passphrase, from stdin"},
        {"password-stdin", ArgKind::flag, false, "", "the administrator's password, from stdin"}},
       {"sallyport init --data /var/lib/sallyport --name vault.example.net",
        "printf '%s\\n' \"$password\" | sallyport init --dev --data ./data --password-stdin"},
       run_init});
  commands.push_back(
      {"config check",
       "Operators",
       "Checks configuration files; names line and key of what is wrong",
       "",
       {{"file", ArgKind::positional, false, "FILE", "this file only"},
        {"server-file", ArgKind::flag, false, "", "FILE is a server's, though it is not called server.toml"}},
       {"sallyport config check", "sallyport config check /etc/sallyport/server.toml"},
       run_config_check});
  return commands;
}

}  // namespace sallyport::app
