#include "sqlcipher_diagnosis.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/hash.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kReserve = 48;  // IV 16, HMAC-SHA-1 20, padding to the cipher's block
constexpr std::size_t kSalt = 16;
constexpr std::size_t kIv = 16;
constexpr std::size_t kHmac = 20;
constexpr std::string_view kPlainMagic = "SQLite format 3";

using Page = std::array<std::uint8_t, kPage>;

base::Result<base::UniqueFd> open_store(const std::filesystem::path& file) {
  base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat about {};
  if (fd && ::fstat(fd.get(), &about) == 0 && !S_ISREG(about.st_mode))
    return base::fail(Errc::invalid, file.string() + ": the store is no regular file");
  if (fd) return fd;
  if (errno == ENOENT) return base::fail(Errc::not_found, file.string() + ": there is no store");
  return base::fail_errno(file.string() + ": cannot be opened", errno);
}

/// Up to one page; fewer bytes at the end of the file.
base::Result<std::size_t> read_page(int fd, Page& page, const std::filesystem::path& file) {
  std::size_t have = 0;
  while (have < kPage) {
    const ssize_t got = ::read(fd, page.data() + have, kPage - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno(file.string() + ": cannot be read", errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

/// PBKDF2-HMAC-SHA-1 with two rounds, 32 bytes: how SQLCipher 3 makes its HMAC key from a raw key (sqlcipher 3.4,
/// crypto_impl.c, FAST_PBKDF2_ITER and HMAC_SALT_MASK).
base::SecretBytes hmac_key(const base::SecretBytes& page_key, const Page& first) {
  std::array<std::uint8_t, kSalt + 4> message{};
  for (std::size_t i = 0; i < kSalt; ++i) message[i] = first[i] ^ 0x3aU;
  base::SecretBytes key(32);
  for (std::uint8_t block = 1; block <= 2; ++block) {
    message[kSalt + 3] = block;
    auto one = base::hmac_sha1(page_key.expose(), message);
    auto two = base::hmac_sha1(page_key.expose(), one);
    const std::size_t at = (block - 1U) * kHmac;
    for (std::size_t i = 0; i < kHmac && at + i < 32; ++i)
      key.expose_mutable()[at + i] = static_cast<std::uint8_t>(one[i] ^ two[i]);
    base::wipe(one);
    base::wipe(two);
  }
  return key;
}

/// The HMAC covers ciphertext, IV and the page's number (little-endian); page 1 begins after the salt.
bool page_is_good(const base::SecretBytes& key, const Page& page, std::uint64_t number) {
  const std::size_t from = number == 1 ? kSalt : 0;
  const std::size_t to = kPage - kReserve + kIv;
  base::Bytes message(page.begin() + static_cast<std::ptrdiff_t>(from), page.begin() + static_cast<std::ptrdiff_t>(to));
  for (unsigned shift = 0; shift < 32; shift += 8) message.push_back(static_cast<std::uint8_t>(number >> shift));
  return base::equals_ct(base::hmac_sha1(key.expose(), message), base::ByteView(page).subspan(to, kHmac));
}

/// SQLite writes whole pages, so a ragged end was cut, unless a WAL stands by to mend an interrupted checkpoint.
base::Result<bool> is_ragged(int fd, const std::filesystem::path& file) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return base::fail_errno(file.string() + ": cannot be looked at", errno);
  struct stat wal {};
  const bool mending = ::stat((file.string() + "-wal").c_str(), &wal) == 0 && wal.st_size > 0;
  return status.st_size % static_cast<off_t>(kPage) != 0 && !mending;
}

}  // namespace

base::Result<> check_store_file(const std::filesystem::path& file) {
  SALLYPORT_TRY(const auto fd, open_store(file));
  Page page{};
  SALLYPORT_TRY(const std::size_t got, read_page(fd.get(), page, file));
  const std::string name = file.string();
  if (got == 0) return base::fail(Errc::corrupt, name + ": the store is empty; restore it from a backup");
  if (base::as_text(base::ByteView(page).first(std::min(got, kPlainMagic.size()))) == kPlainMagic)
    return base::fail(Errc::corrupt, name + ": this is a plain SQLite file, not an encrypted store; it is not opened");
  SALLYPORT_TRY(const bool ragged, is_ragged(fd.get(), file));
  if (got < kPage || ragged)
    return base::fail(Errc::corrupt, name + ": the store is cut short; restore it from a backup");
  return base::ok();
}

base::Result<PageSurvey> survey_pages(const std::filesystem::path& file, const base::SecretBytes& page_key) {
  SALLYPORT_TRY(const auto fd, open_store(file));
  PageSurvey survey;
  Page page{};
  base::SecretBytes key;
  for (;;) {
    SALLYPORT_TRY(const std::size_t got, read_page(fd.get(), page, file));
    survey.ragged = got % kPage != 0;
    if (got < kPage) return survey;
    if (++survey.pages == 1) key = hmac_key(page_key, page);
    if (page_is_good(key, page, survey.pages)) {
      ++survey.good;
    } else if (!survey.first_bad) {
      survey.first_bad = survey.pages;
    }
  }
}

base::Error diagnose_store(const std::filesystem::path& file, const base::SecretBytes& page_key, base::Error seen) {
  const auto survey = survey_pages(file, page_key);
  if (!survey) return survey.error();
  const PageSurvey& found = survey.value();
  const std::string name = file.string();
  if (found.good == 0)
    return base::fail(Errc::denied, name +
                                        ": no page opens with this vault's key: the store is another vault's, or its "
                                        "first bytes are damaged");
  if (found.first_bad)
    return base::fail(Errc::corrupt, name + ": page " + std::to_string(*found.first_bad) + " of " +
                                         std::to_string(found.pages) + " is damaged; restore it from a backup");
  if (found.ragged) return base::fail(Errc::corrupt, name + ": the store is cut short; restore it from a backup");
  return seen;
}

}  // namespace sallyport::vault
