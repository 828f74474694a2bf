#include "environment.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace sallyport::app {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::filesystem::path home_directory() {
  if (auto home = environment("HOME"); home && home->starts_with('/')) return *home;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr || entry->pw_dir == nullptr ? "/" : entry->pw_dir;
}

std::string login_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

bool is_terminal(int fd) noexcept { return ::isatty(fd) == 1; }

bool knows_colours() noexcept {
  const char* term = std::getenv("TERM");
  return is_terminal(STDOUT_FILENO) && term != nullptr && std::string_view(term) != "dumb";
}

bool wants_colour() noexcept { return knows_colours() && std::getenv("NO_COLOR") == nullptr; }

}  // namespace sallyport::app
