#!/bin/bash
# The demo on a machine that has the users of the operator's guide: each process becomes its own.
. "$(dirname "$0")/staged.sh"
for kind in vault ssh web rotator session; do useradd --system --no-create-home --shell /usr/sbin/nologin --user-group "sallyport-$kind"; done
TMPDIR=$stage "$tools/demo" --program "$program" --once > "$stage/log/demo" 2>&1 && fail "it does not say that it can't enter its directory"
grep -q "can't enter $stage" "$stage/log/demo" || fail "the directory that is closed is not named: $(tail -n 5 "$stage/log/demo")"
chmod 711 "$stage"
TMPDIR=$stage "$tools/demo" --program "$program" --once
