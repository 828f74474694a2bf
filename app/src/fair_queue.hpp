#pragma once
// A bounded queue that is shared out: strangers can fill it, and still nobody waits behind a crowd. A value; no clock,
// no thread.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sallyport::app {

/// For whom something waits: a crowd (kKnown, kStrangers), a network, a source in it, the name that is given there.
using Share = std::array<std::string, 4>;
inline constexpr std::string_view kKnown = "known";
inline constexpr std::string_view kStrangers = "strangers";

/// Crowds take turns, and none can take more than its half of the places while the other wants them. Within a crowd
/// networks take turns, within one its sources, within one source the names, and of one name the eldest goes first. A
/// newcomer counts as one who had his turn when he came: however many come anew, they overtake nobody for ever.
class FairQueue {
 public:
  explicit FairQueue(std::size_t bound) : bound_(bound) {}

  /// Who is not in the queue any more, or never came in, because it was full: the newest of the fullest name of the
  /// fullest source of the fullest network of the fuller crowd, this one counted. Of several such names `dice`, fresh
  /// and uniform, chooses one: whoever fills all places first must not hold them. `id` is unique among those that wait.
  std::optional<std::uint64_t> push(std::uint64_t id, Share share, std::uint32_t dice);
  std::optional<std::uint64_t> pop();
  /// Whoever does not wait is passed over.
  void remove(std::uint64_t id);
  std::size_t size() const noexcept { return waiting_.size(); }
  void clear() noexcept { waiting_.clear(); }

 private:
  struct Item {
    std::uint64_t id;
    Share share;
    std::uint64_t came;  ///< after so many turns
  };
  using Rank = std::array<std::uint64_t, std::tuple_size_v<Share>>;
  /// Of a share: its length says how much. An empty name is one, too, and not all of its source.
  using Beginning = std::vector<std::string>;
  Rank crowd(const Item& item) const;
  std::vector<std::size_t> fullest() const;
  Rank last_turns(const Item& item) const;
  void note_turn(const Share& share);

  std::size_t bound_;
  std::vector<Item> waiting_;                 ///< eldest first
  std::map<Beginning, std::uint64_t> turns_;  ///< the last turn of each beginning of a share that waits
  std::uint64_t turn_ = 0;
};

}  // namespace sallyport::app
