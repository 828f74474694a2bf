#include "sallyport/broker/connection_limits.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

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
  if (startups < config.startups_begin) return false;
  if (startups >= config.startups_full) return true;
  const unsigned span = config.startups_full - config.startups_begin;
  const unsigned extra = (100 - config.startups_rate_percent) * (startups - config.startups_begin) / span;
  return dice < config.startups_rate_percent + extra;
}

}  // namespace

std::string_view to_string(Admission admission) noexcept {
  switch (admission) {
    case Admission::admitted:
      return "admitted";
    case Admission::too_many_startups:
      return "too many connections are logging in";
    case Admission::too_many_sessions:
      return "too many sessions";
    case Admission::source_busy:
      return "too many connections of this source are logging in";
    case Admission::source_penalised:
      return "this source failed too often, later";
  }
  return "unknown";
}

Admission ConnectionLimits::admit(std::string_view source, base::MonoTime now, unsigned dice) {
  if (sessions_ >= config_.max_sessions) return Admission::too_many_sessions;
  Source& entry = touch(source);
  if (entry.penalty_until - now > config_.penalty_threshold) return Admission::source_penalised;
  if (entry.startups >= config_.max_startups_per_source) return Admission::source_busy;
  if (unlucky(config_, startups_, dice)) return Admission::too_many_startups;
  ++entry.startups;
  ++startups_;
  ++sessions_;
  return Admission::admitted;
}

void ConnectionLimits::authenticated(std::string_view source) { leave_startup(touch(source)); }

void ConnectionLimits::ended(std::string_view source, bool was_authenticated, Outcome outcome, base::MonoTime now) {
  SALLYPORT_ENSURE(sessions_ > 0);
  --sessions_;
  Source& entry = touch(source);
  if (!was_authenticated) leave_startup(entry);
  const auto penalty = penalty_for(config_, outcome);
  if (penalty.count() == 0) return;
  entry.penalty_until = std::min(std::max(entry.penalty_until, now) + penalty, now + config_.penalty_max);
}

void ConnectionLimits::leave_startup(Source& source) {
  SALLYPORT_ENSURE(startups_ > 0);
  --startups_;
  // A source that was forgotten in between comes back with no count.
  if (source.startups > 0) --source.startups;
}

ConnectionLimits::Source& ConnectionLimits::touch(std::string_view source) {
  if (const auto found = sources_.find(source); found != sources_.end()) {
    ages_.splice(ages_.begin(), ages_, found->second.age);
    return found->second;
  }
  if (sources_.size() >= config_.table_size) forget_oldest();
  ages_.emplace_front(source);
  Source& entry = sources_[ages_.front()];
  entry.age = ages_.begin();
  return entry;
}

void ConnectionLimits::forget_oldest() {
  sources_.erase(ages_.back());
  ages_.pop_back();
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

}  // namespace sallyport::broker
