#pragma once
// Files as this project needs them: bounded reads, and writes that are whole or not there.
#include <filesystem>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::base {

/// Errc::not_found if it is not there, Errc::limit if it is longer than `max`.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t max);
/// The same, straight into the slab.
Result<SecretBytes> read_secret_file(const std::filesystem::path& path, std::size_t max = SecretBytes::kMaxSecret);
/// The same of a file that is this user's own: Errc::denied if not.
Result<SecretBytes> read_own_secret_file(const std::filesystem::path& path, std::size_t max);
/// Temp file in the same directory, fsync, rename, fsync of the directory: old or new after a crash, never half.
Result<> write_file_atomic(const std::filesystem::path& path, ByteView bytes, unsigned mode = 0600);
/// Makes the directory (and parents) with this mode if it is missing; Errc::denied if it exists and others may write
/// it.
Result<> make_private_directory(const std::filesystem::path& path, unsigned mode = 0700);
/// The same, and Errc::denied if it is another user's, who could replace whatever is in it. For a person's own files.
Result<> make_own_directory(const std::filesystem::path& path);
Result<> sync_directory(const std::filesystem::path& path);
Result<std::uint64_t> free_space(const std::filesystem::path& path);  ///< bytes that an unprivileged writer has left
Result<SecretBytes> read_all_secret(int fd, std::size_t max);         ///< to end of file; Errc::limit when longer

}  // namespace sallyport::base
