#!/bin/bash
# The README's first session: its lines are typed as they stand there, with another target's address.
. "$(dirname "$0")/staged.sh"
readme=$(cd "$(dirname "$0")/../.." && pwd)/README.md
target_password=$(random_word)
set_target_password "$target_password"
start_target

sed -n '/^## Your first session/,/^## /{/^sallyport/{s/  *# .*//;p}}' "$readme" |
  sed "s/ web1\.example\.net --host-key <(ssh-keyscan -t ed25519 web1\.example\.net)/ 127.0.0.1 --port $target_port --host-key <(ssh-keyscan -p $target_port -t ed25519 127.0.0.1)/; s/deploy@/root@/" \
    > "$stage/lines"
(($(wc -l < "$stage/lines") == 8)) || fail "the README's first session has $(wc -l < "$stage/lines") steps"
! grep -q 'example\|deploy' "$stage/lines" || fail "a line of it can't be tried here: $(cat "$stage/lines")"
mkdir -m 700 "$stage/secrets" "$stage/person" "$stage/person/run"
random_word > "$stage/secrets/admin_password"
echo "$target_password" > "$stage/secrets/target_password"
mkdir "$stage/bin"
ln -s "$program" "$stage/bin/sallyport"
cd "$stage/person"
env -i PATH="$stage/bin:$PATH" HOME="$stage/person" XDG_RUNTIME_DIR="$stage/person/run" TERM=xterm LANG=C.UTF-8 SALLYPORT_DATA="$stage/data" \
  expect "$(dirname "$readme")/tests/e2e/first_session.exp" "$stage/lines" "$stage/secrets" > "$stage/typed" 2>&1 || fail "$(cat "$stage/typed")"
(($(grep -c 'the-42' "$stage/typed") == 2)) || fail "what was shown at the target is not played: $(cat "$stage/typed")"
echo "as expected"
