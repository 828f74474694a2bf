#pragma once
// Carries one job from its journal to an end: decides by Rotation, acts by Connector, makes durable by Port.
#include "sallyport/rotation/connector.hpp"
#include "sallyport/rotation/port.hpp"

namespace sallyport::rotation {

/// Returns how the run ended, after Port::finish. An Error means that a step could not be made durable: nothing more
/// was done to the target, and the journal, as last recorded, is where the next run starts.
base::Result<End> run_job(const Job& job, Connector& connector, Port& port);

}  // namespace sallyport::rotation
