#pragma once
// What the parts of one session share. One owner (the session), one thread.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "leg.hpp"
#include "redactor.hpp"
#include "sallyport/broker/ssh_session.hpp"
#include "sallyport/recorder/disk_writer.hpp"
#include "sallyport/recorder/recorder.hpp"

namespace sallyport::broker {

/// Why the session ends. The first reason given stays.
struct Ending {
  recorder::EndReason reason;
  std::string sentence;
};
inline constexpr const char* kCannotRecord = "This session was ended because it could not be recorded.";
inline constexpr const char* kOverran = "A peer sent more than it was allowed to.";
inline constexpr const char* kVaultLost = "This session was ended because the vault cannot be reached.";

/// A question that is under way.
struct Asked {
  Ticket ticket;
  base::MonoTime until;  ///< an authority that has not answered by then is lost
};

struct SessionContext {
  Authority& authority;
  const base::Clock& clock;
  SessionBounds bounds;

  std::unique_ptr<Leg> client{};
  std::unique_ptr<Leg> target{};
  std::unique_ptr<recorder::DiskWriter> disk{};
  std::optional<recorder::Recorder> recording{};  ///< writes to `disk`
  Redactor redactor{};                            ///< knows the target's credential
  ChannelPolicy policy{};
  std::vector<std::string> environment{};
  std::string banner{};
  bool frozen = false;
  std::string frozen_sentence{};
  std::vector<std::string> unsaid;  ///< what was refused and has no channel yet to be told on
  bool takes_rest = false;          ///< the session ends, and what its target left behind still comes
  bool progressed = false;          ///< some bytes or requests moved in this turn: do not sleep
  base::MonoTime last_activity{};
  std::uint64_t client_data_packets = 0;
  std::uint64_t target_data_packets = 0;
  std::optional<Ending> ending{};
  Ticket next_ticket = 1;

  recorder::Recorder& recorder() { return *recording; }
  bool in_file(recorder::Extent place) const noexcept { return recording->in_file() >= place; }
  void end(recorder::EndReason reason, std::string sentence) {
    if (!ending) ending = Ending{reason, std::move(sentence)};
  }
  /// Nothing when the authority takes no question: then the session ends.
  std::optional<Asked> ask(Question question) {
    const Ticket ticket = next_ticket++;
    if (authority.ask(ticket, std::move(question))) return Asked{ticket, clock.mono() + bounds.answer_timeout};
    end(recorder::EndReason::vault_lost, kVaultLost);
    return std::nullopt;
  }
  /// Without the target's secret, wherever it stood in what a peer wrote. What is shown of it is cut later, if at all:
  /// half of a secret would not be found.
  void tell(Notice notice) {
    std::visit([this](auto& what) { redact(what); }, notice);
    if (!authority.tell(notice)) end(recorder::EndReason::vault_lost, kVaultLost);
  }
  void redact(recorder::FileEvent& file) const {
    file.path = redactor.redact(file.path);
    file.other_path = redactor.redact(file.other_path);
    file.detail = redactor.redact(file.detail);
  }
  /// Whether the audit log takes one more event that counts. While a session ends nothing waits any more.
  bool may_tell() const { return ending || authority.accepting(); }
  /// The recorder's answer: true, or false for "not now". A recorder that failed ends the session.
  bool recorded(const base::Result<>& done) {
    if (done) return true;
    if (done.error().code() != base::Errc::limit || recorder().state() == recorder::RecorderState::failed) {
      end(recorder::EndReason::error, kCannotRecord);
    }
    return false;
  }

 private:
  void redact(RequestDenied& denied) const { denied.detail = redactor.redact(denied.detail); }
  void redact(ChannelEnded&) const {}
  void redact(ProofRefused&) const {}
  void redact(FileSeen& seen) const { redact(seen.event); }
  void redact(SessionOver& over) const { over.sentence = redactor.redact(over.sentence); }
};

}  // namespace sallyport::broker
