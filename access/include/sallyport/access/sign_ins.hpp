#pragma once
// How many sign-ins one person has at once.
#include "sallyport/base/ids.hpp"
#include "sallyport/vault/lease.hpp"

namespace sallyport::vault {
class Transaction;
}

namespace sallyport::access {

/// Makes room for one sign-in more. Of a person who has kMaxSignIns what ran out is dropped, and if none did, that one
/// ended which was unused for longest, as far as its use is in the store. How many living ones were ended: whoever
/// tells of it asks before issue_token, which would do the same.
base::Result<std::int64_t> make_room(vault::Transaction& tx, const base::UserId& user, const vault::Moment& now);

}  // namespace sallyport::access
