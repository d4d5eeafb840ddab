#!/usr/bin/env bash
# The real program on a day of a 110 system: every answer as expected, a dry run stores nothing, a second import asks nobody
# again, the ledger verifies, and no number can be read in the state folder. Usage: day1.sh PROGRAM DATA
set -euo pipefail
program=$1 data=$2
site=$(mktemp -d); trap 'rm -rf "$site"' EXIT
cp "$data"/* "$site"
cat > "$site/pingjing.toml" <<'TOML'
[service]
sign = "XX公安"
state_dir = "state"
key_dir = "keys"
test_clock = true
[lists]
staff_phones = "staff_phones.txt"
officers = "officers.csv"
units = "units.csv"
flags = "flags.csv"
[categories]
map = "categories.csv"
[survey]
since = "2026-11-01"
[desk]
kind = "log"
unattended = true
[[channel]]
name = "sim"
provider = "simulated"
TOML
export PINGJING_CLOCK; PINGJING_CLOCK=$(tr -d '\r\n' < "$site/now.txt")
config=(-c "$site/pingjing.toml")
fail() { echo "FAILED: $*"; exit 1; }

"$program" check "${config[@]}"
"$program" init "${config[@]}"
"$program" optout import "${config[@]}" "$site/opted_out.txt"
"$program" import "${config[@]}" --dry-run "$site/calls.csv" > "$site/dry.csv"
# A site's own names of the fields: the same day, the same answers.
mkdir -p "$site/own/mappings"
sed 's/^jjdbh = /alarm_no = /' "$(dirname "$0")/../../templates/mappings/gat.toml" > "$site/own/mappings/ours.toml"
sed '1s/jjdbh/alarm_no/' "$site/calls.csv" > "$site/renamed.csv"
sed 's|^test_clock.*|&\ntemplates_dir = "own"|' "$site/pingjing.toml" > "$site/ours.toml"
"$program" import -c "$site/ours.toml" --mapping ours --dry-run "$site/renamed.csv" > "$site/ours.csv"
cmp "$site/dry.csv" <(sed "s/alarm_no/jjdbh/" "$site/ours.csv") || fail "a site's own mapping answers differently"
echo 'broken = [' > "$site/own/mappings/broken.toml"
rc=0; "$program" check -c "$site/ours.toml" 2> "$site/said" || rc=$?
[ "$rc" = 2 ] && grep -q 'broken.toml' "$site/said" || fail "check says nothing of a broken mapping"
"$program" verify "${config[@]}" | grep -q '^ok: 0 cases' || fail "a dry run stored something"
"$program" import "${config[@]}" "$site/calls.csv" > "$site/out.csv"
cmp "$site/dry.csv" "$site/out.csv" || fail "a dry run answers differently"
diff <(tail -n +2 "$site/out.csv") <(tail -n +2 "$site/expected.csv") || fail "the answers differ from expected.csv"
"$program" import "${config[@]}" "$site/calls.csv" | grep -q ',accepted,' && fail "a second import accepts again"
"$program" import "${config[@]}" --strict "$site/calls.csv" > /dev/null && fail "--strict exits 0 beside rejected rows"
"$program" verify "${config[@]}" | grep '^ok: 2400 cases'
grep -aohE '\b1[3-9][0-9]{9}\b' "$site/calls.csv" | sort -u > "$site/numbers"
[ "$(wc -l < "$site/numbers")" -gt 1000 ] || fail "no numbers to look for"
grep -raqFf "$site/numbers" "$site/state" && fail "a number stands in clear"
rc=0; "$program" simulate http --log "$site/carrier.jsonl" 2> "$site/said" || rc=$?
[ "$rc" = 2 ] && grep -q 'not built yet' "$site/said" || fail "what is not built does not say so"
rc=0; printf '{"id":1,"text":"不满意"}\nbroken\n' | "$program" parse --jsonl > "$site/parsed" || rc=$?
[ "$rc" = 1 ] && grep -q '"dissatisfied"' "$site/parsed" || fail "parse: a bad line costs more than itself"
rc=0; "$program" nonsense 2> /dev/null || rc=$?
[ "$rc" = 2 ] || fail "an unknown command exits $rc"
echo "ok"
