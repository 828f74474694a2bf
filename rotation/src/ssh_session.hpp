#pragma once
// One SSH connection of the rotator: opened with a pinned host key, logged in once, one command at most. Blocking, with
// one deadline over all of it.
#include <memory>
#include <string>

#include "dial.hpp"

struct ssh_session_struct;
struct ssh_channel_struct;

namespace sallyport::rotation {

struct CommandResult {
  int status;          ///< exit status
  std::string output;  ///< the beginning of stdout and stderr, as sent
};

/// Not thread-safe; move-only.
class SshSession {
 public:
  /// Connects and compares the server's host key with the pins. No credential and no name has been sent when this
  /// fails.
  static Attempted<SshSession> open(const Job& job, const std::string& login, std::chrono::milliseconds connect,
                                    std::chrono::milliseconds total);
  /// refused or locked: the credential was sent, once, and not taken.
  Attempted<> login(Kind kind, const base::SecretBytes& secret);
  /// `command` is a constant of ours, `input` goes to its stdin. `unknown` from the moment the command was sent.
  Attempted<CommandResult> run(const std::string& command, const base::SecretBytes& input);

 private:
  struct Close {
    void operator()(ssh_session_struct* session) const noexcept;
  };
  SshSession(std::unique_ptr<ssh_session_struct, Close> session, Deadline deadline)
      : session_(std::move(session)), deadline_(deadline) {}
  Attempted<> check_host_key(const Job& job);
  Attempted<> by_password(const base::SecretBytes& secret);
  Attempted<> by_questions(const base::SecretBytes& secret);
  Attempted<> by_key(const base::SecretBytes& secret);
  Attempted<> judge(int authentication);
  Attempted<CommandResult> hear_command(struct ssh_channel_struct* channel);
  Attempt broken(Outcome otherwise, const char* doing);
  bool arm();

  std::unique_ptr<ssh_session_struct, Close> session_;
  Deadline deadline_;
  std::string greeting_;  ///< the banner that was shown before the credential was sent
};

}  // namespace sallyport::rotation
