#include "memory_authority.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"

namespace sallyport::test {

using namespace broker;

namespace {

constexpr base::Seconds kAtOnce{2};

base::UniqueFd dial(std::uint16_t port, int send_buffer) {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_send_buffer(fd.get(), send_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

std::string describe(const recorder::FileEvent& event) {
  std::ostringstream out;
  out << "file " << event.path << (event.direction == recorder::Direction::to_target ? " up " : " down ") << event.size
      << ' ' << (event.sha256 ? base::hex(*event.sha256) : "no-hash") << " outcome=" << int(event.outcome)
      << " action=" << int(event.action) << " other=" << event.other_path << " detail=" << event.detail;
  return out.str();
}

/// As the log does it.
std::string shown(const std::string& text) { return base::escape_text(text, 1024); }

struct Describe {
  std::string operator()(const RequestDenied& n) const { return "denied " + n.what + " " + shown(n.detail); }
  std::string operator()(const ChannelEnded& n) const {
    return "ended " + std::to_string(n.channel) +
           " status=" + (n.exit_status ? std::to_string(*n.exit_status) : "none") + " signal=" + n.exit_signal;
  }
  std::string operator()(const FileSeen& n) const { return describe(n.event); }
  std::string operator()(const ProofRefused& n) const {
    return "refused " + std::to_string(int(n.why)) + " " + shown(n.written);
  }
  std::string operator()(const SessionOver& n) const {
    return "over reason=" + std::to_string(int(n.reason)) + (n.end_mark ? " recorded " : " unrecorded ") + n.sentence;
  }
};

}  // namespace

void limit_send_buffer(int socket, int bytes) {
  if (bytes > 0) (void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

MemoryAuthority::MemoryAuthority(const BrokerSetup& setup, std::filesystem::path directory, int commands,
                                 FastClock& clock)
    : setup_(setup),
      directory_(std::move(directory)),
      commands_(commands),
      clock_(clock),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      log_(open((directory_ / "notices").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}

base::Result<std::vector<Message>> MemoryAuthority::receive() {
  std::uint64_t count = 0;
  (void)!read(event_.get(), &count, sizeof count);
  char letter = 0;
  if (read(commands_, &letter, 1) == 1) {
    if (letter == 'F') waiting_.emplace_back(Freeze{"An auditor froze this session: to look at it"});
    if (letter == 'T') waiting_.emplace_back(Thaw{});
    if (letter == 'E') waiting_.emplace_back(End{setup_.end_sentence});
    if (letter == 'X') waiting_.emplace_back(PolicyChanged{{true, false, false, false}});
    if (letter == 'C') clock_.pass(kAtOnce);
    if (letter == 'L') return base::fail(base::Errc::closed, "the vault has gone");
    note(std::string("command ") + letter);
  }
  return std::exchange(waiting_, {});
}

base::Result<> MemoryAuthority::ask(Ticket ticket, Question question) {
  if (setup_.lost_at == "channel" && std::holds_alternative<ChannelRequest>(question))
    return base::fail(base::Errc::closed, "the vault has gone");
  if (setup_.lost_at == "ask") return base::fail(base::Errc::closed, "the vault has gone");
  std::visit([this, ticket](auto& q) { answer(ticket, q); }, question);
  const std::uint64_t one = 1;
  (void)!write(event_.get(), &one, sizeof one);
  return base::ok();
}

base::Result<> MemoryAuthority::tell(const Notice& notice) {
  if (setup_.lost_at == "tell") return base::fail(base::Errc::closed, "the vault has gone");
  note(std::visit(Describe{}, notice));
  return base::ok();
}

void MemoryAuthority::note(const std::string& text) const {
  (void)base::write_all(log_.get(), base::as_bytes(text + "\n"));
}

ProofAnswer MemoryAuthority::first(bool good) const {
  return {good, good && setup_.wants_code ? Needs::code : Needs::nothing};
}

void MemoryAuthority::answer(Ticket ticket, PublicKeyProof& proof) {
  const auto known = certs::SshPublicKey::parse_line(setup_.user_key_line);
  const bool named = proof.login.user == "alice" || (!proof.login.user && proof.login.account);
  const bool good = named && known && known.value().blob() == proof.key_blob;
  note(std::string("key ") + (proof.verified ? "verified " : "offered ") + (good ? "good" : "bad"));
  if (setup_.silent_to == "proof") return;
  waiting_.emplace_back(Reply{ticket, first(good)});
}

void MemoryAuthority::answer(Ticket ticket, PasswordProof& proof) {
  const bool good = proof.login.user == "alice" && proof.password.expose_text() == setup_.user_password;
  note(std::string("password ") + (good ? "good" : "bad"));
  waiting_.emplace_back(Reply{ticket, first(good)});
}

void MemoryAuthority::answer(Ticket ticket, CodeProof& proof) {
  const bool good = proof.code.expose_text() == "123456";
  note(std::string("code ") + (good ? "good" : "bad"));
  waiting_.emplace_back(Reply{ticket, ProofAnswer{good, Needs::nothing, good ? "" : "that code was wrong"}});
}

void MemoryAuthority::answer(Ticket ticket, ChannelRequest& request) {
  const std::string what =
      std::to_string(request.channel) + " kind=" + std::to_string(int(request.kind)) + " " + shown(request.text);
  const bool refused = !setup_.channel_refusal.empty();
  note((refused ? "refused " : "started ") + what);
  if (setup_.silent_to == "channel") return;
  if (refused)
    waiting_.emplace_back(Reply{ticket, base::fail(base::Errc::denied, setup_.channel_refusal)});
  else
    waiting_.emplace_back(Reply{ticket, ChannelAllowed{}});
}

void MemoryAuthority::answer(Ticket ticket, CredentialRequest&) {
  note("recording begun");
  if (setup_.silent_to == "credential") return;
  if (setup_.credential_refusal.empty())
    waiting_.emplace_back(Reply{ticket, TargetCredential{setup_.kind, credential()}});
  else
    waiting_.emplace_back(Reply{ticket, base::fail(base::Errc::conflict, setup_.credential_refusal)});
}

void MemoryAuthority::answer(Ticket ticket, CheckpointRequest& request) {
  note("checkpoint " + std::to_string(request.mark.sequence));
  if (setup_.silent_to == "checkpoint") return;
  waiting_.emplace_back(Reply{ticket, CheckpointSigned{}});
}

void MemoryAuthority::answer(Ticket ticket, OpenRequest& request) {
  note("open " + request.login.text());
  if (setup_.silent_to == "open") return;
  if (!setup_.refusal.empty()) {
    waiting_.emplace_back(Reply{ticket, base::fail(base::Errc::denied, setup_.refusal)});
    return;
  }
  const auto session = base::SessionId::random();
  waiting_.emplace_back(Reply{ticket, grant(session)});
  if (setup_.silent_to != "resources") send_resources(session.text());
}

Grant MemoryAuthority::grant(base::SessionId session) const {
  return {.session = session,
          .target_login = setup_.target_login,
          .host_keys = {setup_.pin},
          .policy = setup_.policy,
          .environment = setup_.environment,
          .max_duration = setup_.max_duration,
          .ends_in = setup_.ends_in,
          .max_idle = setup_.max_idle,
          .banner = setup_.banner,
          .recording_key = base::SecretBytes::copy(base::Bytes(32, 7)),
          .wrapped_recording_key = base::Bytes(64, 1),
          .recipients = {},
          .recording_meta = {{"user", "alice"}}};
}

void MemoryAuthority::send_resources(const std::string& session) {
  const auto file = directory_ / (session + ".spr");
  const bool pipe = setup_.recording_hangs && mkfifo(file.c_str(), 0600) == 0;
  const int flags = pipe ? O_RDWR : O_WRONLY | O_CREAT | O_EXCL | O_APPEND;
  base::UniqueFd recording(open(file.c_str(), flags | O_CLOEXEC, 0600));
  auto target = dial(setup_.target_port, setup_.send_buffer);
  if (!target)
    waiting_.emplace_back(ResourcesFailed{base::fail(base::Errc::unavailable, "The target web1 cannot be reached.")});
  else
    waiting_.emplace_back(Resources{std::move(target), std::move(recording)});
}

/// From a file that was written after this process began, nothing of it is left in memory that is not locked.
base::SecretBytes MemoryAuthority::credential() const {
  if (setup_.credential_file.empty()) return base::SecretBytes::copy(base::as_bytes(setup_.credential));
  const base::UniqueFd file(open(setup_.credential_file.c_str(), O_RDONLY | O_CLOEXEC));
  base::SecretBytes secret(std::filesystem::file_size(setup_.credential_file));
  const auto into = secret.expose_mutable();
  if (read(file.get(), into.data(), into.size()) != static_cast<ssize_t>(into.size())) _exit(1);
  return secret;
}

}  // namespace sallyport::test
