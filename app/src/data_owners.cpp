// Owners and modes of the data directory. Each part of it belongs to a process that may have been taken over, and this
// is root: so nothing is looked up by its path twice, and no link in there is followed (base/directory.hpp).
#include <unistd.h>

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

// Signs server certificates, at init only: no process of the server needs it.
constexpr std::string_view kAuthorityKey = "ca.key";
// What clients trust: everybody may read it.
constexpr std::string_view kAuthority = "ca.pem";

constexpr unsigned kAnybodyReads = 0644;

/// One directory of the data directory: whose it is to be, and the mode of the files in it, if they go with it.
struct Part {
  Gift directory;
  std::optional<unsigned> file_mode;
};

bool gone(const Result<>& result) { return !result && result.error().code() == Errc::not_found; }

/// What is no regular file is left as it is: who needs it will say what stands there.
Result<> give_one(const Directory& directory, const std::string& name, Gift gift) {
  if (name == kAuthorityKey) return ok();
  if (name == kAuthority) gift.mode = kAnybodyReads;
  SALLYPORT_TRY(const auto about, directory.about_file(name));
  return S_ISREG(about.st_mode) ? directory.give_file(name, gift) : ok();
}

Result<> give_files(const Directory& directory, const Gift& gift) {
  SALLYPORT_TRY(const auto names, directory.names());
  for (const auto& name : names) {
    auto given = give_one(directory, name, gift);
    if (!given && !gone(given)) return given;  // a log of the store's may go meanwhile
  }
  return ok();
}

Result<> give_part(const Directory& directory, const Part& part) {
  SALLYPORT_TRYV(directory.give(part.directory));
  if (!part.file_mode) return ok();
  Gift files = part.directory;
  files.mode = *part.file_mode;
  return give_files(directory, files);
}

Result<> give_data(const DataPaths& paths, const Identities& who) {
  SALLYPORT_TRY(const auto root, Directory::open(paths.root));
  SALLYPORT_TRY(const auto about, root.about());
  // A server that was an ordinary user's brings along what was his.
  const uid_t before = about.st_uid;
  const auto give = [&](const std::filesystem::path& path, const Part& part) -> Result<> {
    SALLYPORT_TRY(const auto directory, root.make_child(path.filename(), 0700));
    return give_part(directory, part);
  };
  SALLYPORT_TRYV(give(paths.run, {{who.vault->uid, who.vault->gid, 0711, before}, std::nullopt}));
  SALLYPORT_TRYV(give(paths.ssh, {{who.ssh->uid, who.ssh->gid, 0700, before}, 0600}));
  SALLYPORT_TRYV(give(paths.tls, {{who.web->uid, who.web->gid, 0711, before}, 0600}));
  // The set-group-id bit hands every recording to web's group: web streams the ciphertext, and can't change it.
  SALLYPORT_TRYV(give(paths.recordings, {{who.ssh->uid, who.web->gid, 02750, before}, 0640}));
  SALLYPORT_TRYV(give_files(root, {who.vault->uid, who.vault->gid, 0600, before}));
  // Last: a start that failed half-way still knows whose all was.
  return root.give({who.vault->uid, who.vault->gid, 0711, before});
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
