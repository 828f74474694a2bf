// ssh, ssh-config, and the master connection behind the latter.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "cli_groups.hpp"
#include "cli_time.hpp"
#include "client_api.hpp"
#include "client_token.hpp"
#include "control_path.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/base/process.hpp"
#include "sallyport/base/text.hpp"
#include "ssh_config.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kShownReason = 512;

// Who goes: flag or configuration, else whoever is signed in, else nobody (the key will say).
base::Result<std::string> who(const Invocation& line, const ServerAddress& address) {
  SALLYPORT_TRY(auto user, line.setting("user"));
  if (!user.empty()) return base::check_name(user, "user");
  auto token = load_token(address.url);
  if (!token) return std::string();
  SALLYPORT_TRY(auto client, ApiClient::create(address));
  client.set_token(std::move(token).value());
  const auto answer = client.call(OperationId::whoami, Record(find_operation(OperationId::whoami)->input));
  return answer ? std::string(answer.value().text("user")) : std::string();
}

base::Result<std::string> login_for(const Invocation& line, const ServerAddress& address,
                                    const base::AccountName& account) {
  SALLYPORT_TRY(const auto user, who(line, address));
  return (user.empty() ? "" : user + "+") + account.account + "+" + account.target;
}

std::vector<std::string> ssh_command(const ServerAddress& address, const std::string& login, const SshFiles& files) {
  return {"ssh",
          "-o",
          "UserKnownHostsFile=\"" + files.known_hosts.string() + "\"",
          "-o",
          "GlobalKnownHostsFile=none",
          "-o",
          "StrictHostKeyChecking=yes",
          "-o",
          "UpdateHostKeys=no",
          "-o",
          "ForwardAgent=no",
          "-p",
          std::to_string(address.ssh_port),
          "-l",
          login};
}

base::Error become(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv.front(), argv.data());
  return base::fail_errno("can't start ssh (is openssh-client installed?)", errno);
}

// With our terminal and our descriptors; gives the program's status. ssh -f comes back when its connection stands.
base::Result<int> run_here(const std::vector<std::string>& words) {
  const pid_t child = ::fork();
  if (child < 0) return base::fail_errno("can't start ssh", errno);
  if (child == 0) {
    (void)become(words);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return base::fail_errno("waiting for ssh", errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// The checkout that is there already: the session stands under its reason and its end, whatever the line says now.
void tell_of(const Invocation& line, const Record& checkout) {
  if (checkout.text("reason") == line.one("reason") && !line.has("for")) return;
  const auto left = base::Seconds(static_cast<std::int64_t>(checkout.number("seconds_left")));
  fmt::print(stderr, "({} is checked out already, until {}: {})\n", base::escape_text(checkout.text("account")),
             long_time(base::SystemClock().wall() + left), base::escape_text(checkout.text("reason"), kShownReason));
}

bool has_checkout(ApiClient& client, const Invocation& line, const base::AccountName& account) {
  Record input(find_operation(OperationId::checkout_list)->input);
  input.set_flag("active", true).set("account", account.text());
  const auto output = client.call(OperationId::checkout_list, input);
  if (!output || output.value().list("checkouts").empty()) return false;
  tell_of(line, output.value().list("checkouts").front());
  return true;
}

// As `sallyport checkout` does it, with all that it asks. What it says goes to stderr: stdout is the remote command's.
base::Result<> lend(const Invocation& line, const base::AccountName& account) {
  SALLYPORT_TRY(auto client, signed_in_client(line));
  if (has_checkout(client, line, account)) return base::ok();
  const auto& checkout = *find_command("checkout");
  const base::UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!out || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return base::fail_errno("can't set stdout aside", errno);
  const auto done = checkout.run(line.as(checkout));
  if (::dup2(out.get(), STDOUT_FILENO) < 0) return base::fail_errno("can't take stdout back", errno);
  return done ? base::ok() : base::Result<>(done.error());
}

base::Result<int> run_ssh(const Invocation& line) {
  SALLYPORT_TRY(const auto account, base::parse_account_name(line.one("account")));
  if (line.has("reason")) {
    SALLYPORT_TRYV(lend(line, account));
  }
  SALLYPORT_TRY(const auto address, find_server(line));
  const auto files = ssh_files();
  SALLYPORT_TRYV(write_known_hosts(address, files.known_hosts));
  SALLYPORT_TRY(const auto login, login_for(line, address, account));
  auto words = ssh_command(address, login, files);
  if (line.has("tty")) words.emplace_back("-t");
  words.insert(words.end(), {"--", address.ssh_host});
  words.insert(words.end(), line.rest().begin(), line.rest().end());
  return become(words);
}

base::Result<std::string> own_path() {
  std::error_code problem;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", problem);
  if (problem || path.string().find_first_of("'\"%\n") != std::string::npos) {
    return base::fail(base::Errc::unsupported, "this program's own path can't be written into a configuration of ssh");
  }
  return path.string();
}

base::Result<int> run_ssh_config(const Invocation& line) {
  const auto files = ssh_files();
  if (line.has("remove")) {
    SALLYPORT_TRYV(remove_ssh_config(files));
    SALLYPORT_TRYV(print_text("removed from " + files.user_config.string() + "\n"));
    return 0;
  }
  SALLYPORT_TRY(const auto address, find_server(line));
  SALLYPORT_TRY(const auto program, own_path());
  SALLYPORT_TRYV(write_known_hosts(address, files.known_hosts));
  SALLYPORT_TRYV(base::write_file_atomic(files.config, base::as_bytes(ssh_config_text(program, files)), 0600));
  SALLYPORT_TRYV(add_include(files));
  SALLYPORT_TRYV(print_text("written: " + files.config.string() + "\ntry: ssh root@web1.sallyport\n"));
  return 0;
}

// "web1.sallyport" is the target web1.
base::Result<base::AccountName> named_by(const std::string& account, const std::string& host) {
  constexpr std::string_view kSuffix = ".sallyport";
  if (!host.ends_with(kSuffix)) return base::fail(base::Errc::invalid, "the host must end in .sallyport");
  return base::parse_account_name(account + "@" + host.substr(0, host.size() - kSuffix.size()));
}

// Where the client that asks will look: at our own place, unless its command line names another.
base::Result<std::filesystem::path> socket_for(const Invocation& line, const SshFiles& files) {
  const auto asked = control_path_of(calling_ssh());
  if (!asked) return files.control / line.one("name");
  return expand_control_path(*asked, {.hash = line.one("name"),
                                      .host = line.one("hostname"),
                                      .typed_host = line.one("host"),
                                      .port = line.one("port"),
                                      .user = line.one("account")});
}

// A path that ssh takes as it is: no token begins in it.
std::string as_pattern(const std::string& path) {
  std::string out;
  for (const char c : path) out += c == '%' ? std::string("%%") : std::string(1, c);
  return out;
}

base::Result<base::UniqueFd> take_turn(const std::filesystem::path& file) {
  base::UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return base::fail_errno("can't make " + file.string(), errno);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return base::fail_errno("can't lock " + file.string(), errno);
  }
  return lock;
}

bool has_master(const std::string& socket) {
  base::Command check;
  check.argv = {"ssh", "-F", "none", "-O", "check", "-o", "ControlPath=\"" + socket + "\"", "sallyport"};
  check.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  const auto finished = base::run(check);
  return finished && finished.value().status == 0;
}

base::Result<int> run_ssh_master(const Invocation& line) {
  SALLYPORT_TRY(const auto account, named_by(line.one("account"), line.one("host")));
  const auto name = line.one("name");
  if (name.empty() || name.find_first_not_of("0123456789abcdef") != std::string::npos)
    return base::fail(base::Errc::invalid, "no such connection name");
  const auto files = ssh_files();
  SALLYPORT_TRYV(base::make_own_directory(files.control));  // gone after a logout
  SALLYPORT_TRY(const auto path, socket_for(line, files));
  const auto socket = as_pattern(path.string());
  // Clients come in parallel (VS Code, ansible's forks): one opens the way, the others wait for it.
  SALLYPORT_TRY(const auto turn, take_turn(files.control / (name + ".lock")));
  if (has_master(socket)) return 0;
  SALLYPORT_TRY(const auto address, find_server(line));
  SALLYPORT_TRYV(write_known_hosts(address, files.known_hosts));
  SALLYPORT_TRY(const auto login, login_for(line, address, account));
  auto words = ssh_command(address, login, files);
  words.insert(words.end(), {"-o", "ControlMaster=yes", "-o", "ControlPath=\"" + socket + "\"", "-o",
                             "ControlPersist=60", "-f", "-N", "--", address.ssh_host});
  return run_here(words);
}

}  // namespace

std::vector<Command> ssh_commands() {
  std::vector<Command> commands;
  commands.push_back({"ssh",
                      "Engineers",
                      "Goes to a target with the stock ssh client, through the broker",
                      "Everything after ACCOUNT@TARGET is the command to run there. The exit status is that command's. "
                      "Plain ssh does the same:\n"
                      "ssh USER+ACCOUNT+TARGET@BROKER",
                      {{"account", ArgKind::positional, true, "ACCOUNT@TARGET", "where to, and as whom"},
                       {"command", ArgKind::rest, false, "COMMAND...", "run this instead of a shell"},
                       {"reason", ArgKind::option, false, "TEXT",
                        "checks the account out first, if you have no checkout of it; before ACCOUNT@TARGET"},
                       {"for", ArgKind::option, false, "TIME", "that checkout's length: 30m; before ACCOUNT@TARGET"},
                       {"user", ArgKind::option, false, "NAME", "who goes; before ACCOUNT@TARGET"},
                       {"tty", ArgKind::flag, false, "", "a terminal for the command; before ACCOUNT@TARGET"}},
                      {"sallyport ssh root@web1", "sallyport ssh root@web1 uname -a",
                       "sallyport ssh --reason 'disk full, INC-4711' root@web1"},
                      run_ssh});
  commands.push_back(
      {"ssh-config",
       "Engineers",
       "Lets plain ssh, scp, rsync, git and ansible find targets as TARGET.sallyport",
       "Writes one file of its own and one Include line into ~/.ssh/config. Running it again changes nothing.",
       {{"remove", ArgKind::flag, false, "", "take both away"}},
       {"sallyport ssh-config && ssh root@web1.sallyport", "sallyport ssh-config --remove"},
       run_ssh_config});
  commands.push_back({"ssh-master",
                      "Engineers",
                      "Opens the connection that a client of ssh-config uses",
                      "",
                      {{"account", ArgKind::positional, true, "ACCOUNT", "the account"},
                       {"host", ArgKind::positional, true, "HOST", "TARGET.sallyport"},
                       {"name", ArgKind::positional, true, "NAME", "of the control socket"},
                       {"hostname", ArgKind::positional, false, "HOSTNAME", "as the client would dial it"},
                       {"port", ArgKind::positional, false, "PORT", "as the client would dial it"},
                       {"user", ArgKind::option, false, "NAME", "who goes"}},
                      {},
                      run_ssh_master,
                      true});
  return commands;
}

}  // namespace sallyport::app
