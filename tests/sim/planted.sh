#!/usr/bin/env bash
# planted.sh [NAME…]: plants each bug of planted/ in a copy of this tree (build/planted), builds the simulation and says how many
# seeds it took to find it. By hand: it takes a minute or two for each. Exit 1 if one was not found within 10,000 seeds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$root/build/planted
mkdir -p "$copy"
cd "$root"
git ls-files -z | tar --null -T - -c | tar -x -C "$copy"
cd "$copy"
build() { nice cmake --build build/release --target pingjing_sim >build.log 2>&1 || { tail -20 build.log; return 1; }; }
cmake --preset release --log-level=WARNING >/dev/null
names=("$@")
if (($# == 0)); then for patch in "$root"/tests/sim/planted/*.patch; do names+=("$(basename "$patch" .patch)"); done; fi
missed=0
for name in "${names[@]}"; do
  patch=$root/tests/sim/planted/$name.patch
  patch -s -p1 <"$patch"
  found='did not build'
  if build; then
    timeout 1800 nice build/release/tests/sim/pingjing_sim --seeds 10000 --jobs "$(nproc)" --until-broken >found.log 2>/dev/null || true
    found=$(sed -n '/^seed/{s/^seed \([0-9]*\).*/\1/;N;s/\n/ /;p}' found.log | sort -n | head -1)
  fi
  printf '%-36s %s\n' "$name" "${found:-NOT FOUND in 10000 seeds}"
  [[ $found =~ ^[0-9] ]] || missed=1
  patch -s -R -p1 <"$patch"
done
exit $missed
