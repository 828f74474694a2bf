#include "sallyport/audit/log_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/audit/event.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::audit {
namespace {

std::string_view name_of(Break::Where where) {
  switch (where) {
    case Break::Where::header:
      return "the header";
    case Break::Where::entry:
      return "entry ";
    case Break::Where::checkpoint:
      return "checkpoint ";
    case Break::Where::tail:
      return "the end";
  }
  return "";
}

/// A log's own checkpoints bear one signature; a second would be bytes that nothing vouches for.
bool has_one_signature(std::string_view note) {
  const auto gap = note.rfind("\n\n");
  return std::count(note.begin() + static_cast<std::ptrdiff_t>(gap) + 2, note.end(), '\n') == 1;
}

}  // namespace

std::string Report::text() const {
  if (!broken) {
    return fmt::format("intact: {} entries, {} checkpoints, root {}", entries, checkpoints, base::hex(root));
  }
  const bool counted = broken->where == Break::Where::entry || broken->where == Break::Where::checkpoint;
  return fmt::format("broken at {}{}: {}", name_of(broken->where), counted ? std::to_string(broken->index) : "",
                     broken->why);
}

LogVerifier::LogVerifier(VerifierKey key, Expectation expectation)
    : key_(std::move(key)), expected_(std::move(expectation)) {
  if (expected_.checkpoint && expected_.checkpoint->origin != key_.name) {
    fail(Break::Where::header, "the expected checkpoint is of another log: " + expected_.checkpoint->origin);
  }
  if (!broken()) compare_expected();
}

void LogVerifier::fail(Break::Where where, std::string why) {
  if (broken()) return;
  const bool in_entry = where == Break::Where::entry;
  const auto index = in_entry ? report_.entries : where == Break::Where::checkpoint ? report_.checkpoints : 0;
  report_.broken = Break{where, index, std::move(why)};
}

void LogVerifier::entry(std::uint64_t index, base::ByteView event, const Digest& leaf) {
  if (broken()) return;
  const auto here = Break::Where::entry;
  if (index != report_.entries)
    return fail(here, "its index is " + std::to_string(index) + ": an entry is missing or moved");
  if (leaf_hash(event) != leaf) return fail(here, "the event does not match its leaf hash");
  const auto decoded = decode(event);
  if (!decoded) return fail(here, decoded.error().context());
  frontier_.append(leaf);
  ++report_.entries;
  compare_expected();
}

void LogVerifier::compare_expected() {
  const auto& expected = expected_.checkpoint;
  if (!expected || expected->size != report_.entries || expected->root == frontier_.root()) return;
  fail(Break::Where::tail,
       fmt::format("the first {} entries are not those of the expected checkpoint", expected->size));
}

void LogVerifier::checkpoint(std::string_view note) {
  if (broken()) return;
  const auto here = Break::Where::checkpoint;
  const auto checkpoint = verify_checkpoint(note, key_);
  if (!checkpoint) return fail(here, checkpoint.error().context());
  if (!has_one_signature(note)) return fail(here, "more than one signature");
  if (checkpoint.value().size != report_.entries) {
    return fail(here,
                fmt::format("it speaks of {} entries, {} came before it", checkpoint.value().size, report_.entries));
  }
  if (checkpoint.value().root != frontier_.root()) {
    return fail(here, fmt::format("its root is not that of the entries; changed between {} and {}", signed_size_,
                                  report_.entries - 1));
  }
  signed_size_ = report_.entries;
  ++report_.checkpoints;
}

Report LogVerifier::finish() && {
  const auto needed = std::max(expected_.least_size, expected_.checkpoint ? expected_.checkpoint->size : 0);
  if (report_.entries > signed_size_) {
    fail(Break::Where::tail, fmt::format("entries from {} on are under no checkpoint", signed_size_));
  } else if (report_.entries < needed) {
    fail(Break::Where::tail,
         fmt::format("{} entries are there, {} were: the tail was cut off", report_.entries, needed));
  }
  report_.root = frontier_.root();
  return std::move(report_);
}

}  // namespace sallyport::audit
