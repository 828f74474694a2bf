// Each forbidden system call by its number, as whoever has taken a process over would make it: no wrapper of libc
// stands between. All arguments are -1, so that none does anything should a filter let it through.
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sallyport/app/privileges.hpp"
#include "sandboxed.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;

// The names of the calls, as the kernel's header has them.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define call(name) \
  Call { SYS_##name, #name }

namespace {

struct Call {
  long number;
  const char* name;
};

constexpr auto kHostile = std::to_array<Call>({call(execve),
                                               call(execveat),
                                               call(ptrace),
                                               call(process_vm_readv),
                                               call(process_vm_writev),
                                               call(io_uring_setup),
                                               call(io_uring_enter),
                                               call(io_uring_register),
                                               call(bpf),
                                               call(userfaultfd),
                                               call(perf_event_open),
                                               call(keyctl),
                                               call(add_key),
                                               call(request_key),
                                               call(init_module),
                                               call(finit_module),
                                               call(delete_module),
                                               call(kexec_load),
                                               call(kexec_file_load),
                                               call(mount),
                                               call(fsopen),
                                               call(fsconfig),
                                               call(fsmount),
                                               call(fspick),
                                               call(open_tree),
                                               call(move_mount),
                                               call(mount_setattr),
                                               call(umount2),
                                               call(pivot_root),
                                               call(unshare),
                                               call(setns),
                                               call(chroot)});

constexpr auto kReachingOut = std::to_array<Call>({call(connect),
                                                   call(bind),
                                                   call(listen),
                                                   call(accept),
                                                   call(accept4),
                                                   call(fork),
                                                   call(vfork),
                                                   call(clone),
                                                   call(clone3),
                                                   call(kill),
                                                   call(tkill),
                                                   call(pidfd_open),
                                                   call(pidfd_getfd),
                                                   call(pidfd_send_signal),
                                                   call(setuid),
                                                   call(setreuid),
                                                   call(setresuid),
                                                   call(setfsuid),
                                                   call(setgid),
                                                   call(setregid),
                                                   call(setresgid),
                                                   call(setfsgid),
                                                   call(setgroups),
                                                   call(capset),
                                                   call(chmod),
                                                   call(fchmod),
                                                   call(fchmodat),
                                                   call(chown),
                                                   call(fchown),
                                                   call(lchown),
                                                   call(fchownat),
                                                   call(unlink),
                                                   call(unlinkat),
                                                   call(rename),
                                                   call(renameat),
                                                   call(renameat2),
                                                   call(link),
                                                   call(linkat),
                                                   call(symlink),
                                                   call(symlinkat),
                                                   call(mknod),
                                                   call(mknodat),
                                                   call(truncate),
                                                   call(ftruncate),
                                                   call(pwrite64),
                                                   call(pwritev),
                                                   call(pwritev2),
                                                   call(fallocate),
                                                   call(splice),
                                                   call(vmsplice),
                                                   call(tee),
                                                   call(sendfile),
                                                   call(setxattr),
                                                   call(fsetxattr),
                                                   call(copy_file_range)});

constexpr auto kOfUsers =
    std::to_array<Call>({call(setuid), call(setgid), call(setreuid), call(setregid), call(setfsuid), call(setfsgid),
                         call(setgroups), call(setresuid), call(setresgid)});

/// What a session may do with any arguments ...
constexpr auto kOfSession = std::to_array<Call>({call(read),
                                                 call(write),
                                                 call(readv),
                                                 call(writev),
                                                 call(recvfrom),
                                                 call(recvmsg),
                                                 call(shutdown),
                                                 call(close),
                                                 call(fsync),
                                                 call(fdatasync),
                                                 call(fstat),
                                                 call(fstatfs),
                                                 call(pipe2),
                                                 call(eventfd2),
                                                 call(getsockopt),
                                                 call(getsockname),
                                                 call(getpeername),
                                                 call(poll),
                                                 call(ppoll),
                                                 call(select),
                                                 call(pselect6),
                                                 call(epoll_create1),
                                                 call(epoll_ctl),
                                                 call(epoll_wait),
                                                 call(epoll_pwait),
                                                 call(nanosleep),
                                                 call(clock_nanosleep),
                                                 call(restart_syscall),
                                                 call(sched_yield),
                                                 call(futex),
                                                 call(brk),
                                                 call(munmap),
                                                 call(mremap),
                                                 call(madvise),
                                                 call(mlock),
                                                 call(munlock),
                                                 call(mincore),
                                                 call(membarrier),
                                                 call(clock_gettime),
                                                 call(clock_getres),
                                                 call(gettimeofday),
                                                 call(time),
                                                 call(getrandom),
                                                 call(getpid),
                                                 call(getppid),
                                                 call(gettid),
                                                 call(getuid),
                                                 call(geteuid),
                                                 call(getgid),
                                                 call(getegid),
                                                 call(alarm),
                                                 call(setitimer),
                                                 call(exit),
                                                 call(exit_group),
                                                 call(rt_sigaction),
                                                 call(rt_sigprocmask),
                                                 call(rt_sigreturn),
                                                 call(sigaltstack)});
/// ... and with some; sandbox_test.cpp tries the others.
constexpr auto kOfSessionPartly =
    std::to_array<Call>({call(ioctl), call(fcntl), call(setsockopt), call(sendto), call(sendmsg), call(socketpair),
                         call(mmap), call(mprotect), call(tgkill)});

/// What the sanitizers' own threads need, in programs that are built with them.
#ifdef SALLYPORT_SANITIZED
constexpr auto kOfSanitizers = std::to_array<Call>({call(rseq), call(set_robust_list)});
#else
constexpr std::array<Call, 0> kOfSanitizers{};
#endif

/// The kernel's own trampolines for probes: newer ones exempt them from filters, and answer a caller with SIGILL.
constexpr long kUretprobe = 335;
constexpr long kUprobe = 336;
constexpr long kLastNumber = 512;  // beyond what any kernel has today
constexpr long kX32 = 0x40000000;  // the same call, for programs with short pointers
constexpr Account kSession{4242, 4242};

std::function<int()> bare(long number) {
  return [number] { return ::syscall(number, -1, -1, -1, -1, -1, -1) < 0 ? errno : 0; };
}

template <class Enter>
std::string fate_of(Enter enter, long number) {
  return fate(inside(enter, bare(number)));
}

base::Result<> enter_listener() { return enter_listener_sandbox(kSession); }

bool among(const auto& calls, long number) {
  return std::any_of(calls.begin(), calls.end(), [number](const Call& one) { return one.number == number; });
}

}  // namespace

TEST_CASE("sandbox: each call that only an attacker makes ends a session, the vault and the listener") {
  for (const auto& one : kHostile) {
    CAPTURE(one.name);
    CHECK(fate_of(Sandbox::session, one.number) == "killed");
    CHECK(fate_of(Sandbox::vault, one.number) == "killed");
    CHECK(fate_of(enter_listener, one.number) == "killed");
  }
}

TEST_CASE("sandbox: each call that reaches others or changes a file's past ends a session") {
  for (const auto& one : kReachingOut) {
    CAPTURE(one.name);
    CHECK(fate_of(Sandbox::session, one.number) == "killed");
  }
}

TEST_CASE("sandbox: a session makes no call but those that it needs") {
  for (long number = 0; number <= kLastNumber; ++number) {
    if (among(kOfSession, number) || among(kOfSessionPartly, number) || among(kOfSanitizers, number)) continue;
    if (number == kUretprobe || number == kUprobe) continue;
    CAPTURE(number);
    const auto seen = fate_of(Sandbox::session, number);
    const bool refused = seen == "killed" || seen == "exit " + std::to_string(EPERM);
    CHECK(refused);
  }
}

TEST_CASE("sandbox: the vault is refused each call that calls others") {
  for (const auto& one : {call(connect), call(sendmmsg), call(sendto), call(socket)}) {
    CAPTURE(one.name);
    CHECK(fate_of(Sandbox::vault, one.number) == "exit " + std::to_string(EACCES));
  }
}

TEST_CASE("sandbox: the listener is refused each call that makes it another user, and new namespaces") {
  for (const auto& one : kOfUsers) {
    CAPTURE(one.name);
    CHECK(fate_of(enter_listener, one.number) == "exit " + std::to_string(EPERM));
  }
  CHECK(fate_of(enter_listener, SYS_clone) == "exit " + std::to_string(EPERM));
  CHECK(fate_of(enter_listener, SYS_clone3) == "exit " + std::to_string(ENOSYS));
}

#ifdef __x86_64__
TEST_CASE("sandbox: no call goes past a filter by the numbers of another ABI") {
  for (const long number : {kX32 | SYS_socket, kX32 | SYS_open, kX32 | 520 /* execve */}) {
    CAPTURE(number);
    CHECK(fate_of(Sandbox::session, number) == "killed");
    CHECK(fate_of(Sandbox::vault, number) == "killed");
    CHECK(fate_of(enter_listener, number) == "killed");
  }
}
#endif
