#!/bin/bash
# Started as root with the configured users there: each process is its own user, and reaches its own files only.
. "$(dirname "$0")/staged.sh"
chmod 755 "$stage"
for kind in vault ssh web rotator session; do
  useradd --system --no-create-home --shell /usr/sbin/nologin --user-group "sallyport-$kind"
done
furnish
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null

child_of() { grep -o "process.started kind=$1 pid=[0-9]*" "$stage/log/server" | tail -n 1 | sed 's/.*pid=//'; }
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '; }
is_only() {  # PID USER: real, effective, saved and file system user and group
  local id
  id=$(id -u "$2")
  [[ $(status_of "$1" Uid) == "$id $id $id $id" ]] || fail "process of $2 is $(status_of "$1" Uid)"
  [[ -z $(status_of "$1" Groups) ]] || fail "process of $2 is in groups $(status_of "$1" Groups)"
  [[ $(status_of "$1" NoNewPrivs) == 1 ]] || fail "process of $2 may gain privileges"
}

step=processes
for kind in vault ssh web rotator; do is_only "$(child_of "$kind")" "sallyport-$kind"; done
for kind in vault web rotator; do
  [[ $(status_of "$(child_of "$kind")" CapPrm) == 0000000000000000 ]] || fail "$kind holds capabilities"
done
[[ $(status_of "$(child_of vault)" Seccomp) == 2 && $(status_of "$(child_of ssh)" Seccomp) == 2 ]] || fail "a filter is missing"
[[ -z $(ls -l "/proc/$(child_of vault)/fd" | grep 'socket:' | grep -Ff <(awk 'NR > 1 { print "[" $10 "]" }' /proc/net/tcp)) ]] || fail "the vault holds a TCP socket"

step=session
mkfifo "$stage/in"
ssh $(client_options) -p "$broker_port" alice+root+web1@"$broker_host" 'echo there; cat' < "$stage/in" > "$stage/out" 2> "$stage/err" &
exec 9> "$stage/in"
wait_until 20 grep -q there "$stage/out" || fail "no session: $(cat "$stage/err" "$stage/log/server")"
read -r session _ < "/proc/$(child_of ssh)/task/$(child_of ssh)/children" || true  # the file has no line end
is_only "$session" sallyport-session
[[ $(status_of "$session" CapPrm) == 0000000000000000 ]] || fail "the session holds capabilities"
cat "/proc/$session/task"/*/status > "$stage/threads"
threads_with() { grep -cE "^$1:\s+$2\$" "$stage/threads" || true; }
threads=$(threads_with Pid '[0-9]+')
[[ $(threads_with Seccomp 2) == "$threads" ]] || fail "a thread of the session is not in the sandbox"
# TSan's runtime adds threads; the one that it makes at a fork is older than any of ours, and keeps its capabilities.
if [[ -z ${TSAN_OPTIONS:-} ]]; then
  [[ $threads == 3 ]] || fail "the session has other threads than its own and the two of its disk"
  [[ $(threads_with CapPrm 0000000000000000) == 3 ]] || fail "a thread of the session holds capabilities"
fi
grep -qE '^Max processes +0 +0 ' "/proc/$session/limits" || fail "the session may start processes"

step=cut
kill -9 "$(child_of vault)"
api_answers() { as admin whoami > /dev/null 2>&1; }
wait_until 20 api_answers || fail "the vault does not come back"
[[ $(as admin recording list -o json | jq -r '.sessions[0].recording') == truncated ]] || fail "its recording is called $(as admin recording list)"
exec 9>&-

step=files
owner() { stat -c '%U %a' "$stage/data/$1"; }
[[ $(owner vault.db) == 'sallyport-vault 600' && $(owner header) == 'sallyport-vault 600' ]] || fail "the store: $(owner vault.db), $(owner header)"
[[ $(owner ssh/host_ed25519) == 'sallyport-ssh 600' && $(owner ssh) == 'sallyport-ssh 700' ]] || fail "host keys: $(owner ssh/host_ed25519)"
[[ $(owner tls/server.key) == 'sallyport-web 600' ]] || fail "the server's key: $(owner tls/server.key)"
as alice whoami > /dev/null || fail "the API does not answer"

[[ $(owner recordings) == 'sallyport-ssh 2750' && $(stat -c '%G' "$stage/data/recordings") == sallyport-web ]] || fail "recordings: $(owner recordings)"
[[ $(owner ca.key) == 'root 600' ]] || fail "the CA's key: $(owner ca.key)"

step=reach
as_user() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }
recording=$(ls "$stage/data/recordings" | head -n 1)
reaches() { as_user "$1" head -c 1 "$stage/data/$2" > /dev/null 2>&1; }
for file in vault.db header development.key ca.key ssh/host_ed25519 tls/server.key recordings/$recording; do
  for kind in vault ssh web rotator session; do
    case $kind:$file in
      vault:vault.db | vault:header | vault:development.key | ssh:ssh/* | web:tls/* | ssh:recordings/* | web:recordings/*)
        reaches sallyport-$kind "$file" || fail "$kind does not reach $file" ;;
      *) ! reaches sallyport-$kind "$file" || fail "$kind reaches $file" ;;
    esac
  done
done
! as_user sallyport-web sh -c ": >> '$stage/data/recordings/$recording'" 2> /dev/null || fail "web can write a recording"
! as_user sallyport-session sh -c "ls '$stage/data/recordings'" > /dev/null 2>&1 || fail "a session can list recordings"

step=stranger
knocks() { as_user "$1" test -w "$stage/data/run/vault.sock"; }  # USER: does the vault's socket let him in?
for kind in vault ssh rotator; do knocks sallyport-$kind || fail "$kind's user does not reach the vault's socket"; done
knocks sallyport-web || fail "web's user does not reach the vault's socket"
! knocks nobody || fail "nobody reaches the vault's socket"
! knocks sallyport-session || fail "a session's user reaches the vault's socket"
! as_user nobody curl -s -m 5 --unix-socket "$stage/data/run/vault.sock" http://vault/ > /dev/null 2>&1 || fail "nobody is answered"
! grep -q stranger_refused "$stage/log/server" || fail "a stranger writes the log"
as alice whoami > /dev/null || fail "the API does not answer any more"

step=restart
stop_server
start_server || fail "it does not start again on what it left: $(tail -n 3 "$stage/log/server")"
as admin audit verify > /dev/null || fail "the audit log does not verify"
[[ $(as admin status -o json | jq -r .state) == unsealed ]] || fail "the vault is not open"
echo "as expected"
