# The steps of tools/demo, in order. Each checks itself and says in $said what it saw; where `broken` is true it is
# sabotaged, and has to notice.

step_init() {
  admin_password=$(random_word)
  as admin init --dev --data "$stage/data" --password-stdin <<< "$admin_password" > /dev/null || fail "init"
  broken && rm "$stage/data/header"
  start_server || fail "the server does not become ready: $(tail -n 2 "$stage/log/server")"
  [[ $(as admin status -o json | jq -r .state) == unsealed ]] || fail "the vault is not open"
  [[ $("$program" doctor --data "$stage/data" | grep -c '^bad') == 0 ]] || fail "doctor finds something: $("$program" doctor --data "$stage/data")"
  said="vault made and open; ssh at $broker_host:$broker_port"
}

step_target() {
  local key=$stage/target_host_key.pub pinned
  set_target_password "$old_password"
  start_target
  direct_login "$old_password" || fail "the target does not take its own password: $(cat "$stage/log/direct")"
  enrol admin "$admin_password" || fail "the administrator can't enrol"
  if broken; then
    ssh-keygen -q -t ed25519 -N '' -f "$stage/other_key"
    key=$stage/other_key.pub
  fi
  as admin target add web1 127.0.0.1 --port "$target_port" --labels env=prod --host-key "$key" > /dev/null || fail "target add"
  pinned=$(as admin target show web1 -o json | jq -r '.host_keys[0].fingerprint')
  [[ $pinned == "$(ssh-keygen -lf "$stage/target_host_key.pub" | cut -d' ' -f2)" ]] || fail "the pinned host key is not the target's"
  as admin account add root@web1 --kind unix_password --secret-stdin <<< "$old_password" > /dev/null || fail "account add"
  said="web1 with its host key and root's password"
}

step_people() {
  alice_password=$(random_word) audra_password=$(random_word)
  as admin user add alice --password-stdin <<< "$alice_password" > /dev/null || fail "user add alice"
  as admin user add audra --password-stdin <<< "$audra_password" > /dev/null || fail "user add audra"
  as admin role add web-admins --actions checkout,session,reveal --labels env=prod > /dev/null || fail "role add"
  as admin role add auditors --actions audit > /dev/null || fail "role add"
  broken || as admin grant add web-admins alice > /dev/null || fail "grant add"
  as admin grant add auditors audra > /dev/null || fail "grant add"
  [[ $(as admin grant list -o json | jq -r '.roles[] | select(.name == "web-admins") | .members[]') == alice ]] || fail "alice has not the role"
  said="alice (web-admins) and audra (auditors)"
}

step_enrol() {
  local qr
  enrol audra "$audra_password" || fail "audra can't enrol"
  as alice login --user alice --password-stdin <<< "$alice_password" > /dev/null || fail "login"
  qr=$(as alice otp enroll < /dev/null 2> /dev/null)
  [[ $qr == *█* || $qr == *▀* ]] || fail "no QR code was drawn"
  sed -n '/type the secret in:/{n;p}' <<< "$qr" | tr -d '\n' > "$stage/people/alice/seed"
  if broken; then cp "$stage/people/audra/seed" "$stage/people/alice/seed"; fi
  code alice | as alice otp enroll --confirm-stdin > "$stage/people/alice/welcome" || fail "the first code was not taken"
  ssh-keygen -q -t ed25519 -N '' -C alice -f "$stage/home/.ssh/id_ed25519"
  as alice user key add alice "$stage/home/.ssh/id_ed25519.pub" --otp-stdin <<< "$(code alice)" > /dev/null || fail "user key add"
  [[ $(as alice whoami -o json | jq -r .otp_proven) == true ]] || fail "the sign-in does not count the code"
  said="QR code drawn, first code taken, SSH key added"
}

step_checkout() {
  local used
  used=$(code alice)
  broken && used=$(code audra)
  as alice checkout root@web1 --reason 'disk full, INC-4711' --for 30m --otp-stdin <<< "$used" > "$stage/log/checkout" 2>&1 ||
    fail "checkout: $(cat "$stage/log/checkout")"
  # The same code is good for nothing else.
  ! as alice checkout root@web1 --reason again --otp-stdin <<< "$used" > /dev/null 2>&1 || fail "a used code was taken again"
  said="root@web1 lent to alice for 30 minutes; the code is used up"
}

step_shell() {
  broken && stop_target
  rm -f "$stage/home/made_in_shell"
  cat > "$stage/shell.exp" << 'END'
set timeout 30
# What is not seen in time ends this with its own status.
proc wait_for {pattern status} {
  expect {
    $pattern {}
    timeout { exit $status }
    eof { exit $status }
  }
}
eval spawn ssh $env(OPTIONS) -p $env(PORT) alice+root+web1@$env(BROKER)
wait_for "target# " 101
send "echo mark-\$((6*7)); stty size\r"
wait_for "mark-42" 102
wait_for "target# " 103
send "touch made_in_shell\r"
wait_for "target# " 104
send "exit 9\r"
expect {
  eof {}
  timeout { exit 105 }
}
exit [lindex [wait] 3]
END
  local status=0
  OPTIONS=$(client_options) PORT=$broker_port BROKER=$broker_host expect -f "$stage/shell.exp" > "$stage/log/shell" 2>&1 < /dev/null || status=$?
  ((status == 9)) || fail "the shell ended with $status instead of its own 9: $(tail -c 400 "$stage/log/shell")"
  [[ -f $stage/home/made_in_shell ]] || fail "the shell's command did nothing on the target"
  said="ssh alice+root+web1@broker: worked in a shell, exit status 9 came back"
}

step_exec() {
  broken && stop_target
  local status=0 output
  # shellcheck disable=SC2046
  output=$(ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'echo out-$(id -u); echo err >&2; exit 3' 2> "$stage/log/exec.err" < /dev/null) || status=$?
  [[ $status == 3 && $output == out-0 && $(cat "$stage/log/exec.err") == err ]] || fail "exec gave $status, \"$output\", \"$(cat "$stage/log/exec.err")\""
  output=$(HOME=$stage/home as alice ssh --user alice root@web1 id -un < /dev/null 2> "$stage/log/exec.err") || fail "sallyport ssh: $(cat "$stage/log/exec.err")"
  [[ $output == root ]] || fail "sallyport ssh gave \"$output\""
  said="one command: output, error output and exit status 3 came back"
}

step_scp() {
  broken && stop_target
  local mode
  head -c 300000 /dev/urandom > "$stage/up.bin"
  for mode in -s -O; do  # through sftp, and the old protocol
    rm -f "$stage/home/up.bin" "$stage/down.bin"
    # shellcheck disable=SC2046
    scp $mode $(client_options) -P "$broker_port" "$stage/up.bin" "alice+root+web1@$broker_host:up.bin" > "$stage/log/scp" 2>&1 < /dev/null || fail "scp $mode up: $(cat "$stage/log/scp")"
    # shellcheck disable=SC2046
    scp $mode $(client_options) -P "$broker_port" "alice+root+web1@$broker_host:up.bin" "$stage/down.bin" > "$stage/log/scp" 2>&1 < /dev/null || fail "scp $mode down: $(cat "$stage/log/scp")"
    cmp -s "$stage/up.bin" "$stage/home/up.bin" && cmp -s "$stage/up.bin" "$stage/down.bin" || fail "scp $mode changed the file"
  done
  said="a file up and down again, by both of scp's protocols"
}

step_sftp() {
  broken && stop_target
  printf 'put %s sftp.bin\nls -l\nget sftp.bin %s\nrm sftp.bin\n' "$stage/up.bin" "$stage/sftp.bin" > "$stage/batch"
  # shellcheck disable=SC2046
  sftp -b "$stage/batch" $(client_options) -P "$broker_port" "alice+root+web1@$broker_host" > "$stage/log/sftp" 2>&1 < /dev/null || fail "sftp: $(cat "$stage/log/sftp")"
  cmp -s "$stage/up.bin" "$stage/sftp.bin" || fail "sftp changed the file"
  [[ ! -e $stage/home/sftp.bin ]] || fail "sftp's rm did nothing"
  said="put, ls, get, rm"
}

step_secrecy() {
  broken && echo "$old_password" >> "$stage/log/shell"
  # Alice's key opens nothing past the broker, and nothing that she saw holds the password.
  # shellcheck disable=SC2046
  ! ssh $(client_options) -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p "$target_port" root@127.0.0.1 true > /dev/null 2>&1 < /dev/null || fail "alice's key opens the target past the broker"
  ! grep -rlF "$old_password" "$stage/log" "$stage/people" "$stage/data" > "$stage/found" || fail "the password stands in $(cat "$stage/found")"
  said="the password is in no output, log, or file of the server"
}

step_reveal() {
  broken && as admin role set web-admins --actions checkout,session > /dev/null
  [[ $(as alice reveal root@web1 2> "$stage/log/reveal") == "$old_password" ]] || fail "reveal: $(cat "$stage/log/reveal")"
  said="alice sees the password; it has to change now"
}

rotation_state() { as admin rotation list -o json | jq -r '.rotations[0] | select(. != null) | if .finished then .state else "busy" end'; }
rotation_over() { local state; state=$(rotation_state); [[ -n $state && $state != busy ]]; }

step_checkin() {
  broken && stop_target
  [[ $(as alice checkin root@web1 -o json | jq -r .rotation) == true ]] || fail "check-in queued no rotation"
  wait_until 40 rotation_over || fail "the rotation does not end: $(as admin rotation list)"
  [[ $(as admin account show root@web1 -o json | jq -r .version) == 2 ]] || fail "the account still has its old secret: $(as admin rotation list)"
  said="given back; the rotation is done"
}

step_rotated() {
  broken && set_target_password "$old_password"
  ! direct_login "$old_password" || fail "the old password still opens the target"
  as alice checkout root@web1 --reason 'look at the new one' --otp-stdin <<< "$(code alice)" > /dev/null || fail "checkout"
  new_password=$(as alice reveal root@web1) || fail "reveal"
  [[ $new_password != "$old_password" ]] || fail "the password is the same"
  direct_login "$new_password" || fail "the vault's password does not open the target"
  as alice checkin root@web1 > /dev/null || fail "checkin"
  said="the old password is refused, the vault's is taken"
}

step_sessions() {
  local count
  as audra session list -o json > "$stage/sessions.json" || fail "session list"
  broken && echo '{"sessions": []}' > "$stage/sessions.json"
  count=$(jq '[.sessions[] | select(.user == "alice" and .account == "root@web1" and .recording == "complete")] | length' "$stage/sessions.json")
  ((count >= 8)) || fail "of alice's sessions $count are there and complete: $(cat "$stage/sessions.json")"
  # The oldest is the shell.
  session=$(jq -r '.sessions | sort_by(.started)[0].id' "$stage/sessions.json")
  ! as alice session list > /dev/null 2>&1 || fail "alice may list sessions"
  said="audra sees $count sessions; alice may not look"
}

recording_file() { echo "$stage/data/recordings/$session.spr"; }

step_play() {
  broken && truncate -s 200 "$(recording_file)"
  as audra recording play "$session" --instant > "$stage/log/play" 2> "$stage/log/play.err" || fail "play: $(cat "$stage/log/play.err")"
  grep -q 'mark-42' "$stage/log/play" || fail "the shell's output is not in what was played"
  as audra recording export "$session" --format asciicast-v2 > "$stage/session.cast" || fail "export"
  [[ $(head -n 1 "$stage/session.cast" | jq .version) == 2 ]] || fail "the export is no asciicast"
  said="the shell plays back, and exports as asciicast"
}

step_verify() {
  broken && flip_byte "$(recording_file)" $(($(stat -c %s "$(recording_file)") / 2))
  local id
  for id in $(jq -r '.sessions[].id' "$stage/sessions.json"); do
    as audra recording verify "$id" > "$stage/log/verify" 2>&1 || fail "recording $id: $(cat "$stage/log/verify")"
  done
  said="every recording is whole and signed"
}

step_tampered_recording() {
  local status=0 middle
  cp "$(recording_file)" "$stage/copy.spr"
  middle=$(($(stat -c %s "$stage/copy.spr") / 2))
  broken || flip_byte "$stage/copy.spr" "$middle"
  as audra recording verify "$session" --file "$stage/copy.spr" -o json > "$stage/log/tampered" 2>&1 || status=$?
  ((status == 1)) || fail "one changed byte was not found (status $status): $(cat "$stage/log/tampered")"
  [[ $(jq -r .state "$stage/log/tampered") == tampered && $(jq -r .chunk "$stage/log/tampered") != null ]] || fail "the place is not named: $(cat "$stage/log/tampered")"
  said="one byte changed: chunk $(jq -r .chunk "$stage/log/tampered") is named"
}

step_audit() {
  as audra audit verify > "$stage/log/audit" 2>&1 || fail "audit verify: $(cat "$stage/log/audit")"
  as audra audit export "$stage/audit.log" 2> /dev/null || fail "audit export"
  broken && truncate -s -40 "$stage/audit.log"
  as audra audit verify -o json | jq -r .key > "$stage/audit.key"
  as audra audit verify "$stage/audit.log" --key "$stage/audit.key" > "$stage/log/audit" 2>&1 || fail "the exported log: $(cat "$stage/log/audit")"
  as audra audit export --jsonl > "$stage/audit.jsonl" || fail "audit export --jsonl"
  (($(jq -s '[.[] | select(.action == "checkout.create" and .outcome == "ok")] | length' "$stage/audit.jsonl") == 2)) || fail "the two checkouts are not in the log"
  said="$(cat "$stage/log/audit")"
}

step_tampered_audit() {
  local status=0 middle
  cp "$stage/audit.log" "$stage/audit_copy.log"
  middle=$(grep -abo 'checkout.create' "$stage/audit_copy.log" | sed -n '1s/:.*//p')
  broken || flip_byte "$stage/audit_copy.log" "$middle"
  as audra audit verify "$stage/audit_copy.log" --key "$stage/audit.key" -o json > "$stage/log/tampered" 2>&1 || status=$?
  ((status == 1)) || fail "one changed byte was not found (status $status): $(cat "$stage/log/tampered")"
  [[ $(jq -r .broken "$stage/log/tampered") == entry ]] || fail "the entry is not named: $(cat "$stage/log/tampered")"
  said="one byte changed: entry $(jq -r .index "$stage/log/tampered") is named"
}
