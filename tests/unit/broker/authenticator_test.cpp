#include "authenticator.hpp"

#include "sallyport/certs/ssh_key.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;

namespace {

const std::string kAlice = "alice+root+web1";

base::SecretBytes secret(std::string_view text) { return base::SecretBytes::copy(base::as_bytes(text)); }
base::Bytes good_blob() { return certs::generate_ssh_key("x").value().public_key.blob(); }
ProofJudged yes(Needs still = Needs::nothing) { return {ProofAnswer{true, still}}; }
ProofJudged no() { return {ProofAnswer{false, Needs::nothing}}; }

template <class T>
bool is(const AuthAction& action) {
  return std::holds_alternative<T>(action);
}
template <class T>
bool asks(const AuthAction& action) {
  const auto* ask = std::get_if<AskAuthority>(&action);
  return ask != nullptr && std::holds_alternative<T>(ask->question);
}
bool refuses(const AuthAction& action, Methods methods) {
  const auto* refuse = std::get_if<Refuse>(&action);
  return refuse != nullptr && refuse->methods == methods;
}

}  // namespace

TEST_CASE("proofs: a key: offered, signed, in") {
  Authenticator auth(6);
  CHECK(refuses(auth.on(NoneTried{kAlice}), Methods::all));
  const auto blob = good_blob();
  CHECK(asks<PublicKeyProof>(auth.on(KeyTried{kAlice, blob, false})));
  CHECK(is<GoOnAndSign>(auth.on(yes())));
  CHECK(asks<PublicKeyProof>(auth.on(KeyTried{kAlice, blob, true})));
  CHECK(is<Succeed>(auth.on(yes())));
  CHECK(auth.state() == Authenticator::State::proven);
  CHECK(auth.login().user == "alice");
}

TEST_CASE("proofs: an accepted key without a signature is no proof") {
  Authenticator auth(6);
  (void)auth.on(KeyTried{kAlice, good_blob(), false});
  (void)auth.on(yes());
  CHECK(auth.state() == Authenticator::State::first);
}

TEST_CASE("proofs: a first proof that needs a code leaves only keyboard-interactive") {
  Authenticator auth(6);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  CHECK(is<PartialSuccess>(auth.on(yes(Needs::code))));
  CHECK(refuses(auth.on(PasswordTried{kAlice, secret("x")}), Methods::interactive_only));
  CHECK(refuses(auth.on(KeyTried{kAlice, good_blob(), true}), Methods::interactive_only));
  const auto prompt = auth.on(InteractiveStarted{kAlice});
  REQUIRE(is<AskClient>(prompt));
  CHECK(std::get<AskClient>(prompt).prompt == Prompt::code);
  CHECK(asks<CodeProof>(auth.on(InteractiveAnswered{secret("123456")})));
  CHECK(is<Succeed>(auth.on(yes())));
}

TEST_CASE("proofs: a refused code can be tried again without the first proof") {
  Authenticator auth(6);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  (void)auth.on(yes(Needs::code));
  (void)auth.on(InteractiveStarted{kAlice});
  (void)auth.on(InteractiveAnswered{secret("1")});
  CHECK(refuses(auth.on(no()), Methods::interactive_only));
  CHECK(auth.state() == Authenticator::State::second);
}

TEST_CASE("proofs: another name starts from nothing") {
  Authenticator auth(6);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  (void)auth.on(yes(Needs::code));
  const auto prompt = auth.on(InteractiveStarted{"bob+root+web1"});
  REQUIRE(is<AskClient>(prompt));
  CHECK(std::get<AskClient>(prompt).prompt == Prompt::password);
  CHECK(auth.login().user == "bob");
}

TEST_CASE("proofs: a name that is none is asked about like any other, as nobody") {
  Authenticator auth(6);
  const auto action = auth.on(PasswordTried{"ALICE++", secret("x")});
  REQUIRE(asks<PasswordProof>(action));
  CHECK(std::get<PasswordProof>(std::get<AskAuthority>(action).question).login == LoginName{});
}

TEST_CASE("proofs: a name that is none takes nothing over from the name before it") {
  Authenticator auth(6);
  (void)auth.on(NoneTried{kAlice});
  const auto action = auth.on(PasswordTried{"ALICE++", secret("x")});
  REQUIRE(asks<PasswordProof>(action));
  CHECK(std::get<PasswordProof>(std::get<AskAuthority>(action).question).login == LoginName{});
}

TEST_CASE("proofs: of an endless name only the beginning is kept") {
  Authenticator auth(6);
  (void)auth.on(NoneTried{std::string(100000, 'a')});
  CHECK(auth.written().size() == kMaxLoginName + 1);
}

TEST_CASE("proofs: failures are counted over all methods and end the connection") {
  Authenticator auth(3);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  CHECK(is<Refuse>(auth.on(no())));
  (void)auth.on(KeyTried{kAlice, good_blob(), false});
  CHECK(is<Refuse>(auth.on(no())));
  (void)auth.on(InteractiveStarted{kAlice});
  (void)auth.on(InteractiveAnswered{secret("x")});
  CHECK(is<HangUp>(auth.on(no())));
  CHECK(is<HangUp>(auth.on(PasswordTried{kAlice, secret("right")})));
}

TEST_CASE("proofs: keys that are never accepted are refused without a question") {
  Authenticator auth(6);
  base::Writer sk;
  sk.block(std::string_view("sk-ssh-ed25519@openssh.com")).block(base::Bytes(32, 1)).block(std::string_view("ssh:"));
  CHECK(is<Refuse>(auth.on(KeyTried{kAlice, sk.bytes(), true})));
  base::Writer cert;
  cert.block(std::string_view("ssh-ed25519-cert-v01@openssh.com")).block(base::Bytes(32, 1)).block(base::Bytes(32, 1));
  CHECK(is<Refuse>(auth.on(KeyTried{kAlice, cert.bytes(), true})));
  base::Writer rsa1024;
  rsa1024.block(std::string_view("ssh-rsa")).block(base::Bytes{1, 0, 1}).block([] {
    base::Bytes n(129, 0x55);
    n[0] = 0;
    n[1] = 0x80;
    return n;
  }());
  CHECK(is<Refuse>(auth.on(KeyTried{kAlice, rsa1024.bytes(), true})));
  CHECK(is<Refuse>(auth.on(KeyTried{kAlice, {}, true})));
}

TEST_CASE("proofs: an unanswered question is no failure and no question to the authority, and ends after the third") {
  const auto empty = GENERATE(0, 1, 2);
  const auto answer = [empty] {
    return empty == 0 ? InteractiveAnswered{} : InteractiveAnswered{secret(empty == 1 ? "" : " \t")};
  };
  Authenticator auth(6);
  (void)auth.on(KeyTried{kAlice, good_blob(), true});
  (void)auth.on(yes(Needs::code));
  for (unsigned i = 1; i < Authenticator::kMaxUnanswered; ++i) {
    (void)auth.on(InteractiveStarted{kAlice});
    const auto again = auth.on(answer());
    REQUIRE(is<AskClient>(again));
    CHECK(std::get<AskClient>(again).prompt == Prompt::code);
    CHECK(std::get<AskClient>(again).instruction.find("not counted") != std::string::npos);
  }
  const auto over = auth.on(answer());
  REQUIRE(is<HangUp>(over));
  CHECK(std::get<HangUp>(over).sentence.find("not counted") != std::string::npos);
  CHECK(auth.failures() == 0);
}

TEST_CASE("proofs: after an unanswered question the right code is still taken") {
  Authenticator auth(6);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  (void)auth.on(yes(Needs::code));
  (void)auth.on(InteractiveStarted{kAlice});
  CHECK(is<AskClient>(auth.on(InteractiveAnswered{secret("")})));
  CHECK(asks<CodeProof>(auth.on(InteractiveAnswered{secret("123456")})));
}

TEST_CASE("proofs: an empty password is nobody's") {
  Authenticator auth(6);
  CHECK(refuses(auth.on(PasswordTried{kAlice, secret("")}), Methods::all));
  (void)auth.on(InteractiveStarted{kAlice});
  CHECK(is<AskClient>(auth.on(InteractiveAnswered{secret("")})));
  CHECK(is<HangUp>(auth.on(PasswordTried{kAlice, secret("")})));
  CHECK(auth.failures() == 0);
}

TEST_CASE("proofs: what is refused without a question is told, with the name as it was written") {
  Authenticator auth(6);
  (void)auth.on(KeyTried{"ALICE\x1b", {}, false});
  CHECK_FALSE(auth.take_refusal());
  (void)auth.on(KeyTried{"ALICE\x1b", {}, true});
  const auto key = auth.take_refusal();
  REQUIRE(key);
  CHECK(key->why == ProofRefused::Why::key_type);
  CHECK(key->written == "ALICE\x1b");
  CHECK_FALSE(auth.take_refusal());
  (void)auth.on(PasswordTried{kAlice, secret(std::string(kMaxPassword + 1, 'x'))});
  CHECK(auth.take_refusal()->why == ProofRefused::Why::size);
}

TEST_CASE("proofs: why a proof was refused reaches the person") {
  Authenticator auth(2);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  const auto refused = auth.on(ProofJudged{ProofAnswer{false, Needs::nothing, "wait"}});
  CHECK(std::get<Refuse>(refused).sentence == "wait");
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  const auto over = auth.on(ProofJudged{ProofAnswer{false, Needs::nothing, "wait"}});
  CHECK(std::get<HangUp>(over).sentence == "Too many authentication failures. wait");
}

TEST_CASE("proofs: answers of a wrong length are failures, not questions") {
  Authenticator auth(6);
  (void)auth.on(InteractiveStarted{kAlice});
  CHECK(is<Refuse>(auth.on(InteractiveAnswered{secret(std::string(kMaxPassword + 1, 'x'))})));
  CHECK(is<Refuse>(auth.on(PasswordTried{kAlice, secret(std::string(kMaxPassword + 1, 'x'))})));
  CHECK(auth.failures() == 2);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  (void)auth.on(yes(Needs::code));
  (void)auth.on(InteractiveStarted{kAlice});
  CHECK(refuses(auth.on(InteractiveAnswered{secret(std::string(kMaxCode + 1, '1'))}), Methods::interactive_only));
}

TEST_CASE("proofs: an attempt while the authority is asked hangs up") {
  Authenticator auth(6);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  CHECK(is<HangUp>(auth.on(PasswordTried{kAlice, secret("y")})));
}

TEST_CASE("proofs: an answer that nobody asked for hangs up") {
  Authenticator auth(6);
  CHECK(is<HangUp>(auth.on(InteractiveAnswered{secret("123456")})));
}

TEST_CASE("proofs: an authority that cannot say is no yes, and no failure of the client's") {
  Authenticator auth(6);
  (void)auth.on(PasswordTried{kAlice, secret("x")});
  const auto over = auth.on(ProofJudged{base::fail(base::Errc::unavailable, "the audit log can't be written")});
  REQUIRE(is<HangUp>(over));
  CHECK(std::get<HangUp>(over).sentence ==
        "Nobody can log in now, and this counts as no failure of yours: the audit log can't be written. Try again "
        "later.");
  CHECK(auth.failures() == 0);
  CHECK(auth.undecided());
}

TEST_CASE("proofs: what broke inside the authority is not told to a stranger") {
  Authenticator auth(6);
  (void)auth.on(KeyTried{kAlice, good_blob(), true});
  const auto over = auth.on(ProofJudged{base::fail(base::Errc::io, "/var/lib/sallyport/vault.db: short read")});
  REQUIRE(is<HangUp>(over));
  CHECK(std::get<HangUp>(over).sentence.find("vault.db") == std::string::npos);
}

TEST_CASE("proofs: a prompt may be left for another method") {
  Authenticator auth(6);
  (void)auth.on(InteractiveStarted{kAlice});
  CHECK(asks<PasswordProof>(auth.on(PasswordTried{kAlice, secret("x")})));
}
