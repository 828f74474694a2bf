#pragma once
// What lives is decided again when what it stands on may have changed: after every batch in which a person, a role, a
// target or an account was changed, so that no handler has to think of it, and what was granted in that very batch is
// looked at as well. docs/access.md.
#include <string>
#include <vector>

#include "handler.hpp"

namespace sallyport::app {

/// Whether a request that went well may have narrowed what a live session stands on.
bool may_narrow(const Operation& operation);

/// What is to be told to one live session.
struct Verdict {
  base::SessionId session;
  std::string end;            ///< not empty: why it ends, a sentence for its person
  access::Channels channels;  ///< else: what it may open from now on
};

/// Decides for all of them and writes the events; those for whom nothing changed are not in the answer.
base::Result<std::vector<Verdict>> decide_again(Context& context);
/// The pushes. Also where the events could not be written: who may no longer is not kept in for that.
void carry_out(ServiceState& state, const std::vector<Verdict>& verdicts, base::MonoTime now,
               std::vector<Outgoing>& out);

/// Why this live session may not go on; empty if it may.
base::Result<std::string> why_over(Context& context, const Connection& connection);
/// May this live session open a channel of that kind now?
base::Result<access::Decision> decide_channel(Context& context, const Connection& connection, access::Channel channel);

}  // namespace sallyport::app
