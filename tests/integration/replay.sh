#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Real ballots through real daemons: two wards of the Scottish local elections of 2007 (STV, published stage by stage) and
# Debian's leader election of 2020 (Schulze), every ballot as a signed vote of a voter of its own, handed to four peers that found
# each other through two trackers. The results are the published ones; every peer, a fifth that comes later, and the audit of the
# export agree to the byte.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/lib.sh"
needs jq awk
data=${VOTED_TEST_DATA:-${abs_top_srcdir:-$here/../..}/../shared/data}
[ -d "$data" ] || skip "no folder $data with the published ballots (or set VOTED_TEST_DATA)"
caster=${abs_top_builddir:?}/tests/integration/caster
ENGINE=${ENGINE:-pow}

# BLT: "candidates seats", then "count preferences 0"; a lone 0; names; title. One ballot a line.
blt_ballots() {
	awk 'NR == 1 { next } $1 == 0 { exit }
		{ b = ""; for (i = 2; i < NF; i++) b = b (i > 2 ? "," : "") ($i - 1); for (k = 0; k < $1; k++) print "{\"choices\":[[" b "]]}" }' "$1"
}
blt_names() { awk '/^"/ { print }' "$1" | head -n -1 | jq -cs .; }
blt_seats() { awk 'NR == 1 { print $2 }' "$1"; }
# "V: 1-23 hash": the rank of each option, - for none. Tiers in order of rank.
tally_ballots() {
	awk '$1 == "V:" && NF == 3 { b = ""; for (r = 1; r <= 9; r++) { t = ""; for (i = 1; i <= length($2); i++)
		if (substr($2, i, 1) == r) t = t (t == "" ? "" : ",") (i - 1); if (t != "") b = b (b == "" ? "" : ",") "[" t "]" }
		print "{\"choices\":[[" b "]]}" }' "$1"
}

say "a network of two trackers and four peers ($ENGINE)"
tracker t1
tracker t2
MINE=yes THREADS=1 peer p1 t1
MINE=no peer p2 t1 t2
MINE=no peer p3 t2 t1
MINE=no peer p4 t2
found_network replay --interval 1 --confirmations 3 --grace 2
for p in p1 p2 p3 p4; do until_true 30 at_least "$p" links 2; done
make_records

# NAME BALLOTS: a roll of as many voters as there are ballots
roll() {
	"$caster" roll "$(wc -l <"$2")" "$1" >"$work/$1.roll"
	ctl p1 roll add "$work/$1.roll" --name "$1" --quiet
}
# NAME QUESTION BALLOTS: the election, and the signed votes
prepare() {
	local name=$1 question=$2 ballots=$3
	jq -n --arg n "$name" --argjson q "$question" --argjson o "$opens" --argjson c "$closes" \
		'{name: $n, title: $n, rolls: [$n], opens: $o, closes: $c, questions: [$q]}' >"$work/$name.json"
	ctl p1 election create "$work/$name.json" --yes --no-wait --quiet
	until_true 30 ctl p1 show "$name"
	"$caster" sign "$work/genesis" "$(ctl p1 show "$name" --json | jq -r .summary.id)" "$name" 1 <"$ballots" >"$work/$name.votes"
	say "$name: $(wc -l <"$work/$name.votes") ballots signed"
}
for ward in Govan-2007 Anderston-City-2007; do blt_ballots "$data/$ward.blt" >"$work/${ward,,}.ballots"; done
tally_ballots "$data/leader2020_tally.txt" >"$work/leader-2020.ballots"
for name in govan-2007 anderston-city-2007 leader-2020; do roll "$name" "$work/$name.ballots"; done
opens=$(($(date +%s) + $(paced 15 25))) closes=$(($(date +%s) + $(paced 50 25)))
for ward in Govan-2007 Anderston-City-2007; do
	prepare "${ward,,}" "$(jq -nc --argjson o "$(blt_names "$data/$ward.blt")" --argjson s "$(blt_seats "$data/$ward.blt")" \
		'{text: "Councillors", method: "stv", seats: $s, options: $o}')" "$work/${ward,,}.ballots"
done
prepare leader-2020 '{"text":"Leader","method":"schulze","default":3,"quorum":48,"options":["Jonathan Carter","Sruthi Chandran","Brian Gupta","None Of The Above"]}' \
	"$work/leader-2020.ballots"
[ "$(wc -l <"$work/govan-2007.votes")" = 9560 ] || fail "Govan had 9,560 ballots"
[ "$(wc -l <"$work/leader-2020.votes")" = 339 ] || fail "339 developers voted in 2020"

until_true 60 opened p1 leader-2020
for name in govan-2007 anderston-city-2007 leader-2020; do
	printf '%s: ' "$name"
	"$caster" submit 16 "$work"/p{1,2,3,4}.socket <"$work/$name.votes"
done
for name in govan-2007 anderston-city-2007 leader-2020; do
	for p in p1 p2 p3 p4; do until_true 120 result_is_final "$p" "$name"; done
done

# stage by stage, to the fifth decimal, and who is elected and excluded in which order
for ward in Govan-2007 Anderston-City-2007; do
	name=${ward,,}
	ctl p2 results "$name" --json >"$work/$name.result"
	jq -c '[.actions[] | select(.tag == "begin" or .tag == "transfer") | [(.cstate as $c | range(1; ($c | length) + 1) | $c[tostring].vote), .nt_votes]]' \
		"$data/$ward.json" >"$work/$name.published"
	jq -c '[.result.questions[0].stages[] | [.votes[], .non_transferable]]' "$work/$name.result" >"$work/$name.counted"
	cmp "$work/$name.published" "$work/$name.counted" || fail "$name: the stages are not the published ones"
	jq -rc '[.actions[] | select(.tag == "elect") | .msg | sub("^[^:]*: "; "")] | sort' "$data/$ward.json" >"$work/$name.winners"
	jq -rc '.result.questions[0] | [.options[.elected[]]] | sort' "$work/$name.result" >"$work/$name.elected"
	cmp "$work/$name.winners" "$work/$name.elected" || fail "$name: the elected are not the published ones"
	jq -rc '[.actions[] | select(.tag == "defeat") | .msg | sub("^[^:]*: "; "")]' "$data/$ward.json" >"$work/$name.out"
	jq -rc '.result.questions[0] | [.options[.stages[] | select(.action == "exclude") | .option]]' "$work/$name.result" >"$work/$name.excluded"
	cmp "$work/$name.out" "$work/$name.excluded" || fail "$name: the excluded are not the published ones"
	say "$name: $(jq length "$work/$name.counted") stages as published, elected: $(cat "$work/$name.elected")"
done
ctl p3 results leader-2020 --json >"$work/leader.result"
[ "$(jq -c '.result.questions[0] | [.options[.elected[]]]' "$work/leader.result")" = '["Jonathan Carter"]' ] || fail "leader-2020: not the published winner"
[ "$(jq -c '.result.questions[0].order' "$work/leader.result")" = '[0,1,2,3]' ] || fail "leader-2020: not the published order"
[ "$(jq -c '.result.questions[0].pairwise' "$work/leader.result")" = '[[0,258,281,301],[57,0,163,244],[40,114,0,194],[34,76,125,0]]' ] ||
	fail "leader-2020: not the published beat matrix"
ctl p3 results leader-2020

say "a fifth peer comes later"
MINE=no peer p5 t1 t2
ctl p5 network join "$work/genesis" --id "$network" >/dev/null
until_true 120 result_is_final p5 leader-2020
for p in p1 p2 p3 p4 p5; do
	until_true 60 at_least "$p" final "$(field p1 final)"
done
height=$(for p in p1 p2 p3 p4 p5; do field "$p" final; done | sort -n | head -n 1)
for p in p1 p2 p3 p4 p5; do
	ledger_up_to "$p" "$height" >"$work/$p.ledger"
	cmp "$work/p1.ledger" "$work/$p.ledger" || fail "$p has another ledger than p1"
done
say "five peers agree to the byte up to height $height: $(wc -l <"$work/p1.ledger") lines"

ctl p5 export >"$work/export"
"$VOTECTL" verify --network "$network" "$work/export" || fail "the audit of the export"
for name in govan-2007 anderston-city-2007 leader-2020; do
	"$VOTECTL" verify --network "$network" --results "$name" --json "$work/export" | jq -Sc ".results[\"$name\"].questions" >"$work/$name.audited"
	ctl p1 results "$name" --json | jq -Sc .result.questions | cmp - "$work/$name.audited" || fail "$name: the audit counts otherwise"
done
say "the audit of the export counts the same"

# in the soak also by the second verifier, which takes a while
if [ "$ENGINE" = quorum ]; then
	# shellcheck source=tests/verifier/modules.sh
	. "$here/../verifier/modules.sh"
	began=$SECONDS status=0
	second_verifier --json --network "$network" --results govan-2007 --results anderston-city-2007 --results leader-2020 "$work/export" \
		>"$work/second" || status=$?
	[ "$status" != 77 ] || exit 0
	for name in govan-2007 anderston-city-2007 leader-2020; do
		jq -Sc ".results[\"$name\"].questions" "$work/second" | cmp - "$work/$name.audited" ||
			fail "$name: the second verifier counts otherwise: $(head -c 1000 "$work/second")"
	done
	say "the second verifier counts the same, $(jq .signatures "$work/second") signatures in $((SECONDS - began)) s"
fi
