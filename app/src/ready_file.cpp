#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <string_view>

#include "supervisor.hpp"
#include "web_address.hpp"

namespace sallyport::app {

std::string ready_text(const ServerOptions& options, const Control& ssh, const Control& web) {
  const DataPaths paths(options.data);
  const auto at = parse_tcp_address(web.address);
  const boost::json::object ready{{"pid", ::getpid()},
                                  {"ssh", ssh.address},
                                  {"web", web.note.empty() ? "https://" + web.address : web.note},
                                  {"web_at", at ? connectable(at.value()) : web.address},
                                  {"ca", (paths.tls / "ca.pem").native()},
                                  {"vault_socket", paths.vault_socket.native()},
                                  {"host_key", ssh.note}};
  return boost::json::serialize(ready) + "\n";
}

void notify_ready() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr) return;
  const std::string_view path(name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof address.sun_path) return;
  path.copy(address.sun_path, path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';  // abstract
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  constexpr std::string_view kReady = "READY=1";
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // Nobody there to hear it is no reason to stop.
  (void)::sendto(fd.get(), kReady.data(), kReady.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace sallyport::app
