#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hundred and fifty seeds of the simulator, always the same ones, within a minute or so.
set -euo pipefail
: "${abs_top_builddir:=$PWD}"
exec "$abs_top_builddir/tests/sim/sim" --seed 1 --seeds 150 --quiet
