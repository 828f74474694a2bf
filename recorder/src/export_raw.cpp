// The bytes that the target printed, as they were.
#include "sallyport/recorder/export.hpp"
#include "sallyport/recorder/shown_channel.hpp"

namespace sallyport::recorder {

base::Result<> export_raw(Reader& reader, const RawOptions& options, const TextSink& sink) {
  ShownChannel shown(options.channel, options.all_channels);
  for (;;) {
    auto record = reader.next();
    if (!record && (options.damage.empty() || record.error().code() != base::Errc::corrupt)) return record.error();
    if (!record || !record.value()) return base::ok();
    const auto piece = shown.take(*record.value());
    if (!piece || piece->bytes.empty()) continue;
    SALLYPORT_TRYV(sink(base::as_text(piece->bytes)));
  }
}

}  // namespace sallyport::recorder
