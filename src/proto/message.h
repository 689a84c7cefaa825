/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"
#include "codec/json.h"

/* What nodes say to one another (DESIGN 6). A frame is the message's line and, each behind a newline, the ledger lines
 * that it carries; no newline at its end. Every message is a row of one table (message-table.c): its name, its fields with
 * types and limits, who may send it, how many lines follow. Reading and making both go by that table, so that node code
 * fills in or reads a struct and sees no JSON. A message that has several forms has a type for each. */

#define PROTOCOL_VERSION        1

#define MESSAGES(X)                                                                                             \
        /*  type                 name                   body                                                    */ \
        X(ERROR,                "error",                error)          /* both tables */                       \
        X(REGISTER,             "register",             enrol)          /* tracker table */                     \
        X(REGISTERED,           "registered",           lease)                                                  \
        X(HEARTBEAT,            "heartbeat",            enrol)          /* peer to tracker */                   \
        X(HEARTBEAT_REPLY,      "heartbeat",            lease)          /* tracker to peer */                   \
        X(GET_PEERS,            "get_peers",            get_peers)                                              \
        X(PEER_LIST,            "peer_list",            peers)                                                  \
        X(UNREGISTER,           "unregister",           enrol)                                                  \
        X(UNREGISTERED,         "unregistered",         none)                                                   \
        X(PEER_LIST_UPDATE,     "peer_list_update",     peers)                                                  \
        X(HELLO,                "hello",                hello)          /* peer table */                        \
        X(NEW_VOTE,             "new_vote",             none)           /* + whole lines */                     \
        X(NEW_VOTE_IDS,         "new_vote",             ids)                                                    \
        X(GET_VOTES,            "get_votes",            ids)                                                    \
        X(GET_VOTES_POOL,       "get_votes",            none)           /* {"pool":true} */                     \
        X(VOTES_RESPONSE,       "votes_response",       none)           /* + lines */                           \
        X(NEW_BLOCK,            "new_block",            none)           /* + header, seal */                    \
        X(NEW_BLOCK_IDS,        "new_block",            ids)            /* + header, seal; ids of its entries */ \
        X(GET_BLOCKS,           "get_blocks",           range)                                                  \
        X(GET_BLOCKS_IDS,       "get_blocks",           ids)                                                    \
        X(BLOCKS_RESPONSE,      "blocks_response",      none)           /* + blocks */                          \
        X(GET_CHAIN_INFO,       "get_chain_info",       ids)            /* locator: ids of own blocks, tip first */ \
        X(CHAIN_INFO_RESPONSE,  "chain_info_response",  chain)                                                  \
        X(GET_ELECTIONS,        "get_elections",        get_elections)                                          \
        X(ELECTIONS,            "elections",            elections)                                              \
        X(GET_RECEIPT_PLACE,    "get_receipt",          place)                                                  \
        X(GET_RECEIPT_NAME,     "get_receipt",          name)                                                   \
        X(GET_RECEIPT_VOTE,     "get_receipt",          vote)                                                   \
        X(RECEIPT,              "receipt",              receipt)                                                \
        X(PROPOSE,              "propose",              none)           /* the engine's own (quorum): + signed line */ \
        X(ENDORSE,              "endorse",              none)                                                   \
        X(FINALIZE,             "finalize",             none)                                                   \
        X(SKIP,                 "skip",                 none)                                                   \
        X(CERTIFICATE,          "certificate",          none)                                                   \
        X(GET_CERTIFICATES,     "get_certificates",     range)                                                  \
        X(CERTIFICATES,         "certificates",         none)                                                   \
        X(EVIDENCE,             "evidence",             none)

typedef enum MessageType {
        MESSAGE_NONE,
#define X(type, name, body) MESSAGE_##type,
        MESSAGES(X)
#undef X
        _MESSAGE_MAX,
} MessageType;

/* Who sent it, as the receiver knows it. */
typedef enum MessageSender {
        MESSAGE_FROM_TRACKER    = 1 << 0,       /* the far side is a tracker that we dialled */
        MESSAGE_FROM_REGISTRANT = 1 << 1,       /* we are a tracker */
        MESSAGE_FROM_STRANGER   = 1 << 2,       /* peer to peer, no hello from there yet */
        MESSAGE_FROM_PEER       = 1 << 3,       /* its hello had a port */
        MESSAGE_FROM_CLIENT     = 1 << 4,       /* its hello had port 0 */
        MESSAGE_OF_QUORUM       = 1 << 5,       /* no sender: or-ed in where the network's engine is quorum */
} MessageSender;

typedef struct MessagePeer {
        Key key;
        const char *host;       /* an address or a name; borrowed */
        uint16_t port;
} MessagePeer;

typedef struct MessageElection {
        const char *name, *state;       /* borrowed */
        Id id;
        uint64_t opens, closes;
} MessageElection;

/* Optional integers are 0 when absent, texts NULL, arrays empty; `fork` is UINT64_MAX. */
typedef struct Message {
        MessageType type;
        bool has_id;            /* requests and responses have one; an error may */
        uint64_t id;

        /* The lines that it carries, joined by '\n', none at the end; line_next() splits them. Not one of them is empty. */
        const char *lines;
        size_t n_lines_bytes, n_lines;

        union {
                struct { int verdict; const char *code, *text; } error; /* verdict: 0 if code is none of ours */
                struct { Id network; uint64_t port; const char *host; } enrol;
                struct { uint64_t ttl, version; } lease;                /* ttl in seconds */
                struct { Id network; uint64_t max; } get_peers;
                /* PEER_LIST: `peers` is the list. PEER_LIST_UPDATE: `peers` joined, `left` are gone, on top of the list of
                 * version `since`; since 0: `peers` is the list anew. A receiver of version v ignores version <= v, and
                 * asks for the list when since > v. */
                struct { uint64_t version, since; MessagePeer *peers; size_t n_peers; Key *left; size_t n_left; } peers;
                struct { uint64_t version; Id network; const char *agent; uint64_t height; Id tip; uint64_t port; } hello;
                /* NEW_BLOCK_IDS: the block's entries, all of them in ledger order (at most BLOCK_IDS_MAX; the bodies of a
                 * larger block, or of one announced by NEW_BLOCK, are asked for with GET_BLOCKS_IDS). */
                struct { Id *ids; size_t n_ids; } ids;
                struct { uint64_t from, max; } range;
                struct { uint64_t height; Id tip; uint64_t final; const char *work; uint64_t fork; } chain;
                struct { const char *after; uint64_t max; } get_elections;
                struct { MessageElection *items; size_t n_items; } elections;
                struct { uint64_t height, position; } place;
                struct { const char *name; } name;
                struct { Id election; Key voter; } vote;
                struct { const Json *receipt; } receipt;        /* borrowed */
        };

        Json *json;             /* what texts are borrowed from, after message_parse() */
        bool owned;             /* arrays are the message's own, after message_parse() */
} Message;
void message_done(Message *m);
#define _cleanup_message_ _cleanup_(message_done)

/* Reads a frame from a sender of that kind (a set of MessageSender); lines stay borrowed from it. Returns 0, -ENOMEM, or with
 * why: V_FORM, V_SIZE, V_VERSION (hello of another version), V_PROTOCOL (known, but not from that sender or not now). After a
 * verdict ret->type, has_id and id are set as far as they could be read, for the error; there is nothing else in it. */
_must_check_ int message_parse(Message *ret, unsigned senders, const char *frame, size_t n, Why *why);

/* Appends the frame of m: its line and m->lines (n_lines is not read). Arrays and texts of m are only borrowed. What the table
 * does not allow is our own mistake (assert). 0 or -ENOMEM. */
_must_check_ int message_frame(Buf *ret, const Message *m);
/* Appends one more line to a frame, or several joined by newlines; a newline at the end of text is left out. */
void message_add_lines(Buf *frame, const char *text, size_t n);
/* The frame of {"code":...,"text":...,"type":"error"}; id may be NULL. text is cut to the limit. 0 or -ENOMEM. */
_must_check_ int message_error(Buf *ret, int verdict, const char *text, const uint64_t *id);

const char* message_name(MessageType t);        /* "new_vote"; "unknown" for none */
bool message_is_request(MessageType t);         /* wants a response with its id */
