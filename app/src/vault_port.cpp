#include "vault_port.hpp"

#include "sallyport/base/text.hpp"

namespace sallyport::app {

using base::Result;

namespace {

constexpr std::chrono::seconds kAnswer{15};
constexpr std::size_t kMaxDetail = 500;

}  // namespace

Result<std::optional<rotation::Job>> to_job(Record&& record) {
  if (!record.has("id")) return std::nullopt;
  SALLYPORT_TRY(auto id, base::RotationId::parse(record.text("id")));
  SALLYPORT_TRY(const auto kind, rotation::parse_kind(record.text("kind")));
  SALLYPORT_TRY(const auto journal, rotation::decode_journal(record.text("journal")));
  std::vector<base::Bytes> pins;
  for (const auto& pin : record.list("host_keys")) pins.emplace_back(pin.bytes("key").begin(), pin.bytes("key").end());
  rotation::Job job{.id = std::move(id),
                    .account = std::string(record.text("account")),
                    .login = std::string(record.text("login")),
                    .host = std::string(record.text("host")),
                    .port = static_cast<std::uint16_t>(record.number("port")),
                    .host_keys = std::move(pins),
                    .kind = kind,
                    .current_secret = record.has("current") ? record.take_secret("current") : base::SecretBytes(),
                    .pending_secret = record.take_secret("pending"),
                    .reconcile = std::nullopt,
                    .journal = journal};
  if (record.has("reconcile_secret")) {
    SALLYPORT_TRY(const auto by, rotation::parse_kind(record.text("reconcile_kind")));
    job.reconcile.emplace(
        rotation::Reconcile{std::string(record.text("reconcile_login")), by, record.take_secret("reconcile_secret")});
  }
  return std::optional<rotation::Job>(std::move(job));
}

Result<std::optional<rotation::Job>> VaultPort::ask() {
  SALLYPORT_TRY(auto nothing, encode(Record(find_operation(OperationId::rotation_next)->input)));
  SALLYPORT_TRY(const auto payload, client_.call(OperationId::rotation_next, std::move(nothing), kAnswer));
  SALLYPORT_TRY(auto record, decode(payload.view(), find_operation(OperationId::rotation_next)->output));
  return to_job(std::move(record));
}

Result<std::optional<rotation::Job>> VaultPort::next(std::chrono::milliseconds wait) {
  SALLYPORT_TRY(auto job, ask());
  if (job) return job;
  SALLYPORT_TRY(const auto push, client_.wait_push(wait));
  if (!push || push->code != static_cast<std::uint16_t>(OperationId::push_rotation_work)) return std::nullopt;
  return ask();
}

Result<> VaultPort::send(const base::RotationId& id, const rotation::Progress& progress,
                         std::optional<rotation::End> end) {
  Record record(find_operation(OperationId::rotation_record)->input);
  record.set("id", id.text()).set("journal", rotation::encode(progress.journal));
  record.set("outcome", to_string(progress.outcome))
      .set("detail", std::string_view(progress.detail).substr(0, kMaxDetail));
  if (end) record.set("end", to_string(*end));
  SALLYPORT_TRY(auto payload, encode(record));
  SALLYPORT_TRYV(client_.call(OperationId::rotation_record, std::move(payload), kAnswer));
  return base::ok();
}

Result<> VaultPort::record(const base::RotationId& id, const rotation::Progress& progress) {
  return send(id, progress, std::nullopt);
}

Result<> VaultPort::finish(const base::RotationId& id, rotation::End end, const rotation::Progress& progress) {
  return send(id, progress, end);
}

}  // namespace sallyport::app
