#pragma once
// A child inside a sandbox, and what became of it.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include "sallyport/app/sandbox.hpp"

namespace sallyport::app {

/// Runs `act` in a child once `enter` has put it into a sandbox; wait status. act gives the child's exit status.
inline int inside(const std::function<base::Result<>()>& enter, const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter()) ::_exit(99);
    ::_exit(act());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}
inline int inside(Sandbox kind, const std::function<int()>& act) {
  return inside([kind] { return enter_sandbox(kind); }, act);
}

inline bool exited_with(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
inline bool killed_for_it(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

/// "exit N" or "killed".
inline std::string fate(int status) {
  return killed_for_it(status) ? "killed" : "exit " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

}  // namespace sallyport::app
