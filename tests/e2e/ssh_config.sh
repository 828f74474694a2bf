#!/bin/bash
# ssh-config: one Include line, the same again and again, everything else untouched, and gone after --remove.
. "$(dirname "$0")/lib.sh"
mkdir -p "$HOME/.ssh" data/run
chmod 700 "$HOME/.ssh"
printf 'Host other\n  User me\n' > "$HOME/.ssh/config"
chmod 640 "$HOME/.ssh/config"
cp "$HOME/.ssh/config" before
printf '{"pid":1,"ssh":"127.0.0.1:2222","web":"https://127.0.0.1:1","ca":"/x","vault_socket":"/x","host_key":"ssh-ed25519 AAAA"}' > data/run/ready.json
export SALLYPORT_DATA=$work/data

expect 0 'try: ssh' -- "$program" ssh-config
cp "$HOME/.ssh/config" first
[[ $(grep -c '^Include' first) == 1 ]] && [[ $(tail -n 2 first) == "$(cat before)" ]] || { echo "the Include line is wrong"; cat first; exit 1; }
expect 0 -- "$program" ssh-config
cmp first "$HOME/.ssh/config"
[[ $(stat -c %a "$HOME/.ssh/config") == 640 ]] || { echo "the mode changed"; exit 1; }
grep -q '^\[127.0.0.1\]:2222 ssh-ed25519 AAAA$' "$XDG_CONFIG_HOME/sallyport/known_hosts"
# OpenSSH itself reads it, and other hosts are as before.
grep -qx 'user me' <<< "$(ssh -F "$HOME/.ssh/config" -G other)"
expect 0 removed -- "$program" ssh-config --remove
cmp before "$HOME/.ssh/config"
[[ ! -e $XDG_CONFIG_HOME/sallyport/ssh_config ]]
expect 0 removed -- "$program" ssh-config --remove

# A linked configuration stays a link.
mv "$HOME/.ssh/config" dotfile
ln -s "$work/dotfile" "$HOME/.ssh/config"
expect 0 -- "$program" ssh-config
[[ -L $HOME/.ssh/config ]] && grep -q '^Include' dotfile
