#include "web_address.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::app;

namespace {

TcpAddress address(const char* text) { return parse_tcp_address(text).value(); }

}  // namespace

TEST_CASE("an address that stands for all is found on the loopback") {
  CHECK(connectable(address("0.0.0.0:8443")) == "127.0.0.1:8443");
  CHECK(connectable(address("[::]:8443")) == "[::1]:8443");
  CHECK(connectable(address("192.0.2.7:8443")) == "192.0.2.7:8443");
  CHECK(connectable(address("[2001:db8::1]:8443")) == "[2001:db8::1]:8443");
}

TEST_CASE("the API is called by what its certificate proves") {
  const certs::ServerNames own{{"vault.example.net"}, {"127.0.0.1", "::1"}};
  CHECK(certified_url(address("0.0.0.0:8443"), own) == "https://127.0.0.1:8443");
  CHECK(certified_url(address("[::]:8443"), own) == "https://[::1]:8443");
  CHECK(certified_url(address("192.0.2.7:8443"), own) == "https://vault.example.net:8443");
  const certs::ServerNames bought{{"*.example.net", "vault.example.net"}, {}};
  CHECK(certified_url(address("0.0.0.0:443"), bought) == "https://vault.example.net:443");
  CHECK(certified_url(address("192.0.2.7:443"), {}) == "https://192.0.2.7:443");
}
