/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "codec/json.h"
#include "consensus/header.h"
#include "crypto/check.h"

/* The engine of a network: the rules by which it seals blocks (DESIGN 4). Pure: no clock, no I/O, no
 * entry; events in, effects out. Neither node nor ledger asks which engine it is: a row in
 * engine_types[] (engine.c) is all that a new one needs besides its own file. */

typedef struct Engine Engine;
typedef struct EngineMessage EngineMessage;     /* a message of the engine's own, read by it (message_read()) */

/* What an engine may read of the chain in the store; it is handed in with the engine's making. */
typedef struct EngineChain {
        void *userdata;
        /* The header of the main chain at height (0: none, the genesis has no header). 0, -ENODATA. */
        int (*header_at)(void *userdata, uint64_t height, Header *ret);
        /* Height of the block of that id on the main chain. 0, -ENODATA. The network id is height 0. */
        int (*height_of)(void *userdata, const Id *id, uint64_t *ret);
        /* What follows may be NULL: a reader that cannot tell costs time or, in turn, memory of what was. */
        /* Summed difficulty up to and with the block at height, as it was stored with it, big-endian. 0, -ENODATA. */
        int (*work_at)(void *userdata, uint64_t height, uint8_t ret[16]);
        /* Its seal line, appended; asked for before a SWITCH that takes the block off the main chain, so that it can win
         * again; and (quorum) by new(), from the tip down to the last block whose seal has a finalize certificate: without it
         * nothing is known to be final at the start. 0, -ENODATA. */
        int (*seal_at)(void *userdata, uint64_t height, Buf *ret);
        /* Height of the last block of the main chain at which an election closed (0: none), for due(). */
        int (*last_closing)(void *userdata, uint64_t *ret);
} EngineChain;
/* Height of its last block. 0, or what the reader says. */
_must_check_ int engine_chain_height(const EngineChain *c, uint64_t *ret);

/* A line of the record: what an authority has signed, and on what grounds (RECORD below). */
typedef struct EngineLine {
        const char *p;
        size_t n;
} EngineLine;

typedef struct EngineSetup {
        Id network;             /* = parent of block 1 */
        uint64_t created;       /* the genesis's time */
        Key self;               /* this node's identity; all zero: none, it only follows */
        EngineChain chain;
        /* quorum: all lines of the record that were committed and not forgotten, in any order; read by new() only. has_record
         * says that there is one, be it empty: without it (never made, or lost with its disk) an authority only observes.
         * The record is made by the operator's word alone (`authority init`), never by a start. */
        bool has_record;
        const EngineLine *record;
        size_t n_record;
        /* Signs an unsigned canonical line of that kind with the node's key and inserts the signature. */
        void *sign_userdata;
        int (*sign)(void *userdata, const char *kind, const char *line, size_t n, Buf *ret);
} EngineSetup;

typedef enum EngineEventType {
        ENGINE_EV_HEADER,       /* header + seal: form good, check_seal() said yes, signatures verified */
        ENGINE_EV_MESSAGE,      /* `message`: message_read() said yes, its signatures are verified (quorum) */
        ENGINE_EV_BODIES,       /* all entries of block `id` and of its branch down to the main chain are at hand */
        ENGINE_EV_SWITCHED,     /* the chain ends in `id` now */
        ENGINE_EV_INVALID,      /* block `id` breaks a rule on its parent: it and what descends from it is dropped */
        ENGINE_EV_CANDIDATE,    /* work is due: `header` has count, root, time as the pool gives them; network, parent, height,
                                 * sealer and the engine's field are the engine's to fill (and a time not before the
                                 * parent's). The caller paces them: at most once a second, anew every 10 s. quorum: built on
                                 * the chain's tip, with the `n_ids` `ids` of its entries in their order, and only while
                                 * wants_candidate() says so; but then at once. */
        ENGINE_EV_IDLE,         /* nothing is due: stop working */
        ENGINE_EV_FOUND,        /* the miner found `nonce` for block `id` */
        ENGINE_EV_TICK,         /* time has passed */
        /* quorum alone */
        ENGINE_EV_DUE,          /* work is due (DESIGN 3, a to c: due() among it), and no candidate is wanted from here; told
                                 * when that begins, and again whenever it still holds and the chain's tip has changed */
        ENGINE_EV_VALID,        /* block `id` of a JUDGE is here with all its entries and breaks no rule on its parent (else:
                                 * INVALID). What cannot be had gets no answer. */
        ENGINE_EV_RECORDED,     /* every RECORD and RECORD_BLOCK with a serial up to `serial` is durable */
        ENGINE_EV_LINK,         /* link `from` is up, its proven identity is `key` */
        ENGINE_EV_HEARD,        /* link `from`, identity `key`, has answered an ASK, and every line of its answer that stood the
                                 * test went in as a MESSAGE before this */
        ENGINE_EV_BEHIND,       /* link `from` says that it has a block called final which is not final here */
        ENGINE_EV_RESUME,       /* the operator's `authority resume`: what others hold of our signatures shall be taken over */
} EngineEventType;

typedef struct EngineEvent {
        EngineEventType type;
        uint64_t now_usec;      /* monotonic */
        uint64_t now_sec;       /* wall clock, for proposals only */
        Id id;
        const Header *header;
        const char *seal;       /* seal line */
        size_t n_seal;
        EngineMessage *message; /* the caller frees it afterwards; what is in it may be taken out */
        const Id *ids;
        size_t n_ids;
        uint64_t nonce;
        uint64_t serial;
        uint64_t from;          /* link the message came by, 0: own */
        Key key;
} EngineEvent;

/* To whom a SEND or an ASK goes: only links that are up, never clients. */
typedef enum EngineAudience {
        ENGINE_TO_LINK,         /* link `to`; it may be gone, then to nobody */
        ENGINE_TO_KEY,          /* the link whose proven identity is `key`; none, then to nobody */
        ENGINE_TO_SEALERS,      /* every link whose proven identity is one of sealers() */
        ENGINE_TO_FOLLOWERS,    /* every peer that is none of sealers() */
} EngineAudience;

/* What the caller does for each, in their order. Nothing of a turn is sent before what it records is durable; if that fails,
 * nothing of the turn is sent and the engine is made anew from what is on disk (new()). */
typedef enum EngineEffectType {
        ENGINE_FX_WANT,         /* get the bodies of `id` and of every header of its branch (branch_path()) */
        ENGINE_FX_SWITCH,       /* make `id` the tip: disconnect to the fork, connect the branch, whole or not at all;
                                 * answer with SWITCHED or INVALID. quorum: a block that came as a proposal has got its seal
                                 * since: side() has it, for each block of the branch. */
        ENGINE_FX_ORPHAN,       /* the parent of header `id` is unknown: ask who sent it for what is between */
        ENGINE_FX_MINE,         /* look for a nonce for `header` (pow), instead of for the one before; FOUND may still
                                 * come for that one */
        ENGINE_FX_MINE_STOP,
        ENGINE_FX_SEALED,       /* own block `header` with seal line `data` is ready: connect and announce it */
        ENGINE_FX_SEND,         /* send message `data` to `audience`; the frame's type is the line's "kind" */
        ENGINE_FX_RECORD,       /* quorum: put `data`, a line, under (`view`, `name`) into the record, in place of what was
                                 * there; committed before anything of this turn is sent, then RECORDED with the highest
                                 * `serial` of that commit. The record is a database beside the ledger's, so that restoring a
                                 * ledger forgets no signature. A turn that records but sends nothing may wait for the next
                                 * commit. */
        ENGINE_FX_EVIDENCE,     /* quorum: `data`, a line, convicts `key`: keep it (one for a key, the first), say so to people,
                                 * relay it once. What is kept is no business of the engine's; it may come again after a start. */
        ENGINE_FX_WAKE,         /* a TICK at `at_usec` (monotonic), replacing the one asked for before; USEC_INFINITY: none */
        ENGINE_FX_ALARM,        /* for people: `data` is a sentence (a reorganisation below what was called final); `name` is
                                 * "resume" if the operator's word ends it */
        /* quorum alone */
        ENGINE_FX_JUDGE,        /* a proposal: get the entries of block `header` (= `id`), whose ids are the `n_data / 32` in
                                 * `data`, from `to` first; judge it on its parent, which is connected or whole here (branch()
                                 * has the way; not the tip: in a transaction that disconnects to it and is rolled back), keep
                                 * it as a block that may be switched to; answer VALID or INVALID. A newer JUDGE replaces one
                                 * that is under way. It has no seal yet: side() gives NULL. */
        ENGINE_FX_RECORD_BLOCK, /* like RECORD, with a `serial` of its own: the header line and entry lines of block `id` go
                                 * beside the record, under `view`; it was judged, or is the candidate that `header` was made
                                 * of (the same count and root). It may be switched to later. At a start the caller has those
                                 * blocks at hand again: a WANT of one is answered with BODIES at once. */
        ENGINE_FX_FORGET,       /* delete record lines and blocks of the views 1 to `view` - 1 (a line of view 0 stays); in the
                                 * commit of this turn or in any later one */
        ENGINE_FX_FETCH,        /* block `id` has a certificate, but nobody here has its header: get it whole (get_blocks by id)
                                 * from `to` first, then from others. It comes in as a header with a seal. Said again while it
                                 * is missed. */
        ENGINE_FX_ASK,          /* send get_certificates {from: `view`, max: BLOCKS_ASKED_MAX} to `audience`; each line of the
                                 * response goes through message_read(), and when all of them are through: HEARD */
        ENGINE_FX_FINAL,        /* block `id` at `height` of the main chain and all below it are final: never disconnect them
                                 * again; `data` is its seal line with the finalize certificate, to be stored in place of the
                                 * other (NULL: the seal that it came with has it). In this turn's commit; people are told
                                 * after it. */
} EngineEffectType;

typedef struct EngineEffect {
        EngineEffectType type;
        EngineAudience audience;
        Id id;
        Header header;
        Key key;
        uint64_t to, at_usec;
        uint64_t view, height, serial;
        const char *name;       /* a constant */
        char *data;             /* owned by the list */
        size_t n_data;
} EngineEffect;

typedef struct EngineEffects {
        EngineEffect *items;
        size_t n, allocated;
} EngineEffects;
void engine_effects_done(EngineEffects *e);
_must_check_ int engine_effects_add(EngineEffects *e, const EngineEffect *fx);  /* takes fx->data over */

typedef struct EngineStatus {   /* for people and for `status`; texts borrowed until the next step */
        const char *engine;     /* "pow", "quorum" */
        uint64_t final_height;
        unsigned confirmations; /* pow: depth that is called final; quorum: 0 */
        uint64_t next_difficulty;
        char work[40];          /* summed difficulty of the main chain in decimal; "" if the engine has none */
        size_t side_headers;
        /* quorum */
        uint64_t view, final_view;
        unsigned n_sealers, faults, quorum;     /* n, f, q */
        int sealer;             /* number of this node among them; -1: none, it observes */
        bool signing;           /* it does what an authority does */
        uint64_t overdue_usec;  /* there is work, and by then q should have said something in this view; USEC_INFINITY: there
                                 * is none, or this node is not told */
        unsigned n_said;        /* so many have */
        char silent[64];        /* the numbers of those who have not: "2, 3" */
        char note[192];         /* why not, and what to do; "" */
} EngineStatus;

typedef struct EngineType {
        const char *name;       /* "pow": genesis {"engine":{"type":"pow",...}} */
        /* What a record begins with that is made in place of a lost one, a line at view 0: nothing is signed before RESUME, also
         * where the power fails before that. NULL: no record (pow). */
        const char *lost_name, *lost_line;
        HeaderField field;
        /* Checks the genesis's engine object. 0 or V_FORM with why. */
        int (*config_check)(const Json *config, Why *why);
        /* Least time between `closes` and the end of an election that drains the network's last votes, in seconds (DESIGN 3,
         * Genesis, m); config has passed config_check(). */
        uint32_t (*grace_least)(const Json *config);
        /* 0, -ENOMEM, or another errno of the chain's reader. Continues from the chain's tip. Feed it a TICK first: what it has
         * to do at once (ask others what they know) comes with that. */
        int (*new)(Engine **ret, const Json *config, const EngineSetup *setup);
        Engine* (*free)(Engine *e);
        /* Judges header and seal by themselves (membership, work, form of the seal, certificate) and, if its parent is known, on its
         * parent (difficulty, view); `check` receives what signatures remain to be checked (n_max places). 0, V_SEAL,
         * V_FORM, V_SIZE, V_ORPHAN (parent unknown, everything else good), V_DUPLICATE (known), V_BLOCK, -errno. */
        int (*check_seal)(Engine *e, const Header *h, const char *seal, size_t n_seal, SigCheck *checks, size_t n_max,
                        size_t *ret_n, Why *why);
        int (*step)(Engine *e, const EngineEvent *ev, EngineEffects *ret);
        void (*status)(const Engine *e, EngineStatus *ret);
        /* The ids from just above the fork with the main chain up to id, lowest first; *ret is malloc'ed. -ENODATA: unknown. */
        int (*branch)(Engine *e, const Id *id, uint64_t *ret_fork_height, Id **ret, size_t *ret_n);
        /* Header and seal of a block that is not on the main chain. -ENODATA. Borrowed. */
        int (*side)(Engine *e, const Id *id, const Header **ret, const char **ret_seal, size_t *ret_n_seal);
        /* Whether block work is due for the engine's own reasons (DESIGN 3, (c) and (d)). */
        bool (*due)(const Engine *e);
        /* The audit, which has no engine running: block h, sealed by seal, on its ancestors as `chain` knows them. */
        int (*audit)(const Json *config, const EngineSetup *setup, const Header *h, const char *seal, size_t n_seal,
                        SigCheck *checks, size_t n_max, size_t *ret_n, Why *why);

        /* What follows is NULL for an engine without messages (pow). */

        /* The identities that seal, as long as the engine lives: they are linked to each other, and never banned for good. */
        const Key* (*sealers)(const Engine *e, size_t *ret_n);
        /* A message (propose, endorse, finalize, skip, certificate: the frame's one line, or a line of `certificates`). Judges
         * what can be judged at once; *ret is what step() takes, *ret_checks (malloc'ed, each to be done with sig_check_done())
         * what signatures remain, be it none. If one of them is not valid the sender is at fault (V_SIGNATURE) and the message
         * is not handed in. 0, V_FORM, V_SIZE, V_SEAL (a certificate that is none), V_PROTOCOL (not by an authority, or not by
         * the view's leader), V_DUPLICATE (nothing new: drop it, nobody's fault), -errno. */
        int (*message_read)(Engine *e, const char *line, size_t n, EngineMessage **ret, SigCheck **ret_checks, size_t *ret_n,
                        Why *why);
        EngineMessage* (*message_free)(EngineMessage *m);
        /* The answer to get_certificates: lines joined by '\n', at most max of them and CERTIFICATES_BYTES_MAX: the certificate of
         * the last final block, that of the highest view, those between from view `from` on, and what is held of asker's own
         * signatures. asker: identity of who asks. 0, -ENOMEM. */
        int (*certificates)(const Engine *e, uint64_t from, size_t max, const Key *asker, Buf *ret);
        /* A CANDIDATE would be proposed now. Ask after every step. */
        bool (*wants_candidate)(const Engine *e);
        /* Whether `who` has endorsed block `id`, as far as that is still held: then it has the block and need not be told. */
        bool (*has_endorsed)(const Engine *e, const Key *who, const Id *id);
        /* Whether a seal that check_seal() took proves by itself that its block is final. */
        bool (*seal_is_final)(const char *seal, size_t n_seal);
        /* Judges evidence offline: who is convicted, and the two signatures to be checked. 0, V_FORM, V_SIZE, V_PROTOCOL (it
         * convicts nobody), -errno. */
        int (*evidence)(const Json *config, const Id *network, const char *line, size_t n, Key *ret_key, SigCheck checks[static 2],
                        Why *why);
} EngineType;

const EngineType* engine_type_find(const char *name);   /* NULL: none */
const EngineType* engine_type_at(size_t i);             /* NULL past the last */

struct Engine {
        const EngineType *type;
};
#define ENGINE_SIGNATURES_MAX 208       /* of one seal */
