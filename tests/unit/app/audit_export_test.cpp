#include <algorithm>

#include "sallyport/audit/log_file.hpp"
#include "service_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// An auditor, and a log of some size: refusals are the cheapest events.
struct Archive : ServiceFixture {
  Person admin = bootstrap_admin();
  Person alice;
  Archive() { alice = add_person(admin, "alice"); }

  void fill(std::size_t events) {
    constexpr std::size_t kBatch = 250;
    for (std::size_t done = 0; done < events; done += kBatch) {
      std::vector<app::Request> batch;
      for (std::size_t i = 0; i < kBatch; ++i) {
        batch.push_back(request(peer(PeerKind::web, web_peer), OperationId::user_list, input(OperationId::user_list),
                                &alice.token));
      }
      run(std::move(batch));
    }
  }
  Answer piece(std::optional<std::uint64_t> number = {}, std::uint64_t offset = 0) {
    auto record = input(OperationId::audit_export);
    if (number) record.set("export", *number);
    if (offset > 0) record.set("offset", offset);
    return local(OperationId::audit_export, record);
  }
  struct File {
    base::Bytes bytes;
    std::uint64_t entries = 0;
    unsigned pieces = 0;
  };
  File whole() {
    File file;
    auto answer = piece();
    for (;;) {
      ++file.pieces;
      file.entries = answer->number("size");
      const auto data = answer->bytes("data");
      file.bytes.insert(file.bytes.end(), data.begin(), data.end());
      if (!answer->has("next")) return file;
      answer = piece(answer->number("export"), answer->number("next"));
    }
  }
  std::size_t said() {
    const auto lines = log();
    return static_cast<std::size_t>(std::ranges::count(lines, "audit.export", &Line::action));
  }
};

}  // namespace

TEST_CASE("audit export: ten thousand events come as one log that verifies") {
  Archive archive;
  archive.fill(10'000);
  const auto file = archive.whole();
  CHECK(file.entries > 10'000);
  CHECK(file.pieces > 4);
  const auto report = audit::verify_log(file.bytes);
  INFO(report.report.text());
  CHECK(report.report.intact());
  CHECK(report.report.entries == file.entries);
  CHECK(archive.said() == 1);
}

TEST_CASE(
    "audit export: events that come meanwhile are not in it, and pieces are the same whenever they are asked for") {
  Archive archive;
  archive.fill(2'000);
  const auto first = archive.piece();
  const auto number = first->number("export");
  const auto second = archive.piece(number, first->number("next"));
  archive.fill(250);
  archive.restart();
  const auto again = archive.piece(number, first->number("next"));
  CHECK(std::ranges::equal(again->bytes("data"), second->bytes("data")));
  CHECK(again->number("size") == first->number("size"));
}

TEST_CASE("audit export: any number of begun exports is in nobody's way") {
  Archive archive;
  for (int i = 0; i < 200; ++i) REQUIRE(archive.piece().ok());
  CHECK(audit::verify_log(archive.whole().bytes).report.intact());
}

TEST_CASE("audit export: whoever takes a part of the log is said in it, wherever he begins") {
  Archive archive;
  archive.fill(250);
  REQUIRE(archive.piece(200, 100).ok());
  CHECK(archive.said() == 1);
  CHECK(archive.log().back().detail == "200 entries, from entry 100 on");
  REQUIRE(archive.piece(200, 150).ok());
  CHECK(archive.said() == 1);
  CHECK(archive.piece(1'000'000).code == Errc::not_found);
  CHECK(archive.piece(200, 200).code == Errc::invalid);
}
