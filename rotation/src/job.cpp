#include "sallyport/rotation/job.hpp"

namespace sallyport::rotation {

std::string_view to_string(Kind kind) noexcept { return kind == Kind::ssh_key ? "ssh_key" : "unix_password"; }

base::Result<Kind> parse_kind(std::string_view word) {
  for (const auto kind : {Kind::unix_password, Kind::ssh_key}) {
    if (word == to_string(kind)) return kind;
  }
  return base::fail(base::Errc::invalid, "a rotation is of kind unix_password or ssh_key");
}

Means means_of(const Job& job) noexcept {
  Means means;
  means.old_is_known = !job.current_secret.empty();
  means.reconcile_can_apply = job.reconcile.has_value();
  means.self_can_apply = means.old_is_known && (job.kind == Kind::ssh_key || job.login == "root");
  means.old_needs_retiring = job.kind == Kind::ssh_key && means.old_is_known;
  return means;
}

}  // namespace sallyport::rotation
