#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Four authorities and a peer that only observes: founding their network, the record that each has made once, and what happens
# when one is lost, damaged, another's, or when its daemon is killed. Nobody is ever convicted of a lie.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/lib.sh"
needs jq b2sum

signs() { [ "$(field "$1" signing)" = true ]; }
note_says() { field "$1" note | grep -qE "$2"; }
problem_says() { field "$1" problem | grep -qE "$2"; }
# It says from when on it signs, which is after two more blocks: an idle network makes none.
heard() { signs "$1" || note_says "$1" 'signs again from'; }
resumed() {
	until_true 60 heard "$1" || fail "$1 does not resume: $(ctl "$1" status)"
	for _ in 1 2 3 4 5 6; do
		if signs "$1"; then return 0; fi
		post p1
	done
	until_true 20 signs "$1" || fail "$1 does not sign again: $(ctl "$1" status)"
}
heights_agree() { [ "$(field p1 final)" = "$(field "$1" final)" ]; }

# post NAME: a roll goes in by that node, and is final everywhere that is up.
rolls=0
post() {
	rolls=$((rolls + 1))
	"$VOTECTL" key show --json | jq -r '.key // .keys[0].key' >"$work/roll"
	timeout 60 "$VOTECTL" --socket "$work/$1.socket" roll add "$work/roll" --name "roll-$rolls" </dev/null >/dev/null 2>&1 ||
		fail "a roll is not final: $(ctl p1 status)"
}

tracker t
MINE=no
for p in p1 p2 p3 p4 observer spare; do
	peer "$p" t
	[ "$p" != spare ] || continue
	ctl "$p" authority key >"$work/$p.key"
	grep -qxE '[0-9a-f]{64}' "$work/$p.key" || fail "authority key: $(cat "$work/$p.key")"
	[ "$(ctl "$p" authority key --json | jq -r .key)" = "$(cat "$work/$p.key")" ] || fail "authority key --json"
done
code 4 'no network yet' ctl p1 authority init
code 4 'no network yet' ctl p1 authority resume --yes

# --- founding: a key is digits, or a file with them
k1=$(cat "$work/p1.key")
stop spare
ENGINE=quorum found_network club --delta 300 --grace 1 --authority "$k1" --authority "$work/p2.key" --authority "$work/p3.key" --authority "$work/p4.key"
jq -e --argjson k "$(cat "$work"/p[1-4].key | jq -R . | jq -s .)" '.engine == {type: "quorum", delta_ms: 300, authorities: $k}' <"$work/genesis" >/dev/null ||
	fail "the genesis: $(cat "$work/genesis")"
create() { "$VOTECTL" network create --name club --admin default --grace 1 "$@"; }
code 2 'authority is missing' create --engine quorum
code 2 'is there already' create --engine quorum --authority "$k1" --authority "$work/p1.key"
code 2 'expected 64 hex digits' create --engine quorum --authority nobody
code 2 'votectl authority key prints' create --engine quorum --authority nobody
code 2 'not an Ed25519 public key' create --engine quorum --authority "$(printf '0%.0s' {1..64})"
code 2 'belongs to the engine pow' create --engine quorum --authority "$k1" --miner "$k1"
code 2 'belongs to the engine quorum' create --engine pow --delta 100
code 2 'delta is 49, expected 50 to 10000' create --engine quorum --authority "$k1" --delta 49
code 0 '1 authority: a single trusted host' create --engine quorum --authority "$k1"
code 0 '2 authorities: all 2 .* none may fail' create --engine quorum --authority "$k1" --authority "$work/p2.key"
five=()
for p in p1 p2 p3 p4 observer; do five+=(--authority "$work/$p.key"); done
code 0 'any 4 of 5 .* 1 may fail or lie, as with 4' create --engine quorum "${five[@]}"
code 0 'any 3 of 4 make a block final, 1 may fail or lie\.' create --engine quorum "${five[@]:0:8}"


# --- joining shows what holds, and what is left to do
create --engine quorum --authority "$work/spare/node.pub" >/dev/null 2>&1 && fail "a file that is not there names a key"
start spare peer
create --engine quorum --authority "$(ctl spare authority key)" >"$work/spare.genesis" 2>/dev/null
"$VOTECTL" network add "$work/spare.genesis" >/dev/null 2>&1
code 0 'authority number 0, and signs nothing before votectl authority init' ctl spare network join --id "$(tr -d '\n' <"$work/spare.genesis" | b2sum -l 256 | cut -d' ' -f1)" "$work/spare.genesis"
code 0 'This node is signing as authority number 0' ctl spare authority init
code 0 'a single trusted host' ctl spare status
"$VOTECTL" key show --json | jq -r '.key // .keys[0].key' >"$work/roll"
timeout 60 "$VOTECTL" --socket "$work/spare.socket" roll add "$work/roll" --name before </dev/null >/dev/null || fail "one authority alone seals"
code 0 'This node is signing as authority number 0' ctl spare authority resume --yes
timeout 60 "$VOTECTL" --socket "$work/spare.socket" roll add "$work/roll" --name behind </dev/null >/dev/null ||
	fail "a single authority that has resumed seals no more: $(ctl spare status)"
stop spare

# --- before its record an authority observes, and no start makes one
note_says p1 'authority init' || fail "p1 does not say what it waits for: $(ctl p1 status)"
stop p1
start p1 peer
signs p1 && fail "p1 signs without a record"
[ ! -e "$work/p1/authority.db" ] || fail "a start has made a record"
code 4 'does not name this node' ctl observer authority init
code 4 'does not name this node' ctl observer authority resume --yes
for p in p1 p2; do code 0 'record is made' ctl "$p" authority init; done
"$VOTECTL" --socket "$work/p1.socket" roll add "$work/roll" --name early </dev/null >"$work/early" 2>&1 &
early=$!
until_true 40 grep -q 'not final yet: only 2 of the 4 authorities sign, .*number 2, 3, votectl status' "$work/early" ||
	fail "it does not say that two have no record: $(cat "$work/early")"
problem_says p1 'only 2 of the 4 authorities sign' || fail "nor does status: $(ctl p1 status)"
field p1 status | grep -q '4 of 4 authorities, only 2 sign' || fail "nor its line: $(field p1 status)"
until_true 40 grep -q 'Waiting: only 2 of the 4 authorities sign' "$work/p1.log" || fail "nor the log"
for p in p3 p4; do code 0 'record is made' ctl "$p" authority init; done
wait "$early" || fail "the roll is final once enough sign: $(cat "$work/early")"
until_true 30 grep -q 'Enough authorities sign again' "$work/p1.log" || fail "p1 does not say that they sign"
no_problem p1 || fail "p1 still has a problem: $(field p1 problem)"
code 4 'has a record already.*' ctl p1 authority init
code 4 'authority resume' ctl p1 authority init
for p in p1 p2 p3 p4; do until_true 30 signs "$p" || fail "$p does not sign: $(ctl "$p" status)"; done
post p1
until_true 20 heights_agree observer || fail "the observer does not follow"
[ ! -e "$work/observer/authority.db" ] || fail "the observer has a record"
say "ok - four authorities, each with its record"

# --- kill -9: it goes on by itself
kill_hard p1
post p2
start p1 peer
until_true 30 signs p1 || fail "p1 does not go on after kill -9: $(ctl p1 status)"
post p1
say "ok - killed and started again"

# --- a wiped host: no record, no ledger; what it has sealed tells that it has had one
sealed() { ctl p1 export --quiet --all | grep -q "\"sealer\":\"$(cat "$work/$1.key")\""; }
for ((i = 0; i < 12; i++)); do sealed p2 && break; post p3; done
sealed p2 || fail "p2 has sealed nothing"
stop p2
rm -f "$work"/p2/ledger.db* "$work"/p2/authority.db*
start p2 peer
until_true 30 heights_agree p2 || fail "the wiped host does not catch up: $(ctl p2 status)"
signs p2 && fail "the wiped host signs"
code 4 'was sealed by this authority' ctl p2 authority init
code 2 'needs an answer' ctl p2 authority resume
[ ! -e "$work/p2/authority.db" ] || fail "a refused call has made a record"
code 0 'resumes' ctl p2 authority resume --yes
resumed p2
stop p3                                 # now it takes all three that are left
post p1
start p3 peer
until_true 30 signs p3 || fail "p3 does not go on: $(ctl p3 status)"
say "ok - a wiped host resumes"

# --- a damaged record: the node stays up, follows, and says so
stop p3
printf 'spoilt spoilt spoilt' | dd of="$work/p3/authority.db" conv=notrunc bs=1 2>/dev/null
start p3 peer
problem_says p3 'authority\.db.*authority resume' || fail "p3 does not say that its record is damaged: $(ctl p3 status)"
signs p3 && fail "p3 signs with a damaged record"
post p1
until_true 30 heights_agree p3 || fail "p3 does not follow"
code 4 'cannot be used' ctl p3 authority init
code 0 'kept as .*authority\.db\.damaged-' ctl p3 authority resume --yes
ls "$work"/p3/authority.db.damaged-* >/dev/null || fail "the damaged record is gone"
resumed p3
no_problem p3 || fail "p3 still has a problem: $(field p3 problem)"
stop p3
rm "$work/p3/authority.db"
start p3 peer
code 4 'has had a record' ctl p3 authority init
code 0 '"signing":' ctl p3 authority resume --yes --json
resumed p3
say "ok - a damaged record is set aside at the operator's word"

# --- the record of another, and one that is older than what was signed
stop p4
cp "$work/p4/authority.db" "$work/old.db"
cp "$work"/p2/authority.db "$work/p4/authority.db" 2>/dev/null
start p4 peer
problem_says p4 "of the authority $(cat "$work/p2.key"), expected $(cat "$work/p4.key")" || fail "p4 takes the record of p2: $(ctl p4 status)"
stop p4
cp "$work/old.db" "$work/p4/authority.db"
start p4 peer
until_true 30 signs p4 || fail "p4 does not go on: $(ctl p4 status)"
for i in 1 2 3; do post p4; done
kill_hard p4
rm -f "$work"/p4/authority.db*
cp "$work/old.db" "$work/p4/authority.db"
start p4 peer
until_true 60 heights_agree p4 || fail "p4 does not catch up with an old record: $(ctl p4 status)"
code 0 'resumes' ctl p4 authority resume --yes
resumed p4
post p4
say "ok - the record of another is refused, an old one resumed"

# --- nobody lied, and all agree
for p in p1 p2 p3 p4 observer; do
	until_true 30 heights_agree "$p" || fail "$p is behind"
	alive "$p" || fail "$p is gone"
	if grep -q 'exclude each other' "$work/$p.log"; then fail "$p has seen a lie: $(grep 'exclude each other' "$work/$p.log")"; fi
done
height=$(field p1 final)
for p in p1 p2 p3 p4 observer; do
	ledger_up_to "$p" "$height" >"$work/$p.ledger"
	cmp "$work/p1.ledger" "$work/$p.ledger" || fail "$p has another ledger than p1"
done
code 0 '' "$VOTECTL" verify --network "$network" "$work/p1.export"
say "five peers agree to the byte up to height $height"
