#!/bin/bash
# Few open files and small files: the server says what follows, serves with what it has, and where web has no descriptor left it sends its
# callers away at once.
. "$(dirname "$0")/staged.sh"
ulimit -n 300             # of it the listener needs 256, and two for each session
ulimit -f $((100 << 10))  # KiB
furnish
limits() { grep 'server.limits' "$stage/log/server"; }

step=warnings
said() { grep -q "$1" <<< "$(limits)" || fail "no warning of \"$1\": $(limits)"; }
said 'ssh.max_sessions is 200, and 300 open files are enough for 22: so many are let in (ulimit -n, LimitNOFILE=)'
said 'the API has places for 512, and 300 open files are enough for 134'
said 'files can grow to 100 MiB only'

step=serves
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null || fail "the API does not serve"
# shellcheck disable=SC2046
ssh_once() { ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" "$@"; }
[[ $(ssh_once 'echo there' < /dev/null) == there ]] || fail "the SSH port does not serve"

# One person has a quarter of the sessions: of 22, and no more of 200.
step=lowered
for number in {1..6}; do
  mkfifo "$stage/in.$number"
  ssh_once 'echo there; cat' < "$stage/in.$number" > "$stage/out.$number" 2>&1 &
  exec {fd}> "$stage/in.$number"
  wait_until 20 grep -q there "$stage/out.$number" || fail "session $number of 6: $(cat "$stage/out.$number")"
done
ends_with 5 'so many SSH sessions at once: 6' ssh_once true

step=web
web=$(grep -o 'process.started kind=web pid=[0-9]*' "$stage/log/server" | tail -n 1 | sed 's/.*pid=//')
url=$(jq -r .web "$stage/ready.json")
first_free() {
  local number=0
  while [[ -e /proc/$web/fd/$number ]]; do number=$((number + 1)); done
  echo "$number"
}
as alice whoami > /dev/null || fail "the API does not serve beside 6 sessions"
idle() { [[ -z $(ss -Htn state established "sport = :${url##*:}") ]]; }
wait_until 20 idle || fail "a connection of the API stays"
prlimit --pid "$web" --nofile="$(first_free):300"
status=0
timeout 20 curl -sk "$url/" > /dev/null 2>&1 || status=$?
((status != 0 && status != 124)) || fail "without a descriptor left a caller of the API gets $status"
grep -q 'descriptors.short' "$stage/log/server" || fail "the log does not say that descriptors are short"
prlimit --pid "$web" --nofile=300:300
as alice whoami > /dev/null || fail "the API does not come back"
echo "as expected"
