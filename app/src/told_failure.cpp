#include "told_failure.hpp"

#include "handler.hpp"
#include "sallyport/base/log.hpp"

namespace sallyport::app {

using base::Errc;

namespace {

/// The store says so with its file's name and SQLite's words. What else is unavailable is for who has proven himself.
bool is_of_the_machine(const base::Error& error, const Context& context) {
  const auto code = error.code();
  return code == Errc::io || code == Errc::internal || code == Errc::corrupt ||
         (code == Errc::unavailable && context.unproven());
}

}  // namespace

base::Error for_peer(const base::Error& error, const Context& context) {
  if (!is_of_the_machine(error, context)) return error;
  base::log(base::LogLevel::error, "operation.failed",
            {{"operation", std::string(context.operation.name)},
             {"request", context.request_id},
             {"error", error.describe()}});
  if (context.request.peer.kind == PeerKind::operator_) return error;
  return base::fail(error.code(),
                    "the vault could not do this; its log has the reason under request " + context.request_id);
}

}  // namespace sallyport::app
