#!/bin/bash
# The disk of the recordings hangs in the middle of a session with output: the session ends within its bound and says why, all
# else goes on, and what comes after the disk's return is as before.
. "$(dirname "$0")/staged.sh"
. "$(dirname "$0")/disks.sh"
command -v fsfreeze > /dev/null || { echo "no fsfreeze here"; exit 77; }
small_disk 512M "$stage/data/recordings"
furnish
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null
freeze() { fsfreeze -f "$stage/data/recordings"; }
thaw() { fsfreeze -u "$stage/data/recordings"; }
now_ms() { date +%s%3N; }
audited() { [[ $(as admin audit list -o json | jq -r ".events[] | select(.object == \"session:$1\" and .action == \"session.end\" and .outcome == \"failed\") | .detail") == *"could not be recorded"*truncated ]]; }
# Whoever makes a recording on this disk is a child of the listener.
a_child_hangs() {
  local listener child
  listener=$(grep -o 'process.started kind=ssh pid=[0-9]*' "$stage/log/server" | tail -n 1 | sed 's/.*pid=//')
  for child in $(cat "/proc/$listener/task/$listener/children"); do
    grep -q '^State:.*disk sleep' "/proc/$child/status" 2> /dev/null && return
  done
  return 1
}
ended() { ! kill -0 "$talking" 2> /dev/null; }

step=hang
session 60 'while :; do echo still here; sleep 0.1; done' > "$stage/out" 2> "$stage/err" &
talking=$!
wait_until 20 grep -q 'still here' "$stage/out" || fail "no session: $(cat "$stage/err")"
hung=$(newest_session)
kept() { (($(stat -c %s "$stage/data/recordings/$hung.spr") > 4096)); }
wait_until 20 kept || fail "nothing of it is on the disk"
freeze
frozen=$(now_ms)
wait_until 60 ended || fail "the session outlives its disk"
took=$(($(now_ms) - frozen))
status=0
wait "$talking" || status=$?
((status != 0 && status != 124)) || fail "its client ended with status $status"
grep -q 'This session was ended because it could not be recorded.' "$stage/err" || fail "no sentence says why: $(cat "$stage/err")"

step=meanwhile
wait_until 5 audited "$hung" || fail "the audit log does not name it: $(as admin audit list)"
[[ $(recording_state "$hung") == truncated ]] || fail "the recording is called $(recording_state "$hung")"
as alice checkin root@web1 > /dev/null || fail "nothing can be given back"
code alice | as alice checkout root@web1 --reason again --otp-stdin > /dev/null || fail "nothing can be lent"
session 60 echo patience > "$stage/patient" 2> "$stage/patient.err" &
patient=$!
opening() { [[ $(as admin session list -o json | jq -r '.sessions[0].id') != "$hung" ]]; }
wait_until 10 opening || fail "the next session is not let in: $(cat "$stage/patient.err")"
wait_until 10 a_child_hangs || fail "nobody makes its recording"
grep -q ssh-ed25519 <<< "$(ssh-keyscan -T 5 -p "$broker_port" "$broker_host" 2> /dev/null)" || fail "the listener waits for the disk, too"

step=afterwards
thaw
wait "$patient" || fail "who waited for the disk got no session: $(cat "$stage/patient.err")"
grep -q patience "$stage/patient" || fail "the session that waited shows nothing"
session 20 echo back > "$stage/back" 2> "$stage/err" || fail "no session after the disk's return: $(cat "$stage/err")"
grep -q back "$stage/back" || fail "the session after it shows nothing"
ends_with 1 truncated as admin recording verify "$hung"
ends_with 0 complete as admin recording verify "$(newest_session)"
as admin audit verify > /dev/null || fail "the audit log does not verify"
echo "ended after $took ms"
