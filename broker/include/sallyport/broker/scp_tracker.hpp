#pragma once
// Reads the old scp protocol (`scp -t` / `scp -f` on the far side) as it passes. Sans I/O, bounded, alters nothing.
// The protocol has no RFC: BSD rcp's C, D, E and T lines, each answered with one status byte.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/base/hash.hpp"
#include "sallyport/broker/scp_command.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

/// Every line of the sender and every end of a file is answered by exactly one status of the receiver, and the sender
/// waits for it: a sender that does not is no longer followed, nor one whose lines a receiver could read another way.
/// Whatever was passed on towards the target leaves an event, at the latest at on_end().
class ScpTracker {
 public:
  static constexpr std::size_t kMaxLine = 2000;  ///< OpenSSH's receiver cuts lines at 2,047 bytes
  static constexpr std::size_t kMaxDepth = 64;
  static constexpr std::size_t kMaxEarlyAnswers = 64;

  ScpTracker(recorder::ChannelNumber channel, ScpCall call);

  void on_client(base::ByteView bytes);  ///< from the client to the target
  void on_target(base::ByteView bytes);  ///< from the target to the client
  /// The channel is over: reports what is under way.
  void on_end();
  /// What was completed since the last call, in order.
  std::vector<recorder::FileEvent> take_events() { return std::exchange(events_, {}); }
  /// Once false it stays so: the caller closes the channel, because what is not seen must not pass.
  bool following() const noexcept { return state_ != State::lost; }

 private:
  enum class State : unsigned char {
    answer,   ///< the receiver's status is due: at the start, after D, E and T lines
    line,     ///< the sender's next line
    offered,  ///< a C line passed; the receiver takes the file or not
    content,
    trailer,    ///< the sender's own status after the content
    complaint,  ///< the sender's message in place of a zero status
    verdict,    ///< the receiver's status for the whole file
    lost,
  };
  void feed_sender(base::ByteView bytes);
  void feed_receiver(base::ByteView bytes);
  std::size_t take_content(base::ByteView bytes);
  void on_sender_byte(char c);
  void on_line_byte(char c);
  void use_answers();
  void on_answer(bool good);
  void end_line();
  bool take_times(std::string_view rest);
  bool take_item(std::string_view line);
  void end_directory(recorder::FileOutcome outcome);
  void end_file(recorder::FileOutcome outcome);
  recorder::FileEvent named_event(recorder::FileOutcome outcome);
  void name_item(recorder::FileEvent& event) const;
  bool uploads() const noexcept { return call_.direction == recorder::Direction::to_target; }
  void lose();

  recorder::ChannelNumber channel_;
  ScpCall call_;
  State state_ = State::answer;
  std::string line_;
  std::vector<std::string> directories_;  ///< that the receiver has entered
  std::string name_;                      ///< of the file, or of the directory that is offered
  std::string mode_;
  std::string times_;    ///< for the next item that the receiver takes
  bool enters_ = false;  ///< the line that is to be answered is a directory's
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
  std::optional<base::Sha256> hash_;
  bool sender_complained_ = false;
  bool in_answer_text_ = false;
  std::vector<bool> answers_;  ///< statuses that no line has asked for yet
  std::vector<recorder::FileEvent> events_;
};

}  // namespace sallyport::broker
