#!/usr/bin/env bash
# Every shell script of the tree through `bash -n` or shellcheck. Usage: check.sh bash|shellcheck ROOT
# Exit 77, a skip, where the tool is missing.
set -euo pipefail
tool=$1; cd "$2"
command -v "$tool" > /dev/null || { echo "skipped: no $tool (apt-get install $tool)"; exit 77; }
mapfile -t scripts < <(grep -lE '^#!.*\b(ba)?sh$' .ci/* scripts/*; find tests -name node_modules -prune -o -name '*.sh' -print)
[ ${#scripts[@]} -ge 5 ] || { echo "FAILED: only ${#scripts[@]} scripts found"; exit 1; }
case $tool in
  bash) for script in "${scripts[@]}"; do bash -n "$script"; [ -x "$script" ] || { echo "FAILED: $script is not executable"; exit 1; }; done ;;
  # SC2015: A && B || fail is how tests here say "A and B, or fail".
  shellcheck) shellcheck --severity=info --exclude=SC2015 "${scripts[@]}" ;;
esac
echo "ok: ${scripts[*]}"
