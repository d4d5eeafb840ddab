#!/usr/bin/env bash
# day.mjs where there is node; where there is none a skip with its reason, which in CI is a failure. Arguments go to day.mjs.
set -euo pipefail
if ! command -v node > /dev/null; then
  echo "skipped: no node (apt-get install nodejs npm)"
  if [ "${CI-}" = true ]; then exit 1; else exit 77; fi
fi
exec node "$(dirname "$0")/day.mjs" "$@"
