#include <array>

#include "sallyport/vault/checkout.hpp"

namespace sallyport::vault {

namespace {

struct Transition {
  CheckoutState from;
  CheckoutEvent event;
  CheckoutState to;
};
constexpr std::array<Transition, 3> kLife = {{
    {CheckoutState::active, CheckoutEvent::check_in, CheckoutState::checked_in},
    {CheckoutState::active, CheckoutEvent::time_passed, CheckoutState::expired},
    {CheckoutState::active, CheckoutEvent::revoke, CheckoutState::revoked},
}};

constexpr std::array<CheckoutState, 4> kStates = {CheckoutState::active, CheckoutState::checked_in,
                                                  CheckoutState::expired, CheckoutState::revoked};

}  // namespace

std::string_view to_string(CheckoutState state) noexcept {
  switch (state) {
    case CheckoutState::active:
      return "active";
    case CheckoutState::checked_in:
      return "checked_in";
    case CheckoutState::expired:
      return "expired";
    case CheckoutState::revoked:
      break;
  }
  return "revoked";
}

base::Result<CheckoutState> parse_checkout_state(std::string_view word) {
  for (const CheckoutState state : kStates) {
    if (to_string(state) == word) return state;
  }
  return base::fail(base::Errc::invalid, "a checkout is active, checked_in, expired or revoked");
}

base::Result<CheckoutState> next_state(CheckoutState state, CheckoutEvent event) {
  for (const Transition& one : kLife) {
    if (one.from == state && one.event == event) return one.to;
  }
  return base::fail(base::Errc::conflict, "the checkout has ended already: it is " + std::string(to_string(state)));
}

}  // namespace sallyport::vault
