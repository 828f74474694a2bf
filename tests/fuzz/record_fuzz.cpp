// Records against every schema of the table: what is accepted encodes to the same bytes.
#include <algorithm>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  if (size < 1) return 0;
  const auto rows = app::operations();
  const auto& row = rows[(data[0] >> 1U) % rows.size()];
  const base::ByteView bytes(data + 1, size - 1);
  const auto record = app::decode(bytes, (data[0] & 1U) != 0 ? row.output : row.input);
  if (!record) return 0;
  const auto back = app::encode(record.value());
  SALLYPORT_ENSURE(back.has_value() && std::ranges::equal(back.value().view(), bytes));
  return 0;
}
