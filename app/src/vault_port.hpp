#pragma once
// Rotation's Port, answered by the vault over its socket. One thread.
#include "sallyport/app/operation.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/rotation/port.hpp"

namespace sallyport::app {

class VaultPort final : public rotation::Port {
 public:
  /// `client` is not owned. Errors of the connection (closed, timed_out) come through: the client is of no more use
  /// then.
  explicit VaultPort(VaultClient& client) noexcept : client_(client) {}

  base::Result<std::optional<rotation::Job>> next(std::chrono::milliseconds wait) override;
  base::Result<> record(const base::RotationId& id, const rotation::Progress& progress) override;
  base::Result<> finish(const base::RotationId& id, rotation::End end, const rotation::Progress& progress) override;

 private:
  base::Result<std::optional<rotation::Job>> ask();
  base::Result<> send(const base::RotationId& id, const rotation::Progress& progress, std::optional<rotation::End> end);

  VaultClient& client_;
};

/// From rotation.next's output; nothing when no rotation is due.
base::Result<std::optional<rotation::Job>> to_job(Record&& record);

}  // namespace sallyport::app
