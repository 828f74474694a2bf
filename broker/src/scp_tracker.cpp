#include "sallyport/broker/scp_tracker.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport::broker {
namespace {

std::optional<std::uint64_t> read_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

ScpTracker::ScpTracker(recorder::ChannelNumber channel, ScpCall call) : channel_(channel), call_(std::move(call)) {}

void ScpTracker::on_client(base::ByteView bytes) {
  call_.direction == recorder::Direction::to_target ? feed_sender(bytes) : feed_receiver(bytes);
}

void ScpTracker::on_target(base::ByteView bytes) {
  call_.direction == recorder::Direction::to_target ? feed_receiver(bytes) : feed_sender(bytes);
}

void ScpTracker::on_end() {
  const auto told = uploads() ? recorder::FileOutcome::unknown : recorder::FileOutcome::partial;
  if (enters_) end_directory(recorder::FileOutcome::unknown);
  if (state_ == State::content)
    end_file(recorder::FileOutcome::partial);
  else if (state_ == State::trailer || state_ == State::complaint || state_ == State::verdict)
    end_file(told);
  else if (state_ == State::offered && uploads())
    end_file(told);  // a receiver makes the file before it answers
  if (state_ != State::lost) state_ = State::answer;
}

void ScpTracker::lose() {
  on_end();
  state_ = State::lost;
}

void ScpTracker::feed_sender(base::ByteView bytes) {
  while (!bytes.empty() && state_ != State::lost) {
    if (state_ == State::content) {
      bytes = bytes.subspan(take_content(bytes));
    } else {
      on_sender_byte(static_cast<char>(bytes.front()));
      bytes = bytes.subspan(1);
    }
  }
}

std::size_t ScpTracker::take_content(base::ByteView bytes) {
  const auto piece = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  hash_->update(piece);
  left_ -= piece.size();
  if (left_ == 0) state_ = State::trailer;
  return piece.size();
}

void ScpTracker::on_sender_byte(char c) {
  switch (state_) {
    case State::line:
      return on_line_byte(c);
    case State::trailer:
      sender_complained_ = c != 0;
      state_ = c == 0 ? State::verdict : State::complaint;
      return use_answers();
    case State::complaint:
      if (c == '\n') {
        state_ = State::verdict;
        use_answers();
      }
      return;
    default:
      lose();  // it did not wait for the answer
  }
}

void ScpTracker::on_line_byte(char c) {
  if (c == '\n') return end_line();
  if (line_.size() >= kMaxLine || c == '\0') return lose();
  line_ += c;
}

void ScpTracker::feed_receiver(base::ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    if (in_answer_text_) {
      in_answer_text_ = byte != '\n';
      continue;
    }
    in_answer_text_ = byte == 1 || byte == 2;
    if (answers_.size() >= kMaxEarlyAnswers || byte > 2) return lose();
    answers_.push_back(byte == 0);
  }
  use_answers();
}

void ScpTracker::use_answers() {
  while (!answers_.empty() && (state_ == State::answer || state_ == State::offered || state_ == State::verdict)) {
    const bool good = answers_.front();
    answers_.erase(answers_.begin());
    on_answer(good);
  }
}

void ScpTracker::on_answer(bool good) {
  if (state_ == State::offered && good) {
    state_ = left_ == 0 ? State::trailer : State::content;
    return;
  }
  if (enters_)
    end_directory(good ? recorder::FileOutcome::complete : recorder::FileOutcome::failed);
  else if (state_ == State::offered || (state_ == State::verdict && !good))
    end_file(recorder::FileOutcome::failed);
  else if (state_ == State::verdict)
    end_file(sender_complained_ ? recorder::FileOutcome::partial : recorder::FileOutcome::complete);
  state_ = State::line;
}

void ScpTracker::end_line() {
  const std::string line = std::exchange(line_, {});
  state_ = State::answer;
  bool good = true;
  switch (line.empty() ? '\0' : line.front()) {
    case 'C':
    case 'D':
      good = take_item(line);
      break;
    case 'E':
      good = !directories_.empty();
      if (good) directories_.pop_back();
      break;
    case 'T':
      good = take_times(std::string_view(line).substr(1));
      break;
    case 1:
    case 2:
      state_ = State::line;
      break;  // a complaint; it is not answered
    default:
      good = false;
  }
  good ? use_answers() : lose();
}

/// "T<modified> <microseconds> <accessed> <microseconds>"
bool ScpTracker::take_times(std::string_view rest) {
  std::array<std::uint64_t, 4> numbers{};
  for (auto& number : numbers) {
    const auto value = read_number(rest);
    const bool more = &number != &numbers.back();
    if (!value || more != rest.starts_with(' ')) return false;
    if (more) rest.remove_prefix(1);
    number = *value;
  }
  times_ = ", times " + std::to_string(numbers[2]) + " " + std::to_string(numbers[0]);
  return rest.empty();
}

/// "C<mode> <size> <name>" or "D<mode> <size> <name>", exactly as OpenSSH's receiver reads it.
bool ScpTracker::take_item(std::string_view line) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  const auto mode = line.substr(1, 4);
  if (line.size() < 7 || !std::all_of(mode.begin(), mode.end(), octal) || line[5] != ' ') return false;
  const bool directory = line.front() == 'D';
  line.remove_prefix(6);
  const auto size = read_number(line);
  if (!size || *size > INT64_MAX || line.size() < 2 || line.front() != ' ') return false;
  const auto name = line.substr(1);
  // The sender of an upload is a stranger to the target.
  const bool strays = name.find('/') != name.npos || name == "." || name == "..";
  if (uploads() && strays) return false;
  if (directory && directories_.size() >= kMaxDepth) return false;
  name_ = name;
  mode_ = mode;
  enters_ = directory;
  if (directory) return true;
  size_ = left_ = *size;
  sender_complained_ = false;
  hash_.emplace();
  state_ = State::offered;
  return true;
}

void ScpTracker::end_directory(recorder::FileOutcome outcome) {
  enters_ = false;
  if (uploads()) {
    auto event = named_event(outcome);
    event.action = recorder::FileAction::make_directory;
    events_.push_back(std::move(event));
  }
  if (outcome != recorder::FileOutcome::complete) return;
  directories_.push_back(name_);
  times_.clear();
}

void ScpTracker::end_file(recorder::FileOutcome outcome) {
  auto event = named_event(outcome);
  event.size = size_ - left_;
  if (size_ == 0 || left_ < size_) event.sha256 = hash_->finish();
  hash_.reset();
  events_.push_back(std::move(event));
  // Times that were not used stay for the next one, as they do at the receiver.
  if (outcome != recorder::FileOutcome::failed) times_.clear();
}

recorder::FileEvent ScpTracker::named_event(recorder::FileOutcome outcome) {
  recorder::FileEvent event;
  name_item(event);
  event.direction = call_.direction;
  event.channel = channel_;
  event.how = recorder::FileHow::scp;
  event.outcome = outcome;
  if (uploads()) event.detail = "mode " + mode_ + times_;
  return event;
}

void ScpTracker::name_item(recorder::FileEvent& event) const {
  // A sender names the directory that it was asked for again in its first D line.
  const std::size_t known = uploads() ? 0 : 1;
  std::string inside;
  for (std::size_t i = known; i < directories_.size(); ++i) inside += directories_[i] + '/';
  inside += name_;
  event.path = call_.path;
  const bool whole = event.path == name_ || event.path.ends_with("/" + name_);
  const bool sure = uploads() ? call_.into_directory || (event.path.ends_with('/') && !enters_ && directories_.empty())
                              : !directories_.empty() || event.path.ends_with('/');
  if (sure) {
    if (!event.path.ends_with('/')) event.path += '/';
    event.path += inside;
  } else if (uploads() || !whole) {
    // Only the target knows whether that path is the item itself or the directory around it.
    event.other_path = std::move(inside);
  }
  if (event.path.size() > recorder::kMaxPath) event.path.resize(recorder::kMaxPath);
  if (event.other_path.size() > recorder::kMaxPath) event.other_path.resize(recorder::kMaxPath);
}

}  // namespace sallyport::broker
