#!/bin/bash
# `setup` makes a client of an address and a fingerprint; `status` and everything else work from it.
. "$(dirname "$0")/staged.sh"
furnish --name vault.example.net

url=$(jq -r .web "$stage/data/run/ready.json")
fingerprint=$("$program" setup --data "$stage/data" | grep -oE '[0-9a-f]{64}')
[[ $fingerprint == $(openssl x509 -in "$stage/data/tls/ca.pem" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f) ]] ||
  fail "that is not the CA's fingerprint: $fingerprint"

# The line for clients has the name that init was told; else the machine's own, and never one that means something else elsewhere.
tells() { ends_with 0 "^  sallyport setup https://$2:8443 --fingerprint [0-9a-f]{64}\$" "$program" setup --data "$1"; }
tells "$stage/data" vault.example.net
as admin init --dev --data "$stage/unnamed" --password-stdin <<< "$admin_password" > /dev/null
own=$(uname -n | tr A-Z a-z)
[[ $own != localhost ]] || own=HOST
tells "$stage/unnamed" "$own"
as admin init --dev --data "$stage/numbered" --name 2001:db8::7 --password-stdin <<< "$admin_password" > /dev/null
tells "$stage/numbered" '\[2001:db8::7]'
rm "$stage/unnamed/tls/server.pem"
tells "$stage/unnamed" HOST

# Its directory is web's: what else web may have put there holds nobody up.
mv "$stage/data/tls/server.pem" "$stage/server.pem"
mkfifo "$stage/data/tls/server.pem"
ends_with 0 'HOST: its name' timeout 20 "$program" setup --data "$stage/data"
rm "$stage/data/tls/server.pem"
mv "$stage/server.pem" "$stage/data/tls/server.pem"

# What the web process may write is not taken for the CA that this server was made with: another certificate, or a key to go
# with it; and a named pipe keeps nobody waiting.
tell_another() {  # STATUS PATTERN
  ends_with "$1" "$2" timeout 20 "$program" setup --data "$stage/data"
}
mkdir "$stage/another"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$stage/another/ca.key" -out "$stage/another/ca.pem" -subj '/CN=Sallyport CA' \
  -addext keyUsage=critical,keyCertSign 2> /dev/null
cp -a "$stage/data/tls/ca.pem" "$stage/data/ca.key" "$stage"
cp "$stage/another/ca.pem" "$stage/data/tls/ca.pem"
tell_another 1 'ca.pem is not the CA that this server was made with'
install -m 600 -o nobody "$stage/another/ca.key" "$stage/data/ca.key"
tell_another 5 'ca.key belongs to another user'
rm "$stage/data/ca.key"
tell_another 3 'ca.key'
cp -a "$stage/ca.key" "$stage/data/"
rm "$stage/data/tls/ca.pem"
mkfifo "$stage/data/tls/ca.pem"
tell_another 2 'ca.pem is a named pipe'
rm "$stage/data/tls/ca.pem"
cp -a "$stage/ca.pem" "$stage/data/tls/"

mkdir -m 700 "$stage/fresh" "$stage/fresh/run"
client() { env -i PATH="$PATH" HOME="$stage/fresh" XDG_RUNTIME_DIR="$stage/fresh/run" LANG=C.UTF-8 "$program" "$@"; }
config=$stage/fresh/.config/sallyport/config.toml

ends_with 2 'fingerprint is missing' client setup "$url"
ends_with 5 "its fingerprint is $fingerprint" client setup "$url" --fingerprint "${fingerprint//[0-9]/a}"
[[ ! -e $config ]] || fail "something was written for a wrong fingerprint"
ends_with 7 "can't be reached" client setup https://127.0.0.1:9 --fingerprint "$fingerprint"
ends_with 2 '64 letters' client setup "$url" --fingerprint abc
ends_with 0 'login --user alice' client setup "$url" --fingerprint "SHA256:$(sed 's/../&:/g; s/:$//' <<< "${fingerprint^^}")" --user alice
echo '127.0.0.1 vault.example.net' >> /etc/hosts
ends_with 0 'login --user alice' client setup "https://vault.example.net:${url##*:}" --fingerprint "$fingerprint" --user alice
ends_with 0 'unsealed' client status
ends_with 0 'login --user alice' client setup "$url" --fingerprint "$fingerprint" --user alice
ends_with 0 'nothing wrong' client config check
ends_with 0 'unsealed' client status
ends_with 4 'sallyport login' client whoami
ends_with 0 'try: ssh' client ssh-config
grep -q "^\[127.0.0.1\]:.* ssh-ed25519 " "$stage/fresh/.config/sallyport/known_hosts" || fail "the broker's host key is not known"

# Who stands between and adds a CA of his own to the right one is not believed.
mkdir "$stage/between"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$stage/between/key" -out "$stage/between/cert" -subj /CN=between \
  -addext subjectAltName=IP:127.0.0.1 2> /dev/null
curl -sS --cacert "$stage/data/tls/ca.pem" "$url/setup.json" |
  jq --rawfile own "$stage/between/cert" --rawfile ca "$stage/data/tls/ca.pem" '.ca = ($ca + $own | @base64)' > "$stage/between/setup.json"
(cd "$stage/between" && exec openssl s_server -WWW -accept 127.0.0.1:0 -cert cert -key key > "$stage/between/log" 2>&1) &
between=$!
listens() { grep -q '^ACCEPT' "$stage/between/log"; }
wait_until 20 listens || fail "nobody stands between: $(cat "$stage/between/log")"
ends_with 2 'more than one certificate' client setup "https://$(sed -n 's/^ACCEPT //p' "$stage/between/log")" --fingerprint "$fingerprint" --force
kill "$between"
cmp -s "$stage/data/tls/ca.pem" "$stage/fresh/.config/sallyport/ca.pem" || fail "another CA is trusted now"

# A file that somebody wrote himself stays, and so does the CA beside it.
echo 'user = "bob"' > "$config"
echo 'his own' > "$stage/fresh/.config/sallyport/ca.pem"
ends_with 1 'force' client setup "$url" --fingerprint "$fingerprint"
grep -qx 'user = "bob"' "$config" || fail "a person's file was overwritten"
grep -qx 'his own' "$stage/fresh/.config/sallyport/ca.pem" || fail "a person's CA was overwritten"
ends_with 0 'written' client setup "$url" --fingerprint "$fingerprint" --force
echo "as expected"
