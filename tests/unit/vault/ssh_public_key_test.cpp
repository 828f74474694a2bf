#include "sallyport/vault/ssh_public_key.hpp"

#include <fstream>

#include "sallyport/base/process.hpp"
#include "sallyport/base/text.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::vault;

namespace {

std::string run(std::vector<std::string> argv) {
  base::Command command;
  command.argv = std::move(argv);
  command.environment = {"PATH=/usr/bin:/bin"};
  const auto finished = base::run(command);
  REQUIRE(finished.has_value());
  REQUIRE(finished.value().status == 0);
  return std::string(base::as_text(finished.value().out));
}

std::string read_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// The public line of a new key by ssh-keygen.
std::string keygen(const test::TempDir& dir, const std::string& type, const std::string& bits) {
  const std::string file = (dir / "key").string();
  run({"ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-C", "a comment", "-f", file});
  return read_line(file + ".pub");
}

base::Errc refusal(std::string_view line) {
  const auto key = parse_ssh_public_key(line);
  REQUIRE_FALSE(key.has_value());
  return key.error().code();
}

}  // namespace

TEST_CASE("keys made by ssh-keygen are taken, with its fingerprint") {
  const test::TempDir dir;
  const auto [type, bits] = GENERATE(table<const char*, const char*>(
      {{"ed25519", "256"}, {"ecdsa", "256"}, {"ecdsa", "384"}, {"ecdsa", "521"}, {"rsa", "2048"}}));
  const std::string line = keygen(dir, type, bits);
  const auto key = parse_ssh_public_key(line + "\n");
  REQUIRE(key.has_value());
  CHECK(key.value().comment == "a comment");
  CHECK(key.value().line() + " a comment" == line);
  const std::string listed = run({"ssh-keygen", "-l", "-E", "sha256", "-f", (dir / "key.pub").string()});
  CHECK(listed.find(" " + key.value().fingerprint + " ") != std::string::npos);
  CHECK(ssh_public_key_from_blob(key.value().blob).value().fingerprint == key.value().fingerprint);
}

TEST_CASE("an RSA key under 2048 bits is refused") {
  const test::TempDir dir;
  CHECK(refusal(keygen(dir, "rsa", "1024")) == base::Errc::invalid);
}

TEST_CASE("security keys, certificates and DSA are refused as unsupported") {
  const auto* type = GENERATE("sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com", "ssh-dss");
  base::Writer blob;
  blob.block(type).block(std::string(32, 'x'));
  CHECK(refusal(std::string(type) + " " + base::base64(blob.bytes())) == base::Errc::unsupported);
}

TEST_CASE("a malformed key line is refused") {
  base::Writer good;
  good.block("ssh-ed25519").block(std::string(32, 'x'));
  const std::string encoded = base::base64(good.bytes());
  REQUIRE(parse_ssh_public_key("ssh-ed25519 " + encoded));
  base::Writer longer = good;
  longer.u8(0);
  base::Writer shorter;
  shorter.block("ssh-ed25519").block(std::string(31, 'x'));
  CHECK(refusal("") == base::Errc::invalid);
  CHECK(refusal("ssh-ed25519") == base::Errc::invalid);
  CHECK(refusal("ssh-rsa " + encoded) == base::Errc::invalid);
  CHECK(refusal("command=\"sh\" ssh-ed25519 " + encoded) == base::Errc::invalid);
  CHECK(refusal("ssh-ed25519 " + base::base64(longer.bytes())) == base::Errc::invalid);
  CHECK(refusal("ssh-ed25519 " + base::base64(shorter.bytes())) == base::Errc::invalid);
  CHECK(refusal("ssh-ed25519 " + encoded + " a\x1b[2Jb") == base::Errc::invalid);
  CHECK(refusal("ssh-ed25519 " + encoded + std::string(9000, ' ') + "x") == base::Errc::invalid);
}
