#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A sealed election on four authorities, from the trustees' keys to the audit: three trustees of whom two suffice, weights, votes
# that replace others, handed in at different nodes and from a distance. The result is the plaintext count; one trustee's share
# never comes, a wrong one is refused and named. And a client that seals something else than it shows is caught.
# VOTERS=1000: with so many, who have so many seconds, and a tenth of whom vote again.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
needs jq b2sum script

VOTERS=${VOTERS:-8}
authorities=(a1 a2 a3 a4)
tracker t
for p in "${authorities[@]}"; do MINE=no peer "$p" t; done
ENGINE=quorum
found_network club --delta 300 --grace 1s
make_records
trustee() { local who=$1; shift; person "$who" ctl a1 "$@"; }

# --- who votes, with which weight; and who opens it
for ((i = 0; i < VOTERS; i++)); do
	key=$(person "v$i" "$VOTECTL" key generate --no-passphrase --json </dev/null | jq -r .key)
	person "v$i" "$VOTECTL" network add "$work/genesis" --yes >/dev/null
	echo "weight=$((i % 2 + 1)) $key"
done >"$work/members"
for who in ann ben cid; do
	person "$who" "$VOTECTL" network add "$work/genesis" --yes >/dev/null
	person "$who" "$VOTECTL" key generate --no-passphrase --json </dev/null | jq -r .key >"$work/$who.key"
done
printf 'secret of ann\n' >"$work/passphrase"
VOTECTL_PASSPHRASE_FILE=$work/passphrase code 4 'no admin and on no roll' trustee ann trustee init
cat "$work"/{ann,ben,cid}.key >"$work/trustees"
ctl a1 roll add "$work/members" --name members >/dev/null
ctl a1 roll add "$work/trustees" --name trustees >/dev/null

say "the board: three trustees, two of them by hand"
code 4 'sealing key' ctl a1 board create board --trustee "$work/ann.key" --election motion
code 2 'threshold' ctl a1 board create board --trustee "$work/ann.key" --trustee "$work/ben.key" --trustee "$work/cid.key" \
	--threshold=-18446744073709551614 --election motion
VOTECTL_PASSPHRASE_FILE=$work/passphrase trustee ann trustee init >/dev/null
grep -q secret "$work"/home.ann/votectl/trustee/*.sealing && fail "a locked sealing key lies open"
trustee ben trustee init --no-passphrase --json | jq -e '.state == "final"' >/dev/null || fail "a sealing key"
trustee ben trustee init --no-passphrase >/dev/null   # the same once more is no second key
[ "$(find "$work/home.ben/votectl/trustee" -name '*.sealing' | wc -l)" = 1 ] || fail "a second sealing key"
[ "$(stat -c %a "$work"/home.ben/votectl/trustee/*.sealing)" = 600 ] || fail "a sealing key that others can read"
XDG_DATA_HOME=$work/home.cid "$VOTECTL" --socket "$work/a2.socket" trustee run --genesis "$work/genesis" --forget >"$work/cid.log" 2>&1 </dev/null &
pids[cid]=$!
trustees_are() { [ "$(ctl a1 verify --json 2>/dev/null | jq .entries_by_kind.trustee)" = "$1" ]; }
until_true 20 trustees_are 3 || fail "cid has a sealing key"
ctl a1 board create board --trustee "$work/ann.key" --trustee "$work/ben.key" --trustee "$work/cid.key" --threshold 2 \
	--election motion --election small --until +10min >/dev/null
ctl a1 board show board | grep -q 'has not dealt yet' || fail "whom the board waits for"
code 4 'have dealt' trustee ben trustee confirm board
trustee ben trustee deal board >/dev/null
code 2 'is locked with a passphrase' trustee ann trustee deal board
echo 'secret of ben' >"$work/wrong"
VOTECTL_PASSPHRASE_FILE=$work/wrong code 4 'the sealing key: wrong passphrase' trustee ann trustee deal board
VOTECTL_PASSPHRASE_FILE=$work/wrong code 4 'that VOTECTL_PASSPHRASE_FILE names' trustee ann trustee deal board
VOTECTL_PASSPHRASE_FILE=$work/nowhere code 5 "$work/nowhere" trustee ann trustee deal board
VOTECTL_PASSPHRASE_FILE=$work/passphrase trustee ann trustee deal board >/dev/null
code 4 'have dealt already' trustee ben trustee deal board
ben_confirms() { trustee ben trustee confirm board >/dev/null 2>&1; }
until_true 20 ben_confirms || fail "cid deals by itself, and ben confirms: $(trustee ben trustee confirm board 2>&1)"
VOTECTL_PASSPHRASE_FILE=$work/passphrase trustee ann trustee confirm board >/dev/null
ready() { [ "$(ctl a3 board show board --json | jq -r .phase)" = ready ]; }
until_true 20 ready || fail "the board is ready"
ctl a3 board show board --json | jq -e --arg network "$network" '.elections == ["motion", "small"] and .network == $network' >/dev/null ||
	fail "what a board serves, as JSON"

say "the election, and what it says of itself"
ends=$(($(date +%s) + ${LASTS:-$((VOTERS > 8 ? VOTERS + 30 : $(paced 18 12)))}))
jq -n --arg opens "+$(paced 2 12)s" --arg closes "@$ends" '{name: "motion", title: "Motion", rolls: ["members"], opens: $opens, closes: $closes, secrecy: "sealed", board: "board",
	least: 2, blank: true, questions: [
		{text: "Which?", method: "plurality", options: ["Ann", "Ben", "Cid", "Dot", "Eve"]},
		{text: "Where?", method: "approval", options: ["Ghent", "Turin"], min: 1, max: 2},
		{text: "How much?", method: "score", options: ["Docs", "Code"], max: 3}]}' >"$work/election"
jq '.name = "small" | .least = 5 | .exposed = true | .closes = "@'$((ends - 5))'"' "$work/election" >"$work/small"
ctl a1 election create "$work/election" --yes >"$work/out"
grep -q 'any 2 of 3 trustees' "$work/out" || fail "what a sealed election means: $(cat "$work/out")"
ctl a1 election create "$work/small" --yes >/dev/null
ctl a2 show small | grep -q 'Exposed' || fail "what exposed means"
until_true 20 opened a1 motion || fail "the election opens"

# cast I NODE CHOICE...: by voter I; the last one is noted for the plaintext count.
notes=()
cast() {
	local i=$1 at=$2 c choices=()
	shift 2
	for c; do choices+=(--choice "$c"); done
	person "v$i" ctl "$at" cast motion "${choices[@]}" --json
}
which=(Ann Ben - Dot Eve)
where=(Ghent Turin 'Ghent,Turin' -)
much=('1,3' '0,2' - '3,3')
say "$VOTERS votes at four nodes"
for ((i = 0; i < VOTERS; i += 4)); do
	jobs=()
	for ((k = i; k < i + 4 && k < VOTERS; k++)); do
		notes[k]="$((k % 2 + 1)) ${which[k % 5]} ${where[k % 4]} ${much[k % 4]}"
		cast "$k" "a$((k % 4 + 1))" "${which[k % 5]}" "${where[k % 4]}" "${much[k % 4]}" >"$work/cast.$k" 2>"$work/cast.$k.err" &
		jobs+=($!)
	done
	for j in "${jobs[@]}"; do wait "$j" || fail "a vote: $(cat "$work"/cast.*.err)"; done
done
for ((i = 10; i < VOTERS; i += 10)); do
	cast "$i" "a$((i % 4 + 1))" Eve - 2,1 >/dev/null 2>&1 || fail "voter $i votes again"
	notes[i]="$((i % 2 + 1)) Eve - 2,1"
done
cast 0 a2 Cid Turin 3,0 | jq -e '.state == "final" and .seq == 2 and (.code | length == 64)' >/dev/null || fail "a vote that replaces another"
notes[0]="1 Cid Turin 3,0"
receipt=$(find "$work/home.v3/votectl/receipts" -name '*.json')
jq -e --arg code "$(jq -r .code "$work/cast.3")" '.final and .code == $code' \
	<<<"$(person v3 "$VOTECTL" receipt verify "$receipt" --json)" >/dev/null || fail "a receipt tells the code of a sealed vote"
person v1 "$VOTECTL" --peer "127.0.0.1:$(port a3)" cast motion --choice Cid --choice Ghent --choice 2,2 </dev/null >/dev/null 2>&1 ||
	fail "a vote from a distance"
notes[1]="2 Cid Ghent 2,2"
person v2 ctl a1 cast small --choice 0 --choice 0 --choice 1,1 >/dev/null || fail "a vote in the other election"
code 5 'nobody can count it before it has closed' ctl a1 results motion

say "cast as intended: a ballot that is opened gives its code away, and one that was changed is caught"
# at_terminal ANSWERS COMMAND...: with a terminal of its own.
at_terminal() {
	local answers=$1
	shift
	printf '%b' "$answers" | person v3 script -qec "$(printf '%q ' "$@")" /dev/null | tr -d '\r'
}
client=("$VOTECTL" --socket "$work/a1.socket" --no-pager cast motion --choice)
at_terminal 'no\n' "${client[@]}" Ann --choice Ghent --choice 1,2 --json >"$work/json.screen" || true
grep -q 'Sign and cast it?' "$work/json.screen" || fail "a program's person is asked about a code: $(cat "$work/json.screen")"
# A client that cheats: it seals Ben, and shows Ann.
# shellcheck disable=SC2016
printf '#!/bin/bash\nargs=("$@")\nfor i in "${!args[@]}"; do [ "${args[i]}" != Ann ] || args[i]=Ben; done\n%q "${args[@]}" | sed -u %q\n' \
	"$VOTECTL" 's/Ben/Ann/; s/"choices":\[\[1\]/"choices":[[0]/' >"$work/cheat"
chmod +x "$work/cheat"
for who in honest cheating; do
	[ "$who" = honest ] || client[0]=$work/cheat
	at_terminal 'open\nno\n' "${client[@]}" Ann --choice Ghent --choice 1,2 >"$work/$who.screen" || true
	grep -q 'Ann' "$work/$who.screen" || fail "what the $who client shows: $(cat "$work/$who.screen")"
	grep -o '{"choices".*}' "$work/$who.screen" >"$work/$who.opened" || fail "the $who client opens a ballot: $(cat "$work/$who.screen")"
	sed -n 's/^ *Code: //p' "$work/$who.screen" | head -n 1 >"$work/$who.code"
done
[ -z "$(find "$work/home.v3/votectl/receipts" -name '*.vote')" ] || fail "an opened ballot was signed"
elsewhere() { person v4 ctl a3 ballot check --code "$(cat "$work/$1.code")" "$work/$2.opened"; }
elsewhere honest honest >"$work/out" || fail "an honest ballot: $(cat "$work/out")"
grep -q 'Ann' "$work/out" || fail "what was sealed: $(cat "$work/out")"
code 6 'something else was sealed' elsewhere cheating cheating
code 6 'something else was sealed' elsewhere cheating honest
jq -e '.seq == 1' "$work/cast.3" >/dev/null || fail "the vote of v3"

say "a single ballot is opened by no verb, with all three trustees at hand"
ctl a1 export --quiet >"$work/open"
# every verb that takes an election, pointed at a vote
mapfile -t verbs < <("$VOTECTL" --help | sed -n 's/^  \([a-z ]*\) ELECTION\( .*\)\{0,1\}$/\1/p')
[[ " ${verbs[*]} " == *" trustee share "* && ${#verbs[@]} -ge 7 ]] || fail "the verbs that take an election: ${verbs[*]}"
ids=("$(jq -r .id "$work/cast.2")" "$(jq -r .id "$work/cast.3")")
[[ ${ids[*]} =~ ^[0-9a-f]{64}\ [0-9a-f]{64}$ ]] || fail "the ids of two votes: ${ids[*]}"
grep -v '"seq":2' "$work/open" >"$work/thinned"
grep '"seq":2' "$work/open" >"$work/vote"
for who in ann ben cid; do
	code 4 'still takes votes' trustee "$who" trustee share motion
	code 4 'still takes votes' trustee "$who" trustee share motion --ledger "$work/open"
	code 6 'line [0-9]+' trustee "$who" trustee share motion --ledger "$work/thinned"
	for id in "${ids[@]}"; do
		for verb in "${verbs[@]}"; do
			# shellcheck disable=SC2086  # a verb may have two words
			case $verb in
			cast) code 5 'no election is called' trustee "$who" cast "$id" --choice Ann ;;
			draw) code 5 'no election is called' ctl a1 draw "$id" 1 ;;                   # this and the next are an admin's
			'election withdraw') code 5 'no election is called' ctl a1 $verb "$id" ;;
			*) code 5 'no election is called' trustee "$who" $verb "$id" ;;
			esac
		done
	done
	code 2 'opened' trustee "$who" ballot check "$work/vote"
	[ -z "$(find "$work/home.$who/votectl/trustee" -name '*.share')" ] || fail "a share before the closing"
done

say "it closes; one trustee stays away, another's share is no third one's"
closed() { [ "$(ctl a1 show motion --json | jq .closing_height)" != null ]; }
kill -STOP "${pids[cid]}"
until_true $((ends + 20 - $(date +%s))) closed || fail "the election closes"
until_true 30 phase_is a1 small final || fail "the small election closes"
code 4 'never opened' trustee ben trustee share small
ctl a1 results small | grep -q 'fewer than 5 ballots' || fail "too few to open: $(ctl a1 results small)"
ctl a1 show motion >"$work/out"
[ "$(grep -c 'has not given a share yet' "$work/out")" = 3 ] || fail "whom the opening waits for: $(cat "$work/out")"
trustee ben trustee share motion >/dev/null || fail "ben shares"
ctl a1 show motion >"$work/out"
grep -q "trustee 1 ($(head -c 16 "$work/ben.key")...), block" "$work/out" || fail "who has shared: $(cat "$work/out")"
for who in "0 ($(head -c 16 "$work/ann.key")...)" "2 ($(head -c 16 "$work/cid.key")...)"; do
	grep -qF "trustee $who has not given a share yet" "$work/out" || fail "who has not: $(cat "$work/out")"
done
kill -CONT "${pids[cid]}"
share=$(find "$work/home.ben/votectl/trustee" -name '*.share')
cp "$share" "$work/kept"
jq -c '.sums |= ("0" * 64)' "$work/kept" >"$work/other"
cp "$work/other" "$share"       # as if another ledger had been shown to ben before
code 6 'was signed before, for other sums; none is signed for these' trustee ben trustee share motion
cmp "$work/other" "$share" || fail "ben's record of what was shared"
cp "$work/kept" "$share"
trustee ben trustee share motion >/dev/null || fail "ben hands the same share in again"
until_true 30 result_is_final a1 motion || fail "ben and cid open it"
"${abs_top_builddir:?}/tests/integration/resigner" "$work/genesis" "$work/home.ann/votectl/keys/default.key" "$work/a2.socket" \
	< <(jq -j .line "$share") >"$work/out" || fail "a share that another made was taken"
grep -q "trustee 0 ($(cat "$work/ann.key")).*the share's proof does not hold" "$work/out" || fail "who handed a wrong share in: $(cat "$work/out")"

say "the result is the plaintext count, everywhere"
awk -F'[ ]' '
	function add(q, o, n) { sums[q "," o] += n }
	{
		w = $1
		if ($2 == "Ann") add(0, 0, w); if ($2 == "Ben") add(0, 1, w); if ($2 == "Cid") add(0, 2, w)
		if ($2 == "Dot") add(0, 3, w); if ($2 == "Eve") add(0, 4, w)
		if ($3 ~ /Ghent/) add(1, 0, w); if ($3 ~ /Turin/) add(1, 1, w)
		if ($4 != "-") { split($4, s, ","); add(2, 0, w * s[1]); add(2, 1, w * s[2]) }
	}
	END { printf "[[%d,%d,%d,%d,%d],[%d,%d],[%d,%d]]\n", sums["0,0"], sums["0,1"], sums["0,2"], sums["0,3"], sums["0,4"], sums["1,0"], sums["1,1"], sums["2,0"], sums["2,1"] }
' <(printf '%s\n' "${notes[@]}") >"$work/expected"
top=$(field a1 final)
for p in "${authorities[@]}"; do
	until_true 30 at_least "$p" final "$top" || fail "$p has height $top"
	ctl "$p" results motion --json >"$work/$p.result"
	jq -c '[.result.questions[].sums]' "$work/$p.result" | cmp - "$work/expected" ||
		fail "the result at $p is $(jq -c '[.result.questions[].sums]' "$work/$p.result"), the plaintext count $(cat "$work/expected")"
done

say "after a start the ballots are added up again, and who asks waits"
stop a2
start a2 peer
ctl a2 results motion --json | jq -S .result | cmp - <(jq -S .result "$work/a1.result") || fail "the result after a start"

say "verify redoes all of it; a ledger that was changed is refused"
ctl a4 export --quiet >"$work/export"
"$VOTECTL" verify "$work/export" --results motion --json >"$work/verified" || fail "the audit: $(cat "$work/verified")"
jq -e '.valid and .entries_by_kind.trustee == 3 and .entries_by_kind.deal == 3 and .entries_by_kind.confirm == 3' "$work/verified" >/dev/null ||
	fail "what was verified: $(cat "$work/verified")"
jq -S .results.motion "$work/verified" | cmp - <(jq -S .result "$work/a1.result") || fail "counted by the audit"
# shellcheck source=tests/verifier/modules.sh
. "$(dirname "$0")/../verifier/modules.sh"
status=0
second_verifier --json --results motion "$work/export" >"$work/second" || status=$?
[ "$status" = 77 ] || cmp <(jq -S '.results.motion, .proofs, .opened' "$work/second") \
	<(jq -S 'del(.results.motion.sealed.working) | .results.motion, .proofs, .opened' "$work/verified") ||
	fail "the second verifier counts otherwise: $(head -c 1000 "$work/second")"

say "what is done is forgotten"
gone() { [ -z "$(find "$work/home.cid/votectl/trustee" -name '*.sealing')" ]; }
until_true 20 gone || fail "cid forgets by itself: $(cat "$work/cid.log")"
store=$work/home.ben/votectl/trustee
first=$(basename "$store"/*.sealing)
cp "$store/$first" "$work/backup"
trustee ben trustee forget board >/dev/null
[ -z "$(find "$store" -name '*.sealing')" ] || fail "ben's sealing key is there"

say "a state from a backup, with a sealing key that another one has replaced since: boards take the newest, and so a new one is made"
sealing_key() { trustee ben trustee init --no-passphrase --json | jq -r .sealing; }
from_backup() { rm -f "$store/$1".*; cp "$work/backup" "$store/$first"; }
second=$(sealing_key)
[ "$second.sealing" != "$first" ] || fail "what was forgotten is used again"
[ "$(sealing_key)" = "$second" ] || fail "a second sealing key beside the first that is the newest"
from_backup "$second"
third=$(sealing_key)
[[ $third.sealing != "$first" && $third != "$second" ]] || fail "a sealing key that no board would take: $third"
[ "$(sealing_key)" = "$third" ] || fail "the older sealing key is handed in again"
from_backup "$third"
trustee ben trustee run --once --forget 2>"$work/out" || fail "ben's unit: $(cat "$work/out")"
[ ! -e "$store/$first" ] || fail "an older key whose elections are over is still there: $(cat "$work/out")"
[ "$(find "$store" -name '*.sealing' | wc -l)" = 1 ] || fail "the unit makes no new key: $(ls "$store")"
