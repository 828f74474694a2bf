#pragma once
// Who asks, and may he? One way for every operation and every kind of peer; the rules come from the table.
#include "handler.hpp"

namespace sallyport::app {

/// Reads the envelope (web) and finds the caller by his token; sets actor, source and request id. Errc::unauthenticated
/// in the same words whatever is wrong with a token.
base::Result<> authenticate(Context& context, const Record* envelope);
/// The row's Access rule. Also resolves account and checkout of on_account rules. Sets context.rule.
base::Result<> authorise(Context& context, const Record& input);
/// A code was accepted under this sign-in within AccessPolicy::proof_otp: for what gives proofs to another person.
base::Result<> need_recent_code(Context& context);
/// The refusal of what takes a code in the very request.
base::Result<> missing_code(Context& context);
/// After a fresh code was accepted: the same decision with it.
base::Result<> authorise_again(Context& context);

}  // namespace sallyport::app
