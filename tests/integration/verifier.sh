#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The second verifier (tests/verifier/, JavaScript) beside votectl verify: on what a network of each engine exported after elections
# by all methods, on ledgers that are wrong in one place, and on random elections, both say the same, to the line and the last figure.
#
#   verifier.sh           all of it
#   verifier.sh network   the network of $ENGINE alone
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/verifier/modules.sh
. "$here/../verifier/modules.sh"
needs jq awk
node_modules_ready
verifier=$here/../verifier

# what both say of a ledger that is right
common='del(.library, .pinned, .results[]?.sealed.working) | .entries_by_kind |= with_entries(select(.value > 0))'
# same FILE [ELECTION...]: a ledger that is right; both count the same.
same() {
	local file=$1 e options=()
	shift
	for e; do options+=(--results "$e"); done
	"$VOTECTL" verify --json "${options[@]}" "$file" | jq -S "$common" >"$file.ours"
	node "$verifier/verify.js" --json "${options[@]}" "$file" | jq -S "$common" >"$file.theirs" || fail "$file: $(node "$verifier/verify.js" "$file" 2>&1)"
	diff "$file.ours" "$file.theirs" || fail "$file: the verifiers disagree"
}
# same_line FILE: a ledger that is wrong, by both at the same line.
same_line() {
	local ours theirs
	ours=$("$VOTECTL" verify --json "$1" 2>/dev/null | jq .bad_line) || true
	theirs=$(node "$verifier/verify.js" --json "$1" | jq .bad_line) || true
	if [ "$ours" != "$theirs" ] || [ "$ours" = null ]; then fail "$1: line $ours is wrong by votectl, $theirs by the other"; fi
}

# --- a network and its elections, by real daemons

network() {
	local voters=9 caster=${abs_top_builddir:?}/tests/integration/caster m seq name opens closes
	local methods=(plurality approval score schulze stv)
	local -A questions=(
		[plurality]='{"options":["a","b","c"]}' [approval]='{"options":["a","b","c","d"],"min":1,"max":3,"seats":2}'
		[score]='{"options":["a","b","c"],"max":7}' [schulze]='{"options":["a","b","c","d"],"default":3,"quorum":2,"majority":[[2,1],[1,1],[3,2],[1,1]]}'
		[stv]='{"options":["a","b","c","d","e"],"seats":2}')
	tracker t
	MINE=yes peer p1 t
	MINE=no peer p2 t
	[ "$ENGINE" = pow ] || for name in p3 p4; do MINE=no peer "$name" t; done
	found_network "second-$ENGINE" --interval 1 --confirmations 2 --difficulty 20000 --grace 1
	make_records
	"$caster" roll "$voters" seed | awk '{ print "weight=" 1 + NR % 4 " " $1 }' >"$work/roll"
	ctl p1 roll add "$work/roll" --name all --quiet
	opens=$(($(date +%s) + $(paced 7 10)))
	closes=$((opens + $(paced 13 10)))
	for m in "${methods[@]}"; do
		jq -n --arg m "$m" --argjson o "$opens" --argjson c "$closes" --argjson q "${questions[$m]}" '{name: $m, title: ("By " + $m), about: "Zeile\n„zwei\" \\ 𝄞", rolls: ["all"],
			opens: $o, closes: $c, lot: "a lottery", questions: [$q + {text: "Which?", method: $m}]}' >"$work/$m.json"
		ctl p2 election create "$work/$m.json" --yes --no-wait --quiet >/dev/null
	done
	for m in "${methods[@]}"; do
		until_true 30 ctl p1 show "$m"
		for seq in 1 2; do
			# the second time only some vote again; the figures are nothing but different
			awk -v m="$m" -v n="$voters" -v s="$seq" '
				function choice(i, a, b) {
					if (m == "plurality") return a
					if (m == "approval") return a < b ? a "," b : b "," a
					if (m == "score") return a "," (7 - i % 8) "," b
					if (m == "stv") return a "," (i % 2 ? 4 : 3) "," b
					return i % 2 ? "[" a "],[" b ",3]" : "[3],[" b "],[" a "]"
				}
				BEGIN {
					for (i = 0; i < n / s; i++) {
						a = (i + s) % 3
						b = (a + 1 + i % 2) % 3
						print "{\"choices\":[[" (i == 4 ? "" : choice(i, a, b)) "]]}"
					}
				}' | "$caster" sign "$work/genesis" "$(ctl p1 show "$m" --json | jq -r .summary.id)" seed "$seq" >"$work/$m.$seq"
		done
	done
	for m in "${methods[@]}"; do until_true 30 opened p1 "$m"; done
	cat "$work"/*.1 | "$caster" submit 2 "$work"/p{1,2}.socket
	for m in "${methods[@]}"; do until_true 30 ballots_are p1 "$m" "$voters"; done
	cat "$work"/*.2 | "$caster" submit 2 "$work"/p{1,2}.socket
	for m in "${methods[@]}"; do until_true 60 result_is_final p1 "$m"; done
	ctl p1 draw plurality '3 14 15' --quiet

	ctl p1 export --quiet >"$work/export"
	grep -q '"kind":"draw"' "$work/export" || fail "the lot is in the ledger"
	same "$work/export" "${methods[@]}"
	for m in "${methods[@]}"; do
		cmp <(ctl p1 results "$m" --json | jq -S .result) <(jq -S --arg m "$m" '.results[$m]' "$work/export.theirs") || fail "$m: the peer counts otherwise"
	done
	ctl p1 export --no-seals --quiet >"$work/bare"
	same "$work/bare" "${methods[@]}"
	head -n 1 "$work/export" >"$work/genesis-alone"
	same "$work/genesis-alone"
	head -c -1 "$work/export" >"$work/no-newline-at-the-end"
	same "$work/no-newline-at-the-end"

	# with nothing but an editor
	local line
	line=$(grep -n '"choices":\[\[0\]\]' "$work/export" | head -n 1 | cut -d: -f1)
	sed "${line}s/\[\[0\]\]/[[1]]/" "$work/export" >"$work/vote-changed"
	sed "${line}d" "$work/export" >"$work/vote-left-out"
	sed "${line}p" "$work/export" >"$work/vote-twice"
	sed '3d' "$work/export" >"$work/first-seal-left-out"
	sed '1s/"created":1/"created":2/' "$work/export" >"$work/genesis-changed"
	sed '2s/"time":1/"time":2/' "$work/export" >"$work/time-changed"
	sed 's/"certificate":{\|"nonce":"/&x/' "$work/export" >"$work/seals-changed"
	head -c -100 "$work/export" >"$work/cut-in-a-line"
	sed '$d' "$work/export" >"$work/cut-in-a-block"
	sed '4s/$/ /' "$work/export" >"$work/space-behind-a-line"
	{ cat "$work/export"; echo; } >"$work/empty-line"
	: >"$work/nothing"
	for name in vote-changed vote-left-out vote-twice first-seal-left-out genesis-changed time-changed seals-changed cut-in-a-line \
		cut-in-a-block space-behind-a-line empty-line nothing; do same_line "$work/$name"; done
	say "$ENGINE: $(jq -r '"\(.lines) lines, \(.signatures) signatures, final up to \(.final)"' "$work/export.theirs")"
}
if [ "${1:-}" = network ]; then
	network
	exit 0
fi
for ENGINE in pow quorum; do
	ENGINE=$ENGINE bash "$here/verifier.sh" network >"$work/$ENGINE.out" 2>&1 &
	pids[$ENGINE]=$!
done

# --- in the meantime: what no honest node would write

# forged NAME COMMAND...: what writes ledgers into the folder that is its last argument, and lists them with the line that is wrong
forged() {
	local name=$1 file line theirs ours
	shift
	mkdir "$work/$name"
	node "$@" "$work/$name" >"$work/$name.list"
	cut -d' ' -f1 "$work/$name.list" | xargs node "$verifier/verify.js" --json >"$work/$name.theirs" || true
	[ "$(wc -l <"$work/$name.theirs")" = "$(wc -l <"$work/$name.list")" ] || fail "the second verifier gave up: $(tail -n 1 "$work/$name.theirs")"
	while read -r file line theirs; do
		ours=$("$VOTECTL" verify --json "$file" 2>"$work/$name.why" | jq '.bad_line // 0') || true
		if [ "$ours" != "$line" ] || [ "$theirs" != "$line" ]; then
			fail "${file##*/}: line $ours is wrong by votectl, $theirs by the other, expected $line (0: none): $(cat "$work/$name.why")"
		fi
	done < <(jq '.bad_line // 0' "$work/$name.theirs" | paste -d' ' "$work/$name.list" -)
	say "$name: $(grep -vc ' 0$' "$work/$name.list") ledgers are refused by both at the same line, $(grep -c ' 0$' "$work/$name.list") by none"
}
golden=$here/../vectors/golden-sealed-ledger.txt
(
	trap - EXIT
	forged sealed "$verifier/forgeries-sealed.js" "$golden"
	sed '/^#/d; s/^[0-9a-f]*  //' "$golden" >"$work/golden"
	same "$work/golden" secret
) >"$work/sealed.out" 2>&1 &
pids[sealed]=$!
forged open "$verifier/forgeries.js"

mkdir "$work/random"
node "$verifier/random.js" "$work/random" "${SEED:-1}" "${COUNT:-12}" >"$work/random.list"
xargs node "$verifier/verify.js" --json --results random <"$work/random.list" | jq -S "$common" >"$work/random.theirs"
xargs -n 1 "$VOTECTL" verify --json --results random <"$work/random.list" | jq -S "$common" >"$work/random.ours"
diff "$work/random.ours" "$work/random.theirs" || fail "random elections are counted in two ways (from seed ${SEED:-1})"
say "random: $(wc -l <"$work/random.list") ledgers are counted alike"

for name in sealed pow quorum; do
	wait "${pids[$name]}" || { cat "$work/$name.out"; fail "$name"; }
	unset "pids[$name]"
	tail -n 1 "$work/$name.out"
done
