#include "live_sessions.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"

namespace sallyport::app {

Connection& LiveSessions::add(std::uint64_t peer, std::string source, std::uint64_t port, base::MonoTime now) {
  Connection connection;
  connection.peer = peer;
  connection.source = std::move(source);
  connection.port = port;
  connection.since = now;
  return connections_.insert_or_assign(peer, std::move(connection)).first->second;
}

Connection* LiveSessions::find(std::uint64_t peer) {
  const auto found = connections_.find(peer);
  return found == connections_.end() ? nullptr : &found->second;
}

Connection* LiveSessions::find_session(std::string_view session_id) {
  for (auto& [peer, connection] : connections_) {
    if (connection.live && !connection.live->closed && connection.live->id.text() == session_id) return &connection;
  }
  return nullptr;
}

std::size_t LiveSessions::live() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      connections_, [](const auto& entry) { return entry.second.live && !entry.second.live->closed; }));
}

Basis Basis::of(const vault::Target& target, const vault::Account& account, const access::Channels& channels) {
  Basis basis{.channels = channels, .login = account.login, .host = target.host, .port = target.port, .host_keys = {}};
  for (const auto& key : target.host_keys) basis.host_keys.push_back(key.fingerprint());
  return basis;
}

Outgoing LiveSessions::make_push(std::uint64_t peer, OperationId push) {
  return make_push(peer, push, Record(find_operation(push)->input));
}

Outgoing LiveSessions::make_push(std::uint64_t peer, OperationId push, const Record& record) {
  Outgoing out;
  out.peer_id = peer;
  out.frame.type = FrameType::push;
  out.frame.code = static_cast<std::uint16_t>(push);
  out.frame.payload = encode(record).value();
  return out;
}

Outgoing LiveSessions::make_end(std::uint64_t peer, std::string_view reason) {
  Record record(find_operation(OperationId::push_end)->input);
  constexpr std::size_t kMost = 250;  // what a target's or a person's words do to the bound is no reason to end here
  record.set("reason", base::is_plain_text(reason, kMost) ? std::string(reason) : base::escape_text(reason, kMost));
  return make_push(peer, OperationId::push_end, record);
}

}  // namespace sallyport::app
