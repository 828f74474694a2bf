# For scripts that want a server and people (tools/demo_stage.sh): sourced with the program as $1.
set -euo pipefail
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
. "$tools/demo_stage.sh"
((EUID == 0)) && unshare --mount --pid --fork true 2>/dev/null || { echo "needs root and namespaces"; exit 77; }
[[ ${1:-} == --staged ]] || enter_stage "$(realpath "$1")"
program=$2
step=$(basename "$0" .sh)
stage=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-e2e.XXXXXX")
finish() {
  local status=$?
  trap - EXIT
  ((status == 0)) || tail -n ${SALLYPORT_LOG_LINES:-20} "$stage/log/server" 2>/dev/null || true
  [[ -z ${server_pid:-} ]] || stop_server
  [[ -z ${target_pid:-} ]] || stop_target
  umount -l /etc /run 2>/dev/null || true
  rm -rf --one-file-system "$stage"
  exit "$status"
}
trap finish EXIT
private_system

ends_with() {  # STATUS PATTERN COMMAND...
  local wanted=$1 pattern=$2 status=0 output
  shift 2
  output=$("$@" 2>&1 < /dev/null) || status=$?
  ((status == wanted)) || fail "expected status $wanted, got $status: $* : $output"
  grep -qE -- "$pattern" <<< "$output" || fail "expected \"$pattern\" from: $* : $output"
}

furnish() {  # INIT-OPTIONS...: a server, and what furnish_people says
  admin_password=$(random_word)
  as admin init --dev --data "$stage/data" --password-stdin "$@" <<< "$admin_password" > /dev/null
  start_server || fail "the server does not start"
  furnish_people
}

furnish_people() {  # a target, root@web1, and alice who may use it
  alice_password=$(random_word) target_password=$(random_word)
  set_target_password "$target_password"
  start_target
  enrol admin "$admin_password"
  as admin target add web1 127.0.0.1 --port "$target_port" --labels env=prod --host-key "$stage/target_host_key.pub" > /dev/null
  as admin account add root@web1 --kind unix_password --secret-stdin <<< "$target_password" > /dev/null
  as admin user add alice --password-stdin <<< "$alice_password" > /dev/null
  as admin role add web-admins --actions checkout,session --labels env=prod > /dev/null
  as admin grant add web-admins alice > /dev/null
  enrol alice "$alice_password"
  ssh-keygen -q -t ed25519 -N '' -C alice -f "$stage/home/.ssh/id_ed25519"
  as admin user key add alice "$stage/home/.ssh/id_ed25519.pub" > /dev/null
}
