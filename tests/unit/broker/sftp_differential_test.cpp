// Random and hostile clients, each behind a tracker, at OpenSSH's real sftp-server: what its file system shows is held
// against the events. A seed gives the same client each time.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "sftp_client.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::broker;
using namespace sallyport::broker::test;
using recorder::Direction;
using recorder::FileAction;
using recorder::FileEvent;
using recorder::FileOutcome;
namespace fs = std::filesystem;

namespace {

struct Seen {
  mode_t mode = 0;
  std::string content;  ///< or where a symbolic link points
  std::pair<dev_t, ino_t> inode;
};
using Tree = std::map<std::string, Seen>;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Tree look_at(const fs::path& root) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat about {};
    if (::lstat(entry.path().c_str(), &about) != 0) continue;
    Seen seen{about.st_mode, "", {about.st_dev, about.st_ino}};
    if (S_ISREG(about.st_mode)) seen.content = slurp(entry.path());
    if (S_ISLNK(about.st_mode)) seen.content = fs::read_symlink(entry.path()).string();
    tree.emplace(entry.path().string(), std::move(seen));
  }
  return tree;
}

void write_somewhere(Client& client) {
  const std::string data(1 + client.pick(300), static_cast<char>('a' + client.pick(26)));
  const auto offset = client.pick(3) * client.pick(200);
  client.ask(kWrite, [&](auto& out) { out.block(client.some_handle()).u64(offset).block(data); });
}

void extended(Client& client, std::string_view name, const std::function<void(base::Writer&)>& fill) {
  client.ask(kExtended, [&](auto& out) {
    out.block(name);
    fill(out);
  });
}

void copy_somewhere(Client& client) {
  extended(client, "copy-data", [&](auto& out) {
    out.block(client.some_handle()).u64(client.pick(20)).u64(client.pick(40)).block(client.some_handle()).u64(0);
  });
}

bool passed(const FileEvent& event) { return event.outcome != FileOutcome::refused; }
bool has(const FileEvent& event, const char* word) { return event.detail.find(word) != std::string::npos; }

/// "N bytes confirmed" where that is less than what passed.
std::uint64_t confirmed(const FileEvent& event) {
  const auto end = event.detail.find(" bytes confirmed");
  if (end == std::string::npos) return event.size;
  const auto begin = event.detail.find_last_of(' ', end - 1);
  return std::stoull(event.detail.substr(begin == std::string::npos ? 0 : begin + 1));
}

// ---- Changes of names: each burst of requests is held against the events that it made.

const std::vector<std::string> kFiles{"a", "b", "c", "d/e", "d/f"};

void change_names(Client& client) {
  const auto file = client.at(kFiles[client.pick(kFiles.size())]);
  const auto other = client.at(kFiles[client.pick(kFiles.size())]);
  const auto directory = client.at(client.pick(2) == 0 ? "d" : "g");
  const auto sets = [&](auto& out) {
    client.pick(2) == 0 ? out.u32(1).u64(client.pick(9))
                        : out.u32(4).u32(0600 + static_cast<std::uint32_t>(client.pick(64)));
  };
  switch (client.pick(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return client.ask_open(file, static_cast<std::uint32_t>(client.pick(64)));
    case 4:
    case 5:
      return client.ask_close();
    case 6:
    case 7:
      return write_somewhere(client);
    case 8:
      if (client.pick(2) == 0) return client.ask(kFsetstat, [&](auto& out) { sets(out.block(client.some_handle())); });
      return client.ask(kRead, [&](auto& out) { out.block(client.some_handle()).u64(0).u32(100); });
    case 9:
      return client.ask(kFsetstat, [&](auto& out) { sets(out.block(client.some_handle())); });
    case 10:
      return client.ask(kSetstat, [&](auto& out) { sets(out.block(file)); });
    case 11:
      return client.ask(kRemove, [&](auto& out) { out.block(file); });
    case 12:
      return client.ask(kMkdir, [&](auto& out) { out.block(directory).u32(0); });
    case 13:
      return client.ask(kRmdir, [&](auto& out) { out.block(directory); });
    case 14:
      return client.ask(kRename, [&](auto& out) { out.block(file).block(other); });
    case 15:
      return extended(client, "posix-rename@openssh.com", [&](auto& out) { out.block(file).block(other); });
    case 16:
      return extended(client, "hardlink@openssh.com", [&](auto& out) { out.block(file).block(other); });
    case 17:
      return client.ask(kSymlink, [&](auto& out) { out.block(file).block(other); });
    case 18:
      return extended(client, client.pick(2) == 0 ? "check-file" : "lsetstat@openssh.com",
                      [&](auto& out) { sets(out.block(file)); });
    default:
      return client.pick(2) == 0 ? copy_somewhere(client)
                                 : client.ask(kOpendir, [&](auto& out) { out.block(directory); });
  }
}

/// All names that may stand for the same file as `path`: by inode, by symbolic link, and by all that was told so far (a
/// file that is open keeps the name under which it was opened).
std::set<std::string> names_of(const std::string& path, const std::vector<const Tree*>& trees,
                               const std::vector<FileEvent>& story) {
  std::set<std::string> names{path};
  for (std::size_t before = 0; before != names.size();) {
    before = names.size();
    const auto same = [&names](const std::string& a, const std::string& b) {
      if (names.contains(a) || names.contains(b)) names.insert({a, b});
    };
    for (const auto* tree : trees) {
      for (const auto& [name, seen] : *tree) {
        if (S_ISLNK(seen.mode)) same(name, seen.content);
        for (const auto& [twin, other] : *tree) {
          if (seen.inode == other.inode) same(name, twin);
        }
      }
    }
    for (const auto& event : story) {
      if (passed(event) && (event.action == FileAction::rename || event.action == FileAction::link))
        same(event.path, event.other_path);
    }
  }
  return names;
}

/// How a path differs: it came or went, its bytes, its mode.
struct Change {
  bool name = false;
  bool content = false;
  bool mode = false;
};

Change change_of(const Tree& before, const Tree& after, const std::string& path) {
  const auto old = before.find(path);
  const auto now = after.find(path);
  if (old == before.end() || now == after.end()) return {(old == before.end()) != (now == after.end()), false, false};
  const bool another = old->second.inode != now->second.inode;
  return {another, !another && old->second.content != now->second.content, old->second.mode != now->second.mode};
}

bool explains(const FileEvent& event, const Change& change) {
  const bool upload = event.action == FileAction::transfer && event.direction == Direction::to_target;
  const bool names = event.action == FileAction::remove || event.action == FileAction::rename ||
                     event.action == FileAction::link || event.action == FileAction::make_directory ||
                     event.action == FileAction::remove_directory || (upload && has(event, "create"));
  if (names) return true;
  if (change.name) return false;
  if (change.mode && event.action == FileAction::set_attributes && has(event, "mode")) return true;
  const bool bytes =
      upload || event.action == FileAction::copy || (event.action == FileAction::set_attributes && has(event, "size"));
  return change.content && bytes;
}

std::string explain_all(const Tree& before, const Tree& after, const std::vector<FileEvent>& events,
                        const std::vector<FileEvent>& story) {
  std::set<std::string> paths;
  for (const auto* tree : {&before, &after}) {
    for (const auto& [path, seen] : *tree) paths.insert(path);
  }
  for (const auto& path : paths) {
    const auto change = change_of(before, after, path);
    if (!change.name && !change.content && !change.mode) continue;
    const auto names = names_of(path, {&before, &after}, story);
    const bool known = std::any_of(events.begin(), events.end(), [&](const FileEvent& event) {
      return passed(event) && (names.contains(event.path) || names.contains(event.other_path)) &&
             explains(event, change);
    });
    if (!known) return path;
  }
  return {};
}

}  // namespace

TEST_CASE("sftp: every change of a real server's tree is in the events, whatever order the requests come in") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    sallyport::test::TempDir root;
    Client client(seed, root.path());
    // Ended at a random moment: then the last answers are never seen.
    const auto bursts = 1 + client.pick(40);
    for (std::size_t burst = 0; burst < bursts; ++burst) {
      const auto before = look_at(root.path());
      (void)client.take();
      client.forget_openings();
      for (auto asked = 1 + client.pick(5); asked > 0; --asked) change_names(client);
      const bool goes_on = client.flush();
      const auto after = look_at(root.path());
      const bool last = burst + 1 == bursts || !goes_on;
      last ? client.end() : client.hear();
      auto events = client.take();
      // Bytes of a file that is still open are told later; see below.
      for (const auto& event : client.open_files()) events.push_back(event);
      INFO("seed " << seed << ", burst " << burst);
      CHECK(explain_all(before, after, events, client.told) == "");
      if (!goes_on) break;
    }
    for (const auto& [path, times] : client.openings()) {
      const auto of_path = [&path = path](const FileEvent& event) {
        return event.path == path && event.action == FileAction::transfer && event.direction == Direction::to_target &&
               passed(event);
      };
      CHECK(static_cast<std::size_t>(std::count_if(client.told.begin(), client.told.end(), of_path)) >= times);
    }
  }
}

// ---- Bytes: each name is opened once, so what the event says must be what the file is.

namespace {

void move_bytes(Client& client, int& files) {
  switch (client.pick(9)) {
    case 0:
    case 1: {
      const auto name = client.at("f" + std::to_string(files++));
      const std::uint32_t flags = std::array<std::uint32_t, 4>{0x1a, 0x0a, 0x1b, 0x18}[client.pick(4)];
      return client.ask_open(name, flags);
    }
    case 2:
      return client.ask_close();
    case 3:
      return client.ask(kRead, [&](auto& out) { out.block(client.some_handle()).u64(0).u32(100); });
    default:
      return write_somewhere(client);
  }
}

const FileEvent* upload_of(const std::vector<FileEvent>& events, const std::string& path) {
  const auto found = std::find_if(events.begin(), events.end(), [&path](const FileEvent& event) {
    return event.path == path && passed(event) && event.direction == Direction::to_target;
  });
  return found == events.end() ? nullptr : &*found;
}

/// The sentence that is wrong with what was told of this file.
std::string wrong_with(const FileEvent* event, const std::string& content) {
  if (event == nullptr) return "no event";
  if (!has(*event, "create")) return "it was made, and nothing says so";
  if (!content.empty() && event->size == 0) return "it has bytes, and the event has none";
  if (event->outcome == FileOutcome::complete && confirmed(*event) < event->size) return "complete, and not confirmed";
  if (event->sha256 && event->outcome == FileOutcome::complete &&
      *event->sha256 != base::sha256(base::as_bytes(content)))
    return "another hash";
  return {};
}

}  // namespace

TEST_CASE("sftp: what the events say of a file's bytes is what a real server's file holds") {
  std::size_t hashes = 0;
  std::size_t unknown = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    sallyport::test::TempDir root;
    Client client(1000 + seed, root.path());
    int files = 0;
    const auto bursts = 1 + client.pick(30);
    for (std::size_t burst = 0; burst < bursts; ++burst) {
      for (auto asked = 1 + client.pick(6); asked > 0; --asked) move_bytes(client, files);
      if (!client.flush()) break;
      if (burst + 1 < bursts) client.hear();
    }
    client.end();
    for (const auto& [path, seen] : look_at(root.path())) {
      const auto* event = upload_of(client.told, path);
      INFO("seed " << seed << ", " << path);
      CHECK(wrong_with(event, seen.content) == "");
      if (event != nullptr && event->sha256 && event->outcome == FileOutcome::complete) ++hashes;
      if (event != nullptr && event->outcome == FileOutcome::unknown) ++unknown;
    }
    for (const auto& event : client.told) {
      if (event.outcome == FileOutcome::complete && event.direction == Direction::to_target &&
          event.action == FileAction::transfer)
        CHECK(fs::exists(event.path));
    }
  }
  // The clients did get that far.
  CHECK(hashes > 20);
  CHECK(unknown > 5);
}
