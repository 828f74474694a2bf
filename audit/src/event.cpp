#include "sallyport/audit/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sallyport/base/text.hpp"

namespace sallyport::audit {
namespace {

using base::Errc;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kEllipsis = 3;               // escape_text() adds "..." behind its bound
constexpr std::int64_t kLatest = 253402300799999;  // the end of the year 9999: what RFC 3339 can write

struct Field {
  std::string Event::*text;
  std::size_t limit;
  const char* name;
};

/// docs/audit_log.md, the order on disk.
constexpr std::array<Field, 7> kFields{{{&Event::actor, 128, "actor"},
                                        {&Event::action, 64, "action"},
                                        {&Event::object, 256, "object"},
                                        {&Event::source, 128, "source"},
                                        {&Event::rule, 128, "rule"},
                                        {&Event::request_id, 64, "request_id"},
                                        {&Event::detail, 1024, "detail"}}};

base::Error broken(const std::string& why) { return base::fail(Errc::corrupt, "audit event: " + why); }

/// RFC 8259, section 7. Stored texts hold no control characters; this does not rely on it.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::denied:
      return "denied";
    case Outcome::failed:
      return "failed";
  }
  return "unknown";
}

Event recorded(const Event& event) {
  Event out = event;
  for (const auto& field : kFields) {
    out.*field.text = base::escape_text(event.*field.text, field.limit - kEllipsis);
  }
  return out;
}

base::Bytes encode(const Event& event) {
  // A machine whose clock says 1969 has a wrong clock, not a vault that ends.
  const auto at = std::clamp<std::int64_t>(base::to_unix_ms(event.at), 0, kLatest);
  const Event stored = recorded(event);
  base::Writer out;
  out.u8(kVersion).u64(static_cast<std::uint64_t>(at)).u8(static_cast<std::uint8_t>(event.outcome));
  for (const auto& field : kFields) out.block(stored.*field.text);
  return std::move(out).take();
}

base::Result<Event> decode(base::ByteView bytes) {
  base::Reader in(bytes);
  const auto version = in.u8();
  const auto at = in.u64();
  const auto outcome = in.u8();
  if (!version || !at || !outcome) return broken("cut short");
  if (version.value() != kVersion) return broken("unknown version " + std::to_string(version.value()));
  if (at.value() > static_cast<std::uint64_t>(kLatest)) return broken("a time after the year 9999");
  if (outcome.value() < 1 || outcome.value() > 3) return broken("unknown outcome");
  Event event;
  event.at = base::from_unix_ms(static_cast<std::int64_t>(at.value()));
  event.outcome = static_cast<Outcome>(outcome.value());
  for (const auto& field : kFields) {
    const auto text = in.text(field.limit);
    if (!text) return broken(std::string(field.name) + " is cut short or too long");
    if (!base::is_plain_text(text.value(), field.limit)) return broken(std::string(field.name) + " is not plain text");
    event.*field.text = std::string(text.value());
  }
  if (!in.end()) return broken("bytes left over");
  return event;
}

std::string to_json_line(std::uint64_t index, const Event& stored) {
  auto out = fmt::format("{{\"index\":{},\"at\":{},\"outcome\":{}", index, json_string(base::format_time(stored.at)),
                         json_string(to_string(stored.outcome)));
  for (const auto& field : kFields) out += fmt::format(",\"{}\":{}", field.name, json_string(stored.*field.text));
  return out + '}';
}

}  // namespace sallyport::audit
