#pragma once
// The permit table: what a kind of peer may ask at this moment (as in OpenSSH's monitor.c). Anything else ends that peer.
#include "sallyport/app/peer.hpp"

namespace sallyport::app {

enum class OperationId : std::uint16_t;  // operation.hpp

/// Drawn from Operation::peers and Operation::phases; an id that is in no row is not permitted to anyone.
bool permitted(const Peer& peer, OperationId operation) noexcept;

}  // namespace sallyport::app
