#!/bin/bash
# install.sh PROGRAM BUILD: what `cmake --install` puts where, under both prefixes, in a directory of its own.
. "$(dirname "$0")/lib.sh"
build=$2

holds() { [[ -s $1 ]] || { echo "not installed: $1"; find "$root" -type f | sort; exit 1; }; }

verify_unit() {  # PREFIX
  local unit=$root$1/lib/systemd/system/sallyport.service program
  holds "$unit"
  program=$(sed -n 's/^ExecStart=\([^ ]*\) server$/\1/p' "$unit")
  [[ $program == "$1/bin/sallyport" && -x $root$program ]] || { echo "ExecStart names $program"; exit 1; }
  ! grep -q '@' "$unit" || { echo "something in the unit was not filled in"; exit 1; }
  command -v systemd-analyze > /dev/null || return 0
  # It looks for the program where the unit says: that one is not there, but in $root.
  sed "s|^ExecStart=$program|ExecStart=$root$program|" "$unit" > sallyport.service
  systemd-analyze verify --man=no ./sallyport.service > verify 2>&1 || { cat verify; exit 1; }
  ! grep -q 'sallyport.service' verify || { cat verify; exit 1; }
}

for prefix in /usr /usr/local; do
  root=$work/root$prefix.d
  DESTDIR=$root cmake --install "$build" --prefix "$prefix" > log 2>&1 || { cat log; exit 1; }
  verify_unit "$prefix"
  "$root$prefix/bin/sallyport" version > /dev/null
  holds "$root$prefix/share/man/man1/sallyport.1"
  if command -v man > /dev/null; then
    [[ -z $(man --warnings -E UTF-8 -l -Tutf8 "$root$prefix/share/man/man1/sallyport.1" 2>&1 > /dev/null) ]] || { echo "the man page has faults"; exit 1; }
  fi
  holds "$root$prefix/share/doc/sallyport/guide_operator.md"
  holds "$root$prefix/lib/sysusers.d/sallyport.conf"
  holds "$root$prefix/share/bash-completion/completions/sallyport"
  # Where the shells themselves say that they look.
  zsh_file=$(find "$root" -name _sallyport) zsh_directory=$(dirname "$zsh_file")
  fish_file=$(find "$root" -name sallyport.fish) fish_directory=$(dirname "$fish_file")
  if command -v zsh > /dev/null; then
    grep -qx "${zsh_directory#"$root"}" <<< "$(zsh -fc 'print -l $fpath')" || { echo "zsh does not look into ${zsh_directory#"$root"}"; exit 1; }
  fi
  if command -v fish > /dev/null; then
    grep -qx "${fish_directory#"$root"}" <<< "$(fish -c 'printf "%s\n" $fish_complete_path')" || { echo "fish does not look into ${fish_directory#"$root"}"; exit 1; }
  fi
done

# The users are those that the server asks for.
users=$(awk '$1 == "u" { print $2 }' "$root/usr/local/lib/sysusers.d/sallyport.conf")
for kind in vault ssh web rotator session; do
  grep -qx "sallyport-$kind" <<< "$users" || { echo "no user sallyport-$kind"; exit 1; }
done
if command -v systemd-sysusers > /dev/null; then
  mkdir -p sysusers/etc
  systemd-sysusers --root="$work/sysusers" "$root/usr/local/lib/sysusers.d/sallyport.conf" > users 2>&1 || { cat users; exit 1; }
  [[ $(grep -c '^sallyport-' sysusers/etc/passwd) == 5 ]] || { cat users sysusers/etc/passwd; exit 1; }
fi
echo "as expected"
