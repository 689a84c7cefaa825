#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A dealer gives one trustee a share that does not fit what it has committed to. Nobody is there: the victim's unattended
# `votectl trustee run` objects, with a proof; the board is void, everybody sees whose fault it is, and the next board is made
# without that dealer. An objection to a share that fits is refused.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
needs jq b2sum

tracker t
MINE=no peer a1 t
ENGINE=quorum
found_network club --delta 300 --grace 1s
make_records
trustee() { person "$1" ctl a1 trustee "${@:2}"; }
cheat() {
	local what=$1 who=$2
	person "$who" "${abs_top_builddir:?}/tests/integration/false-trustee" "$what" "$work/genesis" "$work/home.$who/votectl/keys/default.key" \
		"$work/a1.socket" "${@:3}"
}
board() { ctl a1 board show "$1" --json | jq -r "$2"; }
board_says() { [ "$(board "$1" "$2")" = "$3" ]; }
dealt() { board_says "$1" '[.trustees[] | select(.dealt)] | length' "$2"; }

for who in ann ben cid dan; do
	person "$who" "$VOTECTL" network add "$work/genesis" --yes >/dev/null
	person "$who" "$VOTECTL" key generate --no-passphrase --json </dev/null | jq -r .key >"$work/$who.key"
done
cat "$work"/{ann,ben,cid,dan}.key >"$work/members"
ctl a1 roll add "$work/members" --name members >/dev/null
for who in ann ben; do
	XDG_DATA_HOME=$work/home.$who "$VOTECTL" --socket "$work/a1.socket" trustee run >"$work/$who.log" 2>&1 </dev/null &
	pids[$who]=$!
done
for who in cid dan; do trustee "$who" init --no-passphrase >/dev/null; done
trustees_are() { [ "$(ctl a1 verify --json 2>/dev/null | jq .entries_by_kind.trustee)" = "$1" ]; }
until_true 60 trustees_are 4 || fail "ann and ben have sealing keys"

say "cid deals ann a wrong share, and ann objects by herself"
ann=$(cat "$work/ann.key") cid=$(cat "$work/cid.key")
ctl a1 board create first --trustee "$ann" --trustee "$work/ben.key" --trustee "$cid" --threshold 2 --election motion --until +1h >/dev/null
until_true 60 dealt first 2 || fail "ann and ben deal"
status=0
cheat deal cid first 0 >"$work/out" || status=$?
[ "$status" = 3 ] || fail "whoever knows what it is sealed with takes a wrong share for a share: $(cat "$work/out")"
until_true 60 board_says first .phase void || fail "ann objects"
grep -q "the share that trustee 2 (${cid:0:16}.*is wrong: objecting" "$work/ann.log" || fail "what ann's unit says: $(cat "$work/ann.log")"
until_true 20 grep -q '^object of first: ' "$work/ann.log" || fail "what ann's unit hands in: $(cat "$work/ann.log")"
board_says first '"\(.liar) \(.objector)"' "$cid $ann" || fail "who is named: $(ctl a1 board show first --json)"
ctl a1 board show first | grep -q "Objection: the share that $cid dealt to trustee 0 is wrong" || fail "who is named: $(ctl a1 board show first)"

say "whoever reads the ledger sees whose fault it was"
ctl a1 export --quiet >"$work/export"
"$VOTECTL" verify "$work/export" | grep -q "Void board: first: the share that $cid dealt to $ann is wrong" ||
	fail "whom the audit names: $("$VOTECTL" verify "$work/export")"
"$VOTECTL" verify "$work/export" --json | jq -e --arg cid "$cid" '.entries_by_kind.object == 1 and
	(.boards | map(select(.name == "first" and .phase == "void" and .liar == $cid)) | length == 1)' >/dev/null ||
	fail "whom the audit names: $("$VOTECTL" verify "$work/export" --json)"
code 4 "board first is void: in block [0-9]+ a share of $cid was shown to be wrong" trustee cid confirm first
jq -n '{name: "motion", title: "Motion", rolls: ["members"], opens: "+5s", closes: "+1h", secrecy: "sealed", board: "first", least: 2,
	questions: [{text: "Which?", method: "plurality", options: ["Yes", "No"]}]}' >"$work/motion"
code 4 "a share of $cid was shown to be wrong" ctl a1 election create "$work/motion" --yes

say "the next board does without cid; what dan objects to is in order, and so it is refused"
ctl a1 board create second --trustee "$ann" --trustee "$work/ben.key" --trustee "$work/dan.key" --threshold 2 --election motion --until +1h >/dev/null
trustee dan deal second >/dev/null
until_true 60 dealt second 3 || fail "ann and ben deal again"
cheat object dan second 0 >"$work/out" || fail "an objection to a share that fits was taken"
grep -q "the share of $ann fits its commitments: there is nothing to object to" "$work/out" || fail "why it is refused: $(cat "$work/out")"
board_says second '[.phase, .liar] | tostring' '["confirming",null]' || fail "what came of it: $(ctl a1 board show second --json)"
trustee dan confirm second >/dev/null
until_true 60 board_says second .phase ready || fail "the board is ready: $(ctl a1 board show second)"
jq '.board = "second"' "$work/motion" >"$work/motion.2"
ctl a1 election create "$work/motion.2" --yes >/dev/null || fail "an election of the second board"

say "a second verifier agrees"
# shellcheck source=tests/verifier/modules.sh
. "$(dirname "$0")/../verifier/modules.sh"
ctl a1 export --quiet >"$work/export"
status=0
second_verifier --json "$work/export" >"$work/second" || status=$?
[ "$status" = 77 ] || jq -e '[.proofs, .boards] == ($mine[0] | [.proofs, .boards])' --slurpfile mine <("$VOTECTL" verify "$work/export" --json) "$work/second" >/dev/null ||
	fail "the second verifier: status $status, $(head -c 1000 "$work/second")"
