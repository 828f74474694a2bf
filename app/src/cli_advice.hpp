#pragma once
// What a person may do about a failure. Said where the cause is known: an exit status has many causes.
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::app {

/// The same failure with advice behind its sentence, if it has none yet. `what`: one line.
base::Error advise(const base::Error& error, std::string_view what);

/// The sentence without the advice, and the advice (empty when there is none).
struct Said {
  std::string sentence;
  std::string advice;
};
Said said(const base::Error& error);

}  // namespace sallyport::app
