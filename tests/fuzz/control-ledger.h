/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../unit/ledger/sealed.h"

/* Ledgers that are made once, and of which each input gets a copy: two networks, the state folders of nodes of theirs at
 * several moments, and words that one may say to such a node. */

typedef enum ControlMode {
        MODE_TRACKER,
        MODE_WAITING,           /* a peer without a network */
        MODE_EMPTY,             /* quorum, no block */
        MODE_ANNOUNCED,
        MODE_OPEN,
        MODE_COUNTING,          /* a sealed election that waits for its shares */
        MODE_FINAL,
        MODE_AUTHORITY,         /* the one authority of that network, which has lost its record */
        MODE_DAMAGED,           /* the same, and its record is no database */
        MODE_FOUNDER,           /* the authority before its first block */
        MODE_POW,               /* two admins, of whom both must approve */
        _MODE_MAX,
} ControlMode;

void control_ledgers_make(void);        /* once; they are kept in memory */
/* Makes a private folder, and in it that of the node, "state". *ret_time: the wall clock there. */
void control_ledgers_copy(ControlMode mode, uint64_t *ret_time);
void control_ledgers_clear(void);       /* removes it again */
const char* control_folder(void);

/* Blocks of the quorum network as lines, from that height; NULL: there are no more. */
const char* control_block(uint64_t height);

/* Words: names, ids, keys, lines; and those that are good for a field of that name more often than others. */
const char* control_word(const char *field, uint8_t choice);
