/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "liars.h"
#include "proto/message.h"
#include "voted/limits.h"

/* Appends the text of the block at that height or of that id: of its own branch, or an honest one. */
static bool add_block(Liar *l, const KnownBlock *tip, uint64_t height, const Id *id, Buf *ret) {
        const KnownBlock *b;

        for (unsigned i = 0; i < l->n_branch; i++)
                if (id ? id_equal(&l->branch[i].id, id) : l->branch[i].height == height) {
                        buf_add(ret, l->branch[i].text, l->branch[i].n);
                        return true;
                }
        b = tip;
        while (b && (id ? !id_equal(&b->id, id) : b->height != height))
                b = b->parent;
        if (!b)
                return false;
        buf_add(ret, b->text, b->n_text);
        return true;
}

static void garble(Liar *l, Buf *text) {
        if (text->n == 0)
                return;
        switch (liar_below(l, 3)) {
        case 0:
                text->n = 1 + liar_below(l, text->n);
                break;
        case 1:
                text->p[liar_below(l, text->n)] ^= 1;
                break;
        default:
                buf_add_char(text, '\n');
                liar_line(l, text);
                break;
        }
}

static void answer_text(Liar *l, const LiarLink *k, MessageType type, const Message *q, Buf *text) {
        if (liar_has(l, VICE_BIT(GARBLE)) && liar_below(l, 2) == 0)
                garble(l, text);
        if (text->n > 0 && text->p[text->n - 1] == '\n')
                text->n--;
        liar_say(l, k, &(Message) { .type = type, .has_id = true, .id = q->id + (liar_has(l, VICE_BIT(GARBLE)) && liar_below(l, 10) == 0),
                        .lines = text->p, .n_lines_bytes = text->n });
}

static void answer_info(Liar *l, const LiarLink *k, const Message *q) {
        const KnownBlock *tip = liar_tip(l);
        char work[WORK_TEXT_BYTES_MAX + 1] = "1";
        Message m = { .type = MESSAGE_CHAIN_INFO_RESPONSE, .has_id = true, .id = q->id, .chain = {
                .tip = tip ? tip->id : l->run->genesis->network, .height = tip ? tip->height : 0, .work = work, .fork = UINT64_MAX } };

        if (l->n_branch > 0) {
                m.chain.tip = l->branch[l->n_branch - 1].id;
                m.chain.height = l->branch[l->n_branch - 1].height;
        }
        (void) snprintf(work, sizeof(work), "%" PRIu64, (uint64_t) (tip ? tip->work : 0) + 1000 * l->n_branch);
        if (liar_has(l, VICE_BIT(CLAIMS)) && liar_below(l, 2) == 0) {
                m.chain.height = liar_below(l, 2) == 0 ? LINE_INT_MAX : m.chain.height + liar_below(l, 100000);
                (void) snprintf(work, sizeof(work), "340282366920938463463374607431768211455");
        }
        for (size_t i = 0; i < q->ids.n_ids && m.chain.fork == UINT64_MAX; i++)
                for (const KnownBlock *b = tip; b; b = b->parent)
                        if (id_equal(&b->id, q->ids.ids + i))
                                m.chain.fork = b->height;
        if (m.chain.fork == UINT64_MAX && q->ids.n_ids > 0)
                m.chain.fork = 0;
        if (m.chain.fork != UINT64_MAX && liar_has(l, VICE_BIT(CLAIMS)) && liar_below(l, 3) == 0)
                m.chain.fork = liar_below(l, m.chain.height + 1);
        m.chain.final = MIN(m.chain.height, liar_below(l, 10));
        liar_say(l, k, &m);
}

void liar_answer(Liar *l, LiarLink *k, const Message *q) {
        const KnownBlock *tip = liar_tip(l);
        _cleanup_buf_ Buf text = {};

        if (liar_has(l, VICE_BIT(WITHHOLD)) && q->type != MESSAGE_GET_CHAIN_INFO)
                return;
        if (liar_has(l, VICE_BIT(GARBLE)) && liar_below(l, 8) == 0)
                return;
        switch (q->type) {

        case MESSAGE_GET_CHAIN_INFO:
                answer_info(l, k, q);
                return;

        case MESSAGE_GET_BLOCKS:
                for (uint64_t i = 0; i < q->range.max && add_block(l, tip, q->range.from + i, NULL, &text); i++)
                        ;
                answer_text(l, k, MESSAGE_BLOCKS_RESPONSE, q, &text);
                return;

        case MESSAGE_GET_BLOCKS_IDS:
                for (size_t i = 0; i < q->ids.n_ids; i++)
                        (void) add_block(l, tip, 0, q->ids.ids + i, &text);
                answer_text(l, k, MESSAGE_BLOCKS_RESPONSE, q, &text);
                return;

        case MESSAGE_GET_VOTES:
        case MESSAGE_GET_VOTES_POOL:
                if (liar_has(l, VICE_BIT(LINES)))
                        liar_line(l, &text);
                answer_text(l, k, MESSAGE_VOTES_RESPONSE, q, &text);
                return;

        default:
                return;
        }
}
