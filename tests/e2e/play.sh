#!/bin/bash
# Playing in a real terminal: space pauses, the right arrow goes on 10 s, q ends; the terminal is as it was afterwards.
. "$(dirname "$0")/staged.sh"
furnish
as admin role add auditors --actions audit > /dev/null
as admin grant add auditors alice > /dev/null
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null
# shellcheck disable=SC2046
ssh -tt $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'echo first; sleep 2; echo last' > "$stage/log/ssh" 2>&1 < /dev/null || fail "no session: $(cat "$stage/log/ssh")"
complete() { [[ $(as alice session list -o json | jq -r '.sessions[0].recording') == complete ]]; }
wait_until 10 complete || fail "the recording does not end"
session=$(as alice session list -o json | jq -r '.sessions[0].id')

cat > "$stage/play.exp" << 'END'
set timeout 15
set key $env(KEY)
spawn bash -c "$env(PLAY); echo status-\$?; stty -a"
expect {
  "first" {}
  timeout { exit 101 }
}
if {$key eq "pause"} {
  send " "
  set timeout 3
  expect {
    "last" { exit 102 }
    timeout {}
  }
  set timeout 10
  send " "
}
if {$key eq "right"} {
  set timeout 1
  send "\033\[C"
}
if {$key eq "quit"} {
  set timeout 1
  send "q"
} else {
  expect {
    "last" {}
    timeout { exit 103 }
  }
}
set timeout 10
expect {
  "status-0" {}
  timeout { exit 104 }
}
# "-icanon" and "-echo" would be what a player leaves behind.
expect {
  -re {-icanon|-echo[ ;]} { exit 105 }
  -re { icanon.* echo } {}
  timeout { exit 106 }
}
exit 0
END
for key in none pause right quit; do
  status=0
  KEY=$key PLAY="env XDG_RUNTIME_DIR=$stage/people/alice/run HOME=$stage/people/alice SALLYPORT_DATA=$stage/data $program recording play $session" \
    expect -f "$stage/play.exp" > "$stage/log/play" 2>&1 < /dev/null || status=$?
  ((status == 0)) || fail "key $key: $status: $(cat "$stage/log/play")"
done

# --idle cuts the pause, --from begins behind it.
began=$(date +%s%N)
as alice recording play "$session" --idle 0s > "$stage/log/idle" < /dev/null || fail "--idle"
((($(date +%s%N) - began) / 1000000 < 1500)) || fail "--idle did not cut the pause"
grep -q last "$stage/log/idle" || fail "--idle lost the end"
echo "as expected"
