#!/bin/bash
# 500 connections that say nothing, from few and from many addresses, keep nobody from logging in: at the SSH port and at the API.
. "$(dirname "$0")/staged.sh"
crowd=${SALLYPORT_CROWD:?the program that makes a crowd}
furnish
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null
web=$(jq -r .web "$stage/ready.json")

crowd_at() {  # PORT SOURCES: sets $crowd_pid; gone when descriptor 9 closes
  rm -f "$stage/full" "$stage/stop"
  mkfifo "$stage/stop"
  "$crowd" "$1" 500 "$2" < "$stage/stop" > "$stage/full" &
  crowd_pid=$!
  exec 9> "$stage/stop"
  wait_until 60 grep -q full "$stage/full" || fail "the crowd does not come together"
}
disperse() {
  exec 9>&-
  wait "$crowd_pid"
}

logs_in() {
  # shellcheck disable=SC2046
  [[ $(ssh $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" 'echo there' 2> "$stage/log/ssh" < /dev/null) == there ]]
}

for sources in 5 500; do
  crowd_at "$broker_port" "$sources"
  began=$(date +%s%N)
  logs_in || fail "500 silent connections from $sources addresses keep alice out: $(cat "$stage/log/ssh")"
  echo "ssh, $sources addresses: $((($(date +%s%N) - began) / 1000000)) ms"
  disperse
  crowd_at "${web##*:}" "$sources"
  began=$(date +%s%N)
  as alice whoami > "$stage/log/whoami" 2>&1 || fail "500 silent connections from $sources addresses keep the API from alice: $(cat "$stage/log/whoami")"
  echo "api, $sources addresses: $((($(date +%s%N) - began) / 1000000)) ms"
  disperse
done

# Who is not served reads why.
crowd_at "$broker_port" 1
refused() { grep -q 'ssh.refused.*from your address' "$stage/log/server"; }
wait_until 60 refused || fail "one address may hold as many as it likes"
told() {
  # shellcheck disable=SC2046
  ! ssh -b 127.64.0.1 $(client_options) -p "$broker_port" "alice+root+web1@$broker_host" true > "$stage/log/told" 2>&1 < /dev/null &&
    grep -qE 'too many (connections|logins) from your address' "$stage/log/told"
}
wait_until 60 told || fail "a client of the crowd's address does not read why: $(cat "$stage/log/told")"
disperse
echo "as expected"
