#include "sallyport/recorder/reader.hpp"

#include "chunk_reader.hpp"
#include "record_cursor.hpp"

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::Result;

Result<Header> read_header(Source& source) {
  Window window(source);
  base::Digest hash;
  std::uint64_t size = 0;
  SALLYPORT_TRY(auto header, load_header(window, nullptr, hash, size));
  return std::move(header.content);
}

class Reader::Impl {
 public:
  Impl(std::unique_ptr<Source> owned, ChunkReader reader) : source(std::move(owned)), chunks(std::move(reader)) {}

  Result<std::optional<Record>> next();

  std::unique_ptr<Source> source;
  ChunkReader chunks;
  RecordCursor cursor;
  bool ended = false;
  bool cut = false;
};

Result<std::optional<Record>> Reader::Impl::next() {
  for (;;) {
    SALLYPORT_TRY(auto record, cursor.next());
    if (record) {
      ended = ended || std::holds_alternative<EndRecord>(record->body);
      return record;
    }
    SALLYPORT_TRY(auto step, chunks.next());
    switch (step.kind) {
      case Step::Kind::chunk:
        cursor = RecordCursor(step.chunk);
        break;
      case Step::Kind::cut:
        cut = true;
        return std::optional<Record>{};
      case Step::Kind::end_of_file:
        return std::optional<Record>{};
      case Step::Kind::fault:
        return fail(Errc::corrupt, describe(step.finding));
    }
  }
}

Reader::Reader(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(std::unique_ptr<Source> source, const base::SecretBytes& data_key) {
  SALLYPORT_TRY(auto chunks, ChunkReader::open(*source, data_key));
  return Reader(std::make_unique<Impl>(std::move(source), std::move(chunks)));
}

const Header& Reader::header() const noexcept { return impl_->chunks.header(); }
Result<std::optional<Record>> Reader::next() { return impl_->next(); }
bool Reader::ended() const noexcept { return impl_->ended; }
bool Reader::cut() const noexcept { return impl_->cut; }

Result<> Reader::seek(std::uint64_t time_ms) {
  SALLYPORT_TRYV(impl_->chunks.seek(time_ms));
  impl_->cursor = RecordCursor();
  impl_->ended = false;
  impl_->cut = false;
  return base::ok();
}

}  // namespace sallyport::recorder
