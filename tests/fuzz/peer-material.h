/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../unit/consensus/quorum-world.h"
#include "ledger/chain.h"

/* A small network that is made once: four authorities (the peer that is stepped is number 0, number 3 lies), an election with
 * votes, and what 1, 2 and 3 have agreed on without 0. Whatever 1 and 2 have signed is here and excludes nothing else that is;
 * so the peer must stay honest and whole, whatever else it is told. With `pow` the same blocks are worked for. */

#define MATERIAL_START  5000U           /* the wall clock at the beginning */
#define MATERIAL_BLOCKS 10U             /* items 1 to 10 are the main chain, 0 is the genesis */
#define MATERIAL_SIDE   12U             /* 11 and 12 are valid beside it, and nobody's but the liar's */
#define MATERIAL_OWN    13U             /* 13 to 15 are proposals of the peer's */
#define MATERIAL_CRAFTED 16U            /* from here on they are the program's own */
#define MATERIAL_ITEMS  24U
#define MATERIAL_ENTRIES 48U            /* by number from 1 on; the table is in peer-material.c */
#define MATERIAL_LIAR   3U

typedef struct MaterialEntry {
        char *line;             /* NULL: there is none of that number */
        size_t n;
        Id id;
        Entry *entry;           /* NULL: it is no entry */
        bool honest;            /* any peer may hand it on */
} MaterialEntry;

typedef struct MaterialBlock {
        Header header;
        uint8_t entries[16];
        unsigned n_entries;
        bool made, endorsed, final;     /* as 1, 2 and 3 have it */
        bool sound;             /* valid, whatever it stands on, as far as it is looked at here: an honest authority may endorse it */
} MaterialBlock;

typedef struct Material {
        bool pow;
        Genesis *genesis;
        QuorumWorld q;          /* of pow: keys alone */
        MaterialEntry entries[MATERIAL_ENTRIES];
        MaterialBlock blocks[MATERIAL_ITEMS];
} Material;

Material* material_get(bool pow);       /* made when it is first asked for, without crafted blocks */
void material_forget(Material *m);      /* those, and what was agreed on */
/* Whose key it is: 0 to 3 the authorities', 4 and above strangers'. */
const SecretKey* material_secret(const Material *m, unsigned who);
const MaterialEntry* material_entry(const Material *m, unsigned number);        /* NULL: there is none */
const MaterialBlock* material_block(const Material *m, unsigned item);          /* another one where there is none */
/* Sets root, count and id of what else is set. */
void material_craft(Material *m, unsigned item, const Header *h, const uint8_t *entries, size_t n);
bool material_skipped(uint64_t view);   /* by 1, 2 and 3 */
bool material_says_skip(const Material *m, uint64_t view);      /* and they go on to say so */
/* That 1 and 2 endorse an item of the peer's or of the program's, and finalize it, if by the rules and by what anybody has seen
 * of theirs they may. With a final block, what they had planned to say from its view on is void. */
bool material_agree(Material *m, unsigned item, bool final);
/* The chain that 1 and 2 know in the end: items by height. Returns how high it is. */
unsigned material_chain(const Material *m, uint8_t ret[static MATERIAL_ITEMS]);

/* --- texts; each is appended --- */

/* Whether whoever it is has said it, or is the liar: then its signature is real, otherwise it is the liar's. */
QuorumStatement material_says(const Material *m, unsigned signer, QuorumKind kind, uint64_t view, const Id *block);
typedef enum MaterialSeal {
        SEAL_RIGHT,             /* where there is one; junk otherwise */
        SEAL_ENDORSED,
        SEAL_JUNK,              /* of the right form, with signatures of nothing; of pow, likewise */
        SEAL_ONE_THRICE,
        SEAL_TOO_FEW,
        SEAL_OTHERS,            /* of the block before */
        SEAL_OTHER_SIGNERS,     /* 0 among them, who has signed nothing */
        SEAL_NO_LINE,
        _SEAL_MAX,
} MaterialSeal;
void material_certificate(const Material *m, QuorumKind of, uint64_t view, const Id *block, MaterialSeal how, Buf *ret);
void material_seal(const Material *m, unsigned item, MaterialSeal how, Buf *ret);
void material_header(const Material *m, unsigned item, Buf *ret);
void material_proposal(const Material *m, unsigned item, unsigned signer, unsigned left_out, Buf *ret);
/* Header, seal, entries, each behind a newline but for the first of ret. */
void material_whole(const Material *m, unsigned item, MaterialSeal how, Buf *ret);
