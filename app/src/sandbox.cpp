#include "sallyport/app/sandbox.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <type_traits>

#include "sallyport/app/privileges.hpp"

namespace sallyport::app {

using base::fail_errno;
using base::ok;
using base::Result;

namespace {

// The constants of libseccomp are C macros with old casts.
#pragma GCC diagnostic ignored "-Wold-style-cast"

constexpr std::uint32_t kDeny = SCMP_ACT_ERRNO(EPERM);
constexpr std::uint32_t kKill = SCMP_ACT_KILL_PROCESS;
constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW;

struct Release {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

/// Collects rules; the first failure is kept, and load() gives it.
class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : filter_(seccomp_init(otherwise)), failure_(filter_ ? 0 : -ENOMEM) {}

  void add(std::uint32_t action, std::initializer_list<int> calls) {
    for (const int call : calls) add(action, call, {});
  }
  void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
    if (failure_ == 0)
      failure_ = seccomp_rule_add_array(filter_.get(), action, call, static_cast<unsigned>(conditions.size()),
                                        conditions.begin());
  }
  /// In force for every thread that the process has.
  Result<> load() {
    if (failure_ == 0) failure_ = seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    // By default only the thread would end that calls by another ABI's numbers.
    if (failure_ == 0) failure_ = seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, kKill);
    if (failure_ == 0) failure_ = seccomp_load(filter_.get());
    if (failure_ != 0) return fail_errno("the system-call filter could not be put in force", -failure_);
    return ok();
  }

 private:
  std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release> filter_;
  int failure_;
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_EQ, value, 0}; }
scmp_arg_cmp lacks(unsigned argument, std::uint64_t bits) { return {argument, SCMP_CMP_MASKED_EQ, bits, 0}; }
scmp_arg_cmp within(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
scmp_arg_cmp differs(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_NE, value, 0}; }

/// What no process of ours that holds secrets ever has a reason to call.
void kill_hostile(Filter& filter) {
  filter.add(kKill, {SCMP_SYS(execve),
                     SCMP_SYS(execveat),
                     SCMP_SYS(ptrace),
                     SCMP_SYS(process_vm_readv),
                     SCMP_SYS(process_vm_writev),
                     SCMP_SYS(io_uring_setup),
                     SCMP_SYS(io_uring_enter),
                     SCMP_SYS(io_uring_register),
                     SCMP_SYS(bpf),
                     SCMP_SYS(userfaultfd),
                     SCMP_SYS(perf_event_open),
                     SCMP_SYS(keyctl),
                     SCMP_SYS(add_key),
                     SCMP_SYS(request_key),
                     SCMP_SYS(init_module),
                     SCMP_SYS(finit_module),
                     SCMP_SYS(delete_module),
                     SCMP_SYS(kexec_load),
                     SCMP_SYS(kexec_file_load),
                     SCMP_SYS(mount),
                     SCMP_SYS(fsopen),
                     SCMP_SYS(fsconfig),
                     SCMP_SYS(fsmount),
                     SCMP_SYS(fspick),
                     SCMP_SYS(open_tree),
                     SCMP_SYS(move_mount),
                     SCMP_SYS(mount_setattr),
                     SCMP_SYS(umount2),
                     SCMP_SYS(pivot_root),
                     SCMP_SYS(unshare),
                     SCMP_SYS(setns),
                     SCMP_SYS(chroot)});
}

constexpr std::uint64_t kSocketType = 0xf;  ///< the rest of that argument is flags

/// The vault listens and accepts. It calls nobody: neither by an address of a network nor by a path.
Result<> enter_vault() {
  constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EACCES);
  Filter filter(kAllow);
  kill_hostile(filter);
  filter.add(kRefuse, {SCMP_SYS(connect), SCMP_SYS(sendmmsg)});
  filter.add(kRefuse, SCMP_SYS(sendto), {differs(4, 0)});
  filter.add(kRefuse, SCMP_SYS(socket), {differs(0, AF_UNIX)});
  // Datagrams reach others without a connect. To Unix sockets, raw is another word for them.
  for (const auto type : {SOCK_DGRAM, SOCK_RAW}) {
    filter.add(kRefuse, SCMP_SYS(socket), {within(1, kSocketType, static_cast<std::uint64_t>(type))});
    filter.add(kRefuse, SCMP_SYS(socketpair), {within(1, kSocketType, static_cast<std::uint64_t>(type))});
  }
  return filter.load();
}

void allow_bytes(Filter& filter) {
  filter.add(kAllow, {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvfrom),
                      SCMP_SYS(recvmsg), SCMP_SYS(shutdown), SCMP_SYS(close), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
                      SCMP_SYS(fstat), SCMP_SYS(fstatfs), SCMP_SYS(pipe2), SCMP_SYS(eventfd2)});
  for (const auto request : {FIONREAD, FIONBIO})
    filter.add(kAllow, SCMP_SYS(ioctl), {equals(1, static_cast<std::uint64_t>(request))});
  // No F_SETFL: it would take O_APPEND from the recording, whose past would not be safe then. FIONBIO does for sockets.
  // libssh makes a socket blocking that it has connected, and gives up if that fails: it is told that it was done.
  filter.add(SCMP_ACT_ERRNO(0), SCMP_SYS(fcntl), {equals(1, F_SETFL), equals(2, 0)});
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC})
    filter.add(kAllow, SCMP_SYS(fcntl), {equals(1, static_cast<std::uint64_t>(command))});
}

/// Those that are open send to whom they are connected with, and to nobody else.
void allow_sockets(Filter& filter) {
  filter.add(kAllow, {SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername)});
  for (const int option : {TCP_NODELAY, TCP_QUICKACK})
    filter.add(kAllow, SCMP_SYS(setsockopt), {equals(1, IPPROTO_TCP), equals(2, static_cast<std::uint64_t>(option))});
  // MSG_FASTOPEN is a connect by another name. An address in sendmsg's header can't be seen here; but all sockets that
  // there can be are connected streams, and those take none.
  filter.add(kAllow, SCMP_SYS(sendto), {lacks(3, MSG_FASTOPEN), equals(4, 0)});
  filter.add(kAllow, SCMP_SYS(sendmsg), {lacks(2, MSG_FASTOPEN)});
  filter.add(kAllow, SCMP_SYS(socketpair), {equals(0, AF_UNIX), within(1, kSocketType, SOCK_STREAM)});
}

void allow_waiting_and_memory(Filter& filter) {
  filter.add(kAllow, {SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
                      SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(nanosleep),
                      SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(futex)});
  filter.add(kAllow, {SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
                      SCMP_SYS(munlock), SCMP_SYS(mincore), SCMP_SYS(membarrier)});
  filter.add(kAllow, SCMP_SYS(mmap), {lacks(2, PROT_EXEC)});
  filter.add(kAllow, SCMP_SYS(mprotect), {lacks(2, PROT_EXEC)});
  filter.add(kAllow, {SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
                      SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid),
                      SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(alarm), SCMP_SYS(setitimer)});
}

void allow_end(Filter& filter) {
#ifdef SALLYPORT_SANITIZED  // their runtime has threads of its own, which may be just beginning
  filter.add(kAllow, {SCMP_SYS(rseq), SCMP_SYS(set_robust_list)});
#endif
  filter.add(kAllow, {SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
                      SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack)});
  // abort() signals the thread itself.
  filter.add(kAllow, SCMP_SYS(tgkill), {equals(0, static_cast<std::uint64_t>(::getpid()))});
}

/// Calls to others, other processes, other users, and whatever changes files in another way than by appending.
void kill_reaching_out(Filter& filter) {
  filter.add(kKill, {SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4)});
  filter.add(kKill, {SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(kill),
                     SCMP_SYS(tkill), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal)});
  filter.add(kKill,
             {SCMP_SYS(setuid), SCMP_SYS(setreuid), SCMP_SYS(setresuid), SCMP_SYS(setfsuid), SCMP_SYS(setgid),
              SCMP_SYS(setregid), SCMP_SYS(setresgid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups), SCMP_SYS(capset)});
  filter.add(
      kKill,
      {SCMP_SYS(chmod),          SCMP_SYS(fchmod),    SCMP_SYS(fchmodat), SCMP_SYS(chown),     SCMP_SYS(fchown),
       SCMP_SYS(lchown),         SCMP_SYS(fchownat),  SCMP_SYS(unlink),   SCMP_SYS(unlinkat),  SCMP_SYS(rename),
       SCMP_SYS(renameat),       SCMP_SYS(renameat2), SCMP_SYS(link),     SCMP_SYS(linkat),    SCMP_SYS(symlink),
       SCMP_SYS(symlinkat),      SCMP_SYS(mknod),     SCMP_SYS(mknodat),  SCMP_SYS(truncate),  SCMP_SYS(ftruncate),
       SCMP_SYS(pwrite64),       SCMP_SYS(pwritev),   SCMP_SYS(pwritev2), SCMP_SYS(fallocate), SCMP_SYS(splice),
       SCMP_SYS(vmsplice),       SCMP_SYS(tee),       SCMP_SYS(sendfile), SCMP_SYS(setxattr),  SCMP_SYS(fsetxattr),
       SCMP_SYS(copy_file_range)});
}

Result<> enter_session() {
  // What is in no list is refused with EPERM: libraries probe in good faith and go on without. What only an attacker
  // asks for ends the process, so that it is seen.
  Filter filter(kDeny);
  allow_bytes(filter);
  allow_sockets(filter);
  allow_waiting_and_memory(filter);
  allow_end(filter);
  kill_hostile(filter);
  kill_reaching_out(filter);
  return filter.load();
}

}  // namespace

Result<> enter_listener_sandbox(const Account& session) {
  Filter filter(kAllow);
  kill_hostile(filter);
  filter.add(kDeny, {SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setfsuid),
                     SCMP_SYS(setfsgid), SCMP_SYS(setgroups)});
  // Each argument that differs is a rule of its own; together they leave (session, session, session).
  for (unsigned argument = 0; argument < 3; ++argument) {
    filter.add(kDeny, SCMP_SYS(setresuid), {differs(argument, session.uid)});
    filter.add(kDeny, SCMP_SYS(setresgid), {differs(argument, session.gid)});
  }
  // A user namespace would give these capabilities a second life in which session's number stands for root.
  filter.add(kDeny, SCMP_SYS(clone), {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER}});
  filter.add(SCMP_ACT_ERRNO(ENOSYS), {SCMP_SYS(clone3)});  // its flags can't be seen; libc falls back to clone
  return filter.load();
}

Result<> enter_sandbox(Sandbox kind) { return kind == Sandbox::vault ? enter_vault() : enter_session(); }

}  // namespace sallyport::app
