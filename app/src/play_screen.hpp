#pragma once
// The terminal while something plays on it: bytes go through as they are, keys come one by one, and whatever ends it
// (the end, a key, a signal, an abort) leaves it as it was. The last frame stays where it is.
#include <termios.h>

#include <chrono>
#include <string>

#include "play_keys.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

/// At most one at a time: signals know no other. One thread.
class PlayScreen {
 public:
  /// Takes the terminal of stdout if there is one; keys come from stdin if that is one too.
  PlayScreen();
  ~PlayScreen();
  PlayScreen(const PlayScreen&) = delete;
  PlayScreen& operator=(const PlayScreen&) = delete;

  bool active() const noexcept { return active_; }
  bool has_keys() const noexcept { return keys_; }
  TerminalSize size() const;

  enum class Woke : std::uint8_t {
    time,     ///< nothing happened
    input,    ///< next_key() may have some
    changed,  ///< another size, or back from being stopped: all has to be drawn again
    gone,     ///< nobody can press a key any more
  };
  Woke wait(std::chrono::milliseconds how_long);
  Key next_key() { return reader_.next(); }

  /// What leave() and signals have to undo.
  void set_alternate(bool on) noexcept;
  /// Cleared, with the cursor in the corner.
  base::Result<> clear();
  /// As ctrl-Z does elsewhere: stops everybody in the terminal's foreground. Comes back as Woke::changed.
  void suspend();
  /// The terminal as it was, the cursor below what stands there. Once; the destructor does it otherwise.
  void leave() noexcept;

 private:
  void apply() const noexcept;

  bool active_ = false;
  bool keys_ = false;
  KeyReader reader_;
};

}  // namespace sallyport::app
