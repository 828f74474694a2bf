#pragma once
// Recordings as files for other tools: asciicast v2 and v3 (docs.asciinema.org/manual/asciicast), the facts as JSON
// lines, and the bytes as they were.
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
  bool all_channels = false;  ///< each in its turn, with a line that names it
  std::string damage;         ///< what verify() found; set: what is good is written, and this behind it
};

/// Streams; bounded memory. Reads `reader` to its end. Gaps, what the filter dropped without a mark on the screen, and
/// damage become markers.
base::Result<> export_cast(Reader& reader, const CastOptions& options, const TextSink& sink);

/// One JSON object a line for each exec text, file event, channel, gap and the end, with times in ms and RFC 3339.
/// Bytes that are no UTF-8 show as U+FFFD, and a path or text that holds such has its base64 beside it.
struct FactsOptions {
  std::optional<ChannelNumber> channel;  ///< absent: all; what is of no channel is always there
  std::string damage;                    ///< as in CastOptions
};
base::Result<> export_facts(Reader& reader, const FactsOptions& options, const TextSink& sink);

struct RawOptions {
  std::optional<ChannelNumber> channel;  ///< absent: the first that printed something
  bool all_channels = false;             ///< in the order in which they came
  std::string damage;                    ///< as in CastOptions, but nothing is written behind
};
/// Every byte that the target printed, unfiltered: it can act on whatever terminal it is shown on.
base::Result<> export_raw(Reader& reader, const RawOptions& options, const TextSink& sink);

}  // namespace sallyport::recorder
