#pragma once
// Unix passwords and SSH keys over SSH, by libssh. Every wait has a deadline; the host key is compared with the pins
// before a credential is sent.
#include <chrono>

#include "sallyport/rotation/connector.hpp"

namespace sallyport::rotation {

struct SshLimits {
  std::chrono::milliseconds connect{10000};  ///< name resolution and TCP, together
  std::chrono::milliseconds total{30000};    ///< one whole call: connection, login, command
};

/// Reads no configuration file, no known_hosts, no agent. One thread at a time.
class SshConnector final : public Connector {
 public:
  explicit SshConnector(SshLimits limits = {}) noexcept : limits_(limits) {}
  Attempt apply(const Job& job, Route route) override;
  Attempt login(const Job& job, Credential credential) override;
  Attempt retire_old(const Job& job) override;

 private:
  SshLimits limits_;
};

}  // namespace sallyport::rotation
