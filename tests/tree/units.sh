#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The units keep to the exposure that the design allows (tracker 0.5, trustees 0.3, peers 1.3), sysusers.d and the
# catalog are understood, and the catalog and include/voted/journal.h name the same messages.
set -uo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${abs_top_builddir:=$PWD}"
units=$abs_top_builddir/systemd
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
fail() { echo "FAIL: $*"; failed=1; }

# needs no tool: one text for each message
ids() { sed -n 's/^#define VOTED_MESSAGE_[A-Z_]* *"\([0-9a-f]*\)"$/\1/p' "$abs_top_srcdir/include/voted/journal.h"; }
texts() { sed -n 's/^-- \([0-9a-f]*\)$/\1/p' "$units/voted.catalog"; }
[ -n "$(ids)" ] || fail "no message id found in include/voted/journal.h."
[ -z "$(ids | sort | uniq -d)" ] || fail "the same message id twice: $(ids | sort | uniq -d)"
if ! diff <(ids | sort) <(texts | sort) >"$tmp/diff"; then
	fail "include/voted/journal.h (<) and systemd/voted.catalog.in (>) differ:"
	cat "$tmp/diff"
fi
if grep -n '@[a-z]*dir@' "$units"/*.service "$units"/*.socket "$units"/voted.{sysusers,tmpfiles,catalog}; then
	fail "a path was not filled in."
fi

if ! command -v systemd-analyze >/dev/null; then
	[ "$failed" = 0 ] || exit 1
	echo "SKIP: systemd-analyze is missing (Debian: apt install systemd), so the exposure was not judged."
	exit 77
fi

# An unset or misspelt setting is logged, not refused: nothing but the table may be printed.
exposure() { # UNIT TENTHS
	if ! systemd-analyze security --offline=true --no-pager --threshold="$2" "$units/$1" >"$tmp/out" 2>"$tmp/err"; then
		fail "$1 is exposed more than $2 tenths: $(tail -n 1 "$tmp/out") $(cat "$tmp/err")"
		grep '✗' "$tmp/out"
	fi
	[ ! -s "$tmp/err" ] || fail "$1: $(cat "$tmp/err")"
}
cp "$units"/*.service "$units"/*.socket "$tmp/"
exposure voted-tracker.service 5
exposure voted-peer.service 13
exposure voted-peer@.service 13
exposure voted-trustee@.service 3
# and the judge judges
sed 's/^ProtectSystem=.*/ProtectSystem=no/; s/^SystemCallFilter=.*//' "$units/voted-peer.service" >"$tmp/voted-peer.service"
if systemd-analyze security --offline=true --no-pager --threshold=13 "$tmp/voted-peer.service" >/dev/null 2>&1; then
	fail "a peer without a system call filter passes as well: the threshold judges nothing."
fi

if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers --dry-run "$units/voted.sysusers" >"$tmp/out" 2>&1 || fail "sysusers.d: $(cat "$tmp/out")"
fi
if command -v journalctl >/dev/null; then
	mkdir -p "$tmp/root/usr/lib/systemd/catalog" "$tmp/root/var/lib/systemd/catalog"
	cp "$units/voted.catalog" "$tmp/root/usr/lib/systemd/catalog/"
	journalctl --root="$tmp/root" --update-catalog >"$tmp/out" 2>&1 || fail "the catalog: $(cat "$tmp/out")"
	n=$(journalctl --root="$tmp/root" --list-catalog 2>/dev/null | wc -l)
	[ "$n" = "$(ids | wc -l)" ] || fail "journalctl lists $n texts of $(ids | wc -l)."
fi
[ "$failed" = 0 ] && echo "The units, sysusers.d and the catalog are as they should be."
exit "$failed"
