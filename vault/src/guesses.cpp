#include "sallyport/vault/guesses.hpp"

#include <algorithm>

#include "sallyport/vault/rows.hpp"

namespace sallyport::vault {

namespace {

int number(Guessed what) { return static_cast<int>(what); }

/// "" and "key" are everybody's, "@192.0.2.1" and "key@192.0.2.1" those of a known source.
std::string lane_name(const Try& one, bool known) {
  std::string name = one.first == FirstProof::key ? "key" : "";
  return known ? name + "@" + std::string(one.source) : name;
}

base::Result<Lockout> read_lockout(Transaction& tx, const Try& one, std::string_view lane) {
  SALLYPORT_TRY(auto rows, tx.query("SELECT failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms FROM guess "
                                    "WHERE user_id = $1 AND proof = $2 AND lane = $3",
                                    one.user, number(one.what), lane));
  SALLYPORT_TRY(const bool found, rows.next());
  return found ? Lockout{read_u32(rows, 0), read_lease(rows, 1)} : Lockout{};
}

/// Sources seen since then are known.
std::int64_t known_since(const Moment& now) { return wall_ms(now) - base::Milliseconds(kSourceKnown).count(); }

/// What is counted of sources that are known no longer would come back to life with them.
base::Result<> forget_old_sources(Transaction& tx, const base::UserId& user, const Moment& now) {
  SALLYPORT_TRYV(tx.execute(
      "DELETE FROM known_source WHERE user_id = $1 AND (seen_ms < $2 OR seen_ms <= "
      "(SELECT seen_ms FROM known_source WHERE user_id = $1 ORDER BY seen_ms DESC, source LIMIT 1 OFFSET $3))",
      user, known_since(now), kMaxKnownSources));
  SALLYPORT_TRYV(
      tx.execute("DELETE FROM guess WHERE user_id = $1 AND lane NOT IN ('', 'key') AND NOT EXISTS (SELECT 1 FROM "
                 "known_source k WHERE k.user_id = $1 AND (lane = '@' || k.source OR lane = 'key@' || k.source))",
                 user));
  return base::ok();
}

}  // namespace

base::Milliseconds locked_for(const Lane& lane, const SourceLockouts& sources, std::string_view source,
                              const Moment& now) {
  const auto own = lane.lockout.locked_for(now);
  return lane.of_strangers() ? std::max(own, sources.locked_for(source, now)) : own;
}

base::Result<Lane> find_lane(Transaction& tx, const Try& one, const Moment& now) {
  SALLYPORT_TRY(const bool known,
                exists(tx, "SELECT user_id FROM known_source WHERE user_id = $1 AND source = $2 AND seen_ms >= $3",
                       one.user, one.source, known_since(now)));
  Lane lane{lane_name(one, known), known, {}};
  SALLYPORT_TRY(lane.lockout, read_lockout(tx, one, lane.name));
  return lane;
}

base::Result<> count_failure(Transaction& tx, const Try& one, Lane lane, const Moment& now) {
  lane.lockout.fail(now);
  const Moment& at = lane.lockout.lease.start;
  SALLYPORT_TRYV(clear_failures(tx, one, lane));
  SALLYPORT_TRYV(tx.execute(
      "INSERT INTO guess (user_id, proof, lane, failures, lease_wall_ms, lease_mono_ms, lease_boot, lease_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      one.user, number(one.what), lane.name, lane.lockout.failures, wall_ms(at), mono_ms(at), at.boot,
      lane.lockout.lease.length.count()));
  return base::ok();
}

base::Result<> clear_failures(Transaction& tx, const Try& one, const Lane& lane) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM guess WHERE user_id = $1 AND proof = $2 AND lane = $3", one.user,
                            number(one.what), lane.name));
  return base::ok();
}

base::Result<> forget_failures(Transaction& tx, const base::UserId& user, Guessed what) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM guess WHERE user_id = $1 AND proof = $2", user, number(what)));
  return base::ok();
}

base::Result<> remember_source(Transaction& tx, const base::UserId& user, std::string_view source, const Moment& now) {
  SALLYPORT_TRY(const auto changed,
                tx.execute("UPDATE known_source SET seen_ms = $1 WHERE user_id = $2 AND source = $3", wall_ms(now),
                           user, source));
  if (changed == 1) return base::ok();
  SALLYPORT_TRYV(tx.execute("INSERT INTO known_source (user_id, source, seen_ms) VALUES ($1, $2, $3)", user, source,
                            wall_ms(now)));
  return forget_old_sources(tx, user, now);
}

base::Result<bool> is_known_source(Transaction& tx, std::string_view source, const Moment& now) {
  return exists(tx, "SELECT user_id FROM known_source WHERE source = $1 AND seen_ms >= $2 LIMIT 1", source,
                known_since(now));
}

base::Result<> forget_sources(Transaction& tx, const base::UserId& user) {
  SALLYPORT_TRYV(tx.execute("DELETE FROM known_source WHERE user_id = $1", user));
  return base::ok();
}

}  // namespace sallyport::vault
