#include "ratchet.hpp"

#include "sallyport/base/crypto.hpp"

namespace sallyport::recorder {

base::SecretBytes header_key(const base::SecretBytes& data_key) { return base::derive_key(data_key, 0, "SPRheadr"); }

Ratchet::Ratchet(base::SecretBytes data_key) : next_(std::move(data_key)) { enter(); }

void Ratchet::advance() {
  ++segment_;
  enter();
}

void Ratchet::enter() {
  // Assigning over a SecretBytes wipes what it held: after these two lines the segment's own ratchet is gone.
  chunk_key_ = base::derive_key(next_, segment_, "SPRchunk");
  next_ = base::derive_key(next_, segment_, "SPRratch");
}

}  // namespace sallyport::recorder
