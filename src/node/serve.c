/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "ledger/receipt.h"
#include "node/peer-internal.h"

/* Answers. One at a time for each link: the next is made when the one before has left, so that who
 * asks and does not read costs one answer of memory, and a few requests that wait. */

static void send_answer(Peer *p, PeerLink *l, const Message *m) {
        l->serving = true;
        peer_link_send(p, l, LANE_SYNC, m);
}

/* Lines with a newline behind each; the last newline does not belong to the frame. */
static void send_text(Peer *p, PeerLink *l, MessageType type, const Message *q, const Buf *text) {
        if (buf_error(text) < 0) {
                p->failed = -ENOMEM;
                return;
        }
        send_answer(p, l, &(Message) { .type = type, .has_id = true, .id = q->id, .lines = text->p,
                        .n_lines_bytes = text->n > 0 ? text->n - 1 : 0 });
}

static void send_chain_info(Peer *p, PeerLink *l, uint64_t id, uint64_t fork) {
        const ChainTip *tip = chain_tip(p->chain);
        EngineStatus status = {};

        p->engine->type->status(p->engine, &status);
        peer_link_send(p, l, LANE_ENGINE,
                        &(Message) { .type = MESSAGE_CHAIN_INFO_RESPONSE,
                                        .has_id = true,
                                        .id = id,
                                        .chain = { .height = tip->height,
                                                        .tip = tip->id,
                                                        .final = p->final_height,
                                                        .work = status.work[0] ? status.work : NULL,
                                                        .fork = fork } });
}

/* The highest block of the locator, tip first, that is on this chain. */
static int answer_chain_info(Peer *p, PeerLink *l, const Message *q) {
        uint64_t fork = UINT64_MAX;

        for (size_t i = 0; i < q->ids.n_ids && fork == UINT64_MAX; i++) {
                int r;

                if (id_equal(q->ids.ids + i, &p->genesis->network))
                        fork = 0;
                else {
                        r = p->store->ops->block_find(p->store, q->ids.ids + i, &fork);
                        if (r == -ENODATA)
                                fork = UINT64_MAX;
                        else if (r < 0)
                                return r;
                }
        }
        send_chain_info(p, l, q->id, fork);
        return 0;
}

static void add_line(Buf *b, const char *line, size_t n) {
        buf_add(b, line, n);
        buf_add_char(b, '\n');
}

/* Also what has just been connected: who gets the announcement of a block asks for the bodies that
 * it lacks. */
static int add_entry(Peer *p, const Id *id, Buf *ret) {
        _cleanup_buf_ Buf line = {};
        const Entry *e = pool_find(p->pool, id);
        const Item *i;
        Place place;
        int r;

        if (!e) {
                i = item_table_find(&p->items, id);
                if (i && i->state == ITEM_HELD && !i->invalid)
                        e = i->entry;
        }
        if (e) {
                add_line(ret, e->line, e->n_line);
                return 0;
        }
        if (!chain_is_recent(p->chain, id))
                return 0;
        r = chain_find_entry(p->chain, id, 0, &place);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        r = p->store->ops->entry_get(p->store, place, NULL, &line);
        if (r < 0)
                return r;
        add_line(ret, line.p, line.n);
        return buf_error(&line);
}

static int answer_votes(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_buf_ Buf text = {};
        int r;

        for (size_t i = 0; i < q->ids.n_ids && text.n < BLOCKS_RESPONSE_BYTES; i++) {
                r = add_entry(p, q->ids.ids + i, &text);
                if (r < 0)
                        return r;
        }
        send_text(p, l, MESSAGE_VOTES_RESPONSE, q, &text);
        return 0;
}

static int answer_pool(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_free_ Entry **entries = NULL;
        _cleanup_buf_ Buf text = {};
        size_t n;
        int r;

        r = pool_list(p->pool, &entries, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n && text.n < BLOCKS_RESPONSE_BYTES; i++)
                add_line(&text, entries[i]->line, entries[i]->n_line);
        send_text(p, l, MESSAGE_VOTES_RESPONSE, q, &text);
        return 0;
}

/* Whole blocks up to BLOCKS_RESPONSE_BYTES, but at least one. *ret_full: this one did not fit any
 * more. */
static int add_block(Peer *p, uint64_t height, Buf *text, bool *ret_full) {
        size_t before = text->n;
        int r;

        r = chain_read_block_text(p->chain, height, true, text);
        if (r < 0)
                return r;
        *ret_full = before > 0 && text->n > BLOCKS_RESPONSE_BYTES;
        if (*ret_full)
                text->n = before;
        return 0;
}

static int answer_range(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_buf_ Buf text = {};
        uint64_t top = chain_tip(p->chain)->height;
        bool full = false;
        int r;

        for (uint64_t i = 0; i < q->range.max && !full; i++) {
                uint64_t height = MAX(q->range.from, UINT64_C(1)) + i;

                if (height > top)
                        break;
                r = add_block(p, height, &text, &full);
                if (r < 0)
                        return r;
        }
        send_text(p, l, MESSAGE_BLOCKS_RESPONSE, q, &text);
        return 0;
}

static int answer_blocks(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_buf_ Buf text = {};
        bool full = false;
        int r;

        for (size_t i = 0; i < q->ids.n_ids && !full; i++) {
                uint64_t height;

                r = p->store->ops->block_find(p->store, q->ids.ids + i, &height);
                if (r == -ENODATA)
                        continue;
                if (r < 0)
                        return r;
                r = add_block(p, height, &text, &full);
                if (r < 0)
                        return r;
        }
        send_text(p, l, MESSAGE_BLOCKS_RESPONSE, q, &text);
        return 0;
}

static int answer_elections(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_free_ MessageElection *items = NULL;
        size_t n_all = chain_n_elections(p->chain), n = 0, max;
        bool after = q->get_elections.after != NULL;
        ElectionInfo info;
        int r;

        max = q->get_elections.max ? q->get_elections.max : ELECTIONS_RESPONSE_MAX;
        items = new0(MessageElection, n_all + 1);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n_all && n < max; i++) {
                r = chain_election_at(p->chain, i, &info);
                if (r < 0)
                        return r;
                if (after) {
                        after = !streq(info.definition->name, q->get_elections.after);
                        continue;
                }
                items[n++] = (MessageElection) { .name = info.definition->name,
                        .id = info.id,
                        .state = election_phase_name(info.phase),
                        .opens = info.definition->opens,
                        .closes = info.definition->closes };
        }
        send_answer(p, l, &(Message) { .type = MESSAGE_ELECTIONS, .has_id = true, .id = q->id,
                        .elections = { .items = items, .n_items = n } });
        return 0;
}

/* 0, V_UNKNOWN, -errno. */
static int find_place(Peer *p, const Message *q, Place *ret, Why *why) {
        StoredVote vote;
        ElectionInfo info;
        BoardInfo board;
        int r;

        switch (q->type) {

        case MESSAGE_GET_RECEIPT_PLACE:
                if (q->place.height == 0 || q->place.height > chain_tip(p->chain)->height ||
                                q->place.position > BLOCK_COUNT_MAX)
                        return why_set(why, V_UNKNOWN, "there is no entry at that place");
                *ret = PLACE(q->place.height, q->place.position);
                return 0;

        case MESSAGE_GET_RECEIPT_NAME:
                r = chain_election_by_name(p->chain, q->name.name, &info);
                if (r == 0)
                        *ret = info.place;
                if (r != -ENODATA)
                        return r;
                r = chain_board_by_name(p->chain, q->name.name, &board);
                if (r == -ENODATA)
                        return why_set(why, V_UNKNOWN, "there is no election and no board of the name \"%s\"",
                                        q->name.name);
                if (r == 0)
                        *ret = board.place;
                return r;

        default:
                r = chain_election_by_id(p->chain, &q->vote.election, &info);
                if (r == -ENODATA)
                        return why_set(why, V_UNKNOWN, "there is no such election");
                if (r < 0)
                        return r;
                r = chain_voter(p->chain, &info, &q->vote.voter, NULL, NULL, &vote);
                if (r == -ENODATA)
                        return why_set(why, V_UNKNOWN, "the ledger holds no vote of that key");
                if (r != 0)
                        return r < 0 ? r
                                     : why_set(why, V_UNKNOWN,
                                                       "that key is not on the election's rolls");
                *ret = vote.place;
                return 0;
        }
}

static int answer_receipt(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_json_ Json *receipt = NULL;
        Place place = 0;
        Why why;
        int r;

        r = find_place(p, q, &place, &why);
        if (r == 0) {
                r = receipt_make(p->chain, place, &receipt);
                if (r == -ENODATA)
                        r = why_set(&why, V_UNKNOWN, "there is no entry at that place");
        }
        if (r < 0)
                return r;
        if (r > 0)
                peer_link_send_error(p, l, r, why.text, &q->id);
        else
                send_answer(p, l, &(Message) { .type = MESSAGE_RECEIPT, .has_id = true, .id = q->id,
                                .receipt = { .receipt = receipt } });
        return 0;
}

static int answer_certificates(Peer *p, PeerLink *l, const Message *q) {
        _cleanup_buf_ Buf lines = {};
        int r;

        if (!p->engine->type->certificates) {
                peer_link_send_error(p, l, V_PROTOCOL, "this network's engine has no such message",
                                &q->id);
                return 0;
        }
        r = p->engine->type->certificates(p->engine, q->range.from, q->range.max, &l->key, &lines);
        if (r < 0)
                return r;
        send_answer(p, l, &(Message) { .type = MESSAGE_CERTIFICATES, .has_id = true, .id = q->id,
                        .lines = lines.p, .n_lines_bytes = lines.n });
        return 0;
}

static int serve(Peer *p, PeerLink *l, const Message *q) {
        switch (q->type) {

        case MESSAGE_GET_VOTES:
                return answer_votes(p, l, q);

        case MESSAGE_GET_VOTES_POOL:
                return answer_pool(p, l, q);

        case MESSAGE_GET_BLOCKS:
                return answer_range(p, l, q);

        case MESSAGE_GET_BLOCKS_IDS:
                return answer_blocks(p, l, q);

        case MESSAGE_GET_CERTIFICATES:
                return answer_certificates(p, l, q);

        case MESSAGE_GET_ELECTIONS:
                return answer_elections(p, l, q);

        case MESSAGE_GET_RECEIPT_PLACE:
        case MESSAGE_GET_RECEIPT_NAME:
        case MESSAGE_GET_RECEIPT_VOTE:
                return answer_receipt(p, l, q);

        default:
                peer_link_send_error(p, l, V_PROTOCOL, "this network's engine has no such message",
                                &q->id);
                return 0;
        }
}

int serve_request(Peer *p, PeerLink *l, const Message *m) {
        _cleanup_buf_ Buf b = {};
        Serving *s;

        if (m->type == MESSAGE_GET_CHAIN_INFO)
                return answer_chain_info(p, l, m);
        if (!l->serving)
                return serve(p, l, m);

        if (l->n_queue == SERVING_MAX) {
                peer_link_send_error(p, l, V_BUSY, "the answers before this one are not read yet",
                                &m->id);
                return 0;
        }
        if (message_frame(&b, m) < 0)
                return -ENOMEM;
        s = l->queue + l->n_queue;
        s->frame = buf_take(&b, &s->n);
        if (!s->frame)
                return -ENOMEM;
        l->n_queue++;
        return 0;
}

int serve_next(Peer *p, PeerLink *l) {
        l->serving = false;
        while (!l->serving && l->n_queue > 0) {
                _cleanup_message_ Message m = {};
                _cleanup_free_ char *frame = l->queue[0].frame;
                size_t n = l->queue[0].n;
                int r;

                memmove(l->queue, l->queue + 1, --l->n_queue * sizeof(Serving));
                r = message_parse(&m, l->client ? MESSAGE_FROM_CLIENT : MESSAGE_FROM_PEER, frame, n,
                                NULL);
                if (r == 0)
                        r = serve(p, l, &m);
                if (r < 0)
                        return r;
        }
        return 0;
}

void serve_drop(PeerLink *l) {
        while (l->n_queue > 0)
                free(l->queue[--l->n_queue].frame);
}
