// Owners and modes of the data directory. Each part of it belongs to a process that may have been taken over, and this
// is root: so nothing is looked up by its path twice, and no link in there is followed (base/directory.hpp).
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "sallyport/app/privileges.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/base/directory.hpp"
#include "sallyport/base/file.hpp"

namespace sallyport::app {

using base::Directory;
using base::Errc;
using base::fail;
using base::Gift;
using base::ok;
using base::Result;

namespace {

using Names = std::span<const std::string_view>;

// What `init` and the processes of this and earlier versions make, and nothing else, is given away: whatever root put
// there besides stays root's. The CA's key (ca.key) is not among them; no process of the server needs it.
constexpr auto kOfVault =
    std::to_array<std::string_view>({"header", "vault.db", "vault.db-wal", "vault.db-shm", "vault.db-journal",
                                     "audit.checkpoint", "development.key", "lock"});
constexpr auto kOfSsh = std::to_array<std::string_view>({"host_ed25519", "host_ed25519.pub", "host_ecdsa", "host_rsa"});
constexpr auto kOfWeb = std::to_array<std::string_view>({"server.key", "server.pem", "ca.pem"});
constexpr std::string_view kRecording = ".spr";
// What clients trust: everybody may read it.
constexpr std::string_view kAuthority = "ca.pem";

constexpr unsigned kAnybodyReads = 0644;

/// One directory of the data directory: whose it is to be, and which files in it go with it, with which mode.
struct Part {
  Gift directory;
  Names names{};
  std::string_view suffix{};  ///< or all that end so
  unsigned file_mode = 0600;
};

bool gone(const Result<>& result) { return !result && result.error().code() == Errc::not_found; }

/// What is no regular file is left as it is: who needs it will say what stands there.
Result<> give_one(const Directory& directory, const std::string& name, const Part& part) {
  Gift gift = part.directory;
  gift.mode = name == kAuthority ? kAnybodyReads : part.file_mode;
  SALLYPORT_TRY(const auto about, directory.about_file(name));
  if (!S_ISREG(about.st_mode)) return ok();
  return directory.give_file(name, gift);
}

bool goes_along(const Part& part, const std::string& name) {
  return std::ranges::find(part.names, name) != part.names.end() ||
         (!part.suffix.empty() && name.ends_with(part.suffix));
}

Result<> give_files(const Directory& directory, const Part& part) {
  SALLYPORT_TRY(const auto names, directory.names());
  for (const auto& name : names) {
    if (!goes_along(part, name)) continue;
    auto given = give_one(directory, name, part);
    if (!given && !gone(given)) return given;  // a log of the store's may go meanwhile
  }
  return ok();
}

/// Once a directory is not root's, its owner says what stands there under which name: he could call the CA's key, or
/// any file of root's, by one that is given away. So the files go first, while it is.
Result<> give_part(const Directory& directory, const Part& part) {
  SALLYPORT_TRY(const auto about, directory.about());
  Part files = part;
  files.directory.from_root = part.directory.from_root && about.st_uid == 0;
  SALLYPORT_TRYV(give_files(directory, files));
  return directory.give(part.directory);
}

/// The same of directories in the data directory; one that is made now is root's by right.
Result<> give_child(const Directory& root, const std::string& name, Part part) {
  auto there = root.child(name);
  if (there) return give_part(there.value(), part);
  if (there.error().code() != Errc::not_found) return std::move(there).error();
  SALLYPORT_TRY(const auto made, root.make_child(name, 0700));
  part.directory.from_root = true;
  return give_part(made, part);
}

Result<> give_data(const DataPaths& paths, const Identities& who) {
  SALLYPORT_TRY(const auto root, Directory::open(paths.root));
  SALLYPORT_TRY(const auto about, root.about());
  // A server that was an ordinary user's brings along what was his; the vault's user has nothing for others.
  const auto before = about.st_uid == who.vault->uid ? std::nullopt : std::optional(about.st_uid);
  const auto give = [&](const std::filesystem::path& path, Part part) {
    part.directory.before = before;
    part.directory.from_root = about.st_uid == 0;
    return give_child(root, path.filename(), part);
  };
  const auto &vault = who.vault, &ssh = who.ssh, &web = who.web;
  SALLYPORT_TRYV(give(paths.run, {.directory = {vault->uid, vault->gid, 0711}}));
  SALLYPORT_TRYV(give(paths.ssh, {.directory = {ssh->uid, ssh->gid, 0700}, .names = kOfSsh}));
  SALLYPORT_TRYV(give(paths.tls, {.directory = {web->uid, web->gid, 0711}, .names = kOfWeb}));
  // The set-group-id bit hands every recording to web's group: web streams the ciphertext, and can't change it.
  SALLYPORT_TRYV(
      give(paths.recordings, {.directory = {ssh->uid, web->gid, 02750}, .suffix = kRecording, .file_mode = 0640}));
  // Last: a start that failed half-way still knows whose all was.
  return give_part(root, {.directory = {vault->uid, vault->gid, 0711, before}, .names = kOfVault});
}

}  // namespace

Result<> prepare_data_directory(const std::filesystem::path& data, const Identities& identities) {
  const DataPaths paths(data);
  if (identities.vault && ::geteuid() == 0) {
    std::error_code error;
    std::filesystem::create_directories(paths.root, error);
    if (error) return fail(Errc::io, "can't make " + paths.root.native() + ": " + error.message());
    return give_data(paths, identities);
  }
  for (const auto& directory : {paths.root, paths.run, paths.recordings, paths.tls, paths.ssh}) {
    SALLYPORT_TRYV(base::make_private_directory(directory));
  }
  return ok();
}

}  // namespace sallyport::app
