#include "control.hpp"

#include <poll.h>

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxText = 1024;
constexpr std::size_t kMaxControl = 4096;

}  // namespace

Result<> send_control(int socket, const Control& message) {
  base::Writer writer;
  writer.u8(static_cast<std::uint8_t>(message.type)).u32(static_cast<std::uint32_t>(message.pid)).u32(message.uid);
  writer.u8(static_cast<std::uint8_t>(message.kind)).block(message.address).block(message.note);
  return base::send_with_fds(socket, writer.bytes(), {});
}

Result<Control> receive_control(int socket) {
  SALLYPORT_TRY(const auto received, base::receive_with_fds(socket, kMaxControl));
  base::Reader reader(received.message);
  Control message;
  SALLYPORT_TRY(const auto type, reader.u8());
  SALLYPORT_TRY(const auto pid, reader.u32());
  SALLYPORT_TRY(message.uid, reader.u32());
  SALLYPORT_TRY(const auto kind, reader.u8());
  SALLYPORT_TRY(const auto address, reader.text(kMaxText));
  SALLYPORT_TRY(const auto note, reader.text(kMaxText));
  SALLYPORT_TRYV(reader.end());
  if (type < 1 || type > static_cast<std::uint8_t>(ControlType::stop) || kind >= kPeerKinds)
    return fail(Errc::invalid, "control message of an unknown kind");
  message.type = static_cast<ControlType>(type);
  message.pid = static_cast<pid_t>(pid);
  message.kind = static_cast<PeerKind>(kind);
  message.address = address;
  message.note = note;
  return message;
}

Result<Control> await_control(int socket, ControlType type, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Errc::timed_out, "the supervisor said nothing in time");
    SALLYPORT_TRY(const bool readable, base::wait_for(socket, POLLIN, left));
    if (!readable) continue;
    SALLYPORT_TRY(auto message, receive_control(socket));
    if (message.type == type) return message;
  }
}

}  // namespace sallyport::app
