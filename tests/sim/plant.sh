#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Shows that the simulator finds bugs: puts each mistake of plants/ into a copy of the tree and runs
# seeds until an invariant notices. Fails if one is not noticed, or if the tree as it is breaks one.
#
#   plant.sh [--random | PLANT...]      PLANT: the beginning of a file's name in plants/; none: all
#
# SEEDS says how many seeds each one gets (400).
set -euo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${CC:=cc}"
: "${SEEDS:=400}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jobs=$(nproc)

# What the simulator is made of: the layers that know no system.
cd "$abs_top_srcdir"
mapfile -t sources < <(find src/base src/codec src/crypto src/election src/consensus src/ledger src/proto src/node \
	tests/sim -name '*.c' ! -name '*-sqlite*' ! -name 'db.c' ! -name 'db-*.c'; printf "%s\n" tests/unit/memory-fail.c tests/unit/ledger/{fixture,dump,sealed}.c)
mapfile -t wraps < <(grep -oE -- '-Wl(,--wrap=\w+)+' tests/unit/Sources.am)       # for allocations that fail on purpose

# compile TREE FILE OBJECT-FOLDER
compile() {
	# shellcheck disable=SC2086 # CC may be more than one word
	$CC -std=gnu11 -O1 -w -D_GNU_SOURCE -I "$1/src" -I "$1/include" -c "$1/$2" -o "$3/${2//\//_}.o"
}
export -f compile
export CC

link() { # OBJECT-FOLDER PROGRAM
	# shellcheck disable=SC2086
	$CC "${wraps[@]}" "$1"/*.o -lsodium -ljansson -lpthread -lm -o "$2"
}

if [ "${1:-}" = --random ]; then
	mapfile -t plants < <(find tests/sim/plants -name '*.patch' | shuf -n 1)
elif [ $# -gt 0 ]; then
	plants=()
	for p in "$@"; do plants+=(tests/sim/plants/"$p"*.patch); done
else
	plants=(tests/sim/plants/*.patch)
fi

mkdir "$work/good"
# shellcheck disable=SC2016  # expanded by the bash that xargs starts
printf '%s\n' "${sources[@]}" | xargs -P "$jobs" -I '{}' bash -c 'compile "$1" "$2" "$3"' _ "$abs_top_srcdir" '{}' "$work/good"

failed=0
for patch in "${plants[@]}"; do
	name=$(basename "$patch" .patch)
	tree=$work/tree
	rm -rf "$tree" "$work/bad"
	mkdir -p "$tree/tests/unit"
	cp -r src include "$tree/"
	cp -r tests/sim "$tree/tests/"
	cp -r tests/unit/ledger tests/unit/memory-fail.[ch] "$tree/tests/unit/"
	if ! patch -s -d "$tree" -p1 <"$patch"; then
		echo "FAILED $name: the patch does not apply any more; make it anew."
		failed=1
		continue
	fi
	cp -r "$work/good" "$work/bad"
	sed -n 's|^+++ b/||p' "$patch" | while read -r file; do compile "$tree" "$file" "$work/bad"; done
	link "$work/bad" "$work/sim"
	engine=pow
	[[ $name != quorum-* ]] || engine=quorum
	if output=$("$work/sim" --engine "$engine" --seeds "$SEEDS" --quiet); then
		echo "FAILED $name: $SEEDS seeds, and no invariant noticed."
		failed=1
	elif [[ $output == *invariant:* ]]; then
		seed=$(sed -n 's/^FAILED seed \([0-9]*\).*/\1/p' <<<"$output")
		invariant=$(sed -n 's/^ *invariant: //p' <<<"$output")
		echo "caught $name: seed $seed, \"$invariant\""
	else
		echo "caught $name: it crashed:"
		tail -n 3 <<<"$output"
		failed=1
	fi
done
exit $failed
