#pragma once
// What several handlers of people share.
#include "handler.hpp"

namespace sallyport::app {

base::Result<Record> user_record(Context& context, const access::User& user, Fields schema);
/// Into a record that has roles and role_count.
void put_roles(Record& out, const std::vector<access::Role>& roles);
/// Work for a password that is to be stored; copies it.
base::Result<HashWork> new_password_work(Context& context, const base::SecretBytes& password);
/// A new token for these proofs; fills a login answer.
base::Result<Record> token_answer(Context& context, const access::User& user, const access::Factors& factors);

}  // namespace sallyport::app
