#pragma once
// One descriptor kept back for the moment when there is no other: a listener that can't accept would be told of the
// same caller again and again, and the caller of nothing. One owner thread.
#include <string_view>

#include "sallyport/base/clock.hpp"
#include "sallyport/base/fd.hpp"

namespace sallyport::app {

class SpareDescriptor {
 public:
  SpareDescriptor() noexcept { keep(); }

  /// After accept() failed with `error`: where that says that descriptors are short, takes the next caller of
  /// `listener` with the one kept back, tells him `sentence` (may be empty), closes, and logs it, each minute at most.
  /// True if a caller was sent away.
  bool refuse_one(int error, int listener, std::string_view sentence) noexcept;

 private:
  void keep() noexcept;
  void note(int error) noexcept;

  base::UniqueFd spare_;
  base::SystemClock clock_;
  base::MonoTime next_note_{};
};

}  // namespace sallyport::app
