#pragma once
// The REST client: one operation in, one record out, over TLS under the server's own CA. The only place that knows
// libcurl.
#include <chrono>
#include <functional>
#include <memory>

#include "client_address.hpp"
#include "sallyport/app/operation.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::app {

/// Not thread-safe. Proxies and redirections are not followed. Errc::closed when the server can't be reached or does
/// not prove who it is, Errc::timed_out when no answer came in time; other errors are the server's own, with its
/// request id.
class ApiClient {
 public:
  static base::Result<ApiClient> create(ServerAddress address);
  ApiClient(ApiClient&&) noexcept;
  ApiClient& operator=(ApiClient&&) noexcept;
  ~ApiClient();

  /// Used for every call from now on; empty: none.
  void set_token(base::SecretBytes token) { token_ = std::move(token); }
  const ServerAddress& address() const noexcept { return address_; }

  base::Result<Record> call(OperationId operation, const Record& input);
  /// For operations that answer with a file: `take` gets its bytes in order; an Error from it ends the transfer.
  base::Result<> download(OperationId operation, const Record& input,
                          const std::function<base::Result<>(base::ByteView)>& take);
  /// A route of no operation's ("/openapi.json").
  base::Result<base::Bytes> get(const std::string& path, std::size_t max);
  /// The same of whoever answers at `url`: nothing is sent along, and what comes counts only once it is checked by
  /// other means.
  static base::Result<base::Bytes> get_unproven(const std::string& url, const std::string& path, std::size_t max);

 private:
  class Transfer;
  explicit ApiClient(ServerAddress address);
  static base::Result<base::Bytes> fetch(Transfer& transfer, const std::string& path, std::size_t max);
  base::Result<> start(Transfer& transfer, const Operation& operation, const Record& input) const;

  ServerAddress address_;
  base::SecretBytes token_;
};

/// A client with the stored token of this server. Errc::unauthenticated when there is none.
base::Result<ApiClient> signed_in_client(const Invocation& line);
/// A client without a token.
base::Result<ApiClient> plain_client(const Invocation& line);

}  // namespace sallyport::app
