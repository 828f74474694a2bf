#!/bin/bash
# As the operator's guide says: users, a passphrase, a configuration file, all addresses, a certificate for the server's name.
. "$(dirname "$0")/staged.sh"
chmod 711 "$stage"
for kind in vault ssh web rotator session; do useradd --system --no-create-home --shell /usr/sbin/nologin --user-group "sallyport-$kind"; done
admin_password=$(random_word) passphrase=$(random_word)
mkdir -p /etc/sallyport
listen() {  # ADDRESS
  printf 'data = "%s"\n[ssh]\nlisten = "%s:0"\n[web]\nlisten = "%s:0"\n' "$stage/data" "$1" "$1" > /etc/sallyport/server.toml
}
# No SALLYPORT_DATA, no flag: the machine's own configuration says where the server is.
operator() { env -i PATH="$PATH" HOME="$stage/home" XDG_RUNTIME_DIR="$stage/home" LANG=C.UTF-8 "$program" "$@"; }
doctor() {  # STATUS [PATTERN]
  local status=0
  operator doctor > "$stage/log/doctor" 2>&1 || status=$?
  ((status == $1)) || fail "the doctor ends with $status: $(cat "$stage/log/doctor")"
  [[ -z ${2:-} ]] || grep -qE -- "$2" "$stage/log/doctor" || fail "the doctor does not say \"$2\": $(cat "$stage/log/doctor")"
  [[ $(grep -c '^bad' "$stage/log/doctor" || true) == $(grep -c '^     fix: ' "$stage/log/doctor" || true) ]] ||
    fail "something is bad and nothing says what to do: $(cat "$stage/log/doctor")"
}

listen 0.0.0.0
printf '%s\n%s\n' "$passphrase" "$admin_password" | operator init --name vault.example.net --passphrase-stdin --password-stdin > /dev/null || fail "init"
doctor 1 'fix: start it: systemctl start sallyport'
! grep -q 'bad  *way' "$stage/log/doctor" || fail "the way is called bad that a start opens: $(cat "$stage/log/doctor")"
start() { server_flags=" " start_server; }
start || fail "the server does not start: $(tail -n 3 "$stage/log/server")"
doctor 1 'fix: sallyport unseal'
mkdir -p "$stage/people/somewhere"
client() { env -i PATH="$PATH" HOME="$stage/people/somewhere" SALLYPORT_DATA="$stage/elsewhere" "$program" "$@"; }
client doctor --server "$(jq -r .web "$stage/ready.json")" --ca "$stage/data/tls/ca.pem" > "$stage/log/doctor" 2>&1 || true
grep -q 'fix: ask its operator' "$stage/log/doctor" || fail "a client is told to open the vault: $(cat "$stage/log/doctor")"
operator unseal --passphrase-stdin <<< "$passphrase" > /dev/null || fail "unseal"
doctor 0 'until .*vault.example.net'
grep -qE '^ok +API +https://127.0.0.1:' "$stage/log/doctor" || fail "the API is called $(grep API "$stage/log/doctor")"

step=commands
as admin login --user admin --password-stdin <<< "$admin_password" > /dev/null || fail "login with SALLYPORT_DATA"
as admin whoami > /dev/null || fail "whoami with SALLYPORT_DATA"
operator login --user admin --password-stdin <<< "$admin_password" > /dev/null || fail "login by the machine's own configuration"
operator whoami > /dev/null || fail "whoami by the machine's own configuration"
[[ $(operator status -o json | jq -r .state) == unsealed ]] || fail "status"

step=certificate
# An address that its certificate is not for: called by the name that it is for.
stop_server
listen 127.0.0.2
start || fail "the server does not start again: $(tail -n 3 "$stage/log/server")"
operator unseal --passphrase-stdin <<< "$passphrase" > /dev/null || fail "unseal"
[[ $(jq -r .web "$stage/ready.json") != https://127.* && $(jq -r .web_at "$stage/ready.json") == 127.0.0.2:* ]] || fail "$(cat "$stage/ready.json")"
as admin login --user admin --password-stdin <<< "$admin_password" > /dev/null || fail "login where the address is not in the certificate"
doctor 0

step=way
stop_server
chmod 700 "$stage"
doctor 1 "bad +way to the data .*can't enter $stage,"
start && fail "it starts although its processes can't get to the data"
grep -q "can't enter $stage," "$stage/log/server" || fail "the closed directory is not named: $(tail -n 3 "$stage/log/server")"
echo "as expected"
