// Any bytes as a stream of frames, cut in steps that the first byte chooses: refused, or written again as they were.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sallyport/app/frame.hpp"

namespace {

using namespace sallyport;

void check_same(const app::Frame& frame, base::ByteView bytes) {
  const auto header = app::encode_header(frame);
  SALLYPORT_ENSURE(std::equal(header.begin(), header.end(), bytes.begin()));
  const auto payload = frame.payload.view();
  SALLYPORT_ENSURE(std::equal(payload.begin(), payload.end(), bytes.begin() + app::kFrameHeader));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + 1U;
  const base::ByteView stream(data + 1, size - 1);
  app::FrameDecoder decoder(app::kMaxSessionRequest);
  std::size_t at = 0;
  for (std::size_t begun = 0; at < stream.size();) {
    const auto space = decoder.space();
    SALLYPORT_ENSURE(!space.empty());
    const std::size_t count = std::min({space.size(), step, stream.size() - at});
    std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(at), count, space.begin());
    at += count;
    const auto frame = decoder.filled(count);
    if (!frame) return 0;
    SALLYPORT_ENSURE(decoder.buffered() <= app::kMaxSessionRequest);
    if (!frame.value()) continue;
    check_same(*frame.value(), stream.subspan(begun, at - begun));
    begun = at;
  }
  return 0;
}
