#include "web_address.hpp"

#include <algorithm>

namespace sallyport::app {
namespace {

std::string reachable_host(const TcpAddress& bound) {
  const auto host = bound.host();
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

std::string with_port(const std::string& host, const TcpAddress& bound) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(bound.port());
}

}  // namespace

std::string connectable(const TcpAddress& bound) { return with_port(reachable_host(bound), bound); }

std::string certified_url(const TcpAddress& bound, const certs::ServerNames& names) {
  const auto host = reachable_host(bound);
  const auto plain = [](const std::string& name) { return !name.starts_with("*."); };
  const auto name = std::find_if(names.dns.begin(), names.dns.end(), plain);
  const bool covered = std::find(names.ips.begin(), names.ips.end(), host) != names.ips.end();
  return "https://" + with_port(covered || name == names.dns.end() ? host : *name, bound);
}

}  // namespace sallyport::app
