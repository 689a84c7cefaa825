#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Neither a branch nor an address in src/crypto/ depends on a vote, a seed, a key or a share. What libsodium branches on is its
# own: that an element is one.
set -uo pipefail

program=${abs_top_builddir:?make check sets it}/tests/unit/crypto/constant-time
command -v valgrind >/dev/null || { echo "skipped: valgrind is missing (Debian: apt install valgrind)"; exit 77; }
"$program" || exit
if grep -q -- -fsanitize "$abs_top_builddir/config.status"; then
	echo "skipped: this build has sanitizers, which valgrind does not run"
	exit 77
fi

known=$(mktemp "${TMPDIR:-/tmp}/voted-valgrind.XXXXXX")
trap 'rm -f "$known"' EXIT
cat >"$known" <<'EOF'
{
   libsodium tells whether bytes are an element
   Memcheck:Cond
   obj:*/libsodium.so*
}
EOF
watch() { valgrind --quiet --error-exitcode=9 --suppressions="$known" "$program" "$@"; }

watch || { echo "FAILED: something depends on a secret"; exit 1; }
out=$(watch branch 2>&1) && { printf '%s\n' "$out"; echo "FAILED: a branch on a secret was not noticed"; exit 1; }
echo "nothing depends on a secret."
