#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hundred and fifty seeds of the simulator and a hundred of quorum, always the same ones, within a
# minute or so; and before them those that once found something.
set -euo pipefail
: "${abs_top_builddir:=$PWD}"
sim=$abs_top_builddir/tests/sim/sim
# a heavier branch whose bodies are withheld held up a lighter one; an entry stayed out of the pool
# while another block's signatures were being checked; who sent a header without its parent was asked
# for the rest ten seconds later; a branch whose blocks were dropped and came again was never wanted
for seed in 17955675520215 17955675520117 500180 500730 501057; do
	"$sim" --seed "$seed" --quiet
done
# a proposal whose entry had nobody left to be asked for, and a leader that built no second candidate
"$sim" --engine quorum --seed 2504 --quiet
# where nothing goes wrong no timer helps: bodies that were wanted while the seal was checked were not
"$sim" --engine quorum --faults none --seed 1 --seeds 25 --quiet
"$sim" --engine quorum --seed 1 --seeds 100 --quiet
exec "$sim" --seed 1 --seeds 150 --quiet
