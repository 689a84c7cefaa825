/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What happens to a peer, as text: a line for each thing, its name and up to seven numbers of 0 to 255 (those that are left out
 * are 0); '#' begins a comment, and what is no name is no line. Links are numbered 0 to 7, items (blocks) and entries as
 * peer-material.h has them, and whoever signs by the number of its key there.
 *
 * A line that begins with set_ changes the next thing that is made, with names entries for it; both end with it. */
#define PEER_OPS(X)                                                                                                             \
        X(MODE, "mode")                 /* engine (1: pow), role (0 authority, 1 without a record, 2 observer), blocks in its ledger */ \
        X(UP, "up")                     /* link, who, whether it was dialled */                                                 \
        X(DOWN, "down")                 /* link */                                                                              \
        X(TICK, "tick")                 /* how many, of what (0: 1 ms, 10 ms, 100 ms, 1 s, 10 s, 1 min, 10 min) */              \
        X(CLOCK, "clock")               /* the wall clock goes forth by so many seconds - 128 */                                \
        X(HOLD, "hold")                 /* bits: 1 checks, 2 what is sent is not out */                                         \
        X(VERIFY, "verify")             /* one of the checks that are held */                                                   \
        X(SENT, "sent")                 /* link */                                                                              \
        X(FULL, "full")                 /* the disk: bits of DISK_FULL_* */                                                     \
        X(CRASH, "crash")               /* 0: now; at the next commit: before, in the middle, after it */                       \
        X(STOP, "stop")                                                                                                         \
        X(FOUND, "found")               /* the nonce that is looked for */                                                      \
        X(SUBMIT, "submit")             /* entry, user */                                                                       \
        X(WATCH, "watch")               /* entry */                                                                             \
        X(CANCEL, "cancel")             /* the last but so many */                                                              \
        X(IMPORT, "import")             /* from item, to item, seal; 0: that was all */                                         \
        X(RELOAD, "reload")             /* bits: 1 mines, 2 has a tracker, 4 dials authority 1 */                               \
        X(RESUME, "resume")                                                                                                     \
        X(RECORD, "record")                                                                                                     \
        X(STATUS, "status")                                                                                                     \
        X(SETTLE, "settle")             /* the liars go, the others tell what they know up to a height: the peer must catch up */ \
        X(HONOUR, "honour")             /* 1 and 2 endorse, or (1) finalize, an item (0: the last proposal of the peer's) */ \
        X(WITH, "with")                 /* entries */                                                                           \
        X(CRAFT, "craft")               /* item (16 to 23), parent, view, seconds from now + 128 (0: now) */                    \
        X(SET_HEIGHT, "set_height")     /* all of these: a value, see peer_value() */                                           \
        X(SET_COUNT, "set_count")                                                                                               \
        X(SET_TIME, "set_time")                                                                                                 \
        X(SET_VALUE, "set_value")       /* view, or difficulty */                                                               \
        X(SET_ROOT, "set_root")                                                                                                 \
        X(SET_NETWORK, "set_network")                                                                                           \
        X(SET_SEALER, "set_sealer")     /* who */                                                                               \
        X(SET_ID, "set_id")             /* of the request */                                                                    \
        X(SET_IDS, "set_ids")           /* so many ids, repeated */                                                             \
        X(SET_NUMBER, "set_number")     /* value; of the so-manieth number of the frame's text */                               \
        X(SET_CUT, "set_cut")           /* so much of 256 parts of the frame is left */                                         \
        X(SET_FLIP, "set_flip")         /* where, likewise; what */                                                             \
        X(SET_LINES, "set_lines")       /* line, what: 0 twice, 1 dropped, 2 changed for the next; times */                     \
        X(SET_TYPE, "set_type")         /* MessageType */                                                                       \
        X(RAW, "raw")                   /* link, six bytes */                                                                   \
        X(REPLAY, "replay")             /* link, a frame of the last 16 that were sent by anybody */                            \
        X(PLAIN, "plain")               /* link, MessageType, a number: with whatever is left empty */                          \
        X(HELLO, "hello")               /* link, item, port */                                                                  \
        X(NEW_VOTE, "new_vote")         /* link */                                                                              \
        X(NEW_VOTE_IDS, "new_vote_ids")                                                                                         \
        X(GET_VOTES, "get_votes")                                                                                               \
        X(VOTES_RESPONSE, "votes_response")                                                                                     \
        X(NEW_BLOCK, "new_block")       /* link, item, seal */                                                                  \
        X(NEW_BLOCK_IDS, "new_block_ids")                                                                                       \
        X(GET_BLOCKS, "get_blocks")     /* link, from, max */                                                                   \
        X(GET_BLOCKS_IDS, "get_blocks_ids")     /* link, item, how many */                                                      \
        X(BLOCKS_RESPONSE, "blocks_response")   /* link, item, seal, how many more */                                           \
        X(GET_CHAIN_INFO, "get_chain_info")     /* link, item, how many */                                                      \
        X(CHAIN_INFO_RESPONSE, "chain_info_response")   /* link, item, fork (255: none) */                                      \
        X(GET_RECEIPT, "get_receipt")   /* link, form, height or entry, position */                                             \
        X(PROPOSE, "propose")           /* link, item, signer (0: the leader), skips that are left out */                       \
        X(ENDORSE, "endorse")           /* link, item, signer, view (0: the item's) */                                          \
        X(FINALIZE, "finalize")                                                                                                 \
        X(SKIP, "skip")                                                                                                         \
        X(CERTIFICATE, "certificate")   /* link, item, of, view, signers, as of seals */                                        \
        X(GET_CERTIFICATES, "get_certificates") /* link, from, max */                                                           \
        X(CERTIFICATES, "certificates") /* link, from view, how many */                                                         \
        X(EVIDENCE, "evidence")         /* link, signer, view, kind, the other's kind */                                        \
        X(PEER_LIST, "peer_list")       /* link, how many, version, whether it is an update */

typedef enum PeerOpName {
#define X(name, text) PEER_##name,
        PEER_OPS(X)
#undef X
        _PEER_OP_MAX,
} PeerOpName;

#define PEER_ARGS    7U
#define PEER_OPS_MAX 160U

typedef struct PeerOp {
        uint8_t name;
        uint8_t arg[PEER_ARGS];
} PeerOp;

const char* peer_op_name(unsigned name);
/* At most PEER_OPS_MAX; how many there were. */
size_t peer_program_read(PeerOp *ret, const char *text, size_t n);
/* Returns the size of the text, in whole lines, of at most max bytes. */
size_t peer_program_write(const PeerOp *ops, size_t n_ops, char *ret, size_t max);
/* A value of three arguments: 0 and a number of 16 bits, 1 and one of those at which something ends, 2 and what is added to the
 * right one, less 128. */
uint64_t peer_value(const uint8_t *arg, uint64_t right);
