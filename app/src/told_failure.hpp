#pragma once
// What is said of a failure to whoever asked.
#include "sallyport/base/result.hpp"

namespace sallyport::app {

class Context;

/// The error as its peer may read it. What tells of the vault's files or of its libraries goes to the program's log,
/// and the peer reads under which request it stands there; only the local operator reads it himself.
base::Error for_peer(const base::Error& error, const Context& context);

}  // namespace sallyport::app
