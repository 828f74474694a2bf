#pragma once
// Answers that grow with the store: cut where they reach their bound, and saying so. An answer that can't be encoded
// would undo the change that it tells of, and break the list that it stands in.
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/app/record.hpp"

namespace sallyport::app {

/// A words field of at most `most` bytes: the names that fit and, if some are left out, "and N more" as the last word,
/// which no name can be. `count`: of all; `names` may be the first of them only.
std::string list_names(const std::vector<std::string>& names, std::size_t count, std::size_t most);

/// Drops the last items of a page that no answer could carry, never the first. True: some were dropped, and the next
/// page goes on behind the last that is left. For lists whose items are too large to come 200 at once.
bool fit_page(Record& out, std::string_view list);

}  // namespace sallyport::app
