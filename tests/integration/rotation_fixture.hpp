#pragma once
// A job against the sshd fixture, and a port that keeps the journal in memory.
#include <vector>

#include "sallyport/base/file.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/rotation/runner.hpp"
#include "sallyport/rotation/ssh_connector.hpp"
#include "support/catch.hpp"
#include "support/sshd.hpp"

namespace sallyport::rotation::test {

using sallyport::test::Sshd;

inline base::SecretBytes secret(std::string_view text) { return base::SecretBytes::copy(base::as_bytes(text)); }

inline Job job_at(const Sshd& server, const std::string& login, Kind kind, base::SecretBytes current,
                  base::SecretBytes pending) {
  return Job{base::RotationId::random(),
             login + "@here",
             login,
             "127.0.0.1",
             server.port(),
             {server.host_key_blob()},
             kind,
             std::move(current),
             std::move(pending),
             std::nullopt,
             {}};
}

/// root by a key of the test's own: the reconcile account of these targets.
inline Reconcile root_by_key(Sshd& server) {
  const auto key = certs::generate_ssh_key("reconcile").value();
  server.set_authorized_keys("root", key.public_line + "\n");
  return Reconcile{"root", Kind::ssh_key, key.private_pem.clone()};
}

class MemoryPort final : public Port {
 public:
  base::Result<std::optional<Job>> next(std::chrono::milliseconds) override { return std::optional<Job>{}; }
  base::Result<> record(const base::RotationId&, const Progress& progress) override {
    recorded.push_back(progress);
    return base::ok();
  }
  base::Result<> finish(const base::RotationId&, End, const Progress& progress) override {
    last = progress;
    return base::ok();
  }
  std::vector<State> states() const {
    std::vector<State> out;
    for (const auto& progress : recorded) out.push_back(progress.journal.state);
    return out;
  }
  std::vector<Progress> recorded;
  Progress last;
};

/// System users need root; where this process is not, the test says so and passes.
#define NEEDS_SYSTEM_USERS()                  \
  if (!sallyport::test::can_add_users()) {    \
    WARN("needs root to make a system user"); \
    return;                                   \
  }                                           \
  static_cast<void>(0)

}  // namespace sallyport::rotation::test
