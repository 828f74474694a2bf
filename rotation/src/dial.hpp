#pragma once
// A TCP connection with a deadline, name resolution included.
#include <chrono>
#include <string>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/rotation/connector.hpp"

namespace sallyport::rotation {

/// A value, or how the attempt ended.
template <class T = void>
using Attempted = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Attempt, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds from_now) : at_(std::chrono::steady_clock::now() + from_now) {}
  /// Never negative.
  std::chrono::milliseconds left() const;
  bool passed() const { return left().count() == 0; }

 private:
  std::chrono::steady_clock::time_point at_;
};

/// A connected socket with TCP_NODELAY. Fails with dns, unreachable or timed_out.
Attempted<base::UniqueFd> dial(const std::string& host, std::uint16_t port, const Deadline& deadline);

}  // namespace sallyport::rotation
