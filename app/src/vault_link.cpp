#include "vault_link.hpp"

#include <algorithm>

#include "sallyport/base/log.hpp"

namespace sallyport::app {

namespace asio = boost::asio;
using base::Errc;
using base::fail;

namespace {
constexpr std::chrono::milliseconds kRetry{200};
constexpr std::size_t kMaxWaiting = 200;  // below what the vault lets one peer have open
}  // namespace

VaultLink::VaultLink(asio::io_context& io, std::filesystem::path socket)
    : socket_(std::move(socket)), retry_(io), descriptor_(io) {}

VaultLink::~VaultLink() {
  if (descriptor_.is_open()) descriptor_.release();
}

void VaultLink::start() { connect(); }

void VaultLink::connect() {
  auto made = VaultConnection::connect(socket_);
  boost::system::error_code problem;
  if (made) {
    connection_.emplace(std::move(made).value());
    descriptor_.assign(connection_->fd(), problem);
    ++generation_;
    writing_ = false;
    if (!problem) return wait_readable();
    connection_.reset();
  }
  retry_.expires_after(kRetry);
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) connect();
  });
}

void VaultLink::lost(const base::Error& why) {
  base::log(base::LogLevel::warning, "vault.lost", {{"why", why.describe()}});
  descriptor_.release();
  connection_.reset();
  auto orphans = std::exchange(waiting_, {});
  // The outcome of what was under way is unknown: the person is told to look before he tries again.
  for (auto& [id, one] : orphans) {
    if (one.answer)
      one.answer(fail(Errc::unavailable, "the vault went away; look whether it was done before you try again"));
  }
  retry_.expires_after(kRetry);
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) connect();
  });
}

std::size_t VaultLink::waiting_of(const std::string& source) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(waiting_, [&](const auto& entry) { return entry.second.source == source; }));
}

void VaultLink::forget(std::uint64_t id) {
  if (const auto found = waiting_.find(id); found != waiting_.end()) found->second.answer = nullptr;
}

std::uint64_t VaultLink::ask(OperationId operation, base::SecretBytes payload, std::string source, Answer answer) {
  if (!connection_) {
    answer(fail(Errc::unavailable, "the vault is not there; try again in a moment"));
    return 0;
  }
  if (waiting_of(source) >= kMaxWaiting - waiting_.size()) {
    answer(fail(Errc::limit, "too many requests at once; try again"));
    return 0;
  }
  auto sent = connection_->request(operation, Payload(std::move(payload)));
  if (!sent) {
    answer(std::move(sent).error());
    return 0;
  }
  waiting_.emplace(sent.value(), Waiting{std::move(source), std::move(answer)});
  flush();
  return sent.value();
}

void VaultLink::flush() {
  if (!connection_ || writing_ || !connection_->wants_write()) return;
  writing_ = true;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                         [this, mine = generation_](const boost::system::error_code& problem) {
                           if (problem || mine != generation_ || !connection_) return;
                           writing_ = false;
                           const auto written = connection_->on_writable();
                           if (!written) return lost(written.error());
                           flush();
                         });
}

void VaultLink::wait_readable() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this, mine = generation_](const boost::system::error_code& problem) {
                           if (problem || mine != generation_ || !connection_) return;
                           const auto read = connection_->on_readable();
                           deliver();
                           if (!read) return lost(read.error());
                           if (connection_) wait_readable();
                         });
}

void VaultLink::deliver() {
  while (connection_) {
    auto frame = connection_->next();
    if (!frame) return;
    if (frame->type != FrameType::reply) continue;
    auto node = waiting_.extract(frame->id);
    if (!node.empty() && node.mapped().answer) node.mapped().answer(reply_result(std::move(*frame)));
  }
}

}  // namespace sallyport::app
