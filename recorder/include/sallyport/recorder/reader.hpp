#pragma once
// Reads a recording's records in order, or from a segment on. Every chunk is checked (tag, chain, numbers) before any
// of it is shown. Memory is bounded whatever the file says.
#include <memory>
#include <optional>

#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/recorder/record.hpp"
#include "sallyport/recorder/source.hpp"

namespace sallyport::recorder {

/// The clear part of the header, without the data key and unchecked: to find the wrapped key before the vault opens it.
base::Result<Header> read_header(Source& source);

/// Not thread-safe; movable; owns its source.
class Reader {
 public:
  /// Errc::corrupt: no recording, another version, or the data key is not this recording's.
  static base::Result<Reader> open(std::unique_ptr<Source> source, const base::SecretBytes& data_key);

  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  const Header& header() const noexcept;

  /// The next record; nothing at the end of what is there (after END, or where the file stops between or within
  /// chunks: see cut()). Errc::corrupt names chunk and offset; after an Error there is no going on.
  base::Result<std::optional<Record>> next();
  bool ended() const noexcept;  ///< END was read
  bool cut() const noexcept;    ///< the file stopped in the middle of a chunk

  /// Continues with the first record of the segment in which that time (ms since the start) lies, or of the last one.
  /// It is found by clear headers, which are not authenticated; next() checks what is read there, but not the chain
  /// across the jump.
  base::Result<> seek(std::uint64_t time_ms);

 private:
  class Impl;
  explicit Reader(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::recorder
