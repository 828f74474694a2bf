#include "sallyport/recorder/shown_channel.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"
#include "sallyport/recorder/recorder.hpp"

namespace sallyport::recorder {
namespace {

/// Beyond this a window size is nonsense, and would be memory in whatever shows it.
constexpr std::uint32_t kMaxSide = 2000;
constexpr std::size_t kMaxHeading = 120;

/// 0: the client did not know, and neither did the programs there.
std::uint32_t side(std::uint32_t given, std::uint32_t usual) { return given == 0 ? usual : std::min(given, kMaxSide); }

}  // namespace

std::optional<Shown> ShownChannel::take(const Record& record) {
  if (const auto* output = std::get_if<OutputRecord>(&record.body)) return on_output(*output);
  if (const auto* resize = std::get_if<ResizeRecord>(&record.body)) return on_resize(*resize);
  if (const auto* opened = std::get_if<OpenedRecord>(&record.body)) known(opened->channel).kind = opened->kind;
  if (const auto* command = std::get_if<CommandRecord>(&record.body))
    known(command->channel).text = base::escape_text(command->text, kMaxHeading);
  if (const auto* closed = std::get_if<ClosedRecord>(&record.body))
    std::erase_if(known_, [&](const auto& one) { return one.number == closed->channel; });
  return std::nullopt;
}

ShownChannel::Known& ShownChannel::known(ChannelNumber number) {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const auto& one) { return one.number == number; });
  if (found != known_.end()) return *found;
  if (known_.size() == kMaxOpenChannels) known_.erase(known_.begin());
  return known_.emplace_back(Known{number, ChannelKind::other, std::nullopt, {}});
}

void ShownChannel::tell_size(const Known& channel, Shown& shown) {
  if (!channel.size || told_ == channel.size) return;
  shown.size = told_ = channel.size;
}

std::optional<Shown> ShownChannel::on_output(const OutputRecord& output) {
  if (output.bytes.empty()) return std::nullopt;
  if (!all_ && channel_.value_or(output.channel) != output.channel) return std::nullopt;
  const auto& channel = known(output.channel);
  Shown shown{output.channel, output.bytes, std::nullopt, channel.size.has_value(), {}};
  const bool turns = last_ != output.channel;
  if (turns || !told_) tell_size(channel, shown);
  if (turns && all_) {
    shown.heading = "channel " + std::to_string(output.channel) + ", " + std::string(to_string(channel.kind));
    if (!channel.text.empty()) shown.heading += ": " + channel.text;
  }
  if (!all_) channel_ = output.channel;
  last_ = output.channel;
  return shown;
}

std::optional<Shown> ShownChannel::on_resize(const ResizeRecord& resize) {
  auto& channel = known(resize.channel);
  channel.size = WindowSize{side(resize.columns, kUsualSize.first), side(resize.rows, kUsualSize.second)};
  const bool seen = all_ ? last_ == resize.channel : channel_ == resize.channel;
  // A segment begins by repeating the size.
  if (!seen || told_ == channel.size) return std::nullopt;
  Shown shown{resize.channel, {}, std::nullopt, true, {}};
  tell_size(channel, shown);
  return shown;
}

}  // namespace sallyport::recorder
