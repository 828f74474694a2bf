#!/bin/bash
# kill -9 at any moment of checkouts, rotations and recordings, round after round: nothing that was acknowledged is lost,
# nobody is locked out, and logs and recordings verify. SALLYPORT_ROUNDS says how many.
. "$(dirname "$0")/staged.sh"
load=${SALLYPORT_LOAD:?the load client}
rounds=${SALLYPORT_ROUNDS:-12}
kinds=(vault session rotator web ssh vault session supervisor)

sign_in() { printf '%s\n%s\n' "$2" "$(code "$1")" | as "$1" login --user "$1" --password-stdin --otp-stdin > /dev/null; }
process_of() { grep -o "process.started kind=$1 pid=[0-9]*" "$stage/log/server" | tail -n 1 | sed 's/.*pid=//'; }
victim() {
  case $1 in
    supervisor) echo "$server_pid" ;;
    session) cut -d' ' -f1 "/proc/$(process_of ssh)/task/$(process_of ssh)/children" 2> /dev/null ;;
    *) process_of "$1" ;;
  esac
}
api_answers() { as alice whoami > /dev/null 2>&1; }
ssh_answers() {
  timeout 15 ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" true < /dev/null > /dev/null 2>> "$stage/log/ssh_answers"
}
newest_token() { (umask 077; cat "$(ls -t "$stage/people/alice/run/sallyport"/*.token | head -n 1)"); }  # one a server's address
url() { jq -r .web "$stage/ready.json"; }

setup() {
  furnish
  useradd --no-create-home --home-dir / --shell /bin/sh svc
  svc_password=$(random_word)
  chpasswd <<< "svc:$svc_password"
  as admin account add svc@web1 --kind unix_password --reconcile root@web1 --secret-stdin <<< "$svc_password" > /dev/null
  for i in {0..3}; do as admin account add "load$i@web1" --kind unix_password --code-reuse 15m --secret-stdin <<< "$(random_word)" > /dev/null; done
  as admin role add revealers --actions checkout,reveal,rotate --labels env=prod > /dev/null
  as admin grant add revealers alice > /dev/null
  code alice | as alice checkout root@web1 --reason test --for 2h --otp-stdin > /dev/null
}

after_supervisor() {  # its children end with it; a new server takes the same data, on other ports
  wait "$server_pid" 2> /dev/null || true
  wait_until 10 start_server || fail "round $round: the server does not start again"
  sign_in alice "$alice_password" || fail "round $round: alice can't sign in again"
  sign_in admin "$admin_password" || fail "round $round: admin can't sign in again"
}

one_round() {
  local kind=$1 pid
  newest_token > "$stage/token"
  "$load" run "$(url)" "$stage/data/tls/ca.pem" "$stage/token" web1 4 1 "$stage/acks" > /dev/null 2>&1 &
  local loading=$!
  timeout 20 ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'seq 1 30000; sleep 0.5' < /dev/null > /dev/null 2>&1 &
  local talking=$!
  as alice rotate svc@web1 > /dev/null 2>> "$stage/log/rotate" || true
  sleep "0.$((RANDOM % 10))"  # the moment is meant to be any
  pid=$(victim "$kind")
  [[ -z $pid ]] || kill -9 "$pid" 2> /dev/null || true  # a session may have ended by itself meanwhile
  wait "$loading" "$talking" 2> /dev/null || true
  [[ $kind != supervisor ]] || after_supervisor
  wait_until 20 api_answers || fail "round $round: the API does not answer after the end of $kind"
  wait_until 20 ssh_answers || fail "round $round: no session after the end of $kind: $(head -n 5 "$stage/log/ssh_answers"); $(as admin rotation list)"
}

svc_login() {
  printf '#!/bin/sh\ncat "%s/svc.answer"\n' "$stage" > "$stage/svc.askpass"
  (umask 077; printf '%s\n' "$1" > "$stage/svc.answer")
  chmod 700 "$stage/svc.askpass"
  SSH_ASKPASS=$stage/svc.askpass SSH_ASKPASS_REQUIRE=force ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o PreferredAuthentications=password -o NumberOfPasswordPrompts=1 -o LogLevel=ERROR -p "$target_port" svc@127.0.0.1 true < /dev/null
}
rotation_rests() { [[ $(as admin rotation list --account svc@web1 -o json | jq '[.rotations[] | select(.finished == null)] | length') == 0 ]]; }

setup
for ((round = 1; round <= rounds; ++round)); do
  # A sign-in lasts 15 minutes, a checkout's code counts for 5 at a login.
  if ((round % 40 == 0)); then
    sign_in alice "$alice_password" && sign_in admin "$admin_password" || fail "round $round: signing in again"
    as alice checkin root@web1 > /dev/null
    code alice | as alice checkout root@web1 --reason test --for 2h --otp-stdin > /dev/null
  fi
  one_round "${kinds[$(((round - 1) % ${#kinds[@]}))]}"
done

step=rotated
wait_until 120 rotation_rests || fail "a rotation does not end: $(as admin rotation list)"
(($(as admin rotation list --account svc@web1 --limit 200 -o json | jq '[.rotations[] | select(.state == "current")] | length') >= 1)) ||
  fail "nothing was rotated: $(head -n 3 "$stage/log/rotate"); $(as admin rotation list)"

step=acknowledged
newest_token > "$stage/token"
"$load" check "$(url)" "$stage/data/tls/ca.pem" "$stage/token" "$stage/acks" || fail "an acknowledged checkout is not there"

step=locked_out
as alice checkout svc@web1 --reason test --otp-stdin <<< "$(code alice)" > /dev/null || fail "the account can't be checked out any more"
svc_login "$(as alice reveal svc@web1)" || fail "the vault's password does not open the target"
as alice checkin svc@web1 > /dev/null || fail "it can't be given back"

step=verify
as admin audit verify > /dev/null || fail "the audit log does not verify"
as admin recording list --limit 200 -o json > "$stage/recordings.json"
for id in $(jq -r '.sessions[] | select(.recording == "complete") | .id' "$stage/recordings.json"); do
  as admin recording verify "$id" > "$stage/log/verify" 2>&1 || fail "recording $id says complete, and is not: $(cat "$stage/log/verify")"
done
jq -r '[.sessions[].recording] | group_by(.) | map("\(length) \(.[0])") | join(", ") | "recordings: " + .' "$stage/recordings.json"
echo "$rounds rounds: nothing lost"
