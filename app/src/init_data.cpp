#include "init_data.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <unistd.h>

#include <memory>

#include "sallyport/access/password.hpp"
#include "sallyport/app/server_main.hpp"
#include "sallyport/app/service.hpp"
#include "sallyport/base/clock.hpp"
#include "sallyport/base/directory.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/names.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/certs/x509_ca.hpp"
#include "sallyport/vault/slot.hpp"
#include "sallyport/vault/vault.hpp"

namespace sallyport::app {
namespace {

constexpr std::chrono::days kCaLife{3650};
constexpr std::chrono::days kServerLife{825};
constexpr std::chrono::milliseconds kHashTime{60000};

bool is_address(const std::string& name) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, name.c_str(), buffer) == 1 || ::inet_pton(AF_INET6, name.c_str(), buffer) == 1;
}

certs::ServerNames server_names(const std::vector<std::string>& names) {
  certs::ServerNames out;
  out.ips = {"127.0.0.1", "::1"};
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0' && std::string_view(host) != "localhost") {
    std::string lower(host);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    out.dns.push_back(lower);
  }
  for (const auto& name : names) (is_address(name) ? out.ips : out.dns).push_back(name);
  return out;
}

/// Held by descriptor: an earlier server's processes may own what stands in the data directory.
struct Places {
  base::Directory root, tls, ssh;
};

base::Result<Places> make_places(const DataPaths& paths) {
  SALLYPORT_TRYV(base::make_private_directory(paths.root));
  SALLYPORT_TRY(auto root, base::Directory::open(paths.root));
  SALLYPORT_TRY(const auto about, root.about());
  if (about.st_uid != ::geteuid())
    return base::fail(base::Errc::denied, paths.root.string() + " belongs to another user (uid " +
                                              std::to_string(about.st_uid) + "): chown it to yours, or name another");
  for (const auto& other : {paths.run, paths.recordings}) {
    SALLYPORT_TRYV(root.make_child(other.filename(), 0700));
  }
  SALLYPORT_TRY(auto tls, root.make_child(paths.tls.filename(), 0700));
  SALLYPORT_TRY(auto ssh, root.make_child(paths.ssh.filename(), 0700));
  return Places{std::move(root), std::move(tls), std::move(ssh)};
}

struct Certificates {
  certs::Issued root;
  certs::Issued server;
};

base::Result<Certificates> make_certificates(const InitPlan& plan, base::WallTime now) {
  SALLYPORT_TRY(auto root, certs::make_ca("Sallyport CA", now, kCaLife));
  SALLYPORT_TRY(const auto ca, certs::X509Ca::load(root.certificate_pem, root.key_pem));
  SALLYPORT_TRY(auto server, ca.issue_server(server_names(plan.names), now, kServerLife));
  return Certificates{std::move(root), std::move(server)};
}

base::Result<> write_certificates(const Certificates& made, const Places& places) {
  const auto& [root, server] = made;
  SALLYPORT_TRYV(places.root.write_file("ca.key", root.key_pem.expose(), 0600));
  SALLYPORT_TRYV(places.tls.write_file("ca.pem", base::as_bytes(root.certificate_pem), 0644));
  SALLYPORT_TRYV(places.tls.write_file("server.key", server.key_pem.expose(), 0600));
  return places.tls.write_file("server.pem", base::as_bytes(server.certificate_pem), 0644);
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

base::Result<> write_pem_key(const base::Directory& directory, const std::string& name, const Key& key) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
  if (!key || !bio || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return base::fail(base::Errc::internal, "can't make the host key " + name);
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  const auto pem = base::SecretBytes::take({reinterpret_cast<std::uint8_t*>(data), static_cast<std::size_t>(size)});
  return directory.write_file(name, pem.expose(), 0600);
}

// Ed25519 for most, the two others for clients that know no better (JSch, old appliances).
base::Result<> make_host_keys(const base::Directory& directory) {
  SALLYPORT_TRY(const auto pair, certs::generate_ssh_key("sallyport"));
  SALLYPORT_TRYV(directory.write_file("host_ed25519", pair.private_pem.expose(), 0600));
  SALLYPORT_TRYV(directory.write_file("host_ed25519.pub", base::as_bytes(pair.public_line + "\n"), 0644));
  SALLYPORT_TRYV(write_pem_key(directory, "host_ecdsa", Key(EVP_EC_gen("P-256"))));
  return write_pem_key(directory, "host_rsa", Key(EVP_RSA_gen(3072)));
}

base::Result<> make_vault(const InitPlan& plan, const base::Clock& clock) {
  vault::NewSlots slots;
  slots.development = plan.development;
  if (plan.passphrase) slots.passphrase = &*plan.passphrase;
  return vault::Vault::create(plan.data, slots, clock);
}

// One request to a service in this process, as its operator.
base::Result<Record> ask(Service& service, OperationId operation, const Record& input) {
  SALLYPORT_TRY(auto payload, encode(input));
  std::vector<Request> batch(1);
  batch.front().peer.kind = PeerKind::operator_;
  batch.front().peer.id = 1;
  batch.front().peer.pid = ::getpid();
  batch.front().peer.uid = ::geteuid();
  batch.front().request_id = 1;
  batch.front().operation = operation;
  batch.front().payload = std::move(payload);
  std::vector<Outgoing> out;
  service.run_batch(std::move(batch), out);
  while (out.empty()) {  // the answer waits for a hash
    SALLYPORT_TRY(const bool ready, base::wait_for(service.wakeup_fd(), POLLIN, kHashTime));
    if (!ready) return base::fail(base::Errc::timed_out, "hashing takes too long");
    service.run_deferred(out);
  }
  SALLYPORT_TRY(const auto answer, reply_result(std::move(out.front().frame)));
  return decode(answer.view(), find_operation(operation)->output);
}

/// `development`: whether a slot that opens by itself may be tried.
base::Result<std::unique_ptr<Service>> opened(const InitPlan& plan, bool development) {
  ServiceConfig config;
  config.data = plan.data;
  config.dev = development;
  SALLYPORT_TRY(auto service, Service::create(config));
  if (service->sealed()) {
    if (!plan.passphrase) return base::fail(base::Errc::sealed, "the vault's passphrase is needed");
    Record unseal(find_operation(OperationId::unseal)->input);
    unseal.set("passphrase", plan.passphrase->clone());
    SALLYPORT_TRYV(ask(*service, OperationId::unseal, unseal));
  }
  return service;
}

base::Result<> make_administrator(const InitPlan& plan, bool development) {
  SALLYPORT_TRY(const auto service, opened(plan, development));
  Record bootstrap(find_operation(OperationId::user_bootstrap)->input);
  bootstrap.set("name", plan.admin).set("password", plan.password.clone());
  SALLYPORT_TRYV(ask(*service, OperationId::user_bootstrap, bootstrap));
  return base::ok();
}

}  // namespace

base::Result<> check_unused(const std::filesystem::path& data) {
  const DataPaths paths(data);
  std::error_code ignored;
  for (const auto& file : {paths.header, paths.store}) {
    if (std::filesystem::exists(file, ignored))
      return base::fail(base::Errc::exists, "there is a vault in " + data.string() + " already");
  }
  return base::ok();
}

base::Result<> check_names(const InitPlan& plan) {
  SALLYPORT_TRYV(make_certificates(plan, base::SystemClock().wall()));
  return base::ok();
}

base::Result<> check_answers(const InitPlan& plan) {
  if (plan.passphrase) {
    SALLYPORT_TRYV(vault::check_passphrase(*plan.passphrase));
  }
  SALLYPORT_TRYV(base::check_name(plan.admin, "user"));
  return access::check_password(plan.password);
}

base::Result<> check_no_user(const Record& status) {
  if (status.text("state") != "unsealed") return base::fail(base::Errc::sealed, "the vault is sealed");
  if (!status.flag("users")) return base::ok();
  return base::fail(base::Errc::conflict, "there are users already; an administrator adds more");
}

base::Result<> check_no_user(const InitPlan& plan) {
  SALLYPORT_TRY(const auto service, opened(plan, true));
  SALLYPORT_TRY(const auto status,
                ask(*service, OperationId::status, Record(find_operation(OperationId::status)->input)));
  return check_no_user(status);
}

base::Result<> add_administrator(const InitPlan& plan) {
  SALLYPORT_TRYV(check_answers(plan));
  return make_administrator(plan, true);
}

base::Result<> init_data(const InitPlan& plan) {
  SALLYPORT_TRYV(check_unused(plan.data));
  SALLYPORT_TRYV(check_answers(plan));
  const DataPaths paths(plan.data);
  const base::SystemClock clock;
  // The names are looked at here, before anything is written.
  SALLYPORT_TRY(const auto certificates, make_certificates(plan, clock.wall()));
  SALLYPORT_TRY(const auto places, make_places(paths));
  // The vault comes after what a second init would make anew: what is left to do then is the administrator alone.
  SALLYPORT_TRYV(write_certificates(certificates, places));
  SALLYPORT_TRYV(make_host_keys(places.ssh));
  SALLYPORT_TRYV(make_vault(plan, clock));
  return make_administrator(plan, plan.development);
}

}  // namespace sallyport::app
