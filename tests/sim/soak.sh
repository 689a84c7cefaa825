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
seeds() { echo $((($1 * SOAK_PERCENT + 99) / 100)); }

echo "from seed $SIM_SEED"
"$sim" --seed "$SIM_SEED" --seeds "$(seeds 5800)" --quiet
"$sim" --seed "$SIM_SEED" --seeds "$(seeds 100)" --quiet --faults all
"$sim" --seed "$SIM_SEED" --seeds "$(seeds 100)" --quiet --peers 20 --votes 200
"$sim" --engine quorum --seed "$SIM_SEED" --seeds "$(seeds 9800)" --quiet
"$sim" --engine quorum --seed "$SIM_SEED" --seeds "$(seeds 200)" --quiet --peers 13
"$sim" --engine quorum --seed "$SIM_SEED" --seeds "$(seeds 5)" --peers 4 --votes 4 --time 10 --faults none --cuts 1 --quiet
"$sim" --engine quorum --seed "$SIM_SEED" --seeds "$(seeds 5)" --peers 4 --votes 4 --time 10 --faults none --liars 1 --cuts 2 --quiet
if [ "$SOAK_PERCENT" -lt 50 ]; then
	bash "$abs_top_srcdir/tests/sim/plant.sh" --random
else
	bash "$abs_top_srcdir/tests/sim/plant.sh"
fi
