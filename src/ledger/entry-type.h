/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ledger/entry.h"
#include "ledger/store.h"
#include "voted/limits.h"

/* One row a kind of entry, each in a file of its own (kind-*.c): its form, and its rules on the
 * state (state.h). A new kind is a new file, a row in entry.c, and a number in EntryKind. */

typedef struct State State;
typedef struct Act Act;

typedef struct EntryType {
        const char *name;               /* "kind" */
        size_t limit;                   /* offset in Limits of the most bytes of its line */
        bool administers;               /* takes effect when enough admins have signed */

        /* --- form: needs the genesis alone --- */

        /* Reads what is the kind's own from the parsed line (kind, signer and signature are read
         * already). 0, verdict, -ENOMEM. */
        int (*parse)(Entry *e, const Json *o, const Genesis *g, Why *why);
        void (*done)(Entry *e); /* frees what parse() made, also after it failed; NULL: nothing */

        /* --- rules --- */

        /* Whether e may stand in a block with that time. For what administers, state.c has checked
         * the rights of the signer and that it was not posted before. NULL: yes. */
        int (*check)(State *s, Entry *e, uint64_t time, Why *why);
        /* e is in the ledger as act (for what administers: it may take effect at once, or later). 0
         * or -ENOMEM. NULL: nothing. */
        int (*post)(State *s, Act *act);
        void (*unpost)(State *s, Act *act);

        /* What administers: whether act may take effect in a block with that time; asked when it is
         * posted and at every approval. NULL: always. */
        int (*check_effect)(State *s, const Entry *e, uint64_t time, Why *why);
        /* Enough have signed. 0 or -ENOMEM. NULL: nothing but that. */
        int (*effect)(State *s, Act *act);
        void (*uneffect)(State *s, Act *act);

        /* --- what it proves beside its signature, which costs as much as many signatures: checked on
         * any thread, once. Asked after check(), or for a block that is not the next, to which check() says
         * little: whatever the line says makes a verdict here too, and no more work. --- */

        /* Makes the check; *ret NULL: e has nothing to prove. Whatever of the state goes into it is
         * copied. 0, verdict (what is found wrong at once), -errno. NULL: nothing to prove. */
        int (*content)(State *s, Entry *e, CheckContent **ret, Why *why);
        /* What of the state it would be checked against now. NULL: what the line itself names, or
         * nothing. */
        void (*context)(State *s, const Entry *e, Id *ret);
} EntryType;

const EntryType* entry_type(EntryKind k);       /* never NULL for a kind in range */

extern const EntryType entry_type_roll, entry_type_election, entry_type_approve,
                entry_type_withdraw, entry_type_admins, entry_type_draw, entry_type_vote,
                entry_type_trustee, entry_type_board, entry_type_deal, entry_type_confirm,
                entry_type_object, entry_type_share;

/* Reads a vote in its canonical form without building a tree: 0 and *e filled in, or V_FORM (read
 * it the long way, which says what is wrong). The line was checked to be canonical. */
_must_check_ int vote_parse_canonical(Entry *e, const char *line, size_t n);
