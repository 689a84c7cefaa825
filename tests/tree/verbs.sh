#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every verb and option of votectl stands in its manual page and in the completions of all three
# shells, every verb's help has an example, and the completions complete.
set -uo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${VOTECTL:=$PWD/votectl}"
man=$abs_top_srcdir/man/votectl.1.in
completions=$abs_top_srcdir/completions
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export XDG_DATA_HOME=$tmp
failed=0
fail() { echo "FAIL: $*"; failed=1; }

# The overview has a block of lines for each family: two blanks, then the verb, in lower case.
mapfile -t verbs < <("$VOTECTL" --help | awk '/^Options/ { exit } /^  [a-z]/ {
	verb = $1; if ($2 ~ /^[a-z]+$/ && substr($0, 1, 28) ~ $2) verb = verb " " $2; print verb }')
[ "${#verbs[@]}" -gt 30 ] || fail "votectl --help lists ${#verbs[@]} verbs only."
options() { awk '/^Options/ { on = 1 } on && match($0, /--[a-z-]+/) { print substr($0, RSTART + 2, RLENGTH - 2) }'; }

in_man() { grep -q "Fl Fl ${1//-/[-]}\b" "$man"; }
in_shells() {
	for f in votectl.bash _votectl; do
		grep -q -e "--$1\b" "$completions/$f" || fail "--$1 is not in completions/$f."
	done
	grep -q -e "-l $1\b" "$completions/votectl.fish" || fail "--$1 is not in completions/votectl.fish."
}

for o in $("$VOTECTL" --help | options); do
	in_man "$o" || fail "--$o is not in votectl(1)."
	in_shells "$o"
done
for verb in "${verbs[@]}"; do
	grep -q "^\.It Cm $verb\b" "$man" || fail "\"$verb\" is not in votectl(1)."
	for f in votectl.bash _votectl votectl.fish; do
		grep -q "\b${verb##* }\b" "$completions/$f" || fail "\"$verb\" is not in completions/$f."
	done
	# shellcheck disable=SC2086
	text=$("$VOTECTL" $verb --help) || fail "votectl $verb --help failed."
	grep -q '^Example:' <<<"$text" || fail "votectl $verb --help has no example."
	for o in $(options <<<"$text"); do
		in_man "$o" || fail "--$o of \"$verb\" is not in votectl(1)."
		in_shells "$o"
	done
done

if command -v mandoc >/dev/null; then
	for page in "$man" "$abs_top_srcdir/man/voted.7.in"; do
		lint=$(mandoc -Tlint "$page" | grep -v 'referenced manual not found') && fail "${page##*/}: $lint"
	done
else
	echo "mandoc is missing (Debian: apt install mandoc): the pages were not judged."
fi

# A votectl that knows one election.
mkdir "$tmp/bin"
cat >"$tmp/bin/votectl" <<'EOF'
#!/bin/sh
case "$*" in *"elections --names"*) echo board-2027;; esac
EOF
chmod +x "$tmp/bin/votectl"

complete_bash() {
	PATH=$tmp/bin:$PATH bash -c '
		. "$1"; shift
		COMP_WORDS=(votectl "$@") COMP_CWORD=$#
		_votectl && echo "${COMPREPLY[*]}"' bash "$completions/votectl.bash" "$@"
}
[ "$(complete_bash cas)" = cast ] || fail "bash: \"cas\" gave \"$(complete_bash cas)\"."
[ "$(complete_bash cast '')" = board-2027 ] || fail "bash: \"cast \" gave \"$(complete_bash cast '')\"."
[ "$(complete_bash --instance x show b)" = board-2027 ] || fail "bash: no election behind --instance."
[ "$(complete_bash network cr)" = create ] || fail "bash: \"network cr\" gave \"$(complete_bash network cr)\"."
[ "$(complete_bash network create --appr)" = --approvals ] || fail "bash: no option of network create."

if command -v zsh >/dev/null; then
	zsh -n "$completions/_votectl" || fail "zsh cannot read completions/_votectl."
else
	echo "zsh is missing: its completion was not tried."
fi
if command -v fish >/dev/null; then
	complete_fish() {
		HOME=$tmp PATH=$tmp/bin:$PATH fish --no-config -c "source $completions/votectl.fish; complete -C '$1'" |
			cut -f1 | tr '\n' ' '
	}
	[ "$(complete_fish 'votectl cas')" = "cast " ] || fail "fish: \"cas\" gave \"$(complete_fish 'votectl cas')\"."
	[ "$(complete_fish 'votectl cast ')" = "board-2027 " ] || fail "fish: \"cast \" gave \"$(complete_fish 'votectl cast ')\"."
	[ "$(complete_fish 'votectl network cr')" = "create " ] || fail "fish: no second word."
else
	echo "fish is missing: its completion was not tried."
fi
exit "$failed"
