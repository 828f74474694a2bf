#pragma once
// Password hashing off the vault's loop: a few threads, a bounded queue that is shared out, and a descriptor that wakes
// the loop. Hashing is dear, and strangers can ask for it: each share is served in its turn, and gives up its own.
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "fair_queue.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// What is said to who found no place in the queue, or lost it.
inline constexpr std::string_view kTooManySignIns = "too many sign-ins at once; try again";

/// submit() and take_finished() belong to the owner's thread; jobs run on the workers and must share nothing with it.
/// Destroying the pool waits for the jobs that run, and drops those that wait.
class ArgonPool {
 public:
  using Job = std::function<void()>;

  static base::Result<std::unique_ptr<ArgonPool>> start(std::size_t threads, std::size_t queue_bound);
  ~ArgonPool();

  /// `id` comes back from take_finished() when the job is done. When the queue is full, the answer is the id of the one
  /// that will not be done (see FairQueue): another, or this one.
  std::optional<std::uint64_t> submit(std::uint64_t id, Share share, Job job);
  /// Nobody wants it any more: it gives up its place. One that runs comes back all the same.
  void withdraw(std::uint64_t id);
  std::vector<std::uint64_t> take_finished();
  /// Readable while there is something to take.
  int wakeup_fd() const noexcept { return wakeup_.get(); }

 private:
  ArgonPool(base::UniqueFd wakeup, std::size_t queue_bound) noexcept;
  void work();
  base::UniqueFd wakeup_;
  std::mutex mutex_;
  std::condition_variable ready_;
  FairQueue waiting_;                    // guarded by mutex_
  std::map<std::uint64_t, Job> jobs_;    // of those that wait; guarded by mutex_
  std::vector<std::uint64_t> finished_;  // guarded by mutex_
  bool stopping_ = false;                // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace sallyport::app
