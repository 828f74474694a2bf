#pragma once
// One session channel of the client and its twin at the target: requests, bytes, end.
#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "pipe.hpp"
#include "sallyport/broker/scp_tracker.hpp"
#include "sallyport/broker/sftp_tracker.hpp"
#include "session_context.hpp"
#include "variables.hpp"

namespace sallyport::broker {

/// Not movable: libssh's callbacks point into it.
class ChannelPair {
 public:
  enum class State : unsigned char {
    opening,  ///< the target is asked for its channel; the client waits
    idle,     ///< open on both sides, nothing started
    running,
    closing,  ///< both sides are being closed
    closed,   ///< may be freed
  };

  ChannelPair(SessionContext& context, recorder::ChannelNumber number, MessageHandle open_request);
  ~ChannelPair();
  ChannelPair(const ChannelPair&) = delete;
  ChannelPair& operator=(const ChannelPair&) = delete;

  bool is_client_channel(ssh_channel channel) const noexcept {
    return channel != nullptr && channel == client_.channel;
  }
  /// A channel request of the client; answered here, maybe later.
  void on_request(MessageHandle request);
  /// The authority's word; nothing if it is not to this channel's question.
  void on_reply(const Reply& reply);
  /// What may be open has changed: what runs and may no longer is told so and ends.
  void on_policy();
  /// The authority owes an answer since longer than it may.
  bool waits_too_long(base::MonoTime now) const { return asked_ && now >= asked_->until; }
  /// After every turn of the loop.
  void serve();
  /// The session ends. What waits for the client may still go out; nothing new is taken, but from a target that hung
  /// up. A sentence goes to the client's stderr, unless the channel came to its own end.
  void last_words(const std::string& sentence);
  /// What waits for the client and is not in the recording's file never goes out.
  void recording_failed();
  /// The session is over: reports what was under way. No libssh call; the legs are freed next. False while the recorder
  /// is busy: ask again.
  bool abandon();
  /// Frees both channels. Only when closed() and when no message that names them can be waiting in libssh.
  void release();

  bool closed() const noexcept { return state_ == State::closed; }
  bool is_running() const noexcept { return state_ == State::running && !client_.closed; }
  bool has_terminal() const noexcept { return has_pty_; }
  /// A sentence for the person, on stderr; recorded, too. Only when is_running().
  void say(const std::string& sentence);
  /// The same in the middle of whatever is on his screen.
  void interrupt(const std::string& sentence) { say((has_pty_ ? "\r\n" : "") + sentence); }
  /// While the session ends: what was taken already goes out, then the exit status.
  void serve_last();
  /// There is nothing more to do for serve_last().
  bool settled() const;

 private:
  struct Side {
    ChannelPair* pair = nullptr;
    bool is_client = false;
    ssh_channel channel = nullptr;
    bool eof = false;     ///< the peer sends no more
    bool closed = false;  ///< the peer closed it
    bool eof_sent = false;
    bool close_sent = false;
    ssh_channel_callbacks_struct callbacks{};
  };
  struct Signal {
    std::string name;
  };
  struct AgentWish {};
  using Request = std::variant<MessageHandle, Signal, AgentWish>;
  struct Exit {
    std::optional<std::uint32_t> status;
    std::string signal;
    bool core = false;
    bool sent = false;
  };

  static int on_data(ssh_session, ssh_channel, void* data, std::uint32_t size, int is_stderr, void* side);
  static void on_eof(ssh_session, ssh_channel, void* side);
  static void on_close(ssh_session, ssh_channel, void* side);
  static void on_signal(ssh_session, ssh_channel, const char* name, void* side);
  static void on_agent(ssh_session, ssh_channel, void* side);
  static void on_exit_status(ssh_session, ssh_channel, int status, void* side);
  static void on_exit_signal(ssh_session, ssh_channel, const char* name, int core, const char*, const char*,
                             void* side);

  void watch(Side& side);
  void queue(Request request);
  void open_twin();
  void serve_requests();
  /// SSH_AGAIN: ask again later. Anything else: done with it.
  int serve_request(Request& request);
  int serve_message(ssh_message message);
  int serve_pty(ssh_message message);
  int serve_env(ssh_message message);
  int serve_window_change(ssh_message message);
  int serve_start(ssh_message message);
  int start_at_target() const;
  void started();
  int serve_signal(const Signal& signal);
  int deny(ssh_message message, const char* what, const std::string& detail);
  int answer(ssh_message message, int outcome);

  bool classify(ssh_message message);
  bool has_consent();
  bool announce();
  void refuse_start(ssh_message message, const std::string& sentence);
  std::string whole_text() const;
  void tell_refused_variables();

  /// The places after which bytes may pass.
  std::optional<recorder::Extent> passage_of_input(base::Bytes& bytes);
  std::optional<recorder::Extent> passage_of(bool inspected) const;
  recorder::Extent in_file() const noexcept { return context_.recording->in_file(); }
  bool may_act();
  bool inspect_input(base::Bytes& bytes);
  bool inspect_output(base::Bytes& bytes);
  bool inspect_error(base::ByteView bytes);
  bool track(base::Bytes& bytes, bool from_client, bool& tracked);
  bool keep_track();
  void lose_track();
  void send_answers();
  bool answers() const noexcept { return sftp_ && sftp_->has_answers(); }
  bool flush_events();
  bool follows_files() const noexcept { return sftp_ || scp_; }

  void serve_pipes();
  void serve_ends();
  void pass_on_eof();
  bool delivered() const;
  bool ended_well() const;
  bool client_is_done() const;
  void send_exit();
  void close_side(Side& side);
  void report_end();

  SessionContext& context_;
  MessageHandle open_request_;
  Side client_;
  Side target_;
  std::deque<Request> requests_;

  std::string text_;  ///< the command or subsystem
  Variables variables_;
  std::optional<std::string> terminal_;    ///< its type, while the target has not answered yet
  std::optional<Asked> asked_;             ///< the authority, whether it may start
  std::optional<base::Result<>> consent_;  ///< its answer
  recorder::Extent announced_at_ = 0;
  Exit exit_;
  std::optional<SftpTracker> sftp_;
  std::optional<ScpTracker> scp_;
  std::vector<recorder::FileEvent> unrecorded_;
  std::optional<base::MonoTime> client_left_;
  Pipe input_;
  Pipe output_;
  Pipe error_;

  // What is small stands together.
  recorder::ChannelNumber number_;
  std::uint32_t columns_ = 0;
  std::uint32_t rows_ = 0;
  State state_ = State::opening;
  std::optional<recorder::ChannelKind> kind_;
  bool asked_variable_ = false;  ///< the target has not answered yet
  bool announced_ = false;       ///< recorder and authority know of it
  bool reported_end_ = false;
  bool has_pty_ = false;
  bool input_tracked_ = false;  ///< the waiting input was shown to the tracker, its events wait for the recorder
  bool output_tracked_ = false;
};

}  // namespace sallyport::broker
