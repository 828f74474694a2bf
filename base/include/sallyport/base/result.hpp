#pragma once
// How every fallible call of Sallyport answers: a value, or an Error. Exceptions stay inside wrappers of libraries.
#include <boost/outcome/basic_result.hpp>  // first: policy/terminate.hpp does not stand alone
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <string_view>

namespace sallyport::base {

/// What kind of failure it was. Stable: the numbers travel between processes.
enum class Errc : unsigned char {
  invalid = 1,          ///< malformed input: what a person or a peer sent
  not_found = 2,        ///< no such object, or none that the caller may see
  exists = 3,           ///< an object of that name is there already
  denied = 4,           ///< a rule said no
  unauthenticated = 5,  ///< sign in first
  locked_out = 6,       ///< too many failures; later
  conflict = 7,         ///< the object is in a state that does not allow this
  sealed = 8,           ///< the vault is sealed
  unavailable = 9,      ///< something needed is not there now (disk full, peer down); may be tried again
  timed_out = 10,       ///< a deadline passed; the outcome may be unknown
  corrupt = 11,         ///< stored or sealed bytes do not verify
  limit = 12,           ///< a bound was reached
  unsupported = 13,     ///< known, and not offered here
  io = 14,              ///< the operating system said no
  closed = 15,          ///< the peer has gone
  internal = 16,        ///< a library failed in a way that has no better name
};

/// The stable lower-case word of an Errc ("not_found"), as used in JSON and logs.
std::string_view to_string(Errc code) noexcept;

/// A failure: its kind, and a sentence for a person that names the object. Never holds a secret.
class Error {  // NOLINT(clang-analyzer-core.uninitialized.Assign): Clang 14 does not follow Outcome's "has an error"
 public:
  Error(Errc code, std::string context) : code_(code), context_(std::move(context)) {}

  Errc code() const noexcept { return code_; }
  const std::string& context() const noexcept { return context_; }
  /// "not_found: target web1 is not known"
  std::string describe() const;

  /// The same failure, seen from further out: `outer: context`.
  Error within(std::string_view outer) const;

  friend bool operator==(const Error&, const Error&) = default;

 private:
  Errc code_;
  std::string context_;
};

/// A value or an Error. Reading the wrong side ends the process: that is our bug, not the peer's.
template <class T = void>
using Result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// `return fail(Errc::not_found, "...")` from any function that returns a Result.
inline Error fail(Errc code, std::string context) { return Error(code, std::move(context)); }
/// The same, with errno's text appended.
Error fail_errno(std::string context, int error_number);

inline auto ok() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

[[noreturn]] void ensure_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace sallyport::base

/// Our own bug: says where and ends the process. Never for what a peer or a person sent.
#define SALLYPORT_ENSURE(condition) \
  (static_cast<bool>(condition) ? void(0) : ::sallyport::base::ensure_failed(#condition, __FILE__, __LINE__))

/// SALLYPORT_TRY(auto value, call()) or SALLYPORT_TRYV(call()): return the Error at once if there is one.
/// Each is several statements: braces around it after `if`.
#define SALLYPORT_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
#define SALLYPORT_TRYV(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
