#pragma once
// Between the broker's words and the operation table's records.
#include <optional>

#include "sallyport/app/record.hpp"
#include "sallyport/broker/authority.hpp"
#include "session_action.hpp"

namespace sallyport::app {

/// From auth.grant's output; its data key is moved out. Errc::invalid for what the broker can't use.
base::Result<broker::Grant> to_grant(Record&& record, std::string_view client_version);
/// From recording.begin's output; the credential is moved out. Errc::invalid for a kind that the broker doesn't know.
base::Result<broker::TargetCredential> to_credential(Record&& record);
/// "shell,exec": words that are not known open nothing.
broker::ChannelPolicy to_policy(std::string_view words);
/// A command with its variables, as the peer wrote it, cut so that its escaped form fits into a detail; its length and
/// SHA-256 stand for what is cut. Whoever stores it escapes it: twice would be another text.
std::string shown_command(std::string_view text);

/// A notice as one line of the audit log. Foreign text in `detail` is as in shown_command(). At most 1,024 bytes.
struct SessionEvent {
  SessionAction action;
  std::string detail;
  bool denied = false;
};
/// Nothing for SessionOver and ProofRefused, which are operations of their own.
std::optional<SessionEvent> to_event(const broker::Notice& notice);
/// Into one item of session.event's input.
void fill_event(Record& item, const SessionEvent& event);
/// Into the input of session.close. `file_size`: of the recording.
void fill_close(Record& record, const broker::SessionOver& over, std::uint64_t file_size);

}  // namespace sallyport::app
