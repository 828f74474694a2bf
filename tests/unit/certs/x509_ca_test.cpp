#include "sallyport/certs/x509_ca.hpp"

#include "sallyport/base/file.hpp"
#include "sallyport/base/process.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::certs;

namespace {

using days = std::chrono::days;

struct Ran {
  int status;
  std::string text;
};

Ran openssl(std::vector<std::string> arguments) {
  base::Command command;
  command.argv = {"openssl"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = {"PATH=/usr/bin:/bin"};
  const auto done = base::run(command).value();
  return {done.status, std::string(base::as_text(done.out)) + std::string(base::as_text(done.err))};
}

base::WallTime now() { return base::SystemClock().wall(); }

/// A CA and one leaf, written where the openssl command can read them.
struct Chain {
  test::TempDir directory;
  Issued ca = make_ca("Sallyport test CA", now(), days(3650)).value();
  X509Ca issuer = X509Ca::load(ca.certificate_pem, ca.key_pem).value();
  Issued leaf =
      issuer.issue_server({{"vault.example", "*.apps.example"}, {"127.0.0.1", "::1"}}, now(), days(397)).value();
  std::string ca_path = write("ca.pem", base::as_bytes(ca.certificate_pem));
  std::string leaf_path = write("leaf.pem", base::as_bytes(leaf.certificate_pem));
  std::string key_path = write("key.pem", leaf.key_pem.expose());

  std::string write(const std::string& name, base::ByteView bytes) {
    REQUIRE(base::write_file_atomic(directory / name, bytes, 0600));
    return (directory / name).string();
  }
};

}  // namespace

TEST_CASE("openssl verifies a leaf for each of its names, and for no other") {
  const Chain chain;
  const auto verify = [&](const std::string& kind, const std::string& name) {
    return openssl({"verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", chain.ca_path, kind, name,
                    chain.leaf_path})
        .status;
  };
  CHECK(verify("-verify_hostname", "vault.example") == 0);
  CHECK(verify("-verify_hostname", "one.apps.example") == 0);
  CHECK(verify("-verify_ip", "127.0.0.1") == 0);
  CHECK(verify("-verify_ip", "::1") == 0);
  CHECK(verify("-verify_hostname", "other.example") != 0);
  CHECK(verify("-verify_ip", "127.0.0.2") != 0);
}

TEST_CASE("a leaf says what it is for, and is no certificate authority") {
  const Chain chain;
  const auto text = openssl({"x509", "-noout", "-text", "-in", chain.leaf_path}).text;
  CHECK(text.find("CA:FALSE") != std::string::npos);
  CHECK(text.find("TLS Web Server Authentication") != std::string::npos);
  CHECK(text.find("Digital Signature") != std::string::npos);
  CHECK(text.find("prime256v1") != std::string::npos);
  const auto root = openssl({"x509", "-noout", "-text", "-in", chain.ca_path}).text;
  CHECK(root.find("CA:TRUE, pathlen:0") != std::string::npos);
  CHECK(root.find("Certificate Sign, CRL Sign") != std::string::npos);
  CHECK(!X509Ca::load(chain.leaf.certificate_pem, chain.leaf.key_pem));
}

TEST_CASE("a leaf's private key is its own, and each issue has a new key and serial") {
  const Chain chain;
  const auto public_of_key = openssl({"pkey", "-pubout", "-in", chain.key_path}).text;
  CHECK(openssl({"x509", "-noout", "-pubkey", "-in", chain.leaf_path}).text == public_of_key);
  const auto again = chain.issuer.issue_server({{"vault.example"}, {}}, now(), days(1)).value();
  CHECK_FALSE(base::equals_ct(again.key_pem, chain.leaf.key_pem));
  CHECK(inspect_certificate(again.certificate_pem).value().sha256 !=
        inspect_certificate(chain.leaf.certificate_pem).value().sha256);
}

TEST_CASE("a certificate that is trusted by its fingerprint brings no other along") {
  const auto one = make_ca("one", now(), days(1)).value().certificate_pem;
  const auto other = make_ca("other", now(), days(1)).value().certificate_pem;
  CHECK(only_certificate(one).value() == one);
  CHECK(only_certificate("a word before\n" + one + "and after").value() == one);
  CHECK(only_certificate(one + other).error().code() == base::Errc::invalid);
  CHECK(only_certificate("no certificate").error().code() == base::Errc::invalid);
}

TEST_CASE("a leaf does not outlive its root, and an expired root issues nothing") {
  const auto start = base::from_unix_ms(1763833200000);
  const auto ca = make_ca("short", start, days(10)).value();
  const auto issuer = X509Ca::load(ca.certificate_pem, ca.key_pem).value();
  const auto leaf = issuer.issue_server({{"a.example"}, {}}, start, days(397)).value();
  CHECK(inspect_certificate(leaf.certificate_pem).value().not_after == start + days(10));
  CHECK(issuer.issue_server({{"a.example"}, {}}, start + days(10), days(1)).error().code() == base::Errc::conflict);
}

TEST_CASE("names that could slip something into the certificate are refused") {
  const Chain chain;
  for (const auto* bad :
       {"", "*", "*.", "UPPER.example", "a..b", "-a.example", "a,DNS:b", "a.example\n", "a b", "a*.example"}) {
    INFO(bad);
    CHECK(chain.issuer.issue_server({{bad}, {}}, now(), days(1)).error().code() == base::Errc::invalid);
  }
  for (const auto* bad : {"", "1.2.3", "127.0.0.1,DNS:x", "::1%lo"}) {
    CHECK(chain.issuer.issue_server({{}, {bad}}, now(), days(1)).error().code() == base::Errc::invalid);
  }
  CHECK(!chain.issuer.issue_server({}, now(), days(1)));
  CHECK(!make_ca("", now(), days(1)));
  CHECK(!make_ca("a\nb", now(), days(1)));
  CHECK(!make_ca("a", now(), days(0)));
}

TEST_CASE("a root whose key is another's, or whose PEM is rubbish, is refused") {
  const Chain chain;
  const auto other = make_ca("other", now(), days(1)).value();
  CHECK(X509Ca::load(chain.ca.certificate_pem, other.key_pem).error().code() == base::Errc::invalid);
  CHECK(X509Ca::load("rubbish", other.key_pem).error().code() == base::Errc::invalid);
  CHECK(X509Ca::load(chain.ca.certificate_pem, base::SecretBytes::copy(base::as_bytes("rubbish"))).error().code() ==
        base::Errc::invalid);
}
