#pragma once
// One zstd frame a segment, flushed at each chunk. Wrappers that own the C contexts and bound what comes out.
#include <memory>

#include "sallyport/base/bytes.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace sallyport::recorder {

inline constexpr int kWindowLog = 18;     ///< of the writer: 256 KiB keeps an idle session small
inline constexpr int kMaxWindowLog = 19;  ///< of the reader, as the format says

/// Holds no context between reset() and the next piece: a silent session costs nothing.
class Compressor {
 public:
  /// The next piece begins a new frame. Frees the context.
  void reset(int level) noexcept;
  /// The next piece of the frame, flushed; good until the next call. Errc::internal when zstd fails (memory).
  base::Result<base::ByteView> piece(base::ByteView plain);
  bool in_frame() const noexcept { return context_ != nullptr; }

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  base::Result<> begin();

  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  base::Bytes out_;
  int level_ = 3;
};

class Decompressor {
 public:
  /// The next piece begins a new frame.
  void reset() noexcept;
  /// Errc::corrupt for what is no zstd, or would be longer than `max`. The view is good until the next call.
  base::Result<base::ByteView> piece(base::ByteView compressed, std::size_t max);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  base::Result<> begin();

  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  base::Bytes out_;
};

}  // namespace sallyport::recorder
