#include "sallyport/recorder/disk_writer.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include "sallyport/base/mutex.hpp"

namespace sallyport::recorder {
namespace {

// The thread's frames are a few hundred bytes; the rest is room for the C library. Touched pages count only.
constexpr std::size_t kStack = 256U << 10U;
constexpr std::uint64_t kLeastRoom = DiskWriter::kBuffer;
constexpr std::chrono::seconds kRoomInterval{1};

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

/// Ends a recording while there is still room for what is on its way: the last block of a full disk may take a hundred
/// small writes more before one fails.
class RoomWatch {
 public:
  base::Result<> check(int file) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return base::ok();
    next_ = now + kRoomInterval;
    struct statfs about {};
    // Not every file system counts its blocks.
    if (::fstatfs(file, &about) != 0 || about.f_blocks == 0) return base::ok();
    if (static_cast<std::uint64_t>(about.f_bavail) * static_cast<std::uint64_t>(about.f_bsize) >= kLeastRoom)
      return base::ok();
    return disk_error("", ENOSPC);
  }

 private:
  std::chrono::steady_clock::time_point next_{};
};

/// Detached, since a thread that the kernel holds can't be waited for; and deaf, so that signals reach the owner's.
int make_detached(void* (*enter)(void*), void* argument) {
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

/// Runs one of the shared object's functions in a thread that keeps it alive.
template <auto kWork, class Shared>
base::Result<> make_thread(const std::shared_ptr<Shared>& shared) {
  auto for_thread = std::make_unique<std::shared_ptr<Shared>>(shared);
  const auto enter = [](void* argument) -> void* {
    const std::unique_ptr<std::shared_ptr<Shared>> mine(static_cast<std::shared_ptr<Shared>*>(argument));
    ((**mine).*kWork)();
    return nullptr;
  };
  if (const int failed = make_detached(enter, for_thread.get()); failed != 0)
    return base::fail_errno("the recording's thread can't be made", failed);
  (void)for_thread.release();  // the thread's now
  return base::ok();
}

}  // namespace

/// What owner and threads share; it goes with the last of them. The owner holds the lock for a copy at most, the
/// threads never while the disk has them.
class DiskWriter::Shared {
 public:
  explicit Shared(base::UniqueFd wakeup) noexcept : wakeup_(std::move(wakeup)) {}

  // The owner's
  void wait_for_threads(int count);
  void open(base::UniqueFd file);
  base::Result<std::size_t> append(base::ByteView bytes);
  base::Result<std::uint64_t> written();
  base::Result<bool> sync();
  void leave();
  int wakeup_fd() const noexcept { return wakeup_.get(); }

  // The threads', one each
  void write_all();
  void sync_all();

 private:
  enum class Sync : std::uint8_t { none, wanted, done };

  void arrive();
  void wake_owner() const noexcept { (void)::eventfd_write(wakeup_.get(), 1); }
  bool stopped() const SALLYPORT_REQUIRES(mutex_) { return left_ || failure_; }
  void fail(const base::Error& why) SALLYPORT_REQUIRES(mutex_);

  const base::UniqueFd wakeup_;
  std::condition_variable to_owner_;
  std::condition_variable to_writer_;
  std::condition_variable to_syncer_;
  base::Mutex mutex_;
  base::UniqueFd file_ SALLYPORT_GUARDED_BY(mutex_);
  base::Bytes waiting_ SALLYPORT_GUARDED_BY(mutex_);
  std::uint64_t taken_ SALLYPORT_GUARDED_BY(mutex_) = 0;
  std::uint64_t written_ SALLYPORT_GUARDED_BY(mutex_) = 0;
  Sync sync_ SALLYPORT_GUARDED_BY(mutex_) = Sync::none;
  std::uint64_t to_sync_ SALLYPORT_GUARDED_BY(mutex_) = 0;  ///< the bytes that a sync has to cover
  int working_ SALLYPORT_GUARDED_BY(mutex_) = 0;            ///< threads that have got here
  bool left_ SALLYPORT_GUARDED_BY(mutex_) = false;          ///< the owner has gone
  std::optional<base::Error> failure_ SALLYPORT_GUARDED_BY(mutex_);
};

/// A thread registers itself with the kernel as it starts; glibc aborts if a filter that came meanwhile refuses that.
void DiskWriter::Shared::wait_for_threads(int count) {
  base::Lock lock(mutex_);
  while (working_ < count) lock.wait(to_owner_);
}

void DiskWriter::Shared::arrive() {
  const base::Lock lock(mutex_);
  ++working_;
  to_owner_.notify_one();
}

void DiskWriter::Shared::open(base::UniqueFd file) {
  const base::Lock lock(mutex_);
  SALLYPORT_ENSURE(!file_);
  file_ = std::move(file);
  to_writer_.notify_one();
  to_syncer_.notify_one();
}

base::Result<std::size_t> DiskWriter::Shared::append(base::ByteView bytes) {
  base::Lock lock(mutex_);
  if (failure_) return *failure_;
  const auto taken = bytes.first(std::min(bytes.size(), kBuffer - waiting_.size()));
  waiting_.insert(waiting_.end(), taken.begin(), taken.end());
  taken_ += taken.size();
  lock.unlock();  // or who is woken would sleep again, for the lock
  to_writer_.notify_one();
  return taken.size();
}

base::Result<std::uint64_t> DiskWriter::Shared::written() {
  const base::Lock lock(mutex_);
  if (failure_) return *failure_;
  return written_;
}

base::Result<bool> DiskWriter::Shared::sync() {
  const base::Lock lock(mutex_);
  if (failure_) return *failure_;
  if (sync_ == Sync::done) {
    sync_ = Sync::none;
    return true;
  }
  if (sync_ == Sync::none) {
    sync_ = Sync::wanted;
    to_sync_ = taken_;
    to_syncer_.notify_one();
  }
  return false;
}

void DiskWriter::Shared::leave() {
  const base::Lock lock(mutex_);
  left_ = true;
  to_writer_.notify_one();
  to_syncer_.notify_one();
}

void DiskWriter::Shared::fail(const base::Error& why) {
  if (!failure_) failure_ = why;
  to_writer_.notify_one();
  to_syncer_.notify_one();
}

/// The owner hears of each end, good or bad: what he passes on waits for it.
void DiskWriter::Shared::write_all() {
  arrive();
  RoomWatch room;
  base::Bytes writing;
  base::Lock lock(mutex_);
  for (;;) {
    while (!stopped() && (!file_ || waiting_.empty())) lock.wait(to_writer_);
    if (stopped()) return;
    const int file = file_.get();
    writing.swap(waiting_);
    lock.unlock();
    auto done = write_file(file, writing);
    if (done) done = room.check(file);
    lock.lock();
    if (done) written_ += writing.size();
    if (!done) fail(done.error());
    if (sync_ == Sync::wanted) to_syncer_.notify_one();
    const bool idle = waiting_.empty();
    lock.unlock();  // the owner asks at once how far it is
    wake_owner();
    // An idle session keeps no buffer; a busy one its two.
    writing.clear();
    if (idle) base::Bytes().swap(writing);
    lock.lock();
  }
}

/// Apart from the writer, so that what is printed meanwhile does not wait for a disk's flush. The owner hears of each
/// end.
void DiskWriter::Shared::sync_all() {
  arrive();
  base::Lock lock(mutex_);
  for (;;) {
    while (!stopped() && (!file_ || sync_ != Sync::wanted || written_ < to_sync_)) lock.wait(to_syncer_);
    if (stopped()) return;
    const int file = file_.get();
    lock.unlock();
    auto done = sync_file(file);
    lock.lock();
    if (done) sync_ = Sync::done;
    if (!done) fail(done.error());
    lock.unlock();
    wake_owner();
    lock.lock();
  }
}

base::Result<std::unique_ptr<DiskWriter>> DiskWriter::start() {
  base::UniqueFd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup) return base::fail_errno("eventfd", errno);
  auto shared = std::make_shared<Shared>(std::move(wakeup));
  std::unique_ptr<DiskWriter> writer(new DiskWriter(shared));  // one thread that could be made goes with it
  SALLYPORT_TRYV(make_thread<&Shared::write_all>(shared));
  SALLYPORT_TRYV(make_thread<&Shared::sync_all>(shared));
  shared->wait_for_threads(2);
  return writer;
}

DiskWriter::~DiskWriter() { shared_->leave(); }

void DiskWriter::open(base::UniqueFd file) { shared_->open(std::move(file)); }
base::Result<std::size_t> DiskWriter::append(base::ByteView bytes) { return shared_->append(bytes); }
base::Result<std::uint64_t> DiskWriter::written() { return shared_->written(); }
base::Result<bool> DiskWriter::sync() { return shared_->sync(); }
int DiskWriter::wakeup_fd() const noexcept { return shared_->wakeup_fd(); }

void DiskWriter::hear() noexcept {
  eventfd_t ignored = 0;
  (void)::eventfd_read(shared_->wakeup_fd(), &ignored);
}

}  // namespace sallyport::recorder
