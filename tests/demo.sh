#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A network and its elections on loopback, within a minute, as any user: a tracker, four peers, a dozen voters, one election of
# each method. ENGINE=pow: the same with proof of work. Says what it does, leaves nothing behind, exits non-zero if anything is off.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/integration/lib.sh"
needs jq
ENGINE=${ENGINE:-quorum}
bold=$'\e[1m' plain=$'\e[0m'
[ -t 1 ] || bold='' plain=''
began=$SECONDS
step() { printf '\n%s%2d s  %s%s\n' "$bold" $((SECONDS - began)) "$*" "$plain"; }
show() { printf '$ votectl %s\n' "$*"; ctl "$@"; }

step "a tracker and four peers start, each with a key, a ledger and a socket of its own"
tracker tracker
for p in p1 p2 p3 p4; do MINE=yes THREADS=1 peer "$p" tracker; done
for p in tracker p1 p2 p3 p4; do say "  $p listens on $(field "$p" listen), key $(field "$p" key | cut -c1-16)..."; done

step "the administrator founds a network; each peer is given its genesis"
found_network demo --interval 1 --confirmations 2 --grace 1
say "  network $network"
for p in p1 p2 p3 p4; do until_true 20 at_least "$p" links 3; done
if [ "$ENGINE" = quorum ]; then
	step "its four peers are its authorities: any three of them make a block final, one may fail or lie"
	make_records
	show p1 status
fi

step "a roll of a dozen voters; the chair's vote weighs 2"
for v in {1..12}; do XDG_DATA_HOME=$work/voter$v "$VOTECTL" key generate --no-passphrase --json; done | jq -r .key >"$work/keys"
sed '1s/^/weight=2 /' "$work/keys" >"$work/members"
for v in {1..12}; do XDG_DATA_HOME=$work/voter$v "$VOTECTL" network add "$work/genesis" --yes --quiet >/dev/null; done
ctl p1 roll add "$work/members" --name members
say "  $(wc -l <"$work/members") voters, weight 13"

step "five elections, one of each method"
# NAME METHOD EXTRA OPTION...
opens=$(($(date +%s) + $(paced 8 12))) closes=$(($(date +%s) + $(paced 24 12)))
election() {
	local name=$1 method=$2 extra=$3
	shift 3
	jq -n --arg n "$name" --arg m "$method" --argjson x "$extra" --argjson o "$opens" --argjson c "$closes" \
		'{name: $n, title: ("The " + $n), rolls: ["members"], opens: $o, closes: $c, questions: [{text: ("Who shall be " + $n + "?"), method: $m, options: $ARGS.positional} + $x]}' \
		--args "$@" >"$work/$name.json"
	ctl p1 election create "$work/$name.json" --yes --no-wait >/dev/null
	say "  $name by $method"
}
election chair plurality '{}' Ada Grace Alan
election venue approval '{"max":3}' Lisbon Oslo Prague
election logo score '{"max":5}' Owl Fox Bee
election leader schulze '{"default":3}' Carter Chandran Gupta "None of the above"
election board stv '{"seats":2}' Ann Ben Cid Dot Eve
for p in p1 p2 p3 p4; do until_true 20 opened "$p" board; done
ctl p2 elections

step "a dozen voters cast at four different peers"
cast() { # VOTER ELECTION CHOICE
	XDG_DATA_HOME=$work/voter$1 "$VOTECTL" --socket "$work/p$(($1 % 4 + 1)).socket" cast "$2" --choice "$3" --yes "${@:4}" </dev/null
}
chairs=(Ada Ada Grace Alan Ada Grace Grace Ada Alan Ada Grace Ada)
venues=("Lisbon,Oslo" Oslo "Oslo,Prague" Prague Lisbon Oslo "Lisbon,Prague" Oslo Prague Lisbon Oslo "")
logos=("Owl=5,Fox=2" "Fox=5" "Owl=4,Bee=1" "Bee=5" "Owl=3,Fox=3" "Owl=5" "Fox=4,Bee=2" "Owl=2" "Bee=3" "Owl=5,Bee=5" "Fox=1" "Owl=4")
leaders=("Carter,Chandran,Gupta" "Chandran,Carter" "Gupta,Carter=Chandran" "Carter" "Chandran,Gupta" "Carter,Gupta" "Gupta" "Carter,Chandran" "Chandran" "Carter" "Gupta,Chandran" "None of the above")
boards=("Ann,Ben" "Ann,Cid" "Ann,Dot" "Ben,Ann" "Cid,Eve" "Dot,Eve" "Eve,Dot" "Ann,Eve" "Ben,Cid" "Ann,Ben,Cid" "Dot" "Cid,Ben")
casting=()
for v in {1..12}; do
	{
		cast "$v" chair "${chairs[v - 1]}" --no-wait
		cast "$v" venue "${venues[v - 1]}" --no-wait
		cast "$v" logo "${logos[v - 1]}" --no-wait
		cast "$v" leader "${leaders[v - 1]}" --no-wait
		cast "$v" board "${boards[v - 1]}" --no-wait
	} >"$work/cast$v.out" 2>&1 &
	casting+=($!)
done
for c in "${casting[@]}"; do wait "$c" || { cat "$work"/cast*.out; fail "a vote was refused"; }; done
for e in chair venue logo leader board; do until_true 30 ballots_are p1 "$e" 12; done
say "  60 votes, all in the ledger of p1"

step "one peer is killed"
kill_hard p4
say "  p4 is gone; the others go on"

step "voter 6 thinks again: a revote, and its receipt"
cast 6 chair Ada

step "p4 is brought back"
MINE=yes THREADS=1 peer p4 tracker
for e in chair venue logo leader board; do until_true 30 ballots_are p4 "$e" 12; done
say "  it has caught up: $(field p4 status)"

step "the elections close; every peer counts for itself"
for p in p1 p2 p3 p4; do for e in chair venue logo leader board; do until_true 40 result_is_final "$p" "$e"; done; done
show p2 status
for e in chair venue logo leader board; do show p3 results "$e"; done
for e in chair venue logo leader board; do
	for p in p1 p2 p3 p4; do ctl "$p" results "$e" --json | jq -Sc .result; done | sort -u | wc -l | grep -qx 1 || fail "the peers count $e differently"
done
winner() { ctl p4 results "$1" --json | jq -rc '.result.questions[0] | [.options[.elected[]]] | join(" ")'; }
[ "$(winner chair)" = Ada ] || fail "chair: $(winner chair)"
[ "$(winner venue)" = Oslo ] || fail "venue: $(winner venue)"
[ "$(winner logo)" = Owl ] || fail "logo: $(winner logo)"
[ "$(winner leader)" = Carter ] || fail "leader: $(winner leader)"
say "  four peers, one result"

step "voter 6's receipt, checked without asking any peer; then the whole ledger, trusting nobody"
XDG_DATA_HOME=$work/voter6 "$VOTECTL" receipt verify "$work/voter6/votectl/receipts/chair.json"
ctl p1 export >"$work/demo.jsonl"
"$VOTECTL" verify --network "$network" "$work/demo.jsonl"

step "done: $((SECONDS - began)) s"
