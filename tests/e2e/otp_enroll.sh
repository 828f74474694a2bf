#!/bin/bash
# Enrolling a code generator at a terminal: a wrong first code is asked for again, three end it, and what was scanned stays.
. "$(dirname "$0")/staged.sh"
admin_password=$(random_word)
as admin init --dev --data "$stage/data" --password-stdin <<< "$admin_password" > /dev/null
start_server || fail "the server does not start"
as admin login --user admin --password-stdin <<< "$admin_password" > /dev/null

cat > "$stage/enroll.exp" << 'END'
set timeout 30
proc code {step} { global seed; return [exec oathtool --totp --base32 --now @[expr {$step * 30}] - << $seed] }
# One that is right neither now nor soon.
proc wrong_code {} {
  set now [expr {[clock seconds] / 30}]
  set right {}
  for {set step [expr {$now - 2}]} {$step < $now + 10} {incr step} { lappend right [code $step] }
  for {set i 0} {[set wrong [format %06d $i]] in $right} {incr i} {}
  return $wrong
}
proc await {pattern status} {
  global expect_out
  expect {
    -re $pattern {}
    eof { exit $status }
    timeout { exit $status }
  }
}
spawn bash -c "as $env(WHO) otp enroll"
await {type the secret in:\s+([A-Z2-7]+)\s} 101
set seed $expect_out(1,string)
exec printf %s $seed > $env(SEED)
await {The code that it shows now: $} 102
foreach kind $env(KINDS) {
  switch $kind {
    wrong { send -- "[wrong_code]\r" }
    short { send -- "12345\r" }
    right { send -- "[code [expr {[clock seconds] / 30}]]\r" }
  }
  expect {
    -re {[^\r\n]*; once more\r\nThe code that it shows now: $} {}
    eof { exit [lindex [wait] 3] }
    timeout { exit 103 }
  }
}
exit 104
END
export -f as
export stage program
typing() {  # STATUS WHO KINDS: of codes, one after the other; it ends with the last
  local status=0
  WHO=$2 KINDS=$3 SEED=$stage/people/$2/seed expect -f "$stage/enroll.exp" > "$stage/log/enroll" 2>&1 < /dev/null || status=$?
  ((status == $1)) || fail "expected status $1, got $status with $3: $(cat "$stage/log/enroll")"
  (($(grep -c 'once more' "$stage/log/enroll") == $(wc -w <<< "$3") - 1)) || fail "not asked for each time: $(cat "$stage/log/enroll")"
}
enrolled() { [[ $(as "$1" whoami -o json | jq -c '[.otp_enrolled, .otp_proven]') == "[$2,$2]" ]]; }

step=once_more
typing 0 admin 'wrong short right'
enrolled admin true || fail "the right code is not taken after a wrong one"

step=three
as admin user add bob --password-stdin <<< "$admin_password" > /dev/null
as bob login --user bob --password-stdin <<< "$admin_password" > /dev/null
typing 4 bob 'wrong wrong wrong'
enrolled bob false || fail "a generator is in force that nobody has shown"
code bob | as bob otp enroll --confirm-stdin > /dev/null || fail "what was scanned is void after three wrong codes"
enrolled bob true || fail "the right code is not taken after three wrong ones"
echo "as expected"
