// Load on the API: durable checkouts by many clients at once, each answer noted.
//   api_load run URL CA TOKEN_FILE ACCOUNT CLIENTS SECONDS [ACK_FILE]   one line of figures; ids of acknowledged checkouts
//   api_load check URL CA TOKEN_FILE ACK_FILE                           is each acknowledged checkout there, exactly once?
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
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
  if (!std::getline(file, where.token)) throw std::runtime_error(std::string("cannot read a token from ") + arguments[2]);
  return where;
}

/// Acknowledged ids, one a line, flushed before the next request of that client.
class Acks {
 public:
  explicit Acks(const char* path) {
    if (path != nullptr) file_.open(path, std::ios::app);
  }
  void note(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    if (file_.is_open()) file_ << id << '\n' << std::flush;
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

Tally load(const Where& where, const std::string& body, Steady::time_point until, Acks& acks) {
  Tally tally;
  try {
    HttpsClient client(where.url, where.ca, where.token);
    while (Steady::now() < until) {
      const auto start = Steady::now();
      const auto answer = client.request("POST", "/v1/checkouts", body);
      const auto id = json_text(answer.body, "id");
      if (answer.status != 200 && answer.status != 201) {
        if (tally.refused++ == 0) tally.first_refusal = answer.body;
        continue;
      }
      acks.note(id);
      tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(Steady::now() - start).count());
    }
  } catch (const std::exception& error) {
    tally.broken = true;
    tally.first_refusal = error.what();
  }
  return tally;
}

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

int run(std::span<char*> arguments) {
  const auto where = where_from(arguments);
  const auto clients = std::stoul(arguments[4]);
  const auto seconds = std::stod(arguments[5]);
  const std::string body = std::string(R"({"account":")") + arguments[3] + R"(","reason":"load"})";
  Acks acks(arguments.size() > 6 ? arguments[6] : nullptr);
  const auto start = Steady::now();
  const auto until = start + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
  std::vector<Tally> tallies(clients);
  std::vector<std::thread> threads;
  for (auto& tally : tallies) threads.emplace_back([&] { tally = load(where, body, until, acks); });
  for (auto& thread : threads) thread.join();
  const auto took = std::chrono::duration<double>(Steady::now() - start).count();
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
  std::printf("clients=%zu done=%zu refused=%zu broken=%zu per_second=%.0f p50_ms=%.2f p99_ms=%.2f\n", clients, all.size(), refused,
              broken, static_cast<double>(all.size()) / took, quantile(all, 0.5), quantile(all, 0.99));
  return refused == 0 ? 0 : 1;
}

/// Every id that GET /v1/checkouts lists, page by page.
std::multiset<std::string> stored(const Where& where) {
  HttpsClient client(where.url, where.ca, where.token);
  std::multiset<std::string> ids;
  std::string after;
  do {
    const auto answer = client.request("GET", "/v1/checkouts?limit=500" + (after.empty() ? "" : "&after=" + after));
    if (answer.status != 200) throw std::runtime_error("listing checkouts: " + answer.body);
    std::string_view rest = answer.body;
    for (auto at = rest.find("\"id\":\""); at != std::string_view::npos; at = rest.find("\"id\":\"")) {
      rest.remove_prefix(at);
      ids.insert(json_text(rest, "id"));
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
  for (std::string id; std::getline(file, id); ++acknowledged) {
    if (ids.count(id) == 1) continue;
    ++lost;
    std::cerr << "acknowledged checkout " << id << " is there " << ids.count(id) << " times\n";
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
    if (mode == "check" && argc == 6) return check(arguments.subspan(2));
    std::cerr << "usage: api_load run URL CA TOKEN_FILE ACCOUNT CLIENTS SECONDS [ACK_FILE] | check URL CA TOKEN_FILE ACK_FILE\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "api_load: " << error.what() << '\n';
    return 1;
  }
}
