# The lines of tools/bench. Each measures Sallyport and its peers in turn, interleaved where the figure is small, and calls
# row WHAT OURS PEER THEIRS RATIO.

bulk_bytes=$((200 << 20))

target_config() {  # PORT: as the demo's, with a key for the direct way
  cat << END
Port $1
ListenAddress 127.0.0.1
HostKey $stage/target_host_key
PidFile $stage/target.pid
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile $stage/home/authorized
StrictModes no
Subsystem sftp internal-sftp
MaxStartups 100
PrintMotd no
END
}

start_hop() {  # a second sshd, the one that `ssh -J` goes through
  local port
  for port in $(shuf -i 20000-39999 -n 20); do
    target_config "$port" | sed "s#target.pid#hop.pid#" > "$stage/hop.conf"
    /usr/sbin/sshd -D -e -f "$stage/hop.conf" 2>> "$stage/log/hop" &
    hop_pid=$! hop_port=$port
    wait_until 5 answers "$port" && kill -0 "$hop_pid" 2>/dev/null && return
  done
  fail "the second sshd does not start"
}

# Three names for one machine, so that each way is measured with the same words.
write_ssh_config() {
  cat > "$stage/home/.ssh/config" << END
Host direct jumped
  HostName 127.0.0.1
  Port $target_port
Host jumped
  ProxyJump hop
Host hop
  HostName 127.0.0.1
  Port $hop_port
Host brokered
  HostName $broker_host
  Port $broker_port
  User bench+root+web1
Host *
  User root
  IdentityFile $stage/home/.ssh/id_ed25519
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  BatchMode yes
  Ciphers aes256-gcm@openssh.com
END
}

prepare() {
  ssh-keygen -q -t ed25519 -N '' -C bench -f "$stage/home/.ssh/id_ed25519"
  ssh-keygen -q -t ed25519 -N '' -C lent -f "$stage/lent_key"
  cat "$stage/home/.ssh/id_ed25519.pub" "$stage/lent_key.pub" > "$stage/home/authorized"
  start_target
  start_hop
  as admin init --dev --data "$stage/data" --password-stdin <<< "bench-password" > /dev/null
  printf '[ssh]\nmax_sessions_per_user = %d\n' "$load_sessions" > "$stage/server.toml"
  server_flags="--dev --config $stage/server.toml"
  start_server || fail "the server does not become ready"
  write_ssh_config
  enrol admin bench-password
  as admin target add web1 127.0.0.1 --port "$target_port" --labels env=bench --host-key "$stage/target_host_key.pub" > /dev/null
  as admin account add root@web1 --kind ssh_key --exclusive no --secret-stdin < "$stage/lent_key" > /dev/null
  as admin role add everything --actions checkout,session --labels env=bench > /dev/null
  as admin role add auditors --actions audit > /dev/null
  as admin user add bench --password-stdin <<< bench-password > /dev/null
  as admin grant add everything bench > /dev/null
  as admin grant add auditors bench > /dev/null
  enrol bench bench-password
  as admin user key add bench "$stage/home/.ssh/id_ed25519.pub" > /dev/null
  cp "$stage/people/bench/run/sallyport"/*.token "$stage/token"
  checked_out_at=0
  ways=(direct jumped brokered)
  head -c "$bulk_bytes" /dev/urandom > "$stage/bulk"
}

# A login takes no code of its own while a checkout made with one is fresh (5 minutes).
fresh_checkout() {
  (($(date +%s) - checked_out_at < 200)) && return
  as bench checkin root@web1 > /dev/null 2>&1 || true
  as bench checkout root@web1 --reason bench --for 1h --otp-stdin <<< "$(code bench)" > /dev/null || fail "checkout"
  checked_out_at=$(date +%s)
}

on() { HOME=$stage/home ssh -F "$stage/home/.ssh/config" "$@"; }
on_for_good() { HOME=$stage/home exec ssh -F "$stage/home/.ssh/config" "$@"; }  # in the background: $! is ssh itself
# Nothing is measured while sessions of the line before are still there.
end_sessions() {  # PID...
  kill "$@" 2> /dev/null || true
  wait "$@" 2> /dev/null || true
  wait_until 20 no_session_left || fail "sessions stay when their clients are gone"
}
no_session_left() { [[ $(pgrep -c -P "$target_pid") == 0 && $(as bench session list --live -o json | jq '.sessions | length') == 0 ]]; }
seconds() { local from=$EPOCHREALTIME; "$@" || fail "$*"; awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f\n", b - a }'; }

# compare WHAT UNIT ROUNDS FUNCTION: the function prints a figure for a way; medians of interleaved rounds.
compare() {
  local what=$1 unit=$2 rounds=$3 function=$4 way round
  declare -A got
  fresh_checkout
  for ((round = 0; round < rounds; ++round)); do
    for way in "${ways[@]}"; do "$function" "$way" >> "$stage/figures.$what.$way"; done
  done
  for way in "${ways[@]}"; do got[$way]=$(median < "$stage/figures.$what.$way"); done
  row "$what" "${got[brokered]} $unit" "OpenSSH, direct" "${got[direct]} $unit" "$(ratio "${got[brokered]}" "${got[direct]}")"
  row "$what" "${got[brokered]} $unit" "OpenSSH, ssh -J" "${got[jumped]} $unit" "$(ratio "${got[brokered]}" "${got[jumped]}")"
}

login_once() { seconds on "$1" true < /dev/null | awk '{ printf "%.1f\n", $1 * 1000 }'; }
line_login() { compare "full login and one command" ms 15 login_once; }

keys() { HOME=$stage/home "$tools/keystroke" 1000 ssh -F "$stage/home/.ssh/config" -tt "$1" 'stty raw -echo; echo READY; exec cat'; }
# The p99 of the same rounds wait in a file for their own line: each figure is the median of three rounds.
keys_p50() {
  local line
  line=$(keys "$1")
  echo "${line#*p99_ms=}" >> "$stage/keys_p99.$1"
  line=${line#p50_ms=}
  echo "${line%% *}"
}
keys_p99() { median < "$stage/keys_p99.$1"; }
line_keystroke() {
  compare "keystroke and echo, p50" ms 3 keys_p50
  compare "keystroke and echo, p99" ms 1 keys_p99
}

# 200 sessions at once, 20 of which type five keys a second. Started in batches, since both sides bound how many may be logging in.
load_sessions=200 load_typists=20
loaded() {  # WAY: p50 and p99, in ms
  local pids=() i typing=()
  for ((i = load_typists; i < load_sessions; ++i)); do
    on_for_good "$1" 'echo here; exec sleep 600' < /dev/null > "$stage/load.$i" 2> /dev/null &
    pids+=($!)
    ((i % 8 != 0)) || wait_until 20 grep -q here "$stage/load.$i" || fail "a session of the load did not start"
  done
  for ((i = load_typists; i < load_sessions; ++i)); do wait_until 20 grep -q here "$stage/load.$i" || fail "a session of the load did not start"; done
  for ((i = 0; i < load_typists; ++i)); do
    HOME=$stage/home "$tools/keystroke" --pace 200 --times 100 ssh -F "$stage/home/.ssh/config" -tt "$1" 'stty raw -echo; echo READY; exec cat' > "$stage/typed.$i" &
    typing+=($!)
    ((i % 5 != 4)) || sleep 0.5
  done
  wait "${typing[@]}" || fail "a typist of the load met no echo"
  end_sessions "${pids[@]}"
  sort -g "$stage"/typed.* | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[int(NR * 0.99)] }'
  rm -f "$stage"/typed.* "$stage"/load.*
}
line_load() {
  fresh_checkout
  local ours theirs
  ours=$(loaded brokered)
  theirs=$(loaded direct)
  row "keystroke p50, 20 of $load_sessions typing" "${ours% *} ms" "OpenSSH, direct" "${theirs% *} ms" "$(ratio "${ours% *}" "${theirs% *}")"
  row "keystroke p99, 20 of $load_sessions typing" "${ours#* } ms" "OpenSSH, direct" "${theirs#* } ms" "$(ratio "${ours#* }" "${theirs#* }")"
}

per_second() { awk -v bytes="$bulk_bytes" '{ printf "%.0f\n", bytes / $1 / 1e6 }'; }
exec_down_once() { on "$1" "cat $stage/bulk" < /dev/null > /dev/null; }
exec_up_once() { on "$1" 'cat > /dev/null' < "$stage/bulk"; }
sftp_in() { HOME=$stage/home sftp -q -F "$stage/home/.ssh/config" -b - "$1" > /dev/null; }
sftp_get_once() { sftp_in "$1" <<< "get $stage/bulk $stage/got"; }
sftp_put_once() { sftp_in "$1" <<< "put $stage/bulk $stage/put"; }
rate() { seconds "$1" "$2" | per_second; }
exec_down() { rate exec_down_once "$1"; }
exec_up() { rate exec_up_once "$1"; }
sftp_get() { rate sftp_get_once "$1"; }
sftp_put() { rate sftp_put_once "$1"; }
# What a session prints is recorded, whole. Input is never kept, only counted; of a file's bytes the SHA-256 is: those lines are
# the unrecorded ones.
line_exec_down() { compare "bulk down, recorded (exec)" MB/s 3 exec_down; }
line_exec_up() { compare "bulk up, unrecorded: counted (exec)" MB/s 3 exec_up; }
line_sftp_get() { compare "bulk down, unrecorded: hashed (sftp)" MB/s 3 sftp_get; }
line_sftp_put() { compare "bulk up, unrecorded: hashed (sftp)" MB/s 3 sftp_put; }

# Proportional set size of a process and all below it, in KB; shells and what they run are not the server's.
pss_tree() {
  local pid sum=0 one
  for pid in "$@"; do
    one=0
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) =~ ^(sallyport|sshd) ]] && one=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)
    # shellcheck disable=SC2046
    sum=$((sum + one + $(pss_tree $(pgrep -P "$pid" || true))))
  done
  echo "$sum"
}
# What ten idle sessions add below the process that listens, for each of them.
idle_session() {  # WAY LISTENER_PID
  local before after pids=() i
  before=$(pss_tree "$2")
  for i in {1..10}; do
    on_for_good "$1" 'echo here; exec sleep 600' < /dev/null > "$stage/idle.$i" 2> /dev/null &
    pids+=($!)
  done
  for i in {1..10}; do wait_until 10 grep -q here "$stage/idle.$i" || fail "an idle session did not start"; done
  after=$(pss_tree "$2")
  end_sessions "${pids[@]}"
  echo $(((after - before) / 10))
}
line_memory() {
  fresh_checkout
  local ours theirs
  ours=$(idle_session brokered "$server_pid")
  theirs=$(idle_session direct "$target_pid")
  row "memory of an idle session (PSS)" "$ours KB" "sshd" "$theirs KB" "$(ratio "$ours" "$theirs")"
}

# The same terminal session every time: listings, a compiler's chatter, a redrawn screen.
terminal_script='stty cols 120 rows 40; for i in 1 2 3; do ls -l --color=always /usr/bin | head -n 400; done; for i in $(seq 1 200); do printf "\033[H\033[2Jtick %d\n" $i; ps aux | head -n 20; done; exit'
line_recording() {
  fresh_checkout
  local id file cast ours theirs
  on -tt brokered "$terminal_script" < /dev/null > /dev/null 2>&1 || true
  id=$(as bench session list -o json | jq -r '.sessions | sort_by(.started) | last | .id')
  file=$stage/data/recordings/$id.spr
  ours=$(stat -c %s "$file")
  as bench recording export "$id" --format asciicast-v2 > "$stage/cast"
  theirs=$(stat -c %s "$stage/cast")
  row "recorded bytes of one session" "$ours B" "asciicast v2, plain" "$theirs B" "$(ratio "$ours" "$theirs")"
  cast=$(gzip -6 < "$stage/cast" | wc -c)
  row "recorded bytes of one session" "$ours B" "asciicast v2, gzip -6" "$cast B" "$(ratio "$ours" "$cast")"
}

line_seek() {  # eight hours of a build's output
  local figures ours theirs
  figures=$("$tools/seek" 480 100 "$stage") || fail "seek"
  ours=$(sed 's/.*recording_ms=\([0-9.]*\).*/\1/' <<< "$figures")
  theirs=$(sed 's/.*cast_ms=\([0-9.]*\).*/\1/' <<< "$figures")
  row "seek in a recording of 8 hours" "$ours ms" "asciicast v2, read to there" "$theirs ms" "$(ratio "$ours" "$theirs")"
}

postgres_bin() { find /usr/lib/postgresql -name pgbench -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }
start_postgres() {
  pg_bin=$(postgres_bin)
  [[ -n $pg_bin ]] || fail "pgbench is missing: apt-get install postgresql"
  mkdir -p "$stage/pg"
  chmod 711 "$stage"
  chown postgres "$stage/pg"
  pg() { setpriv --reuid postgres --regid postgres --clear-groups env -i PATH="$pg_bin:/usr/bin:/bin" LANG=C.UTF-8 "$@"; }
  pg initdb -D "$stage/pg/data" -A trust > "$stage/log/initdb"
  pg pg_ctl -D "$stage/pg/data" -w -o "-c listen_addresses= -c unix_socket_directories=$stage/pg -c max_connections=100" -l "$stage/pg/log" start > /dev/null
  pg psql -q -h "$stage/pg" postgres -c 'CREATE TABLE checkout(id text PRIMARY KEY, account text, made timestamptz, reason text); CREATE TABLE audit(seq bigserial PRIMARY KEY, event text)'
  cat > "$stage/pg/checkout.sql" << 'END'
BEGIN;
INSERT INTO checkout VALUES (gen_random_uuid()::text, 'root@web1', now(), 'load');
INSERT INTO audit(event) VALUES ('checkout.create by bench of root@web1, reason: load, from 127.0.0.1');
COMMIT;
END
}
stop_postgres() { [[ -d ${stage:-/none}/pg/data ]] && pg pg_ctl -D "$stage/pg/data" -m immediate stop > /dev/null; }

# The peer commits as often, for as many transactions, with as many clients.
postgres_rate() {  # CLIENTS EACH
  pg pgbench -h "$stage/pg" -n -f "$stage/pg/checkout.sql" -c "$1" -j 1 -t "$2" postgres 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p'
}
lent() { sed -n "s/^$1 .*per_second=\([0-9]*\) \(p50.*\)/\\$2/p" "$stage/lent"; }

# Checkouts alone, then check-ins alone, each client with accounts of its own that were made before the clock ran.
line_checkouts() {
  fresh_checkout
  start_postgres
  local url clients each theirs round
  url=$(jq -r .web "$stage/ready.json")
  cp "$stage/people/admin/run/sallyport"/*.token "$stage/admin_token"
  "$tools/api_load" accounts "$url" "$stage/data/tls/ca.pem" "$stage/admin_token" web1 6400 || fail "accounts"
  for clients in 1 16 64; do
    each=$((clients == 1 ? 400 : clients == 16 ? 200 : 100))
    rm -f "$stage"/rate.*
    for round in 1 2 3; do
      "$tools/api_load" lend "$url" "$stage/data/tls/ca.pem" "$stage/token" web1 "$clients" "$each" > "$stage/lent" || fail "load: $(cat "$stage/lent")"
      lent out 1 >> "$stage/rate.out"
      lent in 1 >> "$stage/rate.in"
      postgres_rate "$clients" "$each" >> "$stage/rate.pg"
    done
    theirs=$(median < "$stage/rate.pg")
    checkout_row "durable checkouts, clients: $clients" out "$theirs"
    checkout_row "durable check-ins, clients: $clients" in "$theirs"
    row "  of the last round: checkout $(lent out 2)" "" "" "" ""
  done
}
checkout_row() {  # WHAT PHASE THEIRS
  local ours
  ours=$(median < "$stage/rate.$2")
  row "$1" "$ours /s" "PostgreSQL, two rows, no TLS" "$3 /s" "$(ratio "$ours" "$3")"
}
