// Who reads what of a failure: the store's words name its file.
#include "told_failure.hpp"

#include "handler.hpp"
#include "own_vault.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

constexpr std::string_view kWords = "/srv/sallyport/vault.db: writing a row: disk I/O error";

/// A request of the fixture's, as a handler of a test's own vault sees it.
struct Asked : OwnVault {
  /// What a peer of that kind reads, before and after the person behind it has shown who he is.
  std::string told(PeerKind kind, Errc code, bool proven = false) {
    auto tx = must(state.vault->begin());
    const app::Request asked{.peer = peer(kind, 7), .request_id = 1, .operation = OperationId::login, .payload = {}};
    const auto now = state.now();
    app::Context context(state, tx, asked, *app::find_operation(OperationId::login), now);
    context.request_id = "req1";
    context.factors.password = proven;
    const auto error = app::for_peer(base::fail(code, std::string(kWords)), context);
    CHECK(error.code() == code);
    return error.context();
  }
};

}  // namespace

TEST_CASE(
    "told failure: strangers do not read the store's words, and are given the request that the log has them under") {
  Asked vault;
  for (const auto code : {Errc::unavailable, Errc::io, Errc::internal, Errc::corrupt}) {
    for (const auto kind : {PeerKind::web, PeerKind::session}) {
      const auto told = vault.told(kind, code);
      CHECK(told.find("vault.db") == std::string::npos);
      CHECK(told.find("request req1") != std::string::npos);
    }
  }
}

TEST_CASE("told failure: the operator reads all, a known person what he can do something about") {
  Asked vault;
  for (const auto code : {Errc::unavailable, Errc::io, Errc::internal, Errc::corrupt})
    CHECK(vault.told(PeerKind::operator_, code) == kWords);
  CHECK(vault.told(PeerKind::web, Errc::unavailable, true) == kWords);
  CHECK(vault.told(PeerKind::web, Errc::io, true).find("vault.db") == std::string::npos);
  CHECK(vault.told(PeerKind::web, Errc::conflict) == kWords);
}
