#!/bin/bash
# Exit statuses 0, 1, 3, 4, 5, 7 and 2 as the server's answers give them, with sentences that say what, on what, what next.
. "$(dirname "$0")/staged.sh"
furnish

ends_with 0 'alice' as admin user list
ends_with 0 '"schema":"sallyport.user.list/2"' as admin user list -o json
ends_with 3 'bob.*\(request ' as admin user show bob
ends_with 5 'request ' as alice user list
ends_with 5 'ask an administrator for a role with the action administer' as alice user list
ends_with 4 'sallyport login' as nobody whoami
# A sign-in that is refused says of its three parts no more than of others, and what time codes go by.
printf '%s\n%s\n' "$alice_password" 000000 > "$stage/wrong_code"
sign_in() { as alice login --user alice --password-stdin "$@"; }
status=0
sign_in --otp-stdin < "$stage/wrong_code" > /dev/null 2> "$stage/err" || status=$?
((status == 4)) && grep -qE 'wrong user, password or one-time code .*request' "$stage/err" || fail "a wrong code gave $status: $(cat "$stage/err")"
year=$(date -u +%Y)
grep -qE "^  codes go by the clock: the server's says [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} ($year|$((year + 1))) [0-9:]{8} GMT, compare it" "$stage/err" || fail "no time is told: $(cat "$stage/err")"
sign_in <<< 'not hers' > /dev/null 2> "$stage/err" && fail "a wrong password signs in"
! grep -q 'clock' "$stage/err" || fail "clocks are no advice where there was no code: $(cat "$stage/err")"
ends_with 1 'alice' as admin user add alice
ends_with 2 '.' as admin user add 'Bad Name'
ends_with 2 'a time like' as admin account set root@web1 --longest soon
ends_with 2 'yes or no' as admin user set alice --enabled maybe
ends_with 2 'private key' as admin user key add alice "$stage/home/.ssh/id_ed25519"
ends_with 2 'for 1s to 8h' as alice checkout root@web1 --reason test --for 9h
as admin account set root@web1 --longest 4h --rotate-every 7d > /dev/null
ends_with 0 'longest_seconds +4h' as admin account show root@web1
ends_with 0 'rotation_seconds +7d' as admin account show root@web1
as admin account set root@web1 --rotate-every 0 > /dev/null
ends_with 0 'rotation_seconds +never' as admin account show root@web1
ends_with 3 'no active checkout' as alice checkin
ends_with 3 '.' as alice checkin 'aaaaaaaaaaaaaaaa'
ends_with 0 'otp' as admin user show alice
ends_with 0 'unsealed' as admin status
ends_with 0 '"openapi"' as admin openapi
# The audit log's root is read in one form, from the server and from a file; a key that is not there is named.
as admin audit export "$stage/audit.log" 2> /dev/null
ends_with 0 "root $(as admin audit verify "$stage/audit.log" -o json | jq -r .root)" as admin audit verify "$stage/audit.log"
ends_with 0 'root +[0-9a-f]{64}' as admin audit verify
ends_with 3 'log.key: No such file' as admin audit verify "$stage/audit.log" --key "$stage/log.key"
ends_with 2 'a log key is written' as admin audit verify "$stage/audit.log" --key a+b+c

# What opens accounts says which; what is about none needs no labels.
ends_with 2 'say which with --labels' as admin role add opens --actions checkout
ends_with 0 'auditors' as admin role add auditors --actions audit

# Without the system users this starts in development, and the doctor says so.
ends_with 0 'system users +not all are there: it starts with --dev, and not without' as admin doctor

# At a terminal: WANTED and no line end spelt out; ends at a question.
export -f as
export stage program
# What can't be taken back asks who sits at a terminal, says what it will do, and takes --yes; nobody else is asked.
answering() {  # WANTED ANSWER COMMAND...: the answer to a question, or none, which there must not be
  local wanted=$1 answer=$2
  shift 2
  expect -c "set timeout 30; spawn bash -c {$*}; expect -re {\\[y/N\\]: } { puts <asked>; send -- {$answer}; send -- \\r; exp_continue } eof {} timeout { puts <stuck> }
    puts <[lindex [wait] 3]>" < /dev/null > "$stage/log/terminal" 2>&1
  grep -qE -- "$wanted" "$stage/log/terminal" && ! grep -q '<stuck>' "$stage/log/terminal" || fail "expected \"$wanted\" from: $*: $(cat "$stage/log/terminal")"
  [[ -n $answer ]] || ! grep -q '<asked>' "$stage/log/terminal" || fail "a question in spite of --yes: $*"
}
things() { as admin audit list --all -o json | jq '[.events[] | select(.outcome == "ok" and (.action | test("remove|unassign|^seal")))] | length'; }
removes() {  # QUESTION COMMAND...
  local question=$1 before
  shift
  before=$(things)
  answering "$question \\[y/N\\]: .*" n as admin "$@"
  grep -q 'not confirmed; nothing was changed' "$stage/log/terminal" && grep -q '^<2>' "$stage/log/terminal" || fail "no is no no: $(cat "$stage/log/terminal")"
  (($(things) == before)) || fail "done in spite of a no: $*"
  answering '<0>' '' as admin "$@" --yes
  (($(things) == before + 1)) || fail "not done with --yes: $*"
}
as admin user add bob --password-stdin <<< "$alice_password" > /dev/null
as admin user key add bob "$stage/target_host_key.pub" > /dev/null
as admin role add helpers --actions checkout --labels env=test > /dev/null
as admin grant add helpers bob > /dev/null
as admin target add web9 127.0.0.1 --host-key "$stage/target_host_key.pub" > /dev/null
as admin account add x@web9 --kind unix_password > /dev/null
fingerprint=$(ssh-keygen -lf "$stage/target_host_key.pub" | cut -d ' ' -f 2)
removes 'Take the role helpers from bob\? Sessions that need it end\.' grant remove helpers bob
removes 'Remove the role helpers, from everybody who has it\? Sessions that need it end\.' role remove helpers
removes 'Remove this key of bob\?' user key remove bob "$fingerprint"
removes 'Remove the user bob\? Sessions and checkouts end at once\.' user remove bob
removes 'Unpin this host key of web9\? Without one, nobody gets there\.' target key remove web9 "$fingerprint"
removes 'Remove the account x@web9, with its secret\?' account remove x@web9
removes 'Remove the target web9\?' target remove web9
answering 'Seal the vault\? All sessions end, .* \[y/N\]: ' n as admin seal
ends_with 0 'unsealed' as admin status
as admin role add helpers --actions checkout --labels env=test > /dev/null
answering '<0>' y as admin role remove helpers
ends_with 3 '.' as admin role show helpers

at_terminal() {  # WANTED COMMAND...
  local wanted=$1
  shift
  expect -c "set timeout 30; spawn bash -c {$*}; expect -re {(One-time code|assword.*|Passphrase): } { puts <asked> } eof {} timeout { puts <stuck> }" \
    < /dev/null > "$stage/log/terminal" 2>&1
  grep -qE -- "$wanted" "$stage/log/terminal" || fail "expected \"$wanted\" from: $*: $(cat "$stage/log/terminal")"
  ! grep -qF '\x0a' "$stage/log/terminal" || fail "a line end is spelt out: $(cat "$stage/log/terminal")"
}
asked() { grep -qF '<asked>' "$stage/log/terminal"; }
# ssh names what is missing; `checkout` prints the line that then goes there.
# shellcheck disable=SC2046
ends_with 5 '^Check the account out first: sallyport checkout root@web1 --reason \.\.\.' \
  ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" true
as alice checkout root@web1 --reason test > "$stage/lent" < /dev/null || fail "checkout"
go_there=$(sed -nE 's/^Go there +(ssh .*)$/\1/p' "$stage/lent")
# shellcheck disable=SC2046,SC2086
[[ $(ssh $(client_options) ${go_there#ssh } 'echo there' < /dev/null) == there ]] || fail "what checkout prints does not go there: $(cat "$stage/lent")"
for line in '          or    sallyport ssh root@web1' 'See its secret  sallyport reveal root@web1' 'Give it back    sallyport checkin root@web1' 'It ends         20'; do
  grep -qF "$line" "$stage/lent" || fail "checkout does not say \"$line\": $(cat "$stage/lent")"
done
at_terminal "one-time code" as alice checkout root@web1 --reason test
asked || fail "no code is asked for: $(cat "$stage/log/terminal")"
# Over ssh it is called the same; from another address the checkout stands for no code.
at_terminal 'One-time code: ' ssh "$(client_options)" -b 127.0.1.5 -p "$broker_port" "alice+root+web1@$broker_host" true
# Without a generator there is no code to ask for, soon after the sign-in or later.
as admin user add carol --password-stdin <<< "$alice_password" > /dev/null
as admin grant add web-admins carol > /dev/null
as carol login --user carol --password-stdin <<< "$alice_password" > /dev/null
for age in now '5 minutes ago'; do
  touch -d "$age" "$stage/people/carol/run/sallyport"/*.token
  at_terminal 'sallyport otp enroll' as carol checkout root@web1 --reason test
  ! asked || fail "a code is asked for that nobody has: $(cat "$stage/log/terminal")"
done
# Nothing is asked for that could change nothing.
at_terminal 'unsealed already' as admin unseal
! asked || fail "a passphrase is asked for: $(cat "$stage/log/terminal")"
at_terminal 'there are users already' as admin init --data "$stage/data" --admin other
! asked || fail "a password is asked for: $(cat "$stage/log/terminal")"
expect -c "set timeout 30; spawn bash -c {as admin user password carol}; expect Password: {send $alice_password\r}; expect again: {send $alice_password\r}
  expect -re {Present[^:]*:} {puts <asked>} eof" < /dev/null > "$stage/log/terminal" 2>&1
! asked || fail "the present password of another is asked for: $(cat "$stage/log/terminal")"
grep -q 'password of carol set' "$stage/log/terminal" || fail "no password is set: $(cat "$stage/log/terminal")"
# A key that is pasted where a secret is asked for is one answer, with either line end; nothing of it, and nothing behind
# it, is left for the next reader of the terminal, a shell that would show it and run it.
cat > "$stage/next.sh" << 'END'
as admin "$@"
echo "<ended $?>"
IFS= read -r line
echo "<next:$line>"
END
ssh-keygen -q -t rsa -b 4096 -N '' -C pasted -f "$stage/pasted"
pastes() {  # WANTED FILE LINE-END COMMAND...
  local wanted=$1 file=$2 end=$3
  shift 3
  expect -c "set timeout 30; set file [open $file]; set text [string trimright [string map [list \\n $end] [read \$file]] \\n]
    spawn bash $stage/next.sh $*; expect {: } { send -- \$text }
    expect <ended { send -- whole\r; expect eof }" < /dev/null > "$stage/log/terminal" 2>&1
  for line in "<ended $wanted>" '<next:whole>'; do
    grep -qF "$line" "$stage/log/terminal" || fail "no $line from pasting to: $*: $(cat "$stage/log/terminal")"
  done
  ! grep -qE 'behind|KEY|[A-Za-z0-9+/]{60}' "$stage/log/terminal" || fail "a pasted key is shown: $(cat "$stage/log/terminal")"
}
printf '%s\nbehind it\nbehind that\n' "$alice_password" > "$stage/words"
pastes 0 "$stage/pasted" '\r' account add deploy@web1 --kind ssh_key
pastes 0 "$stage/pasted" '\r\n' account secret deploy@web1
pastes 0 "$stage/words" '\r' account add words@web1 --kind unix_password
pastes 1 "$stage/pasted" '\r' login --user carol  # longer than a password is: read to its end all the same
as admin user set alice --enabled no > /dev/null
ends_with 4 '.' as alice whoami
as admin user set alice --enabled yes > /dev/null
ends_with 0 'sealed' as admin seal
ends_with 1 'unseal' as admin user list
(($(as admin user list 2>&1 | grep -c unseal) == 1)) || fail "the way to open the vault is said twice"
stop_server
ends_with 7 '.' as admin user list

# A token is a file of its owner alone.
[[ -z $(find "$stage/people/admin/run" -type f ! -perm 600) ]] || fail "a token file is open to others"
echo "as expected"
