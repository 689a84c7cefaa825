# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Real daemons on loopback, for the scripts beside this file, demo.sh and soak.sh: each in a folder of its own below $work, with
# ports that the system picks. Everything ends and goes with the script.
set -euo pipefail

VOTED=${VOTED:?the path of voted; make check sets it}
VOTECTL=${VOTECTL:?the path of votectl; make check sets it}
work=$(mktemp -d "${TMPDIR:-/tmp}/voted-test.XXXXXX")
export XDG_DATA_HOME=$work/data NO_COLOR=1
unset VOTECTL_PASSPHRASE_FILE SSH_AUTH_SOCK VOTED_SOCKET SSH_CONNECTION CREDENTIALS_DIRECTORY STATE_DIRECTORY NOTIFY_SOCKET JOURNAL_STREAM
declare -A pids=()

cleanup() {
	local status=$? name
	trap - EXIT INT TERM
	if [ "$status" != 0 ] && [ "$status" != 77 ] && [ -z "${QUIET_LOGS:-}" ]; then
		for name in "$work"/*.log; do
			[ -e "$name" ] && { echo "--- the end of ${name##*/}:"; tail -n 25 "$name"; }
		done
	fi
	exec 2>/dev/null
	for name in "${!pids[@]}"; do kill -KILL "${pids[$name]}" || true; done
	for name in $(jobs -p); do kill -KILL "$name" || true; done     # votectl, which would go on trying
	wait || true
	if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() { echo "FAILED: $*"; exit 1; }
skip() { echo "skipped: $*"; exit 77; }
say() { printf '%s\n' "$*"; }

# until_true SECONDS COMMAND...: asks again and again, a bounded number of times. The SECONDS are generous on a host that has nothing
# else to do; before it counts as a failure, five times as long is waited.
until_true() {
	local end=$((SECONDS + 5 * $1)) what
	shift
	what=$*
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "not within the time: $what"; return 1; }
		sleep 0.1
	done
}

# paced SECONDS TAKEN: how long a window of an election is open: SECONDS where the script has come to this line within TAKEN, on a
# slower host in proportion more.
paced() { echo $((SECONDS > $2 ? $1 * SECONDS / $2 : $1)); }

# start NAME ROLE [OPTION...]: a node called NAME; what stands in $work/NAME.conf configures it.
start() {
	local name=$1 role=$2
	shift 2
	[ -e "$work/$name.conf" ] || : >"$work/$name.conf"
	mkdir -p "$work/$name"
	"$VOTED" "$role" --host 127.0.0.1 --config "$work/$name.conf" --state-directory "$work/$name" \
		--control-socket "$work/$name.socket" "$@" >>"$work/$name.log" 2>&1 </dev/null &
	pids[$name]=$!
	until_true 20 ctl "$name" status || { cat "$work/$name.log"; fail "$name does not start"; }
}
stop() { kill -TERM "${pids[$1]}" && { wait "${pids[$1]}" || true; }; unset "pids[$1]"; }
kill_hard() { kill -KILL "${pids[$1]}" && { wait "${pids[$1]}" 2>/dev/null || true; }; unset "pids[$1]"; }
alive() { kill -0 "${pids[$1]}" 2>/dev/null; }

# ctl NAME VERB...: votectl on that node's socket.
ctl() { local name=$1; shift; "$VOTECTL" --socket "$work/$name.socket" --no-pager "$@" </dev/null; }
# person WHO COMMAND...: as somebody with a home of their own.
person() { XDG_DATA_HOME=$work/home.$1 "${@:2}"; }
# code N TEXT COMMAND...: it ends with that status, and says TEXT.
code() {
	local n=$1 text=$2 out status=0
	shift 2
	out=$("$@" 2>&1 </dev/null) || status=$?
	[ "$status" = "$n" ] || fail "exit status $status, expected $n: $* ($out)"
	grep -qE -- "$text" <<<"$out" || fail "\"$text\" is not said by: $* ($out)"
}
# field NAME KEY: one member of the status.
field() { ctl "$1" status --json | jq -r ".$2"; }
is() { [ "$(field "$1" "$2")" = "$3" ]; }
at_least() { [ "$(field "$1" "$2")" -ge "$3" ]; }
port() { field "$1" listen | sed 's/.*://'; }

# tracker NAME; peer NAME TRACKER...: with the trackers' real ports.
tracker() { start "$1" tracker --port 0; }
peer_conf() {
	local name=$1 t
	shift
	{
		echo '[Peer]'
		for t; do echo "Tracker=127.0.0.1:$(port "$t")"; done
		printf '[Mining]\nEnable=%s\nThreads=%s\n' "${MINE:-yes}" "${THREADS:-1}"
	} >"$work/$name.conf"
}
peer() { peer_conf "$@"; start "$1" peer; }

needs() { for x; do command -v "$x" >/dev/null || skip "$x is missing (Debian: apt install $x)"; done; }

# found_network NAME [OPTION...]: a key of ours, a genesis, pinned by votectl and joined by every peer that runs. With ENGINE=quorum
# those are its authorities, unless some are named, and options of pow are left out.
found_network() {
	local name=$1 p peers=() options=()
	shift
	for p in $(printf '%s\n' "${!pids[@]}" | sort); do [ "$(field "$p" role)" != peer ] || peers+=("$p"); done
	if [ "${ENGINE:-pow}" = quorum ]; then
		while [ $# -gt 0 ]; do
			case $1 in
			--interval | --confirmations | --difficulty) shift 2 ;;
			*) options+=("$1"); shift ;;
			esac
		done
		if [[ " ${options[*]} " != *" --authority "* ]]; then
			for p in "${peers[@]}"; do options+=(--authority "$(field "$p" key)"); done
		fi
	else
		options=("$@")
	fi
	"$VOTECTL" key generate --no-passphrase >/dev/null
	"$VOTECTL" network create --name "$name" --engine "${ENGINE:-pow}" --admin self "${options[@]}" >"$work/genesis"
	"$VOTECTL" network add "$work/genesis" --yes >/dev/null
	network=$(tr -d '\n' <"$work/genesis" | b2sum -l 256 | cut -d' ' -f1)
	for p in "${peers[@]}"; do ctl "$p" network join "$work/genesis" --id "$network" >/dev/null; done
}
# make_records: what `votectl authority init` does on each authority of the network, until they sign.
make_records() {
	local p
	[ "${ENGINE:-pow}" = quorum ] || return 0
	for p in "${!pids[@]}"; do
		[ "$(field "$p" authority)" = null ] || ctl "$p" authority init >/dev/null
	done
	for p in "${!pids[@]}"; do
		[ "$(field "$p" authority)" = null ] || until_true 20 is "$p" signing true || fail "$p does not sign"
	done
}
# By the clock: the ledger knows of the opening only with the first block after it.
opened() { [ "$(ctl "$1" show "$2" --json | jq -r .summary.opens)" -le "$(date +%s)" ]; }
phase_is() { [ "$(ctl "$1" show "$2" --json | jq -r .summary.phase)" = "$3" ]; }
result_is_final() { [ "$(ctl "$1" results "$2" --json | jq -r .final)" = true ]; }
grep_status() { field "$1" problem | grep -qE "$2"; }
no_problem() { [ "$(field "$1" problem)" = null ]; }
ballots_are() { [ "$(ctl "$1" show "$2" --json | jq .summary.ballots)" = "$3" ]; }
# ledger_up_to NAME HEIGHT: its export without seals, byte for byte, up to that height.
ledger_up_to() {
	ctl "$1" export --no-seals --quiet >"$work/$1.export"
	awk -v h="$2" '/^{"count":/ && /"kind":"block"/ { split($0, a, /"height":/); if (a[2] + 0 > h) exit } { print }' "$work/$1.export"
}
