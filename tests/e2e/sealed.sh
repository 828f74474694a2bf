#!/bin/bash
# Without --dev: started by root with users of its own, sealed until a passphrase opens it.
. "$(dirname "$0")/staged.sh"
for kind in vault ssh web rotator session; do useradd --system --no-create-home --shell /usr/sbin/nologin "sallyport-$kind"; done
chmod 755 "$stage"
server_flags="--ssh-listen 127.0.0.1:0 --web-listen 127.0.0.1:0"
admin_password=$(random_word) passphrase=$(random_word)

printf '%s\n%s\n' "$passphrase" "$admin_password" | as admin init --data "$stage/data" --passphrase-stdin --password-stdin > /dev/null || fail "init"
ends_with 1 'already' as admin init --data "$stage/data" --passphrase-stdin --password-stdin
start_server || fail "the server does not start: $(tail -n 3 "$stage/log/server")"

# Sealed: it says so to its operator and does nothing for anybody else.
ends_with 0 'state +sealed' as admin status
as admin login --user admin --password-stdin <<< "$admin_password" > "$stage/log/sealed" 2>&1 && fail "a sealed vault lets people in"
grep -q 'sallyport unseal' "$stage/log/sealed" || fail "the way on is not named: $(cat "$stage/log/sealed")"
ends_with 255 'the vault is sealed; its operator opens it' ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p "$broker_port" "alice+root+web1@$broker_host" true
status=0
as admin unseal --passphrase-stdin <<< "not $passphrase" > "$stage/log/wrong" 2>&1 || status=$?
((status == 5)) || fail "a wrong passphrase gave $status: $(cat "$stage/log/wrong")"
grep -q 'passphrase' "$stage/log/wrong" && ! grep -qE 'administrator|role|login|^  ' "$stage/log/wrong" || fail "advice that does not fit: $(cat "$stage/log/wrong")"
as admin unseal --passphrase-stdin <<< "$passphrase" > /dev/null || fail "unseal"
ends_with 0 'state +unsealed' as admin status

# And it works: one session, with a code typed at the checkout.
furnish_people
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null || fail "checkout"
# shellcheck disable=SC2046
[[ $(ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'echo there' 2> "$stage/log/ssh" < /dev/null) == there ]] || fail "ssh: $(cat "$stage/log/ssh")"

# Sealing ends what lives, and the next start is sealed again.
ends_with 0 'state +sealed' as admin seal
stop_server
start_server || fail "the server does not start again"
ends_with 0 'state +sealed' as admin status
echo "as expected"
