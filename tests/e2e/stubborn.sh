#!/bin/bash
# A session's process that does not go when it is told to (here: one that is stopped) is ended all the same, and with it its
# connection to the target.
. "$(dirname "$0")/staged.sh"
furnish
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null
ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'echo here; exec sleep 600' < /dev/null > "$stage/out" 2> "$stage/err" &
client=$!
wait_until 20 grep -q here "$stage/out" || fail "no session: $(cat "$stage/err")"
listener=$(grep -o 'process.started kind=ssh pid=[0-9]*' "$stage/log/server" | tail -n 1 | sed 's/.*pid=//')
child=$(cat "/proc/$listener/task/$listener/children")
child=${child% }
sessions_at_target() { pgrep -c -P "$target_pid" || true; }
[[ $(sessions_at_target) == 1 ]] || fail "the target has $(sessions_at_target) sessions"
kill -STOP "$child"
as admin session terminate "$(as admin session list --live -o json | jq -r '.sessions[0].id')" --reason test > /dev/null
has_gone() { ! kill -0 "$child" 2> /dev/null; }
wait_until 60 has_gone || fail "the stopped process is still there"
target_is_alone() { [[ $(sessions_at_target) == 0 ]]; }
wait_until 20 target_is_alone || fail "its connection to the target is still there"
grep -q "session.killed.*pid=$child" "$stage/log/server" || fail "the log does not say that it was ended"
wait "$client" || true
[[ $(as admin session list -o json | jq -r '.sessions[0].recording') == truncated ]] || fail "its recording counts as whole"
echo "as expected"
