#pragma once
// What the auditor's commands have in common: which recording a line names, whether it is whole, which of its channels
// are meant.
#include <optional>
#include <string>

#include "cli_command.hpp"
#include "recording_store.hpp"
#include "sallyport/recorder/channel_list.hpp"
#include "sallyport/recorder/reader.hpp"

namespace sallyport::app {

/// From the server, or with --key-file from the file that stands where the session's id does, without one.
base::Result<OpenedRecording> opened_recording(const Invocation& line);

/// One pass over the file.
struct ExaminedRecording {
  recorder::VerifyReport report;
  recorder::ChannelList channels;
};
base::Result<ExaminedRecording> examine(const OpenedRecording& recording);

bool is_good(recorder::RecordingState state);
/// "truncated: chunk 7 at byte 40312: ..."; empty for what is good.
std::string damage_of(const recorder::VerifyReport& report);
/// Errc::not_found, and why there is none.
base::Error no_file(const OpenedRecording& recording, const ExaminedRecording& examined);
/// Errc::not_found where there is no file; Errc::corrupt where not even its beginning is good.
base::Result<recorder::Reader> reader_of(OpenedRecording& recording);

struct ChannelChoice {
  std::optional<recorder::ChannelNumber> channel;  ///< absent: the first that printed something
  bool all = false;
  std::string note;  ///< what is not shown, for stderr; else empty
};
/// --channel, held against what is there.
base::Result<ChannelChoice> chosen_channel(const Invocation& line, const ExaminedRecording& examined);

/// "channel 2, exec: uname -a"
std::string describe(const recorder::ChannelSummary& channel);

}  // namespace sallyport::app
