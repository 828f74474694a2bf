#pragma once
// `sallyport init`: what a data directory needs before the first start.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/app/record.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

struct InitPlan {
  std::filesystem::path data;
  bool development = false;                     ///< a slot that opens by itself
  std::optional<base::SecretBytes> passphrase;  ///< a slot that opens by this
  std::string admin;
  base::SecretBytes password;      ///< of the administrator
  std::vector<std::string> names;  ///< DNS names and addresses for the server's certificate
};

/// Errc::exists if there is a vault in that directory already.
base::Result<> check_unused(const std::filesystem::path& data);
/// The names that the server's certificate is to have. Errc::invalid.
base::Result<> check_names(const InitPlan& plan);
/// Everything that was answered, before anything is written. Errc::invalid.
base::Result<> check_answers(const InitPlan& plan);
/// Errc::conflict when there are users, Errc::sealed when the vault can't say. `status`: what that operation answered.
base::Result<> check_no_user(const Record& status);
/// The same of a vault that is open by no server. Opens it as add_administrator() does, with its errors.
base::Result<> check_no_user(const InitPlan& plan);
/// The first administrator of a vault that is there, has no user, and is open by no server. Opens it by its development
/// slot, or else by the plan's passphrase (Errc::sealed: one is needed; Errc::denied: it is wrong). Errc::conflict when
/// there are users.
base::Result<> add_administrator(const InitPlan& plan);
/// Header and store, DATA/tls (own CA and server certificate), DATA/ssh (host keys), the first administrator with a
/// role that administers. Slow (Argon2id). After a failure the same call makes it whole, or, where the vault is there
/// (Errc::exists), add_administrator(); nothing of an earlier vault is touched.
base::Result<> init_data(const InitPlan& plan);

}  // namespace sallyport::app
