#pragma once
// Reading what must be a regular file, as all of a data directory's are. A process that was taken over may have put a
// named pipe there: nobody waits for that to be written to.
#include <filesystem>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::base {

/// Links are followed, to wherever the caller may read. Errc::not_found; Errc::invalid, naming it, for what is no
/// regular file.
Result<UniqueFd> open_regular_file(const std::filesystem::path& path);
/// Errc::limit if it is longer than `max`; else as above.
Result<Bytes> read_regular_file(const std::filesystem::path& path, std::size_t max);
/// The same, straight into the slab.
Result<SecretBytes> read_secret_regular_file(const std::filesystem::path& path,
                                             std::size_t max = SecretBytes::kMaxSecret);

}  // namespace sallyport::base
