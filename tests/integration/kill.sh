#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill.sh [ROUNDS]: one of three peers is killed -9 at random moments while votes are cast: it always comes back by itself, its
# ledger is whole, and nothing that it had committed is lost.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/lib.sh"
needs jq
rounds=${1:-8}
caster=${abs_top_builddir:?}/tests/integration/caster
RANDOM=${SEED:-$$}
say "seed ${SEED:-$$}, $rounds rounds"

tracker t
MINE=yes THREADS=1 peer p1 t
MINE=no peer p2 t
MINE=yes THREADS=1 peer victim t
found_network kill --interval 1 --confirmations 3 --grace 2
until_true 30 at_least victim links 2

voters=$((rounds * 40))
"$caster" roll "$voters" kill >"$work/roll"
ctl p1 roll add "$work/roll" --name all >/dev/null
jq -n --arg c "+$((rounds * 60 + 600))s" '{name: "kill", title: "t", rolls: ["all"], opens: "+6s", closes: $c, questions: [{text: "q", method: "plurality", options: ["a", "b"]}]}' >"$work/e.json"
ctl p1 election create "$work/e.json" --yes >/dev/null
for ((i = 0; i < voters; i++)); do echo "{\"choices\":[[$((i % 2))]]}"; done |
	"$caster" sign "$work/genesis" "$(ctl p1 show kill --json | jq -r .summary.id)" kill 1 >"$work/votes"
until_true 40 opened p1 kill

for ((k = 0; k < rounds; k++)); do
	sed -n "$((k * 40 + 1)),$((k * 40 + 40))p" "$work/votes" >"$work/part"
	# in the background, to the victim itself as well as to a peer that lives on: who is killed loses what was in its pool
	"$caster" submit 4 "$work/victim.socket" <"$work/part" >/dev/null 2>&1 &
	"$caster" submit 2 "$work/p2.socket" <"$work/part" >/dev/null 2>&1 || true
	sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
	before=$(field p1 final)
	kill_hard victim
	ls "$work"/victim/*.damaged-* >/dev/null 2>&1 && fail "round $k: kill -9 damaged the ledger"
	start victim peer
	grep -q "set aside" "$work/victim.log" && fail "round $k: kill -9 damaged the ledger"
	until_true 60 at_least victim height "$before" || fail "round $k: the victim does not come back to height $before"
done

all_voted() { [ "$(ctl "$1" show kill --json | jq .summary.ballots)" = "$voters" ]; }
# every vote reaches every ledger, since its voters would send it again until it is final
until_true 120 all_voted p1 || fail "votes are missing: $(ctl p1 show kill --json | jq .summary.ballots) of $voters"
for p in p2 victim; do until_true 120 all_voted "$p" || fail "$p lacks votes"; done
height=$(field p1 final)
# of two miners a fork may be deeper than the confirmations, once in a long while: then they agree a block later
agrees_with_p1() {
	ledger_up_to p1 "$height" >"$work/p1.ledger"
	ledger_up_to "$1" "$height" >"$work/$1.ledger"
	[ -s "$work/p1.ledger" ] && cmp -s "$work/p1.ledger" "$work/$1.ledger"
}
for p in p2 victim; do
	until_true 60 at_least "$p" final "$height"
	until_true 60 agrees_with_p1 "$p" || fail "$p has another ledger than p1"
done
say "killed $rounds times: three peers agree to the byte up to height $height, $voters votes"
