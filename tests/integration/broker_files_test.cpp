// Files through the broker: each one is an event with path, size and SHA-256, and arrives unchanged.
#include <sys/socket.h>

#include "peers.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

/// "sha256" of a file on this machine, as sha256sum says it.
std::string sum(const World& world, const std::string& file) {
  return text_of(world.shell("sha256sum < " + file).out).substr(0, 64);
}

std::string make_file(const World& world, const std::string& name, int size) {
  const auto path = (world.directory.path() / name).string();
  REQUIRE(world.shell("head -c " + std::to_string(size) + " /dev/urandom > " + path).status == 0);
  return path;
}

bool has_event(const World& world, const std::string& path, const char* direction, int size, const std::string& hash) {
  const auto line = "file " + path + " " + direction + " " + std::to_string(size) + " " + hash + " outcome=1 action=1";
  return world.broker->wait_for_notice(line);
}

}  // namespace

TEST_CASE("scp by sftp and by its old protocol, up and down") {
  World world;
  const std::string old = GENERATE("", "-O ");
  const auto file = make_file(world, "local", 3000000);
  const auto remote = "/tmp/sp-" + world.login + (old.empty() ? "-new" : "-old");
  const auto up = world.shell("scp " + old + "$SSH_OPTS -P $PORT " + file + " $WHO:" + remote);
  INFO(text_of(up.err) << world.broker->notices());
  REQUIRE(up.status == 0);
  CHECK(sum(world, remote) == sum(world, file));
  CHECK(has_event(world, remote, "up", 3000000, sum(world, file)));
  const auto down =
      world.shell("scp " + old + "$SSH_OPTS -P $PORT $WHO:" + remote + " $DIR/back && cmp " + file + " $DIR/back");
  CHECK(down.status == 0);
  INFO(world.broker->notices());
  CHECK(has_event(world, remote, "down", 3000000, sum(world, file)));
  (void)world.shell("rm -f " + remote);
}

TEST_CASE("scp by its old protocol with spaces in the names, and at home: the target gets the broker's own words") {
  World world;
  const auto name = "sp two words-" + world.login;
  const auto file = make_file(world, "local", 1000);
  // A space is written for the far side's shell, as OpenSSH's users do.
  const bool home = GENERATE(false, true);
  const std::string where = home ? "~/" : "/tmp/";
  const auto path = (home ? "./" : "/tmp/") + name;
  const auto remote = "\"$WHO:" + where + "sp\\ two\\ words-" + world.login + "\"";
  const auto up = world.shell("scp -O $SSH_OPTS -P $PORT " + file + " " + remote);
  INFO(text_of(up.err) << world.broker->notices());
  REQUIRE(up.status == 0);
  CHECK(world.broker->wait_for_notice("scp -t '" + path + "'"));
  CHECK(has_event(world, path, "up", 1000, sum(world, file)));
  const auto down = world.shell("scp -O $SSH_OPTS -P $PORT " + remote + " $DIR/back && cmp " + file + " $DIR/back");
  INFO(text_of(down.err));
  CHECK(down.status == 0);
  CHECK(has_event(world, path, "down", 1000, sum(world, file)));
  const auto kept = home ? (world.sshd.home(world.login) / name).string() : path;
  CHECK(std::filesystem::remove(kept));
}

TEST_CASE("a tree by the old scp protocol names every file and every directory") {
  World world;
  const auto remote = "/tmp/sp-tree-" + world.login;
  const std::string options = GENERATE("-O -r", "-O -r -p");
  const auto done = world.shell(
      "mkdir -p $DIR/tree/deep $DIR/tree/hollow && echo a > $DIR/tree/one && : > "
      "$DIR/tree/deep/empty && scp " +
      options + " $SSH_OPTS -P $PORT $DIR/tree $WHO:" + remote);
  INFO(text_of(done.err) << world.broker->notices());
  REQUIRE(done.status == 0);
  // Whether that path was there, and is the directory around the tree, only the target knows.
  CHECK(world.broker->wait_for_notice("file " + remote + " up 2 "));
  CHECK(world.broker->wait_for_notice(" other=tree/one detail=mode "));
  CHECK(world.broker->wait_for_notice(" other=tree/deep/empty detail=mode "));
  CHECK(world.broker->wait_for_notice("outcome=1 action=4 other=tree/hollow detail=mode "));
  CHECK((world.broker->notices().find(", times ") != std::string::npos) == (options == "-O -r -p"));
  const auto back = world.shell("scp " + options + " $SSH_OPTS -P $PORT $WHO:" + remote +
                                " $DIR/back && diff -r $DIR/tree $DIR/back");
  CHECK(back.status == 0);
  CHECK(world.broker->wait_for_notice("file " + remote + "/deep/empty down 0 "));
  (void)world.shell("rm -rf " + remote);
}

TEST_CASE("sftp: get, put, rename and remove are events") {
  World world;
  const auto file = make_file(world, "local", 700001);
  const auto remote = "/tmp/sp-sftp-" + world.login;
  const auto done = world.shell("printf 'put " + file + " " + remote + "\\nget " + remote + " '$DIR'/back\\nrename " +
                                remote + " " + remote + ".b\\nrm " + remote +
                                ".b\\n' | sftp $SSH_OPTS -P $PORT -b - $WHO && cmp " + file + " $DIR/back");
  INFO(text_of(done.err) << world.broker->notices());
  REQUIRE(done.status == 0);
  const auto hash = sum(world, file);
  CHECK(has_event(world, remote, "up", 700001, hash));
  CHECK(has_event(world, remote, "down", 700001, hash));
  CHECK(world.broker->wait_for_notice("action=3 other=" + remote + ".b"));
  CHECK(world.broker->wait_for_notice("file " + remote + ".b up 0 no-hash outcome=1 action=2"));
}

TEST_CASE("sftp: a file that the target refuses is told as failed") {
  World world;
  const auto file = make_file(world, "local", 10);
  const auto done = world.shell("printf 'put " + file + " /proc/no-such-place\\n' | sftp $SSH_OPTS -P $PORT -b - $WHO");
  CHECK(done.status != 0);
  CHECK(world.broker->wait_for_notice("file /proc/no-such-place up 0 no-hash outcome=3"));
}

namespace {

/// An SFTP client that asks by hand.
struct RawSftp {
  RawClient client;
  ssh_channel channel;
  std::string heard;

  explicit RawSftp(const World& world) : client(world), channel((client.log_in(), client.open())) {
    REQUIRE(ssh_channel_request_sftp(channel) == SSH_OK);
    send(base::Writer().u32(5).u8(1).u32(3).take());
    REQUIRE(hears(1));
  }
  void send(const base::Bytes& packets) {
    const auto size = static_cast<std::uint32_t>(packets.size());
    REQUIRE(ssh_channel_write(channel, packets.data(), size) == static_cast<int>(size));
  }
  /// Until so many answers came in all.
  bool hears(std::size_t answers) {
    return client.until([&] {
      char bytes[4096];
      const int got = ssh_channel_read_nonblocking(channel, bytes, sizeof bytes, 0);
      if (got > 0) heard.append(bytes, static_cast<std::size_t>(got));
      std::size_t whole = 0;
      base::Reader reader(base::as_bytes(heard));
      while (reader.block(1U << 20U)) ++whole;
      return whole >= answers;
    });
  }
};

base::Bytes request(std::uint8_t type, std::uint32_t id, const base::Writer& rest) {
  base::Writer body;
  body.u8(type).u32(id).raw(rest.bytes());
  return base::Writer().block(body.bytes()).take();
}

}  // namespace

TEST_CASE("sftp: what is asked of a handle before the target gave it is answered by the broker alone") {
  World world;
  RawSftp sftp(world);
  const auto remote = "/tmp/sp-guessed-" + world.login;
  const std::string handle(4, '\0');  // the first that OpenSSH's server gives
  auto all = request(3, 1, base::Writer().block(remote).u32(0x1a).u32(0));
  for (const auto& more : {request(6, 2, base::Writer().block(handle).u64(0).block(std::string_view("hidden"))),
                           request(4, 3, base::Writer().block(handle))})
    all.insert(all.end(), more.begin(), more.end());
  sftp.send(all);
  REQUIRE(sftp.hears(4));
  CHECK(std::filesystem::file_size(remote) == 0);
  CHECK(sftp.heard.find("no open file has this handle") != std::string::npos);
  CHECK(world.broker->wait_for_notice("outcome=4 action=1 other= detail=write: no open file has this handle"));
  sftp.send(request(4, 4, base::Writer().block(handle)));
  REQUIRE(sftp.hears(5));
  CHECK(world.broker->wait_for_notice("file " + remote + " up 0 " + sum(world, remote) +
                                      " outcome=1 action=1 other= detail=create, truncate"));
  (void)world.shell("rm -f " + remote);
}

TEST_CASE("sftp: what has no answer when the connection is cut is told all the same") {
  World world;
  const auto remote = "/tmp/sp-cut-" + world.login;
  {
    RawSftp sftp(world);
    sftp.send(request(14, 1, base::Writer().block(remote).u32(0)));
    (void)ssh_blocking_flush(sftp.client.get(), 1000);
    (void)shutdown(ssh_get_fd(sftp.client.get()), SHUT_RDWR);
  }
  REQUIRE(world.broker->wait_for_notice("over reason="));
  // Made or not, and known or not: where it passed there is an event.
  const bool told = world.broker->notices().find("file " + remote + " up 0 no-hash outcome=") != std::string::npos;
  CHECK((told || !std::filesystem::exists(remote)));
  INFO(world.broker->notices());
  (void)world.shell("rmdir " + remote);
}

TEST_CASE("what is no file transfer does not pass as one, and the person is told") {
  World world;
  RawClient client(world);
  client.log_in();
  ssh_channel channel = client.open();
  const auto remote = "/tmp/sp-hidden-" + world.login;
  std::string told;
  const auto reads = [&] {
    char bytes[256];
    const int got = ssh_channel_read_nonblocking(channel, bytes, sizeof bytes, 1);
    if (got > 0) told.append(bytes, static_cast<std::size_t>(got));
    return told.find("This transfer was stopped because the broker could not follow it.") != std::string::npos;
  };
  SECTION("by sftp") {
    REQUIRE(ssh_channel_request_sftp(channel) == SSH_OK);
    const std::string greeting("\0\0\0\5\1\0\0\0\3\x7f\xff\xff\xff", 13);
    REQUIRE(ssh_channel_write(channel, greeting.data(), 13) == 13);
    CHECK(client.until(reads));
    CHECK(world.broker->wait_for_notice("denied file transfer that cannot be followed sftp"));
  }
  SECTION("by scp") {
    REQUIRE(ssh_channel_request_exec(channel, ("scp -t " + remote).c_str()) == SSH_OK);
    // Two files at once, without a look at the answers: only the target would know which of them it took.
    const std::string files = std::string("C0600 1 a\nx") + '\0' + "C0600 1 b\ny" + '\0';
    const auto size = static_cast<std::uint32_t>(files.size());
    REQUIRE(ssh_channel_write(channel, files.data(), size) == static_cast<int>(size));
    CHECK(client.until(reads));
    CHECK(world.broker->wait_for_notice("denied file transfer that cannot be followed scp"));
  }
  CHECK(world.broker->wait_for_notice("ended 1"));
  CHECK_FALSE(std::filesystem::exists(remote));
}

TEST_CASE("PuTTY's programs work: plink, pscp by sftp and by scp") {
  World world;
  const auto key = world.shell("puttygen $KEY -O private -o $DIR/alice.ppk");
  if (key.status != 0) return;
  const std::string hostkey =
      "$(ssh-keyscan -p $PORT 127.0.0.1 2>/dev/null | cut -d' ' -f2- | ssh-keygen -lf - | cut -d' ' -f2)";
  const std::string options = "-batch -P $PORT -i $DIR/alice.ppk -hostkey " + hostkey;
  const auto plink = world.shell("plink " + options + " -l alice+root+web1 127.0.0.1 'echo hello; exit 6'");
  INFO(text_of(plink.err) << world.broker->notices());
  CHECK(text_of(plink.out) == "hello\n");
  CHECK(plink.status == 6);
  const auto file = make_file(world, "local", 200000);
  for (const std::string mode : {"-sftp", "-scp"}) {
    const auto remote = "/tmp/sp-pscp" + mode + world.login;
    const auto up =
        world.shell("pscp " + mode + " " + options + " -l alice+root+web1 " + file + " 127.0.0.1:" + remote);
    INFO(text_of(up.err) << text_of(up.out) << world.broker->notices());
    CHECK(up.status == 0);
    CHECK(has_event(world, remote, "up", 200000, sum(world, file)));
    (void)world.shell("rm -f " + remote);
  }
}
