#include "sallyport/audit/log_file.hpp"
#include "sallyport/vault/audit_log.hpp"
#include "store_fixture.hpp"

namespace sallyport::vault::test {
namespace {

struct Logged : TestVault {
  std::unique_ptr<Vault> vault = open();

  /// One commit with so many events.
  void commit(int events) {
    auto tx = must(vault->begin());
    for (int i = 0; i < events; ++i) tx.append(event("checkout.create"));
    must(tx.commit());
  }
  audit::Report verify() { return must(vault->verify_audit()); }

  /// Changes rows as a thief with the page key would, and looks again.
  audit::Report verify_after(Sql change) {
    auto tx = must(vault->begin_read());
    must(tx.execute(change));
    must(tx.commit());
    return verify();
  }
};

}  // namespace

TEST_CASE("a commit writes its events in order, under one checkpoint") {
  Logged v;
  v.commit(2);
  v.commit(3);
  CHECK(v.vault->audit().size() == 5);
  const auto report = v.verify();
  INFO(report.text());
  CHECK(report.intact());
  CHECK(report.entries == 5);
  CHECK(report.checkpoints == 2);
  auto tx = must(v.vault->begin());
  tx.append(event("first"));
  tx.append(event("second"));
  must(tx.commit());
  const auto entries = must(v.vault->audit_entries(5, 10));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].number == 5);
  CHECK(entries[0].event.action == "first");
  CHECK(entries[1].event.action == "second");
}

TEST_CASE("events inside a savepoint that was rolled back are not written, those after it are") {
  Logged v;
  auto tx = must(v.vault->begin());
  tx.append(event("kept"));
  must(tx.savepoint());
  tx.append(event("dropped"));
  must(tx.savepoint());
  tx.append(event("dropped too"));
  must(tx.release_savepoint());
  must(tx.rollback_to_savepoint());
  tx.append(event("denial"));
  must(tx.release_savepoint());
  must(tx.commit());
  const auto entries = must(v.vault->audit_entries(0, 10));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].event.action == "kept");
  CHECK(entries[1].event.action == "denial");
  CHECK(v.verify().intact());
}

TEST_CASE("a batch that is not committed leaves the log where it stood") {
  Logged v;
  v.commit(1);
  SECTION("dropped") {
    auto tx = must(v.vault->begin());
    tx.append(event("lost"));
  }
  SECTION("failed") {
    auto tx = must(v.vault->begin());
    tx.append(event("lost"));
    CHECK(code_of(tx.sql().execute("INSERT INTO vault_meta(name, value) VALUES('vault_id', $1)", base::Bytes{1})) ==
          Errc::exists);
    CHECK(code_of(tx.commit()) == Errc::exists);
  }
  CHECK(v.vault->audit().size() == 1);
  v.commit(1);
  CHECK(v.verify().entries == 2);
  CHECK(v.verify().intact());
}

TEST_CASE("the log goes on after reopening") {
  Logged v;
  v.commit(3);
  const auto key = v.vault->audit_public_key();
  v.vault.reset();
  v.vault = v.open();
  CHECK(v.vault->audit_public_key() == key);
  CHECK_FALSE(v.vault->rollback_warning());
  v.commit(4);
  CHECK(v.verify().intact());
  CHECK(v.verify().entries == 7);
}

TEST_CASE("a changed log is found, and the first bad entry named") {
  Logged v;
  for (int i = 0; i < 5; ++i) v.commit(2);
  audit::Report report;
  std::uint64_t entry = 6;
  auto where = audit::Break::Where::entry;
  SECTION("an event") { report = v.verify_after("UPDATE audit_entry SET event = x'00' WHERE number = 6"); }
  SECTION("a leaf") { report = v.verify_after("UPDATE audit_entry SET leaf = zeroblob(32) WHERE number = 6"); }
  SECTION("an entry is missing") { report = v.verify_after("DELETE FROM audit_entry WHERE number = 6"); }
  SECTION("an event with a fitting leaf") {
    const base::Bytes other = audit::encode(event("user.add"));
    auto tx = must(v.vault->begin_read());
    must(tx.execute("UPDATE audit_entry SET event = $1, leaf = $2 WHERE number = 6", other, audit::leaf_hash(other)));
    must(tx.commit());
    report = v.verify();
    where = audit::Break::Where::checkpoint;
    entry = 3;
  }
  SECTION("a checkpoint is missing") {
    report = v.verify_after("DELETE FROM audit_checkpoint WHERE size = 10");
    where = audit::Break::Where::tail;
    entry = 0;
  }
  SECTION("a checkpoint is another's") {
    report = v.verify_after(
        "UPDATE audit_checkpoint SET text = (SELECT text FROM audit_checkpoint WHERE size = 6) WHERE size = 8");
    where = audit::Break::Where::checkpoint;
    entry = 3;
  }
  SECTION("the tail with its checkpoint") {
    auto tx = must(v.vault->begin_read());
    must(tx.execute("DELETE FROM audit_entry WHERE number >= 8"));
    must(tx.execute("DELETE FROM audit_checkpoint WHERE size = 10"));
    must(tx.commit());
    report = v.verify();
    where = audit::Break::Where::tail;
    entry = 0;
  }
  REQUIRE_FALSE(report.intact());
  INFO(report.text());
  CHECK(report.broken->where == where);
  CHECK(report.broken->index == entry);
}

TEST_CASE("the exported log verifies without the vault, with the vault's key") {
  Logged v;
  for (int i = 0; i < 3; ++i) v.commit(30);
  const fs::path file = v.dir / "audit.log";
  std::FILE* out = std::fopen(file.c_str(), "wb");
  REQUIRE(out != nullptr);
  must(v.vault->export_audit(::fileno(out)));
  std::fclose(out);
  base::Bytes bytes = must(base::read_file(file, 1U << 24U));
  audit::LogFileOptions options;
  options.key = v.vault->audit_public_key();
  const auto report = audit::verify_log(bytes, options);
  INFO(report.report.text());
  CHECK(report.report.intact());
  CHECK(report.report.entries == 90);
  bytes[bytes.size() / 2] ^= 1;
  CHECK_FALSE(audit::verify_log(bytes, options).report.intact());
}

TEST_CASE("a store that was put back is noticed when it is opened") {
  Logged v;
  v.commit(2);
  v.vault.reset();
  const std::string old = slurp(v.data / kStoreFile);
  v.vault = v.open();
  v.commit(2);
  v.vault.reset();
  SECTION("an older store") {
    spill(v.data / kStoreFile, old);
    v.vault = v.open();
    REQUIRE(v.vault->rollback_warning());
    CHECK(v.vault->rollback_warning()->find("it has 2 entries, and had 4 already") != std::string::npos);
  }
  SECTION("an older store that went on differently") {
    const std::string beside = slurp(v.data / kCheckpointFile);
    spill(v.data / kStoreFile, old);
    v.vault = v.open();
    v.commit(5);
    v.vault.reset();
    spill(v.data / kCheckpointFile, beside);
    v.vault = v.open();
    REQUIRE(v.vault->rollback_warning());
    CHECK(v.vault->rollback_warning()->find("another log") != std::string::npos);
  }
  SECTION("a missing checkpoint") {
    fs::remove(v.data / kCheckpointFile);
    v.vault = v.open();
    REQUIRE(v.vault->rollback_warning());
    CHECK(v.vault->rollback_warning()->find("missing") != std::string::npos);
  }
  SECTION("a checkpoint of someone else") {
    spill(v.data / kCheckpointFile, "nonsense\n");
    v.vault = v.open();
    CHECK(v.vault->rollback_warning());
  }
  SECTION("nothing wrong") {
    v.vault = v.open();
    CHECK_FALSE(v.vault->rollback_warning());
  }
}

TEST_CASE("the checkpoint beside the store is written at most once a second") {
  Logged v;
  v.commit(1);
  const std::string first = slurp(v.data / kCheckpointFile);
  CHECK(first == v.vault->audit().checkpoint());
  v.commit(1);
  CHECK(slurp(v.data / kCheckpointFile) == first);
  v.clock.advance(base::Milliseconds{1000});
  v.commit(1);
  CHECK(slurp(v.data / kCheckpointFile) == v.vault->audit().checkpoint());
}

TEST_CASE("a log whose frontier and newest checkpoint disagree does not open") {
  Logged v;
  v.commit(2);
  v.commit(2);
  SECTION("the checkpoint is gone") {
    CHECK_FALSE(v.verify_after("DELETE FROM audit_checkpoint WHERE size = 4").intact());
  }
  SECTION("the frontier is of another log") {
    audit::Frontier other;
    for (int i = 0; i < 4; ++i) other.append(audit::leaf_hash(base::as_bytes("x")));
    auto tx = must(v.vault->begin_read());
    must(tx.execute("UPDATE audit_frontier SET frontier = $1", other.encode()));
    must(tx.commit());
    CHECK_FALSE(v.verify().intact());
  }
  v.vault.reset();
  CHECK(code_of(Vault::open(v.data, v.root(), {}, v.clock)) == Errc::corrupt);
}

}  // namespace sallyport::vault::test
