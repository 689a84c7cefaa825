/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traitors.h"

#include "engine-frame.h"
#include "errand.h"
#include "node/peer-internal.h"

uint64_t traitor_below(Traitor *t, uint64_t bound) {
        return bound > 0 ? prng_below(&t->prng, bound) : 0;
}

bool traitor_is_at_it(const Traitor *t) {
        const Traitors *a = t->all;
        uint64_t now = a->run->world->now_usec;

        return t->host->up && now >= a->from_usec && now < a->until_usec;
}

Quorum* traitor_engine(const Traitor *t) {
        return t->host->peer ? QUORUM(t->host->peer->engine) : NULL;
}

int traitor_authority(const Traitors *a, unsigned host) {
        const Run *r = a->run;

        return host >= r->first_peer && host < r->first_peer + r->n_authorities ? (int) (host - r->first_peer) : -1;
}

/* --- what it says --- */

static void send_frame(Traitor *t, unsigned to, const char *data, size_t n) {
        LinkId link = wire_between(t->all->run->world, t->host->number, to);
        char *copy;

        if (link == 0)
                return;
        copy = malloc(n + 1);
        if (!copy)
                world_die("a traitor's frame", -ENOMEM);
        memcpy(copy, data, n);
        wire_send(t->host, link, LANE_ENGINE, copy, n);
}

void traitor_say(Traitor *t, unsigned host, MessageType type, const char *line, size_t n) {
        _cleanup_buf_ Buf frame = {};

        if (message_frame(&frame, &(Message) { .type = type, .lines = line, .n_lines_bytes = n }) < 0)
                world_die("a traitor's frame", -ENOMEM);
        send_frame(t, host, frame.p, frame.n);
}

static void frame_set(Frame *f, const char *data, size_t n, unsigned to) {
        free(f->data);
        *f = (Frame) { .data = malloc(n + 1), .n = n, .to = to, .used = true };
        if (!f->data)
                world_die("a traitor's frame", -ENOMEM);
        memcpy(f->data, data, n);
}

static void on_release(World *w, uint64_t a, uint64_t b) {
        Run *r = w->setup.userdata;
        Traitor *t = &r->traitors->items[a];
        Frame *f = &t->held[b];

        if (f->used && t->host->up)
                send_frame(t, f->to, f->data, f->n);
        f->used = false;
}

/* True: it does not leave now. */
static bool hold_back(Traitor *t, unsigned to, const char *data, size_t n) {
        World *w = t->all->run->world;
        unsigned i = (unsigned) traitor_below(t, FRAMES_HELD);

        if (traitor_below(t, 3) > 0)
                return false;
        if (t->held[i].used || traitor_below(t, 4) == 0)
                return true;            /* nor ever */
        frame_set(&t->held[i], data, n, to);
        world_at(w, w->now_usec + traitor_below(t, traitor_below(t, 2) == 0 ? USEC_PER_SEC : 60 * USEC_PER_SEC), "release", on_release,
                        (uint64_t) (t - t->all->items), i);
        return true;
}

/* --- what goes by --- */

static void hear(Traitor *t, const EngineFrame *f, const char *data, size_t n) {
        const QuorumStatement *s = &f->statement;

        if (n <= 4096)
                frame_set(&t->heard[t->n_heard++ % FRAMES_HEARD], data, n, 0);
        if (f->has_statement && s->kind == QUORUM_PROPOSE && s->view >= t->all->last_view) {
                t->all->last_view = s->view;
                t->all->last_block = s->block;
        }
}

static bool on_send(Host *h, const NodeEffect *fx) {
        Traitor *t = h->setup.puppet;
        const Host *far = wire_far(h->world, fx->link);
        const QuorumStatement *s;
        EngineFrame f;
        int to;

        if (!far || !traitor_is_at_it(t) || !engine_frame_read(&f, &t->all->config, fx->data, fx->n_data))
                return false;
        hear(t, &f, fx->data, fx->n_data);
        to = traitor_authority(t->all, far->number);
        if (traitor_has(t, TREASON_BIT(SILENCE)) && to >= 0 && (t->deaf_to >> to & 1))
                return true;
        s = &f.statement;
        if (f.has_statement && s->signer == t->number)
                if (s->kind == QUORUM_PROPOSE ? traitor_on_proposal(t, far->number, f.line, f.n_line)
                                              : traitor_on_statement(t, far->number, s))
                        return true;
        return traitor_has(t, TREASON_BIT(WITHHOLD)) && hold_back(t, far->number, fx->data, fx->n_data);
}

/* --- one voter is left out --- */

static bool is_victims(const Traitor *t, const Id *id) {
        const Run *r = t->all->run;

        for (size_t i = 0; i < r->n_votes; i++)
                if (r->votes[i].voter == t->victim && id_equal(&r->votes[i].errand->id, id))
                        return true;
        return false;
}

static bool has_victims_line(const Traitor *t, const char *text, size_t left) {
        const Run *r = t->all->run;

        for (size_t i = 0; i < r->n_votes; i++) {
                const Errand *e = r->votes[i].errand;

                if (r->votes[i].voter == t->victim && memmem(text, left, e->line, e->n_line))
                        return true;
        }
        return false;
}

/* True: the peer does not see that frame. Of announcements it sees what is left of them. */
static bool censor(Traitor *t, NodeEvent *ev) {
        _cleanup_message_ Message m = {};
        _cleanup_buf_ Buf frame = {};
        size_t n = 0;
        bool drop;

        if (ev->n_data < 20 || !memmem(ev->data, MIN(ev->n_data, (size_t) 2000000), "\"new_vote\"", 10) ||
                        message_parse(&m, MESSAGE_FROM_PEER, ev->data, ev->n_data, NULL) != 0)
                return false;
        if (m.type == MESSAGE_NEW_VOTE)
                return has_victims_line(t, m.lines, m.n_lines_bytes);
        if (m.type != MESSAGE_NEW_VOTE_IDS)
                return false;
        for (size_t i = 0; i < m.ids.n_ids; i++)
                if (!is_victims(t, m.ids.ids + i))
                        m.ids.ids[n++] = m.ids.ids[i];
        if (n == m.ids.n_ids)
                return false;
        m.ids.n_ids = n;
        drop = n == 0;
        if (!drop) {
                if (message_frame(&frame, &m) < 0)
                        world_die("a censored frame", -ENOMEM);
                free(t->filtered);
                ev->n_data = frame.n;
                ev->data = t->filtered = buf_take(&frame, &n);
        }
        return drop;
}

static bool on_frame(Host *h, NodeEvent *ev) {
        Traitor *t = h->setup.puppet;
        EngineFrame f;

        if (engine_frame_read(&f, &t->all->config, ev->data, ev->n_data)) {
                hear(t, &f, ev->data, ev->n_data);
                return false;
        }
        return traitor_is_at_it(t) && traitor_has(t, TREASON_BIT(CENSOR)) && censor(t, ev);
}

/* --- from time to time --- */

static void replay(Traitor *t) {
        const Run *r = t->all->run;
        const Frame *f = &t->heard[traitor_below(t, FRAMES_HEARD)];

        if (f->data)
                send_frame(t, r->first_peer + (unsigned) traitor_below(t, r->n_peers), f->data, f->n);
}

static void on_traitor(World *w, uint64_t a, uint64_t b) {
        Run *r = w->setup.userdata;
        Traitor *t = &r->traitors->items[a];
        const Quorum *q = traitor_engine(t);

        (void) b;
        if (q && q->stopped && !q->resuming && traitor_below(t, 3) == 0) {
                host_event(t->host, &(NodeEvent) { .type = NODE_EV_RESUME });
                q = traitor_engine(t);
        }
        if (q && traitor_is_at_it(t)) {
                if (traitor_has(t, TREASON_BIT(REPLAY)))
                        replay(t);
                if (traitor_has(t, TREASON_BIT(FORGE)) && traitor_below(t, 2) == 0)
                        traitor_forge(t);
                if (traitor_has(t, TREASON_BIT(FLOOD)) && traitor_below(t, 8) == 0)
                        traitor_flood(t);
        }
        world_at(w, w->now_usec + 1 + traitor_below(t, 2 * USEC_PER_SEC), "traitor", on_traitor, a, 0);
}

void traitors_plan(Run *r) {
        Traitors *a = new0(Traitors, 1);
        bool all_twins;
        Prng p;

        r->traitors = a;
        if (!a || !(a->items = new0(Traitor, r->n_liars + 1)))
                world_die("traitors", -ENOMEM);
        a->run = r;
        if (r->n_liars == 0)
                return;
        if (quorum_config_read(&a->config, r->genesis->engine_config, false, NULL) != 0)
                world_die("the engine's configuration", V_FORM);
        prng_seed(&p, r->options.seed ^ UINT64_C(0x74726169746f7273));
        a->from_usec = prng_below(&p, 2) == 0 ? 0 : r->ill_usec;
        a->until_usec = prng_below(&p, 2) == 0 ? USEC_INFINITY : r->heal_usec;
        all_twins = 3 * r->n_liars >= r->n_authorities || prng_below(&p, 4) == 0;
        while (a->n < r->n_liars) {
                unsigned number = (unsigned) prng_below(&p, r->n_authorities);
                Host *h = r->world->hosts[r->first_peer + number];
                Traitor *t = &a->items[a->n];

                if (!h->honest)
                        continue;
                *t = (Traitor) { .all = a, .host = h, .number = number, .victim = (unsigned) prng_below(&p, r->n_voters),
                                .deaf_to = (uint32_t) (prng_u64(&p) & prng_u64(&p)) };
                prng_seed(&t->prng, prng_u64(&p));
                for (Treason i = 0; i < _TREASON_MAX; i++)
                        if (prng_below(&p, 3) == 0)
                                t->treasons |= UINT32_C(1) << i;
                if (all_twins)
                        t->treasons |= TREASON_BIT(TWINS);
                h->honest = false;
                h->setup.on_send = on_send;
                h->setup.on_frame = on_frame;
                h->setup.puppet = t;
                world_at(r->world, 0, "traitor", on_traitor, a->n, 0);
                a->n++;
        }
}

void traitors_done(Run *r) {
        Traitors *a = r->traitors;

        for (unsigned i = 0; i < a->n; i++) {
                for (unsigned k = 0; k < FRAMES_HELD; k++)
                        free(a->items[i].held[k].data);
                for (unsigned k = 0; k < FRAMES_HEARD; k++)
                        free(a->items[i].heard[k].data);
                free(a->items[i].filtered);
        }
        for (unsigned i = 0; i < TWINS; i++)
                free(a->twins[i].line);
        free(a->items);
        free(a);
}
