#include "ssh_refusal.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace sallyport::app {
namespace {

constexpr std::string_view kBanner = "SSH-2.0-Sallyport\r\n";
constexpr std::uint8_t kDisconnect = 1;
constexpr std::uint32_t kTooManyConnections = 12;
constexpr std::size_t kBlock = 8;  ///< of a packet that is not encrypted (RFC 4253, 6)
constexpr std::size_t kLeastPadding = 4;
constexpr std::size_t kMaxSentence = 200;
constexpr int kReadsAtOnce = 4;

/// False when the client has closed, or sends on and on.
bool drain(int client) {
  std::array<std::uint8_t, 4096> thrown_away{};
  for (int i = 0; i < kReadsAtOnce; ++i) {
    const auto got = ::recv(client, thrown_away.data(), thrown_away.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
  }
  return false;
}

}  // namespace

base::Bytes refusal_bytes(std::string_view sentence) {
  base::Writer payload;
  payload.u8(kDisconnect).u32(kTooManyConnections).block(sentence.substr(0, kMaxSentence)).block(std::string_view());
  const std::size_t bare = 4 + 1 + payload.bytes().size();
  std::size_t padding = kBlock - bare % kBlock;
  if (padding < kLeastPadding) padding += kBlock;
  base::Writer out;
  out.raw(base::as_bytes(kBanner));
  out.u32(static_cast<std::uint32_t>(1 + payload.bytes().size() + padding)).u8(static_cast<std::uint8_t>(padding));
  out.raw(payload.bytes()).raw(base::Bytes(padding));
  return std::move(out).take();
}

void Refusals::refuse(base::UniqueFd client, std::string_view sentence, Clock::time_point now) {
  const auto bytes = refusal_bytes(sentence);
  // A fresh socket takes so little at once; one that does not has nobody who reads.
  const auto sent = ::send(client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes.size())) return;
  (void)::shutdown(client.get(), SHUT_WR);
  if (held_.size() >= kMaxHeld) held_.pop_front();
  held_.push_back({std::move(client), now + kHeldFor});
}

void Refusals::add_to(std::vector<pollfd>& entries) const {
  for (const auto& one : held_) entries.push_back({one.client.get(), POLLIN, 0});
}

void Refusals::take(const pollfd* ready, Clock::time_point now) {
  for (auto& one : held_) {
    const bool more = (ready++)->revents == 0 || drain(one.client.get());
    if (!more || now >= one.until) one.client.reset();
  }
  std::erase_if(held_, [](const Held& one) { return !one.client; });
}

}  // namespace sallyport::app
