// The ssh process: binds its port, reads host keys, gives up what it does not need, and listens.
#include <sys/signalfd.h>

#include <csignal>

#include "process_context.hpp"
#include "sallyport/base/log.hpp"
#include "sallyport/base/regular_file.hpp"
#include "ssh_listener.hpp"
#include "tcp.hpp"

namespace sallyport::app {

using base::Result;
using base::UniqueFd;

namespace {

constexpr std::size_t kMaxKeyFile = 16U << 10U;
constexpr std::chrono::seconds kFirstAttach{10};

/// host_ed25519, host_ecdsa, host_rsa: those that are there.
Result<broker::HostKeys> load_host_keys(const std::filesystem::path& directory) {
  std::vector<base::SecretBytes> keys;
  for (const auto* name : {"host_ed25519", "host_ecdsa", "host_rsa"}) {
    auto key = base::read_secret_regular_file(directory / name, kMaxKeyFile);
    if (!key && key.error().code() == base::Errc::not_found) continue;
    if (!key) return key.error();
    keys.push_back(std::move(key.value()));
  }
  if (keys.empty())
    return base::fail(base::Errc::not_found, "no host key in " + directory.native() + ": sallyport init makes them");
  return broker::HostKeys::load(keys);
}

std::string public_line(const std::filesystem::path& directory) {
  const auto bytes = base::read_regular_file(directory / "host_ed25519.pub", 1024);
  if (!bytes) return {};
  std::string line(base::as_text(bytes.value()));
  line.erase(std::min(line.find_last_not_of(" \r\n") + 1, line.size()));
  return line;
}

Result<UniqueFd> child_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return base::fail_errno("can't block SIGCHLD", errno);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return base::fail_errno("can't make a signalfd", errno);
  return fd;
}

Result<> attach(SshListener& listener) {
  const auto deadline = std::chrono::steady_clock::now() + kFirstAttach;
  for (;;) {
    auto attached = listener.attach();
    if (attached || std::chrono::steady_clock::now() > deadline) return attached;
    // The vault is on its way: it listens once its store is looked at.
    (void)base::wait_for(-1, 0, std::chrono::milliseconds(50));
  }
}

Result<> serve(ProcessContext& context) {
  SALLYPORT_TRYV(broker::SshSession::init_library());
  SALLYPORT_TRY(const auto address, parse_tcp_address(context.listen));
  SALLYPORT_TRY(auto port, listen_tcp(address));
  SALLYPORT_TRY(const auto bound, local_address(port.get()));
  SALLYPORT_TRYV(drop_privileges(ProcessKind::ssh, context.identities));
  const DataPaths paths(context.options.data);
  SALLYPORT_TRY(const auto keys, load_host_keys(paths.ssh));
  SALLYPORT_TRY(auto signals, child_signals());
  const int control = context.control.get();
  SshListener listener(std::move(port), std::move(context.control), std::move(signals), context.options,
                       context.identities, keys);
  SALLYPORT_TRYV(attach(listener));
  SALLYPORT_TRYV(
      send_control(control, {.type = ControlType::ready, .address = bound.text(), .note = public_line(paths.ssh)}));
  listener.run();
  return base::ok();
}

}  // namespace

int run_ssh_process(ProcessContext context) {
  const auto served = serve(context);
  return served ? 0 : start_failed(served.error());
}

}  // namespace sallyport::app
