/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/hash.h"
#include "base/workers.h"
#include "election/roll.h"
#include "election/sealed-sum.h"
#include "ledger/entry-type.h"

/* The state that the entries of a chain make (DESIGN 3), in memory. What administers is few: every
 * such entry is an Act, kept in ledger order. Votes are many and live in the store; of an election
 * that takes votes, the last seq and the count of each voter are kept here besides (8 bytes a voter),
 * read from the store when they are first needed.
 *
 * Applying appends acts and facts that hang on them; undoing takes acts off the end in reverse order
 * and each takes its facts along. So apply and undo are each other's mirror, and neither asks what
 * kind an act is.
 *
 * Approvals: an act counts the signatures of those who are admins when it is looked at, and it is
 * looked at when it is posted and at every approval. Who was removed counts no more for what has not
 * taken effect (and again, should they come back); what has taken effect stays. */

typedef struct Election Election;
typedef struct Board Board;     /* board.h */

struct Act {                    /* an entry other than a vote, in the ledger */
        Entry *entry;
        Place place;
        /* Of kinds that administer: */
        Place effect;           /* of the entry that completed its approvals; 0: they are missing */
        Key *signers;           /* the poster and who approved, in this order, none twice */
        size_t n_signers;

        Act *target;            /* approve: what it approves */
        Election *election;     /* election, withdraw, draw, share */
        Board *board;           /* board, deal, confirm, object */
        UT_hash_handle hh;      /* by the entry's id */
        UT_hash_handle hh_roll; /* roll: by name and part */
        char *roll_key;
};

typedef struct VoterState {
        uint32_t seq, count;    /* of the last vote in the ledger (0: none), number of votes */
} VoterState;

struct Election {
        Act *act;
        RollSet *rolls;
        uint64_t grace;
        Act *withdrawn;         /* in effect */
        Act *draw;              /* in effect */
        uint64_t closing_height;        /* 0: not closed */
        Id closing_block;
        VoterState *voters;     /* by voter number; NULL: not read from the store */
        uint64_t ballots;       /* voters with a vote; meaningful if ballots_known */
        bool ballots_known;
        /* Sealed elections: */
        Board *board;           /* NULL: an open one */
        Act *shares[TRUSTEES_MAX];      /* in ledger order: the first `threshold` count */
        unsigned n_shares;
        UT_hash_handle hh;      /* by name */
};

typedef struct Admin {
        Key key;
        Act *added, *removed;   /* NULL: by the genesis; in force */
} Admin;

typedef struct VoteDone {       /* a vote applied since state_begin(), and what was there before */
        Election *election;
        uint32_t voter;
        VoterState before;
} VoteDone;

struct State {
        const Genesis *genesis;
        Store *store;
        struct Sums *sums;      /* the chain's: they outlive what is read anew from the store */
        Workers *workers;       /* for what takes a core, such as a sum; NULL: in place */
        bool lean;              /* of a vote's line the store has the ballot alone */

        Act **acts;             /* in ledger order */
        size_t n_acts, allocated_acts;
        Act *by_id, *rolls_by_key;
        Election **elections;   /* in ledger order of their posting */
        size_t n_elections, allocated_elections;
        Election *by_name;
        Board *boards;          /* by name */

        Admin *admins;          /* every term, in order of its beginning */
        size_t n_admins, allocated_admins;
        Key *in_force;          /* derived from admins */
        size_t n_in_force;

        uint64_t height, time;  /* of the block that began last */
        VoteDone *votes;
        size_t n_votes, allocated_votes;

        RollSet *spare_rolls; /* of the last election that was checked: applying it needs the same */
        Id *spare_ids;
        size_t n_spare_ids;
};

_must_check_ int state_new(State **ret, const Genesis *g, Store *s);
State* state_free(State *s);
DEFINE_CLEANUP(State*, state_free)

/* A block of that height, time and id begins: elections close. Its votes are journalled until the
 * next one. */
void state_begin(State *s, uint64_t height, uint64_t time, const Id *block);
/* Whether e is valid next, in a block with that time. 0, verdict, -errno. Changes nothing but
 * memos. */
_must_check_ int state_check(State *s, Entry *e, uint64_t time, Why *why);
/* e was checked, or stands in a ledger that was: it takes place. 0 or -errno (of e nothing remains
 * then). *e is referenced where it is kept. -EUCLEAN: it could not have been valid. */
_must_check_ int state_apply(State *s, Entry *e, Place place);
/* The block is there for good: its journal, and the voters of elections that it closed, are let go. */
void state_keep(State *s);
/* Takes back the votes since state_begin() (unless they were kept) and every act and closing of
 * this height and above. */
void state_undo(State *s, uint64_t height);
/* Votes of disconnected blocks are gone from the store: what is kept of this voter is read anew. */
_must_check_ int state_vote_undone(State *s, const Entry *vote);
/* Sets closing heights and blocks from the store's blocks (after the acts were applied at a start). */
_must_check_ int state_find_closings(State *s, uint64_t tip);

Act* state_act(const State *s, const Id *id);                   /* NULL */
Election* state_election(const State *s, const Id *id);         /* NULL: no election of that id */
/* That an entry names as its "election". 0, or V_UNKNOWN with why. */
_must_check_ int state_find_election(const State *s, const Id *id, Election **ret, Why *why);
Election* state_election_by_name(const State *s, const char *name);
/* Elections and boards have their names in common. 0 or V_DUPLICATE: taken, for ever. */
_must_check_ int state_check_name(const State *s, const char *name, Why *why);
Act* state_trustee(const State *s, const Key *k);       /* the key's last `trustee`; NULL */
/* The time of a block that is in the store, or is being connected. 0 or -errno. */
_must_check_ int state_time_at(State *s, uint64_t height, uint64_t *ret);
bool state_is_admin(const State *s, const Key *k);
unsigned act_approvals(const State *s, const Act *a);           /* by those who are admins now */
/* Derives in_force, which has room already: admins[] never shrinks it. */
void state_admins_changed(State *s);
/* Enough have signed act, the last of them at place. 0 or -ENOMEM; and back. */
_must_check_ int state_effect(State *s, Act *act, Place place);
void state_uneffect(State *s, Act *act);
/* The voters that d names: every roll in effect, no key twice. The caller owns *ret. 0, verdict,
 * -ENOMEM. */
_must_check_ int state_rolls(State *s, const Definition *d, RollSet **ret, Why *why);

/* Whether an election may take effect in a block with that time (DESIGN 3: before it opens, and
 * `notice` ahead). */
bool election_in_time(const State *s, const Definition *d, uint64_t time);
/* In effect, and not withdrawn. */
bool election_stands(const Election *e);
/* Sealed, and the board was not ready before it opened. Before that it is not known yet: true. */
bool election_lacks_board(const Election *e);
/* That it is not withdrawn, is in effect, and, once it opens, has its board. 0, V_EARLY or V_LATE. */
_must_check_ int election_check_stands(const State *s, const Election *e, uint64_t time, Why *why);
/* Stands, and takes votes some day, so that it closes. */
bool election_closes(const Election *e);
uint64_t election_end(const Election *e);                       /* closes + grace */
/* The number of the vote's signer on the rolls, looked up once and remembered in it. False: none. */
bool election_voter(const Election *e, Entry *vote, uint32_t *ret);
_must_check_ int election_load_votes(State *s, Election *e);    /* fills e->voters */
_must_check_ int election_count_ballots(State *s, Election *e); /* fills e->ballots */
/* Appends the line of a vote, or its ballot, to *line; *ret_ballot is within it. 0 or -errno. */
_must_check_ int state_read_ballot(State *s, Place place, Buf *line, const char **ret_ballot, size_t *ret_n);

/* Sealed elections (state-sealed.c). What follows from the ballots is computed when it is first asked
 * for, and kept (sums.h). */

/* Of a closed one whose ballots were counted: whether they are as many as `least`, so that their sums
 * may be opened; and whether enough trustees have given their shares. */
bool election_is_counted(const Election *e);
bool election_is_opened(const Election *e);
/* The sum of the last ballots. Borrowed. 0, -EBUSY (not closed yet), -EAGAIN (sums.h), other -errno. */
_must_check_ int election_total(State *s, Election *e, const SealedTotal **ret);
/* What it was opened to, option by option. Borrowed. 0, -EBUSY (not opened yet), -EAGAIN, other -errno. */
_must_check_ int election_opened(State *s, Election *e, const uint64_t **ret);

/* Appends room for one more to a growing array of pointers or structs. */
#define GROW(array, n, allocated)                                                               \
        ({                                                                                      \
                int _grown = 0;                                                                 \
                if ((n) == (allocated)) {                                                       \
                        size_t _m = (allocated) ? 2 * (allocated) : 16;                         \
                        void *_p = reallocarray((array), _m, sizeof(*(array)));                 \
                        if (_p) {                                                               \
                                (array) = _p;                                                   \
                                (allocated) = _m;                                               \
                        } else                                                                  \
                                _grown = -ENOMEM;                                               \
                }                                                                               \
                _grown;                                                                           \
        })
