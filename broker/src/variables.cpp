#include "variables.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::broker {
namespace {

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_allowed(const std::vector<std::string>& allowed, std::string_view name) {
  const bool plain =
      !name.empty() && name.size() <= Variables::kMaxName &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
  return plain && std::any_of(allowed.begin(), allowed.end(), [name](const std::string& entry) {
           return entry == "LC_*" ? name.starts_with("LC_") : entry == name;
         });
}

constexpr std::string_view kOther = "_.@:-";

bool is_locale(std::string_view value) {
  if (value.empty()) return true;
  return value.size() <= Variables::kMaxValue && is_letter(value.front()) &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || kOther.find(c) != kOther.npos; });
}

constexpr std::string_view kInTypes = "-+._";

bool is_terminal(std::string_view type) {
  return type.size() <= Variables::kMaxValue && std::all_of(type.begin(), type.end(), [](char c) {
           return is_letter(c) || is_digit(c) || kInTypes.find(c) != kInTypes.npos;
         });
}

std::string bytes_of(std::string_view text) { return "(" + std::to_string(text.size()) + " bytes)"; }

/// Nothing is cut: half of a secret would not be found any more.
std::string described(std::string_view name, std::string_view value, bool with_value) {
  const std::string shown = name.size() > Variables::kMaxName ? bytes_of(name) : std::string(name);
  if (!with_value) return shown + " " + bytes_of(value);
  return shown + "=" + (value.size() > Variables::kMaxShownValue ? bytes_of(value) : std::string(value));
}

}  // namespace

bool Variables::admit(std::string_view name, std::string_view value, const std::vector<std::string>& allowed) {
  const bool named = is_allowed(allowed, name);
  if (named && is_locale(value) && text_.size() + name.size() + value.size() + 2 <= kMaxTogether) return true;
  refuse(described(name, value, named));
  return false;
}

void Variables::refuse(std::string shown) {
  if (refused_.size() < kMaxRefused)
    refused_.push_back(std::move(shown));
  else
    ++more_;
}

void Variables::set(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += ' ';
  text_.append(name).append("=").append(value);
}

std::string Variables::set_terminal(std::string_view type) {
  const bool good = is_terminal(type);
  if (!good) refuse(described("TERM", type, true));
  return terminal_.emplace(good ? type : kTerminal);
}

std::string Variables::text() const {
  if (!terminal_) return text_;
  return "TERM=" + *terminal_ + (text_.empty() ? "" : " ") + text_;
}

std::string Variables::take_refused() {
  std::string out;
  for (const auto& one : std::exchange(refused_, {})) out.append(out.empty() ? "" : ", ").append(one);
  const auto more = std::exchange(more_, 0);
  return more == 0 ? out : out + " and " + std::to_string(more) + " more";
}

}  // namespace sallyport::broker
