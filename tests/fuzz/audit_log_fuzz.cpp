// Any bytes as an exported audit log: read to a report. The first byte chooses: the bytes as they are, or a good log
// with the bytes laid over a part of it, which must never pass for intact unless nothing was changed.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sallyport/audit/event.hpp"
#include "sallyport/audit/log_file.hpp"

namespace {

using namespace sallyport;

struct GoodLog {
  base::SigningKey key = base::SigningKey::from_seed(base::SecretBytes(32));
  audit::VerifierKey verifier{"fuzz/audit", key.public_key()};
  base::Bytes file = audit::encode_log_header(verifier);

  GoodLog() {
    audit::Frontier frontier;
    for (std::uint64_t i = 0; i < 5; ++i) {
      audit::Event event;
      event.action = "checkout.create";
      const auto bytes = audit::encode(event);
      const auto leaf = audit::leaf_hash(bytes);
      frontier.append(leaf);
      add(audit::encode_log_entry(i, bytes, leaf));
      add(audit::encode_log_checkpoint(audit::sign_checkpoint({verifier.name, frontier.size(), frontier.root()}, key)));
    }
  }
  void add(const base::Bytes& piece) { file.insert(file.end(), piece.begin(), piece.end()); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const GoodLog good;
  if (size < 3 || data[0] % 2 == 0) {
    (void)audit::verify_log(base::ByteView(data, size));
    return 0;
  }
  auto file = good.file;
  const std::size_t at = ((std::size_t{data[1]} << 8U) | data[2]) % file.size();
  const std::size_t count = std::min(size - 3, file.size() - at);
  std::copy_n(data + 3, count, file.begin() + static_cast<std::ptrdiff_t>(at));
  audit::LogFileOptions options;
  options.key = good.verifier;
  options.expectation.least_size = 5;
  const auto found = audit::verify_log(base::ByteView(file), options);
  SALLYPORT_ENSURE(found.report.intact() == (file == good.file));
  return 0;
}
