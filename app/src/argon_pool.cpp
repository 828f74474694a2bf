#include "argon_pool.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
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
    waiting_count_ = 0;
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

base::Result<std::optional<std::uint64_t>> ArgonPool::submit(std::uint64_t id, const std::string& share, Job job) {
  std::optional<std::uint64_t> pushed_out;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_count_ >= queue_bound_) {
      pushed_out = make_room(share);
      if (!pushed_out) return base::fail(base::Errc::limit, std::string(kTooManySignIns));
    }
    waiting_[share].push_back({id, std::move(job)});
    ++waiting_count_;
  }
  ready_.notify_one();
  return pushed_out;
}

/// Nothing if `share` is itself the fullest: it has no claim to another's place.
std::optional<std::uint64_t> ArgonPool::make_room(const std::string& share) {
  const auto fullest = std::ranges::max_element(waiting_, {}, [](const auto& entry) { return entry.second.size(); });
  const auto own = waiting_.find(share);
  if (fullest == waiting_.end()) return std::nullopt;
  if (own != waiting_.end() && own->second.size() >= fullest->second.size()) return std::nullopt;
  const auto id = fullest->second.back().id;
  fullest->second.pop_back();
  if (fullest->second.empty()) waiting_.erase(fullest);
  --waiting_count_;
  return id;
}

/// The eldest of the share that comes after the last one.
ArgonPool::Item ArgonPool::take_next() {
  auto turn = waiting_.upper_bound(last_share_);
  if (turn == waiting_.end()) turn = waiting_.begin();
  last_share_ = turn->first;
  Item item = std::move(turn->second.front());
  turn->second.pop_front();
  if (turn->second.empty()) waiting_.erase(turn);
  --waiting_count_;
  return item;
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
    Item item = take_next();
    lock.unlock();
    item.job();
    lock.lock();
    finished_.push_back(item.id);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof one);  // full means readable already
  }
}

}  // namespace sallyport::app
