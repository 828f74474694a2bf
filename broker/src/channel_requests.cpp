// The requests of a ChannelPair's client, in the order in which they came.
#include <algorithm>
#include <array>
#include <string_view>

#include "channel_pair.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::broker {
namespace {

constexpr std::uint32_t kMaxCells = 2000;             ///< each way; beyond it no screen goes, and what shows it pays
constexpr std::size_t kMaxCommandText = 100U << 10U;  ///< below what the recorder takes
constexpr std::size_t kMaxSentence = 1024;
constexpr std::uint32_t kExitDenied = 5;  ///< the command line's word for "denied"

std::string_view or_empty(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

/// libssh gives RFC 4254's uint32 as an int. 0 stays: there is no terminal (`ssh -tt host < /dev/null`).
std::uint32_t cells(int value) { return std::min(static_cast<std::uint32_t>(value), kMaxCells); }

const char* name_of(recorder::ChannelKind kind) {
  switch (kind) {
    case recorder::ChannelKind::shell:
      return "a shell";
    case recorder::ChannelKind::exec:
      return "single commands";
    case recorder::ChannelKind::sftp:
      return "sftp";
    case recorder::ChannelKind::scp:
      return "scp";
    default:
      return "this";
  }
}

std::string not_included(recorder::ChannelKind kind, const char* verb) {
  return std::string("Your access to this account ") + verb + name_of(kind) + ".";
}

bool is_opened_by(const ChannelPolicy& policy, recorder::ChannelKind kind) {
  switch (kind) {
    case recorder::ChannelKind::shell:
      return policy.shell;
    case recorder::ChannelKind::exec:
      return policy.exec;
    case recorder::ChannelKind::sftp:
      return policy.sftp;
    case recorder::ChannelKind::scp:
      return policy.scp;
    default:
      return false;
  }
}

// libssh 0.10 marks its readers of messages as deprecated in favour of callbacks, in which an answer cannot wait.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
std::string terminal_of(ssh_message message) {
  return std::string(or_empty(ssh_message_channel_request_pty_term(message)));
}
std::uint32_t columns_of(ssh_message message) { return cells(ssh_message_channel_request_pty_width(message)); }
std::uint32_t rows_of(ssh_message message) { return cells(ssh_message_channel_request_pty_height(message)); }
#pragma GCC diagnostic pop

}  // namespace

void ChannelPair::serve_requests() {
  while (!requests_.empty() && !context_.frozen && !context_.ending && state_ != State::closing && may_act()) {
    if (serve_request(requests_.front()) == SSH_AGAIN) return;
    if (!requests_.empty()) requests_.pop_front();
    context_.progressed = true;
  }
}

int ChannelPair::serve_request(Request& request) {
  if (const auto* signal = std::get_if<Signal>(&request)) return serve_signal(*signal);
  if (const auto* message = std::get_if<MessageHandle>(&request)) return serve_message(message->get());
  context_.tell(RequestDenied{"agent forwarding", {}});
  say("Agent forwarding (-A) is not offered through this broker.");
  return SSH_OK;
}

int ChannelPair::serve_message(ssh_message message) {
  switch (ssh_message_subtype(message)) {
    case SSH_CHANNEL_REQUEST_PTY:
      return serve_pty(message);
    case SSH_CHANNEL_REQUEST_ENV:
      return serve_env(message);
    case SSH_CHANNEL_REQUEST_WINDOW_CHANGE:
      return serve_window_change(message);
    case SSH_CHANNEL_REQUEST_SHELL:
    case SSH_CHANNEL_REQUEST_EXEC:
    case SSH_CHANNEL_REQUEST_SUBSYSTEM:
      return serve_start(message);
    case SSH_CHANNEL_REQUEST_X11:
      context_.tell(RequestDenied{"X11 forwarding", {}});
      say("X11 forwarding (-X) is not offered through this broker.");
      return answer(message, SSH_ERROR);
    // Among them eow@openssh.com, which every OpenSSH client sends.
    default:
      return answer(message, SSH_ERROR);
  }
}

int ChannelPair::serve_pty(ssh_message message) {
  if (announced_ || has_pty_) return answer(message, SSH_ERROR);
  if (!terminal_) terminal_ = variables_.set_terminal(terminal_of(message));
  columns_ = columns_of(message);
  rows_ = rows_of(message);
  const int outcome = ssh_channel_request_pty_size(target_.channel, terminal_->c_str(), static_cast<int>(columns_),
                                                   static_cast<int>(rows_));
  if (outcome != SSH_AGAIN) terminal_.reset();
  has_pty_ = outcome == SSH_OK;
  return answer(message, outcome);
}

int ChannelPair::serve_env(ssh_message message) {
  const auto name = or_empty(ssh_message_channel_request_env_name(message));
  const auto value = or_empty(ssh_message_channel_request_env_value(message));
  if (announced_) return answer(message, SSH_ERROR);
  if (!asked_variable_ && !variables_.admit(name, value, context_.environment)) return answer(message, SSH_ERROR);
  // Noted although the target may refuse it: who reads the recording sees no less than the target did.
  if (!std::exchange(asked_variable_, true)) variables_.set(name, value);
  const int outcome = ssh_channel_request_env(target_.channel, name.data(), value.data());
  asked_variable_ = outcome == SSH_AGAIN;
  return answer(message, outcome);
}

int ChannelPair::serve_window_change(ssh_message message) {
  if (!has_pty_) return answer(message, SSH_ERROR);
  columns_ = columns_of(message);
  rows_ = rows_of(message);
  if (announced_ && !reported_end_) context_.recorded(context_.recorder().resize(number_, columns_, rows_));
  return answer(message,
                ssh_channel_change_pty_size(target_.channel, static_cast<int>(columns_), static_cast<int>(rows_)));
}

int ChannelPair::serve_signal(const Signal& signal) {
  static constexpr std::array<std::string_view, 13> kSignals = {"ABRT", "ALRM", "FPE",  "HUP",  "ILL",  "INT", "KILL",
                                                                "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2"};
  const bool known = std::find(kSignals.begin(), kSignals.end(), signal.name) != kSignals.end();
  if (known && state_ == State::running) (void)ssh_channel_request_send_signal(target_.channel, signal.name.c_str());
  return SSH_OK;
}

int ChannelPair::serve_start(ssh_message message) {
  if (state_ == State::running || reported_end_) return answer(message, SSH_ERROR);
  if (!context_.may_tell()) return SSH_AGAIN;
  tell_refused_variables();
  if (!kind_ && !classify(message)) return deny(message, "subsystem", text_);
  if (text_.size() > kMaxCommandText) return deny(message, "command that is too long", text_);
  if (!is_opened_by(context_.policy, *kind_)) {
    context_.tell(RequestDenied{name_of(*kind_), text_, true});
    refuse_start(message, not_included(*kind_, "does not include "));
    return SSH_OK;
  }
  if (!has_consent()) return SSH_AGAIN;
  if (!consent_->has_value()) {
    refuse_start(message, base::escape_text(consent_->error().context(), kMaxSentence));
    return SSH_OK;
  }
  if (!announce()) return SSH_AGAIN;
  const int outcome = start_at_target();
  // A target that has gone is the session's end, which says so; a bare "no" would be all that the person sees.
  if (outcome == SSH_AGAIN || !context_.target->connected()) return SSH_AGAIN;
  if (outcome == SSH_OK)
    started();
  else
    report_end();
  return answer(message, outcome);
}

/// What it is, and its text. False for a subsystem that is not offered.
bool ChannelPair::classify(ssh_message message) {
  text_.clear();
  switch (ssh_message_subtype(message)) {
    case SSH_CHANNEL_REQUEST_SHELL:
      kind_ = recorder::ChannelKind::shell;
      return true;
    case SSH_CHANNEL_REQUEST_SUBSYSTEM:
      text_ = or_empty(ssh_message_channel_request_subsystem(message));
      if (text_ == "sftp" && !has_pty_) kind_ = recorder::ChannelKind::sftp;
      return kind_.has_value();
    default:
      break;
  }
  text_ = or_empty(ssh_message_channel_request_command(message));
  kind_ = recorder::ChannelKind::exec;
  // With a terminal the bytes are not scp's alone, whatever the command is.
  const auto call = has_pty_ ? std::nullopt : parse_scp_command(text_);
  if (!call) return true;
  kind_ = recorder::ChannelKind::scp;
  text_ = call->command;  // what is decided, recorded and told is what the target's shell gets
  scp_.emplace(number_, *call);
  return true;
}

/// A variable can be what a command does: both are kept, as a shell would write them.
std::string ChannelPair::whole_text() const {
  const auto variables = variables_.text();
  return context_.redactor.redact(variables + (variables.empty() || text_.empty() ? "" : " ") + text_);
}

/// Asked once, when the recorder has room for what follows a yes; true when the answer is there.
bool ChannelPair::has_consent() {
  if (consent_) return true;
  if (!asked_ && context_.recorder().accepting()) asked_ = context_.ask(ChannelRequest{number_, *kind_, whole_text()});
  return false;
}

void ChannelPair::on_reply(const Reply& reply) {
  if (!asked_ || asked_->ticket != reply.ticket) return;
  asked_.reset();
  if (!reply.answer)
    consent_ = reply.answer.error();
  else if (std::holds_alternative<ChannelAllowed>(reply.answer.value()))
    consent_ = base::ok();
  else
    consent_ = base::fail(base::Errc::internal, "The vault gave no answer.");
}

void ChannelPair::on_policy() {
  if (state_ != State::running || is_opened_by(context_.policy, *kind_)) return;
  say(not_included(*kind_, "no longer includes "));
  exit_.status = kExitDenied;
  send_exit();
  state_ = State::closing;
  context_.progressed = true;
}

/// The recording's file knows of it before the target does; the authority has written it down already.
bool ChannelPair::announce() {
  if (announced_) return context_.in_file(announced_at_);
  auto& recorder = context_.recorder();
  if (!recorder.accepting() || !context_.recorded(recorder.channel_opened(number_, *kind_))) return false;
  announced_ = true;
  const std::string text = whole_text();
  const bool texted = text.empty() || context_.recorded(recorder.exec(number_, text));
  const bool sized = !has_pty_ || context_.recorded(recorder.resize(number_, columns_, rows_));
  if (!texted || !sized) context_.end(recorder::EndReason::error, kCannotRecord);
  if (context_.ending) return false;
  recorder.hurry();
  announced_at_ = recorder.place();
  return context_.in_file(announced_at_);
}

int ChannelPair::start_at_target() const {
  switch (*kind_) {
    case recorder::ChannelKind::shell:
      return ssh_channel_request_shell(target_.channel);
    case recorder::ChannelKind::sftp:
      return ssh_channel_request_subsystem(target_.channel, "sftp");
    default:
      return ssh_channel_request_exec(target_.channel, text_.c_str());
  }
}

void ChannelPair::started() {
  state_ = State::running;
  context_.last_activity = context_.clock.mono();
  if (*kind_ == recorder::ChannelKind::sftp) sftp_.emplace(number_);
  if (has_pty_ && !context_.banner.empty()) say(context_.banner);
}

/// Said yes to, so that the reason can be read, and ended at once.
void ChannelPair::refuse_start(ssh_message message, const std::string& sentence) {
  (void)answer(message, SSH_OK);
  say(sentence);
  (void)ssh_channel_request_send_exit_status(client_.channel, kExitDenied);
  exit_.sent = true;
  state_ = State::closing;
}

int ChannelPair::deny(ssh_message message, const char* what, const std::string& detail) {
  context_.tell(RequestDenied{what, detail, true});
  return answer(message, SSH_ERROR);
}

/// One event for all of a channel's start, however many there were.
void ChannelPair::tell_refused_variables() {
  auto refused = variables_.take_refused();
  if (!refused.empty()) context_.tell(RequestDenied{"variable", std::move(refused)});
}

int ChannelPair::answer(ssh_message message, int outcome) {
  if (outcome == SSH_AGAIN) return SSH_AGAIN;
  if (outcome == SSH_OK)
    (void)ssh_message_channel_request_reply_success(message);
  else
    (void)ssh_message_reply_default(message);
  return SSH_OK;
}

}  // namespace sallyport::broker
