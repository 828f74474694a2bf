// The web process: binds its port, reads its certificate and key, gives up what it does not need, and serves.
#include <unistd.h>

#include <csignal>

#include "http_server.hpp"
#include "process_context.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/regular_file.hpp"
#include "tcp.hpp"
#include "web_address.hpp"

namespace sallyport::app {

using base::Result;

namespace {

constexpr std::size_t kMaxPem = 64U << 10U;
constexpr std::size_t kSlabAsRoot = 16U << 20U;

Result<> serve(ProcessContext& context) {
  const std::size_t slab = ::geteuid() == 0 ? kSlabAsRoot : base::LockedMemory::kDefaultSize;
  SALLYPORT_TRYV(base::LockedMemory::init(lock_policy(context.options), slab));
  (void)::signal(SIGPIPE, SIG_IGN);
  SALLYPORT_TRY(const auto address, parse_tcp_address(context.listen));
  SALLYPORT_TRY(auto port, listen_tcp(address));
  SALLYPORT_TRY(const auto bound, local_address(port.get()));
  SALLYPORT_TRYV(drop_privileges(ProcessKind::web, context.identities));
  const DataPaths paths(context.options.data);
  SALLYPORT_TRY(const auto chain, base::read_regular_file(paths.tls / "server.pem", kMaxPem));
  HttpServerConfig config;
  config.vault_socket = paths.vault_socket;
  config.recordings = paths.recordings;
  config.data = paths.root;
  config.slab = slab;
  config.max_connections = context.options.max_api;
  config.max_unproven = context.options.max_api / 2;
  auto server = [&]() -> Result<std::unique_ptr<HttpServer>> {
    SALLYPORT_TRY(const auto key, base::read_secret_regular_file(paths.tls / "server.key", kMaxPem));
    return HttpServer::create(std::move(config), std::move(port), key, chain);
  }();
  if (!server) return std::move(server).error();
  const auto facts = certs::inspect_certificate(base::as_text(chain));
  const auto url = certified_url(bound, facts ? facts.value().names : certs::ServerNames{});
  SALLYPORT_TRYV(
      send_control(context.control.get(), {.type = ControlType::ready, .address = bound.text(), .note = url}));
  server.value()->run(context.control.get());
  return base::ok();
}

}  // namespace

int run_web_process(ProcessContext context) {
  const auto served = serve(context);
  return served ? 0 : start_failed(served.error());
}

}  // namespace sallyport::app
