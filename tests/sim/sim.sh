#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Thirty-five seeds of the simulator and twenty of quorum, always the same ones, within a minute or so;
# and before them those that once found something.
set -euo pipefail
: "${abs_top_builddir:=$PWD}"
sim=$abs_top_builddir/tests/sim/sim
# a heavier branch whose bodies are withheld held up a lighter one; an entry stayed out of the pool
# while another block's signatures were being checked; who sent a header without its parent was asked
# for the rest ten seconds later; a branch whose blocks were dropped and came again was never wanted
for seed in 17955675520215 17955675520117 500180 500730 501057; do
	"$sim" --seed "$seed" --quiet
done
# an authority that had endorsed a block, and whose disk was full when that was certified, never asked for the certificate;
# a hello that went with a commit that failed was never sent
for seed in 1002469 1002550; do
	"$sim" --engine quorum --seed "$seed" --quiet
done
# authorities were not linked with each other where there are more than twice as many as dialled links
"$sim" --engine quorum --seed 1 --peers 19 --votes 3 --time 10 --faults none --quiet
# where nothing goes wrong no timer helps: bodies that were wanted while the seal was checked were not
"$sim" --engine quorum --faults none --seed 1 --seeds 15 --quiet
# the power goes everywhere at once, at every third step of the first rounds
"$sim" --engine quorum --seed 1 --peers 4 --votes 4 --time 10 --faults none --cuts 3 --quiet
# nodes run out of memory, in one of twelve steps
"$sim" --seed 1 --seeds 8 --starve 12 --quiet
"$sim" --engine quorum --seed 1 --seeds 6 --starve 12 --quiet
# it can fail: two liars of four, one more than the bound, have two blocks called final
found=$("$sim" --engine quorum --seed 20 --seeds 16 --peers 4 --votes 20 --faults none --liars 2 --go-on --quiet) || true
if [[ $found != *"no two honest peers hold different final blocks"* ]]; then
	echo "Two liars of four were not found to make a disagreement:"
	echo "$found"
	exit 1
fi
"$sim" --engine quorum --seed 1 --seeds 20 --quiet
exec "$sim" --seed 1 --seeds 35 --quiet
