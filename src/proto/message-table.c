/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/message-table.h"
#include "voted/limits.h"

#define ANYBODY (MESSAGE_FROM_TRACKER | MESSAGE_FROM_REGISTRANT | MESSAGE_FROM_STRANGER | MESSAGE_FROM_PEER | MESSAGE_FROM_CLIENT)
#define TRACKER MESSAGE_FROM_TRACKER
#define REGISTRANT MESSAGE_FROM_REGISTRANT
#define STRANGER MESSAGE_FROM_STRANGER
#define PEER MESSAGE_FROM_PEER
#define CLIENT MESSAGE_FROM_CLIENT

#define AT(member) .at = offsetof(Message, member)
#define LIST(body, items, n) .at = offsetof(Message, body.items), .at_n = offsetof(Message, body.n)
#define INT_MAX_WIRE ((uint64_t) LINE_INT_MAX)

/* The largest roll that a tracker hands out in one message; a list that is empty is still a list. */
#define PEERS_FIELD(key_) { key_, FIELD_PEERS, .max = TRACKER_LIST_MAX, LIST(peers, peers, n_peers) }

#define HEIGHT(key_, member) { key_, FIELD_INT, .max = INT_MAX_WIRE, AT(member) }

const MessageRow message_table[_MESSAGE_MAX] = {
        [MESSAGE_NONE] = { .name = "unknown" },

        [MESSAGE_ERROR] = { "error", ANYBODY, MESSAGE_ID_OPTIONAL, .fields = {
                { "code", FIELD_TEXT, .min = 1, .max = NAME_BYTES_MAX, AT(error.code) },
                { "text", FIELD_TEXT, .max = ERROR_TEXT_BYTES_MAX, AT(error.text) } } },

        /* with a tracker */
        [MESSAGE_REGISTER] = { "register", REGISTRANT, MESSAGE_ID_REQUEST, .fields = {
                { "network", FIELD_ID, AT(enrol.network) },
                { "port", FIELD_INT, .min = 1, .max = UINT16_MAX, AT(enrol.port) },
                { "host", FIELD_HOST, .optional = true, AT(enrol.host) } } },
        [MESSAGE_REGISTERED] = { "registered", TRACKER, MESSAGE_ID_RESPONSE, .fields = {
                { "ttl", FIELD_INT, .min = 1, .max = TRACKER_TTL_MAX, AT(lease.ttl) },
                { "version", FIELD_INT, .max = INT_MAX_WIRE, AT(lease.version) } } },
        [MESSAGE_HEARTBEAT] = { "heartbeat", REGISTRANT, MESSAGE_ID_REQUEST, .fields = {
                { "network", FIELD_ID, AT(enrol.network) } } },
        [MESSAGE_HEARTBEAT_REPLY] = { "heartbeat", TRACKER, MESSAGE_ID_RESPONSE, .fields = {
                { "ttl", FIELD_INT, .min = 1, .max = TRACKER_TTL_MAX, AT(lease.ttl) },
                { "version", FIELD_INT, .max = INT_MAX_WIRE, AT(lease.version) } } },
        [MESSAGE_GET_PEERS] = { "get_peers", REGISTRANT, MESSAGE_ID_REQUEST, .fields = {
                { "network", FIELD_ID, AT(get_peers.network) },
                { "max", FIELD_INT, .optional = true, .min = 1, .max = TRACKER_LIST_MAX, AT(get_peers.max) } } },
        [MESSAGE_PEER_LIST] = { "peer_list", TRACKER, MESSAGE_ID_RESPONSE, .fields = {
                PEERS_FIELD("peers"),
                { "version", FIELD_INT, .max = INT_MAX_WIRE, AT(peers.version) } } },
        [MESSAGE_UNREGISTER] = { "unregister", REGISTRANT, MESSAGE_ID_REQUEST, .fields = {
                { "network", FIELD_ID, AT(enrol.network) } } },
        [MESSAGE_UNREGISTERED] = { "unregistered", TRACKER, MESSAGE_ID_RESPONSE },
        [MESSAGE_PEER_LIST_UPDATE] = { "peer_list_update", TRACKER, .fields = {
                PEERS_FIELD("joined"),
                { "left", FIELD_KEYS, .max = TRACKER_LIST_MAX, LIST(peers, left, n_left) },
                { "since", FIELD_INT, .max = INT_MAX_WIRE, AT(peers.since) },
                { "version", FIELD_INT, .max = INT_MAX_WIRE, AT(peers.version) } } },

        /* between peers; "version" stands first, so that a hello of another version is judged by nothing else */
        [MESSAGE_HELLO] = { "hello", STRANGER, .fields = {
                { "version", FIELD_VERSION, .min = PROTOCOL_VERSION, .max = PROTOCOL_VERSION, AT(hello.version) },
                { "network", FIELD_ID, AT(hello.network) },
                { "agent", FIELD_TEXT, .max = AGENT_BYTES_MAX, AT(hello.agent) },
                HEIGHT("height", hello.height),
                { "tip", FIELD_ID, AT(hello.tip) },
                { "port", FIELD_INT, .max = UINT16_MAX, AT(hello.port) } } },
        [MESSAGE_NEW_VOTE] = { "new_vote", PEER | CLIENT, .lines_min = 1, .lines_max = ANNOUNCE_IDS_MAX },
        [MESSAGE_NEW_VOTE_IDS] = { "new_vote", PEER, .form = "ids", .fields = {
                { "ids", FIELD_IDS, .min = 1, .max = ANNOUNCE_IDS_MAX, LIST(ids, ids, n_ids) } } },
        [MESSAGE_GET_VOTES] = { "get_votes", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "ids", .fields = {
                { "ids", FIELD_IDS, .min = 1, .max = ANNOUNCE_IDS_MAX, LIST(ids, ids, n_ids) } } },
        [MESSAGE_GET_VOTES_POOL] = { "get_votes", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "pool", .fields = {
                { "pool", FIELD_TRUE } } },
        [MESSAGE_VOTES_RESPONSE] = { "votes_response", PEER, MESSAGE_ID_RESPONSE, .lines_max = FRAME_LINES_MAX },
        [MESSAGE_NEW_BLOCK] = { "new_block", PEER, .lines_min = 2, .lines_max = 2 },
        [MESSAGE_NEW_BLOCK_IDS] = { "new_block", PEER, .form = "ids", .lines_min = 2, .lines_max = 2, .fields = {
                { "ids", FIELD_IDS, .min = 1, .max = BLOCK_IDS_MAX, LIST(ids, ids, n_ids) } } },
        [MESSAGE_GET_BLOCKS] = { "get_blocks", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "from", .fields = {
                HEIGHT("from", range.from),
                { "max", FIELD_INT, .min = 1, .max = BLOCKS_ASKED_MAX, AT(range.max) } } },
        [MESSAGE_GET_BLOCKS_IDS] = { "get_blocks", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "ids", .fields = {
                { "ids", FIELD_IDS, .min = 1, .max = BLOCKS_ASKED_MAX, LIST(ids, ids, n_ids) } } },
        [MESSAGE_BLOCKS_RESPONSE] = { "blocks_response", PEER, MESSAGE_ID_RESPONSE, .lines_max = FRAME_LINES_MAX },
        [MESSAGE_GET_CHAIN_INFO] = { "get_chain_info", PEER | CLIENT, MESSAGE_ID_REQUEST, .fields = {
                { "locator", FIELD_IDS, .optional = true, .min = 1, .max = LOCATOR_IDS_MAX, LIST(ids, ids, n_ids) } } },
        [MESSAGE_CHAIN_INFO_RESPONSE] = { "chain_info_response", PEER | CLIENT, MESSAGE_ID_RESPONSE, .fields = {
                HEIGHT("height", chain.height),
                { "tip", FIELD_ID, AT(chain.tip) },
                HEIGHT("final", chain.final),
                { "work", FIELD_TEXT, .optional = true, .min = 1, .max = WORK_TEXT_BYTES_MAX, AT(chain.work) },
                { "fork", FIELD_INT, .optional = true, .max = INT_MAX_WIRE, .absent = UINT64_MAX, AT(chain.fork) } } },
        [MESSAGE_GET_ELECTIONS] = { "get_elections", PEER | CLIENT, MESSAGE_ID_REQUEST, .fields = {
                { "after", FIELD_NAME, .optional = true, AT(get_elections.after) },
                { "max", FIELD_INT, .min = 1, .max = ELECTIONS_RESPONSE_MAX, AT(get_elections.max) } } },
        [MESSAGE_ELECTIONS] = { "elections", PEER, MESSAGE_ID_RESPONSE, .fields = {
                { "elections", FIELD_ELECTIONS, .max = ELECTIONS_RESPONSE_MAX, LIST(elections, items, n_items) } } },
        [MESSAGE_GET_RECEIPT_PLACE] = { "get_receipt", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "height", .fields = {
                HEIGHT("height", place.height),
                { "position", FIELD_INT, .max = UINT32_MAX, AT(place.position) } } },
        [MESSAGE_GET_RECEIPT_NAME] = { "get_receipt", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "name", .fields = {
                { "name", FIELD_NAME, AT(name.name) } } },
        [MESSAGE_GET_RECEIPT_VOTE] = { "get_receipt", PEER | CLIENT, MESSAGE_ID_REQUEST, .form = "election", .fields = {
                { "election", FIELD_ID, AT(vote.election) },
                { "voter", FIELD_KEY, AT(vote.voter) } } },
        [MESSAGE_RECEIPT] = { "receipt", PEER, MESSAGE_ID_RESPONSE, .fields = {
                { "receipt", FIELD_OBJECT, AT(receipt.receipt) } } },

        /* the engine quorum: the signed line follows, and what `propose` builds on */
        [MESSAGE_PROPOSE] = { "propose", PEER, .quorum = true, .lines_min = 1, .lines_max = 1 },
        [MESSAGE_ENDORSE] = { "endorse", PEER, .quorum = true, .lines_min = 1, .lines_max = 1 },
        [MESSAGE_FINALIZE] = { "finalize", PEER, .quorum = true, .lines_min = 1, .lines_max = 1 },
        [MESSAGE_SKIP] = { "skip", PEER, .quorum = true, .lines_min = 1, .lines_max = 1 },
        [MESSAGE_CERTIFICATE] = { "certificate", PEER, .quorum = true, .lines_min = 1, .lines_max = 1 },
        [MESSAGE_EVIDENCE] = { "evidence", PEER, .quorum = true, .lines_min = 1, .lines_max = 1 },
        [MESSAGE_GET_CERTIFICATES] = { "get_certificates", PEER, MESSAGE_ID_REQUEST, .quorum = true, .fields = {
                HEIGHT("from", range.from),
                { "max", FIELD_INT, .min = 1, .max = BLOCKS_ASKED_MAX, AT(range.max) } } },
        [MESSAGE_CERTIFICATES] = { "certificates", PEER, MESSAGE_ID_RESPONSE, .quorum = true, .lines_max = BLOCKS_ASKED_MAX },
};
