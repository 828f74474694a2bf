#pragma once
// One durable transaction over everything that was ready: the shape that each request gets, and what happens when the
// commit fails.
#include <memory>
#include <string_view>
#include <vector>

#include "handler.hpp"
#include "sallyport/app/service.hpp"

namespace sallyport::app {

struct BatchItem {
  Request request;
  std::shared_ptr<HashWork> work;  ///< set by run() when hashing is needed first; then there is no reply yet
  bool computed = false;           ///< the work is done
};

/// Lives as long as one batch. Borrowing the state; replies appear in `out` only after the commit.
class Batch {
 public:
  explicit Batch(ServiceState& state) : state_(state) {}

  void run(std::vector<BatchItem>& items, std::vector<Outgoing>& out);
  /// Expiry of checkouts and tokens; due rotations.
  void sweep(std::vector<Outgoing>& out);
  /// The connection is gone; a session that did not close leaves a truncated recording.
  void end_connection(std::uint64_t peer, std::vector<Outgoing>& out);
  void note_violation(const Peer& peer, std::string_view asked);

 private:
  void run_sealed(BatchItem& item, std::vector<Outgoing>& out);
  base::Result<Payload> run_unseal(BatchItem& item);
  void run_one(vault::AuditedTransaction& tx, BatchItem& item);
  base::Result<Payload> attempt(Context& context, BatchItem& item);
  base::Result<> admit(Context& context, const Request& request, Record& input);
  base::Result<> rehearse(Context& context, const HandlerRow& row, Record& input);
  base::Result<> prove(Context& context, const HandlerRow& row, const Record& input);
  base::Result<Payload> handle(Context& context, const HandlerRow& row, Record& input);
  void note(Context& context, const base::Error* failure);
  bool worth_noting(const Context& context, const base::Error& failure, std::string_view action);
  void finish(std::optional<vault::AuditedTransaction>& tx, bool must_commit, std::vector<Outgoing>& out);
  void keep_effects(Context& context);
  void decide_live(std::vector<Outgoing>& out);
  void refuse_all(std::vector<Outgoing>& out);
  template <class Work>
  base::Result<> in_transaction(std::vector<Outgoing>& out, bool must_commit, Work&& work);
  base::Result<> close_lost(std::vector<Outgoing>& out);

  ServiceState& state_;
  vault::Moment now_;
  bool counted_ = false;  ///< a failure was: see Context::counted
  std::vector<Outgoing> replies_;
  std::vector<Context::Effect> effects_;
};

/// Opens the store with ROOT, repairs what a crash left open, and writes the unsealing into the log.
base::Result<> open_vault(ServiceState& state, const base::SecretBytes& root, std::string_view actor,
                          std::string_view how);
/// Sign-ins that take too long, and sessions that were told to end and did not.
void end_overdue_connections(ServiceState& state, std::vector<Outgoing>& out);
/// Of sessions that have gone: the listener is told to end what has not ended by itself.
void end_processes(ServiceState& state, std::vector<Outgoing>& out);

}  // namespace sallyport::app
