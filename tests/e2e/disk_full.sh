#!/bin/bash
# Disks that fill up, one after the other: the store's and the recordings'. Nothing is released that is not written down, nothing
# that was acknowledged is lost, each refusal says why, and service comes back by itself once there is room.
. "$(dirname "$0")/staged.sh"
. "$(dirname "$0")/disks.sh"
load=${SALLYPORT_LOAD:?the load client}
small_disk 48M "$stage/data"
small_disk 160M "$stage/data/recordings"
furnish
as admin account add svc@web1 --kind unix_password --secret-stdin <<< "$(random_word)" > /dev/null
for i in {0..3}; do as admin account add "load$i@web1" --kind unix_password --code-reuse 15m --secret-stdin <<< "$(random_word)" > /dev/null; done
as admin role add revealers --actions checkout,reveal --labels env=prod > /dev/null
as admin grant add revealers alice > /dev/null
code alice | as alice checkout svc@web1 --reason test --for 2h --otp-stdin > /dev/null
code alice | as alice checkout root@web1 --reason test --for 2h --otp-stdin > /dev/null

url=$(jq -r .web "$stage/ready.json")
(umask 077; cat "$stage/people/alice/run/sallyport"/*.token > "$stage/token"; printf 'Authorization: Bearer %s' "$(< "$stage/token")" > "$stage/alice.header")
checkout=$(as alice checkout list --account svc@web1 --active -o json | jq -r '.checkouts[0].id')
reveal() {  # the answer's body; its status in $stage/status
  curl -sS --cacert "$stage/data/tls/ca.pem" -H "@$stage/alice.header" -H 'Content-Type: application/json' -d '{}' \
    -w '%{stderr}%{http_code}' "$url/v1/checkouts/$checkout/reveal" 2> "$stage/status"
}
revealed_rows() {  # events of reveals that the log calls ok
  local after=0 rows=0 page
  while :; do
    page=$(as admin audit list --after "$after" --limit 200 -o json)
    rows=$((rows + $(jq '[.events[] | select(.action == "reveal" and .outcome == "ok")] | length' <<< "$page")))
    (($(jq '.events | length' <<< "$page") == 200)) || break
    after=$(jq '.events[-1].index + 1' <<< "$page")
  done
  echo "$rows"
}
closed_as() { [[ $(recording_state "$1") == "$2" ]]; }

step=store_full
mkfifo "$stage/live.in"
stdin=$stage/live.in session 120 cat > "$stage/live.out" 2> "$stage/live.err" &
live=$!
exec 8> "$stage/live.in"
still_talks() {
  local word
  word=$(random_word)
  echo "$word" >&8
  wait_until 10 grep -q "$word" "$stage/live.out"
}
still_talks || fail "no session: $(cat "$stage/live.err")"
"$load" run "$url" "$stage/data/tls/ca.pem" "$stage/token" web1 4 6 "$stage/acks" > "$stage/log/load" 2>&1 &
loading=$!
wait_until 20 test -s "$stage/acks" || fail "nothing is acknowledged: $(cat "$stage/log/load")"
released=0
answer=$(reveal)
[[ $(< "$stage/status") == 200 ]] || fail "no reveal on an empty disk: $answer"
((++released))
fill_disk "$stage/data"
truncate -s -512K "$stage/data/ballast"  # the last of it is used up by what is asked for, in the middle of something
for ((refused = 0, try = 0; try < 2000 && refused < 5; ++try)); do
  answer=$(reveal)
  case $(< "$stage/status") in
    200) ((++released)) && refused=0 ;;
    503)
      ((++refused))
      [[ $answer == *'nothing was released'* && $answer != *secret* ]] || fail "refused with: $answer"
      ;;
    *) fail "a full store answers $(< "$stage/status"): $answer" ;;
  esac
done
((refused == 5)) || fail "a full disk refused nothing in $try tries"
ends_with 1 'nothing was released' as alice reveal svc@web1
ends_with 1 'nothing was released' as alice checkin svc@web1
for try in {1..7}; do  # a sign-in that can't be written down is not judged, and counts for nobody
  answer=$(printf 'not the password\n000000\n' | as alice login --user alice --password-stdin --otp-stdin 2>&1) && fail "a wrong password signs in"
  [[ $answer == *"can't be written"* ]] || fail "a sign-in on a full disk is answered: $answer"
done
for try in {1..5}; do ends_with 255 'Nobody can log in now' session 20 true; done  # over SSH neither
wait "$loading" && fail "the load met no refusal"
grep -q 'nothing was released' "$stage/log/load" || fail "the load was refused otherwise: $(cat "$stage/log/load")"
still_talks || fail "a session that was there before ended: $(cat "$stage/live.err")"

step=store_back
free_disk "$stage/data"
answer=$(reveal)
[[ $(< "$stage/status") == 200 ]] || fail "there is room again, and still: $answer"
((++released))
printf '%s\n%s\n' "$alice_password" "$(code alice)" | as alice login --user alice --password-stdin --otp-stdin > "$stage/log/login" 2>&1 ||
  fail "failures that were not judged were counted: $(cat "$stage/log/login")"
session 20 true > "$stage/out" 2> "$stage/err" || fail "logins that were not judged were counted: $(cat "$stage/err")"
"$load" check "$url" "$stage/data/tls/ca.pem" "$stage/token" "$stage/acks" || fail "an acknowledged checkout is not there"
rows=$(revealed_rows)
((rows == released)) || fail "$released secrets were released, and the log knows $rows"
as admin audit verify > /dev/null || fail "the audit log does not verify"
lived=$(newest_session)
exec 8>&-
wait "$live" || fail "the session that lived through it ended badly: $(cat "$stage/live.err")"
wait_until 5 closed_as "$lived" complete || fail "its recording is called $(recording_state "$lived")"

step=recordings_full
session 60 'while :; do head -c 2000 /dev/urandom; sleep 0.1; done' > "$stage/out" 2> "$stage/err" &
talking=$!
wait_until 20 test -s "$stage/out" || fail "no session: $(cat "$stage/err")"
cut=$(newest_session)
mkfifo "$stage/typed"
stdin=$stage/typed session 60 'cat > /dev/null' > /dev/null 2> "$stage/silent.err" &
silent=$!
exec 7> "$stage/typed"
another() { [[ $(newest_session) != "$cut" ]]; }
wait_until 20 another || fail "no second session: $(cat "$stage/silent.err")"
while echo typed >&7; do sleep 0.2; done 2> /dev/null &
typist=$!
fill_disk "$stage/data/recordings"
full=$(date +%s%3N)
over() { ! kill -0 "$1" 2> /dev/null; }
wait_until 20 over "$talking" || fail "a session outlives the room for its recording"
wait_until 20 over "$silent" || fail "a session that prints nothing takes input while its disk is full"
ended_after=$(($(date +%s%3N) - full))
exec 7>&-
kill "$typist" 2> /dev/null || true
grep -q 'This session was ended because it could not be recorded.' "$stage/silent.err" || fail "no sentence says why: $(cat "$stage/silent.err")"
grep -q 'This session was ended because it could not be recorded.' "$stage/err" || fail "no sentence says why: $(cat "$stage/err")"
heard=$(grep -c 'Connection from' "$stage/log/target")
ends_with 5 'no room for recordings' session 20 true
[[ $(grep -c 'Connection from' "$stage/log/target") == "$heard" ]] || fail "the target heard of a session that was refused"
[[ $(recording_state "$cut") == truncated ]] || fail "the recording is called $(recording_state "$cut")"

step=recordings_back
free_disk "$stage/data/recordings"
session 20 echo back > "$stage/out" 2> "$stage/err" || fail "there is room again, and still: $(cat "$stage/err")"
grep -q back "$stage/out" || fail "the session shows nothing"
ends_with 1 truncated as admin recording verify "$cut"
ends_with 0 complete as admin recording verify "$(newest_session)"
as admin audit verify > /dev/null || fail "the audit log does not verify"
echo "both sessions were over $ended_after ms after the disk was full"
echo "$released released, $rows written down; $(wc -l < "$stage/acks") acknowledged, none lost"
