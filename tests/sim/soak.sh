#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Seeds that nobody has seen before: 6,000 of them at SOAK_PERCENT=100 (the default), some with many
# peers, and 10,000 of quorum, half of them with liars, and ten more with a power cut of all at every step
# of the first rounds; then the plants (one at random below 50 percent). A seed that fails is printed with the command that
# replays it. SIM_SEED names the first one.
set -euo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${abs_top_builddir:=$PWD}"
: "${SOAK_PERCENT:=100}"
: "${SIM_SEED:=$(($(date +%s) * 10000))}"
sim=$abs_top_builddir/tests/sim/sim
cores=$(nproc)
seeds() { echo $((($1 * SOAK_PERCENT + 99) / 100)); }

# hold COUNT OPTION...: that many seeds from $SIM_SEED on, a part of them on each core.
hold() {
	local left=$1 first=$SIM_SEED part=$((($1 + cores - 1) / cores)) running=() pid failed=0
	shift
	while [ "$left" -gt 0 ]; do
		"$sim" "$@" --seed "$first" --seeds "$((part < left ? part : left))" --quiet &
		running+=($!)
		first=$((first + part)) left=$((left - part))
	done
	for pid in "${running[@]}"; do wait "$pid" || failed=1; done
	return "$failed"
}

echo "from seed $SIM_SEED"
hold "$(seeds 5800)"
hold "$(seeds 100)" --faults all
hold "$(seeds 100)" --peers 20 --votes 200
hold "$(seeds 9800)" --engine quorum
hold "$(seeds 200)" --engine quorum --peers 13
hold "$(seeds 300)" --starve 10
hold "$(seeds 300)" --engine quorum --starve 10
hold "$(seeds 60)" --engine quorum --starve 20 --sealed
hold "$(seeds 5)" --engine quorum --peers 4 --votes 4 --time 10 --faults none --cuts 1
hold "$(seeds 5)" --engine quorum --peers 4 --votes 4 --time 10 --faults none --liars 1 --cuts 2
if [ "$SOAK_PERCENT" -lt 50 ]; then
	bash "$abs_top_srcdir/tests/sim/plant.sh" --random
else
	bash "$abs_top_srcdir/tests/sim/plant.sh"
fi
