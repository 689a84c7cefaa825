#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rules of the quorum engine, checked with Spin: agreement holds with all of them, and is refuted
# within seconds without any one of those that it needs.
#
#   check.sh [VIEWS]    views that are looked at without steps of their own for finalize: 3 (the default; seconds), 4 (many times that)
#
# With those steps there are two views, which is enough for every rule to be needed.
set -euo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${CC:=cc}"
views=${1:-${VIEWS:-3}}
model=$abs_top_srcdir/tests/model/quorum.pml
command -v spin >/dev/null || { echo "spin is missing: apt-get install spin"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# search VIEWS [DEFINITION...]: *errors* and *states*
search() {
	spin -a "-DVIEWS=$1" "${@:2}" "$model" >spin.log || { cat spin.log; exit 1; }
	# shellcheck disable=SC2086 # CC may be more than one word
	$CC -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=14000 -o pan pan.c
	./pan -m100000 >pan.log
	# what was not looked at as a whole shows nothing
	! grep -qE 'max search depth too small|out of memory|exceeds|truncated' pan.log || { cat pan.log; exit 1; }
	errors=$(sed -n 's/.*errors: *\([0-9]*\).*/\1/p' pan.log)
	states=$(awk '/states, stored/ { printf "%d", $1 }' pan.log)
	if [ -z "$errors" ] || [ -z "$states" ]; then cat pan.log; exit 1; fi
}

failed=0
# holds WHAT VIEWS [DEFINITION...]
holds() {
	search "${@:2}"
	if [ "$errors" = 0 ]; then
		echo "agreement holds: 4 authorities, one lies, $2 views, $1, $states states"
	else
		echo "FAILED: two final blocks that do not follow one another ($2 views, $1)"
		tail -n 30 pan.log
		failed=1
	fi
}
# refuted RULE [DEFINITION...]
refuted() {
	search 2 "${@/#/-D}"
	if [ "$errors" = 0 ]; then
		echo "FAILED: $* is not refuted, within $states states"
		failed=1
	else
		echo "refuted: $*, within $states states"
	fi
}

holds "with every step" 2
holds "finalize read off" "$views" -DLATE
for rule in ENDORSE_TWICE FINALIZE_AFTER_SKIP SKIP_AFTER_FINALIZE NO_SKIPS_BETWEEN FORGET; do refuted "$rule"; done
# what LATE leaves out hides nothing else
for rule in ENDORSE_TWICE NO_SKIPS_BETWEEN FORGET; do refuted "$rule" LATE; done
exit "$failed"
