#!/bin/bash
# docs.sh PROGRAM FILE: the reference in docs/ is the program's own; and the man page is free of mistakes.
set -euo pipefail
diff -u "$2" <("$1" help --markdown) || { echo "write it anew: sallyport help --markdown > docs/cli.md"; exit 1; }
page=$("$1" help --man)
[[ $page == .TH\ SALLYPORT\ 1* ]]
if command -v groff > /dev/null; then
  warnings=$(groff -man -Tutf8 -ww -z <<< "$page" 2>&1)
  [[ -z $warnings ]] || { echo "$warnings"; exit 1; }
fi
