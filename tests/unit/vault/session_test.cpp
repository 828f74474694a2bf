#include "sallyport/vault/session.hpp"

#include "support/domain.hpp"

using namespace sallyport;
using namespace sallyport::vault;
using namespace std::chrono_literals;
using base::Errc;
using test::code_of;
using test::must;

namespace {

struct World : test::DomainVault {
  Account account = (add_target(), add_account());
  base::UserId alice = base::UserId::random();

  RegisteredSession open(const base::UserId& user, const std::string& name = "alice",
                         const std::string& source = "192.0.2.1") {
    const NewSession wanted{user, name, account.id, account.name.text(), account.target, {}, source, "publickey,otp"};
    return must(audited([&](auto& tx) { return register_session(tx, keys(), wanted, now()); }));
  }
  base::Result<> checkpoint(const base::SessionId& id, std::uint64_t sequence) {
    RecordingCheckpoint one{sequence, {}};
    one.chain.fill(static_cast<std::uint8_t>(sequence));
    return sql([&](auto& tx) { return checkpoint_session(tx, id, one); });
  }
  base::Result<Session> close(const base::SessionId& id, RecordingState state = RecordingState::complete) {
    return sql([&](auto& tx) { return close_session(tx, id, "client left", state, {4096, 1500, 3}, now()); });
  }
  Session get(const base::SessionId& id) {
    return must(sql([&](auto& tx) { return get_session(tx, id); }));
  }
};

}  // namespace

TEST_CASE("a session is registered with a file and a sealed key of its own") {
  World world;
  const auto one = world.open(world.alice);
  const auto two = world.open(world.alice);
  CHECK(one.session.file == one.session.id.text() + ".spr");
  CHECK(one.session.recording == RecordingState::none);
  CHECK(one.recording_key.size() == 32);
  CHECK_FALSE(base::equals_ct(one.recording_key, two.recording_key));
  const auto key = must(world.audited([&](auto& tx) { return read_recording_key(tx, world.keys(), one.session.id); }));
  CHECK(base::equals_ct(key, one.recording_key));
}

TEST_CASE("a recording's key moved to another session's row does not open") {
  World world;
  const auto one = world.open(world.alice);
  const auto two = world.open(world.alice);
  must(world.sql([&](Transaction& tx) {
    return tx.execute(
        "UPDATE session SET sealed = (SELECT sealed FROM session WHERE id = $1), "
        "wrapped_dek = (SELECT wrapped_dek FROM session WHERE id = $1) WHERE id = $2",
        one.session.id, two.session.id);
  }));
  const auto key = world.audited([&](auto& tx) { return read_recording_key(tx, world.keys(), two.session.id); });
  CHECK(code_of(key) == Errc::corrupt);
}

TEST_CASE("checkpoints go forward only, and not after the end") {
  World world;
  const auto id = world.open(world.alice).session.id;
  must(world.checkpoint(id, 1));
  must(world.checkpoint(id, 5));
  CHECK(code_of(world.checkpoint(id, 5)) == Errc::conflict);
  CHECK(code_of(world.checkpoint(id, 4)) == Errc::conflict);
  CHECK(world.get(id).checkpoint->sequence == 5);
  CHECK(world.get(id).checkpoint->chain[0] == 5);
  must(world.close(id));
  CHECK(code_of(world.checkpoint(id, 6)) == Errc::conflict);
  CHECK(code_of(world.checkpoint(base::SessionId::random(), 1)) == Errc::not_found);
}

TEST_CASE("a session is closed once, never as still recording") {
  World world;
  const auto id = world.open(world.alice).session.id;
  CHECK(code_of(world.close(id, RecordingState::recording)) == Errc::invalid);
  const Session closed = must(world.close(id));
  CHECK(closed.ended.has_value());
  CHECK(closed.end_reason == "client left");
  CHECK(closed.totals.bytes == 4096);
  CHECK(code_of(world.close(id)) == Errc::conflict);
}

TEST_CASE("a session whose recording never began has none, whatever is said of it") {
  World world;
  for (const auto said : {RecordingState::complete, RecordingState::gap, RecordingState::truncated,
                          RecordingState::missing, RecordingState::none}) {
    CHECK(must(world.close(world.open(world.alice).session.id, said)).recording == RecordingState::none);
  }
}

TEST_CASE("a session that opened a channel without a recording is truncated or missing, never none") {
  World world;
  for (const auto said : {RecordingState::complete, RecordingState::gap, RecordingState::truncated,
                          RecordingState::missing, RecordingState::none}) {
    const auto id = world.open(world.alice).session.id;
    must(world.sql([&](auto& tx) { return note_channel(tx, id, "exec"); }));
    const auto known = said == RecordingState::missing ? said : RecordingState::truncated;
    CHECK(must(world.close(id, said)).recording == known);
  }
}

TEST_CASE("a recording begins once, before the end, and is never none from then on") {
  World world;
  const auto id = world.open(world.alice).session.id;
  const auto begin = [&] { return world.sql([&](auto& tx) { return begin_recording(tx, id); }); };
  must(begin());
  CHECK(world.get(id).recording == RecordingState::recording);
  CHECK(code_of(begin()) == Errc::conflict);
  CHECK(must(world.close(id, RecordingState::none)).recording == RecordingState::truncated);
  CHECK(code_of(begin()) == Errc::conflict);
}

TEST_CASE("sessions that a crash has cut are found open, and their recordings can be called truncated or missing") {
  World world;
  const auto id = world.open(world.alice).session.id;
  must(world.close(world.open(world.alice).session.id));
  world.reopen();
  const auto open = must(world.sql([](auto& tx) { return open_sessions(tx); }));
  REQUIRE(open.size() == 1);
  CHECK(open[0].id == id);
  const auto mark = [&](RecordingState state) {
    return world.sql([&](auto& tx) { return set_recording_state(tx, id, state); });
  };
  CHECK(code_of(mark(RecordingState::missing)) == Errc::not_found);
  must(world.close(id, RecordingState::truncated));
  must(mark(RecordingState::missing));
  CHECK(world.get(id).recording == RecordingState::missing);
}

TEST_CASE("sessions are listed newest first, by person and state, in pages") {
  World world;
  const base::UserId bob = base::UserId::random();
  const auto first = world.open(world.alice).session.id;
  world.clock.advance(1s);
  const auto second = world.open(bob, "bob").session.id;
  world.clock.advance(1s);
  const auto third = world.open(world.alice).session.id;
  must(world.close(first));
  const auto list = [&](const SessionFilter& filter) {
    std::vector<base::SessionId> ids;
    for (const auto& one : must(world.sql([&](auto& tx) { return list_sessions(tx, filter); }))) ids.push_back(one.id);
    return ids;
  };
  using Ids = std::vector<base::SessionId>;
  CHECK(list({}) == Ids{third, second, first});
  CHECK(list({.user = "alice"}) == Ids{third, first});
  CHECK(list({.open_only = true}) == Ids{third, second});
  CHECK(list({.after = third, .limit = 1}) == Ids{second});
}

TEST_CASE("sessions are found by time, target, source, state and reason, and counted") {
  World world;
  const auto early = world.open(world.alice).session.id;
  world.clock.advance(1min);
  const auto middle = world.clock.wall();
  const auto late = world.open(world.alice, "alice", "2001:db8::7").session.id;
  must(world.sql([&](auto& tx) { return begin_recording(tx, late); }));
  must(world.close(late, RecordingState::truncated));
  const auto list = [&](const SessionFilter& filter) {
    std::vector<base::SessionId> ids;
    for (const auto& one : must(world.sql([&](auto& tx) { return list_sessions(tx, filter); }))) ids.push_back(one.id);
    CHECK(must(world.sql([&](auto& tx) { return count_sessions(tx, filter); })) == ids.size());
    return ids;
  };
  using Ids = std::vector<base::SessionId>;
  CHECK(list({.since = middle}) == Ids{late});
  CHECK(list({.until = middle}) == Ids{early});
  CHECK(list({.target = "web1"}) == Ids{late, early});
  CHECK(list({.target = "eb1"}).empty());
  CHECK(list({.target = "%"}).empty());
  CHECK(list({.source = "2001:db8::7"}) == Ids{late});
  CHECK(list({.recording = RecordingState::truncated}) == Ids{late});
  CHECK(list({.account = "root@web1"}) == Ids{late, early});
  CHECK(list({.reason = "x"}).empty());
}

TEST_CASE("a session is named by the beginning of its id, if no other begins so") {
  World world;
  const auto id = world.open(world.alice).session.id;
  const auto complete = [&](std::string_view begin) {
    return world.sql([&](auto& tx) { return complete_session_id(tx, begin); });
  };
  CHECK(must(complete(id.text())) == id);
  CHECK(must(complete(id.text().substr(0, 8))) == id);
  CHECK(code_of(complete(id.text().substr(0, 3))) == Errc::invalid);
  CHECK(code_of(complete("A2345678")) == Errc::invalid);
  CHECK(code_of(complete(id.text()[0] == 'a' ? "bbbbbbbb" : "aaaaaaaa")) == Errc::not_found);
  must(world.sql(
      [&](Transaction& tx) { return tx.execute("UPDATE session SET id = 'abcdefgh22222222' WHERE id = $1", id); }));
  const auto other = world.open(world.alice).session.id;
  must(world.sql(
      [&](Transaction& tx) { return tx.execute("UPDATE session SET id = 'abcdefgh33333333' WHERE id = $1", other); }));
  CHECK(code_of(complete("abcdefgh")) == Errc::invalid);
  CHECK(must(complete("abcdefgh3")).text() == "abcdefgh33333333");
}

TEST_CASE("the channels of a session are noted once each") {
  World world;
  const auto id = world.open(world.alice).session.id;
  for (const auto* kind : {"shell", "exec", "shell", "sftp", "exec"})
    must(world.sql([&](auto& tx) { return note_channel(tx, id, kind); }));
  CHECK(world.get(id).channels == "shell,exec,sftp");
}

TEST_CASE("the words of recording states are read back") {
  for (const auto state : {RecordingState::recording, RecordingState::complete, RecordingState::gap,
                           RecordingState::truncated, RecordingState::missing, RecordingState::none}) {
    CHECK(parse_recording_state(to_string(state)).value() == state);
  }
  CHECK_FALSE(parse_recording_state("lost").has_value());
}
