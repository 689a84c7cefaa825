# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Proof of work, and what systemd does for a node of any engine: reloads, kills, freezes, cuts and restarts. A part of `run`.
hosts_up lan
for h in $hosts; do
	install_deb "$h"
	check "$h: the package installs" on "$h" test -x /usr/sbin/voted
	on "$h" useradd -m alice >/dev/null 2>&1
	on "$h" useradd -m bob >/dev/null 2>&1
done
check "nothing runs just because it was installed" [ "$(on h1 systemctl is-active voted-peer voted-tracker | sort -u)" = inactive ]
check "the units verify" on h1 systemd-analyze verify voted-peer.service voted-tracker.service voted-peer@board.service
for page in 8:voted 1:votectl 5:voted.conf 5:voted-election 5:voted-ledger 7:voted-protocol 7:voted; do
	check "man ${page%%:*} ${page##*:}" on h1 sh -c "man -P cat ${page%%:*} ${page##*:} | grep -q NAME"
done

# --- as in voted(7), step 1: on each host, as root
for h in $hosts; do
	on "$h" sh -c 'printf "[Listen]\nPort=8001\n[Peer]\nTracker=h1:8000\nTracker=h2:8000\n[Mining]\nThreads=1\n" >/etc/voted/peer.conf.d/local.conf'
	check "$h: systemctl enable --now voted-peer" on "$h" systemctl enable --now -q voted-peer
	check "$h: it waits for a network" has "$h" status 'waiting for a network'
	check "$h: systemctl status says so" on "$h" sh -c "systemctl status voted-peer | grep -q 'waiting for a network'"
done
for h in h1 h2; do check "$h: systemctl enable --now voted-tracker" on "$h" systemctl enable --now -q voted-tracker; done
check "a credential is not needed for the start" is h1 role peer
check "authority key prints 64 digits" on h1 sh -c 'votectl authority key | grep -qE "^[0-9a-f]{64}$"'

# --- step 2: on h1, as alice
as alice h1 sh -c 'cd; votectl key generate --no-passphrase && votectl network create --name club --engine pow --admin self --interval 2s --confirmations 5 --grace 8s >club.genesis && votectl network add club.genesis --yes' >/dev/null
box pull h1 /home/alice/club.genesis "$SDBOX_DIR"
id=$(tr -d '\n' <"$SDBOX_DIR/club.genesis" | b2sum -l 256 | cut -d' ' -f1)
check "network add names the id that b2sum computes" [ "$(as alice h1 votectl network list --json | jq -r '.networks[0].id // .[0].id')" = "$id" ]

# --- step 3: on each host, as root
as_bob_join() { ! as bob h3 votectl network join /tmp/club.genesis --id "$id" 2>"$SDBOX_DIR/denied"; }
for h in $hosts; do box push "$h" "$SDBOX_DIR/club.genesis" /tmp; done
check "a user without rights cannot join" as_bob_join
check "and is told whose right it is" grep -q voted-admin "$SDBOX_DIR/denied"
for h in $hosts; do check "$h: network join" on "$h" votectl network join /tmp/club.genesis --id "$id"; done
for h in $hosts; do check "$h: three links" until_true 40 at_least "$h" links 3; done
check "a second network is refused" sh -c "! bash '$here/box.sh' exec h1 votectl network join /tmp/club.genesis --id $id 2>/dev/null"

# --- step 4: who may vote, and on what. The voters' keys are SSH keys.
for v in 1 2 3 4 5 6; do
	h=h$(((v - 1) % 4 + 1))
	on "$h" useradd -m "v$v" >/dev/null 2>&1
	as "v$v" "$h" sh -c "mkdir -p -m 700 ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 && votectl network add /tmp/club.genesis --yes" >/dev/null 2>&1
	as "v$v" "$h" sh -c 'cat ~/.ssh/id_ed25519.pub'
done >"$SDBOX_DIR/members"
check "six voters with SSH keys" [ "$(grep -c '^ssh-ed25519 ' "$SDBOX_DIR/members")" = 6 ]
chmod 644 "$SDBOX_DIR/members"
box push h1 "$SDBOX_DIR/members" /tmp
check "roll add" as alice h1 votectl roll add /tmp/members --name members-2027
as alice h1 sh -c "cd; votectl election template schulze | jq '.name = \"board-2027\" | .title = \"The board\" | .rolls = [\"members-2027\"] | .opens = \"+6s\" | .closes = \"+110s\" | .questions[0].options = [\"Ada\", \"Grace\", \"Alan\", \"none of them\"] | .questions[0].default = 3 | del(.about)' >board.json"
check "election create" as alice h1 sh -c 'cd; votectl election create board.json --yes'
for h in $hosts; do check "$h: the election is open" until_true 60 opened "$h" board-2027; done

# --- step 5: each voter, on any of the hosts
check "show says that one may vote" sh -c "bash '$here/box.sh' exec -u v1 h1 sh -c 'votectl --key ~/.ssh/id_ed25519 show board-2027' | grep -q 'may vote, weight 1'"
cast() { as "v$1" "h$((($1 - 1) % 4 + 1))" sh -c "votectl --key ~/.ssh/id_ed25519 cast board-2027 --yes --choice '$2'"; }
cast 1 'Ada,Grace' >"$SDBOX_DIR/cast1" 2>&1 &
cast 2 'Ada' >"$SDBOX_DIR/cast2" 2>&1 &
cast 3 'Grace,Ada' >"$SDBOX_DIR/cast3" 2>&1 &
# kill -9 during casting: systemd brings it back
on h3 systemctl kill -s KILL voted-peer
check "kill -9: systemd starts it again" until_true 20 on h3 systemctl is-active -q voted-peer
wait
for v in 1 2 3; do check "voter $v: cast says final" grep -qiE 'final' "$SDBOX_DIR/cast$v" || cat "$SDBOX_DIR/cast$v"; done
check "the receipt verifies" as v1 h1 sh -c 'votectl receipt verify ~/.local/share/votectl/receipts/board-2027.json'

# --- reload, good and bad
on h2 sh -c 'printf "[Node]\nLog=debug\n" >/etc/voted/peer.conf.d/log.conf'
check "a good reload" on h2 systemctl reload voted-peer
before=$(pid_of h2 voted-peer)
on h2 sh -c 'printf "[Node]\nLgo=debug\n" >/etc/voted/peer.conf.d/log.conf'
check "a bad reload fails" sh -c "! bash '$here/box.sh' exec h2 systemctl reload voted-peer 2>/dev/null"
check "its reason names file and line" until_true 10 journal_has h2 voted-peer 'log\.conf:2:.*did you mean'
check "the daemon went on" [ "$(pid_of h2 voted-peer)" = "$before" ]
on h2 rm /etc/voted/peer.conf.d/log.conf

# --- the network cut in two and healed: votes on both sides, all are in the end in all
for a in h1 h2; do for b in h3 h4; do box cut $a $b; box cut $b $a; done; done
cast 4 'Alan,Ada' >"$SDBOX_DIR/cast4" 2>&1 &
cast 5 'Ada,Alan' >"$SDBOX_DIR/cast5" 2>&1 &
sleep 8 # a cut of fewer blocks than confirmations
for a in h1 h2; do for b in h3 h4; do box heal $a $b; box heal $b $a; done; done
wait
for v in 4 5; do check "voter $v: cast during the cut says final" grep -qiE 'final' "$SDBOX_DIR/cast$v" || cat "$SDBOX_DIR/cast$v"; done
for h in $hosts; do check "$h: five votes after the cut was healed" until_true 60 ballots_are "$h" board-2027 5; done

# --- everything restarted
for h in $hosts; do on "$h" systemctl restart voted-peer & done
on h1 systemctl restart voted-tracker
wait
for h in $hosts; do check "$h: links again after a restart" until_true 60 at_least "$h" links 2; done
cast 6 'Grace' >"$SDBOX_DIR/cast6" 2>&1
check "voter 6: cast after the restart says final" grep -qiE 'final' "$SDBOX_DIR/cast6" || cat "$SDBOX_DIR/cast6"

# --- a watchdog that fires: a frozen daemon is ended and started again
on h4 sh -c 'mkdir -p /etc/systemd/system/voted-peer.service.d && printf "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=2s\n" >/etc/systemd/system/voted-peer.service.d/watchdog.conf && systemctl daemon-reload && systemctl restart voted-peer'
before=$(pid_of h4 voted-peer)
on h4 systemctl kill -s STOP voted-peer
new_pid() { [ "$(pid_of h4 voted-peer)" != "$before" ] && on h4 systemctl is-active -q voted-peer; }
check "the watchdog ends a frozen daemon, and it comes back" until_true 30 new_pid

# --- step 6: after the close
for h in $hosts; do check "$h: the result is final" until_true 120 final_result "$h" board-2027; done
for h in $hosts; do on "$h" votectl results board-2027 --json | jq -Sc .result; done | sort -u >"$SDBOX_DIR/results"
check "four hosts, one result" [ "$(wc -l <"$SDBOX_DIR/results")" = 1 ]
check "six voters voted" [ "$(jq .ballots "$SDBOX_DIR/results")" = 6 ]
check "the winner" [ "$(jq -c '[.questions[0].options[.questions[0].elected[]]]' "$SDBOX_DIR/results")" = '["Ada"]' ]
check "verify of the export, offline" as bob h2 sh -c "cd; votectl export >club.jsonl && votectl verify --network $id club.jsonl"

# --- a cut longer than `confirmations`: the alarm
for a in h1 h2 h3; do box cut $a h4; box cut h4 $a; done
as alice h1 sh -c "cd; jq '.name = \"second\" | .opens = \"+5s\" | .closes = \"+20s\"' board.json >second.json; votectl election create second.json --yes --no-wait" >/dev/null
on h4 useradd -m carol >/dev/null 2>&1
# a roll that h4's side seals alone: alice's key signs it there, too
box pull h1 /home/alice/.local/share/votectl "$SDBOX_DIR" && box push h4 "$SDBOX_DIR/votectl" /tmp
on h4 sh -c 'mkdir -p /home/carol/.local/share && cp -r /tmp/votectl /home/carol/.local/share/ && chown -R carol: /home/carol/.local'
high=$(field h4 height)
as carol h4 sh -c "votectl key show | grep -oE '[0-9a-f]{64}' | head -n 1 >/tmp/other && votectl roll add /tmp/other --name other --no-wait" >/dev/null
check "h4 seals blocks of its own" until_true 60 at_least h4 height $((high + 6))
for a in h1 h2 h3; do check "$a's side is ahead" until_true 120 at_least $a height $((high + 9)); done
for a in h1 h2 h3; do box heal $a h4; box heal h4 $a; done
check "the alarm is in the status" until_true 90 has h4 alarm 'gave way to a heavier chain'
check "and in the journal" until_true 10 journal_has h4 voted-peer 'gave way to a heavier chain'
