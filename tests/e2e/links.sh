#!/bin/bash
# Started as root on a data directory in which a process put something else in the place of a file or a directory: a link to
# another's file, a named pipe, a second name of it, a directory. The other's stays as it was; what is refused is named.
. "$(dirname "$0")/staged.sh"
chmod 755 "$stage"
for kind in vault ssh web rotator session; do
  useradd --system --no-create-home --shell /usr/sbin/nologin --user-group "sallyport-$kind"
done
as admin init --dev --data "$stage/data" --password-stdin <<< "$(random_word)" > /dev/null || fail "init"
start_server || fail "the server does not start"
stop_server
touch "$stage/data/recordings/x.spr"
chown sallyport-ssh:sallyport-web "$stage/data/recordings/x.spr"
cp -a "$stage/data" "$stage/good"

# The victims have the names that a start writes or gives away, in case it goes into the directory.
mkdir -m 700 "$stage/victims"
for name in victim ca.pem server.key header host_rsa ready.json lock x.spr; do
  (umask 077; echo secret > "$stage/victims/$name")
done
seen() { (cd "$stage/victims" && stat -c '%n %u:%g %a %s' . * && sha256sum ./*); }
seen > "$stage/before"

put() {  # WHAT PATH: as the owner of the directory would
  local path=$stage/data/$2 owner
  owner=$(stat -c %u:%g "$(dirname "$path")")
  [[ -d $path ]] && victim=$stage/victims || victim=$stage/victims/victim
  rm -rf "$path"
  case $1 in
    link) ln -s "$victim" "$path" ;;
    pipe) mkfifo "$path" ;;
    name) ln "$stage/victims/victim" "$path"; return ;;
    directory) mkdir "$path" ;;
  esac
  chown -h "$owner" "$path"
}

refused=0
started=0
try() {  # WHAT PATH
  step="$1 for $2"
  rm -rf "$stage/data"
  cp -a "$stage/good" "$stage/data"
  put "$1" "$2"
  : > "$stage/log/server"
  if start_server; then
    stop_server
    started=$((started + 1))
  else
    kill -0 "$server_pid" 2> /dev/null && fail "the start hangs"
    grep -qE "$stage/data/($2|$(dirname "$2")|)" "$stage/log/server" || fail "the refusal does not name it"
    refused=$((refused + 1))
  fi
  [[ $1 != name ]] || rm -f "$stage/data/$2"  # the victim has one name again
  seen | diff "$stage/before" - || fail "what is another's was touched"
}

# As the vault's user, in the data directory that is his: what is root's there, under another name.
step=renamed
renamed() {  # NAME
  rm -rf "$stage/data"
  cp -a "$stage/good" "$stage/data"
  setpriv --reuid sallyport-vault --regid sallyport-vault --clear-groups mv -f "$stage/data/ca.key" "$stage/data/$1"
  if start_server; then stop_server; fi
  [[ $(stat -c '%U %a' "$stage/data/$1") == 'root 600' ]] || fail "the CA's key, called $1, is $(stat -c '%U %a' "$stage/data/$1")"
}
for name in ca.key.old header audit.checkpoint vault.db-wal; do renamed "$name"; done

for path in run recordings tls ssh; do
  for what in link pipe name; do try $what $path; done
done
for path in header vault.db lock tls/ca.pem tls/server.pem tls/server.key ssh/host_ed25519 recordings/x.spr run/lock run/ready.json; do
  for what in link pipe name directory; do try $what $path; done
done
for what in link name; do
  for path in audit.checkpoint development.key ca.key ssh/host_rsa run/vault.sock; do try $what $path; done
done
((refused >= 30 && started >= 5)) || fail "$refused were refused and $started started: something is not tried"
echo "as expected: $refused refused, $started started"
