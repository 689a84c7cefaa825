#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Four authorities and an observer, as real daemons: votes are final at once and stay so, whoever is killed; with two of four down
# nothing is called final, and it goes on by itself when they are back; a receipt proves finality without any node.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
needs jq b2sum

authorities=(a1 a2 a3 a4)
tracker t
for p in "${authorities[@]}" observer; do MINE=no peer "$p" t; done
keys=()
for p in "${authorities[@]}"; do
	ctl "$p" authority key >"$work/$p.authority"
	keys+=(--authority "$work/$p.authority")
done
ENGINE=quorum found_network board "${keys[@]}" --delta 300 --grace 5s

# --- the record is made by the operator's word alone
is a1 signing false || fail "no authority signs without a record"
for p in "${authorities[@]}"; do ctl "$p" authority init >/dev/null; done
ctl a1 authority init >/dev/null 2>&1 && fail "a second record"
ctl observer authority init >/dev/null 2>&1 && fail "a record for an observer"
for p in "${authorities[@]}"; do until_true 20 is "$p" signing true || fail "$p signs"; done
[ "$(field observer authority)" = null ] || fail "the observer is no authority"

# --- an election
voters=8
for ((i = 0; i < voters; i++)); do
	XDG_DATA_HOME=$work/v$i "$VOTECTL" key generate --no-passphrase --json </dev/null | jq -r .key
done >"$work/members"
for ((i = 0; i < voters; i++)); do XDG_DATA_HOME=$work/v$i "$VOTECTL" network add "$work/genesis" --yes >/dev/null; done
cast() { local i=$1 at=$2; shift 2; XDG_DATA_HOME=$work/v$i ctl "$at" cast leader "$@"; }
ctl a1 roll add "$work/members" --name members >/dev/null
until_true 20 at_least a2 final "$(field a1 final)" || fail "a2 has the roll"
jq -n --arg o "+$(paced 1 7)s" --arg c "+$(paced 40 7)s" '{name: "leader", title: "Leader", rolls: ["members"], opens: $o, closes: $c,
	questions: [{text: "Who?", method: "plurality", options: ["Ann", "Ben"]}]}' >"$work/election"
ctl a2 election create "$work/election" --yes >/dev/null
until_true 20 opened a3 leader

say "votes at different nodes, each final when votectl ends"
cast 0 a1 --choice Ann --json | jq -e '.state == "final"' >/dev/null || fail "a vote that is final"
cast 1 a4 --choice Ben >/dev/null
cast 2 observer --choice Ann >/dev/null
cast 2 a2 --choice Ben >/dev/null

say "one authority is killed: the others go on, and it catches up"
kill_hard a3
cast 3 a1 --choice Ann >/dev/null
cast 4 a2 --choice Ann >/dev/null
start a3 peer
until_true 30 is a3 final "$(field a1 final)" || fail "a3 catches up"

say "two are killed: nothing is final"
kill_hard a3
kill_hard a4
cast 5 a1 --choice Ben >"$work/out" 2>&1 &
waits=$!
until_true 30 grep -q 'not final yet: only 2 of the 4 authorities are in reach' "$work/out" || fail "it says what it waits for: $(cat "$work/out")"
kill -0 "$waits" || fail "it waits: $(cat "$work/out")"
field a1 problem | grep -q 'nothing becomes final' || fail "status says so too"
field a1 status | grep -q ', only 2 of 4 authorities' || fail "and so does the line for systemd: $(field a1 status)"
until_true 30 grep -q 'Waiting: only 2 of the 4 authorities' "$work/a1.log" || fail "and the log"
ballots_are a1 leader 5 || fail "nothing is called final"

say "they come back: it goes on by itself"
start a3 peer
start a4 peer
wait "$waits" || fail "the vote is final in the end: $(cat "$work/out")"
until_true 30 ballots_are a1 leader 6 || fail "the vote that waited is in the ledger"
until_true 30 grep -q '4 of the 4 authorities are in reach again' "$work/a1.log" || fail "the log says that they are back"
for p in "${authorities[@]}" observer; do until_true 30 ballots_are "$p" leader 6 || fail "$p has all votes"; done

say "the result, the same everywhere"
until_true 90 result_is_final a1 leader || fail "the election closes"
top=$(field a1 final)
for p in "${authorities[@]}" observer; do
	until_true 30 at_least "$p" final "$top" || fail "$p has height $top final"
	ledger_up_to "$p" "$top" >"$work/$p.ledger"
	cmp "$work/a1.ledger" "$work/$p.ledger" || fail "the ledgers of a1 and $p differ"
	ctl "$p" results leader --json | jq -S .result >"$work/$p.result"
	cmp "$work/a1.result" "$work/$p.result" || fail "the results of a1 and $p differ"
done

say "no honest authority stands in evidence, and none that was made up convicts"
for p in "${authorities[@]}" observer; do ctl "$p" evidence --json | jq -e '.evidence == []' >/dev/null || fail "$p has evidence: $(ctl "$p" evidence)"; done
echo '{"first":{},"kind":"evidence","second":{}}' >"$work/made-up"
code=0
"$VOTECTL" evidence verify --genesis "$work/genesis" "$work/made-up" 2>"$work/out" || code=$?
{ [ "$code" -eq 6 ] && grep -q 'line 1 .* does not hold' "$work/out"; } || fail "made-up evidence: $(cat "$work/out")"

say "verified offline: a receipt proves that it is final, the export that all of it is"
receipt=$work/v0/votectl/receipts/leader.json
XDG_DATA_HOME=$work/v0 "$VOTECTL" receipt verify "$receipt" --json | jq -e .final >/dev/null || fail "the receipt proves finality"
ctl observer export --quiet >"$work/export"
[ "$("$VOTECTL" verify "$work/export" --json | jq .final)" = "$(field observer final)" ] || fail "verify says up to where it is final"

say "an authority that was caught is known to all, and convicted offline"
stop observer
"${abs_top_builddir:?}/tests/integration/equivocator" "$work/genesis" "$work/a4/node.key" "$work/observer" >"$work/caught"
start observer peer
caught() { ctl "$1" evidence --json | jq -e --rawfile line "$work/caught" '.evidence | length == 1 and .[0].line + "\n" == $line' >/dev/null; }
for p in "${authorities[@]}" observer; do until_true 30 caught "$p" || fail "$p has learned of it: $(ctl "$p" evidence)"; done
ctl a2 status | grep -q 'Evidence: authority 3 .*votectl evidence' || fail "status says so: $(ctl a2 status)"
ctl a2 evidence | grep -q 'endorsed two blocks in view 7' || fail "what it did: $(ctl a2 evidence)"
ctl a2 evidence --output "$work/proof" --quiet
ctl a2 verify | grep -q 'endorsed two blocks in view 7' || fail "verify of the node says so"
ctl a2 verify --json | jq -e '.valid and .evidence[0].authority == 3' >/dev/null || fail "verify --json of the node says so"
ctl a2 export --quiet >"$work/with-evidence"
"$VOTECTL" verify "$work/with-evidence" --evidence "$work/proof" --json | jq -e '.valid and .evidence[0].view == 7' >/dev/null ||
	fail "verify of a file and its evidence"
"$VOTECTL" verify "$work/with-evidence" --json | jq -e 'has("evidence") | not' >/dev/null || fail "a file alone says nothing of evidence"
code=0
"$VOTECTL" verify "$work/with-evidence" --evidence "$work/made-up" 2>"$work/out" || code=$?
{ [ "$code" -eq 6 ] && grep -q 'line 1 .* does not hold' "$work/out"; } || fail "made-up evidence beside a file: $(cat "$work/out")"
cmp "$work/caught" "$work/proof" || fail "the proof is what was found"
"$VOTECTL" evidence verify --genesis "$work/genesis" "$work/proof" --json | jq -e '.valid and .evidence[0].authority == 3' >/dev/null ||
	fail "the proof holds"
