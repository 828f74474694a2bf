#include "sallyport/app/service.hpp"

#include <algorithm>

#include "argon_pool.hpp"
#include "authorise.hpp"
#include "batch.hpp"
#include "sallyport/base/log.hpp"
#include "service_state.hpp"

namespace sallyport::app {

using base::Errc;
using base::Result;

class Service::Impl {
 public:
  Impl(ServiceConfig config, std::unique_ptr<ArgonPool> pool) : pool_(std::move(pool)) {
    state_.clock = config.clock != nullptr ? config.clock : &system_clock_;
    state_.boot = base::boot_id();
    state_.policy.otp_window = config.otp_window;
    state_.config = std::move(config);
  }

  Result<> open_by_development_slot();
  void run(std::vector<Request>&& requests, std::vector<Outgoing>& out);
  void run_deferred(std::vector<Outgoing>& out);
  void tick(std::vector<Outgoing>& out);
  void peer_gone(std::uint64_t peer, std::vector<Outgoing>& out);
  void protocol_violation(const Peer& peer, std::uint16_t asked);

  base::SystemClock system_clock_;  // before the state: a vault that is closed asks the time once more
  ServiceState state_;
  std::unique_ptr<ArgonPool> pool_;

 private:
  struct Deferred {
    Request request;
    std::shared_ptr<HashWork> work;
  };
  void defer(BatchItem&& item, std::vector<Outgoing>& out);
  void refuse(std::uint64_t id, std::vector<Outgoing>& out);
  void run_items(std::vector<BatchItem>& items, std::vector<Outgoing>& out);

  std::map<std::uint64_t, Deferred> deferred_;
  std::uint64_t last_deferred_ = 0;
  base::MonoTime next_sweep_{};
};

Result<> Service::Impl::open_by_development_slot() {
  const auto root = vault::unlock_with_development_key(state_.config.data);
  if (!root && root.error().code() == Errc::not_found) {
    // A vault without such a slot starts sealed, in development too.
    base::log(base::LogLevel::warning, "vault.not_opened", {{"why", root.error().describe()}});
    return base::ok();
  }
  if (!root) return root.error();
  return open_vault(state_, root.value(), "system:vault", "by the development slot");
}

void Service::Impl::run(std::vector<Request>&& requests, std::vector<Outgoing>& out) {
  std::vector<BatchItem> items;
  items.reserve(requests.size());
  for (auto& request : requests) items.push_back({std::move(request), nullptr});
  run_items(items, out);
}

void Service::Impl::run_items(std::vector<BatchItem>& items, std::vector<Outgoing>& out) {
  Batch batch(state_);
  batch.run(items, out);
  for (auto& item : items) {
    if (item.work && !item.computed) defer(std::move(item), out);
  }
}

void Service::Impl::defer(BatchItem&& item, std::vector<Outgoing>& out) {
  const auto id = ++last_deferred_;
  const auto left_out = pool_->submit(id, item.work->share, [work = item.work] { work->compute(); });
  deferred_.emplace(id, Deferred{std::move(item.request), std::move(item.work)});
  if (left_out) refuse(*left_out, out);
}

void Service::Impl::refuse(std::uint64_t id, std::vector<Outgoing>& out) {
  const auto node = deferred_.extract(id);
  if (node.empty()) return;  // its peer has gone
  const auto& request = node.mapped().request;
  state_.strangers.leave_out("too many sign-ins", state_.clock->mono());
  out.push_back({request.peer.id, error_reply(request.request_id, fail(Errc::limit, std::string(kTooManySignIns)))});
}

void Service::Impl::run_deferred(std::vector<Outgoing>& out) {
  std::vector<BatchItem> items;
  for (const auto id : pool_->take_finished()) {
    auto node = deferred_.extract(id);
    if (node.empty()) continue;  // its peer has gone
    items.push_back({std::move(node.mapped().request), std::move(node.mapped().work), true});
  }
  if (!items.empty()) run_items(items, out);
}

void Service::Impl::tick(std::vector<Outgoing>& out) {
  end_overdue_connections(state_, out);
  end_processes(state_, out);
  const auto now = state_.clock->mono();
  if (!state_.vault || now < next_sweep_) return;
  next_sweep_ = now + base::Milliseconds{200};
  Batch(state_).sweep(out);
}

void Service::Impl::peer_gone(std::uint64_t peer, std::vector<Outgoing>& out) {
  std::erase_if(deferred_, [&](const auto& entry) {
    const bool gone = entry.second.request.peer.id == peer;
    if (gone) pool_->withdraw(entry.first);
    return gone;
  });
  std::erase_if(state_.rotations, [&](const auto& entry) { return entry.second == peer; });
  state_.rotators.erase(peer);
  if (state_.listener == peer) state_.listener.reset();
  Batch(state_).end_connection(peer, out);
}

void Service::Impl::protocol_violation(const Peer& peer, std::uint16_t asked) {
  const auto* operation = find_operation(asked);
  const std::string name = operation == nullptr ? "operation " + std::to_string(asked) : std::string(operation->name);
  base::log(base::LogLevel::warning, "peer.violation", {{"kind", std::string(to_string(peer.kind))}, {"asked", name}});
  if (state_.vault) Batch(state_).note_violation(peer, name);
}

Result<std::unique_ptr<Service>> Service::create(ServiceConfig config) {
  constexpr std::size_t kWorkers = 2;
  constexpr std::size_t kWaiting = 64;
  SALLYPORT_TRY(auto pool, ArgonPool::start(kWorkers, kWaiting));
  const bool dev = config.dev;
  auto impl = std::make_unique<Impl>(std::move(config), std::move(pool));
  if (dev) {
    SALLYPORT_TRYV(impl->open_by_development_slot());
  }
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;
void Service::run_batch(std::vector<Request>&& requests, std::vector<Outgoing>& out) {
  impl_->run(std::move(requests), out);
}
void Service::run_deferred(std::vector<Outgoing>& out) { impl_->run_deferred(out); }
int Service::wakeup_fd() const { return impl_->pool_->wakeup_fd(); }
void Service::tick(std::vector<Outgoing>& out) { impl_->tick(out); }
void Service::peer_gone(std::uint64_t peer_id, std::vector<Outgoing>& out) { impl_->peer_gone(peer_id, out); }
void Service::protocol_violation(const Peer& peer, std::uint16_t asked) { impl_->protocol_violation(peer, asked); }
bool Service::sealed() const { return impl_->state_.vault == nullptr; }

}  // namespace sallyport::app
