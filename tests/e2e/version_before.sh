#!/bin/bash
# What a version before left behind (tests/fixtures) opens, says the same, and goes on working.
. "$(dirname "$0")/staged.sh"
fixtures=$(cd "$(dirname "$0")/../fixtures" && pwd)

opens() {  # FILE
  local keep=$stage/keep name
  rm -rf "$keep" "$stage/data" "$stage/people"
  mkdir "$keep"
  tar -C "$keep" -xJf "$1"
  mv "$keep/data" "$stage/data"
  start_server || fail "$1: the server does not start"
  for name in admin alice; do
    mkdir -p "$stage/people/$name"
    cp "$keep/$name.seed" "$stage/people/$name/seed"
    signs_in "$name" || fail "$1: $name can't sign in: $(cat "$stage/log/login")"
  done
  ends_with 0 '' as admin audit verify
  [[ $(as admin status -o json | jq -r '.warning // empty') == "" ]] || fail "$1: status warns: $(as admin status)"

  [[ $(state_of "$keep/terminal") == complete ]] || fail "$1: the terminal's recording is $(state_of "$keep/terminal")"
  [[ $(state_of "$keep/truncated") == truncated ]] || fail "$1: the cut recording is $(state_of "$keep/truncated")"
  for name in terminal exec scp; do ends_with 0 '' as alice recording verify "$(< "$keep/$name")"; done
  as alice recording export "$(< "$keep/terminal")" --to "$stage/terminal.txt" > /dev/null || fail "$1: export"
  grep -q 'first line' "$stage/terminal.txt" && grep -q 'last line' "$stage/terminal.txt" || fail "$1: what was shown is not there: $(cat "$stage/terminal.txt")"
  as alice recording export "$(< "$keep/scp")" --format facts --to "$stage/scp.json" > /dev/null || fail "$1: facts"
  grep -q 5000 "$stage/scp.json" || fail "$1: the copied file is not among the facts: $(cat "$stage/scp.json")"

  # What it keeps is still lent: the secret of an account that nobody rotated.
  as alice checkin root@down1 > /dev/null 2>&1 || true  # unless its time is over
  code alice | as alice checkout root@down1 --reason 'version before' --otp-stdin > /dev/null || fail "$1: checkout"
  [[ $(as alice reveal root@down1 -o json | jq -r .secret) == nowhere-password ]] || fail "$1: the secret is another one"
  stop_server
  unset server_pid
}

signs_in() {
  local password=fixture-$1-password
  printf '%s\n%s\n' "$password" "$(code "$1")" | as "$1" login --user "$1" --password-stdin --otp-stdin > "$stage/log/login" 2>&1
}

state_of() { as alice session show "$(< "$1")" -o json | jq -r .recording; }

for file in "$fixtures"/version_*.tar.xz; do opens "$file"; done
echo "as expected"
