// What lists say of their length, and of what the vault does not know.
#include "service_ssh_fixture.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("service: the log says how many entries it has, where they were not searched") {
  ServiceFixture office;
  (void)office.bootstrap_admin();
  auto record = office.input(OperationId::audit_list);
  record.set("limit", std::uint64_t{1});
  const auto first = office.local(OperationId::audit_list, record);
  CHECK(first->list("events").size() == 1);
  CHECK(first->number("total") == first->number("size"));
  record.set("outcome", "ok");
  CHECK_FALSE(office.local(OperationId::audit_list, record)->has("total"));
}

TEST_CASE("service: the length of a cut recording is not made up") {
  Ssh ssh;
  ssh.lend();
  const auto shown = [&](const std::string& id) { return ssh.by_id(OperationId::session_show, id, ssh.admin.token); };
  const auto whole = ssh.recorded(10);
  CHECK_FALSE(shown(whole)->has("bytes"));
  REQUIRE(ssh.close(10, "exit", "complete").ok());
  CHECK(shown(whole)->number("bytes") == 9);
  const auto cut = ssh.recorded(11);
  REQUIRE(ssh.close(11, "disk_full", "truncated").ok());
  CHECK_FALSE(shown(cut)->has("bytes"));
  CHECK_FALSE(shown(cut)->has("duration_ms"));
}

TEST_CASE("service: a session that lives has lasted since its start") {
  Ssh ssh;
  ssh.lend();
  const auto id = ssh.recorded(10);
  ssh.clock.advance(base::Seconds{42});
  const auto shown = ssh.by_id(OperationId::session_show, id, ssh.admin.token);
  CHECK(shown->number("duration_ms") ==
        static_cast<std::uint64_t>(base::to_unix_ms(ssh.clock.wall())) - shown->number("started"));
  CHECK(shown->number("duration_ms") >= 42'000);
}
