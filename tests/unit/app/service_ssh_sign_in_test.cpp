// Who gets as far as a session: keys, passwords and codes at the SSH door, and what stands for them.
#include <algorithm>

#include "service_ssh_fixture.hpp"
#include "stranger_budget.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST_CASE("ssh: without a checkout there is no session, whatever was proven") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "grant");  // a code would not help
  CHECK(ssh.grant(10).code == Errc::conflict);
  REQUIRE(ssh.otp(10, ssh.code(ssh.alice))->text("next") == "grant");
  CHECK(ssh.grant(10).code == Errc::conflict);
  CHECK(ssh.log().back().rule == "deny.checkout_needed");
  CHECK_FALSE(ssh.pushed(ssh.listener_peer, OperationId::push_dial));
}

TEST_CASE("ssh: a checkout from elsewhere, or of long ago, does not stand for a code") {
  Ssh ssh;
  ssh.lend();
  SECTION("elsewhere") { ssh.connect(10, "198.51.100.9"); }
  SECTION("long ago") {
    ssh.clock.advance(ssh.config.otp_window + base::Seconds{1});
    ssh.connect(10);
  }
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "otp");
  CHECK_FALSE(ssh.grant(10).ok());  // asking all the same does not help
  REQUIRE(ssh.otp(10, ssh.code(ssh.alice))->text("next") == "grant");
  CHECK(ssh.grant(10).ok());
}

TEST_CASE("ssh: codes that nobody judges, because they are locked, are told within the strangers' budget") {
  Ssh ssh;
  ssh.lend();
  ssh.clock.advance(ssh.config.otp_window + base::Seconds{1});
  const auto events = [&ssh] { return std::ranges::count(ssh.log(), "ssh.otp", &ServiceFixture::Line::action); };
  std::uint64_t id = 100;
  const auto guess = [&] {
    ssh.connect(++id, "198.51.100.9");
    REQUIRE(ssh.begin(id).ok());
    REQUIRE(ssh.prove_key(id)->text("next") == "otp");
    CHECK_FALSE(ssh.otp(id, secret("000000"))->flag("accepted"));
  };
  for (int i = 0; i < 6; ++i) guess();
  CHECK(ssh.log().back().rule == "deny.otp_locked");
  for (unsigned i = 0; i < 3 * app::StrangerBudget::kAtOnce; ++i) guess();
  CHECK(events() <= 6 + static_cast<std::ptrdiff_t>(app::StrangerBudget::kAtOnce));
}

TEST_CASE("ssh: a proven key and then a code are kept out by nobody's guesses") {
  Ssh ssh;
  ssh.lend();
  ssh.clock.advance(ssh.config.otp_window + base::Seconds{1});
  std::uint64_t id = 100;
  for (int i = 0; i < 8; ++i) {  // strangers with the password guess codes, others guess passwords
    ssh.connect(++id, "198.51.100." + std::to_string(i));
    REQUIRE(ssh.begin(id).ok());
    if (ssh.password(id, "password of alice")->text("next") == "otp")
      CHECK_FALSE(ssh.otp(id, secret("000000"))->flag("accepted"));
    ssh.connect(++id, "198.51.100.1" + std::to_string(i));
    REQUIRE(ssh.begin(id).ok());
    CHECK_FALSE(ssh.password(id, "a guess")->flag("accepted"));
  }
  ssh.connect(10, "203.0.113.5");
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "otp");
  CHECK(ssh.otp(10, ssh.code(ssh.alice))->text("next") == "grant");
  CHECK(ssh.grant(10).ok());
}

TEST_CASE("ssh: no code is asked for, or used up, where no session could start with it") {
  Ssh ssh;
  ssh.lend();
  const auto unpin = [&] {
    auto show = ssh.input(OperationId::target_show);
    show.set("name", "web1");
    const auto target = ssh.web(OperationId::target_show, show, &ssh.admin.token);
    auto remove = ssh.input(OperationId::target_key_remove);
    remove.set("name", "web1").set("fingerprint", target->list("host_keys")[0].text("fingerprint"));
    REQUIRE(ssh.web(OperationId::target_key_remove, remove, &ssh.admin.token).ok());
  };
  const auto pin = [&] {
    auto add = ssh.input(OperationId::target_key_add);
    add.set("name", "web1").set("key", kHostKey);
    REQUIRE(ssh.web(OperationId::target_key_add, add, &ssh.admin.token).ok());
  };
  ssh.connect(10, "198.51.100.9");
  REQUIRE(ssh.begin(10).ok());
  CHECK(ssh.prove_key(10)->text("next") == "otp");
  unpin();
  const auto code = ssh.code(ssh.alice);
  CHECK(ssh.otp(10, code.clone())->text("next") == "grant");
  CHECK(ssh.grant(10).error.find("no host key") != std::string::npos);
  ssh.connect(11, "198.51.100.9");
  REQUIRE(ssh.begin(11).ok());
  CHECK(ssh.prove_key(11)->text("next") == "grant");
  pin();
  ssh.connect(12, "198.51.100.9");
  REQUIRE(ssh.begin(12).ok());
  CHECK(ssh.prove_key(12)->text("next") == "otp");
  CHECK(ssh.otp(12, code.clone())->flag("accepted"));
  CHECK(ssh.grant(12).ok());
}

TEST_CASE("ssh: a code with a space in the middle is asked for again and counts as nothing") {
  Ssh ssh;
  ssh.lend();
  ssh.connect(10, "198.51.100.9");
  REQUIRE(ssh.begin(10).ok());
  REQUIRE(ssh.prove_key(10)->text("next") == "otp");
  for (int i = 0; i < 10; ++i) {
    const auto again = ssh.otp(10, secret("123 456"));
    CHECK_FALSE(again->flag("accepted"));
    CHECK(again->text("next") == "otp");
    CHECK(again->text("message").find("six digits") != std::string_view::npos);
  }
  CHECK(ssh.otp(10, ssh.code(ssh.alice))->flag("accepted"));
}

TEST_CASE("ssh: a wrong password, an unknown user and a user without a password are answered alike") {
  Ssh ssh;
  ssh.lend();
  ssh.connect(10);
  ssh.connect(11);
  REQUIRE(ssh.begin(10, "alice").ok());
  REQUIRE(ssh.begin(11, "mallory").ok());
  const auto wrong = ssh.password(10, "not this");
  const auto unknown = ssh.password(11, "not this");
  CHECK(encode(*wrong).value().size() == encode(*unknown).value().size());
  CHECK_FALSE(wrong->flag("accepted"));
  CHECK_FALSE(unknown->flag("accepted"));
  CHECK(unknown->text("next") == "first");
  CHECK(ssh.password(10, "password of alice")->text("next") == "grant");
}

TEST_CASE("ssh: the sixth failure ends the sign-in") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10, "mallory").ok());
  for (int i = 0; i < 5; ++i) CHECK(ssh.password(10, "guess")->text("next") == "first");
  CHECK(ssh.password(10, "guess")->text("next") == "end");
  CHECK(ssh.password(10, "guess").code == Errc::conflict);
}

TEST_CASE("ssh: signing in takes no longer than the grace") {
  Ssh ssh;
  ssh.connect(10);
  ssh.tick(ssh.config.login_grace + base::Seconds{1});
  REQUIRE(ssh.pushed(10, OperationId::push_end));
  CHECK(ssh.pushes.back().then == app::Outgoing::Then::close);
}

TEST_CASE("ssh: refused names, signatures and passwords leave an event with the name as written and the rule") {
  Ssh ssh;
  const auto last = [&ssh] { return ssh.log().back(); };
  const auto written = [](std::string_view text) {
    const auto bytes = base::as_bytes(text);
    return base::Bytes(bytes.begin(), bytes.end());
  };
  SECTION("a name that is none: once a connection") {
    ssh.connect(10);
    auto record = ssh.input(OperationId::auth_begin);
    record.set("written", written("ALICE\x1b[2J\\x"));
    CHECK_FALSE(ssh.child(10, OperationId::auth_begin, record)->flag("accepted"));
    CHECK(last().action == "ssh.refused");
    CHECK(last().rule == "deny.login_name");
    CHECK(last().outcome == "denied");
    CHECK(last().detail == "login \"ALICE\\x1b[2J\\\\x\": it names no account on a target");
    const auto size = ssh.log().size();
    CHECK_FALSE(ssh.password(10, "anything at all")->flag("accepted"));
    CHECK_FALSE(ssh.prove_key(10)->flag("accepted"));
    CHECK(ssh.log().size() == size);
  }
  SECTION("a signature without a question before it") {
    ssh.connect(10);
    auto begun = ssh.input(OperationId::auth_begin);
    begun.set("user", "bob").set("account", "root").set("target", "web1");
    REQUIRE(ssh.child(10, OperationId::auth_begin, begun).ok());
    auto proven = ssh.input(OperationId::auth_key_proven);
    proven.set("key", ssh.key).set("written", written("bob@root@web1"));
    CHECK_FALSE(ssh.child(10, OperationId::auth_key_proven, proven)->flag("accepted"));
    CHECK(last().action == "ssh.key");
    CHECK(last().rule == "deny.key");
    CHECK(last().detail.starts_with("login \"bob@root@web1\": signed with SHA256:"));
  }
  SECTION("a password, and the address that has to wait hears so") {
    std::string told;
    for (std::uint64_t id = 10; id < 30 && told.empty(); ++id) {
      ssh.connect(id);
      REQUIRE(ssh.begin(id, "nobody").ok());
      auto record = ssh.input(OperationId::auth_password);
      record.set("password", secret("a wrong password")).set("written", written("nobody+root+web1"));
      const auto refused = ssh.child(id, OperationId::auth_password, record);
      CHECK_FALSE(refused->flag("accepted"));
      told = refused->text("message");
    }
    CHECK(told.find("wrong passwords came from your address") != std::string::npos);
    CHECK(last().action == "ssh.password");
    CHECK(last().rule == "deny.password");
    CHECK(last().detail.starts_with("login \"nobody+root+web1\": "));
  }
  SECTION("what the child refuses by itself") {
    ssh.connect(10);
    auto record = ssh.input(OperationId::auth_begin);
    record.set("refused", "key_type").set("written", written("alice+root+web1"));
    REQUIRE(ssh.child(10, OperationId::auth_begin, record).ok());
    CHECK(last().rule == "deny.key_type");
    for (int i = 0; i < 20; ++i) (void)ssh.child(10, OperationId::auth_begin, record);
    CHECK(std::ranges::count(ssh.log(), "deny.key_type", &ServiceFixture::Line::rule) == 6);
    CHECK(last().action == "ssh.refused");
    record.set("refused", "allow.everything");
    CHECK(ssh.child(10, OperationId::auth_begin, record).code == Errc::invalid);
  }
}

TEST_CASE("ssh: an empty code is no wrong code") {
  Ssh ssh;
  ssh.connect(10);
  REQUIRE(ssh.begin(10)->text("next") == "first");
  REQUIRE(ssh.prove_key(10)->flag("accepted"));
  const auto nothing = secret("");
  for (int i = 0; i < 10; ++i) CHECK(ssh.otp(10, nothing).code == Errc::invalid);
  const auto code = ssh.code(ssh.alice);
  CHECK(ssh.otp(10, code)->flag("accepted"));
}
