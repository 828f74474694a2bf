#include "login_flow.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;

base::Result<> LoginFlow::begin(std::string user, base::AccountName account) {
  if (state_ != State::start) return fail(Errc::conflict, "the sign-in has begun already");
  user_name_ = std::move(user);
  account_ = std::move(account);
  enter(State::named);
  return base::ok();
}

base::Result<> LoginFlow::key_offered() {
  if (!awaits_first()) return fail(Errc::conflict, "no key is asked for now");
  if (++keys_offered_ > kMaxKeysOffered) {
    enter(State::ended);
    return fail(Errc::limit, "too many keys were offered");
  }
  return base::ok();
}

base::Result<> LoginFlow::proven_by(const base::UserId& user, std::string_view name, FirstProof proof) {
  if (!awaits_first()) return fail(Errc::conflict, "no such proof is asked for now");
  // A key of somebody else must not sign in under the name that was given.
  if (!user_name_.empty() && user_name_ != name) return fail(Errc::unauthenticated, "that proof is another person's");
  user_ = user;
  user_name_ = name;
  first_proof_ = std::move(proof);
  enter(State::proven);
  return base::ok();
}

base::Result<> LoginFlow::key_proven(const base::UserId& user, std::string_view name, base::ByteView key) {
  SALLYPORT_TRYV(proven_by(user, name, {.key = {key.begin(), key.end()}, .password = {}}));
  factors_.key = true;
  return base::ok();
}

base::Result<> LoginFlow::password_good(const base::UserId& user, std::string_view name, const access::Salt& salt) {
  SALLYPORT_TRYV(proven_by(user, name, {.key = {}, .password = salt}));
  factors_.password = true;
  return base::ok();
}

void LoginFlow::failed() {
  if (++failures_ >= kMaxFailures) enter(State::ended);
}

base::Result<> LoginFlow::code_good(const vault::Moment& now) {
  if (state_ != State::proven) return fail(Errc::conflict, "no code is asked for now");
  factors_.otp = now;
  return base::ok();
}

std::string LoginFlow::how() const {
  std::string out = factors_.key ? "publickey" : factors_.password ? "password" : "none";
  return out + (factors_.otp ? ",otp" : ",checkout");
}

}  // namespace sallyport::app
