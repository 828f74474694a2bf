#include "chunk_reader.hpp"

#include <algorithm>

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::Result;

Result<FileHeader> load_header(Window& window, const base::SecretBytes* data_key, base::Digest& hash,
                               std::uint64_t& size) {
  SALLYPORT_TRY(auto prefix, window.view(0, kHeaderPrefix));
  if (prefix.size() < kHeaderPrefix) return fail(Errc::corrupt, "the header is cut");
  SALLYPORT_TRY(auto whole_size, header_size(prefix));
  SALLYPORT_TRY(auto bytes, window.view(0, whole_size));
  size = bytes.size();
  hash = base::sha256(bytes);
  return decode_header(bytes, data_key);
}

bool chunk_begins_in(base::ByteView bytes, std::uint64_t sequence) {
  for (; bytes.size() >= kClearSize; bytes = bytes.subspan(1)) {
    const auto clear = decode_clear(bytes.first(kClearSize));
    if (clear && clear.value().sequence == sequence) return true;
  }
  return false;
}

Result<bool> header_is_cut(Source& source) {
  Window window(source);
  SALLYPORT_TRY(auto bytes, window.view(0, kHeaderPrefix + kMaxHeader));
  if (bytes.size() < kHeaderPrefix) return true;
  const auto size = header_size(bytes.first(kHeaderPrefix));
  return size && bytes.size() < size.value() && !chunk_begins_in(bytes, 0);
}

Result<ChunkReader> ChunkReader::open(Source& source, const base::SecretBytes& data_key) {
  if (data_key.size() != base::kKeySize) return fail(Errc::invalid, "a recording's data key has 32 bytes");
  Window window(source);
  base::Digest hash;
  std::uint64_t size = 0;
  SALLYPORT_TRY(auto header, load_header(window, &data_key, hash, size));
  ChunkReader reader(source, std::move(header), data_key.clone());
  reader.position_ = size;
  reader.first_chunk_ = size;
  reader.previous_ = hash;
  return reader;
}

ChunkReader::ChunkReader(Source& source, FileHeader header, base::SecretBytes data_key)
    : window_(source), header_(std::move(header)), data_key_(std::move(data_key)), ratchet_(data_key_.clone()) {}

Step ChunkReader::fault(std::string reason) const {
  Step step;
  step.kind = Step::Kind::fault;
  step.finding = {sequence_, position_, std::move(reason)};
  return step;
}

Result<Step> ChunkReader::next() {
  SALLYPORT_TRY(auto bytes, window_.view(position_, kClearSize));
  if (bytes.empty()) return Step{};
  if (ended_) return fault("bytes follow END");
  if (bytes.size() < kClearSize) {
    Step step = fault("the file stops inside the chunk's header");
    step.kind = Step::Kind::cut;
    return step;
  }
  auto clear = decode_clear(bytes);
  if (!clear) return fault(clear.error().context());
  if (auto reason = misfit(clear.value())) return fault(std::move(*reason));
  return read_sealed(clear.value());
}

/// What is wrong with a clear header at this place, before any key is used.
std::optional<std::string> ChunkReader::misfit(const Clear& clear) const {
  if (clear.sequence != sequence_) return "the chunk's number is out of order: a chunk is missing, moved or doubled";
  const bool stays = clear.segment == ratchet_.segment();
  const bool advances = may_advance_ && clear.segment == ratchet_.segment() + 1;
  if (!stays && !advances) return "the chunk's segment is out of order";
  if (clear.time_ms < time_ms_) return "the chunk's time runs backwards";
  if ((clear.type == ChunkType::meta) != (clear.sequence == 0)) return "META does not stand first, or not alone";
  if (clear.type == ChunkType::end && clear.sealed_size != kEndPlain + base::kTagSize) return "END has the wrong size";
  return std::nullopt;
}

Result<Step> ChunkReader::read_sealed(const Clear& clear) {
  const std::size_t size = kClearSize + clear.sealed_size;
  SALLYPORT_TRY(auto whole, window_.view(position_, size));
  if (whole.size() == size) return open_sealed(clear, whole);
  // If the next chunk stands in there, the file was not cut here.
  if (chunk_begins_in(whole.subspan(kClearSize), clear.sequence + 1))
    return fault("the chunk's size points behind the end of the file, and another chunk follows");
  Step step = fault("the file stops inside the chunk");
  step.kind = Step::Kind::cut;
  return step;
}

Result<Step> ChunkReader::open_sealed(const Clear& clear, base::ByteView whole) {
  if (clear.segment != ratchet_.segment()) {
    ratchet_.advance();
    decompressor_.reset();
  }
  auto plain = base::unseal_with_nonce(ratchet_.chunk_key(), chunk_nonce(header_.salt, clear.sequence),
                                       whole.subspan(kClearSize), whole.first(kClearSize));
  if (!plain) return fault("the chunk was changed: it does not verify");
  if (previous_ && *previous_ != clear.previous)
    return fault("the chain is broken: the chunk before is not the one that was written");
  plain_ = std::move(plain).value();
  auto content = decompress(clear);
  if (!content) return fault(content.error().context());
  Step step;
  step.kind = Step::Kind::chunk;
  step.chunk = {clear, position_, base::sha256(whole), content.value()};
  previous_ = step.chunk.hash;
  position_ += whole.size();
  ++sequence_;
  time_ms_ = clear.time_ms;
  may_advance_ = true;
  ended_ = clear.type == ChunkType::end;
  return step;
}

Result<base::ByteView> ChunkReader::decompress(const Clear& clear) {
  if ((clear.flags & kFlagCompressed) != 0) return decompressor_.piece(plain_, kMaxPlain);
  if (plain_.size() > kMaxPlain) return fail(Errc::corrupt, "it is longer than a chunk may be");
  return base::ByteView(plain_);
}

Result<> ChunkReader::seek(std::uint64_t time_ms) {
  SALLYPORT_TRY(const auto start, SegmentSearch(window_.source(), first_chunk_).find(time_ms));
  // The ratchet runs one way only: back means from the beginning.
  if (start.segment < ratchet_.segment()) ratchet_ = Ratchet(data_key_.clone());
  while (ratchet_.segment() < start.segment) ratchet_.advance();
  decompressor_.reset();
  position_ = start.offset;
  sequence_ = start.sequence;
  time_ms_ = start.time_ms;
  previous_.reset();
  may_advance_ = false;
  ended_ = false;
  return base::ok();
}

}  // namespace sallyport::recorder
