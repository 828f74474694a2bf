// Any bytes as a login name: refused, or the same after being written and read again.
#include <cstddef>
#include <cstdint>

#include "sallyport/base/bytes.hpp"
#include "sallyport/broker/login_name.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const auto login = broker::parse_login_name(base::as_text({data, size}));
  if (!login) return 0;
  const auto again = broker::parse_login_name(login.value().text());
  SALLYPORT_ENSURE(again && again.value() == login.value());
  return 0;
}
