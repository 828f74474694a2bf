#pragma once
// A program in a terminal of its own, as a person has it: typed at, read from, resized.
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "sallyport/base/fd.hpp"

namespace sallyport::test {

class Terminal {
 public:
  /// Starts argv[0] (looked up in PATH) with this environment and nothing else. Throws where there is no terminal.
  Terminal(std::vector<std::string> argv, std::vector<std::string> environment, unsigned short rows,
           unsigned short columns);
  ~Terminal();  ///< kills what still runs
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void resize(unsigned short rows, unsigned short columns);
  void type(const std::string& text);
  /// Reads until the text was shown; false when the program ended or the time is over. What was shown stays in shown().
  bool wait_for(const std::string& text, std::chrono::milliseconds timeout = std::chrono::seconds{10});
  /// Reads to the end; exit code, or 128 + signal, or -1 when the time is over.
  int finish(std::chrono::milliseconds timeout = std::chrono::seconds{10});
  const std::string& shown() const noexcept { return shown_; }

 private:
  bool read_some(std::chrono::steady_clock::time_point until);

  pid_t pid_ = -1;
  base::UniqueFd master_;
  std::string shown_;
};

}  // namespace sallyport::test
