#include "sallyport/recorder/channel_list.hpp"

#include <algorithm>

namespace sallyport::recorder {
namespace {

constexpr std::size_t kMaxText = 256;

}  // namespace

void ChannelList::take(const Record& record) {
  if (const auto* opened = std::get_if<OpenedRecord>(&record.body)) return on_opened(*opened, record.time_ms);
  if (const auto* output = std::get_if<OutputRecord>(&record.body)) {
    auto* channel = open(output->channel);
    if (channel != nullptr) channel->printed += output->bytes.size();
  } else if (const auto* resize = std::get_if<ResizeRecord>(&record.body)) {
    auto* channel = open(resize->channel);
    if (channel != nullptr && !channel->size) channel->size = WindowSize{resize->columns, resize->rows};
  } else if (const auto* command = std::get_if<CommandRecord>(&record.body)) {
    auto* channel = open(command->channel);
    if (channel != nullptr && channel->text.empty()) channel->text = command->text.substr(0, kMaxText);
  } else if (const auto* counts = std::get_if<CountsRecord>(&record.body)) {
    auto* channel = open(counts->channel);
    if (channel == nullptr) return;
    channel->to_client = counts->to_client;
    channel->to_target = counts->to_target;
  } else if (const auto* file = std::get_if<FileEvent>(&record.body)) {
    auto* channel = open(file->channel);
    if (channel != nullptr) ++channel->files;
  } else if (const auto* closed = std::get_if<ClosedRecord>(&record.body)) {
    auto* channel = open(closed->channel);
    if (channel == nullptr) return;
    channel->closed_ms = record.time_ms;
    channel->exit_status = closed->exit_status;
  }
}

void ChannelList::on_opened(const OpenedRecord& opened, std::uint64_t time_ms) {
  if (opened.again && open(opened.channel) != nullptr) return;
  if (channels_.size() == kMax) {
    more_ += opened.again ? 0U : 1U;
    return;
  }
  auto& channel = channels_.emplace_back();
  channel.number = opened.channel;
  channel.kind = opened.kind;
  channel.opened_ms = time_ms;
}

/// The newest of that number: the broker gives none twice, but a file may say what it likes.
ChannelSummary* ChannelList::open(ChannelNumber number) {
  const auto found =
      std::find_if(channels_.rbegin(), channels_.rend(), [&](const auto& one) { return one.number == number; });
  return found == channels_.rend() ? nullptr : &*found;
}

const ChannelSummary* ChannelList::find(ChannelNumber number) const noexcept {
  const auto found =
      std::find_if(channels_.begin(), channels_.end(), [&](const auto& one) { return one.number == number; });
  return found == channels_.end() ? nullptr : &*found;
}

std::size_t ChannelList::printing() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(channels_.begin(), channels_.end(), [](const auto& one) { return one.printed > 0; }));
}

}  // namespace sallyport::recorder
