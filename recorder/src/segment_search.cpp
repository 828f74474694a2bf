#include "segment_search.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kMagic = "SPCK";
constexpr std::size_t kPiece = 16U << 10U;   ///< looked through at once
constexpr std::uint64_t kNear = 16U << 10U;  ///< from here on hopping is quicker than halving

}  // namespace

Result<SegmentStart> SegmentSearch::find(std::uint64_t time_ms) {
  const SegmentStart first{first_chunk_};
  SALLYPORT_TRY(const auto shown, last(source_->size(), [&](const Clear& clear) { return clear.time_ms <= time_ms; }));
  if (!shown) return first;
  const auto segment = shown->clear.segment;
  SALLYPORT_TRY(const auto before, last(shown->end(), [&](const Clear& clear) { return clear.segment < segment; }));
  if (!before) return first;
  // Each segment before it has a chunk. Whoever writes a larger number into a header would have the reader count up to
  // it.
  if (segment > before->clear.sequence + 1 || segment > source_->size() / (kClearSize + base::kTagSize))
    return fail(Errc::corrupt, "the recording was changed: a chunk names a segment that can't be there");
  return SegmentStart{before->end(), before->clear.sequence + 1, before->clear.time_ms, segment};
}

Result<std::optional<ChunkPlace>> SegmentSearch::last(std::uint64_t end, const Test& passes) {
  SALLYPORT_TRY(auto found, chunk_at(first_chunk_));
  if (!found || !passes(found->clear)) return std::optional<ChunkPlace>{};
  while (found->end() < end && end - found->end() > kNear) {
    const auto middle = found->end() + (end - found->end()) / 2;
    SALLYPORT_TRY(const auto next, next_chunk(middle, end));
    if (next && passes(next->clear))
      found = next;
    else
      end = middle;
  }
  SALLYPORT_TRY(const auto place, hop(*found, passes));
  return std::optional(place);
}

Result<ChunkPlace> SegmentSearch::hop(ChunkPlace from, const Test& passes) {
  for (;;) {
    SALLYPORT_TRY(const auto next, chunk_at(from.end()));
    if (!next || next->clear.sequence != from.clear.sequence + 1 || !passes(next->clear)) return from;
    from = *next;
  }
}

Result<std::optional<ChunkPlace>> SegmentSearch::chunk_at(std::uint64_t offset) {
  ClearBytes bytes{};
  SALLYPORT_TRY(const auto got, source_->read_at(offset, bytes));
  const auto clear = decode_clear(base::ByteView(bytes).first(got));
  if (!clear) return std::optional<ChunkPlace>{};
  return std::optional(ChunkPlace{clear.value(), offset});
}

Result<std::optional<ChunkPlace>> SegmentSearch::next_chunk(std::uint64_t offset, std::uint64_t end) {
  // Within one chunk's size another one begins, or nothing does.
  end = std::min(end, offset + kClearSize + kMaxSealed);
  std::array<std::uint8_t, kPiece> piece{};
  while (offset < end) {
    SALLYPORT_TRY(const auto got, source_->read_at(offset, piece));
    const auto text = base::as_text(base::ByteView(piece).first(got));
    for (auto at = text.find(kMagic); at != std::string_view::npos; at = text.find(kMagic, at + 1)) {
      if (offset + at >= end) break;
      SALLYPORT_TRY(auto found, chunk_at(offset + at));
      if (!found) continue;
      // Four letters come by chance; that what follows is the next chunk does not.
      SALLYPORT_TRY(const auto next, chunk_at(found->end()));
      const bool is_last = found->end() >= source_->size();
      if (is_last || (next && next->clear.sequence == found->clear.sequence + 1)) return found;
    }
    if (got < kMagic.size()) break;
    offset += got - (kMagic.size() - 1);
  }
  return std::optional<ChunkPlace>{};
}

}  // namespace sallyport::recorder
