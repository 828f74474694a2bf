# Shared by the end-to-end scripts: `expect STATUS [PATTERN] -- command...` runs a command and compares.
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_RUNTIME_DIR=$work/home/run
unset "${!SALLYPORT_@}" NO_COLOR
mkdir -p "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME"
chmod 700 "$HOME" "$XDG_RUNTIME_DIR"
cd "$work"

expect() {
  local wanted=$1 pattern='' status=0 output
  shift
  [[ $1 == -- ]] || { pattern=$1; shift; }
  shift
  output=$("$@" 2>&1 < "${stdin:-/dev/null}") || status=$?
  ((status == wanted)) || { echo "expected status $wanted, got $status: $*"; echo "$output"; exit 1; }
  [[ -z $pattern ]] || grep -qE -- "$pattern" <<< "$output" || { echo "expected \"$pattern\" from: $*"; echo "$output"; exit 1; }
}
