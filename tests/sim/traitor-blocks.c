/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/base64.h"
#include "codec/line.h"
#include "crypto/merkle.h"
#include "traitors.h"

Twin* traitor_twin(Traitors *a, const Id *id) {
        for (unsigned i = 0; i < MIN(a->n_twins, TWINS); i++)
                if (id_equal(&a->twins[i].id[0], id) || id_equal(&a->twins[i].id[1], id))
                        return &a->twins[i];
        return NULL;
}

const Id* traitor_shown(const Twin *twin, unsigned authority) {
        return &twin->id[twin->side >> authority & 1];
}

/* As quorum_proposal_format() does it, but with whatever grounds there are. */
static void format(Traitor *t, const QuorumBlock *parent, const Header *h, const Id *ids, Buf *ret) {
        const Quorum *q = traitor_engine(t);
        QuorumStatement s = traitor_sign(t, QUORUM_PROPOSE, h->value, &h->id);
        const QuorumCertificate *c = parent->finalize ?: parent->endorse;
        char *text = newN(char, BASE64_LEN(h->count * sizeof(Id)) + 1);
        const char *comma = "";
        unsigned n = 0;
        int r = 0;

        if (!text)
                world_die("a proposal", -ENOMEM);
        base64_encode(text, ids, h->count * sizeof(Id));
        buf_add_char(ret, '{');
        if (c) {
                buf_add_text(ret, "\"certificate\":");
                r = quorum_certificate_format(c, ret);
                buf_add_char(ret, ',');
        }
        buf_add_text(ret, "\"header\":");
        if (r >= 0)
                r = header_format(h, ret);
        buf_printf(ret, ",\"ids\":\"%s\",\"kind\":\"propose\",\"proposal\":", text);
        if (r >= 0)
                r = quorum_statement_format(&s, &t->all->config, ret);
        buf_add_text(ret, ",\"skips\":[");
        for (uint64_t v = parent->header.value + 1; r >= 0 && v < h->value && n < PROPOSE_SKIPS_MAX; v++) {
                const QuorumCertificate *skip = quorum_certificate_held(q, QUORUM_SKIP, v, NULL);

                if (!skip)
                        continue;
                buf_add_text(ret, comma);
                comma = ",";
                r = quorum_certificate_format(skip, ret);
                n++;
        }
        buf_add_text(ret, "]}");
        free(text);
        if (r < 0 || buf_error(ret) < 0)
                world_die("a proposal", -ENOMEM);
}

/* Something that is wrong on its parent, or whose entries nobody has, or that is not yet. */
static void spoil(Traitor *t, const QuorumBlock *parent, Header *h, Id *ids) {
        switch (traitor_below(t, 4)) {
        case 0:
                h->time = parent->header.time - MIN(parent->header.time, 1 + traitor_below(t, 100));
                break;
        case 1:
                h->time += 10 + traitor_below(t, 100);
                break;
        case 2:
                h->height++;
                break;
        default:
                if (h->count == 0)
                        h->height--;
                else
                        ids[0].b[traitor_below(t, sizeof(ids[0].b))] ^= 1;
                merkle_root(&h->root, ids, h->count);
                break;
        }
}

/* What is proposed beside m, by the same leader. False: nothing comes to mind. */
static bool make_other(Traitor *t, const EngineMessage *m, Header *ret, Buf *ret_line) {
        const Quorum *q = traitor_engine(t);
        const QuorumBlock *parent = quorum_block_find(q, &m->header.parent);

        if (!parent || (parent->header.height > 0 && !parent->endorse && !parent->finalize))
                return false;
        *ret = m->header;
        if (traitor_has(t, TREASON_BIT(FORK)) && traitor_below(t, 2) == 0 && quorum_block_parent(q, parent)) {
                const QuorumBlock *below = quorum_block_parent(q, parent);

                if (below->header.height > 0 && !below->endorse && !below->finalize)
                        return false;
                parent = below;
                ret->parent = parent->header.id;
                ret->height = parent->header.height + 1;
        }
        if (traitor_has(t, TREASON_BIT(INVALID)) && traitor_below(t, 2) == 0)
                spoil(t, parent, ret, m->ids);
        else
                ret->time += 1 + traitor_below(t, 2);
        if (header_set_id(ret) < 0)
                world_die("a header", -ENOMEM);
        format(t, parent, ret, m->ids, ret_line);
        return true;
}

static Twin* new_twin(Traitor *t, const Id *id, const char *line, size_t n) {
        EngineMessage *m = NULL;
        _cleanup_buf_ Buf other = {};
        Twin *twin = NULL;
        Header h;

        if (quorum_proposal_read(&t->all->config, &t->all->run->genesis->network, line, n, &m, NULL) != 0)
                world_die("an own proposal", V_FORM);
        if (m->statement.signer == t->number && id_equal(&m->header.id, id) && make_other(t, m, &h, &other)) {
                twin = &t->all->twins[t->all->n_twins++ % TWINS];
                free(twin->line);
                *twin = (Twin) { .id = { *id, h.id }, .side = (uint32_t) prng_u64(&t->prng) };
                if (!traitor_has(t, TREASON_BIT(TWINS)))
                        twin->side = traitor_below(t, 2) == 0 ? UINT32_MAX : 0;         /* the same to all */
                twin->line = buf_take(&other, &twin->n_line);
                if (!twin->line)
                        world_die("a twin", -ENOMEM);
        }
        (void) quorum_message_free(m);
        return twin;
}

bool traitor_on_proposal(Traitor *t, unsigned host, const char *line, size_t n) {
        int authority = traitor_authority(t->all, host);
        const Twin *twin;
        Json *o = NULL;
        const Json *inner;
        QuorumStatement s;

        if (authority < 0 || !traitor_has(t, TREASON_BIT(TWINS) | TREASON_BIT(FORK) | TREASON_BIT(INVALID)))
                return false;
        if (line_parse(&o, line, n, PROPOSE_BYTES_MAX, NULL) != 0 || json_get_object(o, "proposal", &inner, NULL) != 0 ||
                        quorum_statement_read(&s, &t->all->config, QUORUM_PROPOSE, inner, NULL) != 0)
                world_die("an own proposal", V_FORM);
        (void) json_free(o);
        twin = traitor_twin(t->all, &s.block) ?: new_twin(t, &s.block, line, n);
        if (!twin || id_equal(traitor_shown(twin, (unsigned) authority), &s.block))
                return false;
        traitor_say(t, host, MESSAGE_PROPOSE, twin->line, twin->n_line);
        return traitor_below(t, 5) > 0;         /* or both */
}

/* An empty block on the parent of the top, to all; where it comes before the last finalize of the top it may look good. */
void traitor_fork(Traitor *t, uint64_t view) {
        const Run *r = t->all->run;
        const Quorum *q = traitor_engine(t);
        const QuorumBlock *top = quorum_block_find(q, quorum_top_block(q)), *parent = top ? quorum_block_parent(q, top) : NULL;
        _cleanup_buf_ Buf line = {};
        Header h;

        if (!parent || top->header.value != view || (parent->header.height > 0 && !parent->endorse && !parent->finalize))
                return;
        t->forked_view = view + 1;
        h = (Header) { .network = r->genesis->network, .parent = parent->header.id, .height = parent->header.height + 1,
                .time = MAX(host_wall_sec(t->host), parent->header.time), .sealer = t->host->key, .field = HEADER_VIEW, .value = view + 1 };
        merkle_root(&h.root, NULL, 0);
        if (header_set_id(&h) < 0)
                world_die("a header", -ENOMEM);
        format(t, parent, &h, NULL, &line);
        for (unsigned i = r->first_peer; i < r->first_peer + r->n_authorities; i++) {
                traitor_say(t, i, MESSAGE_PROPOSE, line.p, line.n);
                traitor_say_statement(t, i, QUORUM_ENDORSE, view + 1, &h.id);
        }
}
