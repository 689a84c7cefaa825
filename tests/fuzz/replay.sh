#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every input of the corpora through its target.
set -euo pipefail
src=${abs_top_srcdir:?} build=${abs_top_builddir:?}
status=0
for corpus in "$src"/tests/fuzz/corpus/*/; do
	target=$(basename "$corpus")
	program=$build/tests/fuzz/fuzz-$target
	if [ ! -x "$program" ]; then
		echo "$target: a corpus without its program $program"
		status=1
		continue
	fi
	if "$program" --help 2>&1 | grep -q libFuzzer; then
		"$program" -runs=0 "$corpus" 2>/dev/null || status=1
		echo "$target: $(find "$corpus" -type f | wc -l) inputs"
	else
		out=$("$program" "$corpus") || { status=1; out="FAILED: $out"; }
		echo "$target: $out"
	fi
done
exit "$status"
