#pragma once
// What opens and judges one recording without a server, as a file: its data key, and what the audit log knew of it when
// the key was given out. docs/recording_format.md, "The key file".
#include "sallyport/base/secret_bytes.hpp"
#include "sallyport/recorder/verify.hpp"

namespace sallyport::app {

struct RecordingKey {
  base::SecretBytes data_key;
  recorder::Expectation expected;  ///< `session` is set
};

/// In locked memory.
base::SecretBytes encode_recording_key(const base::SecretBytes& data_key, const recorder::Expectation& expected);
/// Errc::invalid for what is no such file; its text is in no message.
base::Result<RecordingKey> decode_recording_key(const base::SecretBytes& text);

}  // namespace sallyport::app
