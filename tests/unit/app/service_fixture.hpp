#pragma once
// A Service over a real store in a directory of its own, spoken to as the vault's loop would: requests in, frames out.
// Time is moved by hand; passwords cost little.
#include <poll.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/service.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/vault/totp.hpp"
#include "sallyport/vault/vault.hpp"
#include "support/catch.hpp"
#include "support/domain.hpp"
#include "support/temp_dir.hpp"

namespace sallyport::test {

using app::OperationId;
using app::PeerKind;
using app::Record;
using base::Errc;

/// The answer to one request.
struct Answer {
  Errc code{};  ///< 0: it went well
  std::string error;
  std::optional<Record> record;
  app::Outgoing::Then then{};
  bool ok() const { return code == Errc{}; }
  const Record& operator*() const {
    if (!ok()) FAIL(std::string(base::to_string(code)) + ": " + error);
    return *record;
  }
  const Record* operator->() const { return &**this; }
};

inline constexpr const char* kHostKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl host";

class ServiceFixture {
 public:
  TempDir dir;
  base::ManualClock clock{base::from_unix_ms(1'790'000'000'000)};
  std::unique_ptr<app::Service> service;
  std::vector<app::Outgoing> pushes;
  std::uint64_t operator_peer = 1, web_peer = 2, listener_peer = 3, rotator_peer = 4;
  std::string source = "192.0.2.7";
  app::ServiceConfig config;

  explicit ServiceFixture(bool development = true) {
    const auto passphrase = secret("correct horse battery");
    vault::NewSlots slots{.passphrase = &passphrase, .cost = {8U << 20U, 1}, .development = development};
    must(vault::Vault::create(dir / "data", slots, clock));
    std::filesystem::create_directory(dir / "data" / "recordings");
    config.data = dir / "data";
    config.dev = development;
    config.password_cost = {8U << 20U, 1};
    config.clock = &clock;
    config.recording_floor = 0;
    config.token_life = std::chrono::hours{8};
    start();
  }
  void start() { service = must(app::Service::create(config)); }
  void restart() {
    service.reset();
    start();
  }

  static app::Peer peer(PeerKind kind, std::uint64_t id) { return {.id = id, .kind = kind, .pid = 100, .uid = 0}; }

  app::Request request(const app::Peer& who, OperationId operation, const Record& input,
                       const base::SecretBytes* token) {
    base::SecretWriter payload;
    if (who.kind == PeerKind::web) {
      Record envelope(app::envelope_fields());
      envelope.set("source", source).set("request_id", "req" + std::to_string(next_id_));
      if (token != nullptr && !token->empty()) envelope.set("token", token->clone());
      payload.raw(must(encode(envelope)).view());
    }
    payload.raw(must(encode(input)).view());
    return {who, next_id_++, operation, app::Payload(std::move(payload).take())};
  }

  Answer ask(const app::Peer& who, OperationId operation, const Record& input,
             const base::SecretBytes* token = nullptr) {
    std::vector<app::Request> batch;
    batch.push_back(request(who, operation, input, token));
    auto answers = run(std::move(batch));
    REQUIRE(answers.size() == 1);
    return std::move(answers.begin()->second);
  }
  /// All of them as one batch; answers by request id. Waits for password hashing.
  std::map<std::uint64_t, Answer> run(std::vector<app::Request>&& batch) {
    std::map<std::uint64_t, Answer> answers;
    std::map<std::uint64_t, OperationId> asked;
    for (const auto& one : batch) asked[one.request_id] = one.operation;
    std::vector<app::Outgoing> out;
    service->run_batch(std::move(batch), out);
    for (;;) {
      for (auto& one : out) take(std::move(one), asked, answers);
      out.clear();
      if (answers.size() == asked.size()) return answers;
      pollfd wait{service->wakeup_fd(), POLLIN, 0};
      REQUIRE(::poll(&wait, 1, 20000) == 1);
      service->run_deferred(out);
    }
  }
  void tick(base::Milliseconds later = base::Milliseconds{0}) {
    clock.advance(later);
    service->tick(pushes);
  }

  static Record input(OperationId id) { return Record(app::find_operation(id)->input); }
  Answer local(OperationId id, const Record& record) {
    return ask(peer(PeerKind::operator_, operator_peer), id, record);
  }
  Answer web(OperationId id, const Record& record, const base::SecretBytes* token = nullptr) {
    return ask(peer(PeerKind::web, web_peer), id, record, token);
  }

  // --- People
  // ---------------------------------------------------------------------------------------------------------
  struct Person {
    std::string name;
    base::SecretBytes seed;   ///< TOTP
    base::SecretBytes token;  ///< with a code
  };
  /// The next code that the vault has not seen: moves the clock by one step.
  base::SecretBytes code(const Person& person) {
    clock.advance(base::Seconds{30});
    return vault::hotp(person.seed, vault::totp_step(clock.wall()));
  }
  Answer login(const std::string& name, std::string_view password, const base::SecretBytes* otp = nullptr) {
    auto record = input(OperationId::login);
    record.set("user", name).set("password", secret(password));
    if (otp != nullptr) record.set("otp", otp->clone());
    return web(OperationId::login, record);
  }
  static base::SecretBytes unbase32(std::string_view text) {
    base::Bytes out;
    std::uint32_t bits = 0, count = 0;
    for (const char c : text) {
      bits = (bits << 5U) | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
      if ((count += 5) >= 8) out.push_back(static_cast<std::uint8_t>(bits >> (count -= 8)));
    }
    return base::SecretBytes::take(out);
  }
  /// Signs in by password and enrols.
  Person enrol(const std::string& name, std::string_view password) {
    Person person{name, {}, {}};
    const auto first = login(name, password);
    const auto& token = first->secret("token");
    const auto begun = web(OperationId::otp_enroll, input(OperationId::otp_enroll), &token);
    person.seed = unbase32(begun->secret("secret").expose_text());
    auto confirm = input(OperationId::otp_confirm);
    confirm.set("otp", code(person));
    person.token = web(OperationId::otp_confirm, confirm, &token)->secret("token").clone();
    return person;
  }
  Person bootstrap_admin() {
    auto record = input(OperationId::user_bootstrap);
    record.set("name", "root").set("password", secret("administrator"));
    (void)*local(OperationId::user_bootstrap, record);
    return enrol("root", "administrator");
  }
  Person add_person(const Person& admin, const std::string& name, const std::string& role = {}) {
    auto record = input(OperationId::user_add);
    record.set("name", name).set("password", secret("password of " + name));
    (void)*web(OperationId::user_add, record, &admin.token);
    if (!role.empty()) assign(admin, role, name);
    return enrol(name, "password of " + name);
  }
  void assign(const Person& admin, const std::string& role, const std::string& user) {
    auto record = input(OperationId::role_assign);
    record.set("name", role).set("user", user);
    (void)*web(OperationId::role_assign, record, &admin.token);
  }
  void add_role(const Person& admin, const std::string& name, const std::string& actions, const std::string& labels) {
    auto record = input(OperationId::role_add);
    record.set("name", name).set("actions", actions).set("labels", labels);
    (void)*web(OperationId::role_add, record, &admin.token);
  }
  void add_account(const Person& admin, const std::string& target, const std::string& account,
                   const std::string& labels) {
    auto machine = input(OperationId::target_add);
    machine.set("name", target)
        .set("host", "127.0.0.1")
        .set("port", std::uint64_t{2200})
        .set("labels", labels)
        .set("host_key", kHostKey);
    (void)*web(OperationId::target_add, machine, &admin.token);
    auto record = input(OperationId::account_add);
    record.set("account", account + "@" + target)
        .set("kind", "unix_password")
        .set("secret", secret("the-root-password"));
    (void)*web(OperationId::account_add, record, &admin.token);
  }
  Answer checkout(const Person& person, const std::string& account, std::uint64_t seconds = 600) {
    auto record = input(OperationId::checkout_create);
    record.set("account", account).set("reason", "a test").set("seconds", seconds).set("otp", code(person));
    return web(OperationId::checkout_create, record, &person.token);
  }
  Answer by_id(OperationId operation, std::string_view id, const base::SecretBytes& token) {
    auto record = input(operation);
    record.set("id", id);
    return web(operation, record, &token);
  }

  // --- The audit log ------------------------------------------------------------------------------------------------
  struct Line {
    std::string actor, action, object, outcome, rule, detail;
  };
  std::vector<Line> log() {
    auto record = input(OperationId::audit_list);
    record.set("limit", std::uint64_t{200});
    const auto answer = local(OperationId::audit_list, record);
    std::vector<Line> out;
    for (const auto& e : answer->list("events")) {
      out.push_back({std::string(e.text("actor")), std::string(e.text("action")), std::string(e.text("object")),
                     std::string(e.text("outcome")), std::string(e.text("rule")), std::string(e.text("detail"))});
    }
    return out;
  }

 private:
  void take(app::Outgoing&& one, const std::map<std::uint64_t, OperationId>& asked,
            std::map<std::uint64_t, Answer>& answers) {
    if (one.frame.type == app::FrameType::push) {
      pushes.push_back(std::move(one));
      return;
    }
    const auto id = one.frame.id;
    REQUIRE(asked.count(id) == 1);
    REQUIRE(answers.count(id) == 0);
    Answer answer;
    answer.then = one.then;
    auto result = reply_result(std::move(one.frame));
    if (result) {
      answer.record = must(decode(result.value().view(), app::find_operation(asked.at(id))->output));
    } else {
      answer.code = result.error().code();
      answer.error = result.error().context();
    }
    answers.emplace(id, std::move(answer));
  }

  std::uint64_t next_id_ = 1;
};

}  // namespace sallyport::test
