#pragma once
// A recording as an auditor's command gets it: the sealed file from the server or from disk, and what opens and judges
// it.
#include <memory>

#include "client_api.hpp"
#include "sallyport/recorder/source.hpp"
#include "sallyport/recorder/verify.hpp"

namespace sallyport::app {

struct OpenedRecording {
  std::string id;
  std::unique_ptr<recorder::Source> source;  ///< nullptr: the server has no such file
  base::SecretBytes data_key;
  recorder::Expectation expected;  ///< what the vault and its audit log know of the file
  std::string vault_state;         ///< complete, gap, truncated, missing, recording
};

/// Asks the vault for the key (audited there), then takes the file: from `file` if given, else from the server into an
/// unlinked file in $TMPDIR, still sealed.
base::Result<OpenedRecording> open_recording(const Invocation& line, const std::string& id,
                                             const std::optional<std::string>& file);

}  // namespace sallyport::app
