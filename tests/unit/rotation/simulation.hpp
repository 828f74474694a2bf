#pragma once
// A target, a vault and their faults in memory. Explorer walks through every sequence of at most so many faults.
#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <vector>

#include "sallyport/rotation/runner.hpp"

namespace sallyport::rotation::test {

/// Answers choose() from a script, 0 behind its end, and notes what else it could have answered.
class Explorer {
 public:
  explicit Explorer(std::size_t most_faults) : most_faults_(most_faults) {}

  /// 0 is "no fault".
  std::size_t choose(std::size_t count) {
    if (at_ == script_.size()) script_.push_back({0, count});
    return script_[at_++].chosen;
  }
  /// Runs `once` for every script.
  void all(const std::function<void()>& once) {
    do {
      at_ = 0;
      once();
      ++rounds_;
    } while (advance());
  }
  std::size_t rounds() const { return rounds_; }

 private:
  struct Choice {
    std::size_t chosen;
    std::size_t count;
  };
  std::size_t faults() const {
    return static_cast<std::size_t>(
        std::count_if(script_.begin(), script_.end(), [](auto& c) { return c.chosen != 0; }));
  }
  bool advance() {
    while (!script_.empty()) {
      auto& last = script_.back();
      const bool may = last.chosen != 0 || faults() < most_faults_;
      if (may && last.chosen + 1 < last.count) {
        ++last.chosen;
        return true;
      }
      script_.pop_back();
    }
    return false;
  }

  std::size_t most_faults_;
  std::size_t at_ = 0;
  std::size_t rounds_ = 0;
  std::vector<Choice> script_;
};

struct Crash {};  // thrown out of a fake to end the run there

constexpr int kOld = 1;
constexpr int kNew = 2;
constexpr int kForeign = 3;

/// What both fakes see, and what must hold at every moment.
struct World {
  Explorer& faults;
  Means means;
  std::set<int> accepted{kOld};  ///< credentials of the account that the target takes
  Journal durable;
  bool new_was_verified = false;
  bool old_was_verified = false;
  int failed_logins = 0;
  int hidden_failures = 0;  ///< a crash or failed record hid them
  int unrecorded = 0;
  std::vector<State> states{State::pending};

  bool side_by_side() const { return means.old_needs_retiring; }
  void set_new() {
    if (!side_by_side()) accepted.clear();
    accepted.insert(kNew);
  }
};

class FakeConnector final : public Connector {
 public:
  explicit FakeConnector(World& world) : world_(world) {}

  Attempt apply(const Job&, Route route) override {
    enum {
      none,
      unreachable,
      dns,
      timed_out,
      host_key,
      refused,
      locked,
      rejected,
      lost,
      done_unknown,
      crash,
      done_crash,
      kinds
    };
    const auto fault = world_.faults.choose(kinds);
    constexpr std::array<Outcome, 7> kNothingSent{Outcome::ok,        Outcome::unreachable,      Outcome::dns,
                                                  Outcome::timed_out, Outcome::host_key_changed, Outcome::refused,
                                                  Outcome::locked};
    const bool login_fails = fault == none && route == Route::self && world_.accepted.count(kOld) == 0;
    if (login_fails || fault == refused || fault == locked) {
      if (route == Route::self) count_failure();
      return {fault == locked ? Outcome::locked : Outcome::refused, ""};
    }
    if (fault > none && fault <= host_key) return {kNothingSent[fault], ""};
    if (fault == rejected) return {Outcome::policy_rejected, ""};
    if (fault == none || fault == done_unknown || fault == done_crash) world_.set_new();
    if (fault == crash || fault == done_crash) throw Crash{};
    return {fault == none ? Outcome::ok : Outcome::unknown, ""};
  }

  Attempt login(const Job&, Credential credential) override {
    enum { none, unreachable, timed_out, host_key, spurious, locked, crash, kinds };
    const auto fault = world_.faults.choose(kinds);
    if (fault == unreachable) return {Outcome::unreachable, ""};
    if (fault == timed_out) return {Outcome::timed_out, ""};
    if (fault == host_key) return {Outcome::host_key_changed, ""};
    const bool is_new = credential == Credential::pending;
    const bool good = world_.accepted.count(is_new ? kNew : kOld) != 0 && fault != spurious && fault != locked;
    if (!good) count_failure();
    if (fault == crash) throw Crash{};
    if (!good) return {fault == locked ? Outcome::locked : Outcome::refused, ""};
    (is_new ? world_.new_was_verified : world_.old_was_verified) = true;
    return {Outcome::ok, ""};
  }

  Attempt retire_old(const Job&) override {
    enum { none, unreachable, lost, done_unknown, crash, done_crash, rejected, kinds };
    const auto fault = world_.faults.choose(kinds);
    if (fault == unreachable) return {Outcome::unreachable, ""};
    if (fault == rejected) return {Outcome::policy_rejected, ""};
    if (fault == none || fault == done_unknown || fault == done_crash) world_.accepted.erase(kOld);
    if (fault == crash || fault == done_crash) throw Crash{};
    return {fault == none ? Outcome::ok : Outcome::unknown, ""};
  }

 private:
  void count_failure() {
    ++world_.failed_logins;
    ++world_.unrecorded;
  }
  World& world_;
};

class FakePort final : public Port {
 public:
  explicit FakePort(World& world) : world_(world) {}
  base::Result<std::optional<Job>> next(std::chrono::milliseconds) override { return std::optional<Job>{}; }

  base::Result<> record(const base::RotationId&, const Progress& progress) override {
    enum { none, refused, crash, done_crash, kinds };
    const auto fault = world_.faults.choose(kinds);
    if (fault == refused) return base::fail(base::Errc::unavailable, "disk full");
    if (fault == crash) throw Crash{};
    world_.durable = progress.journal;
    world_.unrecorded = 0;
    world_.states.push_back(progress.journal.state);
    if (fault == done_crash) throw Crash{};
    return base::ok();
  }
  base::Result<> finish(const base::RotationId&, End end, const Progress& progress) override {
    finished = end;
    consistent = progress.journal == world_.durable;
    return base::ok();
  }
  std::optional<End> finished;
  bool consistent = true;

 private:
  World& world_;
};

/// A job whose secrets are empty: the fakes know them by number.
inline Job job_for(const World& world) {
  Job job{base::RotationId::random(), "a@t", "root", "t",          22,           {},
          Kind::unix_password,        {},    {},     std::nullopt, world.durable};
  if (world.means.old_is_known) job.current_secret = base::SecretBytes(1);
  if (world.means.reconcile_can_apply) job.reconcile = Reconcile{"admin", Kind::unix_password, base::SecretBytes(1)};
  if (!world.means.self_can_apply) job.login = "alice";
  if (world.side_by_side()) job.kind = Kind::ssh_key;
  return job;
}

}  // namespace sallyport::rotation::test
