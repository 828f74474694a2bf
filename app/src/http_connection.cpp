#include "http_connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/write.hpp>

#include "record_json.hpp"
#include "sallyport/app/openapi.hpp"
#include "sallyport/base/ids.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/broker/connection_limits.hpp"
#include "setup_document.hpp"

namespace sallyport::app {

namespace asio = boost::asio;
using base::Errc;
using base::fail;

namespace {

constexpr std::size_t kRead = 16U << 10U;
constexpr std::size_t kPiece = 64U << 10U;
constexpr std::chrono::seconds kGoodbye{2};

/// "<session id>.spr" and nothing else: the name comes from the vault, and is looked at all the same.
bool is_recording_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".spr";
  return name.ends_with(kSuffix) && base::is_id_text(name.substr(0, name.size() - kSuffix.size()));
}

}  // namespace

HttpConnection::HttpConnection(Socket socket, asio::ssl::context& tls, VaultLink& vault, const HttpServerConfig& config,
                               std::string source, Events events)
    : stream_(std::move(socket), tls),
      vault_(vault),
      config_(config),
      source_(std::move(source)),
      events_(std::move(events)),
      in_(kRead + kMaxHead) {
  allow(config_.patience);
}

HttpConnection::~HttpConnection() {
  if (asked_ != 0) vault_.forget(asked_);
  base::wipe(in_);
  base::wipe(body_);
  events_.gone();
}

void HttpConnection::start() {
  Code ignored;
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  stream_.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const Code& problem) {
    if (problem) return self->abort();
    self->allow(self->config_.idle);
    self->read_head();
  });
}

void HttpConnection::abort() {
  Code ignored;
  stream_.next_layer().close(ignored);
  hold_.reset();
}

void HttpConnection::look(Clock::time_point now) {
  if (!writes_since_ || now - *writes_since_ <= config_.stall) return;
  writes_since_.reset();
  stuck_ = true;
  events_.rests();
}

void HttpConnection::close() {
  allow(kGoodbye);
  stream_.async_shutdown([self = shared_from_this()](const Code&) { self->abort(); });
}

void HttpConnection::read_head() {
  if (const auto size = head_end(base::ByteView(in_).first(used_))) return on_head(*size);
  if (used_ >= kMaxHead) {
    keep_alive_ = false;
    request_id_ = base::random_id_text();
    return refuse(fail(Errc::invalid, "the request's head is too long"), 431);
  }
  stream_.async_read_some(asio::buffer(in_.data() + used_, in_.size() - used_),
                          [self = shared_from_this()](const Code& problem, std::size_t got) {
                            if (problem) return self->abort();
                            if (self->used_ == 0) self->allow(self->config_.patience);
                            self->used_ += got;
                            self->read_head();
                          });
}

void HttpConnection::on_head(std::size_t size) {
  request_id_ = base::random_id_text();
  auto head = parse_head(base::ByteView(in_).first(size));
  base::wipe(base::MutableByteView(in_).first(size));
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(size), in_.begin() + static_cast<std::ptrdiff_t>(used_),
            in_.begin());
  used_ -= size;
  keep_alive_ = head.has_value() && head.value().keep_alive;
  if (!head) return refuse(head.error());  // where the next request begins is not known any more
  begin_request(head.value());
}

void HttpConnection::begin_request(HttpHead& head) {
  const auto length = head.content_length.value_or(0);
  const auto give_up = [&](const base::Error& error, unsigned status = 0) {
    if (length > 0) keep_alive_ = false;  // its body stays unread
    refuse(error, status);
  };
  if (head.method == "GET" && head.target == "/healthz" && length == 0) {
    return send(
        response({.request_id = request_id_, .keep_alive = keep_alive_}, base::as_bytes("{\"alive\":true}"), false));
  }
  if (head.method == "GET" && (head.target == "/openapi.json" || head.target == "/v1/openapi.json") && length == 0) {
    static const auto document = openapi_document();
    return send(response({.request_id = request_id_, .keep_alive = keep_alive_}, base::as_bytes(document), false));
  }
  if (head.method == "GET" && head.target == kSetupPath && length == 0) {
    const auto document = setup_document(DataPaths(config_.data));
    if (!document) return give_up(document.error());
    return send(
        response({.request_id = request_id_, .keep_alive = keep_alive_}, base::as_bytes(document.value()), false));
  }
  auto call = begin_call(head.method, head.target);
  if (!call) return give_up(call.error());
  if (length > call.value().body_limit)
    return give_up(fail(Errc::invalid, "the body is too long for this operation"), 413);
  if (length > 0 && head.content_type != "application/json")
    return give_up(fail(Errc::invalid, "send application/json"), 415);
  token_.reset();
  if (call.value().operation->access.who() != Access::Who::anyone) {
    auto token = bearer_token(head.authorization ? head.authorization->expose_text() : std::string_view{});
    if (!token) return give_up(token.error());
    token_ = std::move(token).value();
  }
  call_ = std::move(call).value();
  read_body(length);
}

void HttpConnection::read_body(std::uint64_t length) {
  const auto size = static_cast<std::size_t>(length);
  body_have_ = 0;
  // Who sends slowly, or is nobody, holds no locked memory: it is scarce, and shared by all.
  base::wipe(body_);
  body_.resize(size);
  const auto there = std::min(used_, size);
  std::copy_n(in_.begin(), there, body_.begin());
  base::wipe(base::MutableByteView(in_).first(there));
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(there), in_.begin() + static_cast<std::ptrdiff_t>(used_),
            in_.begin());
  used_ -= there;
  body_have_ = there;
  fill_body();
}

/// Reading JSON takes some times its size beside it, and must not use up the slab.
base::Result<base::SecretBytes> HttpConnection::locked_body() {
  constexpr std::size_t kTimes = 6;
  if (base::LockedMemory::used() + body_.size() * kTimes > config_.slab / 2)
    return fail(Errc::unavailable, "too many requests at once; try again");
  auto locked = base::SecretBytes::copy(body_);
  base::wipe(body_);
  return locked;
}

void HttpConnection::fill_body() {
  const auto rest = base::MutableByteView(body_).subspan(body_have_);
  if (rest.empty()) return dispatch();
  stream_.async_read_some(asio::buffer(rest.data(), rest.size()),
                          [self = shared_from_this()](const Code& problem, std::size_t got) {
                            if (problem) return self->abort();
                            self->body_have_ += got;
                            self->fill_body();
                          });
}

void HttpConnection::dispatch() {
  events_.works();
  const auto taken = base::within_memory([this]() -> base::Result<> {
    if (!call_->secret_body || body_.empty()) return take_body(*call_, body_);
    SALLYPORT_TRY(const auto locked, locked_body());
    return take_body(*call_, locked.expose());
  });
  if (!taken) return refuse(taken.error());
  proves_ = token_.has_value() || call_->operation->id == OperationId::login;
  static const base::SecretBytes none;
  auto payload =
      base::within_memory([&] { return encode_call(*call_, token_ ? *token_ : none, source_, request_id_); });
  token_.reset();
  if (!payload) return refuse(payload.error());
  allow(config_.answer);
  asked_ = vault_.ask(call_->operation->id, std::move(payload).value(), broker::source_key(source_),
                      [weak = weak_from_this()](base::Result<Payload> answer) {
                        if (const auto self = weak.lock()) self->on_answer(std::move(answer));
                      });
  hold_ = asked_ != 0 ? shared_from_this() : nullptr;
}

void HttpConnection::on_answer(base::Result<Payload> answer) {
  const auto self = shared_from_this();
  hold_.reset();
  asked_ = 0;
  if (!answer) return refuse(answer.error());
  if (proves_) events_.proven();
  auto record = base::within_memory([&] { return decode(answer.value().view(), call_->operation->output); });
  if (!record && record.error().code() == Errc::unavailable) return refuse(record.error());
  if (!record) return refuse(fail(Errc::internal, "the vault's answer can't be read"));
  if (call_->operation->streams) return send_file(record.value());
  const unsigned status = call_->operation->id == OperationId::health && !record.value().flag("writable") ? 503 : 200;
  auto said = base::within_memory([&]() -> base::Result<Payload> {
    SALLYPORT_TRY(const auto json, to_json(record.value()));
    return response({.status = status, .request_id = request_id_, .keep_alive = keep_alive_}, json.view(),
                    json.locked());
  });
  if (!said) return refuse(said.error());
  send(std::move(said).value());
}

void HttpConnection::refuse(const base::Error& error, unsigned status) {
  const auto text = error_json(error, request_id_);
  send(response({.status = status != 0 ? status : http_status(error.code()),
                 .request_id = request_id_,
                 .keep_alive = keep_alive_},
                base::as_bytes(text), false));
}

void HttpConnection::send(Payload message) {
  out_ = std::move(message);
  call_.reset();
  allow(config_.patience);
  writes_since_ = Clock::now();
  const auto view = out_.view();
  asio::async_write(stream_, asio::buffer(view.data(), view.size()),
                    [self = shared_from_this()](const Code& problem, std::size_t) {
                      self->out_ = Payload();
                      self->writes_since_.reset();
                      if (std::exchange(self->stuck_, false)) self->events_.works();
                      if (problem) return self->abort();
                      if (self->file_) return self->next_piece();
                      self->finished();
                    });
}

void HttpConnection::finished() {
  if (!keep_alive_) return close();
  events_.rests();
  allow(config_.idle);
  read_head();
}

/// A recording as it is now; a live one goes on growing, and the client may ask again.
void HttpConnection::send_file(const Record& record) {
  const std::string name(record.text("file"));
  if (!is_recording_name(name)) return refuse(fail(Errc::corrupt, "the recording has no proper file name"));
  base::UniqueFd file(::open((config_.recordings / name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return refuse(fail(Errc::not_found, "the recording's file is missing"));
  }
  file_ = std::move(file);
  file_left_ = static_cast<std::uint64_t>(facts.st_size);
  const auto head = response_head({.request_id = request_id_,
                                   .content_type = "application/octet-stream",
                                   .length = file_left_,
                                   .keep_alive = keep_alive_});
  send(Payload(base::to_bytes(head)));
}

void HttpConnection::next_piece() {
  base::Bytes piece(std::min<std::uint64_t>(kPiece, file_left_));
  const auto got = piece.empty() ? 0 : ::read(file_.get(), piece.data(), piece.size());
  if (got < 0 || (got == 0 && file_left_ > 0)) return abort();  // the length that was promised can't be kept
  piece.resize(static_cast<std::size_t>(got));
  file_left_ -= static_cast<std::uint64_t>(got);
  if (file_left_ == 0) file_.reset();
  if (piece.empty()) return finished();
  send(Payload(std::move(piece)));
}

}  // namespace sallyport::app
