#include "vault_authority.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "child_link.hpp"
#include "session_action.hpp"

namespace sallyport::app {

using base::Errc;
using base::fail;
using base::ok;
using base::Result;

namespace {

constexpr std::chrono::milliseconds kWriteBound{2000};
constexpr std::size_t kAtOnce = 12;        // events in one request: the row's bound
constexpr std::size_t kUnderWay = 8;       // requests that the vault has not answered
constexpr std::size_t kMaxWaiting = 32;    // events that wait for those
constexpr unsigned kEventsASecond = 2000;  // the vault refuses more than 5000
constexpr unsigned kRefusalsASecond = 50;  // of those that do not count

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
    if (!means_not_accepted(reply.error().code())) return reply.error();
    return broker::ProofAnswer{};
  }
  if (!reply.value().flag("accepted"))
    return broker::ProofAnswer{false, broker::Needs::nothing, std::string(reply.value().text("message"))};
  const std::string_view next = reply.value().text("next");
  const auto still = next == "otp" ? broker::Needs::code : broker::Needs::nothing;
  return broker::ProofAnswer{reply.value().flag("accepted"), still};
}

base::Bytes raw(std::string_view text) {
  const auto bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::string_view to_word(broker::ProofRefused::Why why) noexcept {
  switch (why) {
    case broker::ProofRefused::Why::key_type:
      return "key_type";
    case broker::ProofRefused::Why::size:
      return "size";
    case broker::ProofRefused::Why::second_name:
      break;
  }
  return "second_name";
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

Result<> VaultAuthority::begin(const broker::LoginName& login, const std::string& written) {
  Record record(row(OperationId::auth_begin).input);
  if (login.user) record.set("user", *login.user);
  if (login.account) record.set("account", login.account->account).set("target", login.account->target);
  record.set("written", raw(written));
  begun_ = written;
  return send(OperationId::auth_begin, record, {Kind::begin, 0});
}

template <class Proof>
Result<> VaultAuthority::ask_proof(broker::Ticket ticket, const Proof& proof, OperationId operation, Record record) {
  if (!begun_) {
    SALLYPORT_TRYV(begin(proof.login, proof.written));
  }
  // One connection is one way in: a client that changes its mind about the name starts anew. What is kept is handed out
  // with the vault's next word, which is the answer to this notice.
  if (*begun_ != proof.written) {
    kept_.emplace_back(broker::Reply{ticket, broker::ProofAnswer{}});
    return tell(broker::ProofRefused{broker::ProofRefused::Why::second_name, proof.written});
  }
  if (operation != OperationId::auth_key) record.set("written", raw(proof.written));
  return send(operation, record, {Kind::proof, ticket});
}

Result<> VaultAuthority::tell_refused(const broker::ProofRefused& refused) {
  Record record(row(OperationId::auth_begin).input);
  record.set("refused", to_word(refused.why)).set("written", raw(refused.written));
  ++notices_open_;
  return send(OperationId::auth_begin, record, {Kind::notice, 0});
}

Result<> VaultAuthority::ask(broker::Ticket ticket, broker::Question question) {
  if (auto* key = std::get_if<broker::PublicKeyProof>(&question)) {
    const auto operation = key->verified ? OperationId::auth_key_proven : OperationId::auth_key;
    Record record(row(operation).input);
    record.set("key", std::move(key->key_blob));
    return ask_proof(ticket, *key, operation, std::move(record));
  }
  if (auto* password = std::get_if<broker::PasswordProof>(&question)) {
    Record record(row(OperationId::auth_password).input);
    record.set("password", std::move(password->password));
    return ask_proof(ticket, *password, OperationId::auth_password, std::move(record));
  }
  if (auto* code = std::get_if<broker::CodeProof>(&question)) {
    Record record(row(OperationId::auth_otp).input);
    record.set("otp", std::move(code->code));
    return ask_proof(ticket, *code, OperationId::auth_otp, std::move(record));
  }
  if (auto* open = std::get_if<broker::OpenRequest>(&question)) {
    client_version_ = std::move(open->client_version);
    return send(OperationId::auth_grant, Record(row(OperationId::auth_grant).input), {Kind::open, ticket});
  }
  if (std::holds_alternative<broker::CredentialRequest>(question)) {
    return send(OperationId::recording_begin, Record(row(OperationId::recording_begin).input),
                {Kind::credential, ticket});
  }
  if (auto* channel = std::get_if<broker::ChannelRequest>(&question)) {
    Record record(row(OperationId::session_channel).input);
    record.set("channel", std::uint64_t{channel->channel}).set("kind", to_string(channel->kind));
    if (!channel->text.empty()) record.set("text", raw(shown_command(channel->text)));
    return send(OperationId::session_channel, record, {Kind::channel, ticket});
  }
  const auto& mark = std::get<broker::CheckpointRequest>(question).mark;
  Record record(row(OperationId::session_checkpoint).input);
  record.set("sequence", mark.sequence).set("hash", base::Bytes(mark.hash.begin(), mark.hash.end()));
  return send(OperationId::session_checkpoint, record, {Kind::checkpoint, ticket});
}

Result<> VaultAuthority::tell(const broker::Notice& notice) {
  if (const auto* over = std::get_if<broker::SessionOver>(&notice)) return tell_end(*over);
  if (const auto* refused = std::get_if<broker::ProofRefused>(&notice)) return tell_refused(*refused);
  const auto* denied = std::get_if<broker::RequestDenied>(&notice);
  if (denied != nullptr && !denied->counts && is_too_many()) {
    ++left_out_[denied->what];
    return ok();
  }
  auto event = to_event(notice);
  if (!event) return ok();
  ++told_;
  waiting_.push_back(std::move(*event));
  return send_waiting(kUnderWay);
}

/// Before the grant the vault takes none: what comes then waits, and there is a bound to it.
bool VaultAuthority::is_too_many() { return ++refusals_ > kRefusalsASecond || waiting_.size() >= kMaxWaiting; }

bool VaultAuthority::accepting() const { return waiting_.size() < kMaxWaiting && told_ < kEventsASecond; }

Result<> VaultAuthority::tick() {
  const auto now = std::chrono::steady_clock::now();
  if (now - second_ < std::chrono::seconds(1)) return ok();
  second_ = now;
  told_ = refusals_ = 0;
  sum_up();
  return send_waiting(kUnderWay);
}

/// What was left out, by kind and number: nothing else knows of it.
void VaultAuthority::sum_up() {
  if (left_out_.empty()) return;
  std::string text = "left out because there were too many in a second:";
  for (const auto& [what, count] : std::exchange(left_out_, {}))
    text += " " + std::to_string(count) + " x " + what + ",";
  text.pop_back();
  waiting_.push_back({SessionAction::channel_denied, std::move(text), true});
}

Result<> VaultAuthority::send_waiting(std::size_t under_way) {
  while (granted_ && !waiting_.empty() && notices_open_ < under_way) {
    Record record(row(OperationId::session_event).input);
    for (std::size_t i = 0; i < kAtOnce && !waiting_.empty(); ++i) {
      fill_event(record.add("events"), waiting_.front());
      waiting_.pop_front();
    }
    ++notices_open_;
    SALLYPORT_TRYV(send(OperationId::session_event, record, {Kind::notice, 0}));
  }
  return ok();
}

/// Everything that waits goes before it, however much is under way.
Result<> VaultAuthority::tell_end(const broker::SessionOver& over) {
  sum_up();
  SALLYPORT_TRYV(send_waiting(std::numeric_limits<std::size_t>::max()));
  Record record(row(OperationId::session_close).input);
  fill_close(record, over, size_of(recording_));
  ++notices_open_;
  return send(OperationId::session_close, record, {Kind::notice, 0});
}

Result<std::vector<broker::Message>> VaultAuthority::receive() {
  std::vector<broker::Message> out = std::exchange(kept_, {});
  const auto read = vault_.on_readable();
  if (!read) vault_lost();
  while (auto frame = vault_.next()) {
    SALLYPORT_TRYV(take_frame(std::move(*frame), out));
  }
  SALLYPORT_TRYV(send_waiting(kUnderWay));
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
      not_begun_ = broker::ProofAnswer{false, broker::Needs::nothing, std::string(begun.value().text("message"))};
    return ok();
  }
  if (open.kind == Kind::notice) {
    --notices_open_;
    const auto heard = reply_result(std::move(frame));
    if (!granted_) return ok();  // a vault that takes no such event now (it is sealed) refuses the proofs as well
    return heard ? Result<>(ok()) : Result<>(heard.error());
  }
  out.emplace_back(broker::Reply{open.ticket, answer(open, std::move(frame))});
  return ok();
}

broker::Answer VaultAuthority::answer(const Open& open, Frame&& frame) {
  if (open.kind == Kind::proof && not_begun_) return broker::Answer(*not_begun_);
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
  if (open.kind == Kind::credential) {
    SALLYPORT_TRY(auto record, decode_reply(OperationId::recording_begin, std::move(frame)));
    SALLYPORT_TRY(auto credential, to_credential(std::move(record)));
    return broker::Answer(std::move(credential));
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
    case OperationId::push_freeze: {
      SALLYPORT_TRY(const auto record, decode(frame.payload.view(), row(OperationId::push_freeze).input));
      out.emplace_back(broker::Freeze{std::string(record.text("reason"))});
      return ok();
    }
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
