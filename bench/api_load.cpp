// Load on the API: durable checkouts by many clients at once, each answer noted. Client n checks load<n>@TARGET out and
// in.
//   api_load run URL CA TOKEN_FILE TARGET CLIENTS SECONDS [ACK_FILE]   one line of figures; what was acknowledged
//   api_load accounts URL CA TOKEN_FILE TARGET COUNT   makes load0@TARGET and so on; those that are there stay
//   api_load lend URL CA TOKEN_FILE TARGET CLIENTS EACH   each client checks EACH accounts out, then, timed apart, all
//   in api_load check URL CA TOKEN_FILE ACK_FILE   is each acknowledged checkout there, once, and given back if that
//   was acknowledged?
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "https_client.hpp"

namespace {

using sallyport::bench::HttpsClient;
using sallyport::bench::json_text;
using Steady = std::chrono::steady_clock;

struct Where {
  std::string url;
  std::string ca;
  std::string token;
};

Where where_from(std::span<char*> arguments) {
  std::ifstream file(arguments[2]);
  Where where{arguments[0], arguments[1], {}};
  if (!std::getline(file, where.token))
    throw std::runtime_error(std::string("cannot read a token from ") + arguments[2]);
  return where;
}

/// Acknowledged ids, one a line, "ID" for a checkout and "ID in" for a check-in, flushed before that client's next
/// request.
class Acks {
 public:
  explicit Acks(const char* path) {
    if (path != nullptr) file_.open(path, std::ios::app);
  }
  void note(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    if (file_.is_open()) file_ << line << '\n' << std::flush;
  }

 private:
  std::mutex mutex_;
  std::ofstream file_;
};

struct Tally {
  std::vector<double> milliseconds;
  std::size_t refused = 0;
  bool broken = false;
  std::string first_refusal;
};

bool went_well(const sallyport::bench::Answer& answer, Tally& tally) {
  if (answer.status == 200 || answer.status == 201) return true;
  if (tally.refused++ == 0) tally.first_refusal = answer.body;
  return false;
}

/// An account that an earlier, broken run left checked out is given back first.
void give_back(HttpsClient& client, const std::string& account) {
  const auto answer = client.request("GET", "/v1/checkouts?active=true&account=" + account);
  const auto id = json_text(answer.body, "id");
  if (!id.empty()) client.request("POST", "/v1/checkouts/" + id + "/checkin", "{}");
}

Tally load(const Where& where, const std::string& account, Steady::time_point until, Acks& acks) {
  Tally tally;
  const std::string body = R"({"account":")" + account + R"(","reason":"load"})";
  try {
    HttpsClient client(where.url, where.ca, where.token);
    give_back(client, account);
    while (Steady::now() < until) {
      const auto start = Steady::now();
      const auto lent = client.request("POST", "/v1/checkouts", body);
      if (!went_well(lent, tally)) continue;
      const auto id = json_text(lent.body, "id");
      acks.note(id);
      tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
      if (went_well(client.request("POST", "/v1/checkouts/" + id + "/checkin", "{}"), tally)) acks.note(id + " in");
    }
  } catch (const std::exception& error) {
    tally.broken = true;
    tally.first_refusal = error.what();
  }
  return tally;
}

std::string account_name(std::size_t number, const std::string& target) {
  return "load" + std::to_string(number) + "@" + target;
}

/// `work(n)` on a thread for each of `clients`; how many seconds it all took.
template <class Work>
double together(std::size_t clients, Work work) {
  const auto start = Steady::now();
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < clients; ++n) threads.emplace_back([&work, n] { work(n); });
  for (auto& thread : threads) thread.join();
  return std::chrono::duration<double>(Steady::now() - start).count();
}

/// Asks once; what it took is noted where it went well.
std::string timed(HttpsClient& client, const std::string& path, const std::string& body, Tally& tally) {
  const auto start = Steady::now();
  const auto answer = client.request("POST", path, body);
  if (!went_well(answer, tally)) return {};
  tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
  return json_text(answer.body, "id");
}

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

/// One line of figures of all clients together; false where a request was refused or a connection broke.
bool report(const char* what, const std::vector<Tally>& tallies, double took) {
  std::vector<double> all;
  std::size_t refused = 0;
  std::size_t broken = 0;
  for (const auto& tally : tallies) {
    all.insert(all.end(), tally.milliseconds.begin(), tally.milliseconds.end());
    refused += tally.refused;
    broken += tally.broken ? 1U : 0U;
    if (!tally.first_refusal.empty()) std::cerr << tally.first_refusal << '\n';
  }
  std::sort(all.begin(), all.end());
  std::printf("%sclients=%zu done=%zu refused=%zu broken=%zu per_second=%.0f p50_ms=%.2f p99_ms=%.2f\n", what,
              tallies.size(), all.size(), refused, broken, static_cast<double>(all.size()) / took, quantile(all, 0.5),
              quantile(all, 0.99));
  return refused == 0 && broken == 0;
}

int accounts(std::span<char*> arguments) {
  constexpr std::size_t kClients = 16;
  const auto where = where_from(arguments);
  const auto count = std::stoul(arguments[4]);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  together(kClients, [&](std::size_t) {
    try {
      HttpsClient client(where.url, where.ca, where.token);
      for (auto number = next++; number < count; number = next++) {
        const auto answer = client.request("POST", "/v1/accounts",
                                           R"({"account":")" + account_name(number, arguments[3]) +
                                               R"(","kind":"unix_password","code_reuse_seconds":900,"secret":"load"})");
        constexpr int kThere = 409;
        if (answer.status != 200 && answer.status != kThere) throw std::runtime_error(answer.body);
      }
    } catch (const std::exception& error) {
      failed = true;
      std::cerr << error.what() << '\n';
    }
  });
  return failed ? 1 : 0;
}

/// What one client keeps between the two phases.
struct Borrower {
  explicit Borrower(const Where& where) : client(where.url, where.ca, where.token) {}
  HttpsClient client;
  std::vector<std::string> held;
  Tally out;
  Tally in;
};

int lend(std::span<char*> arguments) {
  const auto where = where_from(arguments);
  const auto clients = std::stoul(arguments[4]);
  const auto each = std::stoul(arguments[5]);
  std::vector<std::unique_ptr<Borrower>> borrowers(clients);
  for (auto& one : borrowers) {
    one = std::make_unique<Borrower>(where);
    one->client.request("GET", "/healthz");  // connected before the clock runs
  }
  const auto phase = [&](const char* what, Tally Borrower::*tally, auto work) {
    const auto took = together(clients, [&](std::size_t n) {
      try {
        work(*borrowers[n], n);
      } catch (const std::exception& error) {
        ((*borrowers[n]).*tally).broken = true;
        ((*borrowers[n]).*tally).first_refusal = error.what();
      }
    });
    std::vector<Tally> tallies;
    for (auto& one : borrowers) tallies.push_back(std::move((*one).*tally));
    return report(what, tallies, took);
  };
  const bool lent = phase("out ", &Borrower::out, [&](Borrower& one, std::size_t n) {
    for (std::size_t i = 0; i < each; ++i) {
      const auto body = R"({"account":")" + account_name(n * each + i, arguments[3]) + R"(","reason":"load"})";
      if (auto id = timed(one.client, "/v1/checkouts", body, one.out); !id.empty()) one.held.push_back(std::move(id));
    }
  });
  const bool returned = phase("in ", &Borrower::in, [](Borrower& one, std::size_t) {
    for (const auto& id : one.held) timed(one.client, "/v1/checkouts/" + id + "/checkin", "{}", one.in);
  });
  return lent && returned ? 0 : 1;
}

int run(std::span<char*> arguments) {
  const auto where = where_from(arguments);
  const auto clients = std::stoul(arguments[4]);
  const auto seconds = std::stod(arguments[5]);
  Acks acks(arguments.size() > 6 ? arguments[6] : nullptr);
  const auto until =
      Steady::now() + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
  std::vector<Tally> tallies(clients);
  const auto took =
      together(clients, [&](std::size_t n) { tallies[n] = load(where, account_name(n, arguments[3]), until, acks); });
  // A connection that breaks is what the durability tests bring about: no failure of the load.
  (void)report("", tallies, took);
  const bool refused = std::any_of(tallies.begin(), tallies.end(), [](const Tally& one) { return one.refused > 0; });
  return refused ? 1 : 0;
}

/// Every id that GET /v1/checkouts lists, page by page, with its state.
std::multimap<std::string, std::string> stored(const Where& where) {
  HttpsClient client(where.url, where.ca, where.token);
  std::multimap<std::string, std::string> ids;
  std::string after;
  do {
    const auto answer = client.request("GET", "/v1/checkouts?limit=200" + (after.empty() ? "" : "&after=" + after));
    if (answer.status != 200) throw std::runtime_error("listing checkouts: " + answer.body);
    std::string_view rest = answer.body;
    for (auto at = rest.find("\"id\":\""); at != std::string_view::npos; at = rest.find("\"id\":\"")) {
      rest.remove_prefix(at);
      ids.emplace(json_text(rest, "id"), json_text(rest, "state"));
      rest.remove_prefix(6);
    }
    after = json_text(answer.body, "next");
  } while (!after.empty());
  return ids;
}

int check(std::span<char*> arguments) {
  const auto ids = stored(where_from(arguments));
  std::ifstream file(arguments[3]);
  std::size_t acknowledged = 0;
  std::size_t lost = 0;
  for (std::string line; std::getline(file, line); ++acknowledged) {
    const bool given_back = line.ends_with(" in");
    const auto id = line.substr(0, line.find(' '));
    const bool once = ids.count(id) == 1;
    if (once && (!given_back || ids.find(id)->second == "checked_in")) continue;
    ++lost;
    std::cerr << "acknowledged: " << line << "; there " << ids.count(id) << " times, "
              << (once ? ids.find(id)->second : "") << '\n';
  }
  std::printf("acknowledged=%zu stored=%zu lost=%zu\n", acknowledged, ids.size(), lost);
  return lost == 0 && acknowledged > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  try {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "run" && argc >= 8) return run(arguments.subspan(2));
    if (mode == "accounts" && argc == 7) return accounts(arguments.subspan(2));
    if (mode == "lend" && argc == 8) return lend(arguments.subspan(2));
    if (mode == "check" && argc == 6) return check(arguments.subspan(2));
    std::cerr << "usage: api_load run|accounts|lend|check URL CA TOKEN_FILE ...: see the head of api_load.cpp\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "api_load: " << error.what() << '\n';
    return 1;
  }
}
