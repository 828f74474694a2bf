#pragma once
// The broker's Authority, answered by the vault over its socket and by the listener over the child's link. Lives in a
// session's child; one owner thread.
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/vault_client.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/broker/authority.hpp"
#include "session_records.hpp"

namespace sallyport::app {

class VaultAuthority final : public broker::Authority {
 public:
  /// `link`: the listener's pair. `loss_bound`: when the vault has gone, this process is ended by SIGALRM after so
  /// long, whatever the session is still busy with.
  VaultAuthority(VaultConnection vault, base::UniqueFd link, std::chrono::milliseconds loss_bound) noexcept
      : vault_(std::move(vault)), link_(std::move(link)), loss_bound_(loss_bound) {}

  std::vector<int> descriptors() const override;
  base::Result<std::vector<broker::Message>> receive() override;
  base::Result<> ask(broker::Ticket ticket, broker::Question question) override;
  base::Result<> tell(const broker::Notice& notice) override;
  bool accepting() const override;
  base::Result<> tick() override;
  /// After the session's end: waits until the vault has answered all that it was told, so that a process that ends at
  /// once takes none of it along.
  base::Result<> settle(std::chrono::milliseconds timeout);

 private:
  /// What a reply is the answer to.
  enum class Kind : std::uint8_t { begin, proof, open, credential, checkpoint, channel, notice };
  struct Open {
    Kind kind;
    broker::Ticket ticket;
  };

  base::Result<> begin(const broker::LoginName& login, const std::string& written);
  base::Result<> send(OperationId operation, const Record& record, Open open);
  template <class Proof>
  base::Result<> ask_proof(broker::Ticket ticket, const Proof& proof, OperationId operation, Record record);
  base::Result<> tell_refused(const broker::ProofRefused& refused);
  base::Result<> take_frame(Frame&& frame, std::vector<broker::Message>& out);
  base::Result<> take_push(const Frame& frame, std::vector<broker::Message>& out);
  broker::Answer answer(const Open& open, Frame&& frame);
  void vault_lost();
  bool is_too_many();
  void sum_up();
  base::Result<> send_waiting(std::size_t under_way);
  base::Result<> tell_end(const broker::SessionOver& over);
  base::Result<> take_link(std::vector<broker::Message>& out);
  void came_of_dial(broker::Message said, std::vector<broker::Message>& out);

  VaultConnection vault_;
  base::UniqueFd link_;
  std::chrono::milliseconds loss_bound_;
  bool lost_ = false;
  std::map<std::uint64_t, Open> open_;
  std::optional<std::string> begun_;  // the login name that auth.begin was sent with
  std::optional<broker::ProofAnswer>
      not_begun_;                           // why the vault did not take that name; the answer to each proof after it
  std::optional<base::Error> begin_error_;  // why that failed; the proofs after it fail with the same
  std::vector<broker::Message> kept_;       // answers that needed no question
  std::string client_version_;
  bool granted_ = false;
  // The listener can be quicker than the vault's answer to this process: what came of the dial waits for the grant.
  std::optional<broker::Message> early_dial_;
  bool awaits_resources_ = false;  // granted, and the link has not said what came of the dial
  std::chrono::steady_clock::time_point second_{};
  unsigned told_ = 0;                              // events in this second
  unsigned refusals_ = 0;                          // of those, and of those left out, that do not count
  std::map<std::string, std::uint64_t> left_out_;  // by kind, since the last sum
  std::deque<SessionEvent> waiting_;
  std::size_t notices_open_ = 0;  // requests with events that were not answered
  base::UniqueFd recording_;      // a second descriptor of the file, for its size at the end
};

}  // namespace sallyport::app
