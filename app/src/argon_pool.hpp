#pragma once
// Password hashing off the vault's loop: a few threads, a bounded queue that is shared out, and a descriptor that wakes
// the loop. Hashing is dear, and strangers can ask for it: each share is served in its turn, and gives up its own.
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// What is said to whom gave up his place in the queue, or found none.
inline constexpr std::string_view kTooManySignIns = "too many sign-ins at once; try again";

/// submit() and take_finished() belong to the owner's thread; jobs run on the workers and must share nothing with it.
/// Destroying the pool waits for the jobs that run, and drops those that wait.
class ArgonPool {
 public:
  using Job = std::function<void()>;

  static base::Result<std::unique_ptr<ArgonPool>> start(std::size_t threads, std::size_t queue_bound);
  ~ArgonPool();

  /// `id` comes back from take_finished() when the job is done. When the queue is full, the newest job of the fullest
  /// share makes room: its id is the answer, and it will not be done. Errc::limit if that would be this one.
  base::Result<std::optional<std::uint64_t>> submit(std::uint64_t id, const std::string& share, Job job);
  std::vector<std::uint64_t> take_finished();
  /// Readable while there is something to take.
  int wakeup_fd() const noexcept { return wakeup_.get(); }

 private:
  struct Item {
    std::uint64_t id;
    Job job;
  };
  ArgonPool(base::UniqueFd wakeup, std::size_t queue_bound) noexcept;
  void work();
  std::optional<std::uint64_t> make_room(const std::string& share);
  Item take_next();

  base::UniqueFd wakeup_;
  std::size_t queue_bound_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::map<std::string, std::deque<Item>> waiting_;  // by share, none of them empty; guarded by mutex_
  std::size_t waiting_count_ = 0;                    // guarded by mutex_
  std::string last_share_;                           // whose turn it was; guarded by mutex_
  std::vector<std::uint64_t> finished_;              // guarded by mutex_
  bool stopping_ = false;                            // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace sallyport::app
