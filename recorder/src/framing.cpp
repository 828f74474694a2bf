#include "framing.hpp"

#include <algorithm>

#include "ratchet.hpp"

namespace sallyport::recorder {
namespace {

using base::Errc;
using base::fail;
using base::Result;

constexpr std::array<std::uint8_t, 8> kMagic{'S', 'P', 'R', 'E', 'C', '\r', '\n', 0x1A};
constexpr std::uint32_t kChunkMagic = 0x5350434B;  // "SPCK"
constexpr std::size_t kMacSize = 32;

base::Error corrupt(std::string what) { return fail(Errc::corrupt, std::move(what)); }

template <std::size_t N>
Result<std::array<std::uint8_t, N>> take_array(base::Reader& reader) {
  SALLYPORT_TRY(auto view, reader.take(N));
  std::array<std::uint8_t, N> out;
  std::copy(view.begin(), view.end(), out.begin());
  return out;
}

Result<> check_bounds(const Header& header) {
  if (header.wrapped_key.size() > kMaxWrappedKey) return fail(Errc::invalid, "the recording's wrapped key is too long");
  if (header.recipients.size() > kMaxRecipients) return fail(Errc::invalid, "the recording has too many recipients");
  for (const auto& recipient : header.recipients) {
    if (recipient.key_id.size() > kMaxKeyId || recipient.sealed_key.size() > kMaxSealedKey) {
      return fail(Errc::invalid, "a recipient of the recording is too long");
    }
  }
  return base::ok();
}

base::Bytes encode_body(const FileHeader& header) {
  base::Writer body;
  body.block(header.content.session.text())
      .u64(static_cast<std::uint64_t>(base::to_unix_ms(header.content.started)))
      .raw(header.salt)
      .block(header.content.wrapped_key)
      .u16(static_cast<std::uint16_t>(header.content.recipients.size()));
  for (const auto& recipient : header.content.recipients) body.block(recipient.key_id).block(recipient.sealed_key);
  body.block(base::ByteView{});  // the reserved dictionary
  return std::move(body).take();
}

Result<std::vector<Recipient>> decode_recipients(base::Reader& reader) {
  SALLYPORT_TRY(auto count, reader.u16());
  if (count > kMaxRecipients) return corrupt("the header names too many recipients");
  std::vector<Recipient> out;
  for (std::size_t i = 0; i < count; ++i) {
    SALLYPORT_TRY(auto key_id, reader.text(kMaxKeyId));
    SALLYPORT_TRY(auto sealed, reader.block(kMaxSealedKey));
    out.push_back({std::string(key_id), base::Bytes(sealed.begin(), sealed.end())});
  }
  return out;
}

Result<FileHeader> decode_body(base::ByteView bytes) {
  base::Reader reader(bytes);
  SALLYPORT_TRY(auto session_text, reader.text(base::SessionId::kLength));
  SALLYPORT_TRY(auto session, base::SessionId::parse(session_text));
  SALLYPORT_TRY(auto start, reader.u64());
  // Year 9999: what prints as a date.
  if (start > 253402300799999ULL) return corrupt("the header's start time is no date");
  SALLYPORT_TRY(auto salt, take_array<kSaltSize>(reader));
  SALLYPORT_TRY(auto wrapped, reader.block(kMaxWrappedKey));
  SALLYPORT_TRY(auto recipients, decode_recipients(reader));
  SALLYPORT_TRYV(reader.block(0));
  SALLYPORT_TRYV(reader.end());
  return FileHeader{{std::move(session), base::from_unix_ms(static_cast<std::int64_t>(start)),
                     base::Bytes(wrapped.begin(), wrapped.end()), std::move(recipients)},
                    salt};
}

bool mac_fits(base::ByteView bytes, const base::SecretBytes& data_key) {
  const auto key = header_key(data_key);
  const auto mac = base::hmac_sha256(key.expose(), bytes.first(bytes.size() - kMacSize));
  return base::equals_ct(mac, bytes.last(kMacSize));
}

std::string cut_sentence(std::string_view text) { return std::string(text.substr(0, kMaxSentence)); }

}  // namespace

Result<base::Bytes> encode_header(const FileHeader& header, const base::SecretBytes& data_key) {
  SALLYPORT_TRYV(check_bounds(header.content));
  base::Writer out;
  out.raw(kMagic).u16(kFormatVersion).u16(0).block(encode_body(header));
  const auto key = header_key(data_key);
  out.raw(base::hmac_sha256(key.expose(), out.bytes()));
  return std::move(out).take();
}

Result<std::size_t> header_size(base::ByteView prefix) {
  base::Reader reader(prefix);
  SALLYPORT_TRY(auto magic, reader.take(kMagic.size()));
  if (!std::equal(magic.begin(), magic.end(), kMagic.begin())) return corrupt("this is no recording");
  SALLYPORT_TRY(auto version, reader.u16());
  if (version < kOldestVersion || version > kFormatVersion)
    return corrupt("this version of the recording format is not known");
  SALLYPORT_TRY(auto flags, reader.u16());
  if (flags != 0) return corrupt("the header has unknown flags");
  SALLYPORT_TRY(auto body, reader.u32());
  if (body > kMaxHeader) return corrupt("the header is too long");
  return kHeaderPrefix + body + kMacSize;
}

Result<FileHeader> decode_header(base::ByteView bytes, const base::SecretBytes* data_key) {
  SALLYPORT_TRY(auto size, header_size(bytes));
  if (bytes.size() != size) return corrupt("the header is cut");
  if (data_key != nullptr && !mac_fits(bytes, *data_key)) {
    return corrupt("the header was changed, or the data key is not this recording's");
  }
  auto header = decode_body(bytes.subspan(kHeaderPrefix, size - kHeaderPrefix - kMacSize));
  if (!header) return corrupt("the header cannot be read: " + header.error().context());
  return header;
}

ClearBytes encode_clear(const Clear& clear) {
  base::Writer out;
  out.u32(kChunkMagic).u8(static_cast<std::uint8_t>(clear.type)).u8(clear.flags).u16(0);
  out.u32(clear.sealed_size).u32(clear.segment).u64(clear.sequence).u64(clear.time_ms).raw(clear.previous);
  ClearBytes bytes;
  SALLYPORT_ENSURE(out.bytes().size() == bytes.size());
  std::copy(out.bytes().begin(), out.bytes().end(), bytes.begin());
  return bytes;
}

Result<Clear> decode_clear(base::ByteView bytes) {
  base::Reader reader(bytes);
  Clear clear;
  SALLYPORT_TRY(auto magic, reader.u32());
  if (magic != kChunkMagic) return corrupt("no chunk begins here");
  SALLYPORT_TRY(auto type, reader.u8());
  if (type < 1 || type > 9) return corrupt("the chunk's type is not known");
  clear.type = static_cast<ChunkType>(type);
  SALLYPORT_TRY(clear.flags, reader.u8());
  SALLYPORT_TRY(auto zero, reader.u16());
  if ((clear.flags & ~kFlagCompressed) != 0 || zero != 0) return corrupt("the chunk has unknown flags");
  SALLYPORT_TRY(clear.sealed_size, reader.u32());
  if (clear.sealed_size < base::kTagSize || clear.sealed_size > kMaxSealed)
    return corrupt("the chunk's size is out of bounds");
  SALLYPORT_TRY(clear.segment, reader.u32());
  SALLYPORT_TRY(clear.sequence, reader.u64());
  SALLYPORT_TRY(clear.time_ms, reader.u64());
  SALLYPORT_TRY(clear.previous, take_array<32>(reader));
  SALLYPORT_TRYV(reader.end());
  return clear;
}

std::array<std::uint8_t, base::kNonceSize> chunk_nonce(const Salt& salt, std::uint64_t sequence) {
  std::array<std::uint8_t, base::kNonceSize> nonce{};
  std::copy(salt.begin(), salt.end(), nonce.begin());
  for (std::size_t i = 0; i < 8; ++i) nonce[kSaltSize + i] = static_cast<std::uint8_t>(sequence >> (56U - 8U * i));
  return nonce;
}

Result<base::Bytes> encode_meta(const Meta& meta) {
  if (meta.size() > kMaxMetaFields) return fail(Errc::invalid, "the recording has too many meta fields");
  base::Writer out;
  out.u16(static_cast<std::uint16_t>(meta.size()));
  for (const auto& [name, value] : meta) {
    if (name.size() > kMaxMetaText || value.size() > kMaxMetaText) {
      return fail(Errc::invalid, "a meta field of the recording is too long");
    }
    out.block(name).block(value);
  }
  // Far below kMaxPlain only in practice: 64 fields of 8 KiB are 512 KiB.
  if (out.bytes().size() > kMaxPlain) return fail(Errc::invalid, "the recording's meta fields are too long together");
  return std::move(out).take();
}

Result<Meta> decode_meta(base::ByteView plain) {
  base::Reader reader(plain);
  SALLYPORT_TRY(auto count, reader.u16());
  if (count > kMaxMetaFields) return corrupt("META has too many fields");
  Meta meta;
  for (std::size_t i = 0; i < count; ++i) {
    SALLYPORT_TRY(auto name, reader.text(kMaxMetaText));
    SALLYPORT_TRY(auto value, reader.text(kMaxMetaText));
    meta.emplace_back(name, value);
  }
  SALLYPORT_TRYV(reader.end());
  return meta;
}

base::Bytes encode_checkpoint(const CheckpointRecord& checkpoint) {
  base::Writer out;
  out.u64(checkpoint.mark.sequence).raw(checkpoint.mark.hash).raw(checkpoint.signature);
  return std::move(out).take();
}

Result<CheckpointRecord> decode_checkpoint(base::ByteView plain) {
  base::Reader reader(plain);
  CheckpointRecord out{};
  SALLYPORT_TRY(out.mark.sequence, reader.u64());
  SALLYPORT_TRY(out.mark.hash, take_array<32>(reader));
  SALLYPORT_TRY(out.signature, take_array<64>(reader));
  SALLYPORT_TRYV(reader.end());
  return out;
}

base::Bytes encode_gap(const GapRecord& gap) {
  base::Writer out;
  out.u64(gap.from_ms)
      .u64(gap.to_ms)
      .u64(gap.bytes)
      .u8(static_cast<std::uint8_t>(gap.reason))
      .block(cut_sentence(gap.text));
  return std::move(out).take();
}

Result<GapRecord> decode_gap(base::ByteView plain) {
  base::Reader reader(plain);
  GapRecord out{};
  SALLYPORT_TRY(out.from_ms, reader.u64());
  SALLYPORT_TRY(out.to_ms, reader.u64());
  SALLYPORT_TRY(out.bytes, reader.u64());
  SALLYPORT_TRY(auto reason, reader.u8());
  if (reason < 1 || reason > 3) return corrupt("GAP has an unknown reason");
  out.reason = static_cast<GapReason>(reason);
  SALLYPORT_TRY(auto text, reader.text(kMaxSentence));
  out.text = std::string(text);
  SALLYPORT_TRYV(reader.end());
  return out;
}

base::Bytes encode_end(const Totals& totals) {
  base::Writer out;
  out.u64(totals.chunks).u64(totals.duration_ms).u64(totals.output_bytes).u64(totals.input_bytes);
  out.u64(totals.files).u64(totals.gaps).raw(totals.root).u8(static_cast<std::uint8_t>(totals.reason));
  const auto text = cut_sentence(totals.text);
  out.u16(static_cast<std::uint16_t>(text.size())).raw(base::as_bytes(text));
  auto bytes = std::move(out).take();
  bytes.resize(kEndPlain);
  return bytes;
}

Result<Totals> decode_end(base::ByteView plain) {
  if (plain.size() != kEndPlain) return corrupt("END has the wrong size");
  base::Reader reader(plain);
  Totals out;
  SALLYPORT_TRY(out.chunks, reader.u64());
  SALLYPORT_TRY(out.duration_ms, reader.u64());
  SALLYPORT_TRY(out.output_bytes, reader.u64());
  SALLYPORT_TRY(out.input_bytes, reader.u64());
  SALLYPORT_TRY(out.files, reader.u64());
  SALLYPORT_TRY(out.gaps, reader.u64());
  SALLYPORT_TRY(out.root, take_array<32>(reader));
  SALLYPORT_TRY(auto reason, reader.u8());
  if (reason < 1 || reason > 5) return corrupt("END has an unknown reason");
  out.reason = static_cast<EndReason>(reason);
  SALLYPORT_TRY(auto size, reader.u16());
  if (size > kMaxSentence) return corrupt("END's sentence is too long");
  SALLYPORT_TRY(auto text, reader.take(size));
  out.text = std::string(base::as_text(text));
  const auto zeros = reader.rest();
  if (std::any_of(zeros.begin(), zeros.end(), [](std::uint8_t byte) { return byte != 0; }))
    return corrupt("END is not padded with zeros");
  return out;
}

base::Bytes checkpoint_message(const base::SessionId& session, const Mark& mark) {
  base::Writer out;
  out.raw(base::as_bytes("sallyport recording checkpoint 1")).u8(0).raw(base::as_bytes(session.text()));
  out.u64(mark.sequence).raw(mark.hash);
  return std::move(out).take();
}

}  // namespace sallyport::recorder
