#!/bin/bash
# What the command line does before any server is asked: usage, configuration, what it says and how it ends.
. "$(dirname "$0")/lib.sh"

expect 2 'no command was given' -- "$program"
expect 2 'user add --help' -- "$program" user add
expect 2 'needs a verb' -- "$program" user
expect 2 'no option --bogus' -- "$program" user add alice --bogus
expect 2 'did you mean: --display-name' -- "$program" user add alice --dispaly-name x
expect 2 'did you mean: sallyport user list' -- "$program" user lst
expect 2 'needs a verb: add, list' -- "$program" user
expect 2 'must be one of: table wide json' -- "$program" version -o xml
expect 2 'nothing may follow' -- "$program" version -- more
expect 2 'must be one of: bash, zsh, fish' -- "$program" completion tcsh
expect 0 '^sallyport [0-9]' -- "$program" version
expect 0 '^sallyport [0-9]' -- "$program" --version
expect 0 'Adds an SSH key' -- "$program" help user key add
expect 0 'key add' -- "$program" help user
for words in "" "user add" "checkout list"; do expect 0 '-o, --output FORM' -- "$program" $words --help; done
expect 0 '"schema":"sallyport.version/1"' -- "$program" version -o json
expect 0 '"schema"' -- "$program" -o json version
SALLYPORT_OUTPUT=json expect 0 '"schema"' -- "$program" version
SALLYPORT_OUTPUT=json expect 0 '^sallyport' -- "$program" version --output table

# Every command has help with an example.
while read -r -a words; do
  expect 0 'sallyport' -- "$program" "${words[@]}" --help
  [[ ${words[0]} == help ]] || grep -q '^Examples:' <<< "$("$program" "${words[@]}" --help)" || { echo "no example: ${words[*]}"; exit 1; }
done < <("$program" --help | sed -nE 's/^  ([a-z][a-z-]*( [a-z]+)*)  +.*/\1/p')

# Where the server is: nobody said; nobody listens; no ready file.
expect 2 'nothing says where the server is' -- "$program" whoami
expect 2 'on a client: sallyport setup https://' -- "$program" whoami
expect 1 'fix: on a client: sallyport setup https://.*sallyport init' -- "$program" doctor
for words in status seal; do expect 7 'on a new server: sallyport init' -- "$program" $words; done
expect 7 "can't be reached" -- "$program" openapi --server https://127.0.0.1:9
expect 7 'no server is ready' -- "$program" whoami --data "$work/none"
expect 7 'no vault answers' -- "$program" status --data "$work/none"
expect 4 'not signed in' -- "$program" user list --server https://127.0.0.1:9
expect 2 'must begin with https' -- "$program" whoami --server http://127.0.0.1:9
expect 3 'there is no vault' -- "$program" server --data "$work/none"

# Advice follows the cause, and programs get an object.
expect 4 'sign in with: sallyport login' -- "$program" whoami --server https://127.0.0.1:9
expect 7 'start it with: sallyport server' -- "$program" whoami --data "$work/none"
expect 4 '^\{"schema":"sallyport.error/1","command":"whoami","code":"unauthenticated","status":4,"message":".*","advice":"sign in with: sallyport login"\}$' \
  -- "$program" whoami -o json --server https://127.0.0.1:9
expect 2 '"code":"usage","status":2' -- "$program" user lst -o json
[[ -z $("$program" whoami -o json --server https://127.0.0.1:9 2> /dev/null < /dev/null) ]] || { echo "an error stands on stdout"; exit 1; }
# ctrl-C takes effect at once, in the middle of a line as well, and needs no word.
for typed in '\003' 'half a pass\003'; do
  ended=$(command expect -c "spawn $program init --data $work/new; expect Passphrase; send \"$typed\"; expect eof; puts [wait]" < /dev/null)
  grep -q 'SIGINT' <<< "$ended" || { echo "ctrl-C is no interruption: $ended"; exit 1; }
  ! grep -qE 'administrator|sallyport init:' <<< "$ended" || { echo "ctrl-C is commented: $ended"; exit 1; }
done
# What was typed of a secret when a signal came is not left for the next reader of the terminal, who would show it. (The
# terminal itself forgets it at its own keys, but for noflsh; then the key comes behind what was typed, and not before.)
cat > next.sh << 'END'
set -m
trap : INT QUIT
stty noflsh
"$@"
echo "<ended>"
IFS= read -r line
echo "<next:$line>"
kill -KILL %1 2> /dev/null
END
for key in '\003' '\034' '\032' "$(printf '%01100d' 0)\r"; do  # the last one is too long a line
  left=$(command expect -c "spawn bash next.sh $program init --data $work/new; expect Passphrase; send {half a pass}; send \"$key\"
    expect <ended>; send \"whole\\r\"; expect eof" < /dev/null)
  grep -q '<next:whole>' <<< "$left" || { echo "what was typed at a prompt is left behind ($key): $left"; exit 1; }
done

# Nothing is asked that no server would hear, or that stdin can't answer.
ended=$(command expect -c "spawn $program unseal --data $work/none; expect Passphrase {puts <asked>} eof" < /dev/null)
grep -q 'no vault answers' <<< "$ended" && ! grep -q '<asked>' <<< "$ended" || { echo "a passphrase is asked for without a server: $ended"; exit 1; }
expect 2 'password-stdin is missing' -- "$program" init --dev --data "$work/d"
expect 2 'passphrase-stdin is missing' -- "$program" unseal
expect 2 'user is missing' -- "$program" login --server https://127.0.0.1:9
expect 2 'password-stdin is missing' -- "$program" login --user a --server https://127.0.0.1:9

# Configuration: what is wrong is named by line and key, all of it at once.
mkdir -p "$XDG_CONFIG_HOME/sallyport"
printf 'server = "https://h:1"\nservre = "x"\noutput = "xml"\nssh = 5\n' > "$XDG_CONFIG_HOME/sallyport/config.toml"
expect 2 'config.toml:2: servre: no such key' -- "$program" config check
expect 2 'config.toml:3: output: must be one of: table wide json' -- "$program" config check
expect 2 'config.toml:4: ssh: must be host:port' -- "$program" config check
printf 'data = "/x"\n[ssh]\nlisten = "0.0.0.0:99999"\n' > server.toml
expect 2 'server.toml:3: ssh.listen' -- "$program" config check server.toml
printf 'a = = b\n' > server.toml
expect 2 'server.toml:1: ' -- "$program" config check server.toml
printf 'data = "/x"\n[ssh]\nlisten = "0.0.0.0:2222"\n' > server.toml
expect 0 'nothing wrong' -- "$program" config check server.toml

# Flag over environment over project over user; a project file of doubtful owner does not count.
printf 'output = "json"\n' > "$XDG_CONFIG_HOME/sallyport/config.toml"
expect 0 schema -- "$program" version
printf 'output = "table"\n' > .sallyport.toml
expect 0 '^sallyport [0-9]' -- "$program" version
chmod o+w .sallyport.toml
expect 0 'passed over' -- "$program" version
expect 0 schema -- "$program" version
chmod o-w .sallyport.toml
SALLYPORT_OUTPUT=json expect 0 schema -- "$program" version

# A file with terminal escapes in its name can't write to the terminal.
printf 'x = 1\n' > $'\e[31m.toml'
"$program" config check $'\e[31m.toml' > out 2>&1 < /dev/null || true
! grep -q $'\e' out || { echo "an escape sequence came through"; exit 1; }
echo "as expected"
