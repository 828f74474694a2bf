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
at_terminal() {  # WANTED COMMAND...
  local wanted=$1
  shift
  expect -c "set timeout 30; spawn bash -c {$*}; expect -re {(One-time code|assword.*|Passphrase): } { puts <asked> } eof {} timeout { puts <stuck> }" \
    < /dev/null > "$stage/log/terminal" 2>&1
  grep -qE -- "$wanted" "$stage/log/terminal" || fail "expected \"$wanted\" from: $*: $(cat "$stage/log/terminal")"
  ! grep -qF '\x0a' "$stage/log/terminal" || fail "a line end is spelt out: $(cat "$stage/log/terminal")"
}
asked() { grep -qF '<asked>' "$stage/log/terminal"; }
as alice checkout root@web1 --reason test > /dev/null < /dev/null || fail "checkout"
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
