#pragma once
// What a rotator process is given to rotate one account's credential once.
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/rotation/journal.hpp"

namespace sallyport::rotation {

enum class Kind : std::uint8_t {
  unix_password = 1,  ///< the secret is the password's bytes
  ssh_key = 2,        ///< the secret is an unencrypted OpenSSH private key (PEM)
};
std::string_view to_string(Kind kind) noexcept;
base::Result<Kind> parse_kind(std::string_view word);

/// An account of the target that may set others' passwords: root, or one that may run `sudo -n`.
struct Reconcile {
  std::string login;
  Kind kind;  ///< how it logs in
  base::SecretBytes secret;
};

/// Move-only: it holds secrets. The pending secret was made and stored durably before the job was given out.
struct Job {
  base::RotationId id;
  std::string account;  ///< "root@web1", for messages
  std::string login;    ///< name on the target: a-z 0-9 . _ -
  std::string host;     ///< name or address
  std::uint16_t port;
  std::vector<base::Bytes> host_keys;  ///< pinned blobs; none means that nothing is tried
  Kind kind;
  base::SecretBytes current_secret;  ///< empty: none known (first set by the reconcile account)
  base::SecretBytes pending_secret;
  std::optional<Reconcile> reconcile;
  Journal journal;
};

/// What can be done with this job: who may apply, and whether the old one must be retired.
Means means_of(const Job& job) noexcept;

}  // namespace sallyport::rotation
