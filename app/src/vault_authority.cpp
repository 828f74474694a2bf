#include "vault_authority.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "child_link.hpp"
#include "session_action.hpp"
#include "session_records.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::ok;
using base::Result;

namespace {

constexpr std::chrono::milliseconds kWriteBound{2000};
constexpr unsigned kEventsASecond = 100;  // the vault refuses more than 200

const Operation& row(OperationId id) {
  const Operation* operation = find_operation(id);
  SALLYPORT_ENSURE(operation != nullptr);
  return *operation;
}

/// libc's fstat() may be newfstatat(), which takes paths as well and is not in the session's sandbox for that.
std::uint64_t size_of(const base::UniqueFd& file) {
  struct stat status {};
  return file && ::syscall(SYS_fstat, file.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// Failures that mean "this proof does not count". All else (sealed, disk full, ...) is said as it is.
bool means_not_accepted(Errc code) noexcept {
  switch (code) {
    case Errc::unauthenticated:
    case Errc::denied:
    case Errc::not_found:
    case Errc::invalid:
    case Errc::conflict:
    case Errc::locked_out:
    case Errc::limit:
      return true;
    default:
      return false;
  }
}

Result<Record> decode_reply(OperationId operation, Frame&& frame) {
  SALLYPORT_TRY(const auto payload, reply_result(std::move(frame)));
  return decode(payload.view(), row(operation).output);
}

Result<broker::ProofAnswer> to_proof(Result<Record>&& reply) {
  if (!reply) {
    if (means_not_accepted(reply.error().code())) return broker::ProofAnswer{};
    return reply.error();
  }
  const std::string_view next = reply.value().text("next");
  const auto still = next == "otp" ? broker::Needs::code : broker::Needs::nothing;
  return broker::ProofAnswer{reply.value().flag("accepted"), still};
}

}  // namespace

std::vector<int> VaultAuthority::descriptors() const {
  std::vector<int> open{vault_.fd()};
  if (link_) open.push_back(link_.get());
  return open;
}

Result<> VaultAuthority::send(OperationId operation, const Record& record, Open open) {
  SALLYPORT_TRY(auto payload, encode(record));
  SALLYPORT_TRY(const auto id, vault_.request(operation, std::move(payload)));
  open_.emplace(id, open);
  while (vault_.wants_write()) {
    SALLYPORT_TRY(const bool writable, base::wait_for(vault_.fd(), POLLOUT, kWriteBound));
    if (!writable) return fail(Errc::timed_out, "the vault takes no more requests");
    SALLYPORT_TRYV(vault_.on_writable());
  }
  return ok();
}

Result<> VaultAuthority::begin(const broker::LoginName& login) {
  Record record(row(OperationId::auth_begin).input);
  if (login.user) record.set("user", *login.user);
  if (login.account) record.set("account", login.account->account).set("target", login.account->target);
  begun_ = login.text();
  return send(OperationId::auth_begin, record, {Kind::begin, 0});
}

Result<> VaultAuthority::ask_proof(broker::Ticket ticket, const broker::LoginName& login, OperationId operation,
                                   Record record) {
  if (!begun_) {
    SALLYPORT_TRYV(begin(login));
  }
  // One connection is one way in: a client that changes its mind about the name starts anew.
  if (*begun_ != login.text()) {
    kept_.emplace_back(broker::Reply{ticket, broker::ProofAnswer{}});
    return ok();
  }
  return send(operation, record, {Kind::proof, ticket});
}

Result<> VaultAuthority::ask(broker::Ticket ticket, broker::Question question) {
  if (auto* key = std::get_if<broker::PublicKeyProof>(&question)) {
    const auto operation = key->verified ? OperationId::auth_key_proven : OperationId::auth_key;
    Record record(row(operation).input);
    record.set("key", std::move(key->key_blob));
    return ask_proof(ticket, key->login, operation, std::move(record));
  }
  if (auto* password = std::get_if<broker::PasswordProof>(&question)) {
    Record record(row(OperationId::auth_password).input);
    record.set("password", std::move(password->password));
    return ask_proof(ticket, password->login, OperationId::auth_password, std::move(record));
  }
  if (auto* code = std::get_if<broker::CodeProof>(&question)) {
    Record record(row(OperationId::auth_otp).input);
    record.set("otp", std::move(code->code));
    return ask_proof(ticket, code->login, OperationId::auth_otp, std::move(record));
  }
  if (auto* open = std::get_if<broker::OpenRequest>(&question)) {
    client_version_ = std::move(open->client_version);
    return send(OperationId::auth_grant, Record(row(OperationId::auth_grant).input), {Kind::open, ticket});
  }
  if (auto* channel = std::get_if<broker::ChannelRequest>(&question)) {
    Record record(row(OperationId::session_channel).input);
    record.set("channel", std::uint64_t{channel->channel}).set("kind", to_string(channel->kind));
    if (!channel->text.empty()) record.set("text", channel->text);
    return send(OperationId::session_channel, record, {Kind::channel, ticket});
  }
  const auto& mark = std::get<broker::CheckpointRequest>(question).mark;
  Record record(row(OperationId::session_checkpoint).input);
  record.set("sequence", mark.sequence).set("hash", base::Bytes(mark.hash.begin(), mark.hash.end()));
  return send(OperationId::session_checkpoint, record, {Kind::checkpoint, ticket});
}

Result<> VaultAuthority::tell(const broker::Notice& notice) {
  if (!granted_) {
    if (early_.size() < kEventsASecond) early_.push_back(notice);
    return ok();
  }
  if (std::holds_alternative<broker::RecordingBegun>(notice))
    return send(OperationId::recording_begin, Record(row(OperationId::recording_begin).input), {Kind::notice, 0});
  const bool over = std::holds_alternative<broker::SessionOver>(notice);
  const auto now = std::chrono::steady_clock::now();
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    told_ = 0;
  }
  // The recording has every one of them; a flood of small files or refused requests is told to the audit log as a
  // number.
  if (!over && ++told_ > kEventsASecond) {
    ++untold_;
    return ok();
  }
  if (untold_ > 0) {
    Record record(row(OperationId::session_event).input);
    record.set("action", to_string(SessionAction::events))
        .set("detail", std::to_string(untold_) + " more at once; the recording has them")
        .set_flag("denied", false);
    untold_ = 0;
    SALLYPORT_TRYV(send(OperationId::session_event, record, {Kind::notice, 0}));
  }
  const auto operation = over ? OperationId::session_close : OperationId::session_event;
  Record record(row(operation).input);
  fill_notice(record, notice, size_of(recording_));
  return send(operation, record, {Kind::notice, 0});
}

Result<std::vector<broker::Message>> VaultAuthority::receive() {
  std::vector<broker::Message> out = std::exchange(kept_, {});
  const auto read = vault_.on_readable();
  if (!read) vault_lost();
  while (auto frame = vault_.next()) {
    SALLYPORT_TRYV(take_frame(std::move(*frame), out));
  }
  if (granted_) {
    for (const auto& notice : std::exchange(early_, {})) {
      SALLYPORT_TRYV(tell(notice));
    }
  }
  SALLYPORT_TRYV(take_link(out));
  if (granted_ && early_dial_) out.push_back(std::move(*std::exchange(early_dial_, std::nullopt)));
  // What came before the end is handed out first; the end is found again by the next call.
  if (!read && out.empty()) return read.error();
  return out;
}

void VaultAuthority::vault_lost() {
  if (lost_) return;
  lost_ = true;
  ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(loss_bound_).count()));
}

Result<> VaultAuthority::settle(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!open_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    SALLYPORT_TRY(const bool readable,
                  base::wait_for(vault_.fd(), POLLIN, std::max(left, std::chrono::milliseconds(0))));
    if (!readable) return fail(Errc::timed_out, "the vault did not answer the session's last words");
    SALLYPORT_TRYV(receive());
  }
  return ok();
}

Result<> VaultAuthority::take_frame(Frame&& frame, std::vector<broker::Message>& out) {
  if (frame.type == FrameType::push) return take_push(frame, out);
  const auto found = open_.find(frame.id);
  if (found == open_.end()) return fail(Errc::invalid, "the vault answered what was not asked");
  const Open open = found->second;
  open_.erase(found);
  if (open.kind == Kind::begin) {
    const auto begun = decode_reply(OperationId::auth_begin, std::move(frame));
    if (!begun)
      begin_error_ = begun.error();
    else if (!begun.value().flag("accepted"))
      begin_error_ = fail(Errc::denied, std::string(begun.value().text("message")));
    return ok();
  }
  if (open.kind == Kind::notice) {
    const auto heard = reply_result(std::move(frame));
    return heard ? Result<>(ok()) : Result<>(heard.error());
  }
  out.emplace_back(broker::Reply{open.ticket, answer(open, std::move(frame))});
  return ok();
}

broker::Answer VaultAuthority::answer(const Open& open, Frame&& frame) {
  if (open.kind == Kind::proof) {
    SALLYPORT_TRY(const auto proof, to_proof(begin_error_ ? Result<Record>(*begin_error_)
                                                          : decode_reply(OperationId::auth_key, std::move(frame))));
    return broker::Answer(proof);
  }
  if (open.kind == Kind::open) {
    SALLYPORT_TRY(auto record, decode_reply(OperationId::auth_grant, std::move(frame)));
    SALLYPORT_TRY(auto grant, to_grant(std::move(record), client_version_));
    granted_ = true;
    awaits_resources_ = !early_dial_;
    return broker::Answer(std::move(grant));
  }
  if (open.kind == Kind::channel) {
    SALLYPORT_TRYV(reply_result(std::move(frame)));
    return broker::Answer(broker::ChannelAllowed{});
  }
  SALLYPORT_TRY(const auto record, decode_reply(OperationId::session_checkpoint, std::move(frame)));
  broker::CheckpointSigned checkpoint{};
  const auto bytes = record.bytes("signature");
  if (bytes.size() != checkpoint.signature.size()) return fail(Errc::invalid, "the vault's signature has a wrong size");
  std::copy(bytes.begin(), bytes.end(), checkpoint.signature.begin());
  return broker::Answer(checkpoint);
}

Result<> VaultAuthority::take_push(const Frame& frame, std::vector<broker::Message>& out) {
  switch (static_cast<OperationId>(frame.code)) {
    case OperationId::push_freeze:
      out.emplace_back(broker::Freeze{});
      return ok();
    case OperationId::push_thaw:
      out.emplace_back(broker::Thaw{});
      return ok();
    case OperationId::push_channels: {
      SALLYPORT_TRY(const auto record, decode(frame.payload.view(), row(OperationId::push_channels).input));
      out.emplace_back(broker::PolicyChanged{to_policy(record.text("channels"))});
      return ok();
    }
    case OperationId::push_end: {
      SALLYPORT_TRY(const auto record, decode(frame.payload.view(), row(OperationId::push_end).input));
      out.emplace_back(broker::End{std::string(record.text("reason"))});
      return ok();
    }
    default:
      return fail(Errc::invalid, "the vault said something that is not for a session");
  }
}

void VaultAuthority::came_of_dial(broker::Message said, std::vector<broker::Message>& out) {
  awaits_resources_ = false;
  if (granted_)
    out.push_back(std::move(said));
  else
    early_dial_ = std::move(said);
}

Result<> VaultAuthority::take_link(std::vector<broker::Message>& out) {
  while (link_) {
    SALLYPORT_TRY(const bool readable, base::wait_for(link_.get(), POLLIN, std::chrono::milliseconds(0)));
    if (!readable) return ok();
    auto received = receive_link(link_.get());
    if (!received) {
      // A listener that has gone takes no session with it, but what it still owed will not come.
      link_.reset();
      if (awaits_resources_)
        out.emplace_back(broker::ResourcesFailed{fail(Errc::unavailable, "the server restarted; connect again")});
      awaits_resources_ = false;
      return ok();
    }
    auto& message = received.value();
    if (auto* resources = std::get_if<LinkResources>(&message)) {
      recording_.reset(::fcntl(resources->recording.get(), F_DUPFD_CLOEXEC, 0));
      came_of_dial(broker::Resources{std::move(resources->target), std::move(resources->recording)}, out);
    } else if (auto* failed = std::get_if<LinkFailed>(&message)) {
      came_of_dial(broker::ResourcesFailed{fail(Errc::unavailable, std::move(failed->sentence))}, out);
    } else {
      out.emplace_back(broker::End{std::move(std::get<LinkEnd>(message).sentence)});
    }
  }
  return ok();
}

}  // namespace sallyport::app
