#include "child_link.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::uint8_t kResources = 1;
constexpr std::uint8_t kFailed = 2;
constexpr std::uint8_t kEnd = 3;
constexpr std::size_t kMaxSentence = 1024;
constexpr std::size_t kMaxLink = 2048;

Result<> send_text(int socket, std::uint8_t type, const std::string& sentence) {
  base::Writer writer;
  writer.u8(type).block(std::string_view(sentence).substr(0, kMaxSentence));
  return base::send_with_fds(socket, writer.bytes(), {});
}

}  // namespace

Result<> send_link(int socket, const LinkMessage& message) {
  if (const auto* failed = std::get_if<LinkFailed>(&message)) return send_text(socket, kFailed, failed->sentence);
  if (const auto* end = std::get_if<LinkEnd>(&message)) return send_text(socket, kEnd, end->sentence);
  const auto& resources = std::get<LinkResources>(message);
  base::Writer writer;
  writer.u8(kResources).block(std::string_view());
  return base::send_with_fds(socket, writer.bytes(), {resources.target.get(), resources.recording.get()});
}

Result<LinkMessage> receive_link(int socket) {
  SALLYPORT_TRY(auto received, base::receive_with_fds(socket, kMaxLink));
  base::Reader reader(received.message);
  SALLYPORT_TRY(const auto type, reader.u8());
  SALLYPORT_TRY(const auto text, reader.text(kMaxSentence));
  SALLYPORT_TRYV(reader.end());
  const bool right_count = received.fds.size() == (type == kResources ? 2 : 0);
  if (!right_count) return fail(Errc::invalid, "the listener passed a wrong number of descriptors");
  if (type == kResources) return LinkMessage(LinkResources{std::move(received.fds[0]), std::move(received.fds[1])});
  if (type == kFailed) return LinkMessage(LinkFailed{std::string(text)});
  if (type == kEnd) return LinkMessage(LinkEnd{std::string(text)});
  return fail(Errc::invalid, "the listener said something unknown");
}

}  // namespace sallyport::app
