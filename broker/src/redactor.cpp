#include "redactor.hpp"

#include <algorithm>

#include "sallyport/base/crypto.hpp"

namespace sallyport::broker {
namespace {

constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61U) - 1;

std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  const auto sum = static_cast<std::uint64_t>(product & kPrime) + static_cast<std::uint64_t>(product >> 61U);
  return sum >= kPrime ? sum - kPrime : sum;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept { return (a + b) % kPrime; }

bool is_quoting(std::uint8_t c) noexcept { return c == '\\' || c == '\'' || c == '"'; }

bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// In a mark that stands there already: the secret is the word "secret".
bool is_marked(std::string_view text, std::size_t begin) noexcept {
  return begin > 0 && text.substr(begin - 1).starts_with(Redactor::kMark);
}

bool is_control(std::uint8_t c) noexcept { return c < 0x20 || c == 0x7f; }

}  // namespace

Redactor::Redactor() {
  std::uint64_t drawn = 0;
  base::random_bytes({reinterpret_cast<std::uint8_t*>(&drawn), sizeof drawn});
  base_ = 256 + drawn % (kPrime - 256);
}

/// `escaped`: with control characters as escape_text() writes them, but for the backslash.
Redactor::Trace Redactor::trace_of(base::ByteView secret, bool escaped) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Trace trace{0, 0};
  const auto take = [&](std::uint8_t c) {
    ++trace.length;
    trace.hash = plus(times(trace.hash, base_), c);
  };
  for (const std::uint8_t c : secret) {
    if (is_quoting(c)) continue;
    if (!escaped || !is_control(c)) {
      take(c);
      continue;
    }
    take('x');
    take(static_cast<std::uint8_t>(kDigits[c >> 4U]));
    take(static_cast<std::uint8_t>(kDigits[c & 15U]));
  }
  return trace;
}

void Redactor::add(const Trace& trace, std::size_t least) {
  if (trace.length < least || traces_.size() >= kMaxTraces) return;
  const auto at = std::lower_bound(traces_.begin(), traces_.end(), trace);
  if (at == traces_.end() || *at != trace) traces_.insert(at, trace);
}

void Redactor::learn(CredentialKind kind, const base::SecretBytes& secret) {
  base::ByteView rest = secret.expose();
  if (kind == CredentialKind::password) {
    add(trace_of(rest, false), kWord);
    return add(trace_of(rest, true), kWord);
  }
  while (!rest.empty()) {
    const auto end = std::find(rest.begin(), rest.end(), std::uint8_t{'\n'});
    const auto size = static_cast<std::size_t>(end - rest.begin());
    auto line = rest.first(size);
    rest = rest.subspan(std::min(size + 1, rest.size()));
    if (!line.empty() && line.back() == '\r') line = line.first(line.size() - 1);
    // "-----BEGIN ..." is nobody's secret.
    if (!line.empty() && line.front() != '-') add(trace_of(line, false), kKeyLine);
  }
}

/// `kept`: where the bytes of `text` stand that are no quotes.
void Redactor::find(std::size_t length, std::string_view text, const std::vector<std::size_t>& kept,
                    std::vector<Place>& places) const {
  std::uint64_t highest = 1;
  for (std::size_t i = 1; i < length; ++i) highest = times(highest, base_);
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<std::uint8_t>(text[kept[i]])}; };
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i >= length) hash = plus(hash, kPrime - times(highest, byte(i - length)));
    hash = plus(times(hash, base_), byte(i));
    if (i + 1 < length || !std::binary_search(traces_.begin(), traces_.end(), Trace{length, hash})) continue;
    const Place place{kept[i + 1 - length], kept[i] + 1};
    const bool word = (place.begin == 0 || !is_word(text[place.begin - 1])) &&
                      (place.end == text.size() || !is_word(text[place.end]));
    if (length >= kAnywhere || word) places.push_back(place);
  }
}

std::string Redactor::redact(std::string_view text) const {
  std::vector<Place> places;
  if (!traces_.empty()) {
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!is_quoting(static_cast<std::uint8_t>(text[i]))) kept.push_back(i);
    }
    std::size_t done = 0;
    for (const auto& trace : traces_) {
      if (trace.length != std::exchange(done, trace.length)) find(trace.length, text, kept, places);
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t at = 0;
  for (const auto& place : places) {
    if (is_marked(text, place.begin)) continue;
    // Places may overlap: one mark for what touches.
    if (place.begin >= at) out.append(text.substr(at, place.begin - at)).append(kMark);
    at = std::max(at, place.end);
  }
  return out.append(text.substr(at));
}

}  // namespace sallyport::broker
