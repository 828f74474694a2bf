#!/bin/bash
# Each rule of tools/structure-check is seen to fail: a small tree that breaks it, and one that keeps it.
set -euo pipefail
checker=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

fresh_tree() {
  rm -rf "$tree"/*
  mkdir -p "$tree"/{base,audit,vault,access,certs,recorder,rotation,broker,app}/src "$tree"/{tests,tools}
  mkdir -p "$tree"/{base,vault,recorder}/include/sallyport
  mkdir "$tree"/base/include/sallyport/base "$tree"/vault/include/sallyport/vault
  : > "$tree/dev"
  : > "$tree/base/include/sallyport/base/x.hpp"
  : > "$tree/vault/include/sallyport/vault/v.hpp"
  : > "$tree/vault/src/inner.hpp"
}

expect() {  # WHAT-IS-EXPECTED PATTERN: `pass ''`, or `fail` and a piece of the finding
  local output status=0
  output=$("$checker" all "$tree" 2>&1) || status=$?
  if [[ $1 == pass ]]; then
    ((status == 0)) || { echo "a clean tree was refused: $output"; exit 1; }
  else
    ((status == 1)) && [[ $output == *"$2"* ]] || { echo "not found: $2 (status $status, output: $output)"; exit 1; }
  fi
}

fresh_tree
printf '#include "sallyport/base/x.hpp"\n#include "inner.hpp"\n#include <vector>\n' > "$tree/vault/src/a.cpp"
expect pass ''

fresh_tree
echo '#include "sallyport/vault/v.hpp"' > "$tree/broker/src/a.cpp"
expect fail 'broker may not include vault'

fresh_tree
echo '#  include <sallyport/vault/v.hpp>' > "$tree/base/src/a.cpp"
expect fail 'base may not include vault'

fresh_tree
echo '#include "inner.hpp"' > "$tree/access/src/a.cpp"
expect fail 'not a header of access/src'

fresh_tree
echo '#include "../../vault/src/inner.hpp"' > "$tree/access/src/a.cpp"
expect fail 'may not climb'

fresh_tree
echo '#include "inner.hpp"' > "$tree/vault/include/sallyport/vault/v.hpp"
expect fail 'a public header includes a private one'

fresh_tree
echo '#include "sallyport/base/missing.hpp"' > "$tree/vault/src/a.cpp"
expect fail 'no such public header'

fresh_tree
seq 601 | sed 's#^#// #' > "$tree/vault/src/long.cpp"
expect fail '601 lines'

fresh_tree
echo 'sallyport help | grep -qx usage || exit 1' > "$tree/tests/a.sh"
expect fail 'tests/a.sh:1: grep -q ends early'
echo 'true || grep -q usage <<< "$text"' > "$tree/tests/a.sh"
expect pass ''
echo "every rule was seen to fail"
