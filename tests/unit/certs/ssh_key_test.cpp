#include "sallyport/certs/ssh_key.hpp"

#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"
#include "support/catch.hpp"
#include "support/sshd.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::certs;

namespace {

std::string output_of(std::vector<std::string> argv) {
  base::Command command;
  command.argv = std::move(argv);
  command.environment = {"PATH=/usr/bin:/bin"};
  const auto done = base::run(command).value();
  INFO(base::as_text(done.err));
  REQUIRE(done.status == 0);
  return std::string(base::as_text(done.out));
}

std::string ed25519_line() { return generate_ssh_key("").value().public_line; }

base::Errc refusal(std::string_view line) { return SshPublicKey::parse_line(line).error().code(); }

}  // namespace

TEST_CASE("keys of every kind that ssh-keygen makes are read, with ssh-keygen's fingerprint") {
  const test::TempDir directory;
  const std::vector<std::pair<std::string, SshKeyType>> kinds{{"ed25519", SshKeyType::ed25519},
                                                              {"rsa", SshKeyType::rsa}};
  for (const auto& [name, type] : kinds) {
    const auto file = test::make_key_file(directory.path(), name, name);
    const auto key = SshPublicKey::parse_line(file.public_line + "\n").value();
    CHECK(key.type() == type);
    CHECK(key.comment() == name);
    CHECK(output_of({"ssh-keygen", "-l", "-f", file.path.string()}).find(" " + key.fingerprint() + " ") !=
          std::string::npos);
    CHECK(key.line() + " " + name == file.public_line);
    CHECK(public_key_of(base::read_secret_file(file.path).value()).value() == key);
  }
  for (const auto* bits : {"256", "384", "521"}) {
    const auto path = (directory / (std::string("ec") + bits)).string();
    output_of({"ssh-keygen", "-q", "-t", "ecdsa", "-b", bits, "-N", "", "-f", path});
    const auto line = base::to_bytes(base::as_text(base::read_file(path + ".pub", 4096).value()));
    CHECK(SshPublicKey::parse_line(base::as_text(line)).has_value());
  }
}

TEST_CASE("weak, special and dressed-up keys are refused, each with its reason") {
  const test::TempDir directory;
  const auto weak = (directory / "weak").string();
  output_of({"ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", weak});
  const auto line = base::read_file(weak + ".pub", 4096).value();
  CHECK(refusal(base::as_text(line)) == base::Errc::unsupported);
  CHECK(refusal("sk-ssh-ed25519@openssh.com AAAA") == base::Errc::unsupported);
  CHECK(refusal("ssh-ed25519-cert-v01@openssh.com AAAA") == base::Errc::unsupported);
  CHECK(refusal("ssh-dss AAAA") == base::Errc::unsupported);
  CHECK(refusal("command=\"/bin/sh\" " + ed25519_line()) == base::Errc::invalid);
  CHECK(refusal("") == base::Errc::invalid);
}

TEST_CASE("a key line is one line, and its blob is exact") {
  const auto good = ed25519_line();
  CHECK(SshPublicKey::parse_line(good + "\r\n").has_value());
  CHECK(refusal(good + "\n" + good) == base::Errc::invalid);
  CHECK(refusal(good + std::string(" a\0b", 4)) == base::Errc::invalid);
  CHECK(refusal(good + " \x1b[2J") == base::Errc::invalid);
  CHECK(refusal(good + " " + std::string(9000, 'x')) == base::Errc::invalid);
  CHECK(SshPublicKey::parse_line("  " + good + " \t a comment \n").value().comment() == "a comment");
  CHECK(refusal("ecdsa-sha2-nistp256 " + good.substr(12)) == base::Errc::invalid);

  const auto blob = SshPublicKey::parse_line(good).value().blob();
  for (std::size_t size = 0; size < blob.size(); ++size)
    CHECK(!SshPublicKey::parse_blob(base::ByteView(blob).first(size)));
  auto longer = blob;
  longer.push_back(0);
  CHECK(!SshPublicKey::parse_blob(longer));
}

TEST_CASE("a host key is taken from its file, and from a line of ssh-keyscan or known_hosts") {
  const auto good = ed25519_line();
  const auto read = [](const std::string& line) { return SshPublicKey::parse_host_line(line); };
  for (const auto* hosts : {"", "web1 ", "[web1.example.net]:2222 ", "web1,10.0.0.1\t", "|1|c2FsdA==|aGFzaA== "}) {
    INFO(hosts);
    CHECK(read(hosts + good + "\n").value().line() == good);
  }
  CHECK(read("web1 ssh-ed25519-cert-v01@openssh.com AAAA").error().code() == base::Errc::unsupported);
  CHECK(read("web1 ssh-dss AAAA").error().code() == base::Errc::unsupported);
  CHECK(read("@cert-authority *.example.net " + good).error().code() == base::Errc::invalid);
  CHECK(read("a b " + good).error().code() == base::Errc::invalid);
  CHECK(refusal("web1 " + good) == base::Errc::invalid);  // a person's key has no host
}

TEST_CASE("a private key given for a public one is told apart") {
  const auto pair = generate_ssh_key("x").value();
  const std::string pem(pair.private_pem.expose_text());
  for (const auto& text : {pem, pem.substr(0, pem.find('\n')), std::string("-----BEGIN RSA PRIVATE KEY-----")}) {
    for (const auto& read : {SshPublicKey::parse_line, SshPublicKey::parse_host_line}) {
      CHECK(read(text).error().code() == base::Errc::invalid);
      CHECK(read(text).error().context().find("give its .pub file") != std::string::npos);
    }
  }
}

TEST_CASE("RSA numbers that are negative, padded, even or tiny are refused") {
  const auto rsa = [](const base::Bytes& exponent, base::Bytes modulus) {
    base::Writer out;
    out.block("ssh-rsa").block(exponent).block(modulus);
    return SshPublicKey::parse_blob(out.bytes()).has_value();
  };
  base::Bytes modulus(257, 0xff);
  modulus[0] = 0;
  CHECK(rsa({1, 0, 1}, modulus));
  CHECK_FALSE(rsa({1}, modulus));
  CHECK_FALSE(rsa({4}, modulus));
  CHECK_FALSE(rsa({0, 3}, modulus));
  CHECK_FALSE(rsa({}, modulus));
  CHECK_FALSE(rsa({1, 0, 1}, base::Bytes(modulus.begin() + 1, modulus.end())));
  auto even = modulus;
  even.back() = 0xfe;
  CHECK_FALSE(rsa({1, 0, 1}, even));
}

TEST_CASE("a made key pair is one that OpenSSH takes, and its halves fit") {
  const test::TempDir directory;
  for (const auto* comment : {"", "rotated by sallyport", "a"}) {
    const auto pair = generate_ssh_key(comment).value();
    const auto path = directory / ("made" + std::string(comment).substr(0, 1));
    REQUIRE(base::write_file_atomic(path, pair.private_pem.expose(), 0600));
    CHECK(output_of({"ssh-keygen", "-y", "-P", "", "-f", path.string()}) == pair.public_line + "\n");
    CHECK(output_of({"ssh-keygen", "-l", "-f", path.string()}).find(pair.public_key.fingerprint()) !=
          std::string::npos);
    CHECK(public_key_of(pair.private_pem).value() == pair.public_key);
  }
  CHECK(generate_ssh_key("line\nbreak").error().code() == base::Errc::invalid);
}

TEST_CASE("private keys that are locked, cut or bent are refused") {
  const test::TempDir directory;
  const auto path = (directory / "locked").string();
  output_of({"ssh-keygen", "-q", "-t", "ed25519", "-N", "pass phrase", "-f", path});
  CHECK(public_key_of(base::read_secret_file(path).value()).error().code() == base::Errc::unsupported);
  const auto pair = generate_ssh_key("x").value();
  for (const std::size_t size : {0U, 10U, 36U, 60U, 150U}) {
    CHECK(!public_key_of(base::SecretBytes::copy(pair.private_pem.expose().first(size))));
  }
}

TEST_CASE("a pin matches its own blob only, and no pin matches nothing") {
  const auto a = generate_ssh_key("").value().public_key.blob();
  const auto b = generate_ssh_key("").value().public_key.blob();
  const std::vector<base::Bytes> pins{b, a};
  CHECK(is_pinned(pins, a));
  CHECK_FALSE(is_pinned({}, a));
  CHECK_FALSE(is_pinned(std::vector<base::Bytes>{b}, a));
  CHECK_FALSE(is_pinned(std::vector<base::Bytes>{{}}, {}));
  auto bent = a;
  bent.back() ^= 1U;
  CHECK_FALSE(is_pinned(pins, bent));
  bent = a;
  bent.pop_back();
  CHECK_FALSE(is_pinned(pins, bent));
}
