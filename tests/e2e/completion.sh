#!/bin/bash
# The completion scripts load, and bash's proposes what the table of commands has.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
"$program" completion bash > bash.completion
"$program" completion zsh > zsh.completion
"$program" completion fish > fish.completion
bash -n bash.completion
zsh -n zsh.completion

proposals() {  # the words after "sallyport", the last one unfinished
  bash --norc -c '. ./bash.completion; COMP_WORDS=(sallyport "$@"); COMP_CWORD=$#; _sallyport; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
proposes() {
  local wanted=$1
  shift
  grep -qx -- "$wanted" <<< "$(proposals "$@")" || { echo "not proposed: $wanted after: $*"; proposals "$@"; exit 1; }
}
proposes user us
proposes add user a
proposes key user k
proposes remove user key r
proposes --labels target add web1 --la
proposes --reason checkout root@web1 --r
proposes json version -o j
[[ -z $(proposals --xyz) ]] || { echo "something is proposed for --xyz"; exit 1; }

# As the shells load them from where they are installed: at the first try.
mkdir site
cp zsh.completion site/_sallyport
timeout 60 zsh -f "$here/completion.zsh" "$PWD/site" "sallyport sta" "status"
timeout 60 zsh -f "$here/completion.zsh" "$PWD/site" "sallyport user key a" "add"
mkdir -p "$XDG_CONFIG_HOME/fish/completions" bin
cp fish.completion "$XDG_CONFIG_HOME/fish/completions/sallyport.fish"
ln -s "$program" bin/sallyport  # fish asks a completion only for a command that it finds
grep -q '^status' <<< "$(PATH=$PWD/bin:$PATH fish -c 'complete -C "sallyport sta"')" || { echo "fish proposes no status"; exit 1; }
grep -q '^add' <<< "$(PATH=$PWD/bin:$PATH fish -c 'complete -C "sallyport user key a"')" || { echo "fish proposes no add"; exit 1; }
