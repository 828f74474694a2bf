#!/bin/bash
# Started as an ordinary user, without --dev: it works, says what it could not drop, and sandboxes its sessions all the same.
. "$(dirname "$0")/staged.sh"
useradd --system --no-create-home --shell /usr/sbin/nologin --user-group ordinary
chmod 755 "$stage"
chown ordinary: "$stage"  # the data directory and the ready file are to be made in it
cat > "$stage/as_ordinary" << END
#!/bin/sh
exec setpriv --reuid=ordinary --regid=ordinary --clear-groups "$program" "\$@"
END
chmod 755 "$stage/as_ordinary"
mkdir -p "$stage/people/operator/run"
chown -R ordinary: "$stage/people/operator"
operator() { program=$stage/as_ordinary as operator "$@"; }
server_flags="--ssh-listen 127.0.0.1:0 --web-listen 127.0.0.1:0"
admin_password=$(random_word) passphrase=$(random_word)

printf '%s\n%s\n' "$passphrase" "$admin_password" | operator init --data "$stage/data" --passphrase-stdin --password-stdin > "$stage/log/init" 2>&1 ||
  fail "init: $(cat "$stage/log/init")"
program=$stage/as_ordinary start_server || fail "the server does not start: $(tail -n 3 "$stage/log/server")"
grep -q 'server.not_dropped.*not started as root' "$stage/log/server" || fail "it does not say what it could not drop"

# Only its own user opens it.
operator unseal --passphrase-stdin <<< "$passphrase" > "$stage/log/unseal" 2>&1 || fail "unseal: $(cat "$stage/log/unseal")"
furnish_people
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null || fail "checkout"

step=session
child_of() { grep -o "process.started kind=$1 pid=[0-9]*" "$stage/log/server" | tail -n 1 | sed 's/.*pid=//'; }
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '; }
mkfifo "$stage/in"
# shellcheck disable=SC2046
ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'echo there; cat' < "$stage/in" > "$stage/out" 2> "$stage/err" &
client=$!
exec 9> "$stage/in"
wait_until 20 grep -q there "$stage/out" || fail "no session: $(cat "$stage/err")"
session=$(cat "/proc/$(child_of ssh)/task/$(child_of ssh)/children")
user=$(id -u ordinary)
for pid in "$(child_of vault)" "$(child_of ssh)" "$(child_of web)" "$(child_of rotator)" ${session}; do
  [[ $(status_of "$pid" Uid) == "$user $user $user $user" ]] || fail "process $pid is $(status_of "$pid" Uid)"
  [[ $(status_of "$pid" NoNewPrivs) == 1 ]] || fail "process $pid may gain privileges"
done
[[ $(status_of ${session} Seccomp) == 2 && $(status_of "$(child_of vault)" Seccomp) == 2 ]] || fail "a filter is missing"
exec 9>&-
wait "$client" || fail "the session ended with $?: $(cat "$stage/err")"
as admin audit verify > /dev/null || fail "the audit log does not verify"
echo "as expected"
