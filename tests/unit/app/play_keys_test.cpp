#include "play_keys.hpp"

#include <vector>

#include "support/catch.hpp"

namespace sallyport::app {
namespace {

std::vector<Key> keys_of(KeyReader& reader) {
  std::vector<Key> out;
  for (Key key = reader.next(); key != Key::none; key = reader.next()) out.push_back(key);
  return out;
}

}  // namespace

TEST_CASE("keys that come together are all heard") {
  KeyReader reader;
  reader.feed("  \x1b[C\x1b[C\x1bOD+q");
  CHECK(keys_of(reader) ==
        std::vector<Key>{Key::pause, Key::pause, Key::forward, Key::forward, Key::back, Key::faster, Key::quit});
}

TEST_CASE("an arrow key that comes in pieces is one key, and does not quit") {
  KeyReader reader;
  for (const char* piece : {"\x1b", "[", "1;5"}) {
    reader.feed(piece);
    CHECK(keys_of(reader).empty());
    CHECK(reader.half());
  }
  reader.feed("C");
  CHECK(keys_of(reader) == std::vector<Key>{Key::forward});
  CHECK_FALSE(reader.half());
}

TEST_CASE("an escape after which nothing comes quits, the beginning of a sequence does not") {
  KeyReader reader;
  reader.feed("\x1b");
  CHECK(reader.next() == Key::none);
  CHECK(reader.give_up() == Key::quit);
  reader.feed("\x1b[1");
  CHECK(reader.next() == Key::none);
  CHECK(reader.give_up() == Key::none);
  CHECK_FALSE(reader.half());
}

TEST_CASE("keys that mean nothing are passed over, whatever they send") {
  KeyReader reader;
  reader.feed("x\x1b[3~\x1b[15;2~\x1bOP\x1b[<0;3;4M\xc3\xa4\x1bq ");
  CHECK(keys_of(reader) == std::vector<Key>{Key::pause});
  reader.feed("\x1b[" + std::string(1000, '1'));
  CHECK(keys_of(reader).empty());
  reader.feed(" ");
  CHECK(keys_of(reader) == std::vector<Key>{Key::pause});
}

}  // namespace sallyport::app
