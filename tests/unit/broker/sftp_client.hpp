#pragma once
// A client of a real sftp-server that asks in any order, guesses handles and does not wait.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <random>

#include "sftp_request.hpp"
#include "sftp_server.hpp"

namespace sallyport::broker::test {

/// A client that does what it likes: everything goes through the tracker, in pieces of any size.
class Client {
 public:
  Client(unsigned seed, std::filesystem::path root) : root_(std::move(root)), random_(seed) {
    std::signal(SIGPIPE, SIG_IGN);
    send(plain(kInit, base::Writer().u32(3)));
    REQUIRE(flush());
    hear();
  }

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }
  std::string at(const std::string& name) const { return (root_ / name).string(); }

  static base::Bytes plain(std::uint8_t type, const base::Writer& body) {
    base::Writer inner;
    inner.u8(type).raw(body.bytes());
    return base::Writer().block(inner.bytes()).take();
  }
  void ask(std::uint8_t type, const std::function<void(base::Writer&)>& fill) {
    base::Writer body;
    body.u32(++id_);
    fill(body);
    send(plain(type, body));
  }
  /// A handle that was given, one that will be given soon, or nonsense.
  std::string some_handle() {
    const auto how = pick(10);
    if (how < 6 && !handles_.empty()) return handles_[pick(handles_.size())];
    if (how < 9) return {'\0', '\0', '\0', static_cast<char>(pick(5))};
    return "no handle";
  }

  /// What was asked goes to the tracker in pieces, and what it lets pass to the server. False when it lets no more.
  bool flush() {
    base::ByteView rest = asked_;
    while (!rest.empty()) {
      const auto size = std::min(rest.size(), 1 + pick(200));
      base::Bytes piece(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
      rest = rest.subspan(size);
      tracker.on_client(piece);
      collect();
      if (!server.give(piece)) return false;
    }
    asked_.clear();
    return tracker.following();
  }
  /// The answers pass back; the client learns of handles.
  void hear() {
    auto bytes = server.take_answers();
    tracker.on_target(bytes);
    collect();
    for (const auto& packet : packets_of(bytes)) note(packet);
  }
  /// What the files that are open now, and may be changed, will be told as.
  std::vector<recorder::FileEvent> open_files() const {
    std::vector<recorder::FileEvent> events;
    for (const auto& [handle, event] : open_) events.push_back(event);
    return events;
  }
  /// What was opened before now was told, or will be; from here on it stands for bytes alone.
  void forget_openings() {
    for (auto& [handle, event] : open_) event.detail.clear();
  }
  /// How often each name was opened so that the file may be changed.
  const std::map<std::string, std::size_t>& openings() const { return openings_; }
  void ask_open(const std::string& path, std::uint32_t flags) {
    ask(kOpen, [&](auto& out) { out.block(path).u32(flags).u32(0); });
    if ((flags & (kFlagWrite | kFlagCreate | kFlagTruncate)) == 0) return;
    recorder::FileEvent event;
    event.path = path;
    event.detail = (flags & kFlagCreate) != 0 ? "create" : "";
    asked_opens_[id_] = event;
  }
  void ask_close() {
    const auto handle = some_handle();
    ask(kClose, [&](auto& out) { out.block(handle); });
    asked_closes_[id_] = handle;
  }
  void end() {
    tracker.on_end();
    collect();
  }
  std::vector<recorder::FileEvent> take() { return std::exchange(fresh_, {}); }

  SftpServer server;
  SftpTracker tracker{1};
  std::vector<recorder::FileEvent> told;

 private:
  void note(const base::Bytes& packet) {
    base::Reader reader(packet);
    const auto type = reader.u8().value();
    const auto id = reader.u32().value();
    if (type == kStatus && asked_closes_.contains(id)) {
      if (reader.u32().value() == kOk) open_.erase(asked_closes_[id]);
    } else if (type == kHandle) {
      const std::string handle(reader.text(256).value());
      handles_.push_back(handle);
      if (!asked_opens_.contains(id)) return;
      open_[handle] = asked_opens_[id];
      ++openings_[asked_opens_[id].path];
    }
  }
  void send(const base::Bytes& packet) { asked_.insert(asked_.end(), packet.begin(), packet.end()); }
  void collect() {
    for (auto& event : tracker.take_events()) {
      fresh_.push_back(event);
      told.push_back(std::move(event));
    }
  }

  std::filesystem::path root_;
  std::mt19937 random_;
  std::uint32_t id_ = 0;
  base::Bytes asked_;
  std::vector<std::string> handles_;
  std::vector<recorder::FileEvent> fresh_;
  std::map<std::uint32_t, recorder::FileEvent> asked_opens_;
  std::map<std::uint32_t, std::string> asked_closes_;
  std::map<std::string, recorder::FileEvent> open_;
  std::map<std::string, std::size_t> openings_;
};

}  // namespace sallyport::broker::test
