#pragma once
// The loop of one connection: who speaks when. Its parts do the work.
#include <list>
#include <vector>

#include "authenticator.hpp"
#include "channel_pair.hpp"
#include "end_warnings.hpp"
#include "session_context.hpp"
#include "upstream_login.hpp"

namespace sallyport::broker {

class SshSession::Impl {
 public:
  /// As in docs/ssh_broker.md, in this order.
  enum class State : unsigned char {
    handshake,
    proving,
    opening,
    awaiting_resources,
    starting_recording,
    awaiting_credential,
    connecting,
    serving,
    refusing,
    over
  };

  Impl(Authority& authority, const base::Clock& clock, SessionBounds bounds);
  ~Impl();
  base::Result<> begin(base::UniqueFd client, ssh_bind bind);
  SessionResult run();

 private:
  void turn();
  void wait();
  base::Milliseconds patience();
  base::MonoTime next_limit() const;
  void rest();
  bool reads_ahead() const noexcept;
  void watch_authority();
  static int on_authority(socket_t, int, void* self);
  static int on_disk(socket_t, int, void* self);

  // What the authority says
  void hear();
  void on_message(Reply& reply);
  void on_message(Resources& resources);
  void on_message(ResourcesFailed& failed);
  void on_message(Freeze& freeze);
  void on_message(Thaw&);
  void on_message(End& end);
  void on_message(PolicyChanged& changed);
  void on_opened(Answer& answer);
  void on_credential(Answer& answer);
  void on_checkpoint(Answer& answer);

  // What the client says
  void drain_client();
  void drain_target();
  void on_client_message(MessageHandle message);
  void explain_refusal(ssh_message message);
  void on_service(ssh_message message);
  void on_auth(MessageHandle message);
  void on_channel_open(MessageHandle message);
  void refuse_open(ssh_message message);
  void explain(const char* sentence);
  void on_global(ssh_message message);
  void perform(AuthAction action);
  void show_before_login(const std::string& sentence);
  void authenticated();

  // The steps
  void step_handshake();
  void step_recording();
  void connect_target(TargetCredential credential);
  void step_login();
  void serve_channels();
  void tell_running(const std::string& sentence);
  void warn_of_end();
  void serve_recording();
  void reap();
  void refuse_session(const std::string& sentence);
  void serve_refused();
  void watch_deadlines();
  void watch_peers();

  void finish();
  void await_recorder();
  void cut_target();
  void deliver_rest();
  SessionOver close_recording();

  SessionContext context_;
  EventHandle event_;
  Authenticator authenticator_;
  std::vector<int> watched_;
  std::optional<Asked> proof_;
  std::optional<Asked> open_;
  std::optional<Asked> credential_;
  std::optional<Asked> checkpoint_;
  recorder::Mark checkpoint_mark_;
  MessageHandle held_proof_;  ///< the client's attempt that waits for the authority
  std::optional<Grant> grant_;
  base::UniqueFd target_socket_;  ///< connected; nothing is sent before the recording has begun
  std::optional<UpstreamLogin> login_;
  std::vector<MessageHandle> early_opens_;  ///< channels wished for before the target is there
  std::list<ChannelPair> channels_;
  std::vector<const char*> explained_;  ///< what was refused, in sentences of ours
  base::MonoTime started_;
  base::MonoTime state_until_{};
  base::MonoTime session_until_{};
  base::Milliseconds max_idle_{0};
  EndWarnings warnings_;
  // A session that is refused after the login: the reason is told on its first channel.
  std::string refusal_;
  ssh_channel refused_channel_ = nullptr;

  // What is small stands together.
  recorder::ChannelNumber next_channel_ = 1;
  State state_ = State::handshake;
  bool authority_speaks_ = false;
  bool disk_speaks_ = false;
  bool trimmed_ = false;  ///< since something moved last
  bool target_watched_ = false;
  bool granted_ = false;
  bool recording_begun_ = false;
  bool refusal_told_ = false;
  bool refusal_closed_ = false;
};

}  // namespace sallyport::broker
