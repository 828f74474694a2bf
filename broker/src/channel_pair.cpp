#include "channel_pair.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sallyport::broker {
namespace {

constexpr std::size_t kMaxRequests = 64;
constexpr base::Milliseconds kLinger{5000};  ///< for input that a client left behind
constexpr std::size_t kMaxSignalName = 16;

/// The target's word goes to the client and into the audit log: a name as RFC 4254 (6.10) has them, or none of those.
std::string signal_name(const char* text) {
  const std::string_view name(text == nullptr ? "" : text);
  const auto plain = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const bool good = !name.empty() && name.size() <= kMaxSignalName && std::all_of(name.begin(), name.end(), plain);
  return good ? std::string(name) : "OTHER";
}

}  // namespace

ChannelPair::ChannelPair(SessionContext& context, recorder::ChannelNumber number, MessageHandle open_request)
    : context_(context),
      open_request_(std::move(open_request)),
      input_(
          false, [this](base::Bytes& bytes) { return passage_of_input(bytes); }, [this] { return in_file(); }),
      output_(
          false, [this](base::Bytes& bytes) { return passage_of(inspect_output(bytes)); },
          [this] { return in_file(); }),
      error_(
          true, [this](base::Bytes& bytes) { return passage_of(inspect_error(bytes)); }, [this] { return in_file(); }),
      number_(number) {
  client_.pair = target_.pair = this;
  client_.is_client = true;
}

ChannelPair::~ChannelPair() = default;

// ---- libssh's callbacks: they note and copy, nothing else. They run inside the loop's poll, and nested.

void ChannelPair::watch(Side& side) {
  auto& callbacks = side.callbacks;
  callbacks.userdata = &side;
  callbacks.channel_data_function = &ChannelPair::on_data;
  callbacks.channel_eof_function = &ChannelPair::on_eof;
  callbacks.channel_close_function = &ChannelPair::on_close;
  if (side.is_client) {
    callbacks.channel_signal_function = &ChannelPair::on_signal;
    callbacks.channel_auth_agent_req_function = &ChannelPair::on_agent;
  } else {
    callbacks.channel_exit_status_function = &ChannelPair::on_exit_status;
    callbacks.channel_exit_signal_function = &ChannelPair::on_exit_signal;
  }
  callbacks.size = sizeof callbacks;
  (void)ssh_set_channel_callbacks(side.channel, &callbacks);
}

int ChannelPair::on_data(ssh_session, ssh_channel, void* data, std::uint32_t size, int is_stderr, void* side) {
  auto& from = *static_cast<Side*>(side);
  auto& pair = *from.pair;
  ++(from.is_client ? pair.context_.client_data_packets : pair.context_.target_data_packets);
  const base::ByteView bytes(static_cast<const std::uint8_t*>(data), size);
  // No request of RFC 4254 lets a client send to stderr.
  if (from.is_client && is_stderr != 0) return static_cast<int>(size);
  Pipe& pipe = from.is_client ? pair.input_ : is_stderr != 0 ? pair.error_ : pair.output_;
  const int taken = static_cast<int>(pipe.offer(bytes));
  if (pipe.overrun()) pair.context_.end(recorder::EndReason::error, kOverran);
  return taken;
}

void ChannelPair::on_eof(ssh_session, ssh_channel, void* side) { static_cast<Side*>(side)->eof = true; }

void ChannelPair::on_close(ssh_session, ssh_channel, void* side) {
  static_cast<Side*>(side)->eof = true;
  static_cast<Side*>(side)->closed = true;
}

void ChannelPair::on_signal(ssh_session, ssh_channel, const char* name, void* side) {
  static_cast<Side*>(side)->pair->queue(Signal{name == nullptr ? "" : name});
}

/// libssh tells the client yes when this callback exists, and no channel to its agent is ever opened; without the
/// callback nobody would hear of the wish.
void ChannelPair::on_agent(ssh_session, ssh_channel, void* side) { static_cast<Side*>(side)->pair->queue(AgentWish{}); }

void ChannelPair::on_exit_status(ssh_session, ssh_channel, int status, void* side) {
  static_cast<Side*>(side)->pair->exit_.status = static_cast<std::uint32_t>(status);
}

void ChannelPair::on_exit_signal(ssh_session, ssh_channel, const char* name, int core, const char*, const char*,
                                 void* side) {
  auto& pair = *static_cast<Side*>(side)->pair;
  pair.exit_.signal = signal_name(name);
  pair.exit_.core = core != 0;
}

void ChannelPair::on_request(MessageHandle request) { queue(std::move(request)); }

void ChannelPair::queue(Request request) {
  if (requests_.size() >= kMaxRequests) {
    context_.end(recorder::EndReason::error, "The client sent too many requests at once.");
    return;
  }
  requests_.push_back(std::move(request));
}

// ---- Life

void ChannelPair::serve() {
  if (state_ == State::opening) open_twin();
  if (state_ == State::idle || state_ == State::running) {
    serve_requests();
    serve_pipes();
    // Before its end is looked at: a short command may begin and end in one turn.
    if (is_running()) {
      for (const auto& sentence : std::exchange(context_.unsaid, {})) say(sentence);
    }
  }
  if (state_ != State::opening && state_ != State::closed) serve_ends();
}

void ChannelPair::open_twin() {
  if (target_.channel == nullptr) {
    target_.channel = ssh_channel_new(context_.target->get());
    if (target_.channel == nullptr) return context_.end(recorder::EndReason::error, "Out of memory.");
    watch(target_);
  }
  const int opened = ssh_channel_open_session(target_.channel);
  if (opened == SSH_AGAIN) return;
  context_.progressed = true;
  const MessageHandle request = std::move(open_request_);
  if (opened == SSH_OK) client_.channel = ssh_message_channel_request_open_reply_accept(request.get());
  if (client_.channel == nullptr) {
    (void)ssh_message_reply_default(request.get());
    client_.closed = client_.close_sent = true;
    target_.closed = target_.closed || opened != SSH_OK;
    target_.close_sent = opened != SSH_OK;
    state_ = State::closing;
    return;
  }
  watch(client_);
  state_ = State::idle;
  if (context_.frozen) say(context_.frozen_sentence);
}

void ChannelPair::serve_pipes() {
  if (follows_files()) (void)keep_track();
  const bool running = state_ == State::running;
  const bool recordable = running && context_.recorder().accepting() && unrecorded_.empty();
  input_.set_open(running && !context_.frozen && recordable);
  output_.set_open(recordable && !client_.closed);
  error_.set_open(recordable && !client_.closed);
  bool moved = false;
  if (!context_.frozen) moved = input_.pump(client_.channel, target_.channel, *context_.target);
  send_answers();
  moved = output_.pump(target_.channel, client_.channel, *context_.client) || moved;
  moved = error_.pump(target_.channel, client_.channel, *context_.client) || moved;
  if (!moved) return;
  context_.progressed = true;
  context_.last_activity = context_.clock.mono();
}

/// Every call into libssh may turn the loop and bring bytes: what was drained is asked anew before each step.
void ChannelPair::serve_ends() {
  if (client_.closed) {
    output_.discard();
    error_.discard();
    if (sftp_) (void)sftp_->take_answers();
    // What a frozen client left behind has its time from the thaw on.
    if (!client_left_ || context_.frozen) client_left_ = context_.clock.mono();
  }
  if (state_ == State::running) pass_on_eof();
  if ((target_.closed && delivered()) || client_is_done()) {
    if (state_ == State::running) send_exit();
    state_ = State::closing;
  }
  if (state_ != State::closing) return;
  report_end();
  close_side(client_);
  close_side(target_);
  if (client_.closed && client_.close_sent && target_.closed && target_.close_sent) state_ = State::closed;
}

/// The end of the input is input: a command may wait for just that.
void ChannelPair::pass_on_eof() {
  if (client_.eof && input_.drained() && !target_.eof_sent && !context_.frozen) {
    target_.eof_sent = true;
    (void)ssh_channel_send_eof(target_.channel);
  }
  if (target_.eof && !delivered()) context_.recorder().hurry();
  if (target_.eof && delivered() && !client_.eof_sent) {
    client_.eof_sent = true;
    (void)ssh_channel_send_eof(client_.channel);
  }
}

/// It closed the channel, and nothing of it is under way any more. A client that has seen end-of-file closes at once;
/// the exit status that follows is still for it. Its close is kept from the target as its bytes are.
bool ChannelPair::client_is_done() const {
  if (!client_left_ || context_.frozen) return false;
  const bool awaits_exit = target_.eof && !target_.closed;
  const bool input_done = input_.drained() || !announced_;
  return (input_done && !awaits_exit) || context_.clock.mono() - *client_left_ > kLinger;
}

bool ChannelPair::delivered() const {
  return client_.closed || client_.channel == nullptr || (output_.drained() && error_.drained() && !answers());
}

void ChannelPair::send_exit() {
  if (exit_.sent || client_.close_sent) return;
  exit_.sent = true;
  if (exit_.status) {
    (void)ssh_channel_request_send_exit_status(client_.channel, static_cast<int>(*exit_.status));
  } else if (!exit_.signal.empty()) {
    (void)ssh_channel_request_send_exit_signal(client_.channel, exit_.signal.c_str(), exit_.core ? 1 : 0, "", "");
  }
}

/// libssh answers SSH_AGAIN between end-of-file and close, and while its buffer is not empty.
void ChannelPair::close_side(Side& side) {
  if (side.close_sent || side.channel == nullptr) return;
  if (ssh_channel_close(side.channel) != SSH_AGAIN) side.close_sent = true;
  context_.progressed = true;
}

void ChannelPair::report_end() {
  tell_refused_variables();
  if (!announced_ && consent_ && consent_->has_value() && !std::exchange(reported_end_, true))
    context_.tell(ChannelEnded{number_, std::nullopt, {}});  // allowed, and left before it began
  if (!announced_ || reported_end_) return;
  if (sftp_) sftp_->on_end();
  if (scp_) scp_->on_end();
  if (!flush_events()) return;
  reported_end_ = true;
  context_.recorded(context_.recorder().channel_closed(number_, exit_.status));
  context_.tell(ChannelEnded{number_, exit_.status, exit_.signal});
}

void ChannelPair::last_words(const std::string& sentence) {
  if (state_ != State::idle && state_ != State::running) return;
  input_.set_open(false);
  output_.set_open(context_.takes_rest);
  error_.set_open(context_.takes_rest);
  if (!sentence.empty() && !client_.closed && !ended_well()) say(sentence);
}

void ChannelPair::serve_last() {
  if (client_.closed || (state_ != State::running && state_ != State::closing)) return;
  if (state_ == State::running) {
    send_answers();
    context_.recorder().hurry();
    (void)output_.pump(target_.channel, client_.channel, *context_.client);
    (void)error_.pump(target_.channel, client_.channel, *context_.client);
    if (!ended_well() || !delivered()) return;
    send_exit();
    state_ = State::closing;
  }
  report_end();
  close_side(client_);
}

/// A client that is told goodbye before it has closed its channel forgets the exit status.
bool ChannelPair::settled() const {
  if (client_.closed || client_.channel == nullptr) return true;
  if (state_ == State::closing || ended_well()) return false;
  return context_.takes_rest ? delivered() : output_.sent() && error_.sent();
}

/// The target closed the channel with a status. Some targets hang up right then.
bool ChannelPair::ended_well() const {
  return state_ == State::running && target_.closed && (exit_.status || !exit_.signal.empty());
}

void ChannelPair::recording_failed() {
  output_.discard_unwritten();
  error_.discard_unwritten();
}

bool ChannelPair::abandon() {
  report_end();
  if (announced_ && !reported_end_) return false;
  for (Side* side : {&client_, &target_}) {
    if (side->channel != nullptr) (void)ssh_remove_channel_callbacks(side->channel, &side->callbacks);
  }
  requests_.clear();
  return true;
}

void ChannelPair::release() {
  requests_.clear();
  for (Side* side : {&client_, &target_}) {
    if (side->channel == nullptr) continue;
    (void)ssh_remove_channel_callbacks(side->channel, &side->callbacks);
    ssh_channel_free(std::exchange(side->channel, nullptr));
  }
}

void ChannelPair::say(const std::string& sentence) {
  const std::string text = sentence + (has_pty_ ? "\r\n" : "\n");
  if (announced_ && !reported_end_)
    (void)context_.recorder().output(number_, base::as_bytes(text), recorder::Stream::err);
  (void)ssh_channel_write_stderr(client_.channel, text.data(), static_cast<std::uint32_t>(text.size()));
}

}  // namespace sallyport::broker
