#include "session_loop.hpp"

#include <poll.h>

#include <algorithm>

#include "host_keys.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::broker {
namespace {

constexpr std::size_t kLongestSentence = 1024;
constexpr int kGatheringTurns = 16;
constexpr base::Milliseconds kQuiet{200};

/// An authority that cannot say is no yes.
ProofJudged judged(Answer& answer) {
  if (!answer) return {answer.error()};
  if (auto* proof = std::get_if<ProofAnswer>(&answer.value())) return {std::move(*proof)};
  return {base::fail(base::Errc::internal, "the answer is to another question")};
}

/// What an authority says is escaped already, as far as it holds foreign text; what is not plain all the same is
/// escaped here.
std::string readable(const std::string& sentence) {
  return base::is_plain_text(sentence, kLongestSentence) ? sentence : base::escape_text(sentence, kLongestSentence);
}

}  // namespace

SshSession::Impl::Impl(Authority& authority, const base::Clock& clock, SessionBounds bounds)
    : context_{authority, clock, bounds},
      event_(ssh_event_new()),
      authenticator_(bounds.max_tries),
      started_(clock.mono()) {
  state_until_ = started_ + bounds.grace;
}

SshSession::Impl::~Impl() = default;

base::Result<> SshSession::Impl::begin(base::UniqueFd client, ssh_bind bind) {
  if (!event_) return base::fail(base::Errc::internal, "libssh gives no event loop");
  SALLYPORT_TRY(context_.client, Leg::to_client(std::move(client), bind));
  SALLYPORT_TRY(context_.disk, recorder::DiskWriter::start());
  (void)ssh_event_add_fd(event_.get(), context_.disk->wakeup_fd(), POLLIN, &Impl::on_disk, this);
  ssh_set_auth_methods(context_.client->get(),
                       SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE);
  return base::ok();
}

SessionResult SshSession::Impl::run() {
  // The first step gives libssh a poll set, which then moves into ours.
  const auto first = context_.client->handshake();
  if (!first || !context_.client->join(event_.get())) context_.end(recorder::EndReason::closed, "The client left.");
  while (!context_.ending) {
    wait();
    turn();
  }
  finish();
  SessionResult result;
  result.authenticated = authenticator_.state() == Authenticator::State::proven;
  result.failed_proofs = authenticator_.failures();
  // Who leaves before he has heard is not who the vault gave no answer to.
  const bool unheard = proof_ && context_.ending->reason == recorder::EndReason::vault_lost;
  result.undecided = authenticator_.undecided() || unheard;
  result.reason = context_.ending->reason;
  result.sentence = context_.ending->sentence;
  return result;
}

void SshSession::Impl::turn() {
  context_.progressed = false;
  hear();
  if (state_ == State::handshake) step_handshake();
  drain_client();
  if (state_ == State::starting_recording) step_recording();
  if (state_ == State::connecting) step_login();
  if (state_ == State::serving) {
    // What came into the file passes in this turn.
    if (std::exchange(disk_speaks_, false)) serve_recording();
    drain_target();
    serve_channels();
    warn_of_end();
    serve_recording();
    reap();
  }
  if (state_ == State::refusing) serve_refused();
  if (!context_.authority.tick()) context_.end(recorder::EndReason::vault_lost, kVaultLost);
  watch_peers();
  watch_deadlines();
}

// ---- Waiting

void SshSession::Impl::wait() {
  watch_authority();
  const auto timeout = context_.progressed ? base::Milliseconds{0} : patience();
  if (context_.progressed) trimmed_ = false;
  // An error here is a connection that ended: watch_peers() sees which.
  const int came = ssh_event_dopoll(event_.get(), static_cast<int>(timeout.count()));
  if (came == SSH_AGAIN && timeout >= kQuiet) rest();
  // What came together is passed on together: fewer and larger writes.
  for (int turns = 0; turns < kGatheringTurns && reads_ahead(); ++turns) (void)ssh_event_dopoll(event_.get(), 0);
}

bool SshSession::Impl::reads_ahead() const noexcept {
  return context_.client->reads_ahead() || (context_.target && context_.target->reads_ahead());
}

int SshSession::Impl::on_authority(socket_t, int, void* self) {
  static_cast<Impl*>(self)->authority_speaks_ = true;
  return 0;
}

void SshSession::Impl::watch_authority() {
  auto descriptors = context_.authority.descriptors();
  if (descriptors == watched_) return;
  for (const int fd : watched_) (void)ssh_event_remove_fd(event_.get(), fd);
  for (const int fd : descriptors) (void)ssh_event_add_fd(event_.get(), fd, POLLIN, &Impl::on_authority, this);
  watched_ = std::move(descriptors);
}

// ---- The authority

void SshSession::Impl::hear() {
  if (!std::exchange(authority_speaks_, false)) return;
  auto messages = context_.authority.receive();
  if (!messages) return context_.end(recorder::EndReason::vault_lost, kVaultLost);
  context_.progressed = true;
  for (auto& message : messages.value()) {
    std::visit([this](auto& m) { on_message(m); }, message);
  }
}

void SshSession::Impl::on_message(Reply& reply) {
  const auto answers = [&reply](std::optional<Asked>& asked) {
    if (!asked || asked->ticket != reply.ticket) return false;
    asked.reset();
    return true;
  };
  if (answers(proof_)) {
    perform(authenticator_.on(judged(reply.answer)));
  } else if (answers(open_)) {
    on_opened(reply.answer);
  } else if (answers(credential_)) {
    on_credential(reply.answer);
  } else if (answers(checkpoint_)) {
    on_checkpoint(reply.answer);
  } else {
    for (auto& channel : channels_) channel.on_reply(reply);
  }
}

void SshSession::Impl::on_opened(Answer& answer) {
  if (!answer) return refuse_session(answer.error().context());
  if (!std::holds_alternative<Grant>(answer.value())) return refuse_session("The vault gave no answer.");
  granted_ = true;
  grant_.emplace(std::move(std::get<Grant>(answer.value())));
  state_ = State::awaiting_resources;
  state_until_ = context_.clock.mono() + context_.bounds.answer_timeout;
}

void SshSession::Impl::on_message(ResourcesFailed& failed) {
  if (state_ == State::awaiting_resources) refuse_session(failed.error.context());
}

void SshSession::Impl::on_message(Freeze& freeze) {
  context_.frozen = true;
  context_.frozen_sentence =
      freeze.sentence.empty() ? "This session is frozen: what you type waits." : readable(freeze.sentence);
  tell_running(context_.frozen_sentence);
}

void SshSession::Impl::on_message(Thaw&) {
  if (std::exchange(context_.frozen, false)) tell_running("This session goes on.");
}

void SshSession::Impl::tell_running(const std::string& sentence) {
  for (auto& channel : channels_) {
    if (channel.is_running()) channel.interrupt(sentence);
  }
}

void SshSession::Impl::on_message(End& end) {
  context_.end(recorder::EndReason::ended, end.sentence.empty() ? "This session was ended." : readable(end.sentence));
}

void SshSession::Impl::on_message(PolicyChanged& changed) {
  context_.policy = changed.policy;
  if (grant_) grant_->policy = changed.policy;
  for (auto& channel : channels_) channel.on_policy();
}

// ---- The steps

void SshSession::Impl::step_handshake() {
  const auto done = context_.client->handshake();
  if (!done) return context_.end(recorder::EndReason::closed, "The client left during the key exchange.");
  if (done.value()) state_ = State::proving;
}

void SshSession::Impl::authenticated() {
  state_ = State::opening;
  state_until_ = base::MonoTime{};
  const char* version = ssh_get_clientbanner(context_.client->get());
  open_ = context_.ask(OpenRequest{authenticator_.login(), base::escape_text(version == nullptr ? "" : version, 128)});
}

void SshSession::Impl::connect_target(TargetCredential credential) {
  auto leg = Leg::to_target(std::move(target_socket_), grant_->target_login);
  if (!leg) return refuse_session("The target cannot be reached.");
  context_.target = std::move(leg).value();
  context_.redactor.learn(credential.kind, credential.secret);
  login_.emplace(*context_.target, credential.kind, std::move(credential.secret), std::move(grant_->host_keys));
  context_.policy = grant_->policy;
  context_.environment = std::move(grant_->environment);
  context_.banner = base::is_plain_text(grant_->banner, 4096) ? std::move(grant_->banner) : std::string();
  state_ = State::connecting;
  state_until_ = context_.clock.mono() + context_.bounds.upstream_timeout;
  step_login();
  if (state_ != State::connecting) return;
  target_watched_ = context_.target->join(event_.get()).has_value();
  if (!target_watched_) refuse_session("The target cannot be reached.");
}

void SshSession::Impl::step_login() {
  auto done = login_->step();
  if (!done) return refuse_session(done.error().context());
  if (!done.value()) return;
  login_.reset();
  state_ = State::serving;
  state_until_ = base::MonoTime{};
  context_.last_activity = context_.clock.mono();
  if (grant_->max_duration.count() > 0) session_until_ = context_.last_activity + grant_->max_duration;
  max_idle_ = grant_->max_idle;
  warnings_.begin(context_.last_activity, grant_->ends_in);
  grant_.reset();
  context_.target->rearm_socket();
  context_.target->keep_end();
  for (auto& message : std::exchange(early_opens_, {})) on_channel_open(std::move(message));
  context_.progressed = true;
}

void SshSession::Impl::serve_channels() {
  for (auto& channel : channels_) {
    if (context_.ending) return;
    channel.serve();
  }
  // Another one is first the next time: one busy channel does not starve the rest.
  if (channels_.size() > 1) channels_.splice(channels_.end(), channels_, channels_.begin());
}

/// A file copy or a script's command has no use for it.
void SshSession::Impl::warn_of_end() {
  const auto reads = [](const ChannelPair& channel) { return channel.is_running() && channel.has_terminal(); };
  if (std::none_of(channels_.begin(), channels_.end(), reads)) return;
  const auto sentence = warnings_.due(context_.clock.mono());
  if (!sentence) return;
  for (auto& channel : channels_) {
    if (reads(channel)) channel.interrupt(*sentence);
  }
}

/// Frees channels that are closed on both sides. libssh's messages name channels by address, so none may be waiting.
void SshSession::Impl::reap() {
  const bool any =
      std::any_of(channels_.begin(), channels_.end(), [](const auto& channel) { return channel.closed(); });
  if (!any) return;
  while (ssh_message message = ssh_message_get(context_.client->get())) on_client_message(MessageHandle(message));
  drain_target();
  channels_.remove_if([](ChannelPair& channel) {
    if (!channel.closed()) return false;
    channel.release();
    return true;
  });
}

void SshSession::Impl::watch_peers() {
  const bool refused = state_ == State::refusing;
  if (!context_.client->connected())
    context_.end(refused ? recorder::EndReason::error : recorder::EndReason::closed,
                 refused ? refusal_ : "The client closed the connection.");
  if (context_.client->flooding()) context_.end(recorder::EndReason::error, "The client does not read.");
  if (state_ != State::serving) return;
  if (!context_.target->connected())
    context_.end(recorder::EndReason::closed, "The target closed the connection.");
  else if (context_.target->flooding())
    context_.end(recorder::EndReason::error, "The target does not read.");
  if (context_.client->overran() || context_.target->overran()) context_.end(recorder::EndReason::error, kOverran);
}

// ---- Refused after the login

/// The person is proven: what stands in the way is told on the first channel that asks for something, or at the
/// goodbye.
void SshSession::Impl::refuse_session(const std::string& sentence) {
  login_.reset();
  grant_.reset();
  refusal_ = readable(sentence);
  state_ = State::refusing;
  state_until_ = context_.clock.mono() + context_.bounds.refusal_time;
  for (auto& message : std::exchange(early_opens_, {})) on_channel_open(std::move(message));
}

/// The client goes by itself once its channel is closed; state_until_ is for those who do not.
void SshSession::Impl::serve_refused() {
  if (!refusal_told_ || refusal_closed_) return;
  refusal_closed_ = ssh_channel_close(refused_channel_) != SSH_AGAIN;
  context_.progressed = true;
}

// ---- SshSession

base::Result<> SshSession::init_library() {
  if (ssh_init() != SSH_OK) return base::fail(base::Errc::internal, "libssh cannot start");
  ssh_set_log_level(SSH_LOG_NOLOG);
  if (!ReadAhead::works())
    base::log(base::LogLevel::warning, "ssh.no_read_ahead",
              {{"what", "libssh does not call this program's recv and poll; transfers take twice the CPU"}});
  return base::ok();
}

base::Result<std::unique_ptr<SshSession>> SshSession::create(base::UniqueFd client, const HostKeys& keys,
                                                             Authority& authority, const base::Clock& clock,
                                                             SessionBounds bounds) {
  auto impl = std::make_unique<Impl>(authority, clock, bounds);
  SALLYPORT_TRYV(impl->begin(std::move(client), keys.impl_->bind.get()));
  return std::unique_ptr<SshSession>(new SshSession(std::move(impl)));
}

SshSession::SshSession(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SshSession::~SshSession() = default;
SessionResult SshSession::run() { return impl_->run(); }

}  // namespace sallyport::broker
