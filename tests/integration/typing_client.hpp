#pragma once
// An ssh client that is running: the test types into it and looks at what it shows.
#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "broker_fixture.hpp"
#include "sallyport/base/file.hpp"
#include "support/catch.hpp"

namespace sallyport::test {

struct TypingClient {
  base::UniqueFd keyboard;
  std::filesystem::path out;
  std::filesystem::path err;
  base::Child client;
  std::string text(const std::filesystem::path& file) const {
    return text_of(base::read_file(file, 64U << 20U).value());
  }
  bool has_shown(const std::string& wanted) const { return text(out).find(wanted) != std::string::npos; }
  /// Waits for it; false after 20 s.
  bool shows(const std::string& wanted) const {
    for (int i = 0; i < 1000; ++i) {
      if (has_shown(wanted)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return false;
  }
  void type(const std::string& text) const { REQUIRE(base::write_all(keyboard.get(), base::as_bytes(text))); }
};

inline TypingClient start(const World& world, const std::string& command) {
  base::Command line;
  line.argv = world.ssh({}, {command});
  line.environment = {"PATH=/usr/bin:/bin"};
  const auto out = world.directory.path() / "out";
  const auto err = world.directory.path() / "err";
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const auto create = [](const auto& path) {
    return base::UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  };
  auto client = base::Child::spawn(line, {base::UniqueFd(ends[0]), create(out), create(err)}).value();
  return {base::UniqueFd(ends[1]), out, err, std::move(client)};
}

/// A file in which the target's user leaves a mark, or the test one for him.
inline std::filesystem::path mark_of(const World& world) {
  std::filesystem::permissions(world.directory.path(), std::filesystem::perms::all);
  return world.directory.path() / "mark";
}

}  // namespace sallyport::test
