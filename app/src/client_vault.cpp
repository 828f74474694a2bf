#include "client_vault.hpp"

#include "client_api.hpp"
#include "client_token.hpp"
#include "sallyport/app/vault_client.hpp"

namespace sallyport::app {
namespace {

// Unsealing costs a password hash; verifying reads the whole log.
constexpr std::chrono::milliseconds kPatience{120000};

base::Result<std::filesystem::path> vault_socket(const Invocation& line) {
  SALLYPORT_TRY(const auto data, local_data(line));
  return DataPaths(data).vault_socket;
}

}  // namespace

base::Result<Record> ask_vault(const Invocation& line, OperationId id, const Record& input) {
  SALLYPORT_TRY(const auto socket, vault_socket(line));
  auto client = VaultClient::connect(socket);
  if (!client) return base::fail(base::Errc::closed, "no vault answers at " + socket.string());
  SALLYPORT_TRY(auto request, encode(input));
  SALLYPORT_TRY(const auto reply, client.value().call(id, std::move(request).take_secret(), kPatience));
  return decode(reply.view(), find_operation(id)->output);
}

base::Result<Record> ask_any(const Invocation& line, OperationId id, const Record& input) {
  const auto address = find_server(line);
  if (address) {
    if (auto token = load_token(address.value().url)) {
      SALLYPORT_TRY(auto client, ApiClient::create(address.value()));
      client.set_token(std::move(token).value());
      return client.call(id, input);
    }
  }
  auto asked = ask_vault(line, id, input);
  // Without the operator's socket, what is missing is a sign-in.
  if (!asked && address && asked.error().code() == base::Errc::closed) {
    return base::fail(base::Errc::unauthenticated, "you are not signed in to " + address.value().url);
  }
  return asked;
}

}  // namespace sallyport::app
