#!/bin/bash
# What an auditor is told is true: sessions that were refused have no recording and are no alarm, the log is exported whole or
# not at all, and a store that was put back is told until somebody has looked.
. "$(dirname "$0")/staged.sh"
furnish
as admin grant add auditor admin > /dev/null 2>&1 || true
code alice | as alice checkout root@web1 --reason test --for 1h --otp-stdin > /dev/null

connect() {  # SSH-OPTIONS...
  # shellcheck disable=SC2046
  timeout 60 ssh $(client_options) -o UserKnownHostsFile="$stage/home/.ssh/known_hosts" "$@" < /dev/null > "$stage/out" 2> "$stage/err"
}
place() { echo "alice+root+web1@$broker_host"; }
newest() { as admin session list -o json | jq -r '.sessions[0].id'; }
ended() { [[ $(as admin session list -o json | jq -r '.sessions[0].live') == false ]]; }
# The list, `session show`, `recording show` and `verify` say the same.
all_say() {  # STATE STATUS
  wait_until 20 ended || fail "a session does not end"
  local id
  id=$(newest)
  [[ $(as admin recording list -o json | jq -r '.sessions[0].recording') == "$1" ]] || fail "the list says $(as admin recording list)"
  [[ $(as admin session show "$id" -o json | jq -r .recording) == "$1" ]] || fail "session show differs"
  [[ $(as admin recording show "$id" -o json | jq -r .recording) == "$1" ]] || fail "recording show differs"
  ends_with "$2" "^$1" as admin recording verify "$id"
  [[ $(as admin audit list -o json | jq -r '[.events[] | select(.action == "recording.open")][-1].detail') == 'to verify' ]] || fail "the log does not say what for"
}

step=target_down
stop_target
connect -p "$broker_port" "$(place)" true && fail "a target that is down let somebody in"
all_say none 0

step=no_such_name
as admin target set web1 --host no-such-name.invalid > /dev/null
connect -p "$broker_port" "$(place)" true && fail "a name that is not there let somebody in"
all_say none 0
as admin target set web1 --host 127.0.0.1 > /dev/null
start_target

step=forward_only
connect -p "$broker_port" -W 127.0.0.1:22 "$(place)" && fail "a forward was opened"
wait_until 20 ended || fail "a session does not end"
state=$(as admin recording list -o json | jq -r '.sessions[0].recording')
[[ $state == none || $state == complete ]] || fail "a refused forward is an alarm: $state"
all_say "$state" 0

step=wrong_host_key
ssh-keygen -q -t ed25519 -N '' -f "$stage/other_key"
mine=$(as admin target show web1 -o json | jq -r '.host_keys[0].fingerprint')
as admin target key add web1 "$stage/other_key.pub" > /dev/null
as admin target key remove web1 "$mine" > /dev/null
connect -p "$broker_port" "$(place)" true && fail "a wrong host key let somebody in"
wait_until 20 ended || fail "a session does not end"
state=$(as admin recording list -o json | jq -r '.sessions[0].recording')
[[ $state == none || $state == complete ]] || fail "a wrong host key is an alarm: $state"
all_say "$state" 0
as admin target key add web1 "$stage/target_host_key.pub" > /dev/null

step=recorded
connect -p "$broker_port" "$(place)" echo there || fail "no session: $(cat "$stage/err")"
all_say complete 0

echo "as expected"
