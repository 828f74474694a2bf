#pragma once
// A real OpenSSH server for one test: own directory, own host key, a free loopback port, its log captured.
// As root it can make system users that live as long as the fixture; as an ordinary user only that user can log in (by
// key).
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/base/process.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::test {

struct SshdOptions {
  bool use_pam = false;
  bool password = true;               ///< PasswordAuthentication
  bool keyboard_interactive = false;  ///< KbdInteractiveAuthentication (with use_pam: the password, asked for)
  std::vector<std::string> extra;     ///< further lines of sshd_config
  std::string pam_stack;              ///< with use_pam: lines of a PAM service of its own (root only); none: Debian's
};

class Sshd {
 public:
  /// Starts and waits until it accepts connections. Throws (std::runtime_error, with the log) if it does not come up.
  explicit Sshd(SshdOptions options = {});
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;
  ~Sshd();

  std::uint16_t port() const noexcept { return port_; }
  /// "ssh-ed25519 AAAA...", without a comment.
  const std::string& host_key_line() const noexcept { return host_key_line_; }
  base::Bytes host_key_blob() const;
  /// What sshd wrote at LogLevel VERBOSE up to now.
  std::string log() const;
  /// Waits until the log holds the text; false after five seconds.
  bool wait_for_log(const std::string& text) const;

  /// A temporary system user (root only) with this password; removed with the fixture. Its name starts "sp-test-".
  std::string add_user(const std::string& password);
  void set_password(const std::string& user, const std::string& password);
  /// Replaces ~user/.ssh/authorized_keys (0600, owner kept). For the user of add_user, or the one who runs the test.
  void set_authorized_keys(const std::string& user, const std::string& lines);
  std::string authorized_keys(const std::string& user) const;
  std::filesystem::path home(const std::string& user) const;
  /// A line of sudoers for this user ("ALL=(root) NOPASSWD: /usr/sbin/chpasswd"); gone with the fixture. Root only.
  void allow_sudo(const std::string& user, const std::string& what);

  /// Ends the server and its sessions; start() brings it back on the same port with the same host key.
  void stop();
  void start();
  pid_t pid() const;

 private:
  void make_host_key();
  void make_pam_service();
  void write_config();
  bool try_start();
  void remove_users() noexcept;

  SshdOptions options_;
  TempDir directory_;
  std::uint16_t port_ = 0;
  std::string host_key_line_;
  std::vector<std::string> users_;
  std::string program_ = "/usr/sbin/sshd";
  std::vector<std::filesystem::path> system_files_;  ///< of ours outside the directory
  std::unique_ptr<base::Child> child_;
};

/// Can this process make system users? Tests that need them say so and pass where it cannot.
bool can_add_users();
bool has_sudo();
/// A key pair file made by ssh-keygen (ed25519, no passphrase): path of the private half, and the public line.
struct KeyFile {
  std::filesystem::path path;
  std::string public_line;
};
KeyFile make_key_file(const std::filesystem::path& directory, const std::string& name,
                      const std::string& type = "ed25519");
/// A port of the loopback that was free a moment ago.
std::uint16_t free_port();

}  // namespace sallyport::test
