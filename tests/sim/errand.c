/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "errand.h"

#include <limits.h>

#include "crypto/hash.h"

#define LOOK_USEC       (3 * USEC_PER_SEC)      /* how often it looks whether anything moves */
#define PATIENCE_USEC   (30 * USEC_PER_SEC)     /* before it tries elsewhere */

static void errand_end(Errand *e, ErrandState state) {
        e->state = state;
        e->done_usec = e->world->now_usec;
        if (e->on_done)
                e->on_done(e);
}

static void go(Errand *e);

static void on_answer(Host *h, void *userdata, const NodeEffect *fx);

static void watch(Errand *e, Host *h) {
        e->state = ERRAND_WATCHING;
        e->moved_usec = e->world->now_usec;
        e->request = h->requests + 1;
        (void) host_watch(h, &e->id, on_answer, e);
}

static void on_state(Errand *e, Host *h, const char *state) {
        if (streq(state, "unknown")) {
                e->state = ERRAND_IDLE;
                return;
        }
        if (e->accepted_usec == 0) {
                e->accepted_usec = e->world->now_usec;
                e->accepted_host = h->number;
                e->accepted_life = h->life;
        }
        e->moved_usec = e->world->now_usec;
        if (streq(state, "final"))
                errand_end(e, ERRAND_FINAL);
        else if (e->state == ERRAND_SUBMITTING) {
                if (e->careless)
                        errand_end(e, ERRAND_DROPPED);
                else
                        watch(e, h);
        }
}

static void on_answer(Host *h, void *userdata, const NodeEffect *fx) {
        Errand *e = userdata;
        const Json *entry;
        const char *state;

        if (fx->request != e->request || h->number != e->host ||
                        (e->state != ERRAND_SUBMITTING && e->state != ERRAND_WATCHING))
                return;
        world_note(e->world, "answer", e->number, (uint64_t) fx->verdict, fx->data, fx->n_data);

        if (fx->verdict != 0) {
                bool again = fx->verdict < 0 || fx->verdict == V_BUSY || fx->verdict == V_FULL ||
                                fx->verdict == V_EARLY || fx->verdict == V_UNKNOWN;

                e->verdict = fx->verdict;
                if (again)
                        e->state = ERRAND_IDLE;
                else
                        errand_end(e, ERRAND_REFUSED);
                return;
        }
        if (json_get_object(fx->json, "entry", &entry, NULL) != 0)
                entry = fx->json;
        if (json_get_text(entry, "state", 1, 32, &state, NULL) != 0) {
                world_fail(e->world, "answers are in form", "host %u answers errand %u without a state", h->number,
                                e->number);
                return;
        }
        on_state(e, h, state);
}

/* Some peer that is up: the one it was with, mostly. */
static Host* choose(Errand *e) {
        World *w = e->world;
        Host *h = w->hosts[e->host];
        unsigned n = 0;

        if (e->kept_at != UINT_MAX) {
                h = w->hosts[e->kept_at];
                return h->up ? h : NULL;
        }
        if (e->tries > 0 && h->up && h->peer && !world_chance(w, 300000))
                return h;
        h = NULL;
        for (unsigned i = 0; i < w->n_hosts; i++)
                if (w->hosts[i]->up && w->hosts[i]->honest && w->hosts[i]->peer && world_below(w, ++n) == 0)
                        h = w->hosts[i];
        return h;
}

static void go(Errand *e) {
        Host *h = choose(e);

        if (!h)
                return;
        if (e->tries > 0 && e->host < e->world->n_hosts && e->world->hosts[e->host]->life == e->life)
                host_cancel(e->world->hosts[e->host], e->request);
        e->host = h->number;
        e->life = h->life;
        e->tries++;
        e->state = ERRAND_SUBMITTING;
        e->moved_usec = e->world->now_usec;
        e->request = h->requests + 1;           /* the answer may come before the call returns */
        (void) host_submit(h, e->line, e->n_line, on_answer, e);
}

static void on_look(World *w, uint64_t a, uint64_t b) {
        Errand *e = errand_at(w, a);
        const Host *h = w->hosts[e->host];

        (void) b;
        switch (e->state) {

        case ERRAND_IDLE:
                go(e);
                break;

        case ERRAND_SUBMITTING:
        case ERRAND_WATCHING:
                if (!h->up || h->life != e->life || w->now_usec - e->moved_usec >= PATIENCE_USEC) {
                        if (e->careless)
                                errand_end(e, ERRAND_DROPPED);
                        else
                                go(e);
                }
                break;

        case ERRAND_FINAL:
        case ERRAND_REFUSED:
        case ERRAND_DROPPED:
                return;
        }
        world_at(w, w->now_usec + LOOK_USEC, "look", on_look, a, 0);
}

Errand* errand_new(World *w, const char *line, size_t n, uint64_t at_usec) {
        Errand *e;

        if (w->n_errands == w->allocated_errands) {
                w->allocated_errands = w->allocated_errands ? 2 * w->allocated_errands : 64;
                w->errands = reallocarray(w->errands, w->allocated_errands, sizeof(Errand *));
        }
        e = new0(Errand, 1);
        if (!e || !w->errands)
                world_die("errand", -ENOMEM);
        *e = (Errand) { .world = w, .number = (unsigned) w->n_errands, .line = malloc(n + 1), .n_line = n,
                        .kept_at = UINT_MAX, .begun_usec = at_usec };
        if (!e->line)
                world_die("errand", -ENOMEM);
        memcpy(e->line, line, n);
        e->line[n] = '\0';
        hash_bytes(&e->id, line, n);
        w->errands[w->n_errands++] = e;
        world_at(w, at_usec, "errand", on_look, e->number, 0);
        return e;
}

void errands_done(World *w) {
        for (size_t i = 0; i < w->n_errands; i++) {
                free(w->errands[i]->line);
                free(w->errands[i]);
        }
        free(w->errands);
        w->errands = NULL;
        w->n_errands = 0;
}

size_t errands_count(const World *w) {
        return w->n_errands;
}

Errand* errand_at(const World *w, size_t i) {
        return w->errands[i];
}
