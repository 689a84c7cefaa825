# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# A part of quorum.sh, in its network: sixteen people who vote all the time in two elections of their own, the faults meanwhile,
# and what must hold afterwards.
storm_sec=56

# Votes again and again, each time for the next option; writes a line for each vote, with what votectl said.
for h in $hosts; do
	on "$h" sh -c 'cat >/usr/local/bin/keep-voting && chmod 755 /usr/local/bin/keep-voting' <<'END'
#!/bin/bash
# VOTER UNTIL
export XDG_DATA_HOME=$HOME/$1
n=$1
while [ "$(date +%s)" -lt "$2" ]; do
	n=$(((n + 1) % 3))
	if said=$(votectl cast storm --yes --json --choice "$n" 2>"$HOME/$1.errors"); then
		jq -c --argjson choice $n '. + {choice: $choice}' <<<"$said"
	else
		jq -nc --argjson status $? --rawfile errors "$HOME/$1.errors" '{$status, $errors}'
	fi
done
END
	box push "$h" "$SDBOX_DIR/club.genesis" /home/crowd
done
for h in $hosts; do
	as crowd "$h" sh -c 'cd; for v in 1 2 3 4; do
		XDG_DATA_HOME=$HOME/$v votectl key generate --no-passphrase --json | jq -r .key
		XDG_DATA_HOME=$HOME/$v votectl network add club.genesis >/dev/null; done' 2>/dev/null
done >"$SDBOX_DIR/crowd"
chmod 644 "$SDBOX_DIR/crowd"
box push h1 "$SDBOX_DIR/crowd" /tmp
as_alice() { as alice h1 sh -c "cd; echo 'correct horse' >p; VOTECTL_PASSPHRASE_FILE=p $1; r=\$?; rm p; exit \$r" >/dev/null 2>&1; }
check "a roll of sixteen" as_alice 'votectl roll add /tmp/crowd --name crowd'
closes=$(($(date +%s) + storm_sec + 8))
for e in storm:$closes late:$((closes + 60)); do
	as alice h1 sh -c "jq -n '{name: \"${e%:*}\", title: \"Who?\", rolls: [\"crowd\"], opens: \"+4s\", closes: ${e#*:},
		questions: [{text: \"Who?\", method: \"plurality\", options: [\"Ann\", \"Ben\", \"Cid\"]}]}' >~/${e%:*}.json"
	check "election ${e%:*}" as_alice "votectl election create ${e%:*}.json --yes"
done

# --- the network: 100 ms, 50 ms more or less, 2 % lost, on every link and both ways
delay_all() {
	local h helper=$SDBOX_DIR/nfqdelay
	if box netem h1 100 50 2>/dev/null; then
		for h in h2 h3 h4; do box netem "$h" 100 50 || return 1; done
		return 0
	fi
	# a kernel without netem: the packets of a host go through a queue that holds them for as long
	[ -e "${abs_top_srcdir:-.}/../shared/tools/nfqdelay.c" ] || return 77
	"${CC:-cc}" -O2 -o "$helper" "$abs_top_srcdir/../shared/tools/nfqdelay.c" || return 1
	for h in $hosts; do box queue "$h" 7 "$helper" 7 100 50 || return 1; done
}
# the longest of a few, as what was lost comes a second later
round_trips() { for _ in 1 2 3 4; do on h1 bash -c 'TIMEFORMAT=%R; time : </dev/tcp/h2/8000' 2>&1; done; }
slow() { round_trips | awk '$1 >= 0.15 { n++ } END { exit n < 2 }'; }
delay_all
case $? in
0) check "a round trip takes as long as it shall" slow ;;
77) echo "skipped: no delays: neither netem nor a helper for a kernel without it" ;;
*) not_ok "the links are made slow" ;;
esac
for a in $hosts; do for b in $hosts; do [ "$a" = "$b" ] || box loss "$a" "$b" 2; done; done

# --- votes all the time, and all the faults
for h in $hosts; do check "$h: election storm is open" until_true 30 opened "$h" storm; done
voters=()
for h in $hosts; do
	for v in 1 2 3 4; do
		as crowd "$h" keep-voting $v $((closes - 8)) >"$SDBOX_DIR/votes.$h.$v" 2>&1 &
		voters+=($!)
	done
done
began=$SECONDS kills=0 cut=0
while passed_sec=$((SECONDS - began)) && [ $passed_sec -lt $((storm_sec - 12)) ]; do
	if [ $passed_sec -ge 8 ] && [ $cut = 0 ]; then
		cut=1
		for h in h1 h2 h3; do box cut $h h4; box cut h4 $h; done
	elif [ $passed_sec -ge 28 ] && [ $cut = 1 ]; then
		cut=2
		for h in h1 h2 h3; do box heal $h h4; box heal h4 $h; done
	fi
	victim=h$((kills % (cut == 1 ? 3 : 4) + 1))
	on $victim systemctl kill -s KILL voted-peer
	kills=$((kills + 1))
	sleep 3
done
for x in "${voters[@]}"; do wait "$x"; done
cat "$SDBOX_DIR"/votes.* >"$SDBOX_DIR/votes"
n=$(grep -c '"state":"final"' "$SDBOX_DIR/votes")
check "one was cut off for a while, and is back" [ $cut = 2 ]
echo "# $n votes were called final, $kills times one was killed"
restarts() { for h in $hosts; do on "$h" systemctl show -P NRestarts voted-peer; done | awk '{ n += $1 } END { print n }'; }
check "systemd started each one again that was killed" [ "$(restarts)" -ge "$kills" ]
check "votes were cast all the time" [ "$n" -ge 50 ]
check "every vote that was cast became final" [ "$(jq -c 'select(.state != "final")' "$SDBOX_DIR/votes")" = "" ] ||
	jq -c 'select(.state != "final")' "$SDBOX_DIR/votes"

# --- two of four are down
on_both() { for h in h3 h4; do on $h systemctl "$1" -q voted-peer.service voted-peer-control.socket 2>/dev/null; done; }
on_both stop
check "the status says that nothing becomes final, and why" until_true 20 has h1 problem 'only 2 of the 4 authorities .* nothing becomes final'
check "systemctl status says so too" until_true 20 on h1 sh -c 'systemctl status voted-peer | grep -q "only 2 of 4 authorities"'
check "and the journal" until_true 20 journal_has h1 voted-peer 'only 2 of the 4 authorities'
top=$(field h1 final)
cast_late() { as crowd h2 env XDG_DATA_HOME=/home/crowd/1 timeout --preserve-status -s INT "$1" votectl cast late "${@:2}"; }
cast_late 12 --yes --choice Ben >"$SDBOX_DIR/late" 2>&1
check "a vote is not called final when one gives up waiting" [ $? = 7 ]
check "votectl cast says why, and what it waits for" grep -q 'not final yet: only 2 of the 4 authorities are in reach' "$SDBOX_DIR/late"
check "and how to go on" grep -q 'votectl cast --resume late' "$SDBOX_DIR/late"
cast_late 60 --resume --json >"$SDBOX_DIR/resumed" 2>"$SDBOX_DIR/late" &
resumed=$!
until_true 20 grep -q 'not final yet' "$SDBOX_DIR/late"
check "the same vote waits on" kill -0 $resumed
check "nothing became final" [ "$(field h1 final) $(field h2 final)" = "$top $top" ]
on_both start
check "they come back: the same vote becomes final by itself" wait $resumed
for h in $hosts; do check "$h: it is in the ledger" until_true 30 ballots_are "$h" late 1; done
check "h1: no problem is left" until_true 30 is h1 problem null

# --- all agree, to the byte; what was called final is there, and nothing else
for h in $hosts; do check "$h: the result of storm is final" until_true 120 final_result "$h" storm; done
export_of() { as bob "$1" sh -c 'votectl export --no-seals --quiet' >"$SDBOX_DIR/export.$1"; }
all_agree() {
	for h in $hosts; do export_of "$h"; done
	[ "$(b2sum "$SDBOX_DIR"/export.h? | cut -d' ' -f1 | sort -u | wc -l)" = 1 ]
}
check "four hosts, one ledger to the byte" until_true 40 all_agree
for h in $hosts; do check "$h: verify, of the running node" quietly as bob "$h" votectl verify --network "$id"; done
for h in $hosts; do check "$h: verify, of a file" quietly as bob "$h" sh -c "cd; votectl export >all.jsonl && votectl verify --network $id all.jsonl"; done
for h in $hosts; do check "$h: nobody stands in evidence" [ "$(on "$h" votectl evidence --json | jq -c .evidence)" = '[]' ]; done
# the places of all votes, as an auditor reads them from the file
jq -nc 'foreach inputs as $x ({height: 0, position: -1}; if $x.kind == "block" then {height: $x.height, position: -1} else .position += 1 end;
	select($x.kind == "vote") | {height, position, seq: $x.seq, voter: $x.signer, election: $x.election, choice: $x.ballot.choices[0][0]})' \
	"$SDBOX_DIR/export.h3" | sort >"$SDBOX_DIR/sealed"
storm_id=$(on h1 votectl show storm --json | jq -r '.summary.id // .id')
jq -c --arg e "$storm_id" 'select(.state == "final") | {height, position, seq, voter, election: $e, choice}' "$SDBOX_DIR/votes" | sort >"$SDBOX_DIR/told"
check "every vote that was called final is where its receipt says, with the choice that was made" [ "$(comm -13 "$SDBOX_DIR/sealed" "$SDBOX_DIR/told" | wc -l)" = 0 ]
check "and no other vote is there" [ "$(jq -c --arg e "$storm_id" 'select(.election == $e)' "$SDBOX_DIR/sealed" | wc -l)" = "$n" ]
wanted=$(jq -sc 'group_by(.voter) | map(max_by(.seq).choice) as $last | [range(3) as $o | [$last[] | select(. == $o)] | length]' "$SDBOX_DIR/told")
for h in $hosts; do check "$h: the result is what was cast, $wanted" [ "$(on "$h" votectl results storm --json | jq -c '.result.questions[0].sums')" = "$wanted" ]; done
