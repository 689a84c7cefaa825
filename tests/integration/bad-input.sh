#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What users and operators get wrong, and what happens to hosts: each refused or survived, with a message that says what to do.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$here/lib.sh"
needs jq script stty mkfifo
QUIET_LOGS=1

# refused WHAT PATTERN COMMAND...: it fails, and says something that matches.
refused() {
	local what=$1 pattern=$2 out
	shift 2
	if out=$("$@" 2>&1 </dev/null); then fail "$what: accepted: $out"; fi
	grep -qiE -- "$pattern" <<<"$out" || fail "$what: the message does not say \"$pattern\": $out"
	say "ok - $what: $(tail -n 1 <<<"$out" | cut -c1-150)"
}
daemon() { timeout 20 "$VOTED" "$@" --control-socket "$work/x.socket"; }

# --- a terminal
mkfifo "$work/keyboard"
script -qefc "trap : INT; '$VOTECTL' key generate interrupted; stty -a >'$work/tty'" /dev/null <"$work/keyboard" >"$work/screen" 2>&1 &
terminal=$!
exec 9>"$work/keyboard"
until_true 20 grep -q 'Passphrase for interrupted' "$work/screen" || fail "no question: $(cat "$work/screen")"
printf '\003' >&9
wait "$terminal" || fail "Ctrl-C at a passphrase: $(cat "$work/screen")"
exec 9>&-
grep -qE '(^|[ ;])echo( |;|$)' "$work/tty" || fail "Ctrl-C at a passphrase leaves a terminal without echo: $(cat "$work/tty")"
[ ! -e "$XDG_DATA_HOME/votectl/keys/interrupted.key" ] || fail "a key that nobody wanted"

# --- starting
printf '[Listen]\nPrt=8000\n' >"$work/bad.conf"
refused "a misspelt setting" 'bad\.conf:2:.*did you mean \[Listen\] Port=' daemon peer --config "$work/bad.conf" --state-directory "$work/x"
refused "a value out of range" 'command line.*0 to 65535' daemon tracker --config /dev/null --port 99999 --state-directory "$work/x"
refused "a configuration file that is not there" 'cannot read /nonexistent' daemon peer --config /nonexistent --state-directory "$work/x"
refused "no role" 'tracker or peer' daemon
refused "an instance called tracker" 'cannot name an instance' daemon peer --instance tracker
: >"$work/file"
refused "a state directory that is a file" 'state directory' daemon peer --config /dev/null --state-directory "$work/file"
mkdir "$work/closed"
chmod 0500 "$work/closed"
if [ "$(id -u)" = 0 ]; then
	chmod 0755 "$work"
	mkdir "$work/others"
	refused "a state directory of another user" 'must belong to this user|cannot use the state directory' \
		setpriv --reuid=nobody --clear-groups "$VOTED" peer --config /dev/null --state-directory "$work/others" --control-socket "$work/x.socket"
else
	refused "a state directory without permission" 'cannot use the state directory' daemon peer --config /dev/null --state-directory "$work/closed"
fi
refused "no daemon" 'Is that node running' "$VOTECTL" --socket "$work/nobody.socket" status
refused "an unknown verb" 'did you mean' "$VOTECTL" statsu

# --- a network of one peer
MINE=yes THREADS=1
: >"$work/p.conf"
printf '[Peer]\nTracker=\n[Mining]\nThreads=1\n' >"$work/p.conf"
start p peer
cp "$work/p.conf" "$work/p.good"
printf '[Listen]\nPort=1\n' >>"$work/p.conf"
ctl p reload --json | jq -e '.restart_needed == []' >/dev/null || fail "a peer without a network has no port yet"
cp "$work/p.good" "$work/p.conf"
ctl p reload >/dev/null
refused "an election before there is a network" 'network join' ctl p elections
found_network bad --interval 1 --confirmations 1 --grace 1
printf '[Listen]\nPort=1\n' >>"$work/p.conf"
code 0 'Listen. Port takes effect with a restart only' ctl p reload
code 0 'Listen. Port takes effect with a restart only' ctl p reload
cp "$work/p.good" "$work/p.conf"
ctl p reload --json | jq -e '.restart_needed == []' >/dev/null || fail "the port is the old one again"
refused "a genesis that is none" 'file: byte 0: found the end' ctl p network join "$work/file" --yes
code 2 '"12", expected 64 hex digits' ctl p network join "$work/genesis" --id 12
code 2 'grace is "2d", expected 1 s to 1 d' "$VOTECTL" network create --name x --admin self --authority self --grace 2d
refused "a second network" 'instance|has (one|a network) already|already' ctl p network join "$work/genesis" --id "$network"
refused "a second node in the same state directory" 'another voted uses the state directory' \
	timeout 20 "$VOTED" peer --config /dev/null --state-directory "$work/p" --control-socket "$work/y.socket"

# --- rolls and elections
key=$("$VOTECTL" key show --json | jq -r '.key // .keys[0].key')
printf '%s\n%s\n' "$key" "$key" >"$work/twice"
refused "a roll with a key twice" 'line 2.*twice|twice|already' ctl p roll add "$work/twice" --name twice
echo 'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIA== x' >"$work/sk"
refused "a hardware key on a roll" 'line 1.*(sk-|hardware|security key)' ctl p roll add "$work/sk" --name sk
echo "$key" >"$work/members"
ctl p roll add "$work/members" --name members >/dev/null
election() { jq -n "{rolls: [\"members\"], title: \"t\"} + $1 | {opens: \"+5s\", closes: \"+10min\", name: \"e\", questions: [{text: \"q\", method: \"plurality\", options: [\"yes\", \"no\"]}]} + ." >"$work/e.json"; }
election '{opens: "+60s", closes: "+30s"}'
refused "an election that closes before it opens" '"closes" is 20.*UTC, expected a time after "opens", 20.*UTC' ctl p election create "$work/e.json" --yes
election '{opens: "+60s", closes: "+30s"}'
jq '.opens = "2020-01-01 09:00 UTC"' "$work/e.json" >"$work/e2.json"
refused "an election that opened long ago" 'e2.json: "opens" is 2020-01-01 09:00:00 UTC, which has passed' ctl p election create "$work/e2.json" --yes
election '{rolls: ["nobody"]}'
jq '.rolls = ["nobody"]' "$work/e.json" >"$work/e2.json"
refused "an election on a roll that is not there" 'nobody' ctl p election create "$work/e2.json" --yes
election '{questions: [{text: "q", method: "plurality", options: ["yes", "yes"]}]}'
refused "two options of the same text" 'option' ctl p election create "$work/e.json" --yes
election '{qestions: []}'
refused "a misspelt key in an election" 'did you mean .questions' ctl p election create "$work/e.json" --yes
election '{name: "good"}'
ctl p election create "$work/e.json" --yes >/dev/null
election '{name: "good", title: "another"}'     # else it may be the same line, which is no mistake
refused "the same name again" 'good|taken|already|duplicate' ctl p election create "$work/e.json" --yes
refused "an election that is not there" 'no election|did you mean' ctl p show godo
until_true 30 opened p good
refused "a ballot for an unknown option" 'maybe|option' ctl p cast good --choice maybe
code 1 'cannot write the output' sh -c "'$VOTECTL' --socket '$work/p.socket' status >&-"
code 1 'cannot write the output: No space left' sh -c "'$VOTECTL' --socket '$work/p.socket' status >/dev/full"
code 0 'Exported' ctl p export "$work/exported"
code 4 'is there already; it is not overwritten' ctl p export "$work/exported"
refused "a choice too many" 'question|choice' ctl p cast good --choice yes --choice yes
ctl p cast good --choice yes >/dev/null || fail "a good vote is refused"

# --- a full disk: the node stays up, says so, and goes on by itself
if [ "$(id -u)" = 0 ] && mkdir -p "$work/small" && mount -t tmpfs -o size=3m tmpfs "$work/small" 2>/dev/null; then
	trap 'umount -l "$work/small" 2>/dev/null; cleanup' EXIT
	"$VOTECTL" network create --name full --engine pow --admin self --interval 1 --confirmations 1 --grace 1 >"$work/full.genesis"
	"$VOTECTL" network add "$work/full.genesis" --yes >/dev/null
	id=$(tr -d '\n' <"$work/full.genesis" | b2sum -l 256 | cut -d' ' -f1)
	printf '[Peer]\nTracker=\n[Mining]\nThreads=1\n' >"$work/full.conf"
	ln -s "$work/small" "$work/full"
	start full peer
	ctl full network join "$work/full.genesis" --id "$id" >/dev/null
	dd if=/dev/zero of="$work/small/filler" bs=4k 2>/dev/null || true
	"${abs_top_builddir:?}/tests/integration/caster" roll 3000 full >"$work/many"
	timeout 5 "$VOTECTL" --socket "$work/full.socket" --network "$id" roll add "$work/many" --name many >/dev/null 2>&1 </dev/null || true
	until_true 40 grep_status full 'cannot be written|No space|full' || fail "a full disk: status does not say so: $(field full problem)"
	say "ok - a full disk: $(field full problem | cut -c1-150)"
	alive full || fail "a full disk ends the node"
	code 1 'cannot write .*/small/half: No space left' ctl p export "$work/small/half"
	[ ! -e "$work/small/half" ] || fail "half a ledger was left behind"
	rm "$work/small/filler"
	until_true 40 no_problem full || fail "a full disk: it does not go on: $(field full problem)"
	"$VOTECTL" --socket "$work/full.socket" --network "$id" roll add "$work/many" --name many2 >/dev/null </dev/null || fail "a full disk: no entry goes in afterwards"
	say "ok - a full disk: with room again it goes on by itself"
else
	say "skipped - a full disk: needs root and a tmpfs"
fi
