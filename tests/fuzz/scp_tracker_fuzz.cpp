// Two hostile peers: the input is cut into pieces that go either way. The tracker must stay within its bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sallyport/broker/scp_tracker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  if (size == 0) return 0;
  const auto direction = (data[0] & 0x80U) != 0 ? recorder::Direction::to_target : recorder::Direction::to_client;
  (void)broker::parse_scp_command(base::as_text({data, size}));
  broker::ScpTracker tracker(1, {.direction = direction, .into_directory = false, .path = "/tmp"});
  base::ByteView rest(data, size);
  while (!rest.empty()) {
    const bool from_client = (rest[0] & 0x80U) != 0;
    const std::size_t length = std::min<std::size_t>(rest[0] & 0x7FU, rest.size() - 1);
    const auto piece = rest.subspan(1, length);
    from_client ? tracker.on_client(piece) : tracker.on_target(piece);
    rest = rest.subspan(1 + length);
    for (const auto& event : tracker.take_events()) SALLYPORT_ENSURE(event.path.size() <= recorder::kMaxPath);
  }
  tracker.on_end();
  return 0;
}
