#include "support/sshd.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "sallyport/base/file.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int kStartTries = 8;
constexpr int kUserTries = 50;  // useradd gives up at once when another process holds the lock of /etc/passwd

const std::vector<std::string> kEnvironment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void spill(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

base::Finished run(std::vector<std::string> argv, const base::SecretBytes* input = nullptr) {
  base::Command command;
  command.argv = std::move(argv);
  command.environment = kEnvironment;
  command.input = input;
  auto done = base::run(command);
  if (!done) throw std::runtime_error(done.error().describe());
  return std::move(done.value());
}

void must_run(const std::vector<std::string>& argv, const base::SecretBytes* input = nullptr) {
  const auto done = run(argv, input);
  if (done.status == 0) return;
  throw std::runtime_error(argv[0] + ": " + std::string(base::as_text(done.err)));
}

struct passwd entry_of(const std::string& user) {
  const auto* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) throw std::runtime_error("no such user: " + user);
  return *entry;
}

std::string own_name() {
  const auto* entry = ::getpwuid(::geteuid());
  if (entry == nullptr) throw std::runtime_error("the user of this process has no name");
  return entry->pw_name;
}

/// All processes below `pid`, from /proc; sshd's session processes leave its process group.
std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> found{pid};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto me = std::to_string(found[i]);
    std::istringstream children(slurp("/proc/" + me + "/task/" + me + "/children"));
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  found.erase(found.begin());
  return found;
}

}  // namespace

std::uint16_t free_port() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  return ntohs(address.sin_port);
}

KeyFile make_key_file(const fs::path& directory, const std::string& name, const std::string& type) {
  const auto path = directory / name;
  must_run({"ssh-keygen", "-q", "-t", type, "-N", "", "-C", name, "-f", path.string()});
  auto line = slurp(path.string() + ".pub");
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return {path, line};
}

bool has_sudo() { return ::access("/usr/bin/sudo", X_OK) == 0; }

bool can_add_users() { return ::geteuid() == 0 && ::access("/usr/sbin/useradd", X_OK) == 0; }

Sshd::Sshd(SshdOptions options) : options_(std::move(options)) {
  if (::geteuid() == 0) {
    ::mkdir("/run/sshd", 0755);  // sshd's own empty directory; Debian's service makes it at start
  }
  fs::create_directory(directory_ / "keys");
  make_host_key();
  if (!options_.pam_stack.empty()) make_pam_service();
  for (int i = 0; i < kStartTries && child_ == nullptr; ++i) {
    port_ = free_port();
    if (try_start()) return;
  }
  throw std::runtime_error("sshd does not start: " + log());
}

Sshd::~Sshd() {
  stop();
  remove_users();
  std::error_code ignored;
  for (const auto& path : system_files_) fs::remove(path, ignored);
}

/// A newer sshd is told its service; an older one takes the name that it was started by.
void Sshd::make_pam_service() {
  const std::string name = "sp_test_" + base::random_id_text();
  system_files_.push_back(fs::path("/etc/pam.d") / name);
  spill(system_files_.back(), options_.pam_stack);
  const auto asked = run({program_, "-t", "-o", "PAMServiceName=" + name});
  if (base::as_text(asked.err).find("Bad configuration option") == std::string_view::npos) {
    options_.extra.push_back("PAMServiceName " + name);
    return;
  }
  fs::create_symlink(program_, directory_ / name);
  program_ = (directory_ / name).string();
}

void Sshd::allow_sudo(const std::string& user, const std::string& what) {
  const auto path = fs::path("/etc/sudoers.d") / user;
  system_files_.push_back(path);
  spill(path, user + " " + what + "\n");
  fs::permissions(path, fs::perms::owner_read | fs::perms::group_read);
}

void Sshd::make_host_key() {
  auto line = make_key_file(directory_.path(), "host_ed25519").public_line;
  host_key_line_ = line.substr(0, line.rfind(' '));
}

base::Bytes Sshd::host_key_blob() const {
  return base::unbase64(host_key_line_.substr(host_key_line_.find(' ') + 1)).value();
}

void Sshd::write_config() {
  const auto yes = [](bool on) { return on ? "yes" : "no"; };
  std::ostringstream out;
  // The first value of a keyword counts, so the test's own lines go in front. StrictModes would refuse keys below /tmp.
  for (const auto& line : options_.extra) out << line << '\n';
  out << "ListenAddress 127.0.0.1\nPort " << port_ << "\nHostKey " << (directory_ / "host_ed25519").string()
      << "\nPidFile none\nLogLevel VERBOSE\nUseDNS no\nStrictModes no\nPrintMotd no\nPermitRootLogin yes\n"
      << "LoginGraceTime 30\nMaxStartups 200:30:300\nSubsystem sftp internal-sftp\n"
      << "AuthorizedKeysFile .ssh/authorized_keys " << (directory_ / "keys").string() << "/%u\n"
      << "UsePAM " << yes(options_.use_pam) << "\nPasswordAuthentication " << yes(options_.password)
      << "\nKbdInteractiveAuthentication " << yes(options_.keyboard_interactive) << '\n';
  spill(directory_ / "sshd_config", out.str());
}

bool Sshd::try_start() {
  write_config();
  const auto already = log().size();
  base::Command command;
  command.argv = {program_, "-D", "-e", "-f", (directory_ / "sshd_config").string()};
  command.environment = kEnvironment;
  base::UniqueFd log_file(::open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  base::Child::Streams streams;
  streams.err = std::move(log_file);
  auto child = base::Child::spawn(command, std::move(streams));
  if (!child) throw std::runtime_error(child.error().describe());
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (child.value().wait(10ms)) return false;  // the port was taken in between
    if (log().find("Server listening on", already) == std::string::npos) continue;
    child_ = std::make_unique<base::Child>(std::move(child.value()));
    return true;
  }
  return false;
}

void Sshd::start() {
  if (!child_ && !try_start()) throw std::runtime_error("sshd does not come back: " + log());
}

void Sshd::stop() {
  if (!child_) return;
  const auto sessions = descendants(child_->pid());
  child_.reset();
  for (const pid_t pid : sessions) ::kill(pid, SIGKILL);
}

pid_t Sshd::pid() const { return child_ ? child_->pid() : -1; }

std::string Sshd::log() const { return slurp(directory_ / "log"); }

bool Sshd::wait_for_log(const std::string& text) const {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (log().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

std::string Sshd::add_user(const std::string& password) {
  const std::string name = "sp_test_" + base::random_id_text();
  const auto home_directory = fs::temp_directory_path() / name;
  for (int i = 0;; ++i) {
    const auto done = run({"useradd", "-m", "-d", home_directory.string(), "-s", "/bin/sh", name});
    if (done.status == 0) break;
    if (i == kUserTries) throw std::runtime_error("useradd: " + std::string(base::as_text(done.err)));
    std::this_thread::sleep_for(100ms);
  }
  users_.push_back(name);
  set_password(name, password);
  return name;
}

void Sshd::set_password(const std::string& user, const std::string& password) {
  const auto line = base::SecretBytes::copy(base::as_bytes(user + ":" + password + "\n"));
  must_run({"chpasswd"}, &line);
}

fs::path Sshd::home(const std::string& user) const { return entry_of(user).pw_dir; }

void Sshd::set_authorized_keys(const std::string& user, const std::string& lines) {
  if (user == own_name()) return spill(directory_ / "keys" / user, lines);
  const auto entry = entry_of(user);
  const auto folder = home(user) / ".ssh";
  fs::create_directories(folder);
  spill(folder / "authorized_keys", lines);
  for (const auto& path : {folder, folder / "authorized_keys"}) {
    if (::chown(path.c_str(), entry.pw_uid, entry.pw_gid) != 0) throw std::runtime_error("chown " + path.string());
  }
  fs::permissions(folder, fs::perms::owner_all);
  fs::permissions(folder / "authorized_keys", fs::perms::owner_read | fs::perms::owner_write);
}

std::string Sshd::authorized_keys(const std::string& user) const {
  return user == own_name() ? slurp(directory_ / "keys" / user) : slurp(home(user) / ".ssh" / "authorized_keys");
}

void Sshd::remove_users() noexcept {
  for (const auto& user : users_) {
    base::Command command;
    command.argv = {"userdel", "-f", "-r", user};
    command.environment = kEnvironment;
    for (int i = 0; i < kUserTries; ++i) {
      const auto done = base::run(command);
      if (done && (done.value().status == 0 || done.value().status == 6)) break;  // 6: there is none
      std::this_thread::sleep_for(100ms);
    }
  }
}

}  // namespace sallyport::test
