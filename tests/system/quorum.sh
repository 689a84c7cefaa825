# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Four authorities. First the first election of voted(7), as it stands there, typed at terminals. Then an election in which people
# vote all the time while one authority after the other is killed, one is cut off, and every link delays, jitters and loses. Then
# two of four are down. A part of `run`.
hosts_up wan

# --- the page: of each example of each section its commands, prompt and all
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/man/man7/voted.7.gz | zcat | awk -v file="$SDBOX_DIR/step" '
	/^\.Sh / { here = /A FIRST ELECTION/ }
	/^\.Ss / { section = $2; n = 0 }
	/^\.Ed/ { literal = 0 }
	here && literal { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); print >(file "." section n) }
	here && /^\.Bd -literal/ { literal = 1; n++ }'
step() { # SECTION.EXAMPLE: into $commands
	local line
	commands=()
	while IFS= read -r line; do
		case $line in
		'# '* | "\$ "*) commands+=("$line") ;;
		*) commands[-1]+=$'\n'$line ;;
		esac
	done <"$SDBOX_DIR/step.$1"
}

# --- a terminal: what is asked there is answered from $answers
declare -A answers=(
	['Passphrase for .*: $']='correct horse'
	['Once more: $']='correct horse'
	['Enter passphrase for .*: $']='battery staple'
	['\[yes/no\] $']=yes
)
at_terminal() { # USER HOST COMMAND: leaves what was said in $said, and in $asked how often something was asked
	local c='' line='' question in out pid
	said='' asked=0
	coproc terminal { as "$1" "$2" script -qefc "cd; $3" /dev/null 2>&1; }
	pid=$!
	exec {in}>&"${terminal[1]}" {out}<&"${terminal[0]}"
	while IFS= read -r -N 1 -t 90 -d '' c <&"$out"; do
		said+=$c line+=$c
		[ "$c" != $'\n' ] || line=''
		[ "$c" = ' ' ] || continue
		for question in "${!answers[@]}"; do
			[[ $line =~ $question ]] || continue
			printf '%s\n' "${answers[$question]}" >&"$in"
			asked=$((asked + 1)) line=''
		done
	done
	exec {in}>&- {out}<&-
	wait "$pid"
}
# What stands in quotation marks in the comment of a command is what it says. Where others have their part in it first, it is typed again.
typed() { # USER COMMAND HOST
	local user=$1 command=${2:2} host=$3 name expected=()
	[ "${2:0:1}" = "$([ "$user" = root ] && echo '#' || echo '$')" ] || { not_ok "$host: for another user: $2"; return; }
	name=${command%%$'\n'*} name=${name%%  *}
	for k in 1 2 3 4; do command=${command//KEY$k/${keys[k - 1]:-}}; done
	command=${command//--network ID/--network ${id:-}}
	mapfile -t expected < <(grep -oE '   # .*' <<<"$command" | grep -oE '"[^"]*"' | tr -d '"')
	says_it() { at_terminal "$user" "$host" "$command" && for x in "${expected[@]}"; do [[ $said == *"$x"* ]] || return 1; done; }
	if says_it || { [[ $name == *' status' ]] && until_true 30 says_it; }; then
		ok "$host: $name"
	else
		not_ok "$host: $name"
		printf '%s\n' "$said"
	fi
}
# on all hosts at once; what is said comes in their order
on_each() { # COMMAND... and the host
	local h line
	for h in $hosts; do "$@" "$h" >"$SDBOX_DIR/out.$h" 2>&1 & done
	wait
	for h in $hosts; do
		while IFS= read -r line; do
			case $line in
			'ok '*) ok "${line#* - }" ;;
			'not ok '*) not_ok "${line#* - }" ;;
			*) printf '%s\n' "$line" ;;
			esac
		done <"$SDBOX_DIR/out.$h"
	done
}
first_answer() { grep -oE '[0-9a-f]{64}' <<<"$1" | head -n 1; }

keys=()
examples=$(cd "$SDBOX_DIR" && echo step.[1-6].*)
check "voted(7) shows in six sections what to type" [ "$examples" = "step.1.1 step.1.2 step.2.1 step.3.1 step.4.1 step.5.1 step.6.1" ]

# --- 1. nodes
for h in $hosts; do
	box push "$h" "$deb" /root
	for u in alice bob crowd; do on "$h" useradd -m -s /bin/bash $u; done
done
step 1.1
for c in "${commands[@]}"; do on_each typed root "$c"; done
for h in $hosts; do keys+=("$(on "$h" votectl authority key)"); done
step 1.2
for h in h1 h2; do for c in "${commands[@]}"; do typed root "$c" $h; done; done

# --- 2. the network
step 2.1
for c in "${commands[@]}"; do typed alice "$c" h1; done
id=$(first_answer "$said")
box pull h1 /home/alice/club.genesis "$SDBOX_DIR"
check "the id is what b2sum makes of the genesis" [ "$id" = "$(tr -d '\n' <"$SDBOX_DIR/club.genesis" | b2sum -l 256 | cut -d' ' -f1)" ]
four_authorities() { jq -e '.engine.type == "quorum" and .engine.authorities == $ARGS.positional' "$SDBOX_DIR/club.genesis" --args "${keys[@]}" >/dev/null; }
check "its engine is quorum, its authorities are the four" four_authorities

# --- 3. joining
for h in $hosts; do box push "$h" "$SDBOX_DIR/club.genesis" /root; done
step 3.1
for c in "${commands[@]}"; do
	[[ $c != *init* ]] || check "nobody signs without a record" is h1 signing false
	on_each typed root "$c"
done
for h in $hosts; do check "$h: it signs" until_true 20 is "$h" signing true; done
# within a moment: systemd is told at most twice a second
check "systemctl status says how it stands" until_true 10 on h4 sh -c 'systemctl status voted-peer | grep -qF "Status: \"$(votectl status --json | jq -r .status)\""'

# --- 4. who may vote, and on what; alice's editor knows what she wants
on h1 sh -c 'cat >/usr/local/bin/editor && chmod 755 /usr/local/bin/editor' <<'END'
#!/bin/sh
jq '.title = "The board" | .opens = "+6s" | .closes = "+45s" | .questions[0].options = ["Ada", "Grace", "Alan", "None of the above"]' "$1" >"$1.new" &&
	mv "$1.new" "$1"
END
on h1 install -d -o alice /home/alice/keys
for v in 1 2 3 4 5 6; do
	h=h$(((v - 1) % 4 + 1))
	on $h useradd -m -s /bin/bash v$v
	as v$v $h sh -c "cd; mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '$([ $v != 1 ] || echo 'battery staple')' -f .ssh/id_ed25519 && cat .ssh/id_ed25519.pub" |
		on h1 tee /home/alice/keys/$v.pub >/dev/null
	box push $h "$SDBOX_DIR/club.genesis" /home/v$v
done
step 4.1
for c in "${commands[@]}"; do typed alice "$c" h1; done
check "what administers is signed with a key that asks for its passphrase, and shown first" [ "$asked" = 2 ]
for h in $hosts; do check "$h: the election is open" until_true 30 opened "$h" board-2027; done

# --- 5. voting
step 5.1
choices=('' 'Ada, Grace' Ada '1, 0' 'Alan=Ada' 'Ada,Alan' Grace)
for v in 1 2 3 4 5 6; do
	answers['Your choice: $']=${choices[v]}
	for c in "${commands[@]}"; do typed v$v "$c" h$(((v - 1) % 4 + 1)); done
done
for h in $hosts; do check "$h: six ballots" until_true 20 ballots_are "$h" board-2027 6; done

# shellcheck source=tests/system/storm.sh
. "$here/storm.sh"

# --- 6. the result of the first election, after all that
for h in $hosts; do check "$h: the result of board-2027 is final" until_true 60 final_result "$h" board-2027; done
step 6.1
for c in "${commands[@]}"; do typed bob "$c" h2; done
check "counted from a file, the result is final" grep -q '6 of 6 voters took part (100.0 %);.*final' <<<"$said"
check "Ada is elected" [ "$(on h3 votectl results board-2027 --json | jq -c '.result.questions[0] | [.options[.elected[]]]')" = '["Ada"]' ]
