#!/bin/bash
# A checkout while the account's secret is being changed: it says that it waits, and is made once the secret is settled.
. "$(dirname "$0")/staged.sh"
furnish
as admin role add rotators --actions rotate --labels env=prod > /dev/null
as admin grant add rotators admin > /dev/null
is_rotating() { [[ $(as admin account show root@web1 -o json | jq .rotating) == true ]]; }

# Connections wait with the kernel: the target is there and says nothing yet.
kill -STOP "$target_pid"
as admin rotate root@web1 > "$stage/log/rotate" 2>&1 &
rotating=$!
wait_until 20 is_rotating || { kill -CONT "$target_pid"; fail "no rotation begins: $(cat "$stage/log/rotate")"; }
code alice | as alice checkout root@web1 --reason test --otp-stdin > "$stage/out" 2> "$stage/err" &
lending=$!
wait_until 20 grep -q 'the secret of root@web1 is being changed; waiting for that' "$stage/err" || { kill -CONT "$target_pid"; fail "it does not say that it waits: $(cat "$stage/err")"; }
kill -CONT "$target_pid"
wait "$lending" || fail "the checkout was not made afterwards: $(cat "$stage/err")"
grep -q 'root@web1' "$stage/out" || fail "that is no checkout: $(cat "$stage/out")"
wait "$rotating" || fail "the rotation failed: $(cat "$stage/log/rotate")"
ends_with 0 'root@web1' as alice checkout list
echo "as expected"
