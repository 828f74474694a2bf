#include "sallyport/broker/connection_limits.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::broker {
namespace {

base::Milliseconds penalty_for(const ConnectionLimitsConfig& config, Outcome outcome) {
  switch (outcome) {
    case Outcome::served:
      return base::Milliseconds{0};
    case Outcome::no_auth:
      return config.penalty_no_auth;
    case Outcome::auth_failed:
      return config.penalty_auth_failure;
    case Outcome::crashed:
      return config.penalty_crash;
  }
  return base::Milliseconds{0};
}

/// sshd's should_drop_connection: the chance grows linearly from the rate at `begin` to 100 % at `full`.
bool unlucky(const ConnectionLimitsConfig& config, unsigned startups, unsigned dice) {
  if (startups < config.source_begin) return false;
  if (startups >= config.source_full) return true;
  const unsigned span = config.source_full - config.source_begin;
  const unsigned extra = (100 - config.source_rate_percent) * (startups - config.source_begin) / span;
  return dice < config.source_rate_percent + extra;
}

}  // namespace

std::string_view to_string(Admission admission) noexcept {
  switch (admission) {
    case Admission::admitted:
      return "admitted";
    case Admission::too_many_sessions:
      return "too many sessions are open; try again later";
    case Admission::source_busy:
      return "too many connections from your address are logging in; try again in a moment";
    case Admission::source_penalised:
      return "too many logins from your address failed; try again in some minutes";
  }
  return "unknown";
}

Verdict ConnectionLimits::admit(ConnectionNumber number, std::string_view source, base::MonoTime now, unsigned dice) {
  auto& from = touch(source);
  const bool known = is_known(source, now);
  const bool penalised = is_penalised(from.penalty_until, now);
  if (penalised && !(known && has_turn(from, now))) return {Admission::source_penalised, {}};
  if (unlucky(config_, waiting_of(source), dice)) return {Admission::source_busy, {}};
  const std::size_t places = config_.startups + (known ? config_.known_startups : 0);
  Verdict verdict;
  if (penalised && waiting_of(source) >= config_.known_penalised) {
    verdict.pushed_out = push_out_of(source, now);
    if (!verdict.pushed_out) return {Admission::source_busy, {}};
  }
  const bool full = connections_.size() >= config_.max_sessions;
  if (!verdict.pushed_out && full && waiting_ < places) verdict.pushed_out = push_out_proven();
  if (!verdict.pushed_out && (full || waiting_ >= places)) verdict.pushed_out = push_out();
  // Who was pushed out is still there for a moment: so many more than the bound there may be, and no more.
  const bool room = connections_.size() < config_.max_sessions ||
                    (verdict.pushed_out && connections_.size() < config_.max_sessions + config_.startups);
  if (!room) return {Admission::too_many_sessions, verdict.pushed_out};
  connections_.emplace(number, Connection{std::string(source), network_key(source), known, now});
  ++waiting_;
  if (penalised) from.slowed_until = now + config_.known_pause;
  return verdict;
}

void ConnectionLimits::authenticated(ConnectionNumber number, base::MonoTime now) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  stop_waiting(found->second);
  remember(found->second.source, now);
}

void ConnectionLimits::ended(ConnectionNumber number, Outcome outcome, base::MonoTime now) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  stop_waiting(found->second);
  // Whoever is pushed out did nothing: what he had begun is not held against him, nor against others behind his
  // address.
  if (found->second.leaving && outcome != Outcome::crashed) outcome = Outcome::served;
  const std::string source = std::move(found->second.source);
  connections_.erase(found);
  const auto penalty = penalty_for(config_, outcome);
  if (penalty.count() == 0) return;
  const auto add = [&](base::MonoTime& until) {
    until = std::min(std::max(until, now) + penalty, now + config_.penalty_max);
  };
  auto& from = touch(source);
  add(from.penalty_until);
  if (outcome == Outcome::crashed) add(from.barred_until);
}

void ConnectionLimits::rests(ConnectionNumber number, base::MonoTime now) {
  const auto found = connections_.find(number);
  if (found != connections_.end()) found->second.rests_since = now;
}

void ConnectionLimits::works(ConnectionNumber number) {
  const auto found = connections_.find(number);
  if (found != connections_.end()) found->second.rests_since.reset();
}

bool ConnectionLimits::is_penalised(base::MonoTime until, base::MonoTime now) const {
  return until - now > config_.penalty_threshold;
}

bool ConnectionLimits::has_turn(const Source& source, base::MonoTime now) const {
  return !is_penalised(source.barred_until, now) && now >= source.slowed_until;
}

void ConnectionLimits::stop_waiting(Connection& connection) {
  if (std::exchange(connection.waiting, false)) --waiting_;
}

unsigned ConnectionLimits::waiting_of(std::string_view source) const {
  return static_cast<unsigned>(std::count_if(connections_.begin(), connections_.end(), [source](const auto& entry) {
    return entry.second.waiting && entry.second.source == source;
  }));
}

/// Of those that are waiting for a proof, or of those that gave one.
ConnectionLimits::Crowds ConnectionLimits::crowds(bool waiting) const {
  Crowds out;
  for (const auto& [number, one] : connections_) {
    if (one.leaving || one.waiting != waiting) continue;
    ++out.networks[one.network];
    ++out.sources[one.source];
  }
  return out;
}

/// Only as long as they have left the other half to strangers: a sign-in is cheap for whoever has one account.
bool ConnectionLimits::known_go_last() const {
  const auto known = std::count_if(connections_.begin(), connections_.end(),
                                   [](const auto& entry) { return entry.second.waiting && entry.second.known; });
  const auto places = std::min(config_.startups + config_.known_startups, config_.max_sessions);
  return 2 * static_cast<std::size_t>(known) < places;
}

/// The eldest of the fullest source of the fullest network.
std::optional<ConnectionNumber> ConnectionLimits::push_out() {
  auto all = crowds(true);
  const bool last = known_go_last();
  const auto crowd = [&](const Connection& one) {
    return std::tuple(last && !one.known, all.networks[one.network], all.sources[one.source]);
  };
  auto worst = connections_.end();
  for (auto entry = connections_.begin(); entry != connections_.end(); ++entry) {
    if (!entry->second.waiting) continue;
    if (worst == connections_.end() || crowd(entry->second) > crowd(worst->second)) worst = entry;
  }
  if (worst == connections_.end()) return std::nullopt;
  stop_waiting(worst->second);
  worst->second.leaving = true;
  return worst->first;
}

/// The eldest, once it had its time. Before, it may be somebody at his prompt.
std::optional<ConnectionNumber> ConnectionLimits::push_out_of(std::string_view source, base::MonoTime now) {
  const auto eldest = std::find_if(connections_.begin(), connections_.end(), [source](const auto& entry) {
    return entry.second.waiting && entry.second.source == source;
  });
  if (eldest == connections_.end() || now - eldest->second.came < config_.known_patience) return std::nullopt;
  stop_waiting(eldest->second);
  eldest->second.leaving = true;
  return eldest->first;
}

bool ConnectionLimits::is_above_share(const Connection& one, Crowds& crowds) const {
  const unsigned share = config_.source_share;
  return share > 0 && (crowds.sources[one.source] > share || crowds.networks[one.network] > 2 * share);
}

/// Who works is left alone as long as his source does not keep others out.
bool ConnectionLimits::makes_room(const Connection& one, Crowds& crowds) const {
  if (one.waiting || one.leaving) return false;
  return one.rests_since || is_above_share(one, crowds);
}

/// Of the fullest source who rests longest, else the eldest at work. Work is ended only when of no source above its
/// share anybody rests. Those below it keep even what rests: a crowd at work must not push out others.
std::optional<ConnectionNumber> ConnectionLimits::push_out_proven() {
  auto all = crowds(false);
  const auto crowd = [&](const Connection& one) {
    const auto rests = one.rests_since.value_or(base::MonoTime::max());
    return std::tuple(one.rests_since && is_above_share(one, all), all.sources[one.source], all.networks[one.network],
                      -rests.time_since_epoch());
  };
  auto worst = connections_.end();
  for (auto entry = connections_.begin(); entry != connections_.end(); ++entry) {
    if (!makes_room(entry->second, all)) continue;
    if (worst == connections_.end() || crowd(entry->second) > crowd(worst->second)) worst = entry;
  }
  if (worst == connections_.end()) return std::nullopt;
  worst->second.leaving = true;
  return worst->first;
}

bool ConnectionLimits::is_known(std::string_view source, base::MonoTime now) const {
  const auto found = known_.find(source);
  return found != known_.end() && now - found->second < config_.known_for;
}

void ConnectionLimits::remember(const std::string& source, base::MonoTime now) {
  if (known_.size() >= config_.known_size && known_.find(source) == known_.end()) {
    known_.erase(std::min_element(known_.begin(), known_.end(),
                                  [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  known_[source] = now;
}

ConnectionLimits::Source& ConnectionLimits::touch(std::string_view source) {
  if (const auto found = sources_.find(source); found != sources_.end()) {
    ages_.splice(ages_.begin(), ages_, found->second.age);
    return found->second;
  }
  if (sources_.size() >= config_.table_size) {
    sources_.erase(ages_.back());
    ages_.pop_back();
  }
  ages_.emplace_front(source);
  Source& entry = sources_[ages_.front()];
  entry.age = ages_.begin();
  return entry;
}

std::string source_key(std::string_view address) {
  std::string text(address.substr(0, address.find('%')));
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return text;
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return "other";
  const bool mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
                      bytes[10] == 0xFF && bytes[11] == 0xFF;
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (mapped) return inet_ntop(AF_INET, bytes.data() + 12, out.data(), out.size());
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return std::string(inet_ntop(AF_INET6, bytes.data(), out.data(), out.size())) + "/64";
}

std::string network_key(std::string_view source) {
  const std::string text(source.substr(0, source.find('/')));
  std::array<std::uint8_t, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    bytes[3] = 0;
    return std::string(inet_ntop(AF_INET, bytes.data(), out.data(), out.size())) + "/24";
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  std::fill(bytes.begin() + 6, bytes.end(), std::uint8_t{0});
  return std::string(inet_ntop(AF_INET6, bytes.data(), out.data(), out.size())) + "/48";
}

}  // namespace sallyport::broker
