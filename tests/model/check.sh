#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rules of the quorum engine, checked with Spin: agreement holds with all of them, and is refuted
# within seconds without any one of those that it needs.
#
#   check.sh [VIEWS]    views that are looked at: 2 (the default; a second), 3 (over 75 million states: hours, and over 8 GB)
set -euo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${CC:=cc}"
views=${1:-${VIEWS:-2}}
model=$abs_top_srcdir/tests/model/quorum.pml
command -v spin >/dev/null || { echo "spin is missing: apt-get install spin"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# search VIEWS [DEFINITION]: *errors* and *states*
search() {
	spin -a "-DVIEWS=$1" ${2:+"-D$2"} "$model" >spin.log || { cat spin.log; exit 1; }
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
search "$views"
if [ "$errors" = 0 ]; then
	echo "agreement holds: 4 authorities, one lies, $views views, $states states"
else
	echo "FAILED: two final blocks that do not follow one another"
	tail -n 30 pan.log
	failed=1
fi

for rule in ENDORSE_TWICE FINALIZE_AFTER_SKIP SKIP_AFTER_FINALIZE NO_SKIPS_BETWEEN FORGET; do
	search 2 "$rule"
	if [ "$errors" = 0 ]; then
		echo "FAILED: $rule is not refuted, within $states states"
		failed=1
	else
		echo "refuted: $rule, within $states states"
	fi
done
exit "$failed"
