// setup: from an address and a fingerprint to a client that knows its server.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "cli_advice.hpp"
#include "cli_groups.hpp"
#include "client_api.hpp"
#include "environment.hpp"
#include "output.hpp"
#include "prompts.hpp"
#include "record_json.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/regular_file.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/certs/ssh_key.hpp"
#include "sallyport/certs/x509_ca.hpp"
#include "setup_document.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxKey = 16U << 10U;

base::Error bad(std::string what) { return base::fail(base::Errc::invalid, std::move(what)); }

// "SHA256:AB:CD..." and "abcd..." are the same.
base::Result<std::string> plain_fingerprint(std::string_view text) {
  if (text.starts_with("SHA256:") || text.starts_with("sha256:")) text.remove_prefix(7);
  std::string out;
  for (const char c : text) {
    if (c != ':') out += c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  }
  const auto hex = out.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (out.size() != 64 || !hex) return bad("--fingerprint must be a SHA-256: 64 letters of 0-9 and a-f");
  return out;
}

base::Result<Record> read_document(base::ByteView bytes) {
  auto document = from_json(bytes, kSetupFields, Unknown::pass_over);
  if (!document) return base::fail(base::Errc::internal, "what answers there is no server of Sallyport");
  return document;
}

base::Result<> compare(const Invocation& line, const std::string& seen) {
  if (const auto given = line.maybe("fingerprint")) {
    SALLYPORT_TRY(const auto wanted, plain_fingerprint(*given));
    if (wanted == seen) return base::ok();
    return advise(base::fail(base::Errc::denied, "the server's CA is another one; its fingerprint is " + seen),
                  "compare it with what `sallyport setup` prints on the server's own machine");
  }
  if (!is_terminal(STDIN_FILENO)) return bad("--fingerprint is missing: stdin is no terminal, so nothing can be asked");
  fmt::print(stderr, "The server's CA has the fingerprint\n  {}\n`sallyport setup` on its machine prints the same.\n",
             seen);
  SALLYPORT_TRY(const auto answer, prompt_line("Is it the same? [y/N]"));
  if (answer == "y" || answer == "yes") return base::ok();
  return bad("not confirmed; nothing was written");
}

// "https://[::1]:8443" without scheme, port and brackets; and the port of "0.0.0.0:2222".
std::string host_of(std::string_view url) {
  url.remove_prefix(std::string_view("https://").size());
  url = url.substr(0, url.find('/'));
  if (url.starts_with('[')) return std::string(url.substr(0, url.find(']') + 1));
  return std::string(url.substr(0, url.find(':')));
}
std::string port_of(std::string_view address) { return std::string(address.substr(address.rfind(':') + 1)); }

std::string config_text(const std::string& url, const Record& document, const std::string& host_key,
                        const std::string& user) {
  auto text = fmt::format(
      "# Written by `sallyport setup`.\nserver = \"{}\"\nca = \"ca.pem\"\nssh = \"{}:{}\"\nhost_key = \"{}\"\n", url,
      host_of(url), port_of(document.text("ssh")), host_key);
  if (!user.empty()) text += fmt::format("user = \"{}\"\n", user);
  return text;
}

// A file that somebody wrote is not overwritten unasked.
base::Result<> may_write(const std::filesystem::path& file, const std::string& text, bool force) {
  const auto there = base::read_file(file, 64U << 10U);
  if (!there || force || base::as_text(there.value()) == text) return base::ok();
  if (base::as_text(there.value()).starts_with("# Written by `sallyport setup`.")) return base::ok();
  return advise(base::fail(base::Errc::exists, file.string() + " is there already"), "--force writes it anew");
}

// The CA of whoever answers, once it is the one that the fingerprint names: it alone, whatever came with it.
base::Result<std::string> proven_ca(const Invocation& line, const std::string& url) {
  SALLYPORT_TRY(const auto answer, ApiClient::get_unproven(url, std::string(kSetupPath), kMaxSetup));
  SALLYPORT_TRY(const auto offered, read_document(answer));
  auto ca = certs::only_certificate(base::as_text(offered.bytes("ca")));
  if (!ca) return ca.error().within("the server's CA");
  SALLYPORT_TRY(const auto facts, certs::inspect_certificate(ca.value()));
  SALLYPORT_TRYV(compare(line, facts.sha256));
  return ca;
}

base::Result<int> set_up(const Invocation& line, const std::string& given) {
  const auto keys = client_config_keys();
  const auto server = std::find_if(keys.begin(), keys.end(), [](const ConfigKey& key) { return key.name == "server"; });
  auto url = check_config_value(*server, given, "/");
  if (!url) return url.error().within("URL");
  SALLYPORT_TRY(const auto ca, proven_ca(line, url.value()));
  // All else is taken from an answer that this CA vouches for.
  SALLYPORT_TRY(auto client, ApiClient::create({.url = url.value(), .ca_pem = ca}));
  SALLYPORT_TRY(const auto answer, client.get(std::string(kSetupPath), kMaxSetup));
  SALLYPORT_TRY(const auto proven, read_document(answer));
  SALLYPORT_TRY(const auto host_key, certs::SshPublicKey::parse_line(proven.text("host_key")));
  const auto text = config_text(url.value(), proven, host_key.line(), line.one("user"));
  const auto directory = user_config_directory();
  const auto file = directory / "config.toml";
  SALLYPORT_TRYV(may_write(file, text, line.has("force")));
  SALLYPORT_TRYV(base::make_own_directory(directory));
  SALLYPORT_TRYV(base::write_file_atomic(directory / "ca.pem", base::as_bytes(ca), 0600));
  SALLYPORT_TRYV(base::write_file_atomic(file, base::as_bytes(text), 0600));
  SALLYPORT_TRY(const bool json, line.json());
  const auto user = line.one("user").empty() ? std::string("NAME") : line.one("user");
  SALLYPORT_TRYV(
      print_done("setup", fmt::format("written: {}\nnext: sallyport login --user {}", file.string(), user), json));
  return 0;
}

// By which name clients find this server, if the certificate has one: init puts what it was told behind the machine's
// own name and addresses. What means another machine everywhere else is no name.
std::string name_for_clients(certs::ServerNames names) {
  std::erase(names.dns, "localhost");
  std::erase_if(names.ips, [](const auto& address) { return address.starts_with("127.") || address == "::1"; });
  const bool told_address_only = names.dns.size() < 2 && !names.ips.empty();
  const auto written = [](const std::string& address) {
    return address.find(':') != std::string::npos ? "[" + address + "]" : address;
  };
  if (told_address_only) return written(names.ips.back());
  return names.dns.empty() ? std::string() : names.dns.back();
}

// Only whoever made the server has its CA's key: one that a process of the server could have put there proves nothing.
base::Result<base::SecretBytes> own_key(const std::filesystem::path& file) {
  SALLYPORT_TRY(const auto fd, base::open_regular_file(file));
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return base::fail_errno("looking at " + file.string(), errno);
  if (about.st_uid == 0 || about.st_uid == ::geteuid()) return base::read_all_secret(fd.get(), kMaxKey);
  return base::fail(base::Errc::denied,
                    fmt::format("{} belongs to another user (uid {})", file.string(), about.st_uid));
}

// The certificate of the CA of the server that has its data here. It lies where the web process could put another one,
// so it must be of the key.
base::Result<std::string> own_ca(const DataPaths& paths) {
  const auto file = paths.tls / "ca.pem";
  const auto pem = base::read_regular_file(file, kMaxSetup);
  if (!pem && pem.error().code() != base::Errc::not_found) return pem.error();
  if (!pem) return advise(bad("URL is missing, and no server's files are here"), "sallyport setup https://HOST:8443");
  const auto key = own_key(paths.root / "ca.key");
  if (!key) return advise(key.error(), "its key shows that the CA is this server's own: be root, or who ran `init`");
  std::string text(base::as_text(pem.value()));
  if (certs::X509Ca::load(text, key.value())) return text;
  return advise(base::fail(base::Errc::corrupt, file.string() + " is not the CA that this server was made with"),
                "look who put it there, and put the one of a backup in its place");
}

// On the server's machine: what its clients have to be told.
base::Result<int> tell(const Invocation& line) {
  SALLYPORT_TRY(const auto data, local_data(line));
  const DataPaths paths(data);
  SALLYPORT_TRY(const auto pem, own_ca(paths));
  SALLYPORT_TRY(const auto facts, certs::inspect_certificate(pem));
  const auto chain = base::read_regular_file(paths.tls / "server.pem", kMaxSetup);
  const auto server = chain ? certs::inspect_certificate(base::as_text(chain.value()))
                            : base::Result<certs::CertificateFacts>(chain.error());
  const auto name = server ? name_for_clients(server.value().names) : std::string();
  SALLYPORT_TRYV(
      print_text(fmt::format("Clients of this server are set up by ({}8443: the port of web.listen):\n"
                             "  sallyport setup https://{}:8443 --fingerprint {}\n",
                             name.empty() ? "HOST: its name, " : "", name.empty() ? "HOST" : name, facts.sha256)));
  return 0;
}

base::Result<int> run_setup(const Invocation& line) {
  const auto url = line.maybe("url");
  return url ? set_up(line, *url) : tell(line);
}

}  // namespace

std::vector<Command> setup_commands() {
  return {
      {"setup",
       "Everybody",
       "Lets this client know its server: CA, SSH host key and addresses",
       "Fetches the server's CA, which must have the fingerprint that you were told, and writes config.toml. On the "
       "server's machine,\n"
       "without URL, it prints the line for clients.",
       {{"url", ArgKind::positional, false, "URL", "the server's API: https://host:8443"},
        {"fingerprint", ArgKind::option, false, "SHA256", "of the CA; asked about at a terminal if it is left out"},
        {"user", ArgKind::option, false, "NAME", "the name to sign in with"},
        {"force", ArgKind::flag, false, "", "overwrite a configuration file that is there"}},
       {"sallyport setup https://vault.example.net:8443 --fingerprint 5f3c...",
        "sallyport setup --data /var/lib/sallyport"},
       run_setup}};
}

}  // namespace sallyport::app
