# The stage of tools/demo and of the end-to-end tests: a target (a real sshd), a server, and people with homes of their own.
# Sourced by bash with `set -euo pipefail`; wants $program (the built sallyport) and $stage (an empty directory).
# Runs in mount and process namespaces of its own (enter_stage), so that nothing of it stays behind.

fail() { echo "FAILED in step ${step:-start}: $*" >&2; exit 1; }

# Runs this script again as `$0 --staged ...` in new namespaces. As root only: the target's password is root's, in a copy
# of /etc that nobody else sees.
enter_stage() {
  ((EUID == 0)) || { echo "$(basename "$0"): become root: it runs a real sshd with a password of its own, in a private /etc" >&2; exit 1; }
  unshare --mount true 2>/dev/null || { echo "$(basename "$0"): this root may not make a mount namespace (a container without CAP_SYS_ADMIN?)" >&2; exit 1; }
  exec unshare --mount --pid --fork --kill-child --mount-proc "$0" --staged "$@"
}

private_system() {  # /etc, /run and root's home of our own
  mkdir -p "$stage/etc" "$stage/home/.ssh" "$stage/log"
  chmod 700 "$stage/home" "$stage/home/.ssh"
  mount --make-rprivate /
  copy_etc
  mount --bind "$stage/etc" /etc
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -m 755 /run/sshd
  sed -i -E "s#^(root:[^:]*:0:0:[^:]*):[^:]*:.*#\1:$stage/home:/bin/bash#" /etc/passwd
  echo 'PS1="target# "' > "$stage/home/.profile"
}

# Others may be adding users right now: their half-done files are not wanted, and one that goes away meanwhile (tar's 1) is
# no failure.
copy_etc() {
  tar -C /etc --warning=no-file-removed --warning=no-file-changed --exclude='./*.lock' --exclude='./*+' --exclude='./*-' -cf "$stage/etc.tar" . || (($? == 1))
  tar -C "$stage/etc" -xpf "$stage/etc.tar"
  rm "$stage/etc.tar"
}

random_word() { od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }

set_target_password() { chpasswd <<< "root:$1"; }

target_config() {
  cat << END
Port $1
ListenAddress 127.0.0.1
HostKey $stage/target_host_key
PidFile $stage/target.pid
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile none
Subsystem sftp internal-sftp
MaxStartups 100
PrintMotd no
LogLevel VERBOSE
END
}

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_target() {  # sets $target_port
  [[ -f $stage/target_host_key ]] || ssh-keygen -q -t ed25519 -N '' -C target -f "$stage/target_host_key"
  local try wait
  for try in {1..20}; do
    target_port=${target_port:-$((20000 + RANDOM % 20000))}
    target_config "$target_port" > "$stage/target.conf"
    /usr/sbin/sshd -D -e -f "$stage/target.conf" 2>> "$stage/log/target" &
    target_pid=$!
    for wait in {1..50}; do
      kill -0 "$target_pid" 2>/dev/null || break
      answers "$target_port" && return
      sleep 0.1
    done
    target_port=
  done
  fail "the target's sshd does not start: $(tail -n 3 "$stage/log/target")"
}

stop_target() {
  kill "$target_pid" 2>/dev/null || true
  wait "$target_pid" 2>/dev/null || true
}

start_server() {  # from $stage/data; writes $stage/ready.json; $server_flags instead of --dev
  rm -f "$stage/ready.json"
  # shellcheck disable=SC2086
  "$program" server ${server_flags:---dev} --data "$stage/data" --ready-file "$stage/ready.json" 2>> "$stage/log/server" &
  server_pid=$!
  local wait
  for wait in {1..300}; do
    [[ -s $stage/ready.json ]] && break
    kill -0 "$server_pid" 2>/dev/null || return 1
    sleep 0.1
  done
  [[ -s $stage/ready.json ]] || return 1
  local address
  address=$(jq -r .ssh "$stage/ready.json")
  broker_host=${address%:*} broker_port=${address##*:}
  echo "[$broker_host]:$broker_port $(jq -r .host_key "$stage/ready.json")" > "$stage/home/.ssh/known_hosts"
}

stop_server() {
  kill "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
}

# as NAME COMMAND...: sallyport's command as this person, with an environment that holds nothing else.
as() {
  local who=$1
  shift
  mkdir -p "$stage/people/$who/run"
  chmod 700 "$stage/people/$who" "$stage/people/$who/run"
  env -i PATH="$PATH" HOME="$stage/people/$who" XDG_RUNTIME_DIR="$stage/people/$who/run" TERM=xterm LANG=C.UTF-8 \
    ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} ${TSAN_OPTIONS:+"TSAN_OPTIONS=$TSAN_OPTIONS"} \
    SALLYPORT_DATA="$stage/data" "$program" "$@"
}

# code NAME: a one-time code of this person that was not used before. The server takes the steps -1, 0 and +1, each once
# and in order; so three codes are to be had at once, and later ones every 30 s.
code() {
  local file=$stage/people/$1/last_step now step
  now=$(date +%s)
  step=$((now / 30 - 1))
  ((now % 30 < 22)) || step=$((step + 1))  # the step before is about to leave the window
  [[ -f $file ]] && (($(< "$file") >= step)) && step=$(($(< "$file") + 1))
  while (($(date +%s) / 30 + 1 < step)); do sleep 0.2; done
  echo "$step" > "$file"
  oathtool --totp --base32 --now "@$((step * 30))" - < "$stage/people/$1/seed"
}

# enrol NAME PASSWORD: signs in for the first time and enrols a one-time code generator.
enrol() {
  as "$1" login --user "$1" --password-stdin <<< "$2" > /dev/null
  as "$1" otp enroll -o json < /dev/null 2> /dev/null | jq -rj .secret > "$stage/people/$1/seed"
  code "$1" | as "$1" otp enroll --confirm-stdin > "$stage/people/$1/welcome"
}

# direct_login PASSWORD: does the target take it? Past the broker, as root would.
direct_login() {
  local helper=$stage/askpass
  printf '#!/bin/sh\ncat "%s/askpass.answer"\n' "$stage" > "$helper"
  (umask 077; printf '%s\n' "$1" > "$stage/askpass.answer")
  chmod 700 "$helper"
  SSH_ASKPASS=$helper SSH_ASKPASS_REQUIRE=force ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o PreferredAuthentications=password -o NumberOfPasswordPrompts=1 -o LogLevel=ERROR -p "$target_port" root@127.0.0.1 true \
    < /dev/null > "$stage/log/direct" 2>&1
}

# What every stock client is told: nothing but where the broker is and which key is alice's.
client_options() { echo "-F none -o BatchMode=no -o StrictHostKeyChecking=yes -i $stage/home/.ssh/id_ed25519 -o IdentitiesOnly=yes -o LogLevel=ERROR"; }

wait_until() {  # SECONDS COMMAND...
  local end=$(($(date +%s) + $1))
  shift
  until "$@"; do
    (($(date +%s) < end)) || return 1
    sleep 0.2
  done
}

flip_byte() {  # FILE OFFSET
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
