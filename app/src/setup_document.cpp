#include "setup_document.hpp"

#include "record_json.hpp"
#include "sallyport/base/regular_file.hpp"

namespace sallyport::app {
namespace {

// Of the ready file, what a client elsewhere can use.
constexpr auto kReady =
    std::to_array<Field>({{"ssh", FieldType::text, 300, true, ""}, {"host_key", FieldType::text, 8192, true, ""}});

}  // namespace

base::Result<std::string> setup_document(const DataPaths& paths) {
  const auto bytes = base::read_regular_file(paths.ready, kMaxSetup);
  if (!bytes) return base::fail(base::Errc::unavailable, "the server is not ready yet");
  SALLYPORT_TRY(const auto ready, from_json(bytes.value(), kReady, Unknown::pass_over));
  SALLYPORT_TRY(auto ca, base::read_regular_file(paths.tls / "ca.pem", kMaxSetup));
  Record out(kSetupFields);
  out.set("ca", std::move(ca)).set("ssh", ready.text("ssh")).set("host_key", ready.text("host_key"));
  SALLYPORT_TRY(const auto text, to_json(out, "\"schema\":\"sallyport.setup/1\""));
  return std::string(base::as_text(text.view()));
}

}  // namespace sallyport::app
