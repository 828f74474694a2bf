#include "sallyport/recorder/disk_writer.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "sallyport/base/mutex.hpp"

namespace sallyport::recorder {
namespace {

// The thread's frames are a few hundred bytes; the rest is room for the C library. Touched pages count only.
constexpr std::size_t kStack = 256U << 10U;

base::Error disk_error(const char* what, int number) {
  if (number == ENOSPC || number == EDQUOT) {
    return base::fail(base::Errc::unavailable, "the recording's disk is full");
  }
  return base::fail_errno(what, number);
}

base::Result<> sync_file(int file) {
  while (::fdatasync(file) != 0) {
    if (errno != EINTR) return disk_error("the recording can't be made durable", errno);
  }
  return base::ok();
}

base::Result<> write_file(int file, base::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return disk_error("the recording can't be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return base::ok();
}

/// Detached, since a thread that the kernel holds can't be waited for; and deaf, so that signals reach the owner's.
int make_thread(void* (*enter)(void*), void* argument) {
  pthread_attr_t attributes{};
  sigset_t all{};
  sigfillset(&all);
  if (const int failed = pthread_attr_init(&attributes); failed != 0) return failed;
  pthread_t thread{};
  int failed = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (failed == 0) failed = pthread_attr_setstacksize(&attributes, kStack);
  if (failed == 0) failed = pthread_attr_setsigmask_np(&attributes, &all);
  if (failed == 0) failed = pthread_create(&thread, &attributes, enter, argument);
  pthread_attr_destroy(&attributes);
  return failed;
}

}  // namespace

/// What owner and thread share; it goes with the later of the two. The owner holds the lock for a copy at most, the
/// thread never while it writes.
class DiskWriter::Shared {
 public:
  explicit Shared(base::UniqueFd wakeup) noexcept : wakeup_(std::move(wakeup)) {}

  // The owner's
  void wait_for_thread();
  void open(base::UniqueFd file);
  base::Result<std::size_t> append(base::ByteView bytes);
  base::Result<bool> sync();
  void leave();
  int wakeup_fd() const noexcept { return wakeup_.get(); }

  // The thread's
  void work();

 private:
  enum class Sync : std::uint8_t { none, wanted, done };

  const base::UniqueFd wakeup_;
  std::condition_variable changed_;
  base::Mutex mutex_;
  base::UniqueFd file_ SALLYPORT_GUARDED_BY(mutex_);
  base::Bytes waiting_ SALLYPORT_GUARDED_BY(mutex_);
  Sync sync_ SALLYPORT_GUARDED_BY(mutex_) = Sync::none;
  bool working_ SALLYPORT_GUARDED_BY(mutex_) = false;  ///< the thread has got here
  bool put_off_ SALLYPORT_GUARDED_BY(mutex_) = false;  ///< the owner was told "not now"
  bool left_ SALLYPORT_GUARDED_BY(mutex_) = false;     ///< the owner has gone
  std::optional<base::Error> failure_ SALLYPORT_GUARDED_BY(mutex_);
};

/// A thread registers itself with the kernel as it starts; glibc aborts if a filter that came meanwhile refuses that.
void DiskWriter::Shared::wait_for_thread() {
  base::Lock lock(mutex_);
  while (!working_) lock.wait(changed_);
}

void DiskWriter::Shared::open(base::UniqueFd file) {
  const base::Lock lock(mutex_);
  SALLYPORT_ENSURE(!file_);
  file_ = std::move(file);
  changed_.notify_one();
}

base::Result<std::size_t> DiskWriter::Shared::append(base::ByteView bytes) {
  const base::Lock lock(mutex_);
  if (failure_) return *failure_;
  const auto taken = bytes.first(std::min(bytes.size(), kBuffer - waiting_.size()));
  waiting_.insert(waiting_.end(), taken.begin(), taken.end());
  put_off_ = put_off_ || taken.size() < bytes.size();
  changed_.notify_one();
  return taken.size();
}

base::Result<bool> DiskWriter::Shared::sync() {
  const base::Lock lock(mutex_);
  if (failure_) return *failure_;
  if (sync_ == Sync::done) {
    sync_ = Sync::none;
    return true;
  }
  sync_ = Sync::wanted;
  put_off_ = true;
  changed_.notify_one();
  return false;
}

void DiskWriter::Shared::leave() {
  const base::Lock lock(mutex_);
  left_ = true;
  changed_.notify_one();
}

void DiskWriter::Shared::work() {
  base::Bytes writing;
  base::Lock lock(mutex_);
  working_ = true;
  changed_.notify_one();
  for (;;) {
    while (!left_ && (!file_ || (waiting_.empty() && sync_ != Sync::wanted))) lock.wait(changed_);
    if (left_) return;
    // A sync that is asked for now covers all that was taken before: it is in `writing`, or written already.
    const bool syncing = sync_ == Sync::wanted;
    const int file = file_.get();
    writing.swap(waiting_);
    lock.unlock();
    auto done = write_file(file, writing);
    if (done && syncing) done = sync_file(file);
    lock.lock();
    if (!done) failure_ = done.error();
    if (syncing) sync_ = Sync::done;
    // An idle session keeps no buffer; a busy one its two.
    writing.clear();
    if (waiting_.empty()) base::Bytes().swap(writing);
    if (std::exchange(put_off_, false)) (void)::eventfd_write(wakeup_.get(), 1);
    if (failure_) return;
  }
}

base::Result<std::unique_ptr<DiskWriter>> DiskWriter::start() {
  base::UniqueFd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup) return base::fail_errno("eventfd", errno);
  auto shared = std::make_shared<Shared>(std::move(wakeup));
  auto for_thread = std::make_unique<std::shared_ptr<Shared>>(shared);
  const auto enter = [](void* argument) -> void* {
    const std::unique_ptr<std::shared_ptr<Shared>> mine(static_cast<std::shared_ptr<Shared>*>(argument));
    (*mine)->work();
    return nullptr;
  };
  if (const int failed = make_thread(enter, for_thread.get()); failed != 0)
    return base::fail_errno("the recording's thread can't be made", failed);
  (void)for_thread.release();  // the thread's now
  shared->wait_for_thread();
  return std::unique_ptr<DiskWriter>(new DiskWriter(std::move(shared)));
}

DiskWriter::~DiskWriter() { shared_->leave(); }

void DiskWriter::open(base::UniqueFd file) { shared_->open(std::move(file)); }
base::Result<std::size_t> DiskWriter::append(base::ByteView bytes) { return shared_->append(bytes); }
base::Result<bool> DiskWriter::sync() { return shared_->sync(); }
int DiskWriter::wakeup_fd() const noexcept { return shared_->wakeup_fd(); }

void DiskWriter::hear() noexcept {
  eventfd_t ignored = 0;
  (void)::eventfd_read(shared_->wakeup_fd(), &ignored);
}

}  // namespace sallyport::recorder
