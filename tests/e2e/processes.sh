#!/bin/bash
# kill -9 of each process in turn: the server comes back on its addresses, and only those sessions end that hung on it.
. "$(dirname "$0")/staged.sh"
furnish
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null

options=$(client_options)
ssh_once() { timeout 20 ssh $options -p "$broker_port" alice+root+web1@"$broker_host" "$@" < /dev/null; }
child_of() {  # KIND: the newest process that the supervisor started as this kind
  grep -o "process.started kind=$1 pid=[0-9]*" "$stage/log/server" | tail -n 1 | sed 's/.*pid=//'
}
sessions_of() { cat "/proc/$1/task/$1/children"; }

# A session that answers as long as it lives: `talk NAME`, then `alive NAME` at any time.
talk() {
  mkfifo "$stage/$1.in"
  timeout 120 ssh $options -p "$broker_port" alice+root+web1@"$broker_host" cat < "$stage/$1.in" > "$stage/$1.out" 2> "$stage/$1.err" &
  eval "$1_pid=$!"
  exec {fd}> "$stage/$1.in"
  eval "$1_fd=$fd"
  alive "$1" || fail "the session $1 does not start: $(cat "$stage/$1.err")"
}
alive() {
  local fd=$1_fd word
  word=$(random_word)
  echo "$word" >&"${!fd}" || return 1
  wait_until 10 grep -q "$word" "$stage/$1.out"
}
ended() { local pid=$1_pid; ! kill -0 "${!pid}" 2> /dev/null; }
kill_kind() {  # KIND: and wait until there is another
  local old
  old=$(child_of "$1")
  kill -9 "$old"
  wait_until 10 other_than "$1" "$old" || fail "$1 did not come back"
}
other_than() { [[ $(child_of "$1") != "$2" ]] && kill -0 "$(child_of "$1")" 2> /dev/null; }
api_answers() { as alice whoami > /dev/null 2>&1; }

step=rotator
talk first
talk second
kill_kind rotator
alive first || fail "the rotator's end was noticed by a session"

step=web
kill_kind web
alive first || fail "web's end was noticed by a session"
wait_until 10 api_answers || fail "the API is not back on its port"

step=session
listener=$(child_of ssh)
victims=($(sessions_of "$listener"))
((${#victims[@]} == 2)) || fail "expected two children of the listener, not ${#victims[@]}"
kill -9 "${victims[1]}"
wait_until 10 ended second || fail "the killed session's client still waits"
alive first || fail "one child's end was noticed by another session"

step=listener
kill_kind ssh
alive first || fail "the listener's end was noticed by a session"
wait_until 10 ssh_once true 2> "$stage/log/again" || fail "no new session on the old port: $(cat "$stage/log/again")"

step=vault
kill_kind vault
wait_until 30 ended first || fail "a session outlives its vault"
grep -q 'vault' "$stage/first.err" || fail "no sentence says why: $(cat "$stage/first.err")"
wait_until 10 api_answers || fail "the API does not answer after the vault's return"
wait_until 10 ssh_once true 2> "$stage/log/again" || fail "no new session after the vault's return: $(cat "$stage/log/again")"

step=afterwards
[[ $(as admin status -o json | jq -r .state) == unsealed ]] || fail "the vault is not open"
ends_with 0 'root@web1' as alice checkout list
as admin audit verify > /dev/null || fail "the audit log does not verify"

step=stop
stop_server
for kind in vault ssh web rotator; do
  ! kill -0 "$(child_of "$kind")" 2> /dev/null || fail "$kind outlives the server"
done
echo "as expected"
