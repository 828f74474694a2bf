#pragma once
// Reads the old scp protocol (`scp -t` / `scp -f` on the far side) as it passes. Sans I/O, bounded, alters nothing.
// The protocol has no RFC: BSD rcp's C, D, E and T lines, each answered with one status byte.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/base/hash.hpp"
#include "sallyport/recorder/record.hpp"

namespace sallyport::broker {

/// The far side of an scp call, if `command` is exactly that: "scp", options among -r -p -v -d -q, one of -t or -f, an
/// optional "--", then one path, quoted or not, without any character that a shell would act on. Anything else (also
/// anything after the path) is not scp, and goes by the rules for exec.
struct ScpCall {
  recorder::Direction direction = recorder::Direction::to_target;  ///< -t: to_target; -f: to_client
  bool recursive = false;
  std::string path;
};
std::optional<ScpCall> parse_scp_command(std::string_view command);

class ScpTracker {
 public:
  static constexpr std::size_t kMaxLine = 8192;
  static constexpr std::size_t kMaxDepth = 64;

  ScpTracker(recorder::ChannelNumber channel, ScpCall call);

  void on_client(base::ByteView bytes);
  void on_target(base::ByteView bytes);
  void on_end();
  std::vector<recorder::FileEvent> take_events() { return std::exchange(events_, {}); }
  bool following() const noexcept { return state_ != State::lost; }

 private:
  enum class State : unsigned char { line, content, status, text, lost };
  void feed_sender(base::ByteView bytes);
  void feed_receiver(base::ByteView bytes);
  void end_line();
  void begin_file(std::string_view rest);
  void end_file(recorder::FileOutcome outcome);
  std::string full_path() const;

  recorder::ChannelNumber channel_;
  ScpCall call_;
  State state_ = State::line;
  std::string line_;
  std::vector<std::string> directories_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
  std::optional<base::Sha256> hash_;
  bool receiver_refused_ = false;   ///< the last status byte of the receiver was no zero
  bool in_receiver_text_ = false;
  bool awaiting_verdict_ = false;   ///< content and status byte passed; the receiver's byte decides
  std::vector<recorder::FileEvent> events_;
};

}  // namespace sallyport::broker
