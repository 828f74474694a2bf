#include "sallyport/vault/labels.hpp"

#include "sallyport/base/names.hpp"

namespace sallyport::vault {

using base::Errc;

namespace {

base::Result<> add_label(Labels& labels, std::string_view pair) {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return base::fail(Errc::invalid, "a label is written key=value");
  SALLYPORT_TRY(auto key, base::check_name(pair.substr(0, equals), "label key"));
  SALLYPORT_TRY(auto value, base::check_name(pair.substr(equals + 1), "label value"));
  if (labels.contains(key)) return base::fail(Errc::invalid, "label " + key + " is given twice");
  if (labels.size() == kMaxLabels) return base::fail(Errc::invalid, "more than 16 labels");
  labels.emplace(std::move(key), std::move(value));
  return base::ok();
}

}  // namespace

base::Result<Labels> parse_labels(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    SALLYPORT_TRYV(add_label(labels, text.substr(0, comma)));
    if (comma == std::string_view::npos) return labels;
    text.remove_prefix(comma + 1);
    if (text.empty()) return base::fail(Errc::invalid, "labels end with a comma");
  }
  return labels;
}

std::string format_labels(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    if (!text.empty()) text += ',';
    text.append(key).append(1, '=').append(value);
  }
  return text;
}

Labels merge_labels(const Labels& target, const Labels& account) {
  Labels merged = account;
  merged.insert(target.begin(), target.end());
  return merged;
}

}  // namespace sallyport::vault
