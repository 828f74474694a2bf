#include "cli_doctor.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include <fmt/format.h>

#include "cli_advice.hpp"
#include "client_api.hpp"
#include "client_vault.hpp"
#include "output.hpp"
#include "reach.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/regular_file.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/x509_ca.hpp"

namespace sallyport::app {
namespace {

constexpr std::uint64_t kLittleRoom = 256U << 20U;
constexpr std::size_t kMaxPem = 64U << 10U;
constexpr const char* kMakeUsers =
    "systemd-sysusers, or: for n in vault ssh web rotator session; do adduser --system --group --no-create-home "
    "sallyport-$n; done";

constexpr const char* kAskOperator = "ask the operator whether it runs, and where";

/// One line of what was found. `fix` is for what is bad.
struct Finding {
  std::string_view verdict;
  std::string what;
  std::string detail;
  std::string fix;
};
using Findings = std::vector<Finding>;

void add(Findings& findings, bool good, std::string what, std::string detail, std::string fix) {
  findings.push_back({good ? "ok" : "bad", std::move(what), std::move(detail), good ? "" : std::move(fix)});
}

void look_at_machine(Findings& findings) {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool enough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= base::LockedMemory::kDefaultSize;
  add(findings, enough, "lockable memory",
      limit.rlim_cur == RLIM_INFINITY ? "no limit" : fmt::format("{} KiB (4096 are needed)", limit.rlim_cur / 1024),
      "LimitMEMLOCK=16M in the unit, or: ulimit -l 16384");
  add(findings, base::LockedMemory::locked(), "memory is locked", "of this process",
      "raise the limit above; in a container: --cap-add IPC_LOCK or --ulimit memlock=16777216");
}

void look_at_configuration(const Invocation& line, Findings& findings) {
  const auto config = line.config();
  add(findings, config.has_value(), "configuration", config ? "readable" : config.error().context(),
      "mend that line; `sallyport config check` looks again");
}

bool opens_itself(const DataPaths& paths) {
  std::error_code ignored;
  return std::filesystem::exists(paths.root / "development.key", ignored);
}

/// In development a server of root's does without users of its own.
void look_at_users(const DataPaths& paths, Findings& findings) {
  if (::geteuid() != 0) return;
  std::optional<std::filesystem::path> file;
  if (::access(kServerFile, R_OK) == 0) file = kServerFile;
  const auto options = load_server_options(file);
  if (!options) return add(findings, false, "server.toml", options.error().context(), "mend that line");
  const auto who = resolve_identities(options.value().users, false);
  if (!who && opens_itself(paths))
    return add(findings, true, "system users", "not all are there: it starts with --dev, and not without", "");
  add(findings, who.has_value(), "system users", who ? "all five are there" : who.error().context(), kMakeUsers);
  if (!who) return;
  const auto reached = check_way(std::filesystem::absolute(paths.root), who.value());
  add(findings, reached.has_value(), "way to the data",
      reached ? "every process gets there" : reached.error().context(), "do that, then start the server");
}

void look_at_room(const DataPaths& paths, Findings& findings) {
  for (const auto& [what, where, fix] :
       {std::tuple("free space", paths.root, "make room on the file system of the data directory"),
        {"room for recordings", paths.recordings,
         "make that file system larger, or move old recordings away and keep them"}}) {
    const auto space = base::free_space(where);
    if (space) add(findings, space.value() > kLittleRoom, what, fmt::format("{} MiB", space.value() >> 20U), fix);
  }
}

std::string names_of(const certs::ServerNames& names) {
  std::string text = fmt::format("{}", fmt::join(names.dns, ", "));
  return names.ips.empty() ? text : text + (text.empty() ? "" : ", ") + fmt::format("{}", fmt::join(names.ips, ", "));
}

void look_at_certificate(const DataPaths& paths, Findings& findings) {
  const auto file = paths.tls / "server.pem";
  if (::access(file.c_str(), R_OK) != 0 && errno == EACCES) return;  // the operator's to look at
  const auto pem = base::read_regular_file(file, kMaxPem);
  const auto facts =
      pem ? certs::inspect_certificate(base::as_text(pem.value())) : base::Result<certs::CertificateFacts>(pem.error());
  const bool valid = facts && facts.value().not_after > base::SystemClock().wall();
  add(findings, valid, "certificate",
      facts ? fmt::format("until {}, for {}", base::format_time(facts.value().not_after), names_of(facts.value().names))
            : facts.error().context(),
      "put another server.pem and server.key into " + paths.tls.string() + ", then restart the server");
}

/// The directory that was named; else this machine's, if there is one.
void look_at_data(const Invocation& line, Findings& findings) {
  const auto named = find_data(line);
  const auto data = local_data(line);
  if (!named || !data) return;  // said under `configuration`
  const DataPaths paths(data.value());
  std::error_code problem;
  const bool vault = std::filesystem::exists(paths.header, problem);
  if (!vault && !named.value()) return;  // a client's machine
  const auto seen = problem ? data.value().string() + ": " + problem.message() : "no vault in " + data.value().string();
  add(findings, vault, "data directory", vault ? data.value().string() : seen,
      problem ? "run this as root" : "sallyport init --data " + data.value().string());
  if (!vault) return;
  look_at_users(paths, findings);
  look_at_room(paths, findings);
  look_at_certificate(paths, findings);
}

/// The data directory of this machine's vault, if it has one that can be seen.
std::optional<DataPaths> vault_here(const Invocation& line) {
  const auto data = local_data(line);
  if (!data) return std::nullopt;
  DataPaths paths(data.value());
  std::error_code ignored;
  if (!std::filesystem::exists(paths.header, ignored)) return std::nullopt;
  return paths;
}

std::string how_to_start(const DataPaths& paths) {
  const auto data = paths.root.string();
  return opens_itself(paths) ? "start it: sallyport server --dev --data " + data
                             : "start it: systemctl start sallyport, or: sallyport server --data " + data;
}

void look_at_vault(const Record& health, bool here, Findings& findings) {
  const auto state = std::string(health.text("state"));
  add(findings, state == "unsealed", "vault", state,
      here ? "sallyport unseal" : "ask its operator, who opens it on its machine with: sallyport unseal");
  const bool writes = health.flag("writable");
  add(findings, writes || state != "unsealed", "store", writes ? "takes writes" : "takes no writes",
      here ? "make room on the file system of the data directory; no restart is needed"
           : "tell its operator: the server has no room, or its disk fails");
}

void look_at_server(const Invocation& line, Findings& findings) {
  const auto here = vault_here(line);
  auto client = plain_client(line);
  if (!client) {
    const auto why = said(client.error());
    return add(findings, false, "server", why.sentence,
               here                 ? how_to_start(*here)
               : why.advice.empty() ? kAskOperator
                                    : why.advice);
  }
  const auto health = client.value().call(OperationId::health, Record(find_operation(OperationId::health)->input));
  add(findings, health.has_value(), "API", health ? client.value().address().url : said(health.error()).sentence,
      here ? how_to_start(*here) : kAskOperator);
  if (health) look_at_vault(health.value(), here.has_value(), findings);
}

/// Its operator alone learns this; for others there is nothing to see.
void look_at_log(const Invocation& line, Findings& findings) {
  const auto status = ask_vault(line, OperationId::status, Record(find_operation(OperationId::status)->input));
  if (!status || !status.value().has("warning")) return;
  add(findings, false, "audit log", base::escape_text(status.value().text("warning"), 512),
      "look into it, then: sallyport audit acknowledge --reason ...");
}

/// Lined up, with what to do below what is bad.
std::string report(const Findings& findings) {
  std::vector<std::vector<std::string>> rows{{"", "WHAT", "FOUND"}};
  for (const auto& finding : findings) rows.push_back({std::string(finding.verdict), finding.what, finding.detail});
  std::string text;
  std::size_t start = 0;
  const std::string table = align(rows, false);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto end = table.find('\n', start) + 1;
    text += table.substr(start, end - start);
    if (row > 0 && !findings[row - 1].fix.empty()) text += "     fix: " + findings[row - 1].fix + "\n";
    start = end;
  }
  return text;
}

}  // namespace

base::Result<int> run_doctor(const Invocation& line) {
  Findings findings;
  look_at_machine(findings);
  look_at_configuration(line, findings);
  look_at_data(line, findings);
  look_at_server(line, findings);
  look_at_log(line, findings);
  SALLYPORT_TRYV(print_text(report(findings)));
  const bool healthy =
      std::all_of(findings.begin(), findings.end(), [](const auto& finding) { return finding.verdict == "ok"; });
  return healthy ? 0 : 1;
}

}  // namespace sallyport::app
