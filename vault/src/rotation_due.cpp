// What should be rotated now, from the three places that say so.
#include <algorithm>
#include <iterator>

#include "rotation_rows.hpp"

namespace sallyport::vault {

namespace {

constexpr base::Milliseconds kLongestRetry{std::chrono::hours{6}};
constexpr base::Milliseconds kFirstHold{std::chrono::minutes{5}};
constexpr base::Milliseconds kLongestHold{std::chrono::hours{24}};
constexpr int kMostDoublings = 9;  // 5 min << 9 is more than a day

base::Result<std::vector<DueRotation>> open_ones(Transaction& tx, const Moment& now, std::size_t limit) {
  // A retry time further off than the longest pause was set before the wall clock was put back.
  SALLYPORT_TRY(auto rows, tx.query("SELECT id, account_id, cause FROM rotation r WHERE finished_ms IS NULL "
                                    "AND (wait = 0 OR (wait = 1 AND (retry_ms <= $1 OR retry_ms > $2))) "
                                    "AND (wait = 0 OR cause <> 3 OR NOT EXISTS "
                                    "(SELECT 1 FROM checkout c WHERE c.account_id = r.account_id AND c.state = 1)) "
                                    "ORDER BY started_ms, id LIMIT $3",
                                    wall_ms(now), wall_ms(now) + kLongestRetry.count(), limit));
  return read_all(std::move(rows), [](const Statement& row) -> base::Result<DueRotation> {
    SALLYPORT_TRY(auto id, read_id<base::RotationId>(row, 0));
    SALLYPORT_TRY(auto account, read_id<base::AccountId>(row, 1));
    SALLYPORT_TRY(const auto cause, read_enum(row, 2, RotationCause::schedule));
    return DueRotation{std::move(account), cause, std::move(id)};
  });
}

base::Result<std::vector<DueRotation>> queued(Transaction& tx, std::size_t limit) {
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT q.account_id, q.cause FROM rotation_queue q JOIN account a ON a.id = q.account_id "
               "WHERE a.removed_ms IS NULL "
               "AND NOT EXISTS (SELECT 1 FROM rotation r WHERE r.account_id = a.id AND r.finished_ms IS NULL) "
               "AND (q.cause <> 3 OR NOT EXISTS (SELECT 1 FROM checkout c WHERE c.account_id = a.id AND c.state = 1)) "
               "ORDER BY q.cause, q.requested_ms, q.account_id LIMIT $1",
               limit));
  return read_all(std::move(rows), [](const Statement& row) -> base::Result<DueRotation> {
    SALLYPORT_TRY(auto account, read_id<base::AccountId>(row, 0));
    SALLYPORT_TRY(const auto cause, read_enum(row, 1, RotationCause::schedule));
    return DueRotation{std::move(account), cause, {}};
  });
}

/// Still within the pause after failures: every rotation since the last good one doubles it.
base::Result<bool> held(Transaction& tx, const base::AccountId& account, const Moment& now) {
  SALLYPORT_TRY(auto rows,
                tx.query("SELECT state, finished_ms FROM rotation WHERE account_id = $1 AND finished_ms IS NOT NULL "
                         "ORDER BY finished_ms DESC LIMIT 12",
                         account));
  int failures = 0;
  std::int64_t last = 0;
  for (;;) {
    SALLYPORT_TRY(const bool more, rows.next());
    if (!more || rows.text(0) == "current") break;
    if (failures++ == 0) last = rows.integer(1);
  }
  if (failures == 0) return false;
  const auto hold = std::min(kFirstHold * (std::int64_t{1} << std::min(failures - 1, kMostDoublings)), kLongestHold);
  return wall_ms(now) >= last && wall_ms(now) - last < hold.count();
}

base::Result<std::vector<base::AccountId>> past_interval(Transaction& tx, const Moment& now) {
  SALLYPORT_TRY(
      auto rows,
      tx.query("SELECT a.id FROM account a JOIN secret s ON s.account_id = a.id AND s.state = 1 "
               "WHERE a.removed_ms IS NULL AND a.rotation_interval_s > 0 "
               "AND s.created_ms + a.rotation_interval_s * 1000 <= $1 "
               "AND NOT EXISTS (SELECT 1 FROM rotation r WHERE r.account_id = a.id AND r.finished_ms IS NULL) "
               "AND NOT EXISTS (SELECT 1 FROM rotation_queue q WHERE q.account_id = a.id) "
               "AND NOT EXISTS (SELECT 1 FROM checkout c WHERE c.account_id = a.id AND c.state = 1) "
               "ORDER BY s.created_ms, a.id",
               wall_ms(now)));
  return read_all(std::move(rows), [](const Statement& row) { return read_id<base::AccountId>(row, 0); });
}

}  // namespace

base::Result<std::vector<DueRotation>> due_rotations(Transaction& tx, const Moment& now, std::size_t limit) {
  SALLYPORT_TRY(auto due, open_ones(tx, now, limit));
  SALLYPORT_TRY(auto from_queue, queued(tx, limit));
  due.insert(due.end(), std::make_move_iterator(from_queue.begin()), std::make_move_iterator(from_queue.end()));
  SALLYPORT_TRY(const auto scheduled, past_interval(tx, now));
  for (const base::AccountId& account : scheduled) {
    if (due.size() >= limit) break;
    SALLYPORT_TRY(const bool wait, held(tx, account, now));
    if (!wait) due.push_back({account, RotationCause::schedule, {}});
  }
  if (due.size() > limit) due.erase(due.begin() + static_cast<std::ptrdiff_t>(limit), due.end());
  return due;
}

}  // namespace sallyport::vault
