#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tree keeps to its layers, and what would break them is found: a copy of src/LAYERS with one
# planted fault at a time must be refused with the words that name it.
set -euo pipefail
: "${abs_top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
check=$abs_top_srcdir/tools/check-layers
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

if ! "$check" "$abs_top_srcdir"; then
	echo "FAIL: the tree breaks its own layers; see above."
	failed=1
fi

plant() { # FILE TEXT: a tree of one file
	rm -rf "${tmp:?}/t"
	mkdir -p "$tmp/t/include/voted" "$tmp/t/$(dirname "$1")"
	mkdir -p "$tmp/t/src"
	cp "$abs_top_srcdir/src/LAYERS" "$tmp/t/src/LAYERS"
	printf '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n' | tee "$tmp/t/include/voted/limits.h" >"$tmp/t/$1"
	printf '%s\n' "$2" >>"$tmp/t/$1"
}
refused() { # FILE TEXT WORDS
	plant "$1" "$2"
	if "$check" "$tmp/t" >"$tmp/out"; then
		echo "FAIL: accepted in $1: $2"
		failed=1
	elif ! grep -qE -- "^$1:[12]: " "$tmp/out" || ! grep -qF -- "$3" "$tmp/out"; then
		echo "FAIL: refused in $1, but not with \"$3\": $2"
		cat "$tmp/out"
		failed=1
	fi
}
accepted() { # FILE TEXT
	plant "$1" "$2"
	if ! "$check" "$tmp/t" >"$tmp/out"; then
		echo "FAIL: refused in $1: $2"
		cat "$tmp/out"
		failed=1
	fi
}

# who includes whom
refused  src/base/a.c      '#include "codec/line.h"'        'base may not include "codec/line.h"'
refused  src/consensus/a.c '#  include "ledger/block.h"'    'consensus may not include'
refused  src/net/a.h       '#include "node/peer.h"'         'net may not include'
refused  src/votectl/a.c   '#include "voted/control.h"'     'votectl may not include'
refused  src/base/a.c      '#include "buf.h"'               'must be named with its folder'
refused  src/extra/a.c     'int a;'                         'src/extra is no layer'
refused  include/voted/a.h '#include "base/buf.h"'          'include/ knows nothing of src/'
accepted src/base/a.c      '#include "voted/limits.h"'
accepted src/ledger/a.c    '#include "consensus/header.h"'
accepted src/ledger/a.c    '#include "ledger/entry.h"'
accepted src/voted/a.c     '#include "node/peer.h"'
accepted src/base/a.c      '#include "config.h"'

# who owns which library
refused  src/ledger/a.c    '#include <sodium.h>'            '<sodium.h> belongs to src/crypto/'
refused  src/voted/a.c     '#include <sodium/utils.h>'      'belongs to src/crypto/'
refused  src/ledger/a.c    '#include <sqlite3.h>'           'belongs to src/ledger/db.h'
refused  src/ledger/a.c    '#include <jansson.h>'           'belongs to'
refused  src/node/a.c      '#include <systemd/sd-event.h>'  'belongs to'
refused  src/base/a.c      '#include <systemd/sd-journal.h>' 'belongs to'
refused  src/ledger/a.c    '#include "ledger/db.h"'          'belongs to'
refused  src/node/a.c      'r = store_memory_new(&s);'      'store_memory_new() is only for'
accepted src/crypto/a.c    '#include <sodium.h>'
accepted src/ledger/db.h   '#include <sqlite3.h>'
accepted src/votectl/a.c   'r = store_memory_new(&s);'

# who calls what
refused  src/net/a.c       'x = strcpy(a, b);'              'strcpy() is banned'
refused  src/voted/a.c     'x = rand ();'                   'rand() is banned'
refused  src/base/a.c      'if (system("ls"))'              'system() is banned'
refused  src/node/a.c      'log_info("hello");'             'log_info() is only for'
refused  src/base/a.c      'exit(1);'                       'exit() is only for'
refused  src/election/a.c  't = time(NULL);'                'time has no place in pure code'
refused  src/consensus/a.c 'printf("x");'                   'printf has no place in pure code'
refused  src/ledger/a.c    'double share = 0;'              'double has no place in pure code'
refused  src/node/a.c      'FILE *f;'                       'FILE has no place in pure code'
accepted src/ledger/db-file.c 'fsync(fd);'
accepted src/net/a.c       'log_info("hello");'
accepted src/election/a.c  'h->time = ev.time(3);'
accepted src/election/a.c  'x = sometime(3); /* time(NULL), printf() */'
accepted src/election/a.c  'x = "printf(time(NULL))"; // rand()'
accepted src/base/a.c      'n = snprintf(buf, sizeof(buf), "%s", s);'

# form
plant src/base/a.c ''
echo 'int a;' >"$tmp/t/src/base/a.c"
if "$check" "$tmp/t" >"$tmp/out" || ! grep -q 'SPDX' "$tmp/out"; then
	echo "FAIL: accepted a file without its licence line."
	failed=1
fi
plant src/base/a.c "$(seq -f '/* %g */' 600)"
if ! "$check" "$tmp/t" >"$tmp/out" || ! grep -q 'over 500 lines' "$tmp/out"; then
	echo "FAIL: a file of 600 lines must be warned of, and no more than that."
	failed=1
fi
[ "$failed" = 0 ] && echo "The tree keeps to its layers; every planted fault was found."
exit "$failed"
