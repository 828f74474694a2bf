#pragma once
// Reads and checks one chunk after the other: bounds, tag, chain, order, decompression.
#include <optional>

#include "compression.hpp"
#include "framing.hpp"
#include "ratchet.hpp"
#include "sallyport/recorder/record.hpp"
#include "sallyport/recorder/verify.hpp"
#include "segment_search.hpp"
#include "window.hpp"

namespace sallyport::recorder {

struct Chunk {
  Clear clear;
  std::uint64_t offset = 0;
  base::Digest hash{};
  base::ByteView plain;  ///< decompressed; good until the next call
};

/// What stands at the reading position.
struct Step {
  enum class Kind : std::uint8_t {
    chunk,
    end_of_file,  ///< nothing more
    cut,          ///< the beginning of a chunk, and then the file stops
    fault,        ///< something that the writer did not write
  };
  Kind kind = Kind::end_of_file;
  Chunk chunk;      ///< for Kind::chunk
  Finding finding;  ///< for cut and fault
};

/// Reads the header. Without a key nothing is checked but its shape.
base::Result<FileHeader> load_header(Window& window, const base::SecretBytes* data_key, base::Digest& hash,
                                     std::uint64_t& size);

/// Whether the source stops inside its header, and no chunk stands in what is there.
base::Result<bool> header_is_cut(Source& source);
/// Whether a chunk of that number begins somewhere in these bytes.
bool chunk_begins_in(base::ByteView bytes, std::uint64_t sequence);

class ChunkReader {
 public:
  /// `source` outlives it.
  static base::Result<ChunkReader> open(Source& source, const base::SecretBytes& data_key);

  const Header& header() const noexcept { return header_.content; }
  /// An Error only when the source cannot be read. After cut or fault it stays there.
  base::Result<Step> next();
  std::uint64_t position() const noexcept { return position_; }

  /// See Reader::seek.
  base::Result<> seek(std::uint64_t time_ms);

 private:
  ChunkReader(Source& source, FileHeader header, base::SecretBytes data_key);
  Step fault(std::string reason) const;
  std::optional<std::string> misfit(const Clear& clear) const;
  base::Result<Step> read_sealed(const Clear& clear);
  base::Result<Step> open_sealed(const Clear& clear, base::ByteView whole);
  base::Result<base::ByteView> decompress(const Clear& clear);

  Window window_;
  FileHeader header_;
  base::SecretBytes data_key_;
  std::uint64_t first_chunk_ = 0;  ///< offset
  Ratchet ratchet_;
  Decompressor decompressor_;
  base::Bytes plain_;
  std::uint64_t position_ = 0;
  std::uint64_t sequence_ = 0;            ///< that the next chunk must have
  std::uint64_t time_ms_ = 0;             ///< of the chunk before
  std::optional<base::Digest> previous_;  ///< hash of the chunk before; unknown after a jump
  bool ended_ = false;
  bool may_advance_ = false;  ///< the next chunk may start a segment
};

}  // namespace sallyport::recorder
