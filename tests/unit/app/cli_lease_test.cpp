// What `checkout` says comes next.
#include "cli_groups.hpp"
#include "sallyport/app/operation.hpp"
#include "support/catch.hpp"

namespace sallyport::app {
namespace {

std::string next_steps(ServerAddress address) {
  Record checkout(find_operation(OperationId::checkout_create)->output);
  checkout.set("account", "root@web1").set("user", "alice").set("seconds_left", std::uint64_t{600});
  return after_checkout(address, checkout);
}

}  // namespace

TEST_CASE("a checkout says how to go there, see, give back, and when it ends") {
  const auto text = next_steps({.ssh_host = "vault.example.net", .ssh_port = 2222});
  CHECK(
      text.starts_with("\nGo there        ssh -p 2222 alice+root+web1@vault.example.net\n"
                       "          or    sallyport ssh root@web1\n"
                       "See its secret  sallyport reveal root@web1   (if your role allows it)\n"
                       "Give it back    sallyport checkin root@web1\n"
                       "It ends         20"));
}

TEST_CASE("a checkout names no port that is ssh's own, and no ssh where the broker's address is not known") {
  CHECK(next_steps({.ssh_host = "h"})
            .starts_with("\nGo there        ssh alice+root+web1@h\n          or    sallyport ssh "));
  CHECK(next_steps({}).starts_with("\nGo there        sallyport ssh root@web1\n"));
}

}  // namespace sallyport::app
