/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-host.h"

#include <stdio.h>

/* Honest peers know the main chain as far as h->honest_tip, and answer at once. */

static void say(Host *h, const HostLink *l, const Message *m) {
        _cleanup_buf_ Buf frame = {};

        fuzz_check(message_frame(&frame, m) == 0);
        host_frame(h, l, frame.p, frame.n);
}

/* Items by height. */
static unsigned chain_of(const Host *h, uint8_t ret[static MATERIAL_ITEMS]) {
        unsigned tip = material_chain(h->m, ret);

        return MIN(h->honest_tip, tip);
}

static const MaterialBlock* tip_of(const Host *h) {
        uint8_t chain[MATERIAL_ITEMS];
        unsigned tip = chain_of(h, chain);

        return material_block(h->m, chain[tip]);
}

void honest_hello(Host *h, const HostLink *l) {
        const Header *tip = &tip_of(h)->header;

        say(h, l,
                        &(Message) { .type = MESSAGE_HELLO,
                                        .hello = { .version = PROTOCOL_VERSION, .network = h->m->genesis->network, .agent = "honest",
                                                        .height = tip->height, .tip = tip->id, .port = 7000 } });
        host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
}

static void blocks_by_ids(Host *h, const Message *m, Buf *ret) {
        uint8_t chain[MATERIAL_ITEMS];
        unsigned tip = chain_of(h, chain);

        for (size_t i = 0; i < m->ids.n_ids; i++)
                for (unsigned k = 1; k <= tip; k++)
                        if (id_equal(&material_block(h->m, chain[k])->header.id, &m->ids.ids[i]))
                                material_whole(h->m, chain[k], SEAL_RIGHT, ret);
}

static void votes_by_ids(Host *h, const Message *m, Buf *ret) {
        for (size_t i = 0; i < m->ids.n_ids; i++)
                for (unsigned k = 1; k < MATERIAL_ENTRIES; k++) {
                        const MaterialEntry *x = material_entry(h->m, k);

                        if (!x || !x->honest || !id_equal(&x->id, &m->ids.ids[i]))
                                continue;
                        if (ret->n > 0)
                                buf_add_char(ret, '\n');
                        buf_add(ret, x->line, x->n);
                }
}

static void add_certificate(Host *h, QuorumKind of, uint64_t view, const Id *block, Buf *ret) {
        buf_add_text(ret, ret->n > 0 ? "\n" : "");
        material_certificate(h->m, of, view, block, SEAL_RIGHT, ret);
}

static void certificates(Host *h, uint64_t from, Buf *ret) {
        const uint64_t last = tip_of(h)->header.value;
        uint8_t chain[MATERIAL_ITEMS];
        unsigned tip = chain_of(h, chain);

        for (uint64_t v = from; v <= last; v++) {
                bool endorsed = false;

                for (unsigned k = 1; k <= tip; k++) {
                        const MaterialBlock *b = material_block(h->m, chain[k]);

                        if (b->header.value != v)
                                continue;
                        add_certificate(h, b->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, v, &b->header.id, ret);
                        endorsed = chain[k] >= MATERIAL_OWN;
                }
                if (material_skipped(v) && !endorsed)
                        add_certificate(h, QUORUM_SKIP, v, NULL, ret);
        }
}

static void say_info(Host *h, const HostLink *l, const Message *m) {
        uint8_t chain[MATERIAL_ITEMS];
        unsigned n = chain_of(h, chain);
        const Header *tip = &material_block(h->m, chain[n])->header;
        Message a = { .type = MESSAGE_CHAIN_INFO_RESPONSE, .has_id = true, .id = m->id,
                .chain = { .height = tip->height, .tip = tip->id, .fork = UINT64_MAX } };
        char work[24];

        for (size_t i = m->ids.n_ids; i > 0; i--)
                for (unsigned k = 0; k <= n; k++)
                        if (id_equal(&material_block(h->m, chain[k])->header.id, &m->ids.ids[i - 1]))
                                a.chain.fork = k;
        if (h->m->pow) {
                (void) snprintf(work, sizeof(work), "%u", n);
                a.chain.work = work;
        } else
                for (unsigned k = 1; k <= n; k++)
                        a.chain.final = material_block(h->m, chain[k])->final ? k : a.chain.final;
        say(h, l, &a);
}

void honest_answer(Host *h, const HostLink *l, const Message *m) {
        _cleanup_buf_ Buf lines = {};
        Message a = { .has_id = true, .id = m->id };
        uint8_t chain[MATERIAL_ITEMS];
        unsigned tip = chain_of(h, chain);

        switch (m->type) {

        case MESSAGE_GET_CHAIN_INFO:
                say_info(h, l, m);
                return;

        case MESSAGE_GET_BLOCKS:
                a.type = MESSAGE_BLOCKS_RESPONSE;
                for (uint64_t k = MAX(m->range.from, UINT64_C(1)); k <= tip && k - m->range.from < m->range.max; k++)
                        material_whole(h->m, chain[k], SEAL_RIGHT, &lines);
                break;

        case MESSAGE_GET_BLOCKS_IDS:
                a.type = MESSAGE_BLOCKS_RESPONSE;
                blocks_by_ids(h, m, &lines);
                break;

        case MESSAGE_GET_VOTES:
                a.type = MESSAGE_VOTES_RESPONSE;
                votes_by_ids(h, m, &lines);
                break;

        case MESSAGE_GET_VOTES_POOL:
                a.type = MESSAGE_VOTES_RESPONSE;
                break;

        case MESSAGE_GET_CERTIFICATES:
                a.type = MESSAGE_CERTIFICATES;
                certificates(h, m->range.from, &lines);
                break;

        default:
                return;
        }
        a.lines = lines.p;
        a.n_lines_bytes = lines.n;
        say(h, l, &a);
}

/* What one hears of everybody sooner or later: the last block with its seal, and whatever proves it. */
void honest_tell_all(Host *h, const HostLink *l) {
        _cleanup_buf_ Buf lines = {};
        uint8_t chain[MATERIAL_ITEMS];
        const unsigned tip = chain_of(h, chain);
        const MaterialBlock *b = material_block(h->m, chain[tip]);

        if (tip > 0) {
                material_header(h->m, chain[tip], &lines);
                buf_add_char(&lines, '\n');
                material_seal(h->m, chain[tip], SEAL_RIGHT, &lines);
                say(h, l, &(Message) { .type = MESSAGE_NEW_BLOCK, .lines = lines.p, .n_lines_bytes = lines.n });
        }
        if (tip > 0 && !h->m->pow && l->who != 7) {
                buf_reset(&lines);
                material_certificate(h->m, b->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, b->header.value, &b->header.id, SEAL_RIGHT, &lines);
                say(h, l, &(Message) { .type = MESSAGE_CERTIFICATE, .lines = lines.p, .n_lines_bytes = lines.n });
        }
        host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
}
