#!/bin/bash
# What an auditor is told is true: sessions that were refused have no recording and are no alarm, the log is exported whole or
# not at all, and a store that was put back is told until somebody has looked.
. "$(dirname "$0")/staged.sh"
furnish
web_address=$(jq -r .web "$stage/ready.json")
web_address=${web_address#https://}
as admin grant add auditor admin > /dev/null 2>&1 || true
code alice | as alice checkout root@web1 --reason test --for 1h --otp-stdin > /dev/null

connect() {  # SSH-OPTIONS...
  # shellcheck disable=SC2046
  timeout 60 ssh $(client_options) -o UserKnownHostsFile="$stage/home/.ssh/known_hosts" "$@" < /dev/null > "$stage/out" 2> "$stage/err"
}
# A sign-in is kept for one address: where the kernel let the first server listen, the later ones do.
start_again() {
  server_flags="--dev --ssh-listen $broker_host:$broker_port --web-listen $web_address"
  start_server || fail "the server does not start again: $(tail -n 3 "$stage/log/server")"
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
  [[ $(as admin audit list -o json | jq -r '[.events[] | select(.action == "recording.open")][-1].detail') == 'said: to verify' ]] || fail "the log does not say what for"
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
[[ $(as admin session show "$(newest)" -o json | jq -c '[.reason, .channels]') == '["test",["exec"]]' ]] || fail "session show lacks reason or channels: $(as admin session show "$(newest)")"

step=sealed
connect -p "$broker_port" "$(place)" 'echo begun; sleep 300' & talking=$!
begun() { grep -q begun "$stage/out"; }
wait_until 30 begun || fail "no session: $(cat "$stage/err")"
as admin seal > /dev/null
status=0
wait "$talking" || status=$?
((status == 255)) || fail "a session outlives the seal: $status"  # 124 would be our own patience
stop_server
start_again
all_say truncated 1

step=export
url=$(jq -r .web "$stage/ready.json")
(umask 077; printf 'Authorization: Bearer %s' "$(cat "$stage/people/alice/run/sallyport"/*.token)" > "$stage/alice.header")
for i in {1..1500}; do printf 'url = "%s/v1/users?limit=%s"\noutput = "/dev/null"\n' "$url" "$((i % 200))"; done > "$stage/urls"
curl -sS --cacert "$stage/data/tls/ca.pem" -H "@$stage/alice.header" -K "$stage/urls" || fail "the API does not answer"
as admin audit export "$stage/audit.log" 2> /dev/null || fail "the log is not exported"
(($(stat -c %s "$stage/audit.log") > 400000)) || fail "the log is too short to try this: $(stat -c %s "$stage/audit.log")"
ends_with 0 '.' as admin audit verify "$stage/audit.log"
lines=$(as admin audit export --jsonl | wc -l)
((lines >= 1500)) || fail "only $lines events as JSON"
cp "$stage/audit.log" "$stage/before"
# Whoever answers for the API ends in the middle, and is away for a while: the export waits and goes on where it was.
web_process() { grep -o 'process.started kind=web pid=[0-9]*' "$stage/log/server" | tail -n 1 | sed 's/.*pid=//'; }
mkfifo "$stage/slow"
as admin audit export --jsonl > "$stage/slow" 2> "$stage/log/slow" &
exporting=$!
exec {slow}< "$stage/slow"
IFS= read -r _ <&"$slow"
kill -STOP "$server_pid"
kill -9 "$(web_process)"
cat <&"$slow" > "$stage/slow.read" &
reading=$!
waits() { grep -q '^230 ' "/proc/$(pgrep -P "$exporting")/syscall"; }  # clock_nanosleep: between two tries
wait_until 20 waits || fail "the export does not wait for the server"
kill -CONT "$server_pid"
wait "$reading"
exec {slow}<&-
(($(wc -l < "$stage/slow.read") + 1 >= lines)) || fail "an export that was interrupted is not whole"
wait "$exporting" || fail "an interrupted export fails: $(cat "$stage/log/slow")"
for i in {1..6}; do as admin audit export 2> /dev/null | head -c 1000 > /dev/null || true; done  # given up
ends_with 0 'written' as admin audit export "$stage/audit.log"
mv "$stage/before" "$stage/audit.log"

step=lists
# A list says how much it leaves out; --all is every item once, in order, of many answers.
ends_with 0 '^\(100 of [0-9]{4,}; --all shows the rest\)$' as admin audit list
as admin audit list --all -o json > "$stage/all" 2> "$stage/all.err"
(($(jq '.events | length' "$stage/all") >= lines)) || fail "--all is not all: $(jq '.events | length' "$stage/all") of $lines"
jq -e '[.events[].index] | . == [range(.[0]; .[0] + length)] and .[0] == 0' "$stage/all" > /dev/null || fail "--all has gaps, or another order"
[[ $(as admin audit list --all 2>&1 | wc -l) -gt $lines && ! -s $stage/all.err ]] || fail "--all leaves something out: $(cat "$stage/all.err")"
ends_with 0 '^\(2 of [0-9]+; --all shows the rest\)$' as admin session list --limit 2
[[ $(as admin audit list --limit 2 -o json | jq '.events | length') == 2 ]] || fail "--limit 2 is another number"
# Each filter, from the command line to the vault: what it finds, and that it can find nothing.
count() { as admin "$@" --all -o json | jq '.sessions // .events | length'; }  # LIST FILTER...
as_many() { (($(count "${@:2}") == $1)) || fail "$(count "${@:2}") instead of $1: ${*:2}"; }
as admin target add web2 127.0.0.1 > /dev/null
as admin account add root@web2 --kind unix_password > /dev/null
for list in session recording; do
  every=$(count $list list)
  ((every >= 6)) || fail "too few sessions to try this: $every"
  for good in '--target web1' '--source 127.0.0.1' '--reason tes' '--since 2h' '--until 2099-01-01' '--user alice' '--account root@web1'; do
    as_many "$every" $list list $good
  done
  for bad in '--target web2' '--source 192.0.2.1' '--reason other' '--since 2099-01-01' '--until yesterday' '--user admin' '--account root@web2' '--live' '--state missing'; do
    as_many 0 $list list $bad
  done
  as_many 1 $list list --state truncated
  ends_with 2 '.' as admin $list list --state odd
done
every=$(count audit list)
for filter in '--actor user:alice' '--action user.list' '--object root@web1' '--target web1' '--source 127.0.0.1' '--reason deny' '--state denied' '--since 2h' '--until 2099-01-01'; do
  (($(count audit list $filter) > 0)) || fail "nothing is found by $filter"
done
for filter in '--actor nobody' '--action no.such' '--object nothing:' '--target web3' '--source 192.0.2.1' '--reason neverwas' '--state failed --action user.list' '--since 2099-01-01' '--until yesterday'; do
  as_many 0 audit list $filter
done
denied=$(as admin audit list --all -o json | jq '[.events[] | select(.outcome == "denied")] | length')
as_many "$denied" audit list --state denied
stop_server
as admin audit export "$stage/audit.log" > /dev/null 2>&1 && fail "an export without a server"
ends_with 0 '.' as admin audit verify "$stage/audit.log"
[[ -z $(find "$stage" -maxdepth 1 -name '*.new-*') ]] || fail "litter is left"

step=put_back
cp "$stage/data/vault.db" "$stage/older"
start_again
as admin audit verify > /dev/null || fail "the log does not verify"
stop_server
rm -f "$stage/data/vault.db-wal" "$stage/data/vault.db-shm"
cp "$stage/older" "$stage/data/vault.db"
for start in 1 2; do
  start_again
  ends_with 0 'older than' as admin status
  ends_with 1 'rollback is suspected' as admin audit verify
  ends_with 1 'audit acknowledge' as admin doctor
  ((start == 2)) || stop_server
done
ends_with 2 'reason' as admin audit acknowledge
ends_with 0 'older than' as admin audit acknowledge --reason 'tried it'
as admin audit verify > /dev/null || fail "acknowledged, and still told"
as admin audit list -o json | jq -e '.events[] | select(.action == "audit.acknowledge")' > /dev/null || fail "no event says who acknowledged"
echo "as expected"
