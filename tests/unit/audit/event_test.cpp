#include "sallyport/audit/event.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::audit;

namespace {

Event sample() {
  Event event;
  event.at = base::from_unix_ms(1763833200123);
  event.actor = "user:alice";
  event.action = "checkout.create";
  event.object = "account:root@web1";
  event.source = "192.0.2.7:50122";
  event.rule = "role:web-admins";
  event.request_id = "q5x2q5x2q5x2q5x2";
  event.outcome = Outcome::denied;
  event.detail = "for 1h: change 4711";
  return event;
}

}  // namespace

TEST_CASE("an event reads back as it was written") { CHECK(decode(encode(sample())).value() == sample()); }

TEST_CASE("texts are stored escaped and cut, so that nobody has to trust them") {
  auto event = sample();
  event.detail = "a\x1b[2Jb\nc\xff\\" + std::string(5000, 'x');
  event.actor = std::string(1000, 'y');
  const auto bytes = encode(event);
  CHECK(bytes.size() <= kMaxEncoded);
  const auto stored = decode(bytes).value();
  CHECK(stored == recorded(event));
  CHECK(stored.actor.size() == 128);
  CHECK(stored.detail.size() <= 1024);
  CHECK(stored.detail.find('\x1b') == std::string::npos);
  CHECK(stored.detail.find('\n') == std::string::npos);
}

TEST_CASE("an event of a machine whose clock is far off is written at the nearest time that can be said") {
  auto event = sample();
  event.at = base::from_unix_ms(-86'400'000);
  CHECK(base::to_unix_ms(decode(encode(event)).value().at) == 0);
  event.at = base::from_unix_ms(400'000'000'000'000);
  CHECK(base::to_unix_ms(decode(encode(event)).value().at) == 253402300799999);
}

TEST_CASE("the largest possible event stays under its bound") {
  Event event;
  for (auto text : {&Event::actor, &Event::action, &Event::object, &Event::source, &Event::rule, &Event::request_id,
                    &Event::detail}) {
    event.*text = std::string(10000, '\x01');
  }
  const auto bytes = encode(event);
  CHECK(bytes.size() <= kMaxEncoded);
  CHECK(decode(bytes).has_value());
}

TEST_CASE("an event that encode would not have written is refused") {
  const auto good = encode(sample());
  SECTION("cut at every length") {
    for (std::size_t size = 0; size < good.size(); ++size) {
      CHECK(decode(base::ByteView(good).first(size)).error().code() == base::Errc::corrupt);
    }
  }
  SECTION("a byte left over") {
    auto bytes = good;
    bytes.push_back(0);
    CHECK(!decode(bytes));
  }
  SECTION("another version, outcome or time") {
    for (const auto& [at, value] : {std::pair<std::size_t, std::uint8_t>{0, 2}, {9, 0}, {9, 4}, {1, 0x7f}}) {
      auto bytes = good;
      bytes[at] = value;
      CHECK(!decode(bytes));
    }
  }
  SECTION("a control character") {
    auto bytes = good;
    bytes[14] = 0x1b;  // the first letter of the actor
    CHECK(!decode(bytes));
  }
}

TEST_CASE("an event as JSON is one strict object on one line") {
  auto event = sample();
  event.detail = R"(say "hi" \)";
  CHECK(
      to_json_line(7, recorded(event)) ==
      R"({"index":7,"at":"2025-11-22T17:40:00.123Z","outcome":"denied","actor":"user:alice","action":"checkout.create",)"
      R"("object":"account:root@web1","source":"192.0.2.7:50122","rule":"role:web-admins",)"
      R"("request_id":"q5x2q5x2q5x2q5x2","detail":"say \"hi\" \\\\"})");
  event.detail = "raw\n\x01";  // never stored like this; the writer does not rely on it
  CHECK(to_json_line(7, event).find(R"("raw\u000a\u0001")") != std::string::npos);
}
