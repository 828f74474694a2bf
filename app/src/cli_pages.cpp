#include "cli_pages.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace sallyport::app {
namespace {

constexpr std::uint64_t kPage = 200;  // what one answer holds at most
constexpr std::uint64_t kWanted = 100;
constexpr std::uint32_t kNoBound = UINT32_MAX;

const Field* find(Fields schema, std::string_view name) {
  const auto found = std::find_if(schema.begin(), schema.end(), [&](const Field& f) { return f.name == name; });
  return found == schema.end() ? nullptr : &*found;
}

Fields without_bound(const Operation& operation) {
  static std::map<OperationId, std::vector<Field>> known;
  auto& fields = known[operation.id];
  if (fields.empty()) {
    fields.assign(operation.output.begin(), operation.output.end());
    fields.front().max = kNoBound;
  }
  return fields;
}

// A log is read from its end: the next page stands before this one.
bool goes_back(const Record& input) {
  const bool can = find(input.schema(), "before") != nullptr;
  return can && !input.has("after");
}

void go_on(const Record& page, Record& input, bool back) {
  const auto* name = back ? "before" : "after";
  if (find(page.schema(), "next")->type == FieldType::number)
    input.set(name, page.number("next"));
  else
    input.set(name, page.text("next"));
}

}  // namespace

bool is_paged(const Operation& operation) {
  return !operation.output.empty() && operation.output.front().type == FieldType::list &&
         find(operation.output, "next") != nullptr && find(operation.input, "after") != nullptr;
}

base::Result<Record> collect(ApiClient& client, const Operation& operation, Record input, bool all) {
  const auto list = operation.output.front().name;
  const bool back = goes_back(input);
  const auto wanted = all ? UINT64_MAX : input.number("limit") > 0 ? input.number("limit") : kWanted;
  std::vector<Record> items;
  for (;;) {
    input.set("limit", std::min<std::uint64_t>(kPage, wanted - items.size()));
    SALLYPORT_TRY(auto page, client.call(operation.id, input));
    auto more = page.take_list(list);
    items.insert(back ? items.begin() : items.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
    if (page.has("next") && items.size() < wanted) {
      go_on(page, input, back);
      continue;
    }
    Record out(without_bound(operation));
    out.set_list(list);
    for (auto& item : items) out.add(list).absorb(std::move(item));
    out.absorb(std::move(page));
    return out;
  }
}

std::string left_out(const Operation& operation, const Record& output) {
  if (!output.has("next")) return {};
  const auto shown = output.list(operation.output.front().name).size();
  if (find(operation.output, "total") != nullptr && output.has("total")) {
    const auto total = output.number("total");  // a full page may be the last one
    return shown < total ? fmt::format("{} of {}; --all shows the rest", shown, total) : std::string();
  }
  return fmt::format("{} shown, there may be more; --all shows them", shown);
}

}  // namespace sallyport::app
