#!/bin/bash
# One one-time code, tried fifty times at once on every path that takes one: checkouts and sign-ins by the API, logins by ssh.
# Exactly one wins.
. "$(dirname "$0")/staged.sh"
furnish
for i in {0..14}; do as admin account add "load$i@web1" --kind unix_password --secret-stdin <<< "$(random_word)" > /dev/null; done
code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null

url=$(jq -r .web "$stage/ready.json")
(umask 077; printf 'Authorization: Bearer %s' "$(cat "$stage/people/alice/run/sallyport"/*.token)" > "$stage/alice.header")
one=$(code alice)
# Nothing secret in an argument, not even here: bodies by file, the code for ssh by a helper that prints it.
(umask 077; printf '#!/bin/sh\necho %s\n' "$one" > "$stage/askpass") && chmod 700 "$stage/askpass"

post() {  # NAME PATH BODY curl-options...
  printf '%s' "$3" > "$stage/tries/$1.body"
  curl -sS -o "$stage/tries/$1.answer" -w '%{http_code}' --cacert "$stage/data/tls/ca.pem" -H 'Content-Type: application/json' \
    "${@:4}" --data-binary "@$stage/tries/$1.body" "$url$2" > "$stage/tries/$1.status"
}
try_checkout() { post "checkout$1" /v1/checkouts '{"account":"load'"$1"'@web1","reason":"test","otp":"'"$one"'"}' -H "@$stage/alice.header"; }
try_login() { post "login$1" /v1/login '{"user":"alice","password":"'"$alice_password"'","otp":"'"$one"'"}'; }
try_ssh() {  # from an address where no checkout stands for a code
  # shellcheck disable=SC2046
  SSH_ASKPASS=$stage/askpass SSH_ASKPASS_REQUIRE=force timeout 60 ssh $(client_options) -b "127.0.1.$1" -o NumberOfPasswordPrompts=1 \
    -p "$broker_port" "alice+root+web1@$broker_host" 'echo in' < /dev/null > "$stage/tries/ssh$1.out" 2> "$stage/tries/ssh$1.answer" || true
}

mkdir -m 700 "$stage/tries"
exec {gate}> "$stage/gate"
flock "$gate"
tries=()
begin() { (exec {gate}>&-; flock -s "$stage/gate" true; "$@") & tries+=($!); }
for i in {0..14}; do begin try_checkout "$i"; begin try_login "$i"; done
for i in {1..20}; do begin try_ssh "$i"; done
flock -u "$gate"
wait "${tries[@]}"

won() { { grep -l '^20' "$stage/tries"/*.status || true; grep -l '^in$' "$stage/tries"/ssh*.out || true; }; }
answered() { { grep -L '^000' "$stage/tries"/*.status; grep -l 'Permission denied' "$stage/tries"/ssh*.answer; } | wc -l; }
(($(won | wc -l) == 1)) || fail "won: $(won | xargs -n 1 basename | tr '\n' ' ')"
(($(answered) + 1 >= 40)) || fail "only $(answered) tries were answered"  # a busy port may turn some logins away
as admin user show alice > /dev/null || fail "the server does not answer"
echo "of ${#tries[@]} tries one won: $(basename "$(won)")"
