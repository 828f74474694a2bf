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
! grep -q peer.violation "$stage/log/server" || fail "a refused session asked the vault what it may not"
echo "as expected"
