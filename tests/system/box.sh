#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# box.sh - boxes that run a REAL systemd as PID 1, on a host whose PID 1 is not systemd.
#
# A box = systemd-nspawn --boot over an overlayfs (lower: the host's own / or a debootstrap
# tree; upper: a tmpfs), in its own cgroup (cgroup2, unified as seen from inside), its own
# mount/pid/uts/ipc namespaces and its own *named* network namespace (sdbox-NAME), so that a
# test can reach the network from outside at any time, also while the box is down.
#
# Needs: root, systemd-container (systemd-nspawn), iproute2, util-linux; nftables for partitions.
#
#   create NAME              make (or reset) the box's state; nothing runs yet
#   start  NAME              boot it; returns when `systemctl is-system-running --wait` settles
#   exec [-u USER] NAME CMD  run CMD inside (exit status, stdio are passed through)
#   push NAME SRC DSTDIR     copy host file/dir into DSTDIR inside     pull NAME SRC DSTDIR
#   root NAME                path of the upper dir (put files there between create and start)
#   stop NAME                orderly poweroff     kill NAME   power cut (disk content stays)
#   destroy NAME...          kill + remove everything; `destroy --all`; `gc` = boxes whose owner died
#   net NET                  make a switch (bridge in netns sdbox-net-NET)
#   link NAME NET ADDR/LEN [IF]   plug the box into it (default IF eth0)
#   down NAME IF | up NAME IF     cable out / in (carrier loss)
#   cut A B | heal A B       drop A->B frames on the switch, one way (call twice for both)
#   loss A B PCT             drop PCT % of A->B frames (nft numgen random); 0 removes
#   netem NAME MS JITTER     delay all that the box sends (fails on a kernel without netem)
#   queue NAME N PROGRAM...  PROGRAM, which reads NFQUEUE N in the box's network, lets through what the box sends
#   ls | log NAME | pid NAME
#
# `systemctl reboot` inside ends the box (start it again). Boxes share the host's kernel, clock,
# page cache and cgroup controllers: MemoryMax/TasksMax/CPUQuota do nothing here (controllers are
# on cgroup v1), a power cut does not lose unsynced writes, nobody can set the clock.
#
# Environment: SDBOX_DIR (/run/sdbox)  SDBOX_BASE (/ , or a debootstrap tree)
#   SDBOX_BIND   "src:dst src:dst" read-only bind mounts   SDBOX_BINDRW likewise, writable
#   SDBOX_NSPAWN extra systemd-nspawn options     SDBOX_APPEND  words for PID 1's command line
#   SDBOX_OWNER  pid whose death makes `gc` destroy the box (default: the caller)
set -euo pipefail
D=${SDBOX_DIR:-/run/sdbox}
P=${SDBOX_PREFIX:-sdbox}
ENVI=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
      LANG=C.UTF-8 TERM="${TERM:-dumb}" SYSTEMD_PAGER= SYSTEMD_COLORS="${SYSTEMD_COLORS:-0}")

die() { echo "box: $*" >&2; exit 1; }
cgroot() { # where this host has its cgroup2
	if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then echo /sys/fs/cgroup
	elif [ -d /sys/fs/cgroup/unified ]; then echo /sys/fs/cgroup/unified
	else die "no cgroup2 mounted"; fi; }
CG=$(cgroot)
cg() { echo "$CG/$P-$1"; }
box() { [ -d "$D/b/$1" ] || die "no box '$1' (create it)"; }
leader() { # pid of the box's PID 1
	local n k; n=$(cat "$D/b/$1/nspawn.pid" 2>/dev/null) || return 1
	# shellcheck disable=SC2013  # numbers in one line
	for k in $(cat "/proc/$n/task/$n/children" 2>/dev/null); do
		grep -q "^NSpid:.*[[:space:]]1$" "/proc/$k/status" 2>/dev/null && { echo "$k"; return 0; }
	done; return 1; }
alive() { # a zombie (its reaper, the host's PID 1, may be slow) counts as dead
	local s; s=$(sed 's/.*) //;s/ .*//' "/proc/$1/stat" 2>/dev/null) && [ "$s" != Z ]; }
running() { leader "$1" >/dev/null; }
ns() { ip netns exec "$P-$1" "${@:2}"; }
hub() { ip netns exec "$P-net-$1" "${@:2}"; }
nsenter_box() { # NAME CMD... : enter all namespaces; join the box's cgroup so `kill` reaps it too
	local n=$1 l; shift; l=$(leader "$n") || die "box '$n' is not running"
	mkdir -p "$(cg "$n")/exec"; echo $BASHPID >"$(cg "$n")/exec/cgroup.procs"
	# nsenter keeps all of the host's capabilities: give up those that reach the host itself
	exec nsenter -t "$l" -m -u -i -n -p -C -- setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio \
		-- "${ENVI[@]}" "$@"; }

dir() { mountpoint -q "$D" || { mkdir -p "$D"; mount -t tmpfs -o mode=755,size=50% sdbox "$D"; }; }
create() {
	local n=$1 b=$D/b/$1
	[[ $n =~ ^[a-z][a-z0-9]{0,9}$ ]] || die "box name: [a-z][a-z0-9]{0,9}"
	dir
	[ -d "$b" ] && destroy "$n"
	mkdir -p "$b/up" "$b/work" "$b/root"; local u=$b/up
	echo "${SDBOX_OWNER:-$PPID}" >"$b/owner"
	ip netns add "$P-$n"; ip -n "$P-$n" link set lo up
	# hermetic: nothing that the base has *enabled* runs; only what the test enables
	mkdir -p "$u/etc/systemd/system" "$u/var/log/journal"
	for x in console-getty.service getty.target systemd-timesyncd.service e2scrub_reap.service \
		systemd-ask-password-console.path systemd-ask-password-wall.path \
		systemd-networkd-wait-online.service dev-hugepages.mount; do
		ln -s /dev/null "$u/etc/systemd/system/$x"; done
	ln -s /usr/lib/systemd/system/multi-user.target "$u/etc/systemd/system/default.target"
	opaque "$u/etc/systemd/system"; opaque "$u/var/log/journal"
	tr -d - </proc/sys/kernel/random/uuid >"$u/etc/machine-id"
	echo "$n" >"$u/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$n" >"$u/etc/hosts"; }

opaque() { # DIR: an overlayfs-opaque dir hides the base's content (needs CAP_SYS_ADMIN)
	if command -v setfattr >/dev/null; then setfattr -n trusted.overlay.opaque -v y "$1"
	else python3 -c 'import os,sys; os.setxattr(sys.argv[1],"trusted.overlay.opaque",b"y")' "$1"; fi; }

start() {
	local n=$1 b=$D/b/$1 c i l; box "$n"; running "$n" && die "box '$n' already runs"
	c=$(cg "$n"); rmcg "$c"; mkdir -p "$c"
	local lower=${SDBOX_BASE:-/} x binds=(); for x in ${SDBOX_BIND:-}; do binds+=(--bind-ro="$x"); done
	for x in ${SDBOX_BINDRW:-}; do binds+=(--bind="$x"); done
	for x in lib bin sbin; do [ -d "$b/up/$x" ] && [ ! -L "$b/up/$x" ] &&
		die "$b/up/$x is a directory: it would hide the /$x symlink (install under /usr)"; done
	# shellcheck disable=SC2016,SC2086
	setsid unshare --mount --propagation private bash -c '
		set -e
		b=$1 c=$2 lower=$3 n=$4 netns=$5; shift 5
		echo $$ >"$c/cgroup.procs"                # own cgroup, so that boxes do not collide
		mount -t cgroup2 cgroup2 /sys/fs/cgroup   # private: nspawn now sees a unified host
		mount -t tmpfs tmpfs /run/systemd         # private: nspawn scratch
		mkdir -p /run/systemd/inaccessible; : >/run/systemd/inaccessible/reg
		mkdir -p /run/systemd/inaccessible/dir; chmod 0 /run/systemd/inaccessible/*
		mount -t overlay overlay -o "lowerdir=$lower,upperdir=$b/up,workdir=$b/work" "$b/root"
		exec systemd-nspawn --quiet --boot --directory="$b/root" --machine="$n" --hostname="$n" \
			--register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
			--network-namespace-path="$netns" --console=pipe \
			--capability=CAP_NET_ADMIN,CAP_IPC_LOCK,CAP_BPF,CAP_PERFMON \
			--system-call-filter="bpf @memlock @keyring" "$@"
	' sdbox "$b" "$c" "$lower" "$n" "/run/netns/$P-$n" "${binds[@]}" ${SDBOX_NSPAWN:-} \
		-- systemd.log_target=journal ${SDBOX_APPEND:-} </dev/null >>"$b/console.log" 2>&1 &
	echo $! >"$b/nspawn.pid"; disown
	for ((i = 0; i < 1200; i++)); do
		l=$(leader "$n") && [ -S "/proc/$l/root/run/systemd/private" ] && break
		alive "$(cat "$b/nspawn.pid")" || { tail -5 "$b/console.log" >&2; die "box '$n' died while booting"; }
		sleep 0.025
	done
	# prints running | degraded; a degraded box is up, but some unit failed
	( nsenter_box "$n" timeout 60 systemctl is-system-running --wait ) || true; }

rmcg() { local i; [ -d "$1" ] || return 0
	for ((i = 0; i < 80; i++)); do
		find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
		[ -d "$1" ] || return 0; sleep 0.025; done
	die "cannot remove cgroup $1"; }
waitgone() { local i p; p=$(cat "$D/b/$1/nspawn.pid" 2>/dev/null) || return 0
	for ((i = 0; i < ${2:-3600}; i++)); do alive "$p" || { rm -f "$D/b/$1/nspawn.pid"; return 0; }; sleep 0.025; done; return 1; }
stop() { box "$1"; local l; l=$(leader "$1") || return 0
	kill -s RTMIN+4 "$l"      # = systemctl poweroff
	waitgone "$1" || die "box '$1' does not stop (kill it)"; rmcg "$(cg "$1")"; }
boxkill() { box "$1"; local c; c=$(cg "$1")
	[ -d "$c" ] && echo 1 >"$c/cgroup.kill"; waitgone "$1" 400; rmcg "$c"; }
destroy() {
	local n; [ "${1:-}" = --all ] && { shift; [ -d "$D/b" ] && mapfile -t boxes < <(ls "$D/b") && set -- "${boxes[@]}"; all=1; }
	for n in "$@"; do
		[ -e "$D/b/$n/queue.pid" ] && { kill "$(cat "$D/b/$n/queue.pid")" 2>/dev/null || true; }
		[ -d "$D/b/$n" ] && { boxkill "$n"; rm -rf "${D:?}/b/$n"; }
		ip netns del "$P-$n" 2>/dev/null || true; done
	[ "${all:-}" ] && { ip netns list | awk -v p="$P-net-" 'index($1,p)==1{print $1}' |
		while read -r x; do ip netns del "$x"; done; mountpoint -q "$D" && umount "$D"; rmdir "$D" 2>/dev/null || true; }
	return 0; }
gc() { local b; for b in "$D"/b/*; do [ -d "$b" ] || continue
	alive "$(cat "$b/owner")" || destroy "$(basename "$b")"; done; }

net() { ip netns add "$P-net-$1"; hub "$1" ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	hub "$1" ip link set br0 up
	hub "$1" nft add table bridge sdbox
	hub "$1" nft add chain bridge sdbox fw '{ type filter hook forward priority 0; }'; }
link() { local n=$1 w=$2 a=$3 i=${4:-eth0}; box "$n"
	hub "$w" ip link add name "$n" type veth peer name "$i" netns "$P-$n"
	hub "$w" ip link set dev "$n" master br0 up; ip -n "$P-$n" addr add "$a" dev "$i" nodad 2>/dev/null || ip -n "$P-$n" addr add "$a" dev "$i"
	ip -n "$P-$n" link set dev "$i" up; echo "$w" >"$D/b/$n/net"; }
netof() { cat "$D/b/$1/net"; }
fwrule() { # KEY MATCH... : one rule per KEY
	local w=$1 k=$2; shift 2; local h
	for h in $(hub "$w" nft -a list chain bridge sdbox fw | sed -n "s/.*comment \"$k\" # handle //p"); do
		hub "$w" nft delete rule bridge sdbox fw handle "$h"; done
	[ $# -eq 0 ] || hub "$w" nft add rule bridge sdbox fw "$@" comment "\"$k\""; }
cmd=${1:-}; shift || true
case $cmd in
create) for x; do create "$x"; done ;;
start) for x; do start "$x"; done ;;
exec) u=; [ "${1:-}" = -u ] && { u=$2; shift 2; }; n=$1; shift; box "$n"
	if [ -n "$u" ]; then nsenter_box "$n" runuser -u "$u" -- "$@"; else nsenter_box "$n" "$@"; fi ;;
push) tar -C "$(dirname "$2")" -cf - "$(basename "$2")" | ( nsenter_box "$1" sh -c "mkdir -p \"\$1\" && tar -C \"\$1\" -xf - --no-same-owner" sh "$3" ) ;;
pull) ( nsenter_box "$1" tar -C "$(dirname "$2")" -cf - "$(basename "$2")" ) | tar -C "$3" -xf - ;;
root) box "$1"; echo "$D/b/$1/up" ;;
stop) for x; do stop "$x"; done ;;
kill) for x; do boxkill "$x"; done ;;
destroy) destroy "$@" ;;
gc) gc ;;
net) net "$1" ;;
link) link "$@" ;;
down | up) ip -n "$P-net-$(netof "$1")" link set dev "$1" "$cmd" ;;
cut) fwrule "$(netof "$1")" "cut-$1-$2" iifname "$1" oifname "$2" counter drop ;;
heal) fwrule "$(netof "$1")" "cut-$1-$2" ;;
loss) if [ "$3" = 0 ]; then fwrule "$(netof "$1")" "loss-$1-$2"; else
	fwrule "$(netof "$1")" "loss-$1-$2" iifname "$1" oifname "$2" numgen random mod 1000 '<' "$(awk "BEGIN{x=int($3*10); print (x>999?999:x)}")" counter drop; fi ;;
netem) tc -n "$P-$1" qdisc replace dev eth0 root netem delay "$2ms" "$3ms" ;;
queue) n=$1 q=$2; shift 2
	(exec ip netns exec "$P-$n" "$@" </dev/null >>"$D/b/$n/console.log" 2>&1) &
	echo $! >"$D/b/$n/queue.pid"; disown
	ns "$n" iptables -w -A OUTPUT -o eth0 -j NFQUEUE --queue-num "$q" --queue-bypass ;;
pid) leader "$1" ;;
log) cat "$D/b/$1/console.log" ;;
ls) for b in "$D"/b/*; do [ -d "$b" ] && { x=$(basename "$b"); echo "$x $(leader "$x" || echo down)"; }; done ;;
*) sed -n '3,42s/^# \{0,1\}//p' "$0"; exit 64 ;;
esac
