#!/usr/bin/env bash
# planted.sh [NAME…]: plants each bug of planted/ in a copy of this tree (build/planted), builds the simulation and says how many
# seeds it took to find it. By hand: it takes a minute or two for each. Exit 1 if one was not found within 10,000 seeds.
# planted.sh --fits: plants nothing and builds nothing, but says which patches today's code would not take. Exit 1 if there is one.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
planted=$root/tests/sim/planted
# A line that only resembles the one that was meant is not the same bug: all of a patch's context has to be there.
plant() { patch -s -p1 --fuzz=0 "$@"; }
names=()
for patch in "$planted"/*.patch; do names+=("$(basename "$patch" .patch)"); done

if [ "${1-}" = --fits ]; then
  rotten=()
  cd "$root"
  for name in "${names[@]}"; do plant --forward --dry-run <"$planted/$name.patch" || rotten+=("$name"); done
  [ ${#rotten[@]} = 0 ] || { echo "FAILED: to be planted anew where their lines have gone: ${rotten[*]}"; exit 1; }
  echo "ok: ${#names[@]} patches fit"
  exit
fi

copy=$root/build/planted
mkdir -p "$copy"
cd "$root"
git ls-files -z | tar --null -T - -c | tar -x -C "$copy"
cd "$copy"
build() { nice cmake --build build/release --target pingjing_sim >build.log 2>&1 || { tail -20 build.log; return 1; }; }
cmake --preset release --log-level=WARNING >/dev/null
(($# == 0)) || names=("$@")
missed=0
for name in "${names[@]}"; do
  plant <"$planted/$name.patch"
  found='did not build'
  if build; then
    timeout 1800 nice build/release/tests/sim/pingjing_sim --seeds 10000 --jobs "$(nproc)" --until-broken >found.log 2>/dev/null || true
    found=$(sed -n '/^seed/{s/^seed \([0-9]*\).*/\1/;N;s/\n/ /;p}' found.log | sort -n | head -1)
  fi
  printf '%-36s %s\n' "$name" "${found:-NOT FOUND in 10000 seeds}"
  [[ $found =~ ^[0-9] ]] || missed=1
  plant -R <"$planted/$name.patch"
done
exit $missed
