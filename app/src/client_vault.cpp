#include "client_vault.hpp"

#include <unistd.h>

#include <cerrno>

#include "cli_advice.hpp"
#include "client_api.hpp"
#include "client_token.hpp"
#include "sallyport/app/vault_client.hpp"

namespace sallyport::app {
namespace {

// Unsealing costs a password hash; verifying reads the whole log.
constexpr std::chrono::milliseconds kPatience{120000};

// Whether nobody listens, there is no vault yet, or this person may not ask, are things to mend apart.
base::Error no_answer(const DataPaths& paths) {
  const auto text = paths.vault_socket.string();
  if (::access(text.c_str(), W_OK) != 0 && errno == EACCES)
    return advise(base::fail(base::Errc::denied, "the vault's socket " + text + " is not open to you"),
                  "this is the operator's way: ask as root or as the vault's user, on its machine");
  std::error_code problem;
  if (!std::filesystem::exists(paths.header, problem) && !problem)
    return advise(base::fail(base::Errc::closed, "no vault answers at " + text + ": there is none in that directory"),
                  kBeginHere);
  return advise(base::fail(base::Errc::closed, "no vault answers at " + text),
                "is the server running, and is it this data directory? see: sallyport doctor");
}

}  // namespace

base::Result<Record> ask_vault(const Invocation& line, OperationId id, const Record& input) {
  SALLYPORT_TRY(const auto data, local_data(line));
  const DataPaths paths(data);
  auto client = VaultClient::connect(paths.vault_socket);
  if (!client) return no_answer(paths);
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
    return not_signed_in(address.value().url);
  }
  return asked;
}

}  // namespace sallyport::app
