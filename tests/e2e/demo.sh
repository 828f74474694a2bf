#!/bin/bash
# demo.sh PROGRAM [STEP]: the demo passes; or, with that step broken, it fails in that very step.
set -euo pipefail
demo=$(cd "$(dirname "$0")/../../tools" && pwd)/demo
program=$1 step=${2:-}
((EUID == 0)) && unshare --mount --pid --fork true 2>/dev/null || { echo "needs root and namespaces"; exit 77; }
if [[ -z $step ]]; then exec "$demo" --program "$program" --once; fi

status=0
output=$(SALLYPORT_DEMO_BREAK=$step "$demo" --program "$program" --once 2>&1) || status=$?
echo "$output"
((status == 1)) || { echo "broken in $step, it ended with $status"; exit 1; }
grep -q "^FAILED in step $step:" <<< "$output" || { echo "it failed elsewhere than in $step"; exit 1; }
