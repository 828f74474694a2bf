#pragma once
// Where a person's command on this machine finds the API: what it listens on, and what its certificate is for, may be
// two things.
#include <string>

#include "sallyport/certs/x509_ca.hpp"
#include "tcp.hpp"

namespace sallyport::app {

/// An address that can be connected to: for one that stands for all ("0.0.0.0", "[::]"), the loopback's. With port.
std::string connectable(const TcpAddress& bound);
/// "https://HOST:PORT", HOST being what the certificate proves: that address if it is in there, else its first DNS
/// name, else that address all the same.
std::string certified_url(const TcpAddress& bound, const certs::ServerNames& names);

}  // namespace sallyport::app
