#pragma once
// Recordings as files for other tools: asciicast v2 and v3 (docs.asciinema.org/manual/asciicast), and the facts as JSON
// lines.
#include <functional>

#include "sallyport/recorder/reader.hpp"

namespace sallyport::recorder {

/// Takes text as it comes (about 64 KiB at a time); its Error ends the export.
using TextSink = std::function<base::Result<>(std::string_view)>;

enum class CastVersion : std::uint8_t { v2 = 2, v3 = 3 };

struct CastOptions {
  CastVersion version = CastVersion::v3;
  std::optional<ChannelNumber> channel;  ///< absent: the first channel that printed something
  bool filter = true;                    ///< TerminalFilter; off keeps every sequence (still valid UTF-8 and JSON)
  std::string title;
};

/// Streams; bounded memory. Reads `reader` to its end. Gaps and the end become markers.
base::Result<> export_cast(Reader& reader, const CastOptions& options, const TextSink& sink);

/// One JSON object a line for each exec text, file event, channel, gap and the end, with times in ms and RFC 3339.
/// Bytes that are no UTF-8 show as U+FFFD, and a path or text that holds such has its base64 beside it.
base::Result<> export_facts(Reader& reader, const TextSink& sink);

}  // namespace sallyport::recorder
