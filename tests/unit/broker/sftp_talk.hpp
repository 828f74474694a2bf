#pragma once
// Both sides of an SFTP conversation, played by hand at a tracker.
#include "sallyport/broker/sftp_tracker.hpp"
#include "sftp_request.hpp"
#include "support/catch.hpp"

namespace sallyport::broker::test {

inline base::Bytes packet(std::uint8_t type, const base::Writer& body) {
  base::Writer out;
  base::Writer inner;
  inner.u8(type).raw(body.bytes());
  out.block(inner.bytes());
  return std::move(out).take();
}

/// Plays both sides; every call is one packet.
struct Talk {
  SftpTracker tracker{1};
  std::uint32_t id = 0;
  bool passed = true;  ///< the client's last bytes did

  Talk() {
    client(packet(1, base::Writer().u32(3)));
    target(packet(2, base::Writer().u32(3)));
  }
  void client(base::Bytes bytes) {
    tracker.on_client(bytes);
    passed = !bytes.empty();
  }
  /// What the client sees of it.
  base::Bytes target(base::Bytes bytes) {
    tracker.on_target(bytes);
    return bytes;
  }
  std::uint32_t open(std::string_view path, std::uint32_t flags, std::string_view handle) {
    client(packet(3, base::Writer().u32(++id).block(path).u32(flags).u32(0)));
    target(packet(102, base::Writer().u32(id).block(handle)));
    return id;
  }
  std::uint32_t write(std::string_view handle, std::uint64_t offset, std::string_view data) {
    client(packet(6, base::Writer().u32(++id).block(handle).u64(offset).block(data)));
    return id;
  }
  std::uint32_t read(std::string_view handle, std::uint64_t offset) {
    client(packet(5, base::Writer().u32(++id).block(handle).u64(offset).u32(32768)));
    return id;
  }
  void data(std::uint32_t request, std::string_view bytes) {
    target(packet(103, base::Writer().u32(request).block(bytes)));
  }
  void status(std::uint32_t request, std::uint32_t code) {
    target(packet(101, base::Writer().u32(request).u32(code).block(std::string_view("")).block(std::string_view(""))));
  }
  void close(std::string_view handle) {
    client(packet(4, base::Writer().u32(++id).block(handle)));
    status(id, 0);
  }
  recorder::FileEvent only_event() {
    auto events = tracker.take_events();
    REQUIRE(events.size() == 1);
    return events[0];
  }
};

inline base::Digest hash_of(std::string_view text) { return base::sha256(base::as_bytes(text)); }

}  // namespace sallyport::broker::test
