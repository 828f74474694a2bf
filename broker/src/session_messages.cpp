// What the client asks of the session as a whole: service, proofs, channels, global requests.
#include <algorithm>
#include <string_view>

#include "sallyport/base/text.hpp"
#include "session_loop.hpp"

namespace sallyport::broker {
namespace {

constexpr std::size_t kMaxEarlyOpens = 10;
constexpr int kExitDenied = 5;  ///< the command line's word for "denied"

std::string or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
base::SecretBytes password_of(ssh_message message) {
  const char* text = ssh_message_auth_password(message);
  if (text == nullptr) return {};
  // One byte more than is allowed is enough to be refused.
  const std::string_view view(text);
  return base::SecretBytes::copy(base::as_bytes(view.substr(0, kMaxPassword + 1)));
}
KeyTried key_of(ssh_message message) {
  KeyTried tried;
  tried.name = or_empty(ssh_message_auth_user(message));
  tried.blob = public_blob(ssh_message_auth_pubkey(message));
  tried.verified = ssh_message_auth_publickey_state(message) == SSH_PUBLICKEY_STATE_VALID;
  return tried;
}
#pragma GCC diagnostic pop

InteractiveAnswered answer_of(ssh_session session) {
  if (ssh_userauth_kbdint_getnanswers(session) != 1) return {};
  const char* text = ssh_userauth_kbdint_getanswer(session, 0);
  if (text == nullptr) return {};
  const std::string_view view(text);
  return {base::SecretBytes::copy(base::as_bytes(view.substr(0, kMaxPassword + 1)))};
}

std::optional<AuthEvent> event_of(ssh_session session, ssh_message message) {
  switch (ssh_message_subtype(message)) {
    case SSH_AUTH_METHOD_NONE:
      return NoneTried{or_empty(ssh_message_auth_user(message))};
    case SSH_AUTH_METHOD_PUBLICKEY:
      return key_of(message);
    case SSH_AUTH_METHOD_PASSWORD:
      return PasswordTried{or_empty(ssh_message_auth_user(message)), password_of(message)};
    case SSH_AUTH_METHOD_INTERACTIVE:
      if (ssh_message_auth_kbdint_is_response(message) == 1) return answer_of(session);
      return InteractiveStarted{or_empty(ssh_message_auth_user(message))};
    default:
      return std::nullopt;
  }
}

const char* kind_of_open(int subtype) {
  switch (subtype) {
    case SSH_CHANNEL_DIRECT_TCPIP:
      return "local forward";
    case SSH_CHANNEL_FORWARDED_TCPIP:
      return "forwarded connection";
    case SSH_CHANNEL_X11:
      return "X11 forwarding";
    case SSH_CHANNEL_AUTH_AGENT:
      return "agent forwarding";
    default:
      return "channel of an unknown kind";
  }
}

/// For the person: what was refused, by the option that asks for it, and what does the same here.
const char* sentence_of_open(int subtype) {
  switch (subtype) {
    case SSH_CHANNEL_DIRECT_TCPIP:
      return "Local forwards (-L, -D, -W, -J) are not offered through this broker. Another target is reached by naming "
             "it "
             "in the login: USER+ACCOUNT+TARGET.";
    case SSH_CHANNEL_X11:
      return "X11 forwarding (-X) is not offered through this broker.";
    case SSH_CHANNEL_AUTH_AGENT:
      return "Agent forwarding (-A) is not offered through this broker.";
    default:
      return "Forwards of sockets and tunnels (-L with a path, -w) are not offered through this broker.";
  }
}
constexpr const char* kNoRemoteForward = "Remote forwards (-R) are not offered through this broker.";

/// `ssh -W` and the jump of `ssh -J` have no peer of their own to name as where the stream comes from: OpenSSH says
/// port 65535, or 0 for a socket pair.
bool is_stdio_forward(ssh_message message) {
  const int port = ssh_message_channel_request_open_originator_port(message);
  return ssh_message_subtype(message) == SSH_CHANNEL_DIRECT_TCPIP && (port == 65535 || port == 0);
}

}  // namespace

void SshSession::Impl::drain_client() {
  while (!context_.ending && context_.client->has_news(context_.client_data_packets)) {
    while (ssh_message message = ssh_message_get(context_.client->get())) {
      context_.progressed = true;
      on_client_message(MessageHandle(message));
      if (context_.ending) return;
    }
  }
}

/// A target opens nothing towards the client and asks it nothing.
void SshSession::Impl::drain_target() {
  while (context_.target->has_news(context_.target_data_packets)) {
    while (ssh_message message = ssh_message_get(context_.target->get())) {
      const MessageHandle owner(message);
      if (ssh_message_type(message) == SSH_REQUEST_CHANNEL_OPEN) {
        context_.tell(RequestDenied{"channel opened by the target", kind_of_open(ssh_message_subtype(message))});
      }
      (void)ssh_message_reply_default(message);
    }
  }
}

void SshSession::Impl::on_client_message(MessageHandle message) {
  switch (ssh_message_type(message.get())) {
    case SSH_REQUEST_SERVICE:
      return on_service(message.get());
    case SSH_REQUEST_AUTH:
      return on_auth(std::move(message));
    case SSH_REQUEST_CHANNEL_OPEN:
      return on_channel_open(std::move(message));
    case SSH_REQUEST_GLOBAL:
      return on_global(message.get());
    case SSH_REQUEST_CHANNEL:
      break;
    default:
      return;
  }
  const ssh_channel channel = ssh_message_channel_request_channel(message.get());
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [channel](const auto& c) { return c.is_client_channel(channel); });
  if (found != channels_.end()) return found->on_request(std::move(message));
  if (channel != nullptr && channel == refused_channel_) explain_refusal(message.get());
  // The channel may be gone: the message is let go without a look at it.
}

/// Says yes to whatever was asked, so that the reason can be read on stderr, and closes.
void SshSession::Impl::explain_refusal(ssh_message message) {
  const int kind = ssh_message_subtype(message);
  (void)ssh_message_channel_request_reply_success(message);
  const bool start =
      kind == SSH_CHANNEL_REQUEST_SHELL || kind == SSH_CHANNEL_REQUEST_EXEC || kind == SSH_CHANNEL_REQUEST_SUBSYSTEM;
  if (!start || refusal_told_) return;
  refusal_told_ = true;
  const std::string text = refusal_ + "\r\n";
  (void)ssh_channel_write_stderr(refused_channel_, text.data(), static_cast<std::uint32_t>(text.size()));
  (void)ssh_channel_request_send_exit_status(refused_channel_, kExitDenied);
}

void SshSession::Impl::on_service(ssh_message message) {
  const std::string name = or_empty(ssh_message_service_service(message));
  if (name != "ssh-userauth") return context_.end(recorder::EndReason::closed, "Unknown service.");
  // The end of the key exchange, this request and the first attempt may come in one read.
  if (state_ == State::handshake) state_ = State::proving;
  (void)ssh_message_service_reply_success(message);
}

void SshSession::Impl::on_auth(MessageHandle message) {
  if (state_ != State::proving || held_proof_) {
    return context_.end(recorder::EndReason::closed, "A login attempt came out of order.");
  }
  auto event = event_of(context_.client->get(), message.get());
  held_proof_ = std::move(message);
  if (event) {
    auto action = authenticator_.on(std::move(*event));
    if (auto refusal = authenticator_.take_refusal()) context_.tell(std::move(*refusal));
    return perform(std::move(action));
  }
  perform(Refuse{authenticator_.state() == Authenticator::State::second ? Methods::interactive_only : Methods::all});
}

void SshSession::Impl::perform(AuthAction action) {
  if (auto* question = std::get_if<AskAuthority>(&action)) {
    proof_ = context_.ask(std::move(question->question));
    return;
  }
  const MessageHandle message = std::move(held_proof_);
  if (auto* hang_up = std::get_if<HangUp>(&action)) return context_.end(recorder::EndReason::closed, hang_up->sentence);
  if (!message) return;
  context_.client->rearm_socket();
  ssh_message reply = message.get();
  if (auto* asked = std::get_if<AskClient>(&action)) {
    held_proof_ = nullptr;
    const bool code = asked->prompt == Prompt::code;
    const char* prompts[] = {code ? "One-time code: " : "Password: "};
    char echo[] = {0};
    (void)ssh_message_auth_interactive_request(reply, "", asked->instruction.c_str(), 1, prompts, echo);
  } else if (std::holds_alternative<GoOnAndSign>(action)) {
    (void)ssh_message_auth_reply_pk_ok_simple(reply);
  } else if (std::holds_alternative<Succeed>(action)) {
    (void)ssh_message_auth_reply_success(reply, 0);
    authenticated();
  } else {
    const auto* refuse = std::get_if<Refuse>(&action);
    const bool partial = refuse == nullptr;
    show_before_login(partial ? std::get<PartialSuccess>(action).sentence : refuse->sentence);
    const bool all = refuse != nullptr && refuse->methods == Methods::all;
    const int every = SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE;
    (void)ssh_message_auth_set_methods(reply, all ? every : int{SSH_AUTH_METHOD_INTERACTIVE});
    (void)(partial ? ssh_message_auth_reply_success(reply, 1) : ssh_message_reply_default(reply));
  }
}

/// RFC 4252, 5.4: a client shows it, whether it has a terminal or not.
void SshSession::Impl::show_before_login(const std::string& sentence) {
  if (sentence.empty()) return;
  const std::unique_ptr<ssh_string_struct, FreeSshString> banner(ssh_string_from_char((sentence + "\r\n").c_str()));
  if (banner) (void)ssh_send_issue_banner(context_.client->get(), banner.get());
}

void SshSession::Impl::on_channel_open(MessageHandle message) {
  const bool is_session = ssh_message_subtype(message.get()) == SSH_CHANNEL_SESSION;
  if (state_ >= State::opening && state_ < State::serving && early_opens_.size() < kMaxEarlyOpens) {
    early_opens_.push_back(std::move(message));
  } else if (!is_session) {
    refuse_open(message.get());
  } else if (state_ == State::refusing && refused_channel_ == nullptr) {
    refused_channel_ = ssh_message_channel_request_open_reply_accept(message.get());
  } else if (state_ == State::serving && channels_.size() < context_.bounds.max_channels) {
    channels_.emplace_back(context_, next_channel_++, std::move(message));
  } else {
    context_.tell(RequestDenied{"channel beyond the limit", {}});
    (void)ssh_message_reply_default(message.get());
  }
}

/// libssh leaves the description of a failed open empty, so the reason is said elsewhere. A connection that is there
/// for this one stream alone has no other place for it than its end.
void SshSession::Impl::refuse_open(ssh_message message) {
  const int kind = ssh_message_subtype(message);
  const std::string where = or_empty(ssh_message_channel_request_open_destination(message));
  const int port = ssh_message_channel_request_open_destination_port(message);
  context_.tell(RequestDenied{kind_of_open(kind), where.empty() ? "" : where + ":" + std::to_string(port)});
  if (state_ == State::serving && next_channel_ == 1 && is_stdio_forward(message))
    return context_.end(recorder::EndReason::closed, sentence_of_open(kind));
  explain(sentence_of_open(kind));
  (void)ssh_message_reply_default(message);
}

/// Once a connection for each of our sentences; on the stderr of a channel as soon as something runs there. A client
/// that has none shows the other with -v.
void SshSession::Impl::explain(const char* sentence) {
  if (std::find(explained_.begin(), explained_.end(), sentence) != explained_.end()) return;
  explained_.push_back(sentence);
  context_.unsaid.emplace_back(sentence);
  (void)ssh_send_debug(context_.client->get(), sentence, 1);
}

void SshSession::Impl::on_global(ssh_message message) {
  if (ssh_message_subtype(message) == SSH_GLOBAL_REQUEST_TCPIP_FORWARD) {
    const std::string where = or_empty(ssh_message_global_request_address(message));
    context_.tell(
        RequestDenied{"remote forward", where + ":" + std::to_string(ssh_message_global_request_port(message))});
    explain(kNoRemoteForward);
  }
  (void)ssh_message_reply_default(message);
}

}  // namespace sallyport::broker
