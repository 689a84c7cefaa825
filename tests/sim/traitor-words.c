/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/sign.h"
#include "traitors.h"
#include "voted/limits.h"

static int sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        const Host *h = userdata;

        return sign_line(ret, h->identity, kind, &h->world->genesis->network, line, n);
}

QuorumStatement traitor_sign(Traitor *t, QuorumKind kind, uint64_t view, const Id *block) {
        QuorumStatement s = { .kind = kind, .signer = t->number, .view = view };
        EngineSetup setup = { .sign_userdata = t->host, .sign = sign };

        if (block && kind != QUORUM_SKIP)
                s.block = *block;
        if (quorum_statement_sign(&s, &t->all->config, &setup) < 0)
                world_die("a traitor's signature", -ENOMEM);
        return s;
}

static MessageType type_of(QuorumKind k) {
        return k == QUORUM_ENDORSE ? MESSAGE_ENDORSE : k == QUORUM_FINALIZE ? MESSAGE_FINALIZE : MESSAGE_SKIP;
}

static void say(Traitor *t, unsigned host, const QuorumStatement *s) {
        _cleanup_buf_ Buf line = {};

        if (quorum_statement_format(s, &t->all->config, &line) < 0)
                world_die("a traitor's line", -ENOMEM);
        traitor_say(t, host, type_of(s->kind), line.p, line.n);
}

void traitor_say_statement(Traitor *t, unsigned host, QuorumKind kind, uint64_t view, const Id *block) {
        QuorumStatement s = traitor_sign(t, kind, view, block);

        say(t, host, &s);
}

static Id some_id(Traitor *t) {
        Id id;

        for (size_t i = 0; i < sizeof(id.b); i++)
                id.b[i] = (uint8_t) traitor_below(t, 256);
        return id;
}

/* Of another block of that view: a twin, if there is one. */
static Id other_block(Traitor *t, const QuorumStatement *s) {
        const Twin *twin = traitor_twin(t->all, &s->block);

        return twin ? twin->id[id_equal(&twin->id[0], &s->block)] : some_id(t);
}

bool traitor_on_statement(Traitor *t, unsigned host, const QuorumStatement *s) {
        int authority = traitor_authority(t->all, host);
        const Twin *twin = s->kind == QUORUM_SKIP ? NULL : traitor_twin(t->all, &s->block);

        if (authority < 0)
                return false;
        if (s->kind == QUORUM_FINALIZE && traitor_has(t, TREASON_BIT(FORK)) && t->forked_view <= s->view &&
                        quorum_leader(&t->all->config, s->view + 1) == t->number)
                traitor_fork(t, s->view);
        if (traitor_has(t, TREASON_BIT(BOTH)) && traitor_below(t, 3) == 0) {
                if (s->kind == QUORUM_FINALIZE)
                        traitor_say_statement(t, host, QUORUM_SKIP, s->view, NULL);
                else if (s->kind == QUORUM_SKIP && t->all->last_view == s->view)
                        traitor_say_statement(t, host, QUORUM_FINALIZE, s->view, &t->all->last_block);
        }
        if (traitor_has(t, TREASON_BIT(WORDS)) && s->kind != QUORUM_SKIP && traitor_below(t, 4) == 0) {
                Id other = other_block(t, s);

                traitor_say_statement(t, host, s->kind, s->view, &other);
                if (traitor_below(t, 2) == 0)
                        return true;
        }
        if (twin && traitor_has(t, TREASON_BIT(TWINS))) {
                const Id *shown = traitor_shown(twin, (unsigned) authority);

                if (!id_equal(shown, &s->block)) {
                        traitor_say_statement(t, host, s->kind, s->view, shown);
                        return true;
                }
        }
        return false;
}

/* --- certificates --- */

/* Its own signature as often as it takes; or as few as there are. */
void traitor_forge(Traitor *t) {
        Quorum *q = traitor_engine(t);
        QuorumKind of = (QuorumKind) (QUORUM_ENDORSE + traitor_below(t, 3));
        unsigned n = traitor_below(t, 4) > 0 ? t->all->config.q : 1 + (unsigned) traitor_below(t, t->all->config.q);
        uint64_t view = q->view + traitor_below(t, 2);
        const Twin *twin = t->all->n_twins > 0 ? &t->all->twins[(t->all->n_twins - 1) % TWINS] : NULL;
        Id block = of == QUORUM_SKIP ? (Id) {} : twin && traitor_below(t, 2) == 0 ? twin->id[1] : t->all->last_block;
        _cleanup_certificate_ QuorumCertificate *c = NULL;
        _cleanup_buf_ Buf line = {};
        QuorumStatement s;
        unsigned to = t->all->run->first_peer + (unsigned) traitor_below(t, t->all->run->n_peers);

        if (of != QUORUM_SKIP && t->all->last_view > 0 && !id_is_zero(&block))
                view = t->all->last_view;
        s = traitor_sign(t, of, view, &block);
        c = quorum_certificate_new(of, view, &block, n);
        if (!c)
                world_die("a forged certificate", -ENOMEM);
        for (; c->n < n; c->n++) {
                c->signatures[c->n].number = t->number;
                c->signatures[c->n].signature = s.signature;
        }
        if (quorum_certificate_format(c, &line) < 0)
                world_die("a forged certificate", -ENOMEM);
        traitor_say(t, to, MESSAGE_CERTIFICATE, line.p, line.n);
}

/* --- too much --- */

static void say_garbage(Traitor *t, unsigned to) {
        _cleanup_buf_ Buf line = {};
        QuorumStatement s = traitor_sign(t, QUORUM_ENDORSE, 1 + traitor_below(t, 100), &t->all->last_block);

        switch (traitor_below(t, 3)) {
        case 0:
                s.signature.b[traitor_below(t, sizeof(s.signature.b))] ^= 1;
                break;
        case 1:
                s.signer = (s.signer + 1) % t->all->config.n;
                break;
        default:
                for (size_t n = 1 + traitor_below(t, 500); n > 0; n--)
                        buf_add_char(&line, (char) (' ' + traitor_below(t, 90)));
                break;
        }
        if (line.n == 0 && quorum_statement_format(&s, &t->all->config, &line) < 0)
                world_die("garbage", -ENOMEM);
        traitor_say(t, to, MESSAGE_ENDORSE, line.p, line.n);
}

void traitor_flood(Traitor *t) {
        const Run *r = t->all->run;
        const Quorum *q = traitor_engine(t);
        unsigned to = r->first_peer + (unsigned) traitor_below(t, r->n_peers);
        bool near = traitor_below(t, 2) == 0;

        for (unsigned i = 20 + (unsigned) traitor_below(t, 300); i > 0; i--) {
                QuorumKind kind = (QuorumKind) (QUORUM_ENDORSE + traitor_below(t, 3));
                uint64_t view = near ? q->view + traitor_below(t, 4) : 1 + traitor_below(t, LINE_INT_MAX - 1);
                Id id = some_id(t);

                traitor_say_statement(t, to, kind, view, &id);
        }
        if (traitor_below(t, 20) == 0)
                say_garbage(t, to);
}
