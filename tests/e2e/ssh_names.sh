#!/bin/bash
# After `ssh-config`, plain ssh and scp reach root@web1.sallyport; without a checkout they do not.
. "$(dirname "$0")/staged.sh"
furnish

# ssh takes ~ from the user database, so alice's home is root's here.
own() { env -i PATH="$PATH" HOME="$stage/home" XDG_RUNTIME_DIR=/run/alice LANG=C.UTF-8 SALLYPORT_DATA="$stage/data" "$@"; }
mkdir -m 700 /run/alice
cp -r "$stage/people/alice/run/sallyport" /run/alice/
own "$program" ssh-config > /dev/null
! own ssh -o BatchMode=yes root@web1.sallyport true > "$stage/log/none" 2>&1 < /dev/null || fail "it works without a checkout"
# A second try on the refused connection is refused in peace, too.
! own ssh -o BatchMode=yes root@web1.sallyport true > "$stage/log/none" 2>&1 < /dev/null || fail "it works without a checkout"
own ssh -O exit root@web1.sallyport > /dev/null 2>&1 || true

code alice | as alice checkout root@web1 --reason test --otp-stdin > /dev/null
[[ $(own ssh root@web1.sallyport 'echo on-$(id -un)' 2> "$stage/log/ssh" < /dev/null) == on-root ]] || fail "ssh: $(cat "$stage/log/ssh")"
echo content > "$stage/file"
own scp -q "$stage/file" root@web1.sallyport:copied 2> "$stage/log/scp" < /dev/null || fail "scp: $(cat "$stage/log/scp")"
cmp "$stage/file" "$stage/home/copied"
status=0
own ssh root@web1.sallyport 'exit 7' 2> /dev/null < /dev/null || status=$?
((status == 7)) || fail "the status 7 came back as $status"
own ssh -O exit root@web1.sallyport 2> /dev/null || true

# `sallyport ssh --reason` says under which checkout one goes where that is another than the line asks for.
for asked in "--reason second" "--reason test --for 5m"; do
  # shellcheck disable=SC2086
  [[ $(own "$program" ssh $asked root@web1 'id -un' 2> "$stage/log/ssh" < /dev/null) == root ]] || fail "ssh $asked: $(cat "$stage/log/ssh")"
  grep -qE '^\(root@web1 is checked out already, until 2[0-9-]+ [0-9:]+ .*: test\)$' "$stage/log/ssh" || fail "ssh $asked hides the checkout: $(cat "$stage/log/ssh")"
done
own "$program" ssh --reason test root@web1 true 2> "$stage/log/ssh" < /dev/null || fail "ssh --reason test: $(cat "$stage/log/ssh")"
! grep -q 'checked out already' "$stage/log/ssh" || fail "the same is told as another: $(cat "$stage/log/ssh")"

# Programs that drive ssh with settings of their own.
git init -q --bare "$stage/repo.git"
own git clone -q "root@web1.sallyport:$stage/repo.git" "$stage/clone" 2> "$stage/log/git" < /dev/null || fail "git: $(cat "$stage/log/git")"
own env GIT_SSH_COMMAND="ssh -o ControlMaster=auto -o ControlPath=~/git-%C" git -C "$stage/clone" ls-remote 2> "$stage/log/git" < /dev/null ||
  fail "git with a ControlPath: $(cat "$stage/log/git")"
[[ -S $(echo "$stage"/home/git-*) ]] || fail "git's own control socket is not used"
own ssh -O exit -o ControlPath='~/git-%C' root@web1.sallyport 2> /dev/null || true

# VS Code: a script on stdin, a forward that it may or may not get.
[[ $(echo 'echo on-$(id -un)' | own ssh -T -D "$(shuf -i 20000-39999 -n 1)" -o ConnectTimeout=15 root@web1.sallyport bash 2> "$stage/log/code") == on-root ]] ||
  fail "ssh -T -D: $(cat "$stage/log/code")"
own ssh -O exit root@web1.sallyport 2> /dev/null || true

# Two at once take one way, and nobody is left behind.
own ssh root@web1.sallyport true 2> "$stage/log/one" < /dev/null & one=$!
own ssh root@web1.sallyport true 2> "$stage/log/two" < /dev/null || fail "the second of two at once: $(cat "$stage/log/two")"
wait "$one" || fail "the first of two at once: $(cat "$stage/log/one")"
own ssh -O exit root@web1.sallyport 2> /dev/null || true

# Without a shared connection there is no way; it is said.
! own ssh -S none root@web1.sallyport true > "$stage/log/none" 2>&1 < /dev/null || fail "it works without a control path"
grep -q 'shared connection' "$stage/log/none" || fail "no reason is given: $(cat "$stage/log/none")"

if command -v ansible > /dev/null; then
  play() { own ansible all -i web1.sallyport, -u root "$@" > "$stage/log/ansible" 2>&1 < /dev/null || fail "ansible $*: $(cat "$stage/log/ansible")"; }
  play -m raw -a 'echo on-$(id -un)'
  grep -q on-root "$stage/log/ansible" || fail "ansible raw: $(cat "$stage/log/ansible")"
  play -m ping
  grep -q pong "$stage/log/ansible" || fail "ansible ping: $(cat "$stage/log/ansible")"
  for socket in "$stage"/home/.ansible/cp/*; do own ssh -O exit -o ControlPath="$socket" root@web1.sallyport 2> /dev/null || true; done
else
  echo "ansible is not here: not tried"
fi
! grep -q peer.violation "$stage/log/server" || fail "a refused session asked the vault what it may not"
echo "as expected"
