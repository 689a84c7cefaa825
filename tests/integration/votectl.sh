#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# votectl as people use it, against real daemons: every kind of key, two admins, every way to hand a ballot in, receipts, a
# node reached through ssh or from afar, a ledger as a file; and what it says when something is wrong.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
needs jq b2sum ssh-agent ssh-add ssh-keygen

voter() { local who=$1; shift; person "$who" ctl one "$@"; }

tracker t
peer one t
MINE=no peer two t   # one miner: a fork of two would undo what two confirmations called final
for who in alice bob carol; do person "$who" "$VOTECTL" key generate --no-passphrase --json </dev/null | jq -r .key >"$work/$who.key"; done
ssh-keygen -q -t ed25519 -N '' -C dora -f "$work/dora"
ssh-keygen -q -t ed25519 -N 'secret of ed' -C ed -f "$work/ed"
ssh-keygen -q -t rsa -N '' -f "$work/rsa"

# --- two admins, both must sign
person alice "$VOTECTL" network create --name club --engine pow --admin self --admin "$(cat "$work/bob.key")" --approvals 2 \
	--interval 1s --confirmations 2 --grace 2s --difficulty 20000 >"$work/genesis" 2>/dev/null
id=$(tr -d '\n' <"$work/genesis" | b2sum -l 256 | cut -d' ' -f1)
code 2 'needs an answer' ctl one network join "$work/genesis"
code 4 'the node is a tracker' ctl t elections
code 4 'the node is a tracker' ctl t export
code 4 'the node is a tracker' ctl t network join --yes "$work/genesis"
code 4 'expected aaaa' ctl one network join --id "$(printf 'a%.0s' {1..64})" "$work/genesis"
code 4 'waiting for a network|no network yet' ctl one elections
for p in one two; do ctl "$p" network join --id "$id" "$work/genesis" >/dev/null; done
code 4 'belongs to network' ctl one network join --id "$id" "$work/genesis"
until_true 20 is one links 1 || fail "the peers find each other"

code 4 'not pinned here' voter carol cast nothing --choice 0
for who in alice bob carol; do [ "$(voter "$who" network add "$id")" = "$id" ] || fail "pinning by id"; done
person dora "$VOTECTL" network add "$work/genesis" >/dev/null

{ sed 's/^/weight=3 /' "$work/alice.key"; cat "$work/bob.key" "$work/carol.key" "$work/dora.pub" "$work/ed.pub"; } >"$work/members"
code 2 'line 1: .*another type' voter alice roll add "$work/rsa.pub" --name members
code 4 'list of admins' voter carol roll add "$work/members" --name members
code 0 'needs 1 more of the admins: votectl approve members' voter alice roll add "$work/members" --name members
code 0 'members .*1 of 2' voter bob approve
code 0 'It is in effect' voter bob approve members
code 0 'It is in effect' voter alice roll add "$work/members" --name members
code 4 'another roll' voter alice roll add "$work/carol.key" --name members
in_effect() { [ "$(ctl two roll list --json | jq -r '.rolls[0].in_effect')" = true ]; }
until_true 20 in_effect || fail "the roll is in effect"

"$VOTECTL" election template schulze >"$work/template"
code 2 'no roll "members-2027"' voter alice election create "$work/template"
cat >"$work/election" <<EOF
{ "name": "all", "title": "One of each", "rolls": ["members"], "opens": "+12s", "closes": "+45s", "questions": [
  { "text": "Which?", "method": "plurality", "options": ["Ann", "Ben"] },
  { "text": "Lead?", "method": "schulze", "options": ["Ann", "Ben", "None"], "default": "None" } ] }
EOF
voter alice election create "$work/election" >/dev/null
code 4 'still needs approvals' voter carol cast all --choice 0 --choice -
voter bob approve all --json | jq -e '.approvals_missing == 0 and .approvals_needed == 2' >/dev/null || fail "an approval says what is missing"
[ "$(voter carol elections --names)" = all ] || fail "the names of the elections"
code 0 'may vote' voter carol show all
until_true 30 opened one all || fail "the election opens"

# --- every way to vote
code 2 'expected as many --choice' voter carol cast all --choice 0
code 2 'no option here' voter carol cast all --choice Cid --choice -
code 5 'no election is called' voter carol cast al --choice 0
voter carol cast all --choice ben --choice 'Ben, Ann = None' >/dev/null
person carol "$VOTECTL" receipt verify "$work/home.carol/votectl/receipts/all.json" | grep -q 'proves nothing' || fail "what a receipt proves in pow"
echo '{ "choices": [[0], [[0], [1, 2]]] }' | XDG_DATA_HOME=$work/home.bob "$VOTECTL" --socket "$work/two.socket" cast all --ballot - >/dev/null 2>&1 || fail "a ballot of JSON"
voter alice cast all --choice 0 --choice - --no-wait >/dev/null
voter alice cast all --resume >/dev/null
voter alice cast all --choice 1 --choice - --json | jq -e '.seq == 2 and .weight == 3 and .state == "final"' >/dev/null || fail "a second vote"

eval "$(ssh-agent)" >/dev/null
trap 'kill "$SSH_AGENT_PID"; cleanup' EXIT
ssh-add -q "$work/dora"
code 5 'only with --agent' env SSH_CONNECTION=x XDG_DATA_HOME="$work/home.dora" "$VOTECTL" --socket "$work/one.socket" cast all --choice 0 --choice -
voter dora cast all --choice 0 --choice Ann --json | jq -e '.state == "final"' >/dev/null || fail "a vote through ssh-agent"
kill "$SSH_AGENT_PID"
trap cleanup EXIT
unset SSH_AUTH_SOCK SSH_AGENT_PID
printf 'secret of ed\n' >"$work/passphrase"
code 4 'VOTECTL_PASSPHRASE_FILE' voter alice cast all --key "$work/ed" --choice 0 --choice -
VOTECTL_PASSPHRASE_FILE=$work/passphrase voter alice cast all --key "$work/ed" --choice 0 --choice Ann >/dev/null || fail "a vote with an OpenSSH key file"

# --- from elsewhere
mkdir "$work/bin"
printf '#!/bin/sh\necho >>%s\nshift 3\nexec sh -c "$*"\n' "$work/dialled" >"$work/bin/ssh"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$VOTECTL" >"$work/bin/votectl"
chmod +x "$work"/bin/*
code 0 'peer: pow' env PATH="$work/bin:$PATH" "$VOTECTL" -H far --socket "$work/two.socket" status
: >"$work/dialled"
code 3 'through ssh ended' env PATH="$work/bin:$PATH" "$VOTECTL" -H far --socket "$work/nobody.socket" status
[ "$(wc -l <"$work/dialled")" = 1 ] || fail "who cannot be reached is dialled once"
voter bob receipt all >/dev/null
far=127.0.0.1:$(port two)
person bob "$VOTECTL" --peer "$far" cast all --choice 1 --choice Ben </dev/null >/dev/null || fail "a vote handed to a distant peer"
code 3 'cannot reach' person bob "$VOTECTL" --peer "$(printf 'a%.0s' {1..64})@$far" elections
code 0 '5 of 5 voters' person bob "$VOTECTL" --peer "$far" results all

# --- the result, and the ledger as a file
until_true 60 result_is_final one all || fail "the result is final"
ctl one results all --json | jq -S .result >"$work/result"
ctl one export "$work/export" 2>/dev/null
code 0 'every rule was checked' "$VOTECTL" verify --network "$id" "$work/export"
"$VOTECTL" --ledger "$work/export" results all --json | jq -S .result | cmp - "$work/result" || fail "counted from a file"
"$VOTECTL" verify "$work/export" --results all --json | jq -S .results.all | cmp - "$work/result" || fail "counted by the audit"
code 0 'The receipt holds' person carol "$VOTECTL" --ledger "$work/export" receipt verify "$work/home.carol/votectl/receipts/all.json"
code 6 'line 1: .*expected aaaa' "$VOTECTL" verify --network "$(printf 'a%.0s' {1..64})" "$work/export"
sed '$ d' "$work/export" | head -c -10 >"$work/cut"
code 6 'is wrong: line' "$VOTECTL" verify "$work/cut"
sed '0,/"choices":\[\[1\]/s//"choices":[[0]/' "$work/export" >"$work/forged"
code 6 'is wrong: line' "$VOTECTL" verify "$work/forged"
# Too little memory, less and less of it: it says that it failed, and never that the ledger is wrong.
within_kib() { prlimit --as=$(($1 * 1024)) "$VOTECTL" verify "$work/export" >"$work/out" 2>&1; }
little=1000 enough=4000000
while [ $((enough - little)) -gt 64 ]; do
	middle=$(((little + enough) / 2))
	if within_kib "$middle"; then enough=$middle; else little=$middle; fi
done
for ((i = 1; i <= 30; i++)); do
	status=0
	within_kib $((enough - 128 * i)) || status=$?
	if [ "$status" != 1 ] || ! grep -qE 'out of memory|cannot start threads' "$work/out"; then
		fail "verify within $((enough - 128 * i)) KiB: status $status, $(cat "$work/out")"
	fi
done
code 4 'closed at' voter carol cast all --choice 0 --choice -
code 4 'withdrawn only before' voter alice election withdraw all

# --- what is approved is shown, with what the ledger names by its id alone
jq '.name = "away" | .title = "Soon gone" | .opens = "+1h" | .closes = "+2h"' "$work/election" >"$work/election.away"
voter alice election create "$work/election.away" --json | jq -e '.approvals_missing == 1' >/dev/null || fail "an election says what is missing"
voter bob approve away >/dev/null
voter bob election withdraw away >/dev/null
code 0 'Withdraw: away: Soon gone' voter alice approve away
[ "$(voter alice elections --json | jq -r '.elections[] | select(.name == "away") | .phase')" = withdrawn ] || fail "a withdrawn election"

# --- keys
VOTECTL_PASSPHRASE_FILE=$work/passphrase person carol "$VOTECTL" key lock >/dev/null 2>&1 </dev/null
grep -q seed "$work/home.carol/votectl/keys/default.key" && fail "a locked key lies open"
code 2 'locked with a passphrase' person carol "$VOTECTL" key unlock
VOTECTL_PASSPHRASE_FILE=$work/passphrase person carol "$VOTECTL" key unlock >/dev/null 2>&1 </dev/null
[ "$(stat -c %a "$work/home.carol/votectl/keys/default.key")" = 600 ] || fail "a key that others can read"
code 4 'not overwritten' person carol "$VOTECTL" key generate
code 2 'OpenSSH key' person carol "$VOTECTL" key import "$work/dora" other
say "votectl: all of it"
