#include "vault_link.hpp"

#include <boost/asio/io_context.hpp>

#include "support/domain.hpp"
#include "vault_loop.hpp"

using namespace sallyport;
using namespace sallyport::test;
using app::OperationId;

namespace {

/// A vault that takes requests and answers none.
struct Silent {
  TempDir dir;
  base::UniqueFd listener = must(app::listen_unix(dir / "socket", 0600));
  boost::asio::io_context io;
  app::VaultLink link{io, dir / "socket"};

  Silent() { link.start(); }
  /// The id of what waits now, or 0: it was refused.
  std::uint64_t ask(const std::string& source) {
    std::optional<base::Errc> refused;
    const auto id = link.ask(OperationId::audit_list, secret("x"), source,
                             [&refused](base::Result<app::Payload> answer) { refused = answer.error().code(); });
    CHECK(refused == (id == 0 ? std::optional(base::Errc::limit) : std::nullopt));
    return id;
  }
  unsigned fill(const std::string& source) {
    unsigned count = 0;
    while (ask(source) != 0) ++count;
    return count;
  }
};

}  // namespace

TEST_CASE("vault link: whoever asks for much leaves places for others") {
  Silent vault;
  CHECK(vault.fill("203.0.113.9") == 100);
  CHECK(vault.fill("203.0.113.10") == 50);
  CHECK(vault.ask("192.0.2.1") != 0);
  CHECK(vault.ask("203.0.113.9") == 0);
}

TEST_CASE("vault link: what is not wanted any more has its place until the vault is done with it") {
  Silent vault;
  const auto id = vault.ask("203.0.113.9");
  vault.fill("203.0.113.9");
  vault.link.forget(id);
  CHECK(vault.ask("203.0.113.9") == 0);
}
