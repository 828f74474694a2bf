#pragma once
// What answers the test broker's sessions, in the place of the vault.
#include <filesystem>
#include <string>
#include <vector>

#include "broker_fixture.hpp"

namespace sallyport::test {

/// Seconds that pass faster, for bounds that no test can wait for.
class FastClock final : public base::Clock {
 public:
  explicit FastClock(unsigned speed) : speed_(speed), start_(real_.mono()), wall_start_(real_.wall()) {}
  base::MonoTime mono() const override { return start_ + (real_.mono() - start_) * speed_ + passed_; }
  base::WallTime wall() const override { return wall_start_ + (real_.wall() - wall_start_) * speed_ + passed_; }
  void pass(base::Seconds at_once) { passed_ += at_once; }

 private:
  base::SystemClock real_;
  unsigned speed_;
  base::Seconds passed_{0};
  base::MonoTime start_;
  base::WallTime wall_start_;
};

/// As the setup says; notes what it hears, a line each, in `directory`/notices. Lives in the session's own process.
class MemoryAuthority final : public broker::Authority {
 public:
  /// `commands`: see TestBroker::command().
  MemoryAuthority(const BrokerSetup& setup, std::filesystem::path directory, int commands, FastClock& clock);

  std::vector<int> descriptors() const override { return {event_.get(), commands_}; }
  base::Result<std::vector<broker::Message>> receive() override;
  base::Result<> ask(broker::Ticket ticket, broker::Question question) override;
  base::Result<> tell(const broker::Notice& notice) override;
  void note(const std::string& text) const;

 private:
  broker::ProofAnswer first(bool good) const;
  void answer(broker::Ticket ticket, broker::PublicKeyProof& proof);
  void answer(broker::Ticket ticket, broker::PasswordProof& proof);
  void answer(broker::Ticket ticket, broker::CodeProof& proof);
  void answer(broker::Ticket ticket, broker::ChannelRequest& request);
  void answer(broker::Ticket ticket, broker::CredentialRequest& request);
  void answer(broker::Ticket ticket, broker::CheckpointRequest& request);
  void answer(broker::Ticket ticket, broker::OpenRequest& request);
  broker::Grant grant(base::SessionId session) const;
  void send_resources(const std::string& session);
  base::SecretBytes credential() const;

  const BrokerSetup& setup_;
  std::filesystem::path directory_;
  int commands_;
  FastClock& clock_;
  base::UniqueFd event_;
  base::UniqueFd log_;
  std::vector<broker::Message> waiting_;
};

void limit_send_buffer(int socket, int bytes);

}  // namespace sallyport::test
