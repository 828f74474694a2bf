#pragma once
// The real listener and its children under the real supervisor, with OpenSSH at both ends.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "generous_vault.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/process.hpp"
#include "supervisor.hpp"
#include "support/catch.hpp"
#include "support/sshd.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::test {

namespace fs = std::filesystem;
using app::DataPaths;
using app::ProcessKind;

inline constexpr std::chrono::seconds kPatience{15};
inline constexpr std::chrono::milliseconds kBetweenLooks{20};

inline void leave_pid(const fs::path& data, const char* name) {
  (void)base::write_file_atomic(data / name, base::as_bytes(std::to_string(::getpid())), 0600);
}

inline int vault_main(app::ProcessContext context) {
  auto listener = app::listen_unix(DataPaths(context.options.data).vault_socket, 0666);
  if (!listener) return 2;
  leave_pid(context.options.data, "vault.pid");
  (void)app::send_control(context.control.get(), {.type = app::ControlType::ready});
  Generous handler(context.options.data);
  app::VaultLoop loop(std::move(listener.value()), std::move(context.control), handler, ::geteuid());
  return loop.run() ? 0 : 1;
}

inline int ssh_main(app::ProcessContext context) {
  leave_pid(context.options.data, "ssh.pid");
  return app::run_ssh_process(std::move(context));
}

template <class Condition>
bool until(Condition&& condition, std::chrono::milliseconds limit = kPatience) {
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return condition();
}

inline std::string slurp(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An ssh client that is running; its stdin and stdout are the test's.
struct SshClient {
  base::Child child;
  base::UniqueFd in;
  base::UniqueFd out;
  std::string heard;

  /// Everything up to and with this text; false when it did not come.
  bool hears(const std::string& text, std::chrono::milliseconds limit = kPatience) {
    return until(
        [&] {
          const auto readable = base::wait_for(out.get(), POLLIN, kBetweenLooks);
          char buffer[4096];
          const ssize_t got = readable && readable.value() ? ::read(out.get(), buffer, sizeof buffer) : 0;
          if (got > 0) heard.append(buffer, static_cast<std::size_t>(got));
          return heard.find(text) != std::string::npos;
        },
        limit);
  }
  void says(const std::string& text) { (void)base::write_all(in.get(), base::as_bytes(text)); }
};

struct SshServer {
  SshServer() {
    granted.password = "Sp-" + base::random_id_text();
    granted.login = sshd.add_user(granted.password);
    granted.host = "127.0.0.1";
    granted.port = sshd.port();
    granted.host_key = sshd.host_key_blob();
    key = make_key_file(directory.path(), "client");
    fs::permissions(directory.path(), fs::perms(0755));
    options.data = directory / "data";
    options.development = true;
    options.log_level = base::LogLevel::error;
    REQUIRE(app::prepare_data_directory(options.data, app::Identities{}));
    const auto host = make_key_file(DataPaths(options.data).ssh, "host_ed25519");
    start();
  }
  void start() {
    auto identities = app::resolve_identities(options.users, true);
    REQUIRE(identities);
    pid = ::fork();
    if (pid == 0) {
      base::log_init("supervisor", base::LogLevel::error);
      app::Supervisor supervisor(options, identities.value(),
                                 {{ProcessKind::vault, vault_main, {}}, {ProcessKind::ssh, ssh_main, "127.0.0.1:0"}});
      ::_exit(supervisor.run());
    }
    REQUIRE(until([&] { return fs::exists(DataPaths(options.data).ready); }));
    const std::string ready = slurp(DataPaths(options.data).ready);
    const auto at = ready.find("127.0.0.1:") + 10;
    port = ready.substr(at, ready.find('"', at) - at);
  }
  ~SshServer() {
    if (pid <= 0) return;
    ::kill(pid, SIGTERM);
    ::waitpid(pid, nullptr, 0);
  }
  std::vector<std::string> command(const std::vector<std::string>& rest) const {
    std::vector<std::string> argv{"ssh",
                                  "-F",
                                  "none",
                                  "-T",
                                  "-p",
                                  port,
                                  "-i",
                                  key.path,
                                  "-o",
                                  "IdentitiesOnly=yes",
                                  "-o",
                                  "UserKnownHostsFile=/dev/null",
                                  "-o",
                                  "StrictHostKeyChecking=no",
                                  "-o",
                                  "BatchMode=yes",
                                  "-o",
                                  "LogLevel=ERROR",
                                  "alice+root+web1@127.0.0.1"};
    argv.insert(argv.end(), rest.begin(), rest.end());
    return argv;
  }
  base::Finished ssh(const std::vector<std::string>& rest) const {
    base::Command ssh;
    ssh.argv = command(rest);
    ssh.environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    auto done = base::run(ssh);
    REQUIRE(done);
    return std::move(done.value());
  }
  SshClient client(const std::vector<std::string>& rest) const {
    int in[2];
    int out[2];
    REQUIRE((::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0));
    base::Command ssh;
    ssh.argv = command(rest);
    ssh.environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    auto child =
        base::Child::spawn(ssh, {base::UniqueFd(in[0]), base::UniqueFd(out[1]), base::UniqueFd(::dup(out[1]))});
    REQUIRE(child);
    return {std::move(child.value()), base::UniqueFd(in[1]), base::UniqueFd(out[0]), {}};
  }
  pid_t pid_of(const char* name) const {
    const std::string text = slurp(options.data / name);
    return text.empty() ? -1 : std::stoi(text);
  }
  std::string notes() const { return slurp(options.data / "notes"); }
  bool noted(const std::string& text) const {
    return until([&] { return notes().find(text) != std::string::npos; });
  }
  /// Children of the listener that live.
  std::vector<pid_t> sessions() const { return children(pid_of("ssh.pid")); }
  static std::vector<pid_t> children(pid_t parent) {
    const auto me = std::to_string(parent);
    std::istringstream text(slurp("/proc/" + me + "/task/" + me + "/children"));
    std::vector<pid_t> found;
    for (pid_t child = 0; text >> child;) found.push_back(child);
    return found;
  }

  Sshd sshd;
  TempDir directory;
  KeyFile key;
  app::ServerOptions options;
  std::string port;
  pid_t pid = -1;
};

}  // namespace sallyport::test
