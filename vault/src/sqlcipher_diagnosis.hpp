#pragma once
// Why a store did not open: looks at the file itself, without SQLCipher. Only for files that no connection has open
// (closing a second descriptor would drop SQLite's locks).
#include <cstdint>
#include <filesystem>
#include <optional>

#include "sallyport/base/secret_bytes.hpp"

namespace sallyport::vault {

/// Told before opening: Errc::not_found, or corrupt for a file that is empty, plain SQLite or shorter than a page.
base::Result<> check_store_file(const std::filesystem::path& file);

/// The page HMACs of the portable profile, checked one by one.
struct PageSurvey {
  std::uint64_t pages = 0;
  std::uint64_t good = 0;
  std::optional<std::uint64_t> first_bad;  ///< counted from 1
  bool ragged = false;                     ///< the length is not a whole number of pages
};
base::Result<PageSurvey> survey_pages(const std::filesystem::path& file, const base::SecretBytes& page_key);

/// The error for the operator: which page is damaged, or that the key is another vault's, or `seen` if neither.
base::Error diagnose_store(const std::filesystem::path& file, const base::SecretBytes& page_key, base::Error seen);

}  // namespace sallyport::vault
