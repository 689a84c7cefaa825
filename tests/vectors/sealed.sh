#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The vectors of sealed elections are what the program beside them makes, to the byte: they were not mended by hand, nor by
# what our own code computes.
set -euo pipefail

# shellcheck source=tests/verifier/modules.sh
. "${abs_top_srcdir:?make check sets it}/tests/verifier/modules.sh"
node_modules_ready

made=$(mktemp "${TMPDIR:-/tmp}/voted-vectors.XXXXXX")
trap 'rm -f "$made"' EXIT
node "$abs_top_srcdir/tests/vectors/sealed.mjs" >"$made"
cmp "$made" "$abs_top_srcdir/tests/vectors/sealed.jsonl" || { echo "FAILED: sealed.mjs makes other vectors than sealed.jsonl holds"; exit 1; }
echo "$(wc -l <"$made") vectors, the same."
