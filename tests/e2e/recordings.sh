#!/bin/bash
# Recordings as an auditor meets them: several channels on one connection, control strings without an end, files that are
# cut, changed or gone, exports that fail, and a copy that plays without a server.
. "$(dirname "$0")/staged.sh"
furnish
as admin role add auditors --actions audit > /dev/null
as admin grant add auditors alice > /dev/null
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null
says_purpose() {  # WANTED: of the last recording.open
  local said
  said=$(as alice audit list --action recording.open -o json | jq -r '.events[-1].detail')
  [[ $said == "$1" ]] || fail "the log says \"$said\" instead of \"$1\""
}
newest_session() { as alice session list -o json | jq -r '.sessions[0].id'; }
newest_is_complete() { [[ $(as alice session list -o json | jq -r '.sessions[0].recording') == complete ]]; }
# shellcheck disable=SC2046
on_target() { ssh $(client_options) -S "$stage/control" -p "$broker_port" "alice+root+web1@$broker_host" "$@" < /dev/null; }

step=channels
on_target -M -o ControlPersist=60 'echo first; echo second' > "$stage/log/ssh" 2>&1 || fail "no session: $(cat "$stage/log/ssh")"
on_target 'echo beside; exit 3' > /dev/null 2>&1 || true
on_target 'printf "a\033_b\nhidden\n\033]52;c;eA==\007c\000\377"' > "$stage/printed" 2> /dev/null
on_target -O exit > /dev/null 2>&1
wait_until 10 newest_is_complete || fail "the recording does not end"
session=$(newest_session)
as alice recording show "$session" > "$stage/shown" || fail "show"
says_purpose 'said: to show'
grep -qE '^1 +exec .* echo first; echo second$' "$stage/shown" || fail "show lists no channel 1: $(cat "$stage/shown")"
grep -qE '^2 +exec .* 3 .*echo beside; exit 3$' "$stage/shown" || fail "show lists no channel 2: $(cat "$stage/shown")"
[[ $(as alice recording show "$session" -o json | jq '.channel_details | length') == 3 ]] || fail "not three channels"
as alice recording play "$session" --instant > "$stage/first" 2> "$stage/first.err" || fail "play: $(cat "$stage/first.err")"
says_purpose 'said: to play'
grep -q first "$stage/first" && ! grep -q beside "$stage/first" || fail "play shows another channel: $(cat "$stage/first")"
grep -q '3 channels' "$stage/first.err" || fail "play does not say that there are more: $(cat "$stage/first.err")"
ends_with 0 '^beside' as alice recording play "$session" --instant --channel 2
ends_with 3 'no channel 9' as alice recording play "$session" --instant --channel 9
ends_with 2 'number or all' as alice recording play "$session" --instant --channel two
as alice recording play "$session" --instant --channel all > "$stage/all" 2> /dev/null || fail "play --channel all"
for text in 'channel 1, exec: echo first' first 'channel 2, exec: echo beside' beside hidden; do
  grep -q "$text" "$stage/all" || fail "play --channel all lacks \"$text\": $(cat "$stage/all")"
done
as alice recording export "$session" --channel all > "$stage/all.cast" 2> /dev/null || fail "export --channel all"
grep -q beside "$stage/all.cast" && grep -q hidden "$stage/all.cast" || fail "the cast lacks a channel: $(cat "$stage/all.cast")"
as alice recording export "$session" --format facts --channel 2 > "$stage/facts" || fail "facts"
grep -q 'echo beside' "$stage/facts" && ! grep -q 'echo first' "$stage/facts" || fail "facts of one channel: $(cat "$stage/facts")"
as alice recording export "$session" --format facts > "$stage/facts" && grep -q 'echo first' "$stage/facts" || fail "facts of all"

step=strings
as alice recording play "$session" --instant --channel 3 > "$stage/hidden" 2> "$stage/hidden.err" || fail "play 3"
grep -qF 'a[APC without an end, 1 bytes:]b' "$stage/hidden" || fail "no mark of the string: $(cat -v "$stage/hidden")"
grep -q '^hidden' "$stage/hidden" || fail "what followed is hidden: $(cat -v "$stage/hidden")"
grep -qF '[not shown: OSC 52, 9 bytes]' "$stage/hidden" || fail "no mark of the clipboard: $(cat -v "$stage/hidden")"
as alice recording export "$session" --format raw --channel 3 > "$stage/raw" || fail "raw"
cmp "$stage/raw" "$stage/printed" || fail "raw is not what was printed"

step=key
as alice recording export "$session" --format sealed --to "$stage/copy.spr" || fail "sealed"
says_purpose 'said: to export'
cmp "$stage/copy.spr" "$stage/data/recordings/$session.spr" || fail "the sealed copy differs"
ends_with 2 'to a file only' as alice recording export "$session" --format key
as alice recording export "$session" --format key --to "$stage/copy.key" || fail "key"
[[ $(stat -c %a "$stage/copy.key") == 600 ]] || fail "the key is not private"
says_purpose 'said: to export its key'
nobody() { env -i PATH="$PATH" HOME="$stage/home" TERM=xterm "$program" "$@"; }
ends_with 0 '^first' nobody recording play "$stage/copy.spr" --key-file "$stage/copy.key" --instant
ends_with 0 '^complete' nobody recording verify "$stage/copy.spr" --key-file "$stage/copy.key"
ends_with 0 beside nobody recording export "$stage/copy.spr" --key-file "$stage/copy.key" --channel 2
ends_with 2 'no key of a recording' nobody recording play "$stage/copy.spr" --key-file "$stage/copy.spr"
ends_with 2 "copy.spr is no session's id" as alice recording play "$stage/copy.spr"
ends_with 2 'opened with --key-file KEY, or with .* --file FILE' as alice recording play "$stage/copy.spr"

step=short
ends_with 0 '^first' as alice recording play "${session:0:4}" --instant
ends_with 2 'first 4 letters, no less' as alice recording play "${session:0:3}" --instant

step=silent
on_target true > "$stage/log/ssh" 2>&1 || fail "no session: $(cat "$stage/log/ssh")"
another_is_complete() { [[ $(newest_session) != "$session" ]] && newest_is_complete; }
wait_until 10 another_is_complete || fail "the recording does not end"
silent=$(newest_session)
ends_with 0 "recording $silent: nothing was printed in it; what it did: sallyport recording export $silent --format facts" as alice recording play
ends_with 0 'channel 1, exec: true printed nothing; what it did' as alice recording play "$silent" --channel 1 --instant
ends_with 0 '"true"' as alice recording export "$silent" --format facts
head -c -1 "$stage/data/recordings/$silent.spr" > "$stage/silent.spr"
for wanted in truncated 'nothing was printed'; do ends_with 1 "$wanted" as alice recording play "$silent" --file "$stage/silent.spr"; done

step=attempts
stop_target
for five in {1..22}; do
  tries=()
  for one in {1..5}; do (on_target -S none true > /dev/null 2>&1 || true) & tries+=($!); done
  wait "${tries[@]}"
done
none() { as alice recording list --state none --all -o json | jq '.sessions | length'; }
(($(none) > 100)) || fail "only $(none) attempts came to nothing"
ends_with 0 "recording $silent: nothing was printed" as alice recording play
start_target

step=damage
size=$(stat -c %s "$stage/copy.spr")
head -c $((size - 700)) "$stage/copy.spr" > "$stage/cut.spr"
cp "$stage/copy.spr" "$stage/changed.spr"
flip_byte "$stage/changed.spr" $((size - 300))
for kind in cut changed; do
  word=truncated
  [[ $kind == cut ]] || word=tampered
  for how in "$session --file $stage/$kind.spr" "$stage/$kind.spr --key-file $stage/copy.key"; do
    # shellcheck disable=SC2086
    ends_with 1 "$word" as alice recording play $how --instant
    # shellcheck disable=SC2086
    ends_with 1 '"m", "'"$word" as alice recording export $how
    echo good > "$stage/standing"
    # shellcheck disable=SC2086
    ends_with 1 'left as it is' as alice recording export $how --to "$stage/standing"
    [[ $(< "$stage/standing") == good ]] || fail "the file that stood there is gone"
  done
  as alice recording export "$session" --file "$stage/$kind.spr" --to "$stage/$kind.cast" 2> /dev/null && fail "a damaged export succeeded"
  grep -q first "$stage/$kind.cast" || fail "the good part was not exported"
done
compgen -G "$stage/*.new-*" > /dev/null && fail "an export left its own file behind"
ends_with 0 'problem +truncated' as alice recording show "$session" --file "$stage/cut.spr"
ends_with 0 "^bytes +$((size - 700))" as alice recording show "$session" --file "$stage/cut.spr"

step=gone
mv "$stage/data/recordings/$session.spr" "$stage/away.spr"
ends_with 0 '^recording +missing' as alice recording show "$session"
ends_with 3 'missing' as alice recording play "$session"
ends_with 3 'missing' as alice recording export "$session" --to "$stage/standing"
[[ $(< "$stage/standing") == good ]] || fail "the file that stood there is gone"
echo "as expected"
