#include "argon_pool.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "sallyport/base/crypto.hpp"

namespace sallyport::app {
namespace {

std::uint32_t random_number() {
  std::array<std::uint8_t, sizeof(std::uint32_t)> random{};
  base::random_bytes(random);
  std::uint32_t out = 0;
  std::memcpy(&out, random.data(), sizeof out);
  return out;
}

}  // namespace

ArgonPool::ArgonPool(base::UniqueFd wakeup, std::size_t queue_bound) noexcept
    : wakeup_(std::move(wakeup)), waiting_(queue_bound) {}

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

std::optional<std::uint64_t> ArgonPool::submit(std::uint64_t id, Share share, Job job) {
  std::optional<std::uint64_t> left_out;
  {
    const std::scoped_lock lock(mutex_);
    jobs_.emplace(id, std::move(job));
    left_out = waiting_.push(id, std::move(share), random_number());
    if (left_out) jobs_.erase(*left_out);
  }
  ready_.notify_one();
  return left_out;
}

void ArgonPool::withdraw(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  waiting_.remove(id);
  jobs_.erase(id);
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
    ready_.wait(lock, [this] { return stopping_ || waiting_.size() > 0; });
    if (stopping_) return;
    auto next = jobs_.extract(*waiting_.pop());
    lock.unlock();
    next.mapped()();
    lock.lock();
    finished_.push_back(next.key());
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof one);  // full means readable already
  }
}

}  // namespace sallyport::app
