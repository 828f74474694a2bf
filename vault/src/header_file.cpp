#include "header_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sallyport/base/file.hpp"
#include "sallyport/base/regular_file.hpp"

namespace sallyport::vault {
namespace {

using base::Errc;
using base::SecretBytes;
namespace fs = std::filesystem;

struct Loaded {
  Header header;
  base::Bytes bytes;
};

base::Result<Loaded> load(const fs::path& data) {
  const fs::path file = data / kHeaderFile;
  auto bytes = base::read_regular_file(file, Header::kMaxSize);
  if (!bytes && bytes.error().code() == Errc::not_found)
    return base::fail(Errc::not_found, data.string() + ": there is no vault here; make one with sallyport init");
  if (!bytes) return bytes.error();
  auto header = Header::parse(bytes.value());
  if (!header) return header.error().within(data.string());
  return Loaded{std::move(header).value(), std::move(bytes).value()};
}

/// The first slot that opens decides; what it opened must have made the header.
base::Result<SecretBytes> verified(const Loaded& loaded, base::Result<SecretBytes> root, const fs::path& data) {
  if (!root) return root;
  if (auto header = Header::parse_verified(loaded.bytes, root.value()); !header)
    return header.error().within(data.string());
  return root;
}

/// Closed to others and ours, or it is not trusted: anyone else may have put it there or read it.
base::Result<> check_key_file(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return base::fail(Errc::not_found, file.string() + ": the development key is missing");
    return base::fail_errno(file.string() + ": cannot be looked at", errno);
  }
  const bool ours = status.st_uid == ::geteuid() || status.st_uid == 0;
  if (S_ISREG(status.st_mode) && ours && (status.st_mode & 077U) == 0) return base::ok();
  return base::fail(Errc::denied, file.string() + ": must be a file of the vault's user with mode 0600");
}

struct Opened {
  std::size_t slot;
  SecretBytes root;
};

base::Result<Opened> try_passphrase(const Loaded& loaded, const SecretBytes& passphrase, const fs::path& data) {
  const auto& slots = loaded.header.slots;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].kind != SlotKind::passphrase) continue;
    auto root = open_passphrase_slot(slots[i], loaded.header.vault_id, passphrase);
    if (!root && root.error().code() == Errc::denied) continue;
    SALLYPORT_TRY(auto good, verified(loaded, std::move(root), data));
    return Opened{i, std::move(good)};
  }
  return base::fail(Errc::denied, "wrong passphrase");
}

}  // namespace

base::Result<> write_header(const fs::path& data, Header header, const SecretBytes& root) {
  ++header.generation;
  return base::write_file_atomic(data / kHeaderFile, header.encode(root), 0600);
}

base::Result<SecretBytes> make_development_key(const fs::path& data) {
  SecretBytes key = SecretBytes::random(base::kKeySize);
  SALLYPORT_TRYV(base::write_file_atomic(data / kDevelopmentKeyFile, key.expose(), 0600));
  return key;
}

base::Result<Header> read_header(const fs::path& data) {
  SALLYPORT_TRY(auto loaded, load(data));
  return std::move(loaded.header);
}

base::Result<SecretBytes> unlock_with_passphrase(const fs::path& data, const SecretBytes& passphrase) {
  SALLYPORT_TRY(const auto loaded, load(data));
  SALLYPORT_TRY(auto opened, try_passphrase(loaded, passphrase, data));
  return std::move(opened.root);
}

base::Result<SecretBytes> unlock_with_development_key(const fs::path& data) {
  SALLYPORT_TRY(const auto loaded, load(data));
  const auto& slots = loaded.header.slots;
  const auto slot = std::ranges::find(slots, SlotKind::development, &Slot::kind);
  if (slot == slots.end())
    return base::fail(Errc::not_found, data.string() + ": this vault has no development slot; unseal it by passphrase");
  SALLYPORT_TRYV(check_key_file(data / kDevelopmentKeyFile));
  SALLYPORT_TRY(const SecretBytes key, base::read_secret_regular_file(data / kDevelopmentKeyFile, base::kKeySize));
  return verified(loaded, open_development_slot(*slot, loaded.header.vault_id, key), data);
}

base::Result<> add_passphrase_slot(const fs::path& data, const SecretBytes& root, const SecretBytes& passphrase,
                                   base::Argon2Cost cost) {
  SALLYPORT_TRY(auto loaded, load(data));
  SALLYPORT_TRY(Header header, Header::parse_verified(loaded.bytes, root));
  if (header.slots.size() >= Header::kMaxSlots)
    return base::fail(Errc::limit, "a vault has at most 8 key slots; remove one first");
  SALLYPORT_TRY(auto slot, make_passphrase_slot(header.vault_id, root, passphrase, cost));
  header.slots.push_back(std::move(slot));
  return write_header(data, std::move(header), root);
}

base::Result<> change_passphrase(const fs::path& data, const SecretBytes& old_passphrase,
                                 const SecretBytes& new_passphrase, base::Argon2Cost cost) {
  SALLYPORT_TRY(auto loaded, load(data));
  SALLYPORT_TRY(const auto opened, try_passphrase(loaded, old_passphrase, data));
  SALLYPORT_TRY(auto slot, make_passphrase_slot(loaded.header.vault_id, opened.root, new_passphrase, cost));
  loaded.header.slots[opened.slot] = std::move(slot);
  return write_header(data, std::move(loaded.header), opened.root);
}

base::Result<> remove_slot(const fs::path& data, const SecretBytes& root, const SlotId& slot) {
  SALLYPORT_TRY(auto loaded, load(data));
  SALLYPORT_TRY(Header header, Header::parse_verified(loaded.bytes, root));
  const auto found = std::ranges::find(header.slots, slot, &Slot::id);
  if (found == header.slots.end()) return base::fail(Errc::not_found, "this vault has no such key slot");
  if (header.slots.size() == 1)
    return base::fail(Errc::conflict, "the last key slot cannot be removed: add another first");
  const bool development = found->kind == SlotKind::development;
  header.slots.erase(found);
  SALLYPORT_TRYV(write_header(data, std::move(header), root));
  if (development && ::unlink((data / kDevelopmentKeyFile).c_str()) != 0 && errno != ENOENT)
    return base::fail_errno("development.key: cannot be removed", errno);
  return base::ok();
}

}  // namespace sallyport::vault
