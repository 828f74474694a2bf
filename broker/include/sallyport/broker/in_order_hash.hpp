#pragma once
// The hash of a file whose pieces pass in any order.
#include <cstdint>
#include <map>
#include <optional>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/hash.hpp"

namespace sallyport::broker {

/// A file's bytes by offset, hashed in order. Pieces ahead of the front wait, up to a bound shared by a tracker;
/// beyond it, or on an overlap that rewrites what was hashed, there is no hash.
class InOrderHash {
 public:
  static constexpr std::size_t kMaxWaiting = 2U << 20U;

  /// `budget` is what may still wait, of all files of one tracker; owned by the tracker.
  void add(std::uint64_t offset, base::ByteView bytes, std::size_t& budget);
  void give_up(std::size_t& budget);  ///< there will be no hash
  /// Gives waiting bytes back to the budget; digest if every byte from 0 to the end passed once, in whatever order.
  std::optional<base::Digest> finish(std::size_t& budget);
  std::uint64_t passed() const noexcept { return passed_; }  ///< bytes seen
  /// The file is cut or lengthened to `size`: only where that is what has passed does the hash stay true.
  void resize(std::uint64_t size, std::size_t& budget);

 private:
  void drain(std::size_t& budget);

  base::Sha256 hash_;
  std::uint64_t front_ = 0;
  std::uint64_t passed_ = 0;
  bool lost_ = false;
  std::map<std::uint64_t, base::Bytes> waiting_;
};

}  // namespace sallyport::broker
