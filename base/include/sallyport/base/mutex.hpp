#pragma once
// std::mutex with what Clang's -Wthread-safety needs to prove that guarded members are touched under their lock only.
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define SALLYPORT_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define SALLYPORT_THREAD_ATTRIBUTE(x)
#endif
/// On a member: read and written under this Mutex only.
#define SALLYPORT_GUARDED_BY(mutex) SALLYPORT_THREAD_ATTRIBUTE(guarded_by(mutex))
/// On a function: called under this Mutex only.
#define SALLYPORT_REQUIRES(mutex) SALLYPORT_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace sallyport::base {

class SALLYPORT_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 private:
  friend class Lock;
  std::mutex mutex_;
};

/// Holds a Mutex for its own life, but for the stretches between unlock() and lock().
class SALLYPORT_THREAD_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) SALLYPORT_THREAD_ATTRIBUTE(acquire_capability(mutex)) : lock_(mutex.mutex_) {}
  ~Lock() SALLYPORT_THREAD_ATTRIBUTE(release_capability()) = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() SALLYPORT_THREAD_ATTRIBUTE(acquire_capability()) { lock_.lock(); }
  void unlock() SALLYPORT_THREAD_ATTRIBUTE(release_capability()) { lock_.unlock(); }
  /// Lets go of the Mutex until woken, maybe for nothing: ask in a loop.
  void wait(std::condition_variable& condition) { condition.wait(lock_); }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace sallyport::base
