#include "redactor.hpp"

#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using broker::CredentialKind;
using broker::Redactor;

namespace {

Redactor that_knows(std::string_view secret, CredentialKind kind = CredentialKind::password) {
  Redactor redactor;
  redactor.learn(kind, base::SecretBytes::copy(base::as_bytes(secret)));
  return redactor;
}

}  // namespace

TEST_CASE("redactor: the secret is found wherever it stands, and nothing else is touched") {
  const auto redactor = that_knows("Tr0ub4dor&3!");
  CHECK(redactor.redact("mysql -pTr0ub4dor&3! db") == "mysql -p<secret> db");
  CHECK(redactor.redact("Tr0ub4dor&3!Tr0ub4dor&3!") == "<secret><secret>");
  CHECK(redactor.redact("Tr0ub4dor&3") == "Tr0ub4dor&3");
  CHECK(redactor.redact("Tr0ub4dor&3?Tr0ub4dor&3!") == "Tr0ub4dor&3?<secret>");
  CHECK(redactor.redact("").empty());
  CHECK(redactor.redact("a\0b\x1b\xff") == "a\0b\x1b\xff");
}

TEST_CASE("redactor: a secret that repeats itself leaves one mark and no rest") {
  CHECK(that_knows("abababab").redact("xababababab y") == "x<secret> y");
}

TEST_CASE("redactor: a secret is found as a shell has it quoted and as the log escapes it") {
  const std::string password = "pa'ss\\w\"ord\x01$";
  const auto redactor = that_knows(password);
  CHECK(redactor.redact("echo 'pa'\\''ss\\w\"ord\x01$' x").find("w\"ord") == std::string::npos);
  CHECK(redactor.redact("echo pa\\'ss\\\\w\\\"ord\x01\\$").find("ord") == std::string::npos);
  CHECK(redactor.redact("a " + base::escape_text(password) + " b") == "a <secret> b");
}

TEST_CASE("redactor: a short secret is a word or nothing, a very short one is left") {
  CHECK(that_knows("root1").redact("root1 root12 xroot1 -p:root1,'root1'") ==
        "<secret> root12 xroot1 -p:<secret>,'<secret>'");
  CHECK(that_knows("abc").redact("abc") == "abc");
  CHECK(that_knows("").redact("abc") == "abc");
  CHECK(that_knows("''''''''''").redact("''''''''''") == "''''''''''");
}

TEST_CASE("redactor: what is redacted already stays so") {
  const auto redactor = that_knows("secret");
  const auto once = redactor.redact("a secret b");
  CHECK(once == "a <secret> b");
  CHECK(redactor.redact(once) == once);
}

TEST_CASE("redactor: of a private key each line is found, with or without the others") {
  const auto key = certs::generate_ssh_key("x").value();
  const std::string pem(key.private_pem.expose_text());
  const auto redactor = that_knows(pem, CredentialKind::private_key);
  const auto redacted = redactor.redact("echo '" + pem + "' > key");
  for (std::size_t at = 0; at + 40 < pem.size(); ++at) {
    if (pem.substr(at, 40).find('-') != std::string::npos || pem.substr(at, 40).find('\n') != std::string::npos)
      continue;
    CHECK(redacted.find(pem.substr(at, 40)) == std::string::npos);
  }
  CHECK(redacted.find("-----BEGIN") != std::string::npos);
}
