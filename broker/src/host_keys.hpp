#pragma once
// What HostKeys holds, for the session; and keys from memory.
#include "libssh.hpp"
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/broker/ssh_session.hpp"

namespace sallyport::broker {

class HostKeys::Impl {
 public:
  BindHandle bind;  ///< never listens: options and keys that each session copies
};

/// An unencrypted private key. The copy that libssh parses is wiped.
base::Result<KeyHandle> import_private_key(const base::SecretBytes& text);

}  // namespace sallyport::broker
