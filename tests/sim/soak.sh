#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Seeds that nobody has seen before: 6,000 of them at SOAK_PERCENT=100 (the default), some with many
# peers, and 10,000 of quorum; then the plants (one at random below 50 percent). A seed that fails is printed with the
# command that replays it. SIM_SEED names the first one.
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
if [ "$SOAK_PERCENT" -lt 50 ]; then
	bash "$abs_top_srcdir/tests/sim/plant.sh" --random
else
	bash "$abs_top_srcdir/tests/sim/plant.sh"
fi
