# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# A secret election on four authorities: three trustees, whose units do all that trustees do, twenty voters with weights of whom
# some vote twice, and one trustee that is stopped before the election closes. By systemctl and votectl alone. A part of `run`.
hosts_up secret

for h in $hosts; do
	install_deb "$h"
	on "$h" sh -c 'printf "[Listen]\nPort=8001\n[Peer]\nTracker=h1:8000\n" >/etc/voted/peer.conf.d/local.conf; systemctl enable --now -q voted-peer'
done
on h1 systemctl enable --now -q voted-tracker
check "the trustee's unit verifies" on h1 systemd-analyze verify voted-trustee@ann.service

# --- the network
authorities=
for h in $hosts; do authorities="$authorities --authority $(on "$h" votectl authority key)"; done
on h1 useradd -m alice >/dev/null 2>&1
as alice h1 sh -c "cd; votectl key generate --no-passphrase && votectl network create --name club --admin self $authorities --delta 300 --grace 2s >club.genesis && votectl network add club.genesis --yes" >/dev/null 2>&1
box pull h1 /home/alice/club.genesis "$SDBOX_DIR"
id=$(tr -d '\n' <"$SDBOX_DIR/club.genesis" | b2sum -l 256 | cut -d' ' -f1)
for h in $hosts; do
	box push "$h" "$SDBOX_DIR/club.genesis" /tmp
	on "$h" sh -c "votectl network join /tmp/club.genesis --id $id && votectl network add /tmp/club.genesis --yes" >/dev/null
done
for h in $hosts; do check "$h: three links" until_true 40 at_least "$h" links 3; done
for h in $hosts; do on "$h" votectl authority init >/dev/null; done
for h in $hosts; do check "$h: it signs" until_true 40 is "$h" signing true; done

# --- trustees: their units, as voted(7) has it. One has its secrets locked by a credential.
on h1 sh -c 'mkdir -p /etc/credstore && echo "correct horse" >/etc/credstore/voted-trustee.ann.passphrase && chmod 600 /etc/credstore/*'
trustees=(ann:h1 ben:h2 cid:h3)
for t in "${trustees[@]}"; do
	on "${t#*:}" sh -c "install -D -m 644 /tmp/club.genesis /etc/voted/trustee/${t%:*}.genesis && systemctl enable --now -q voted-trustee@${t%:*}"
	check "${t#*:}: trustee ${t%:*} runs" [ "$(on "${t#*:}" systemctl is-active "voted-trustee@${t%:*}")" = active ]
done
trustee_key() { on "${1#*:}" journalctl -q --no-pager -u "voted-trustee@${1%:*}" | grep -oE 'Trustee [0-9a-f]{64}' | head -n 1 | cut -d' ' -f2; }
keys=()
for t in "${trustees[@]}"; do keys+=("$(trustee_key "$t")"); done
check "the journal names the trustees' keys" [ "$(printf '%s\n' "${keys[@]}" | grep -cE '^[0-9a-f]{64}$')" = 3 ]
check "what a trustee keeps is nobody else's" [ "$(on h1 stat -c '%U %a' /var/lib/voted-trustee/ann)" = "voted-trustee 700" ]
check "with a passphrase it is locked" on h1 sh -c '! grep -rq "\"seed\"\|\"secret\"" /var/lib/voted-trustee/ann/votectl'
printf '%s\n' "${keys[@]}" >"$SDBOX_DIR/trustees"
chmod 644 "$SDBOX_DIR/trustees"
box push h1 "$SDBOX_DIR/trustees" /tmp
as alice h1 votectl roll add /tmp/trustees --name trustees-keys >/dev/null 2>&1
create_board() { as alice h1 votectl board create trustees --trustee "${keys[0]}" --trustee "${keys[1]}" --trustee "${keys[2]}" --threshold 2 --election motion; }
check "the board is created once its trustees have handed their keys in" until_true 40 create_board
board_is() { [ "$(on h4 votectl board list --json | jq -r '.boards[0].phase')" = "$1" ]; }
check "nobody is needed until it is ready" until_true 60 board_is ready

# --- voters: as root on any host, each with a home of their own
voters=20
for ((i = 0; i < voters; i++)); do
	echo "weight=$((i % 2 + 1)) $(on "h$((i % 4 + 1))" env XDG_DATA_HOME="/root/v$i" sh -c 'votectl network add /tmp/club.genesis --yes >/dev/null 2>&1; votectl key generate --no-passphrase --json' 2>/dev/null | jq -r .key)"
done >"$SDBOX_DIR/members"
chmod 644 "$SDBOX_DIR/members"
box push h1 "$SDBOX_DIR/members" /tmp
check "twenty voters" as alice h1 votectl roll add /tmp/members --name members
as alice h1 sh -c "cd; votectl election template --sealed plurality | jq '.name = \"motion\" | .rolls = [\"members\"] | .opens = \"+4s\" | .closes = \"+60s\" | .board = \"trustees\" | .questions[0].options = [\"Yes\", \"No\", \"Later\"] | del(.about, .lot)' >motion.json"
check "the election is announced" as alice h1 sh -c 'cd; votectl election create motion.json --yes'
check "and opens" until_true 40 opened h3 motion
vote() { on "h$(($1 % 4 + 1))" env XDG_DATA_HOME="/root/v$1" votectl cast motion --choice "$2"; }
vote_quarter() { for ((i = $1; i < voters; i += 4)); do vote "$i" $((i % 3)) || return 1; done; }
jobs=()
for q in 0 1 2 3; do vote_quarter $q >"$SDBOX_DIR/votes.$q" 2>&1 & jobs+=($!); done
cast=0
for j in "${jobs[@]}"; do wait "$j" && cast=$((cast + 1)); done
check "all vote" [ "$cast" = 4 ]
check "two vote again" quietly eval 'vote 0 2 && vote 7 2'
sums=(0 0 0)
for ((i = 0; i < voters; i++)); do
	o=$((i % 3))
	case $i in 0 | 7) o=2 ;; esac
	sums[o]=$((sums[o] + i % 2 + 1))
done
on h3 systemctl stop voted-trustee@cid
closed() { [ "$(on h1 votectl show motion --json | jq .closing_height)" != null ]; }
check "it closes" until_true 90 closed
check "two trustees of three open it, unattended" until_true 40 final_result h1 motion
for h in $hosts; do
	result() { [ "$(on "$h" votectl results motion --json | jq -c '.result.questions[0].sums')" = "[${sums[0]},${sums[1]},${sums[2]}]" ]; }
	check "$h: the result is the plaintext count" until_true 20 result
done
check "the ledger is verified, all of it" on h4 votectl verify
forgotten() { [ -z "$(on "$1" find "/var/lib/voted-trustee/$2" -name '*.sealing')" ]; }
check "ann's secret is gone" until_true 30 forgotten h1 ann
check "ben's secret is gone" until_true 30 forgotten h2 ben
check "the trustee's unit stays up" [ "$(on h1 systemctl is-active voted-trustee@ann)" = active ]
