#include "listing.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMostOfPage = 512U << 10U;  // as JSON it has the names of its fields, too

std::string left_out(std::size_t count) { return "and " + std::to_string(count) + " more"; }

}  // namespace

std::string list_names(const std::vector<std::string>& names, std::size_t count, std::size_t most) {
  std::size_t needed = 0;
  for (const auto& name : names) needed += name.size() + 1;
  const bool all = names.size() == count && needed <= most + 1;
  const std::size_t room = all ? most : most - left_out(count).size() - 1;
  std::string out;
  std::size_t shown = 0;
  while (shown < names.size() && out.size() + 1 + names[shown].size() <= room + (out.empty() ? 1 : 0))
    out += (out.empty() ? "" : ",") + names[shown++];
  if (all) return out;
  return out + (out.empty() ? "" : ",") + left_out(count - shown);
}

bool fit_page(Record& out, std::string_view list) {
  auto items = out.take_list(list);
  out.set_list(list);
  std::size_t bytes = 0, kept = 0;
  for (auto& item : items) {
    bytes += encoded_size(item);
    if (kept > 0 && bytes > kMostOfPage) break;
    out.add(list) = std::move(item);
    ++kept;
  }
  return kept < items.size();
}

}  // namespace sallyport::app
