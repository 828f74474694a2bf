#!/bin/bash
# Playing in a real terminal: space pauses, the right arrow goes on 10 s, q ends; what is shown is what was shown then;
# whatever ends it, the terminal is as it was.
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

first_session=$session
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

# Any signal that ends a process ends it, or ctrl-C: the terminal is as it was.
cat > "$stage/signal.exp" << 'END'
set timeout 15
spawn bash -c "(echo \$BASHPID > $env(PID); exec $env(PLAY)); echo status-\$?; stty -a"
expect {
  "first" {}
  timeout { exit 101 }
}
if {$env(SIGNAL) eq "ctrl-c"} {
  send "\003"
} else {
  exec kill -$env(SIGNAL) [exec cat $env(PID)]
}
expect {
  "status-$env(STATUS)" {}
  timeout { exit 104 }
}
expect {
  -re {-icanon|-echo[ ;]|-opost|-isig} { exit 105 }
  -re { icanon.* echo } {}
  timeout { exit 106 }
}
exit 0
END
play="env XDG_RUNTIME_DIR=$stage/people/alice/run HOME=$stage/people/alice SALLYPORT_DATA=$stage/data $program recording play $session"
# SIGPIPE and SIGXFSZ are ignored by the program, KILL and STOP are nobody's to catch.
fatal=()
for name in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 ALRM TERM STKFLT XCPU VTALRM PROF IO PWR SYS RTMIN RTMIN+7 RTMAX; do
  number=$(kill -l "$name")
  fatal+=("$number=$((128 + number))")
done
for pair in "${fatal[@]}" ctrl-c=130; do
  status=0
  SIGNAL=${pair%=*} STATUS=${pair#*=} PID=$stage/play.pid PLAY=$play \
    expect -f "$stage/signal.exp" > "$stage/log/play" 2>&1 < /dev/null || status=$?
  ((status == 0)) || fail "signal $pair: $status: $(cat -v "$stage/log/play")"
done

# ctrl-Z stops it, fg goes on; in between the terminal is the shell's.
cat > "$stage/stop.exp" << 'END'
set timeout 15
spawn env PS1=prompt> bash --norc -i
expect "prompt>"
send "$env(PLAY)\r"
expect {
  "first" {}
  timeout { exit 101 }
}
send " "
expect {
  "paused" {}
  timeout { exit 102 }
}
send "\032"
expect {
  "Stopped" {}
  timeout { exit 103 }
}
send "stty -a; echo done-stty\r"
expect {
  -re {-opost} { exit 104 }
  -re {[^-]opost} {}
  timeout { exit 105 }
}
expect "done-stty"
send "fg\r"
expect {
  "first" {}
  timeout { exit 106 }
}
send "q"
expect {
  "prompt>" {}
  timeout { exit 107 }
}
send "exit\r"
expect eof
exit 0
END
status=0
PLAY=$play expect -f "$stage/stop.exp" > "$stage/log/play" 2>&1 < /dev/null || status=$?
((status == 0)) || fail "ctrl-Z: $status: $(cat -v "$stage/log/play")"

# What a real terminal shows. Bare line ends of a terminal go down only, those of a program without one begin a line;
# the last frame stays, the status has the last row, a terminal that is too small is told so.
record() {  # SSH ARGUMENTS...: sets $session
  local before=$session
  # shellcheck disable=SC2046
  ssh $(client_options) -p "$broker_port" "${@:1:$#-1}" "alice+root+web1@$broker_host" "${!#}" > "$stage/log/ssh" 2>&1 < "${stdin:-/dev/null}" || fail "no session: $(cat "$stage/log/ssh")"
  another() { session=$(as alice session list -o json | jq -r '.sessions[0].id'); [[ $session != "$before" ]] && complete; }
  wait_until 10 another || fail "the recording does not end"
}
# Each in a server of its own: one that was killed may still take a call.
terminals=0
emulate() {  # COLUMNS ROWS PLAY-ARGUMENTS...: what stands in the terminal when it has ended
  local columns=$1 rows=$2
  shift 2
  tmux -S "$stage/tmux.$((++terminals))" -f /dev/null new-session -d -x "$columns" -y "$rows" \
    "env HOME=$stage/home TERM=screen $program recording play $* 2> $stage/log/emulated; echo status-\$? >> $stage/log/emulated; sleep 60"
  wait_until 20 grep -q '^status-' "$stage/log/emulated" || fail "it does not end"
  tmux -S "$stage/tmux.$terminals" capture-pane -p -t 0 > "$stage/frame"
  tmux -S "$stage/tmux.$terminals" kill-server
}
with_key() {  # NAME: of $session
  as alice recording export "$session" --format sealed --to "$stage/$1.spr"
  as alice recording export "$session" --format key --to "$stage/$1.key"
}
record -tt "stty -opost; printf 'one\\ntwo\\n'"
with_key bare
: > "$stage/log/emulated"
emulate 100 30 "$stage/bare.spr" --key-file "$stage/bare.key"
[[ $(head -n 2 "$stage/frame") == $'one\n   two' ]] || fail "bare line ends: $(cat "$stage/frame")"
grep -q '^status-0' "$stage/log/emulated" || fail "it ended with $(cat "$stage/log/emulated")"
record "printf 'one\\ntwo\\n'"
with_key plain
: > "$stage/log/emulated"
emulate 100 30 "$stage/plain.spr" --key-file "$stage/plain.key"
[[ $(head -n 2 "$stage/frame") == $'one\ntwo' ]] || fail "line ends without a terminal: $(cat "$stage/frame")"

# It scrolls at the last row that it had then, however many rows there are now.
record -tt "for i in \$(seq 30); do printf '\\r\\nline %s' \$i; done"
with_key rows
: > "$stage/log/emulated"
emulate 100 30 "$stage/rows.spr" --key-file "$stage/rows.key"
[[ $(sed -n 24p "$stage/frame") == 'line 30' ]] || fail "the last frame: $(cat "$stage/frame")"
: > "$stage/log/emulated"
emulate 40 10 "$stage/rows.spr" --key-file "$stage/rows.key"
grep -q 'this terminal is 40x10, the recording 80x24' "$stage/log/emulated" || fail "no warning: $(cat "$stage/log/emulated")"

# What a full-screen program showed last stays until a key; the status has time and length.
record -tt "printf '\\033[?1049h\\033[Hfull screen'; sleep 1.2; printf x"
with_key full
: > "$stage/log/emulated"
tmux -S "$stage/tmux.$((++terminals))" -f /dev/null new-session -d -x 100 -y 30 \
  "env HOME=$stage/home TERM=screen $program recording play $stage/full.spr --key-file $stage/full.key; echo status-\$? > $stage/log/emulated; sleep 60"
frame_has() { grep -qE "$1" <<< "$(tmux -S "$stage/tmux.$terminals" capture-pane -p -t 0)"; }
wait_until 20 frame_has '0:00:0[0-9] / 0:00:0[0-9]  the end, q leaves  channel 1, exec' || fail "no status: $(tmux -S "$stage/tmux.$terminals" capture-pane -p -t 0)"
frame_has '^full screenx' || fail "the last frame is gone: $(tmux -S "$stage/tmux.$terminals" capture-pane -p -t 0)"
tmux -S "$stage/tmux.$terminals" send-keys -t 0 q
wait_until 20 grep -q '^status-0' "$stage/log/emulated" || fail "q does not end it"
tmux -S "$stage/tmux.$terminals" kill-server

# --idle cuts the pause, --from begins behind it.
# At this speed the pause alone would take minutes.
as alice recording play "$first_session" --idle 0s --speed 0.01 > "$stage/log/idle" < /dev/null &
playing=$!
played() { ! kill -0 "$playing" 2> /dev/null; }
wait_until 60 played || { kill "$playing"; fail "--idle did not cut the pause"; }
wait "$playing" || fail "--idle ends with a failure"
grep -q last "$stage/log/idle" || fail "--idle lost the end"
echo "as expected"
