// What is too weak or too old is not agreed on, whatever the client wishes for; and what becomes of the credential.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "peers.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

// A sanitizer's allocator holds freed memory back as it was.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeepsFreed = true;
#else
constexpr bool kKeepsFreed = false;
#endif

/// Whether these bytes stand anywhere in a process's writable memory.
bool is_in_memory(const std::string& pid, std::string_view needle) {
  std::ifstream maps("/proc/" + pid + "/maps");
  const base::UniqueFd memory(open(("/proc/" + pid + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(memory);
  std::string line;
  std::size_t seen = 0;
  while (std::getline(maps, line)) {
    if (line.find(" rw") == std::string::npos) continue;
    const auto begin = std::stoull(line, nullptr, 16);
    const auto end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    std::string bytes(static_cast<std::size_t>(end - begin), '\0');
    const auto got = pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (got <= 0) continue;
    bytes.resize(static_cast<std::size_t>(got));
    seen += bytes.size();
    if (bytes.find(needle) != std::string::npos) return true;
  }
  REQUIRE(seen > 100000);
  return false;
}

std::string session_pid(const World& world) {
  const auto notices = world.broker->notices();
  const auto at = notices.find("pid ");
  REQUIRE(at != std::string::npos);
  return notices.substr(at + 4, notices.find('\n', at) - at - 4);
}

base::Child start(const World& world, const std::string& command) {
  base::Command line;
  line.argv = world.ssh({}, {command});
  line.environment = {"PATH=/usr/bin:/bin"};
  return base::Child::spawn(line, {}).value();
}

}  // namespace

TEST_CASE("SHA-1, CBC and old key exchanges are not agreed on") {
  World world;
  // A MAC counts only beside a cipher that needs one.
  const std::string ctr = "Ciphers=aes128-ctr";
  for (const std::string good : {"Ciphers=aes256-ctr", "MACs=hmac-sha2-256", "KexAlgorithms=ecdh-sha2-nistp256"})
    CHECK(world.run_ssh({"-o", good, "-o", ctr}, {"true"}).status == 0);
  for (const std::string bad :
       {"Ciphers=aes128-cbc", "Ciphers=3des-cbc", "MACs=hmac-sha1", "MACs=hmac-sha1-etm@openssh.com",
        "KexAlgorithms=diffie-hellman-group14-sha1", "KexAlgorithms=diffie-hellman-group1-sha1",
        "KexAlgorithms=diffie-hellman-group-exchange-sha256", "HostKeyAlgorithms=ssh-rsa"}) {
    INFO(bad);
    CHECK(world.run_ssh({"-o", bad, "-o", ctr}, {"true"}).status == 255);
  }
  CHECK(world.broker->wait_for_notice("result authenticated=0 The client left during the key exchange.", 8));
}

TEST_CASE("an RSA key signs with SHA-2, and one of 1024 bits not at all") {
  const test::TempDir directory;
  const auto rsa = make_key_file(directory.path(), "rsa", "rsa");
  BrokerSetup setup;
  setup.user_key_line = rsa.public_line;
  World world(setup);
  const auto ssh = [&](const KeyFile& key, const std::string& more) {
    return world
        .shell("ssh -F none -i " + key.path.string() +
               " -p $PORT -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o "
               "UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o RequiredRSASize=1024 " +
               more + " $WHO true")
        .status;
  };
  CHECK(ssh(rsa, "") == 0);
  CHECK(ssh(rsa, "-o PubkeyAcceptedAlgorithms=ssh-rsa") == 255);
  REQUIRE(world.shell("ssh-keygen -q -t rsa -b 1024 -N '' -f $DIR/short").status == 0);
  CHECK(ssh({world.directory.path() / "short", ""}, "") == 255);
  CHECK(world.broker->notices().find("key offered bad") == std::string::npos);
}

TEST_CASE("the credential is not in the session's memory once the target is logged in to") {
  if (!can_add_users() || kKeepsFreed) return;
  const test::TempDir directory;
  BrokerSetup setup;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "not this one";
  setup.credential_file = directory / "credential";
  World world(setup);
  // Made after the broker was started, so that no copy of the test's own is found in it.
  const auto password = "Pw-" + base::random_id_text();
  std::ofstream(setup.credential_file) << password;
  SECTION("a login that worked") {
    world.sshd.set_password(world.login, password);
    auto client = start(world, "sleep 60");
    REQUIRE(world.broker->wait_for_notice("started 1"));
    CHECK(is_in_memory(session_pid(world), world.login));
    CHECK_FALSE(is_in_memory(session_pid(world), password));
  }
  SECTION("a login that was refused") {
    world.sshd.set_password(world.login, "another one");
    RawClient client(world);
    client.log_in();
    (void)client.open();  // is confirmed once the session is refused
    CHECK_FALSE(is_in_memory(session_pid(world), password));
  }
}

TEST_CASE("a credential that was never sent is not kept either") {
  if (kKeepsFreed) return;
  const test::TempDir directory;
  BrokerSetup setup;
  setup.kind = broker::CredentialKind::password;
  setup.credential = "not this one";
  setup.credential_file = directory / "credential";
  SECTION("another host key") { setup.pin = certs::generate_ssh_key("other").value().public_key.blob(); }
  SECTION("a target that is down") { setup.target_port = free_port(); }
  World world(setup);
  const auto password = "Pw-" + base::random_id_text();
  std::ofstream(setup.credential_file) << password;
  RawClient client(world);
  client.log_in();
  (void)client.open();  // is confirmed once the session is refused
  CHECK_FALSE(is_in_memory(session_pid(world), password));
}

TEST_CASE("a private key is not in the session's memory once the target is logged in to") {
  if (kKeepsFreed) return;
  const test::TempDir directory;
  BrokerSetup setup;
  setup.credential = "not this one";
  setup.credential_file = directory / "credential";
  World world(setup);
  const auto account = make_key_file(directory.path(), "late");
  std::filesystem::copy_file(account.path, setup.credential_file);
  world.sshd.set_authorized_keys(world.login, account.public_line + "\n");
  auto client = start(world, "sleep 60");
  REQUIRE(world.broker->wait_for_notice("started 1"));
  // openssh-key-v1 without a passphrase: near its end stand 32 bytes of the seed, the public half and the comment.
  const auto pem = text_of(base::read_file(account.path, 16384).value());
  std::string body;
  std::istringstream lines(pem);
  for (std::string line; std::getline(lines, line);)
    if (line.find('-') == std::string::npos) body += line;
  const auto blob = text_of(base::unbase64(body).value());
  const auto public_blob = text_of(base::unbase64(account.public_line.substr(12, 68)).value());
  const auto half = public_blob.substr(public_blob.size() - 32);
  const auto seed = blob.substr(blob.rfind(half) - 32, 32);
  const auto pid = session_pid(world);
  CHECK_FALSE(is_in_memory(pid, seed));
  CHECK_FALSE(is_in_memory(pid, body.substr(body.size() - 100, 60)));
}
