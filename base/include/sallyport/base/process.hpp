#pragma once
// Child programs: started without a shell, watched with a deadline, their output bounded.
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::base {

struct Command {
  std::vector<std::string> argv;         ///< argv[0] is looked up in PATH; never a secret in it
  std::vector<std::string> environment;  ///< "NAME=value"; nothing is inherited but what stands here
  const SecretBytes* input = nullptr;    ///< written to stdin, then closed; not owned
  std::size_t output_limit = 1U << 20U;  ///< stdout and stderr each; more ends the child
  std::chrono::milliseconds timeout{30000};
};
struct Finished {
  int status;
  Bytes out;
  Bytes err;
};  ///< status: exit code, or 128 + signal

/// Runs to the end; on the deadline the child (its own process group) is killed and Errc::timed_out returned.
Result<Finished> run(const Command& command);

/// A running child that is killed (SIGKILL) and reaped when its owner goes.
class Child {
 public:
  /// Standard streams given here are moved onto 0, 1, 2 (absent: /dev/null for 0, inherited for 1 and 2).
  struct Streams {
    UniqueFd in;
    UniqueFd out;
    UniqueFd err;
  };
  static Result<Child> spawn(const Command& command, Streams streams);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();
  pid_t pid() const noexcept { return pid_; }
  void signal(int number) noexcept;
  /// Exit status as in Finished, or nothing when the timeout passed.
  std::optional<int> wait(std::chrono::milliseconds timeout);

 private:
  explicit Child(pid_t pid) noexcept : pid_(pid) {}
  pid_t pid_ = -1;
};

}  // namespace sallyport::base
