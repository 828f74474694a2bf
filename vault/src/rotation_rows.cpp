#include "rotation_rows.hpp"

#include <array>

namespace sallyport::vault {

namespace {

// A literal, because Sql takes nothing else. What read_rotation takes, in its order.
#define SALLYPORT_ROTATION_COLUMNS                                                                             \
  "SELECT id, account_id, cause, state, journal, outcome, detail, version, wait, pauses, doubts, started_ms, " \
  "updated_ms, finished_ms FROM rotation "

base::Result<Rotation> read_rotation(const Statement& row) {
  SALLYPORT_TRY(auto id, read_id<base::RotationId>(row, 0));
  SALLYPORT_TRY(auto account, read_id<base::AccountId>(row, 1));
  SALLYPORT_TRY(const auto cause, read_enum(row, 2, RotationCause::schedule));
  const std::int64_t wait = row.integer(8);
  if (wait < 0 || wait > 2) return corrupt_row("rotation");
  return Rotation{std::move(id),      std::move(account),      cause,
                  read_text(row, 3),  read_text(row, 4),       read_text(row, 5),
                  read_text(row, 6),  read_u32(row, 7),        static_cast<RotationWait>(wait),
                  read_u32(row, 9),   read_u32(row, 10),       read_time(row, 11),
                  read_time(row, 12), read_maybe_time(row, 13)};
}

constexpr std::array<RotationCause, 3> kCauses = {RotationCause::demand, RotationCause::checkin,
                                                  RotationCause::schedule};

}  // namespace

std::string_view to_string(RotationCause cause) noexcept {
  switch (cause) {
    case RotationCause::demand:
      return "demand";
    case RotationCause::checkin:
      return "checkin";
    case RotationCause::schedule:
      break;
  }
  return "schedule";
}

base::Result<RotationCause> parse_rotation_cause(std::string_view word) {
  for (const RotationCause cause : kCauses) {
    if (to_string(cause) == word) return cause;
  }
  return base::fail(base::Errc::invalid, "a rotation's cause is demand, checkin or schedule");
}

std::string_view to_string(RotationWait wait) noexcept {
  switch (wait) {
    case RotationWait::none:
      return "none";
    case RotationWait::retry:
      return "retry";
    case RotationWait::blocked:
      break;
  }
  return "blocked";
}

base::Result<std::optional<Rotation>> find_open_rotation(Transaction& tx, const base::AccountId& account) {
  SALLYPORT_TRY(auto rows,
                tx.query(SALLYPORT_ROTATION_COLUMNS "WHERE account_id = $1 AND finished_ms IS NULL", account));
  return read_first(std::move(rows), read_rotation);
}

base::Result<std::vector<Rotation>> unfinished_rotations(Transaction& tx) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_ROTATION_COLUMNS "WHERE finished_ms IS NULL ORDER BY started_ms, id"));
  return read_all(std::move(rows), read_rotation);
}

base::Result<Rotation> get_rotation(Transaction& tx, const base::RotationId& id) {
  SALLYPORT_TRY(auto rows, tx.query(SALLYPORT_ROTATION_COLUMNS "WHERE id = $1", id));
  SALLYPORT_TRY(auto found, read_first(std::move(rows), read_rotation));
  if (!found) return base::fail(base::Errc::not_found, "rotation " + id.text() + " is not known");
  return std::move(*found);
}

base::Result<base::RotationId> complete_rotation_id(Transaction& tx, std::string_view begin) {
  return complete_id<base::RotationId>(tx, "SELECT id FROM rotation WHERE id >= $1 AND id < $2 LIMIT 2", begin);
}

base::Result<std::vector<Rotation>> list_rotations(Transaction& tx, const RotationFilter& filter) {
  // An empty text is "any": it is no id.
  const std::string account = filter.account ? filter.account->text() : "";
  const std::string after = filter.after ? filter.after->text() : "";
  SALLYPORT_TRY(auto rows,
                tx.query(SALLYPORT_ROTATION_COLUMNS
                         "WHERE ($1 = '' OR account_id = $1) "
                         "AND ($2 = '' OR (started_ms, id) < (SELECT started_ms, id FROM rotation WHERE id = $2)) "
                         "ORDER BY started_ms DESC, id DESC LIMIT $3",
                         account, after, page_limit(filter.limit)));
  return read_all(std::move(rows), read_rotation);
}

}  // namespace sallyport::vault
