#include "compression.hpp"

#include <zstd.h>

#include <algorithm>

#include "sallyport/recorder/container.hpp"

namespace sallyport::recorder {

using base::Errc;
using base::fail;
using base::Result;

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

void Compressor::reset(int level) noexcept {
  level_ = level;
  context_.reset();
  out_ = {};
}

Result<> Compressor::begin() {
  context_.reset(ZSTD_createCCtx());
  if (!context_) return fail(Errc::internal, "no memory for compressing the recording");
  const auto set = [this](ZSTD_cParameter what, int value) {
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), what, value));
  };
  // Smaller tables than the level's own: a chunk is 64 KiB, and there may be a thousand sessions.
  const bool done = set(ZSTD_c_compressionLevel, level_) && set(ZSTD_c_windowLog, kWindowLog) &&
                    set(ZSTD_c_hashLog, 15) && set(ZSTD_c_chainLog, 14) && set(ZSTD_c_contentSizeFlag, 0);
  if (!done) return fail(Errc::internal, "zstd refused its settings");
  return base::ok();
}

Result<base::ByteView> Compressor::piece(base::ByteView plain) {
  if (!context_) {
    SALLYPORT_TRYV(begin());
  }
  // The bound is for one frame; a flushed piece adds a block header for each 128 KiB and the frame's own.
  const std::size_t enough = ZSTD_compressBound(plain.size()) + 64;
  if (out_.size() < enough) out_.resize(enough);
  ZSTD_inBuffer in{plain.data(), plain.size(), 0};
  ZSTD_outBuffer out{out_.data(), out_.size(), 0};
  const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, ZSTD_e_flush);
  if (ZSTD_isError(left)) return fail(Errc::internal, std::string("zstd: ") + ZSTD_getErrorName(left));
  if (left != 0 || in.pos != in.size) return fail(Errc::internal, "zstd did not flush");
  return base::ByteView(out_.data(), out.pos);
}

void Decompressor::reset() noexcept {
  if (context_) ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
}

Result<> Decompressor::begin() {
  context_.reset(ZSTD_createDCtx());
  if (!context_) return fail(Errc::internal, "no memory for reading the recording");
  if (ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMaxWindowLog))) {
    return fail(Errc::internal, "zstd refused its settings");
  }
  return base::ok();
}

Result<base::ByteView> Decompressor::piece(base::ByteView compressed, std::size_t max) {
  if (!context_) {
    SALLYPORT_TRYV(begin());
  }
  out_.resize(std::max<std::size_t>(out_.size(), 4096));
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  ZSTD_outBuffer out{out_.data(), out_.size(), 0};
  for (;;) {
    const std::size_t before = out.pos;
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(left))
      return fail(Errc::corrupt, std::string("it does not decompress: ") + ZSTD_getErrorName(left));
    if (out.pos > max) return fail(Errc::corrupt, "it is longer than a chunk may be when decompressed");
    if (out.pos < out.size) {
      if (in.pos == in.size) break;
      if (out.pos == before) return fail(Errc::corrupt, "it does not decompress: bytes are left over");
      continue;
    }
    // One byte more than allowed is room enough to see that it is too long.
    out_.resize(std::min(out_.size() * 2, max + 1));
    out.dst = out_.data();
    out.size = out_.size();
  }
  return base::ByteView(out_.data(), out.pos);
}

}  // namespace sallyport::recorder
