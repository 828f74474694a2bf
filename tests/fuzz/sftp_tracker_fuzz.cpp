// Two hostile peers: the input is cut into pieces that go either way. The tracker must stay within its bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sallyport/broker/sftp_tracker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  if (size == 0) return 0;

  broker::SftpTracker tracker(1);
  base::ByteView rest(data, size);
  while (!rest.empty()) {
    const bool from_client = (rest[0] & 0x80U) != 0;
    const std::size_t length = std::min<std::size_t>(rest[0] & 0x7FU, rest.size() - 1);
    const auto piece = rest.subspan(1, length);
    base::Bytes bytes(piece.begin(), piece.end());
    from_client ? tracker.on_client(bytes) : tracker.on_target(bytes);
    rest = rest.subspan(1 + length);
    for (const auto& event : tracker.take_events()) SALLYPORT_ENSURE(event.path.size() <= recorder::kMaxPath);
  }
  tracker.on_end();
  return 0;
}
