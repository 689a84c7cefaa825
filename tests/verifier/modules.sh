# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced by tests that run JavaScript: fetches what package-lock.json names into the build folder, once, and has require() find it
# there. Nothing but tests uses it. A test ends here with 77 where there is no Node.js or the registry of npm cannot be reached.

# node_modules_ready: sets NODE_PATH, or ends the test.
node_modules_ready() {
	local here tool version dir out status=0
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	for tool in node npm; do
		command -v "$tool" >/dev/null || { echo "skipped: $tool is missing (Debian: apt install nodejs npm)"; exit 77; }
	done
	version=$(node --print 'process.versions.node.split(".")[0]')
	[ "$version" -ge 18 ] || { echo "skipped: Node.js $version is too old, expected 18 or later"; exit 77; }

	dir=${abs_top_builddir:?make check sets it}/tests/verifier/npm
	mkdir -p "$dir"
	# one at a time: make runs tests in parallel
	exec {npm_lock}>"$dir/lock"
	flock "$npm_lock"
	if ! cmp -s "$here/package-lock.json" "$dir/installed"; then
		cp "$here/package.json" "$here/package-lock.json" "$dir"
		chmod u+w "$dir"/package*.json
		out=$(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 --loglevel=error 2>&1 \
			</dev/null) || status=$?
		if [ "$status" != 0 ]; then
			printf '%s\n' "$out"
			# what a network that is not there looks like, to npm; anything else is a failure
			if grep -qE 'E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH|IDLETIMEOUT)|SOCKET_TIMEOUT' <<<"$out"; then
				echo "skipped: the registry of npm cannot be reached"
				exit 77
			fi
			echo "FAILED: npm ci"
			exit 1
		fi
		cp "$here/package-lock.json" "$dir/installed"
		chmod u+w "$dir/installed"
	fi
	exec {npm_lock}>&-
	export NODE_PATH=$dir/node_modules
}

# second_verifier ARGUMENT...: verify.js, for a test that goes on without it: 77, and a word, where it cannot run.
second_verifier() {
	local modules
	modules=$(node_modules_ready >&2 && printf '%s' "$NODE_PATH") || return
	NODE_PATH=$modules node "$(dirname "${BASH_SOURCE[0]}")/verify.js" "$@"
}
