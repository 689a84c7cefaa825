/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/check.h"
#include "election/result.h"
#include "election/sealed-sum.h"
#include "ledger/block.h"
#include "ledger/store.h"

/* The main chain and the state that its entries make: a pure function of the blocks. Elections, rolls, admins and
 * approvals are in memory (few), votes and lines in the store; every fact carries the height that made it, so that
 * disconnecting is "forget what is of this height and above". Writes go to the store's open transaction; the caller
 * commits (chain_commit()) or rolls back (chain_rollback(), which reloads what memory holds). */
typedef struct Chain Chain;
struct Workers;

typedef enum ElectionPhase {
        ELECTION_PENDING,       /* posted, approvals are missing */
        ELECTION_ANNOUNCED,
        ELECTION_OPEN,
        ELECTION_CLOSED,        /* open elections: the result stands */
        ELECTION_COUNTING,      /* sealed ones, until enough shares are in */
        ELECTION_FINAL,
        ELECTION_WITHDRAWN,
        ELECTION_VOID,
} ElectionPhase;
const char* election_phase_name(ElectionPhase p);       /* "announced" */

typedef struct ElectionInfo {   /* borrowed until the chain changes */
        Place place;            /* of its entry */
        Id id;
        const Definition *definition;
        ElectionPhase phase;    /* as of the tip's time */
        uint64_t grace;         /* in force, seconds */
        uint64_t closing_height;        /* 0: not closed yet */
        Id closing_block;
        unsigned approvals, approvals_needed;
        uint64_t voters, weight;        /* on its rolls */
        uint64_t ballots;               /* voters who have a vote in the ledger */
        const RollSet *rolls;           /* NULL while pending */
        unsigned threshold, shares;     /* of sealed elections: how many trustees open it, and have done so */
        bool drawn;             /* the lot */
        const char *draw_value;
        Key draw_signer;
} ElectionInfo;

typedef struct ChainTip {
        uint64_t height, time;  /* 0 and the genesis's `created` while there is no block */
        Id id;                  /* the network id while there is no block */
} ChainTip;

/* Reads genesis's chain from the store (which must be of this network or empty: -EBADMSG otherwise). The store stays
 * the caller's. 0, -EUCLEAN, other errno. */
_must_check_ int chain_new(Chain **ret, const Genesis *g, Store *s);
Chain* chain_free(Chain *c);
DEFINE_CLEANUP(Chain*, chain_free)
const ChainTip* chain_tip(const Chain *c);
const Genesis* chain_genesis(const Chain *c);
Store* chain_store(const Chain *c);

/* What takes a core, such as the sum of sealed ballots or the proofs of a block that nobody has checked before, runs on their
 * threads. They stay the caller's; NULL: in place. */
void chain_set_workers(Chain *c, struct Workers *w);

/* The sum of a sealed election takes long (some 0.2 ms a ballot). It is made where it is asked for, unless this was called: then
 * whatever needs one that is not made yet says -EAGAIN, changes nothing, and the caller makes it beside all else, a slice on any
 * thread: begin (those that trustees may open any time; others are begun when something needs them), take the next as long as
 * there are any, check_contents_run(), and bring it back. */
void chain_set_sums_apart(Chain *c);
_must_check_ int chain_sums_begin(Chain *c);
_must_check_ int chain_sums_next(Chain *c, CheckContent **ret);         /* *ret NULL: none now */
bool chain_sums_take(Chain *c, CheckContent *slice);    /* stays the caller's; true: a sum is made by it */

/* Whether e is valid in a block with that time on the tip: rights, names, times, seq, ballot; everything but its
 * signature. Cheap checks first. 0, verdict, -errno. */
_must_check_ int chain_check_entry(Chain *c, const Entry *e, uint64_t time, Why *why);
/* The same without what costs as much as many signatures, the proofs of what belongs to sealed elections. */
_must_check_ int chain_check_rules(Chain *c, const Entry *e, uint64_t time, Why *why);
/* That, for another thread: *ret NULL if nothing is left to check. e passes the rules. Once it was answered well:
 * e->content_checked = true, and nobody checks it again. 0, verdict, -EAGAIN (a sum is made apart), other -errno. */
bool chain_entry_is_checked(Chain *c, const Entry *e);   /* whether nothing is left of that */
_must_check_ int chain_entry_content(Chain *c, Entry *e, CheckContent **ret, Why *why);
/* Whether e could still become valid on this chain, now or later (false: drop it from the pool). */
bool chain_entry_has_future(Chain *c, const Entry *e);

/* Connects b (entries complete, their signatures verified, header and seal accepted by the engine) on the tip: all rules
 * of validity. work: summed difficulty up to b, NULL for none. 0, V_BLOCK or the entry's verdict (why names the position),
 * -EAGAIN (a sum is made apart), other -errno (the store's failing: roll back); unless 0 nothing of it remains in memory, after
 * a verdict or -EAGAIN nor in the transaction. */
_must_check_ int chain_connect(Chain *c, const Block *b, const uint8_t work[16], Why *why);
/* Disconnects every block above height; their entries are appended to *entries (references, ledger order) and written to
 * the store's pool. After -errno roll back. */
_must_check_ int chain_disconnect(Chain *c, uint64_t height, Entry ***entries, size_t *n_entries);
/* Disconnects to fork_height and connects the branch: whole or not at all. On failure the verdict and *ret_bad (index in
 * branch); the chain is what it was (this takes the open transaction back to its last chain_commit(), so commit before). */
_must_check_ int chain_switch(Chain *c, uint64_t fork_height, Block *const *branch, const uint8_t (*works)[16], size_t n,
                Entry ***disconnected, size_t *n_disconnected, size_t *ret_bad, Why *why);
/* Entries of disconnected blocks stay in the store's pool (its pool_each(), at start) until they connect again, or until
 * the caller drops them for good: then this removes the row, if there is one. */
_must_check_ int chain_pool_forget(Chain *c, const Id *id);
_must_check_ int chain_commit(Chain *c);
/* Takes the open transaction back and reads what memory holds anew. After an error nothing is left to do but chain_free(). */
_must_check_ int chain_rollback(Chain *c);

/* Picks from the candidates, in their order, those that are valid one after the other in a block with that time on the tip,
 * within block_bytes. Sets ret->count, root, time, network; entries are borrowed references copied into ret_entries
 * (freed by the caller with free() after unref of each). What needs a sum that is made apart is left. Changes nothing. */
_must_check_ int chain_select(Chain *c, Entry *const *candidates, size_t n, uint64_t time, Header *ret, Entry ***ret_entries, size_t *ret_n);

/* For an audit, which never goes back: of votes only the ballots are stored from now on (what chain_count() reads), and
 * nothing can be disconnected or read back as text. */
void chain_set_lean(Chain *c);
/* Likewise: chain_connect() takes what entries prove for granted and hands the check to fn, which takes it over (0 or -errno).
 * position: of e in its block. */
typedef int (*chain_content_fn)(void *userdata, CheckContent *content, const Entry *e, size_t position);
void chain_set_content_sink(Chain *c, chain_content_fn fn, void *userdata);

/* --- reading --- */
/* The chain as an engine reads it (EngineSetup.chain), without what may be NULL there: all that an audit needs. Valid while c is. */
EngineChain chain_engine_reader(Chain *c);
size_t chain_n_elections(const Chain *c);
_must_check_ int chain_election_at(const Chain *c, size_t i, ElectionInfo *ret);                   /* in ledger order */
_must_check_ int chain_election_by_name(const Chain *c, const char *name, ElectionInfo *ret);      /* -ENODATA */
_must_check_ int chain_election_by_id(const Chain *c, const Id *id, ElectionInfo *ret);            /* -ENODATA */
/* The last vote of that key: 0, -ENODATA (none yet), V_SIGNER (not on the rolls). ret_number, ret_weight may be NULL. */
_must_check_ int chain_voter(Chain *c, const ElectionInfo *e, const Key *k, uint32_t *ret_number, uint64_t *ret_weight, StoredVote *ret);
/* Counts what is in the ledger now (so an open election gives its interim figures: the caller decides whether to ask). A sealed
 * one has no figures before enough trustees have opened its sums (-EBUSY); its result says in sealed.working, beside what is in
 * result.h, which sums were opened, and by whom: {"ciphers": [[[alpha, beta], ...], ...], "hash": id (sealed_total_hash()),
 * "shares": [{"trustee": n, "key": key, "height": n, "position": n, "counts": bool}, ...]}. */
_must_check_ int chain_count(Chain *c, const ElectionInfo *e, Result **ret);
/* Of a sealed election that has closed: the sum of its last ballots. Borrowed until the chain changes. -EBUSY, -EINVAL (an open
 * election), other -errno. */
_must_check_ int chain_sealed_total(Chain *c, const ElectionInfo *e, const SealedTotal **ret);
/* Opens every sealed election whose shares are in: their number. For an audit, since what they open to is in no line. 0 or -errno. */
_must_check_ int chain_open_all(Chain *c, uint64_t *ret_n);
typedef struct ShareInfo {      /* borrowed likewise */
        Key signer;
        unsigned trustee;
        Place place;
        bool counts;            /* among the first `threshold` */
        const ShareLine *line;
} ShareInfo;
_must_check_ int chain_share_at(Chain *c, const ElectionInfo *e, size_t i, ShareInfo *ret);     /* in ledger order; -ENODATA */
/* All of them, as in sealed.working.shares above. */
Json* chain_shares_to_json(Chain *c, const ElectionInfo *e);

typedef struct SeatEntryInfo {  /* NULL: not yet */
        const Entry *entry;
        Place place;
} SeatEntryInfo;
typedef struct SeatInfo {       /* of a board, one for each trustee */
        SeatEntryInfo trustee, deal;
        SeatEntryInfo answer;   /* `confirm` or `object` */
        Element share_key;      /* X_j, once all deals are in */
} SeatInfo;
typedef struct BoardInfo {      /* borrowed until the chain changes */
        Place place;
        Id id;
        const Entry *entry;
        const BoardLine *line;
        BoardPhase phase;       /* as of the tip's time */
        unsigned approvals, approvals_needed;
        bool in_effect;         /* approved, in time */
        unsigned n_deals, n_confirms;
        const Id *deals;        /* the root of the deals, what trustees confirm; NULL: not all are in */
        const Element *key;     /* Y, for ballots once the board is ready; likewise */
        uint64_t ready_time;    /* of the block in which it became ready; 0: it is not */
        const Key *liar, *objector;     /* a dealer whose share was shown to be wrong, and by whom; NULL */
        SeatInfo seats[TRUSTEES_MAX];
} BoardInfo;
const Element* seat_sealing(const SeatInfo *s);         /* E */
/* Whether the board waits for that trustee, or waited in vain when its time was over. Of one that was never approved it is
 * nobody's fault. */
bool board_is_awaited(const BoardInfo *b, unsigned seat);
size_t chain_n_boards(const Chain *c);
_must_check_ int chain_board_at(const Chain *c, size_t i, BoardInfo *ret);      /* in ledger order */
_must_check_ int chain_board_by_name(const Chain *c, const char *name, BoardInfo *ret);         /* -ENODATA */
_must_check_ int chain_board_by_id(const Chain *c, const Id *id, BoardInfo *ret);               /* -ENODATA */
/* The sealing key that a board would take now. -ENODATA. */
typedef struct TrusteeInfo { Place place; Id id; Element sealing; } TrusteeInfo;
_must_check_ int chain_trustee_by_key(const Chain *c, const Key *k, TrusteeInfo *ret);
/* Whether some election that stands has passed closes + grace by time without a block after it (DESIGN 3, due (b)). */
bool chain_closing_due(const Chain *c, uint64_t time);
/* A name of an admin entry or roll parts: for `roll` names -> entry ids. */
typedef struct RollInfo { const char *name; uint32_t part; Id id; Place place; uint64_t voters; unsigned approvals; bool in_effect; } RollInfo;
size_t chain_n_rolls(const Chain *c);
_must_check_ int chain_roll_at(const Chain *c, size_t i, RollInfo *ret);
size_t chain_admins(const Chain *c, const Key **ret);    /* those in force */
unsigned chain_approvals_needed(const Chain *c);
/* Posted by an admin, approvals still missing: for `votectl approve`. */
typedef struct PendingInfo { Id id; EntryKind kind; Place place; const char *name; unsigned approvals, needed; } PendingInfo;
size_t chain_n_pending(const Chain *c);
_must_check_ int chain_pending_at(const Chain *c, size_t i, PendingInfo *ret);
/* An entry by its id among the recent ones and administrative ones, else by a scan of the lines of votes from the tip down to
 * `from_height`, 32 MiB at most (0: no scan; about 2 us a line, so ask only where a person waits): its place. -ENODATA. */
_must_check_ int chain_find_entry(Chain *c, const Id *id, uint64_t from_height, Place *ret);
/* True for the ids of the last RECENT_IDS_MAX connected entries. */
bool chain_is_recent(const Chain *c, const Id *id);
_must_check_ int chain_read_block(Chain *c, uint64_t height, Block **ret);      /* entries parsed, marked verified */
_must_check_ int chain_read_block_text(Chain *c, uint64_t height, bool seal, Buf *ret); /* lines with their newlines; no parse */
