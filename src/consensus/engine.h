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
         * again. 0, -ENODATA. */
        int (*seal_at)(void *userdata, uint64_t height, Buf *ret);
        /* Height of the last block of the main chain at which an election closed (0: none), for due(). */
        int (*last_closing)(void *userdata, uint64_t *ret);
} EngineChain;

typedef struct EngineSetup {
        Id network;             /* = parent of block 1 */
        uint64_t created;       /* the genesis's time */
        Key self;               /* this node's identity; all zero: none, it only follows */
        const Key *sealer_keys; /* unused by pow */
        EngineChain chain;
        /* Signs an unsigned canonical line of that kind with the node's key and inserts the signature. */
        void *sign_userdata;
        int (*sign)(void *userdata, const char *kind, const char *line, size_t n, Buf *ret);
} EngineSetup;

typedef enum EngineEventType {
        ENGINE_EV_HEADER,       /* header + seal: form good, check_seal() said yes, signatures verified */
        ENGINE_EV_MESSAGE,      /* a signed message of the engine's own, signature verified (quorum) */
        ENGINE_EV_BODIES,       /* all entries of block `id` and of its branch down to the main chain are at hand */
        ENGINE_EV_SWITCHED,     /* the chain ends in `id` now */
        ENGINE_EV_INVALID,      /* block `id` breaks a rule on its parent: it and what descends from it is dropped */
        ENGINE_EV_CANDIDATE,    /* work is due: `header` has count, root, time as the pool gives them; network, parent, height,
                                 * sealer and the engine's field are the engine's to fill (and a time not before the
                                 * parent's). The caller paces them: at most once a second, anew every 10 s. */
        ENGINE_EV_IDLE,         /* nothing is due: stop working */
        ENGINE_EV_FOUND,        /* the miner found `nonce` for block `id` */
        ENGINE_EV_TICK,         /* time has passed */
} EngineEventType;

typedef struct EngineEvent {
        EngineEventType type;
        uint64_t now_usec;      /* monotonic */
        uint64_t now_sec;       /* wall clock, for proposals only */
        Id id;
        const Header *header;
        const char *seal;       /* seal line, or the message */
        size_t n_seal;
        uint64_t nonce;
        uint64_t from;          /* link the message came by, 0: own */
} EngineEvent;

typedef enum EngineEffectType {
        ENGINE_FX_WANT,         /* get the bodies of `id` and of every header of its branch (branch_path()) */
        ENGINE_FX_SWITCH,       /* make `id` the tip: disconnect to the fork, connect the branch, whole or not at all;
                                 * answer with SWITCHED or INVALID */
        ENGINE_FX_ORPHAN,       /* the parent of header `id` is unknown: ask who sent it for what is between */
        ENGINE_FX_MINE,         /* look for a nonce for `header` (pow), instead of for the one before; FOUND may still
                                 * come for that one */
        ENGINE_FX_MINE_STOP,
        ENGINE_FX_SEALED,       /* own block `header` with seal line `data` is ready: connect and announce it */
        ENGINE_FX_SEND,         /* send message `data` to `to` (0: to all) */
        ENGINE_FX_RECORD,       /* commit `data` before anything of this turn is sent (quorum) */
        ENGINE_FX_EVIDENCE,     /* `data` convicts somebody (quorum) */
        ENGINE_FX_WAKE,         /* a TICK at `at_usec` (monotonic), replacing the one asked for before */
        ENGINE_FX_ALARM,        /* for people: `data` is a sentence (a reorganisation below what was called final) */
} EngineEffectType;

typedef struct EngineEffect {
        EngineEffectType type;
        Id id;
        Header header;
        uint64_t to, at_usec;
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
        const char *engine;     /* "pow" */
        uint64_t final_height;
        unsigned confirmations; /* pow: depth that is called final; quorum: 0 */
        uint64_t next_difficulty;
        char work[40];          /* summed difficulty of the main chain in decimal; "" if the engine has none */
        size_t side_headers;
} EngineStatus;

typedef struct EngineType {
        const char *name;       /* "pow": genesis {"engine":{"type":"pow",...}} */
        HeaderField field;
        /* Checks the genesis's engine object. 0 or V_FORM with why. */
        int (*config_check)(const Json *config, Why *why);
        /* Least time between `closes` and the end of an election that drains the network's last votes, in seconds (DESIGN 3,
         * Genesis, m); config has passed config_check(). */
        uint32_t (*grace_least)(const Json *config);
        /* 0, -ENOMEM, or another errno of the chain's reader. Continues from the chain's tip. */
        int (*new)(Engine **ret, const Json *config, const EngineSetup *setup);
        Engine* (*free)(Engine *e);
        /* Judges header and seal by themselves (membership, work, form of the seal) and, if its parent is known, on its
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
} EngineType;

const EngineType* engine_type_find(const char *name);   /* NULL: none */
const EngineType* engine_type_at(size_t i);             /* NULL past the last */

struct Engine {
        const EngineType *type;
};
#define ENGINE_SIGNATURES_MAX 208       /* of one seal */
