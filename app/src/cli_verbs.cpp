// The table of verbs. A new operation with a verb of its own is one row here.
#include <array>

#include "cli_verb.hpp"

namespace sallyport::app {
namespace {

using Id = OperationId;
constexpr std::string_view kAdmin = "Administrators";
constexpr std::string_view kEngineer = "Engineers";
constexpr std::string_view kAuditor = "Auditors";

constexpr std::string_view kUsers = "name enabled otp keys roles";
constexpr std::string_view kRoles = "name actions labels members";
constexpr std::string_view kTargets = "name host port labels host_keys";
constexpr std::string_view kAccounts = "account kind labels exclusive rotating";
constexpr std::string_view kCheckouts = "id account user state seconds_left reason";
constexpr std::string_view kSessions = "id user account started duration_ms recording reason";
constexpr std::string_view kRotations = "id account cause outcome started";
constexpr std::string_view kEvents = "index at actor action object outcome";

// clang-format off
constexpr auto kVerbs = std::to_array<Verb>({
  {.words = "user add", .operation = Id::user_add, .audience = kAdmin, .positionals = "name", .columns = kUsers, .asks = "password",
   .examples = "sallyport user add alice\nprintf '%s\\n' \"$first\" | sallyport user add alice --password-stdin"},
  {.words = "user list", .operation = Id::user_list, .audience = kAdmin, .columns = kUsers,
   .examples = "sallyport user list\nsallyport user list -o json | jq '.users[].name'"},
  {.words = "user show", .operation = Id::user_show, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport user show alice"},
  {.words = "user set", .operation = Id::user_set, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport user set alice --enabled no\nsallyport user set alice --reset-otp yes"},
  {.words = "user remove", .operation = Id::user_remove, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport user remove alice", .done = "user {name} removed", .confirms = "Remove the user {name}? Sessions and checkouts end at once."},
  {.words = "user password", .operation = Id::user_password_set, .audience = kAdmin, .positionals = "name", .asks = "current",
   .examples = "sallyport user password alice", .done = "password of {name} set; sign-ins of before have ended"},
  {.words = "user key add", .operation = Id::user_key_add, .audience = kAdmin, .positionals = "name key",
   .examples = "sallyport user key add alice ~/.ssh/id_ed25519.pub"},
  {.words = "user key list", .operation = Id::user_key_list, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport user key list alice"},
  {.words = "user key remove", .operation = Id::user_key_remove, .audience = kAdmin, .positionals = "name fingerprint",
   .examples = "sallyport user key remove alice SHA256:...", .done = "key {fingerprint} of {name} removed", .confirms = "Remove this key of {name}?"},

  {.words = "role add", .operation = Id::role_add, .audience = kAdmin, .positionals = "name", .columns = kRoles,
   .examples = "sallyport role add web-admins --actions checkout,session,reveal --labels env=prod\nsallyport role add auditors --actions audit"},
  {.words = "role list", .operation = Id::role_list, .audience = kAdmin, .columns = kRoles,
   .examples = "sallyport role list"},
  {.words = "role show", .operation = Id::role_show, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport role show web-admins"},
  {.words = "role set", .operation = Id::role_set, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport role set web-admins --channels shell,exec"},
  {.words = "role remove", .operation = Id::role_remove, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport role remove web-admins", .done = "role {name} removed", .confirms = "Remove the role {name}, from everybody who has it? Sessions that need it end."},
  {.words = "grant add", .operation = Id::role_assign, .audience = kAdmin, .positionals = "name user",
   .examples = "sallyport grant add web-admins alice", .done = "{user} has the role {name}"},
  {.words = "grant list", .operation = Id::role_list, .audience = kAdmin, .columns = "name members",
   .examples = "sallyport grant list", .summary = "Lists who has which role"},
  {.words = "grant show", .operation = Id::role_show, .audience = kAdmin, .positionals = "name", .columns = "name members actions labels",
   .examples = "sallyport grant show web-admins", .summary = "Shows who has a role"},
  {.words = "grant remove", .operation = Id::role_unassign, .audience = kAdmin, .positionals = "name user",
   .examples = "sallyport grant remove web-admins alice", .done = "{user} no longer has the role {name}", .confirms = "Take the role {name} from {user}? Sessions that need it end."},

  {.words = "target add", .operation = Id::target_add, .audience = kAdmin, .positionals = "name host", .columns = kTargets,
   .examples = "sallyport target add web1 web1.example.net --labels env=prod --host-key web1_ed25519.pub"},
  {.words = "target list", .operation = Id::target_list, .audience = kAdmin, .columns = kTargets,
   .examples = "sallyport target list"},
  {.words = "target show", .operation = Id::target_show, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport target show web1"},
  {.words = "target set", .operation = Id::target_set, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport target set web1 --port 2200"},
  {.words = "target remove", .operation = Id::target_remove, .audience = kAdmin, .positionals = "name",
   .examples = "sallyport target remove web1", .done = "target {name} removed", .confirms = "Remove the target {name}?"},
  {.words = "target key add", .operation = Id::target_key_add, .audience = kAdmin, .positionals = "name key", .columns = kTargets,
   .examples = "sallyport target key add web1 ssh_host_ed25519_key.pub"},
  {.words = "target key remove", .operation = Id::target_key_remove, .audience = kAdmin, .positionals = "name fingerprint", .columns = kTargets,
   .examples = "sallyport target key remove web1 SHA256:...", .confirms = "Unpin this host key of {name}? Without one, nobody gets there."},

  {.words = "account add", .operation = Id::account_add, .audience = kAdmin, .positionals = "account", .columns = kAccounts, .asks = "secret",
   .examples = "sallyport account add root@web1 --kind unix_password\nsallyport account add deploy@web1 --kind ssh_key --secret-stdin < deploy_key"},
  {.words = "account list", .operation = Id::account_list, .audience = kAdmin, .columns = kAccounts,
   .examples = "sallyport account list"},
  {.words = "account show", .operation = Id::account_show, .audience = kAdmin, .positionals = "account",
   .examples = "sallyport account show root@web1"},
  {.words = "account set", .operation = Id::account_set, .audience = kAdmin, .positionals = "account",
   .examples = "sallyport account set root@web1 --rotate-every 7d --longest 4h"},
  {.words = "account secret", .operation = Id::account_secret_set, .audience = kAdmin, .positionals = "account",
   .examples = "sallyport account secret root@web1"},
  {.words = "account remove", .operation = Id::account_remove, .audience = kAdmin, .positionals = "account",
   .examples = "sallyport account remove root@web1", .done = "account {account} removed", .confirms = "Remove the account {account}, with its secret?"},
  {.words = "rotate", .operation = Id::rotate, .audience = kAdmin, .positionals = "account",
   .examples = "sallyport rotate root@web1"},
  {.words = "rotation list", .operation = Id::rotation_list, .audience = kAdmin, .columns = kRotations,
   .examples = "sallyport rotation list --account root@web1"},
  {.words = "rotation show", .operation = Id::rotation_show, .audience = kAdmin, .positionals = "id",
   .examples = "sallyport rotation show 4f2cq7k3m5n6p2ab"},

  {.words = "checkout", .operation = Id::checkout_create, .audience = kEngineer, .positionals = "account", .columns = kCheckouts, .asks = "otp", .renames = "seconds=for",
   .examples = "sallyport checkout root@web1 --reason 'disk full, INC-4711' --for 30m"},
  {.words = "checkout list", .operation = Id::checkout_list, .audience = kEngineer, .columns = kCheckouts,
   .examples = "sallyport checkout list --active"},
  {.words = "checkout show", .operation = Id::checkout_show, .audience = kEngineer, .positionals = "id",
   .examples = "sallyport checkout show 4f2cq7k3m5n6p2ab"},

  {.words = "session list", .operation = Id::session_list, .audience = kAuditor, .columns = kSessions, .renames = "recording=state",
   .examples = "sallyport session list --live\nsallyport session list --user alice --since yesterday\nsallyport session list --target web1 --state truncated --all"},
  {.words = "session show", .operation = Id::session_show, .audience = kAuditor, .positionals = "id",
   .examples = "sallyport session show 4f2cq7k3m5n6p2ab"},
  {.words = "session freeze", .operation = Id::session_freeze, .audience = kAuditor, .positionals = "id",
   .examples = "sallyport session freeze 4f2cq7k3m5n6p2ab --reason 'a look at what it does'"},
  {.words = "session thaw", .operation = Id::session_thaw, .audience = kAuditor, .positionals = "id",
   .examples = "sallyport session thaw 4f2cq7k3m5n6p2ab"},
  {.words = "session terminate", .operation = Id::session_terminate, .audience = kAuditor, .positionals = "id",
   .examples = "sallyport session terminate 4f2cq7k3m5n6p2ab --reason 'not agreed'"},
  {.words = "recording list", .operation = Id::recording_list, .audience = kAuditor, .columns = kSessions, .renames = "recording=state",
   .examples = "sallyport recording list --account root@web1"},
  {.words = "audit list", .operation = Id::audit_list, .audience = kAuditor, .columns = kEvents, .renames = "outcome=state",
   .examples = "sallyport audit list --limit 50\nsallyport audit list --action checkout --target web1 --since 7d\nsallyport audit list --actor alice --state denied --all"},
});
// clang-format on

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace sallyport::app
