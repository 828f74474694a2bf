// The container reader on hostile files. The first byte chooses: the bytes as they are, or as chunks forged with the
// right key, so that the fuzzer reaches what stands behind the tags.
#include <cstdint>
#include <memory>

#include "chunk_writer.hpp"
#include "sallyport/recorder/channel_list.hpp"
#include "sallyport/recorder/export.hpp"
#include "sallyport/recorder/player.hpp"
#include "sallyport/recorder/verify.hpp"

namespace {

using namespace sallyport;

base::SecretBytes fuzz_key() { return base::SecretBytes(base::kKeySize); }

/// Each piece: type and flag, a size, a payload.
base::Bytes forge(base::ByteView input) {
  recorder::FileHeader header{{base::SessionId::parse("abcdefghijklmnop").value(), base::from_unix_ms(0), {}, {}}, {}};
  auto file = recorder::encode_header(header, fuzz_key()).value();
  recorder::ChunkWriter chunks(header.salt, file, fuzz_key());
  chunks.seal(recorder::ChunkType::meta, false, 0, recorder::encode_meta({}).value(), file);
  base::Reader reader(input);
  while (reader.remaining() >= 3) {
    const auto kind = reader.u8().value();
    const auto size = std::min<std::size_t>(reader.u16().value(), reader.remaining());
    const auto type = static_cast<recorder::ChunkType>(1 + (kind & 0x0FU) % 9);
    if ((kind & 0x20U) != 0) chunks.next_segment();
    chunks.seal(type, (kind & 0x10U) != 0, 0, reader.take(size).value(), file);
  }
  return file;
}

class FuzzSource final : public recorder::Source {
 public:
  explicit FuzzSource(base::ByteView bytes) : view_(bytes) {}
  std::uint64_t size() const override { return view_.size(); }
  base::Result<std::size_t> read_at(std::uint64_t offset, base::MutableByteView out) override {
    return view_.read_at(offset, out);
  }

 private:
  recorder::MemorySource view_;
};

recorder::Reader open_again(base::ByteView file) {
  return recorder::Reader::open(std::make_unique<FuzzSource>(file), fuzz_key()).value();
}

void read_every_way(base::ByteView file) {
  recorder::MemorySource source(file);
  (void)recorder::read_header(source);
  recorder::ChannelList channels;
  (void)recorder::verify(&source, fuzz_key(), {}, [&](const recorder::Record& record) { channels.take(record); });
  if (!recorder::Reader::open(std::make_unique<FuzzSource>(file), fuzz_key())) return;
  const auto drop = [](std::string_view) -> base::Result<> { return base::ok(); };
  auto for_cast = open_again(file);
  recorder::CastOptions every;
  every.all_channels = true;
  (void)recorder::export_cast(for_cast, every, drop);
  auto for_facts = open_again(file);
  (void)recorder::export_facts(for_facts, {}, drop);
  auto for_raw = open_again(file);
  (void)recorder::export_raw(for_raw, {}, drop);
  auto player = recorder::Player::create(open_again(file), {});
  if (!player || !player.value().seek(base::Milliseconds(1000))) return;
  for (auto event = player.value().next(); event && event.value();) event = player.value().next();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView input(data + 1, size - 1);
  if ((data[0] & 1U) == 0) {
    read_every_way(input);
  } else {
    read_every_way(forge(input));
  }
  return 0;
}
