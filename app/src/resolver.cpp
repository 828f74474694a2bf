// The child that looks a name up. libc's resolver may wait for seconds and runs foreign modules: not in the listener.
#include <netdb.h>
#include <unistd.h>

#include <csignal>

#include "dialer.hpp"
#include "sallyport/app/privileges.hpp"

namespace sallyport::app {

void run_resolver(const std::string& host, std::uint16_t port, int out) {
  ::alarm(60);  // should its parent die
  if (!drop_capabilities() || !close_all_but({out, STDERR_FILENO})) ::_exit(1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) ::_exit(1);
  base::Writer writer;
  std::size_t count = 0;
  for (const addrinfo* one = found; one != nullptr && count < Dialer::kMaxAddresses; one = one->ai_next, ++count)
    writer.block(base::ByteView(reinterpret_cast<const std::uint8_t*>(one->ai_addr), one->ai_addrlen));
  (void)base::write_all(out, writer.bytes());
  ::_exit(0);
}

}  // namespace sallyport::app
