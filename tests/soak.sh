#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What takes long: hundreds of kills, thousands of seeds of the simulator, minutes of fuzzing, the analyzer in depth, the bench.
# `make soak` runs all of it, SOAK_PERCENT=10 a tenth (of the fuzzing less, since the targets add up, and no analyzer). One line a
# part; what fails leaves its log.
#   $FUZZERS_DIR   a build with --enable-fuzzers; otherwise one is made, where clang is there
set -uo pipefail
top=${abs_top_srcdir:?make soak sets it} build=${abs_top_builddir:?make soak sets it}
percent=${SOAK_PERCENT:-100}
work=$(mktemp -d "${TMPDIR:-/tmp}/voted-soak.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# part NAME COMMAND...
part() {
	local name=$1 began=$SECONDS status=0
	shift
	"$@" >"$work/$name.log" 2>&1 </dev/null || status=$?
	case $status in
	0) printf '%-14s ok       %5d s  %s\n' "$name" $((SECONDS - began)) "$(tail -n 1 "$work/$name.log")" ;;
	77) printf '%-14s skipped  %5d s  %s\n' "$name" $((SECONDS - began)) "$(tail -n 1 "$work/$name.log")" ;;
	*)
		printf '%-14s FAILED   %5d s\n' "$name" $((SECONDS - began))
		tail -n 60 "$work/$name.log"
		failed=1
		;;
	esac
}
share() { echo $((($1 * percent + 99) / 100)); }

part replay env ENGINE=quorum bash "$top/tests/integration/replay.sh"
part sealed env VOTERS="$(share 1000)" bash "$top/tests/integration/sealed.sh"
part kills bash "$top/tests/integration/kill.sh" "$(share 200)"
if [ -e "$top/tests/sim/soak.sh" ]; then
	part seeds bash "$top/tests/sim/soak.sh"
else
	part seeds "$build/tests/sim/sim" --seeds "$(share 10000)" --quiet
fi

if [ "$percent" -ge 100 ]; then         # make check does a part of them
	# shellcheck disable=SC2016
	part memory env MEMORY_ALL=1 bash -c 'for test in "$1"/tests/unit/*/test-memory "$1"/tests/unit/ledger/test-memory-{sealed,sqlite}; do
		"$test" || exit
	done' - "$build"
fi

# shellcheck disable=SC2317,SC2016  # run by the bash below
# a copy: a tree that was configured in place cannot be built elsewhere too
build_fuzzers() {
	cp -r "$top" "$1"
	cd "$1" || return
	make -s distclean || true
	./configure -q --enable-fuzzers CC=clang CFLAGS='-O1 -g'
	make -j"$(nproc)" fuzzers
}
fuzzers=${FUZZERS_DIR:-}
if [ -z "$fuzzers" ] && command -v clang >/dev/null; then
	fuzzers=$work/tree
	export -f build_fuzzers
	# shellcheck disable=SC2016
	part fuzz-build env top="$top" bash -c 'build_fuzzers "$1"' - "$fuzzers"
fi
seconds=$(share 600)
[ "$percent" -ge 100 ] || [ "$seconds" -le 10 ] || seconds=10
running=()      # one on each core
for corpus in "$top"/tests/fuzz/corpus/*/; do
	target=$(basename "$corpus")
	[ -x "$fuzzers/tests/fuzz/fuzz-$target" ] || { echo "fuzz-$target: no fuzzer was built (needs clang)"; continue; }
	mkdir "$work/corpus-$target"
	if [ "${#running[@]}" -ge "$(nproc)" ]; then
		wait "${running[0]}" || failed=1
		running=("${running[@]:1}")
	fi
	(
		failed=0
		part "fuzz-$target" "$fuzzers/tests/fuzz/fuzz-$target" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=20 \
			-error_exitcode=1 -timeout_exitcode=1 -artifact_prefix="$work/" "$work/corpus-$target" "$corpus"
		exit "$failed"
	) &
	running+=($!)
done
for pid in "${running[@]}"; do wait "$pid" || failed=1; done

if [ "$percent" -ge 100 ] && command -v clang-tidy >/dev/null; then
	part analyze env ANALYZE=deep make -C "$build" analyze
fi
if [ -e "$top/tests/bench/run" ]; then
	[ "$percent" -ge 100 ] || export BENCH_SCALE=1
	part bench bash "$top/tests/bench/run"
fi
exit "$failed"
