// unseal, seal, status, doctor.
#include <unistd.h>

#include "cli_doctor.hpp"
#include "cli_groups.hpp"
#include "client_api.hpp"
#include "client_vault.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "prompts.hpp"

namespace sallyport::app {
namespace {

base::Result<int> show(const Invocation& line, OperationId operation, const Record& output) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRYV(print(output, find_operation(operation)->name, "", json));
  return 0;
}

// Nobody types a passphrase that nothing takes.
base::Result<> check_sealed(const Invocation& line) {
  SALLYPORT_TRY(const auto status,
                ask_vault(line, OperationId::status, Record(find_operation(OperationId::status)->input)));
  if (status.text("state") == "sealed") return base::ok();
  return base::fail(base::Errc::conflict, "the vault is unsealed already");
}

base::Result<int> run_unseal(const Invocation& line) {
  if (!line.has("passphrase-stdin") && is_terminal(STDIN_FILENO)) {
    SALLYPORT_TRYV(check_sealed(line));
  }
  auto passphrase = line.has("passphrase-stdin") ? read_secret_line(STDIN_FILENO) : prompt_secret("Passphrase");
  if (!passphrase && passphrase.error().code() == base::Errc::unsupported) {
    return base::fail(base::Errc::invalid,
                      "--passphrase-stdin is missing: stdin is no terminal, so nothing can be asked");
  }
  if (!passphrase) return passphrase.error();
  Record input(find_operation(OperationId::unseal)->input);
  input.set("passphrase", std::move(passphrase).value());
  SALLYPORT_TRY(const auto output, ask_vault(line, OperationId::unseal, input));
  return show(line, OperationId::unseal, output);
}

base::Result<int> run_plain(const Invocation& line, OperationId operation) {
  SALLYPORT_TRY(const auto output, ask_vault(line, operation, Record(find_operation(operation)->input)));
  return show(line, operation, output);
}

base::Result<int> run_seal(const Invocation& line) {
  if (!line.has("yes")) {
    SALLYPORT_TRYV(confirm("Seal the vault? All sessions end, and nobody gets in until it is unsealed."));
  }
  return run_plain(line, OperationId::seal);
}

// The operator's view on the server's machine; from elsewhere, what everybody may see.
base::Result<int> run_status(const Invocation& line) {
  const auto local = ask_vault(line, OperationId::status, Record(find_operation(OperationId::status)->input));
  if (local) return show(line, OperationId::status, local.value());
  auto client = plain_client(line);
  if (!client) return local.error();
  SALLYPORT_TRY(const auto health,
                client.value().call(OperationId::health, Record(find_operation(OperationId::health)->input)));
  return show(line, OperationId::health, health);
}

}  // namespace

std::vector<Command> operator_commands() {
  std::vector<Command> commands;
  commands.push_back({"unseal",
                      "Operators",
                      "Opens the vault",
                      "Over the vault's own socket: on its machine, as root or as the vault's user.",
                      {{"passphrase-stdin", ArgKind::flag, false, "", "the passphrase, from stdin"}},
                      {"sallyport unseal", "systemd-creds cat passphrase | sallyport unseal --passphrase-stdin"},
                      run_unseal});
  commands.push_back({"seal",
                      "Operators",
                      "Forgets the keys; ends all sessions",
                      "",
                      {{"yes", ArgKind::flag, false, "", "do not ask first"}},
                      {"sallyport seal"},
                      run_seal});
  commands.push_back({"status",
                      "Operators",
                      "Shows the vault's state",
                      "From another machine: only whether it serves.",
                      {},
                      {"sallyport status", "sallyport status -o json | jq .state"},
                      run_status});
  commands.push_back({"doctor",
                      "Operators",
                      "Looks for what keeps the server or this client from working",
                      "",
                      {},
                      {"sallyport doctor"},
                      run_doctor});
  return commands;
}

}  // namespace sallyport::app
