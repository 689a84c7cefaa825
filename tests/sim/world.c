/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>

#include "../unit/memory-fail.h"
#include "errand.h"

void world_die(const char *what, int r) {
        (void) fprintf(stderr, "sim: %s: %s\n", what, r < 0 ? strerror(-r) : verdict_name(r));
        abort();
}

World* world_new(const WorldSetup *setup) {
        World *w;
        int r;

        w = new0(World, 1);
        if (!w)
                world_die("world", -ENOMEM);
        w->setup = *setup;
        if (w->setup.latency_usec == 0)
                w->setup.latency_usec = 2 * USEC_PER_MSEC;
        if (w->setup.bytes_per_sec == 0)
                w->setup.bytes_per_sec = 4000000;
        w->genesis = setup->genesis;
        w->trace_hash = UINT64_C(0xcbf29ce484222325);
        prng_seed(&w->prng, setup->seed);
        prng_seed(&w->hunger, setup->seed ^ UINT64_C(0x68756e676572));
        r = memo_new(&w->memo, !setup->no_memo);
        if (r < 0)
                world_die("memo", r);
        return w;
}

static void host_free(Host *h) {
        if (h->up)
                host_crash(h, true);
        (void) disk_free(h->disk);
        free(h->fixed);
        free(h->bans);
        free(h->calls);
        free(h->checkings);
        free(h);
}

World* world_free(World *w) {
        if (!w)
                return NULL;

        w->setup.hooks = (WorldHooks) {};
        w->setup.trace = NULL;
        for (unsigned i = 0; i < w->n_hosts; i++)
                host_free(w->hosts[i]);
        wires_done(w);
        errands_done(w);
        queue_done(&w->queue);
        (void) memo_free(w->memo);
        free(w);
        return NULL;
}

/* --- time --- */

void world_at(World *w, uint64_t at_usec, const char *name, HappenFn fn, uint64_t a, uint64_t b) {
        queue_add(&w->queue, MAX(at_usec, w->now_usec), name, fn, a, b);
}

bool world_step(World *w) {
        Happening h;

        if (!queue_take(&w->queue, &h))
                return false;

        w->now_usec = h.at_usec;
        w->n_steps++;
        world_note(w, h.name, h.a, h.b, NULL, 0);
        h.fn(w, h.a, h.b);
        return true;
}

void world_run(World *w, uint64_t until_usec) {
        while (!w->failed && queue_next_usec(&w->queue) <= until_usec)
                if (!world_step(w))
                        break;
        if (!w->failed)
                w->now_usec = MAX(w->now_usec, until_usec);
}

uint64_t world_wall_sec(const World *w) {
        return WORLD_WALL_SEC + w->now_usec / USEC_PER_SEC;
}

/* --- chance --- */

uint64_t world_below(World *w, uint64_t bound) {
        return bound > 0 ? prng_below(&w->prng, bound) : 0;
}

bool world_chance(World *w, uint32_t per_million) {
        return per_million > 0 && prng_chance(&w->prng, per_million);
}

void world_starve(World *w) {
        if (w->setup.starve > 0 && prng_below(&w->hunger, w->setup.starve) == 0)
                memory_fail(1 + prng_below(&w->hunger, UINT64_C(1) << prng_below(&w->hunger, 9)), prng_below(&w->hunger, 2));
}

bool world_eat(World *w) {
        bool failed = memory_ease();

        w->n_starved += failed;
        return failed;
}

/* John von Neumann, "Various Techniques Used in Connection With Random Digits" (1951): comparisons
 * of uniform numbers alone. A run u1 > u2 > ... of odd length is accepted with u1 as the fraction;
 * each refusal adds one to the whole part. */
uint64_t world_exponential(World *w, uint64_t mean) {
        for (uint64_t whole = 0;; whole++) {
                uint32_t first = (uint32_t) prng_u64(&w->prng), last = first;
                unsigned n = 1;

                for (;; n++) {
                        uint32_t next = (uint32_t) prng_u64(&w->prng);

                        if (next >= last)
                                break;
                        last = next;
                }
                if (n % 2 == 1)
                        return whole * mean + (uint64_t) (((unsigned __int128) mean * first) >> 32);
        }
}

/* --- trace --- */

static void mix(World *w, uint64_t v) {
        w->trace_hash = (w->trace_hash ^ v) * UINT64_C(0x9e3779b97f4a7c15);
        w->trace_hash ^= w->trace_hash >> 29;
}

static void mix_bytes(World *w, const void *p, size_t n) {
        const uint8_t *b = p;
        uint64_t v = 0;

        for (; n >= 8; n -= 8, b += 8) {
                memcpy(&v, b, 8);
                mix(w, v);
        }
        v = 0;
        for (size_t i = 0; i < n; i++)
                v = v << 8 | b[i];
        mix(w, v ^ (uint64_t) n << 56);
}

void world_note(World *w, const char *what, uint64_t a, uint64_t b, const void *p, size_t n) {
        mix(w, w->now_usec);
        mix_bytes(w, what, strlen(what));
        mix(w, a);
        mix(w, b);
        mix_bytes(w, p, n);

        if (w->setup.trace) {
                int shown = (int) MIN(n, (size_t) 240);

                (void) fprintf(w->setup.trace, "%8" PRIu64 " %4" PRIu64 ".%06" PRIu64 " %-9s %3" PRIu64
                                " %" PRIu64 "%s%.*s\n", w->n_steps, w->now_usec / USEC_PER_SEC,
                                w->now_usec % USEC_PER_SEC, what, a, b, n > 0 ? " " : "", shown,
                                n > 0 ? (const char *) p : "");
        }
}

void world_fail(World *w, const char *invariant, const char *format, ...) {
        va_list ap;

        if (w->failed)
                return;
        w->failed = true;
        (void) snprintf(w->invariant, sizeof(w->invariant), "%s", invariant);
        va_start(ap, format);
        (void) vsnprintf(w->failure, sizeof(w->failure), format, ap);
        va_end(ap);
}
