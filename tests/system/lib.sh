# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Four hosts, h1 .. h4, for the parts of this test: made and booted, cut and healed, asked and told.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
skip() { echo "skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
for x in systemd-nspawn nft ip jq unshare setpriv script; do command -v "$x" >/dev/null || skip "$x is missing"; done
deb=${VOTED_DEB:-$(find "${abs_top_builddir:-.}" -maxdepth 1 -name 'voted_*.deb' | tail -n 1)}
[ -e "$deb" ] || skip "no package (make deb)"

export SDBOX_DIR=/run/voted-system-$$ SDBOX_PREFIX=vs$$ SDBOX_OWNER=$$
box() { bash "$here/box.sh" "$@"; }
hosts="h1 h2 h3 h4"
passed=0 failed=0 told=0
ok() { passed=$((passed + 1)); printf 'ok %d - %s\n' $((passed + failed)) "$1"; }
not_ok() { failed=$((failed + 1)); printf 'not ok %d - %s\n' $((passed + failed)) "$1"; return 1; }
check() { local what=$1; shift; if "$@"; then ok "$what"; else not_ok "$what"; fi; }
quietly() { "$@" >/dev/null 2>&1; }
# what the nodes had to say, where something failed since it was last told
tell_journals() {
	local h
	[ "$failed" != "$told" ] || return 0
	told=$failed
	for h in $hosts; do
		echo "--- $h:"
		on "$h" journalctl -q --no-pager -n 40 -u 'voted-*' 2>/dev/null | tail -n 40
	done
}
cleanup() {
	local status=$?
	trap - EXIT INT TERM
	[ "$status" = 0 ] || tell_journals
	box destroy --all >/dev/null 2>&1
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

on() { local h=$1; shift; box exec "$h" "$@"; }
as() { local u=$1 h=$2; shift 2; box exec -u "$u" "$h" "$@"; }
# SECONDS are generous on an idle host; three times as long is waited before it counts as a failure
until_true() { local end=$((SECONDS + 3 * $1)); shift; until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 0.3; done; }
field() { on "$1" votectl status --json 2>/dev/null | jq -r ".$2"; }
is() { [ "$(field "$1" "$2")" = "$3" ]; }
at_least() { local v; v=$(field "$1" "$2") && [ "${v:-0}" -ge "$3" ] 2>/dev/null; }
has() { field "$1" "$2" | grep -qE "$3"; }
# by the clock: the ledger knows of the opening only with the first block after it
opened() { [ "$(on "$1" votectl show "$2" --json | jq -r .summary.opens)" -le "$(date +%s)" ]; }
phase_is() { [ "$(on "$1" votectl show "$2" --json | jq -r .summary.phase)" = "$3" ]; }
ballots_are() { [ "$(on "$1" votectl show "$2" --json | jq -r .summary.ballots)" = "$3" ]; }
final_result() { [ "$(on "$1" votectl results "$2" --json | jq -r .final)" = true ]; }
journal_has() { on "$1" journalctl -q --no-pager -u "$2" | grep -qE "$3"; }
pid_of() { on "$1" systemctl show -P MainPID "$2"; }

# --- four hosts; they reach each other by the switch NET
hosts_up() { # NET
	local h k n=0
	box net "$1"
	for h in $hosts; do
		n=$((n + 1))
		box create "$h"
		box link "$h" "$1" "10.77.0.$n/24"
		for k in 1 2 3 4; do echo "10.77.0.$k h$k"; done >>"$(box root "$h")/etc/hosts"
	done
	for h in $hosts; do check "$h boots" [ "$(box start "$h")" = running ]; done
	# the index of all man pages of the base is made anew at each install: nobody asks for it here
	for h in $hosts; do on "$h" rm -f /var/lib/man-db/auto-update; done
}
install_deb() { # HOST
	box push "$1" "$deb" /root
	on "$1" sh -c 'dpkg -i /root/voted_*.deb' >"$SDBOX_DIR/dpkg.$1" 2>&1 || cat "$SDBOX_DIR/dpkg.$1"
}
hosts_down() {
	tell_journals
	# shellcheck disable=SC2086
	box destroy $hosts
}
