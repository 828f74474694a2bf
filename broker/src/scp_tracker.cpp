#include "sallyport/broker/scp_tracker.hpp"

#include <algorithm>
#include <charconv>

#include "sallyport/base/text.hpp"

namespace sallyport::broker {
namespace {

constexpr std::size_t kMaxScpCommand = 4200;

bool is_plain(char c) {
  constexpr std::string_view kSafe = "/._-+,:@%=~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kSafe.find(c) != kSafe.npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// One shell word that every POSIX shell reads as itself: plain characters, '...' and \x; no expansion of any kind.
std::optional<std::string> read_word(std::string_view text) {
  std::string word;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted || is_plain(c)) {
      word += c;
    } else if (c == '\\') {
      if (++i == text.size() || static_cast<unsigned char>(text[i]) < 0x20) return std::nullopt;
      word += text[i];
    } else {
      return std::nullopt;
    }
  }
  if (quoted || word.empty()) return std::nullopt;
  return word;
}

std::string_view next_token(std::string_view& text) {
  const auto token = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), token.size() + 1));
  return token;
}

std::optional<std::uint64_t> read_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<ScpCall> parse_scp_command(std::string_view command) {
  if (command.size() > kMaxScpCommand || next_token(command) != "scp") return std::nullopt;
  ScpCall call;
  std::optional<recorder::Direction> direction;
  // A path that begins with '-' needs "--" in front, so that no option hides in it.
  while (command.starts_with('-')) {
    const auto option = next_token(command);
    if (option == "--") break;
    if (option.size() < 2) return std::nullopt;
    for (const char c : option.substr(1)) {
      if (c == 'r' || c == 'd')
        call.into_directory = true;
      else if (c == 't' && !direction)
        direction = recorder::Direction::to_target;
      else if (c == 'f' && !direction)
        direction = recorder::Direction::to_client;
      else if (std::string_view("pvq").find(c) == std::string_view::npos)
        return std::nullopt;
    }
  }
  auto path = read_word(command);
  if (!direction || !path) return std::nullopt;
  call.direction = *direction;
  call.path = std::move(*path);
  return call;
}

ScpTracker::ScpTracker(recorder::ChannelNumber channel, ScpCall call) : channel_(channel), call_(std::move(call)) {}

void ScpTracker::on_client(base::ByteView bytes) {
  call_.direction == recorder::Direction::to_target ? feed_sender(bytes) : feed_receiver(bytes);
}

void ScpTracker::on_target(base::ByteView bytes) {
  call_.direction == recorder::Direction::to_target ? feed_receiver(bytes) : feed_sender(bytes);
}

void ScpTracker::on_end() {
  const bool under_way =
      state_ == State::content || state_ == State::trailer || state_ == State::complaint || state_ == State::verdict;
  if (under_way) end_file(recorder::FileOutcome::partial);
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
      state_ = State::lost;  // it did not wait for the answer
  }
}

void ScpTracker::on_line_byte(char c) {
  if (c == '\n') return end_line();
  if (line_.size() >= kMaxLine) {
    state_ = State::lost;
    return;
  }
  line_ += c;
}

void ScpTracker::feed_receiver(base::ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    if (in_answer_text_) {
      in_answer_text_ = byte != '\n';
      continue;
    }
    in_answer_text_ = byte == 1 || byte == 2;
    if (answers_.size() >= kMaxEarlyAnswers || byte > 2) {
      state_ = State::lost;
      return;
    }
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
  if (state_ == State::offered || (state_ == State::verdict && !good))
    end_file(recorder::FileOutcome::failed);
  else if (state_ == State::verdict)
    end_file(sender_complained_ ? recorder::FileOutcome::partial : recorder::FileOutcome::complete);
  state_ = State::line;
}

void ScpTracker::end_line() {
  const std::string line = std::exchange(line_, {});
  state_ = State::answer;
  switch (line.empty() ? '\0' : line.front()) {
    case 'C':
      begin_file(std::string_view(line).substr(1));
      break;
    case 'D':
      enter_directory(line);
      break;
    case 'E':
      if (directories_.empty())
        state_ = State::lost;
      else
        directories_.pop_back();
      break;
    case 'T':
      break;
    case 1:
    case 2:
      state_ = State::line;
      break;  // a complaint; it is not answered
    default:
      state_ = State::lost;
  }
  use_answers();
}

void ScpTracker::enter_directory(const std::string& line) {
  const auto mode_end = line.find(' ');
  const auto name = mode_end == std::string::npos ? mode_end : line.find(' ', mode_end + 1);
  if (name == std::string::npos || directories_.size() >= kMaxDepth) {
    state_ = State::lost;
    return;
  }
  directories_.push_back(line.substr(name + 1, recorder::kMaxPath));
}

void ScpTracker::begin_file(std::string_view rest) {
  const auto space = rest.find(' ');
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  const auto size = read_number(rest);
  if (!size || rest.size() < 2 || rest.front() != ' ') {
    state_ = State::lost;
    return;
  }
  name_ = rest.substr(1);
  size_ = left_ = *size;
  sender_complained_ = false;
  hash_.emplace();
  state_ = State::offered;
}

void ScpTracker::end_file(recorder::FileOutcome outcome) {
  recorder::FileEvent event;
  name_file(event);
  event.direction = call_.direction;
  event.size = size_ - left_;
  event.channel = channel_;
  event.how = recorder::FileHow::scp;
  event.outcome = outcome;
  if (size_ == 0 || left_ < size_) event.sha256 = hash_->finish();
  hash_.reset();
  events_.push_back(std::move(event));
}

void ScpTracker::name_file(recorder::FileEvent& event) const {
  event.path = call_.path;
  const auto append = [&event](const std::string& part) {
    if (!event.path.ends_with('/')) event.path += '/';
    event.path += part;
  };
  const bool whole = event.path == name_ || event.path.ends_with("/" + name_);
  if (call_.into_directory || !directories_.empty() || event.path.ends_with('/')) {
    // A sender names the directory that it was asked for again in its first D line.
    const std::size_t known = call_.direction == recorder::Direction::to_client ? 1 : 0;
    for (std::size_t i = known; i < directories_.size(); ++i) append(directories_[i]);
    if (!directories_.empty() || !whole) append(name_);
  } else if (!whole) {
    // Only the target knows whether that path is the file or the directory around it.
    event.other_path = name_.substr(0, recorder::kMaxPath);
  }
  if (event.path.size() > recorder::kMaxPath) event.path.resize(recorder::kMaxPath);
}

}  // namespace sallyport::broker
