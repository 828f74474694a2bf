#pragma once
// Password hashing off the vault's loop: a few threads, a bounded queue, and a descriptor that wakes the loop.
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// submit() and take_finished() belong to the owner's thread; jobs run on the workers and must share nothing with it.
/// Destroying the pool waits for the jobs that run, and drops those that wait.
class ArgonPool {
 public:
  using Job = std::function<void()>;

  static base::Result<std::unique_ptr<ArgonPool>> start(std::size_t threads, std::size_t queue_bound);
  ~ArgonPool();

  /// `id` comes back from take_finished() when the job is done. Errc::limit when the queue is full.
  base::Result<> submit(std::uint64_t id, Job job);
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

  base::UniqueFd wakeup_;
  std::size_t queue_bound_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Item> waiting_;             // guarded by mutex_
  std::vector<std::uint64_t> finished_;  // guarded by mutex_
  bool stopping_ = false;                // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace sallyport::app
