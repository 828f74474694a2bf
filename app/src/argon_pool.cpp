#include "argon_pool.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sallyport::app {

ArgonPool::ArgonPool(base::UniqueFd wakeup, std::size_t queue_bound) noexcept
    : wakeup_(std::move(wakeup)), queue_bound_(queue_bound) {}

base::Result<std::unique_ptr<ArgonPool>> ArgonPool::start(std::size_t threads, std::size_t queue_bound) {
  base::UniqueFd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup) return base::fail_errno("eventfd", errno);
  std::unique_ptr<ArgonPool> pool(new ArgonPool(std::move(wakeup), queue_bound));
  try {
    for (std::size_t i = 0; i < threads; ++i) pool->threads_.emplace_back([raw = pool.get()] { raw->work(); });
  } catch (const std::system_error& error) {
    return base::fail(base::Errc::io, std::string("starting a worker thread: ") + error.what());
  }
  return pool;
}

ArgonPool::~ArgonPool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

base::Result<> ArgonPool::submit(std::uint64_t id, Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= queue_bound_) return base::fail(base::Errc::limit, "too many sign-ins at once; try again");
    waiting_.push_back({id, std::move(job)});
  }
  ready_.notify_one();
  return base::ok();
}

std::vector<std::uint64_t> ArgonPool::take_finished() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wakeup_.get(), &count, sizeof count);  // only resets the counter
  const std::scoped_lock lock(mutex_);
  return std::exchange(finished_, {});
}

void ArgonPool::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    item.job();
    lock.lock();
    finished_.push_back(item.id);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof one);  // full means readable already
  }
}

}  // namespace sallyport::app
