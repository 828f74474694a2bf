// unseal, seal, status, doctor.
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "client_api.hpp"
#include "client_vault.hpp"
#include "output.hpp"
#include "prompts.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/certs/x509_ca.hpp"

namespace sallyport::app {
namespace {

base::Result<int> show(const Invocation& line, OperationId operation, const Record& output) {
  SALLYPORT_TRY(const bool json, line.json());
  SALLYPORT_TRYV(print(output, find_operation(operation)->name, "", json));
  return 0;
}

base::Result<int> run_unseal(const Invocation& line) {
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

// One line of the doctor's findings.
struct Finding {
  std::string_view verdict;
  std::string what;
  std::string detail;
};
using Findings = std::vector<Finding>;

void look_at_machine(Findings& findings) {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool enough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= base::LockedMemory::kDefaultSize;
  findings.push_back(
      {enough ? "ok" : "bad", "lockable memory",
       limit.rlim_cur == RLIM_INFINITY ? "no limit" : fmt::format("{} KiB (4096 are needed)", limit.rlim_cur / 1024)});
  findings.push_back({base::LockedMemory::locked() ? "ok" : "bad", "memory is locked", "of this process"});
}

void look_at_configuration(const Invocation& line, Findings& findings) {
  const auto config = line.config();
  findings.push_back({config ? "ok" : "bad", "configuration", config ? "readable" : config.error().context()});
}

void look_at_data(const std::filesystem::path& data, Findings& findings) {
  const DataPaths paths(data);
  std::error_code problem;
  const bool vault = std::filesystem::exists(paths.header, problem);
  findings.push_back({vault ? "ok" : "bad", "data directory", vault ? data.string() : "no vault in " + data.string()});
  if (!vault) return;
  for (const auto& [what, where] : {std::pair("free space", paths.root), {"room for recordings", paths.recordings}}) {
    const auto space = base::free_space(where);
    if (space)
      findings.push_back(
          {space.value() > (256U << 20U) ? "ok" : "bad", what, fmt::format("{} MiB", space.value() >> 20U)});
  }
  const auto pem = base::read_file(paths.tls / "server.pem", 64U << 10U);
  const auto facts =
      pem ? certs::inspect_certificate(base::as_text(pem.value())) : base::Result<certs::CertificateFacts>(pem.error());
  const bool valid = facts && facts.value().not_after > base::SystemClock().wall();
  findings.push_back({valid ? "ok" : "bad", "certificate",
                      facts ? "until " + base::format_time(facts.value().not_after) : facts.error().context()});
}

void look_at_server(const Invocation& line, Findings& findings) {
  auto client = plain_client(line);
  if (!client) {
    findings.push_back({"bad", "server", client.error().context()});
    return;
  }
  const auto health = client.value().call(OperationId::health, Record(find_operation(OperationId::health)->input));
  findings.push_back({health ? "ok" : "bad", "API", health ? client.value().address().url : health.error().context()});
  if (!health) return;
  const auto state = std::string(health.value().text("state"));
  findings.push_back({state == "unsealed" ? "ok" : "bad", "vault", state});
  findings.push_back({health.value().flag("writable") ? "ok" : "bad", "store",
                      health.value().flag("writable") ? "takes writes" : "takes no writes"});
}

base::Result<int> run_doctor(const Invocation& line) {
  Findings findings;
  look_at_machine(findings);
  look_at_configuration(line, findings);
  if (const auto data = find_data(line); data && data.value()) look_at_data(*data.value(), findings);
  look_at_server(line, findings);
  std::vector<std::vector<std::string>> rows{{"", "WHAT", "FOUND"}};
  bool healthy = true;
  for (const auto& finding : findings) {
    rows.push_back({std::string(finding.verdict), finding.what, finding.detail});
    healthy = healthy && finding.verdict == "ok";
  }
  SALLYPORT_TRYV(print_text(align(rows, false)));
  return healthy ? 0 : 1;
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
                      {},
                      {"sallyport seal"},
                      [](const Invocation& line) { return run_plain(line, OperationId::seal); }});
  commands.push_back({"status",
                      "Operators",
                      "Shows the vault's state",
                      "",
                      {},
                      {"sallyport status", "sallyport status -o json | jq .state"},
                      [](const Invocation& line) { return run_plain(line, OperationId::status); }});
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
