#pragma once
// Labels of targets and accounts ("env=prod"): what roles select by.
#include <map>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::vault {

inline constexpr std::size_t kMaxLabels = 16;

/// Key to value; both keep the rule of base::check_name.
using Labels = std::map<std::string, std::string>;

/// "env=prod,team=db" in any order; empty text is no labels. Errc::invalid for a bad or doubled key, or more than
/// kMaxLabels.
base::Result<Labels> parse_labels(std::string_view text);
/// The same text, ordered by key: how labels are stored and shown.
std::string format_labels(const Labels& labels);
/// An account's labels over those of its target: what a selector sees. The account's own win.
Labels merge_labels(const Labels& target, const Labels& account);

}  // namespace sallyport::vault
