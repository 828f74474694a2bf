#include "asking_again.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace sallyport;
using app::AskingAgain;
using app::Record;
using std::chrono::milliseconds;

namespace {

/// A server that answers with these errors in turn, then well.
struct Server {
  std::vector<base::Errc> errors;
  std::size_t asked = 0;
  milliseconds rested{0};

  AskingAgain how{5, milliseconds{400}, [this](milliseconds pause) { rested += pause; }};

  base::Result<Record> ask() {
    const auto reply = asked++;
    if (reply < errors.size()) return base::fail(errors[reply], "answer " + std::to_string(asked));
    return Record();
  }
  base::Result<Record> ask_again() {
    return app::ask_again(
        how, [this] { return ask(); }, [](const auto& error) { return error.code() == base::Errc::closed; });
  }
};

}  // namespace

TEST_CASE("asking again: what passes by itself is waited for") {
  Server server{.errors = {base::Errc::closed, base::Errc::closed}};
  CHECK(server.ask_again());
  CHECK(server.asked == 3);
  CHECK(server.rested == milliseconds{800});
}

TEST_CASE("asking again: what does not pass by itself is answered at once") {
  Server server{.errors = {base::Errc::closed, base::Errc::denied}};
  CHECK(server.ask_again().error().context() == "answer 2");
  CHECK(server.asked == 2);
}

TEST_CASE("asking again: it ends after so many tries, with the last answer") {
  Server server{.errors = std::vector(100, base::Errc::closed)};
  CHECK(server.ask_again().error().context() == "answer 5");
  CHECK(server.asked == 5);
  CHECK(server.rested == milliseconds{1600});
  CHECK(server.how.longest() == std::chrono::seconds{2});
}
