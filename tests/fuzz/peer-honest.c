/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-host.h"

#include <stdio.h>

/* Honest peers know the main chain as far as h->honest_tip, and answer at once. */

static void say(Host *h, const HostLink *l, const Message *m) {
        _cleanup_buf_ Buf frame = {};

        fuzz_check(message_frame(&frame, m) == 0);
        host_frame(h, l, frame.p, frame.n);
}

static unsigned tip_of(const Host *h) {
        return MIN(h->honest_tip, material_tip(h->m));
}

void honest_hello(Host *h, const HostLink *l) {
        const Header *tip = &material_block(h->m, tip_of(h))->header;

        say(h, l,
                        &(Message) { .type = MESSAGE_HELLO,
                                        .hello = { .version = PROTOCOL_VERSION, .network = h->m->genesis->network, .agent = "honest",
                                                        .height = tip->height, .tip = tip->id, .port = 7000 } });
        host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
}

static void blocks_by_ids(Host *h, const Message *m, Buf *ret) {
        for (size_t i = 0; i < m->ids.n_ids; i++)
                for (unsigned k = 1; k <= tip_of(h); k++)
                        if (id_equal(&material_block(h->m, k)->header.id, &m->ids.ids[i]))
                                material_whole(h->m, k, SEAL_RIGHT, ret);
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

static void certificates(Host *h, uint64_t from, Buf *ret) {
        const uint64_t last = material_block(h->m, tip_of(h))->header.value;

        for (uint64_t v = from; v <= last; v++) {
                for (unsigned k = 1; k <= tip_of(h); k++) {
                        const MaterialBlock *b = material_block(h->m, k);

                        if (b->header.value != v)
                                continue;
                        buf_add_text(ret, ret->n > 0 ? "\n" : "");
                        material_certificate(h->m, b->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, v, &b->header.id, SEAL_RIGHT, ret);
                }
                if (!material_skipped(v))
                        continue;
                buf_add_text(ret, ret->n > 0 ? "\n" : "");
                material_certificate(h->m, QUORUM_SKIP, v, NULL, SEAL_RIGHT, ret);
        }
}

static void say_info(Host *h, const HostLink *l, const Message *m) {
        const Header *tip = &material_block(h->m, tip_of(h))->header;
        Message a = { .type = MESSAGE_CHAIN_INFO_RESPONSE, .has_id = true, .id = m->id,
                .chain = { .height = tip->height, .tip = tip->id, .fork = UINT64_MAX } };
        char work[24];

        for (size_t i = m->ids.n_ids; i > 0; i--)
                for (unsigned k = 0; k <= tip_of(h); k++)
                        if (id_equal(&material_block(h->m, k)->header.id, &m->ids.ids[i - 1]))
                                a.chain.fork = k;
        if (h->m->pow) {
                (void) snprintf(work, sizeof(work), "%u", tip_of(h));
                a.chain.work = work;
        } else
                for (unsigned k = 1; k <= tip_of(h); k++)
                        a.chain.final = material_block(h->m, k)->final ? k : a.chain.final;
        say(h, l, &a);
}

void honest_answer(Host *h, const HostLink *l, const Message *m) {
        _cleanup_buf_ Buf lines = {};
        Message a = { .has_id = true, .id = m->id };

        switch (m->type) {

        case MESSAGE_GET_CHAIN_INFO:
                say_info(h, l, m);
                return;

        case MESSAGE_GET_BLOCKS:
                a.type = MESSAGE_BLOCKS_RESPONSE;
                for (uint64_t k = MAX(m->range.from, UINT64_C(1)); k <= tip_of(h) && k - m->range.from < m->range.max; k++)
                        material_whole(h->m, (unsigned) k, SEAL_RIGHT, &lines);
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
        const unsigned tip = tip_of(h);
        const MaterialBlock *b = material_block(h->m, tip);

        if (tip > 0) {
                material_header(h->m, tip, &lines);
                buf_add_char(&lines, '\n');
                material_seal(h->m, tip, SEAL_RIGHT, &lines);
                say(h, l, &(Message) { .type = MESSAGE_NEW_BLOCK, .lines = lines.p, .n_lines_bytes = lines.n });
        }
        if (tip > 0 && !h->m->pow && l->who != 7) {
                buf_reset(&lines);
                material_certificate(h->m, b->final ? QUORUM_FINALIZE : QUORUM_ENDORSE, b->header.value, &b->header.id, SEAL_RIGHT, &lines);
                say(h, l, &(Message) { .type = MESSAGE_CERTIFICATE, .lines = lines.p, .n_lines_bytes = lines.n });
        }
        host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
}
