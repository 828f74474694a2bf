#include "live_sessions.hpp"

#include <algorithm>

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

Outgoing LiveSessions::make_push(std::uint64_t peer, OperationId push) {
  Outgoing out;
  out.peer_id = peer;
  out.frame.type = FrameType::push;
  out.frame.code = static_cast<std::uint16_t>(push);
  out.frame.payload = encode(Record(find_operation(push)->input)).value();
  return out;
}

Outgoing LiveSessions::make_end(std::uint64_t peer, std::string_view reason) {
  Outgoing out = make_push(peer, OperationId::push_freeze);
  Record record(find_operation(OperationId::push_end)->input);
  record.set("reason", reason);
  out.frame.code = static_cast<std::uint16_t>(OperationId::push_end);
  out.frame.payload = encode(record).value();
  return out;
}

}  // namespace sallyport::app
