#pragma once
// A broker without a vault: listens on the loopback, forks a session for each connection, and answers it from memory.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/broker/ssh_session.hpp"
#include "support/sshd.hpp"

namespace sallyport::test {

struct BrokerSetup {
  std::uint16_t target_port = 0;
  std::string target_login;
  broker::CredentialKind kind = broker::CredentialKind::private_key;
  std::string credential;  ///< of the target, for tests only
  base::Bytes pin;
  std::string user_password = "open sesame";
  std::string user_key_line;       ///< accepted for alice
  bool wants_code = false;         ///< "123456" is the code
  std::string refusal;             ///< not empty: the open request is refused with this sentence
  std::string channel_refusal;     ///< not empty: each channel is refused with it
  std::string credential_refusal;  ///< not empty: what is heard instead of the credential
  broker::ChannelPolicy policy{true, true, true, true};
  std::vector<std::string> environment{"LANG", "LC_*"};
  std::string banner;
  broker::SessionBounds bounds{};
  base::Milliseconds max_duration{0};
  base::Milliseconds max_idle{0};
  base::Milliseconds ends_in{0};
  std::uint64_t recording_limit = 0;  ///< bytes after which writing the recording fails; 0: never
  bool recording_hangs = false;       ///< its file is a pipe that nobody empties: it takes 64 KiB, then no more
  std::string credential_file;        ///< read when the grant is given, in place of `credential`
  std::string silent_to;  ///< never answered: "proof", "open", "resources", "credential", "channel" or "checkpoint"
  std::string lost_at;    ///< the vault is gone at the first: "ask", "channel", "tell"
  std::string end_sentence = "An administrator ended this session.";
  int send_buffer = 0;       ///< of the session's sockets in the kernel; 0: as it comes
  unsigned clock_speed = 1;  ///< the session's seconds pass so many times faster
};

class TestBroker {
 public:
  explicit TestBroker(const BrokerSetup& setup);
  ~TestBroker();
  TestBroker(const TestBroker&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  const std::filesystem::path& directory() const noexcept { return directory_.path(); }
  /// One line for each notice and question, in order.
  std::string notices() const;
  /// Until the text was noted so many times; false after half a minute.
  bool wait_for_notice(const std::string& text, int times = 1) const;
  /// To the session that runs: 'F' freeze, 'T' thaw, 'E' end, 'X' only shells from now on, 'L' the vault is lost, 'C'
  /// its clock goes on by two seconds. It holds from the notice "command X" on.
  void command(char letter);
  /// The newest recording.
  std::filesystem::path recording() const;

 private:
  [[noreturn]] void serve(int listener, const BrokerSetup& setup);

  TempDir directory_;
  std::uint16_t port_ = 0;
  pid_t server_ = -1;
  base::UniqueFd commands_in_;
  base::UniqueFd commands_out_;
};

/// A target, an account on it by key, a broker in front, and alice with a key: the common case.
struct World {
  explicit World(BrokerSetup setup = {}, SshdOptions options = {});
  /// ssh with alice's key; `before` are options, `after` the command's words.
  std::vector<std::string> ssh(std::vector<std::string> before, std::vector<std::string> after) const;
  base::Finished run_ssh(std::vector<std::string> before, std::vector<std::string> after) const;
  /// A shell command line in which $SSH_OPTS and $PORT stand for the options of ssh, scp and sftp.
  base::Finished shell(const std::string& line,
                       std::chrono::milliseconds timeout = std::chrono::milliseconds{30000}) const;

  TempDir directory;
  Sshd sshd;
  std::string login;
  KeyFile alice;
  std::unique_ptr<TestBroker> broker;
};

std::string text_of(const base::Bytes& bytes);
/// Of a bound or listening IPv4 socket.
std::uint16_t port_of(int socket);

}  // namespace sallyport::test
