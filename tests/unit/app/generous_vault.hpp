#pragma once
// A vault of the test's own behind the real listener and its children: it decides, and notes what sessions say.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sallyport/app/operation.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/text.hpp"
#include "vault_loop.hpp"

namespace sallyport::test {

using app::find_operation;
using app::FrameType;
using app::Operation;
using app::OperationId;
using app::Outgoing;
using app::Record;
using app::Request;

/// What the stand-in vault grants; set before the fork.
struct Granted {
  std::string login;
  std::string password;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  base::Bytes host_key;
};
inline Granted granted;

/// Lets everybody in who has a key, and notes what sessions say in DATA/notes.
class Generous final : public app::BatchHandler {
 public:
  explicit Generous(std::filesystem::path data) : data_(std::move(data)) {}
  void run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) override {
    for (auto& request : requests) answer(request, out);
  }
  void run_deferred(std::vector<Outgoing>&) override {}
  int wakeup_fd() const override { return -1; }
  void tick(std::vector<Outgoing>& out) override {
    for (const auto& [file, push] : {std::pair("freeze", OperationId::push_freeze),
                                     {"thaw", OperationId::push_thaw},
                                     {"end", OperationId::push_end}}) {
      if (!std::filesystem::remove(data_ / file)) continue;
      Record record(find_operation(push)->input);
      if (push == OperationId::push_end) record.set("reason", "the checkout has ended");
      for (const auto session : sessions_)
        out.push_back({session, {FrameType::push, 0, static_cast<std::uint16_t>(push), encode(record).value()}, {}});
    }
  }
  void peer_gone(std::uint64_t peer, std::vector<Outgoing>&) override {
    std::erase(sessions_, peer);
    note("gone");
  }
  void protocol_violation(const app::Peer&, std::uint16_t asked) override {
    note("violation " + std::to_string(asked));
  }

 private:
  void note(const std::string& line) { std::ofstream(data_ / "notes", std::ios::app) << line << std::endl; }

  void answer(Request& request, std::vector<Outgoing>& out) {
    const Operation& operation = *find_operation(request.operation);
    const Record input = decode(request.payload.view(), operation.input).value();
    Record record(operation.output);
    auto then = Outgoing::Then::nothing;
    std::vector<Outgoing> after;
    switch (request.operation) {
      case OperationId::ssh_listen:
        listener_ = request.peer.id;
        break;
      case OperationId::session_register:
        record.set("connection", request.peer.id);
        then = Outgoing::Then::becomes_session;
        break;
      case OperationId::auth_begin:
      case OperationId::auth_key:
        record.set_flag("accepted", true).set("next", "first");
        break;
      case OperationId::auth_key_proven:
        record.set_flag("accepted", true).set("next", "grant");
        break;
      case OperationId::auth_grant:
        after.push_back(grant(record, request.peer.id));
        then = Outgoing::Then::granted;
        break;
      case OperationId::recording_begin:
        record.set("kind", "unix_password");
        record.set("credential", base::SecretBytes::copy(base::as_bytes(granted.password)));
        break;
      case OperationId::session_channel:
        note(std::string(input.text("kind")) + " channel " + std::string(base::as_text(input.bytes("text"))));
        break;
      case OperationId::session_event:
        for (const auto& event : input.list("events"))
          note(std::string(event.text("action")) + " " + std::string(base::as_text(event.bytes("detail"))));
        break;
      case OperationId::session_checkpoint:
        record.set("signature", base::Bytes(64));
        break;
      case OperationId::session_close:
        note("close " + std::string(input.text("recording")) + " " + std::to_string(input.number("bytes")));
        break;
      case OperationId::dial_failed:
        note("dial_failed " + std::string(input.text("reason")));
        break;
      default:
        break;
    }
    out.push_back({request.peer.id, {FrameType::reply, request.request_id, 0, encode(record).value()}, then});
    for (auto& push : after) out.push_back(std::move(push));
  }

  Outgoing grant(Record& record, std::uint64_t peer) {
    const auto id = base::SessionId::random().text();
    record.set("session", id).set("user", "alice").set("account", "root@web1").set("login", granted.login);
    record.add("host_keys").set("key", granted.host_key);
    record.set("channels", "shell,exec,sftp,scp")
        .set("source", "127.0.0.1")
        .set("reason", "test")
        .set("checkout", base::CheckoutId::random().text());
    record.set("file", id + ".spr")
        .set("data_key", base::SecretBytes::random(32))
        .set("wrapped_key", base::Bytes(80))
        .set("ends_in_ms", std::uint64_t{3600000});
    Record dial(find_operation(OperationId::push_dial)->input);
    dial.set("connection", peer)
        .set("session", id)
        .set("host", granted.host)
        .set("port", std::uint64_t{granted.port})
        .set("file", id + ".spr");
    sessions_.push_back(peer);
    return {
        listener_, {FrameType::push, 0, static_cast<std::uint16_t>(OperationId::push_dial), encode(dial).value()}, {}};
  }

  std::filesystem::path data_;
  std::uint64_t listener_ = 0;
  std::vector<std::uint64_t> sessions_;
};

}  // namespace sallyport::test
