#!/usr/bin/env bash
# What systemd says about our units, and that account and folders can be made from their files. Usage: verify.sh PROGRAM SYSTEMD
# Exit 77, a skip, where systemd is not installed.
set -euo pipefail
program=$1 units=$(realpath "$2")
for tool in systemd-analyze systemd-sysusers systemd-tmpfiles; do
  command -v $tool > /dev/null || { echo "skipped: no $tool (apt-get install systemd)"; exit 77; }
done
site=$(mktemp -d); trap 'rm -rf "$site"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

# The program stands elsewhere than where a site puts it, and systemd looks whether it is there.
cp "$units"/*.service "$units"/*.socket "$units"/*.timer "$site"
sed -i "s#/usr/local/bin/pingjing#$program#; s#/usr/local/lib/pingjing/external/%i#$units/../providers/external/example.py#" "$site"/*.service
# It exits 0 after a warning about an unknown key: what counts is that it says nothing about ours. Quotes of systemd's own units are not.
said=$(systemd-analyze verify --man=no "$site"/* 2>&1) || fail "$said"
! grep "$site\|pingjing" <<< "$said" || fail "see above"

mkdir -p "$site/tree/etc"
if [ "$(id -u)" = 0 ]; then
  systemd-sysusers --root="$site/tree" "$units/pingjing.sysusers"
  systemd-tmpfiles --root="$site/tree" --create "$units/pingjing.tmpfiles"
  [ "$(stat -c %a "$site/tree/etc/pingjing/keys")" = 700 ] || fail "the folder of keys is open"
fi

# The door is where the example configuration has it.
listen=$(sed -n 's/^listen = "\([^"]*\)".*/\1/p' "$units/pingjing.toml")
grep -qx "ListenStream=$listen" "$units/pingjing.socket" || fail "pingjing.socket does not listen on $listen, as the example configuration"
echo ok
