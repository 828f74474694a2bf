# completion.zsh DIRECTORY TEXT WANTED: zsh, with the completions in DIRECTORY before all others, makes WANTED of TEXT and TAB.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; PS1=; print READY"
zpty -r shell out '*READY*READY*'
zpty -n -w shell "$2"$'\t'
zpty -r shell out "*($3|"$'\a'")*"  # it rings where it has nothing to propose
[[ $out == *$3* ]] && exit 0
print -r -- "zsh makes of \"$2\": ${(V)out}"
exit 1
