#pragma once
// What a process has read and written, by the kernel's own count: for tests that wait until so much has passed.
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace sallyport::test {

/// `count` is a name of /proc/PID/io: "rchar" or "wchar". 0 of a process that is gone.
std::uint64_t count_of(pid_t pid, const std::string& count);
/// Until it is over `bytes`; false after ten seconds.
bool has_passed(pid_t pid, const std::string& count, std::uint64_t bytes);

}  // namespace sallyport::test
