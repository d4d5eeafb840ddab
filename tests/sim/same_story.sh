#!/usr/bin/env bash
# same_story.sh PROGRAM: twenty stories in one process and in two, each told twice: one trace.
set -euo pipefail
sim=$1
trace() { timeout 120 "$sim" --seeds 20 "$@" | grep -o 'trace [0-9a-f]*'; }
one=$(trace --twice)
two=$(trace --jobs 2)
echo "in one process: $one, in two: $two"
[[ $one == "$two" ]]
