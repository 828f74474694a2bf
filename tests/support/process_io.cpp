#include "process_io.hpp"

#include <chrono>
#include <fstream>
#include <thread>

namespace sallyport::test {

std::uint64_t count_of(pid_t pid, const std::string& count) {
  std::ifstream accounts("/proc/" + std::to_string(pid) + "/io");
  std::string name;
  for (std::uint64_t value = 0; accounts >> name >> value;)
    if (name == count + ":") return value;
  return 0;
}

bool has_passed(pid_t pid, const std::string& count, std::uint64_t bytes) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (std::chrono::steady_clock::now() < until) {
    if (count_of(pid, count) > bytes) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

}  // namespace sallyport::test
