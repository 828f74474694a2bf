// An HTTP request's head and target, up to the operation that it names.
#include "http_api.hpp"
#include "http_head.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const base::ByteView bytes(data, size);
  const auto end = app::head_end(bytes);
  if (!end) return 0;
  const auto head = app::parse_head(bytes.first(*end));
  if (!head) return 0;
  SALLYPORT_ENSURE(head.value().target.starts_with('/'));
  auto call = app::begin_call(head.value().method, head.value().target);
  if (call) (void)app::take_body(call.value(), bytes.subspan(*end));
  return 0;
}
