#include "ssh_session.hpp"

#include <libssh/libssh.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sallyport/base/freed_memory.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::rotation {
namespace {

constexpr std::size_t kKeptOutput = 2048;
constexpr std::size_t kMostOutput = 1U << 20U;
constexpr int kMostQuestionRounds = 4;

struct FreeKey {
  void operator()(ssh_key key) const noexcept { ssh_key_free(key); }
};
using Key = std::unique_ptr<ssh_key_struct, FreeKey>;

struct FreeChannel {
  void operator()(ssh_channel channel) const noexcept { ssh_channel_free(channel); }
};
using Channel = std::unique_ptr<ssh_channel_struct, FreeChannel>;

/// Only algorithms of pinned types are offered, so that a server with several keys shows one that is known.
std::string algorithms_of(const std::vector<base::Bytes>& pins) {
  std::string out;
  for (const auto& pin : pins) {
    const auto key = certs::SshPublicKey::parse_blob(pin);
    if (!key) continue;
    const bool rsa = key.value().type() == certs::SshKeyType::rsa;
    const std::string names(rsa ? "rsa-sha2-512,rsa-sha2-256" : certs::wire_name(key.value().type()));
    if (out.find(names) == std::string::npos) out += (out.empty() ? "" : ",") + names;
  }
  return out;
}

/// libssh takes C strings; the copy with its NUL stays in the slab.
base::SecretBytes with_nul(const base::SecretBytes& secret) {
  base::SecretBytes out(secret.size() + 1);
  std::copy(secret.expose().begin(), secret.expose().end(), out.expose_mutable().begin());
  return out;
}

const char* c_string(const base::SecretBytes& text) { return reinterpret_cast<const char*>(text.expose().data()); }

bool set_options(ssh_session session, const std::string& login, const std::string& algorithms, int fd) {
  const int no = 0;
  socket_t socket = fd;
  const auto set = [&](enum ssh_options_e option, const void* value) {
    return ssh_options_set(session, option, value) == SSH_OK;
  };
  return set(SSH_OPTIONS_PROCESS_CONFIG, &no) && set(SSH_OPTIONS_HOST, "target") &&
         set(SSH_OPTIONS_USER, login.c_str()) && set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null") &&
         set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") && set(SSH_OPTIONS_HOSTKEYS, algorithms.c_str()) &&
         set(SSH_OPTIONS_FD, &socket);
}

int exit_status_of(ssh_channel channel) {
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
  std::uint32_t code = 0;
  return ssh_channel_get_exit_state(channel, &code, nullptr, nullptr) == SSH_OK ? static_cast<int>(code) : -1;
#else
  return ssh_channel_get_exit_status(channel);
#endif
}

/// pam_faillock: "The account is locked due to ..." in front of the question; pam_unix: "Your account has expired;
/// ...".
bool says_locked(const char* text) {
  const std::string_view said(text == nullptr ? "" : text);
  return said.find("locked") != std::string_view::npos || said.find("account has expired") != std::string_view::npos;
}

Attempt account_locked() { return {Outcome::locked, "the target says that the account is locked or has expired"}; }

/// What the server shows besides the dialogue. The last one counts; it may come before a login or with its refusal.
std::string banner_of(ssh_session session) {
  char* text = ssh_get_issue_banner(session);
  std::string banner(text == nullptr ? "" : text);
  ssh_string_free_char(text);
  return banner;
}

}  // namespace

void SshSession::Close::operator()(ssh_session_struct* session) const noexcept {
  // Not ssh_disconnect on a live peer: it may wait for one that reads nothing.
  const int fd = ssh_get_fd(session);
  if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
  ssh_disconnect(session);
  ssh_free(session);
}

/// Gives the next call of the library what is left of the time; false when nothing is.
bool SshSession::arm() {
  const auto left = deadline_.left().count();
  if (left == 0) return false;
  const long seconds = static_cast<long>(left / 1000);
  const long microseconds = static_cast<long>(left % 1000) * 1000;
  return ssh_options_set(session_.get(), SSH_OPTIONS_TIMEOUT, &seconds) == SSH_OK &&
         ssh_options_set(session_.get(), SSH_OPTIONS_TIMEOUT_USEC, &microseconds) == SSH_OK;
}

/// Why the library gave up.
Attempt SshSession::broken(Outcome otherwise, const char* doing) {
  const std::string why = base::escape_text(ssh_get_error(session_.get()), 160);
  const bool late =
      deadline_.passed() || why.find("imeout") != std::string::npos || why.find("imed out") != std::string::npos;
  if (otherwise == Outcome::unknown) return {otherwise, std::string(doing) + ": " + (late ? "no answer in time" : why)};
  if (late) return {Outcome::timed_out, std::string(doing) + ": no answer in time"};
  return {otherwise, std::string(doing) + ": " + why};
}

Attempted<SshSession> SshSession::open(const Job& job, const std::string& login, std::chrono::milliseconds connect,
                                       std::chrono::milliseconds total) {
  const auto algorithms = algorithms_of(job.host_keys);
  if (algorithms.empty()) return Attempt{Outcome::host_key_changed, "no host key is pinned for this target"};
  const Deadline deadline(total);
  SALLYPORT_TRY(auto fd, dial(job.host, job.port, Deadline(std::min(connect, total))));
  SshSession session(std::unique_ptr<ssh_session_struct, Close>(ssh_new()), deadline);
  if (session.session_ == nullptr) return Attempt{Outcome::unreachable, "there is no memory for a connection"};
  if (!set_options(session.session_.get(), login, algorithms, fd.get())) {
    return Attempt{Outcome::unreachable, "the SSH library refuses the options"};
  }
  if (!session.arm()) return Attempt{Outcome::timed_out, "connecting: no time left"};
  static_cast<void>(fd.release());  // the library closes it, also when this fails
  if (ssh_connect(session.session_.get()) != SSH_OK) {
    auto why = session.broken(Outcome::unreachable, "connecting");
    if (why.detail.find("host key") != std::string::npos) why.outcome = Outcome::host_key_changed;
    return why;
  }
  SALLYPORT_TRYV(session.check_host_key(job));
  return session;
}

Attempted<> SshSession::check_host_key(const Job& job) {
  ssh_key raw = nullptr;
  char* text = nullptr;
  if (ssh_get_server_publickey(session_.get(), &raw) != SSH_OK)
    return broken(Outcome::unreachable, "reading the host key");
  const Key key(raw);
  if (ssh_pki_export_pubkey_base64(key.get(), &text) != SSH_OK)
    return broken(Outcome::unreachable, "reading the host key");
  const auto blob = base::unbase64(text);
  ssh_string_free_char(text);
  if (!blob) return Attempt{Outcome::unreachable, "the server's host key is malformed"};
  if (certs::is_pinned(job.host_keys, blob.value())) return base::ok();
  const auto seen = certs::SshPublicKey::parse_blob(blob.value());
  return Attempt{Outcome::host_key_changed, "the server shows a host key that is not pinned: " +
                                                (seen ? seen.value().fingerprint() : "unreadable")};
}

Attempted<> SshSession::login(Kind kind, const base::SecretBytes& secret) {
  if (!arm()) return Attempt{Outcome::timed_out, "logging in: no time left"};
  const int none = ssh_userauth_none(session_.get(), nullptr);
  // A server that asks for nothing proves nothing.
  if (none == SSH_AUTH_SUCCESS) return Attempt{Outcome::refused, "the target lets anyone in without a credential"};
  if (none != SSH_AUTH_DENIED && none != SSH_AUTH_PARTIAL) return broken(Outcome::unreachable, "logging in");
  greeting_ = banner_of(session_.get());
  const auto offered = static_cast<unsigned>(ssh_userauth_list(session_.get(), nullptr));
  if (!arm()) return Attempt{Outcome::timed_out, "logging in: no time left"};
  if (kind == Kind::ssh_key) return by_key(secret);
  if ((offered & SSH_AUTH_METHOD_PASSWORD) != 0) return by_password(secret);
  if ((offered & SSH_AUTH_METHOD_INTERACTIVE) != 0) return by_questions(secret);
  return Attempt{Outcome::refused, "the target takes no passwords"};
}

Attempted<> SshSession::judge(int authentication) {
  // A greeting for everybody may speak of locked accounts; what came after the credential is about this one.
  const auto banner = banner_of(session_.get());
  if (authentication != SSH_AUTH_SUCCESS && banner != greeting_ && says_locked(banner.c_str())) return account_locked();
  switch (authentication) {
    case SSH_AUTH_SUCCESS:
      return base::ok();
    case SSH_AUTH_DENIED:
      return Attempt{Outcome::refused, "the target refused the credential"};
    case SSH_AUTH_PARTIAL:
      return Attempt{Outcome::refused, "the target asks for a second factor"};
    default:
      return broken(Outcome::unreachable, "logging in");
  }
}

Attempted<> SshSession::by_password(const base::SecretBytes& secret) {
  const auto text = with_nul(secret);
  return judge(ssh_userauth_password(session_.get(), nullptr, c_string(text)));
}

Attempted<> SshSession::by_questions(const base::SecretBytes& secret) {
  const auto text = with_nul(secret);
  bool answered = false;
  for (int round = 0; round < kMostQuestionRounds; ++round) {
    const int state = ssh_userauth_kbdint(session_.get(), nullptr, nullptr);
    if (state != SSH_AUTH_INFO) return judge(state);
    if (says_locked(ssh_userauth_kbdint_getinstruction(session_.get()))) return account_locked();
    const int prompts = ssh_userauth_kbdint_getnprompts(session_.get());
    if (prompts == 0) continue;
    char echo = 1;
    if (says_locked(ssh_userauth_kbdint_getprompt(session_.get(), 0, &echo))) return account_locked();
    // One hidden question is the password; a second one (a new password, a code) is not ours to answer.
    if (prompts > 1 || echo != 0 || answered)
      return Attempt{Outcome::refused, "the target asks for more than the password"};
    ssh_userauth_kbdint_setanswer(session_.get(), 0, c_string(text));
    answered = true;
    if (!arm()) return Attempt{Outcome::timed_out, "logging in: no time left"};
  }
  return Attempt{Outcome::refused, "the target asks without end"};
}

Attempted<> SshSession::by_key(const base::SecretBytes& secret) {
  const auto text = with_nul(secret);
  ssh_key raw = nullptr;
  const int read = ssh_pki_import_privkey_base64(c_string(text), nullptr, nullptr, nullptr, &raw);
  base::wipe_freed_blocks(text.size());  // libssh 0.10 frees the text without wiping it
  if (read != SSH_OK) {
    return Attempt{Outcome::refused, "the stored SSH key cannot be read"};
  }
  const Key key(raw);
  return judge(ssh_userauth_publickey(session_.get(), nullptr, key.get()));
}

Attempted<CommandResult> SshSession::run(const std::string& command, const base::SecretBytes& input) {
  if (!arm()) return Attempt{Outcome::timed_out, "no time left for the command"};
  const Channel channel(ssh_channel_new(session_.get()));
  if (channel == nullptr) return broken(Outcome::unreachable, "opening a channel");
  if (ssh_channel_open_session(channel.get()) != SSH_OK) return broken(Outcome::unreachable, "opening a channel");
  // The command reads its standard input first, so nothing has happened until all of that was sent.
  if (!arm() || ssh_channel_request_exec(channel.get(), command.c_str()) != SSH_OK) {
    return broken(Outcome::unreachable, "starting the command");
  }
  const auto bytes = input.expose();
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const bool sent = arm() && ssh_channel_write(channel.get(), bytes.data(), size) == static_cast<int>(size) &&
                    ssh_channel_send_eof(channel.get()) == SSH_OK;
  // A command that ends before it has read (there is none of that name) closes the channel on the way: how it ended is
  // still to be heard.
  if (!sent && (deadline_.passed() || ssh_is_connected(session_.get()) == 0))
    return broken(Outcome::unknown, "sending to the command");
  SALLYPORT_TRY(auto result, hear_command(channel.get()));
  if (!sent && result.status == 0) return Attempt{Outcome::unknown, "the command ended before it had read its input"};
  return result;
}

Attempted<CommandResult> SshSession::hear_command(ssh_channel_struct* channel) {
  CommandResult result{-1, {}};
  std::array<char, 4096> buffer{};
  std::size_t total = 0;
  for (const int from_stderr : {0, 1}) {
    while (!deadline_.passed() && total < kMostOutput) {
      const int got = ssh_channel_read_timeout(channel, buffer.data(), static_cast<std::uint32_t>(buffer.size()),
                                               from_stderr, static_cast<int>(deadline_.left().count()));
      if (got == 0) break;
      if (got < 0) return broken(Outcome::unknown, "waiting for the command");
      total += static_cast<std::size_t>(got);
      result.output.append(buffer.data(), std::min(static_cast<std::size_t>(got), kKeptOutput - result.output.size()));
    }
  }
  if (!arm() || total >= kMostOutput) return broken(Outcome::unknown, "waiting for the command");
  result.status = exit_status_of(channel);
  if (result.status < 0) return broken(Outcome::unknown, "waiting for the command's exit status");
  return result;
}

}  // namespace sallyport::rotation
