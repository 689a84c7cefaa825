/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "votectl/engine-options.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "base/workers.h"
#include "consensus/pow.h"
#include "voted/limits.h"
#include "votectl/keyarg.h"
#include "votectl/render.h"

#define ENGINE_DEFAULT    "quorum"
#define MEASURE_USEC      (300 * USEC_PER_MSEC)
#define MEASURE_TRIES_MAX (UINT64_C(1) << 36)

/* --- options --- */

int option_number(Ctl *c, const char *name, uint64_t min, uint64_t max, uint64_t otherwise,
        bool span, uint64_t *ret) {
        const char *text = option_value(&c->options, name);
        char *end;
        Why why = {};

        *ret = otherwise;
        if (!text)
                return EXIT_DONE;
        errno = 0;
        if (span) {
                if (parse_span(text, ret, &why) != 0)
                        return ctl_fail(c, EXIT_USAGE, NULL, "--%s: %s", name, why.text);
        } else {
                *ret = strtoull(text, &end, 10);
                if (*text < '0' || *text > '9' || *end || errno != 0)
                        return ctl_fail(c, EXIT_USAGE, NULL,
                                "--%s is \"%s\", expected a number from %" PRIu64 " to %" PRIu64,
                                name, text, min, max);
        }
        if (span && (*ret < min || *ret > max))
                return ctl_fail(c, EXIT_USAGE, NULL, "--%s is \"%s\", expected %" PRIu64 " s to %s", name, text, min,
                                format_span((char[FORMAT_SPAN_MAX]) {}, max * USEC_PER_SEC));
        if (*ret < min || *ret > max)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "--%s is %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, name, *ret, min,
                        max);
        return EXIT_DONE;
}

int option_keys(Ctl *c, const char *option, unsigned max, bool self, const char *remedy, Key **ret, size_t *ret_n) {
        _cleanup_free_ Key *keys = NULL;
        char what[32];
        size_t n = 0;
        int r;

        keys = new0(Key, max);
        if (!keys)
                return ctl_oom(c);
        (void) snprintf(what, sizeof what, "--%s", option);
        for (const char *text; (text = option_value_at(&c->options, option, n)); n++) {
                if (n == max)
                        return ctl_fail(c, EXIT_USAGE, NULL, "--%s was given more than %u times",
                                option, max);
                r = ctl_key_argument(c, what, text, self, remedy, &keys[n]);
                if (r != 0)
                        return r;
                for (size_t i = 0; i < n; i++)
                        if (key_equal(&keys[i], &keys[n]))
                                return ctl_fail(c, EXIT_USAGE, remedy, "--%s %s is there already",
                                        option, text);
        }
        *ret = TAKE_PTR(keys);
        *ret_n = n;
        return EXIT_DONE;
}

/* --- pow --- */

static void try_range(size_t begin, size_t end, void *data) {
        uint64_t nonce;

        if (pow_try(data, begin, end - begin, UINT64_MAX, &nonce))      /* one in 2^63: no matter */
                return;
}

/* Tries a second that this host makes on all cores, as its miner would. */
static int measure_rate(Ctl *c, uint64_t *ret) {
        _cleanup_(workers_freep) Workers *w = NULL;
        const Id block = {};
        int r;

        r = workers_new(&w, 0);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, "Give the difficulty: --difficulty N",
                        "cannot measure this host's hash rate: %s", strerror(-r));
        for (uint64_t tries = 1U << 16; tries <= MEASURE_TRIES_MAX; tries *= 4) {
                const uint64_t start = now_usec();
                uint64_t took;

                workers_for(w, (size_t) tries, 1U << 12, try_range, (void*) &block);
                took = now_usec() - start;
                if (took >= MEASURE_USEC) {
                        *ret = MAX(tries * USEC_PER_SEC / took, UINT64_C(1));
                        return EXIT_DONE;
                }
        }
        return ctl_fail(c, EXIT_FAILED, "Give the difficulty: --difficulty N",
                "cannot measure this host's hash rate");
}

static int make_pow(Ctl *c, Json *engine) {
        _cleanup_free_ Key *miners = NULL;
        size_t n_miners = 0;
        uint64_t interval, confirmations, difficulty;
        int r;

        r = option_number(c, "interval", 1, 3600, INTERVAL_DEFAULT, true, &interval);
        if (r == 0)
                r = option_number(
                        c, "confirmations", 1, 1000, CONFIRMATIONS_DEFAULT, false, &confirmations);
        if (r == 0)
                r = option_number(c, "difficulty", 1, LINE_INT_MAX, 0, false, &difficulty);
        if (r == 0)
                r = option_keys(c, "miner", MINERS_MAX, true, NULL, &miners, &n_miners);
        if (r != 0)
                return r;
        if (difficulty == 0) {
                uint64_t rate = 0;

                r = measure_rate(c, &rate);
                if (r != 0)
                        return r;
                difficulty = MIN(rate * interval, (uint64_t) LINE_INT_MAX);
                ctl_note(c,
                        "Difficulty %" PRIu64 ": this host makes %" PRIu64
                        " tries a second, a block shall take %" PRIu64 " s.",
                        difficulty, rate, interval);
        }
        json_set_text(engine, "type", "pow");
        json_set_int(engine, "difficulty", (int64_t) difficulty);
        json_set_int(engine, "interval", (int64_t) interval);
        json_set_int(engine, "confirmations", (int64_t) confirmations);
        if (n_miners > 0) {
                Json *a = json_new_array();

                for (size_t i = 0; i < n_miners; i++)
                        json_add_key(a, &miners[i]);
                json_set(engine, "miners", a);
        }
        return EXIT_DONE;
}

/* --- quorum --- */

#define AUTHORITY_REMEDY "Each authority has a node of its own; votectl authority key prints its key there."

/* What holds with n authorities, in a clause. */
static void tell_tolerance(char *ret, size_t size, unsigned n) {
        const unsigned f = (n - 1) / 3;

        if (n == 1)
                (void) snprintf(ret, size, "a single trusted host: while it is down nothing is final, and whoever runs it decides "
                                           "which votes are taken");
        else if (f == 0)
                (void) snprintf(ret, size, "all %u make a block final, and none may fail or lie; with 4 one may", n);
        else
                (void) snprintf(ret, size, n == 3 * f + 1 ? "any %u of %u make a block final, %u may fail or lie" :
                                           "any %u of %u make a block final, %u may fail or lie, as with %u",
                        n - f, n, f, 3 * f + 1);
}

static int make_quorum(Ctl *c, Json *engine) {
        _cleanup_free_ Key *authorities = NULL;
        size_t n = 0;
        Json *a = NULL;
        char text[160];
        uint64_t delta;
        int r;

        r = option_keys(c, "authority", AUTHORITIES_MAX, false, AUTHORITY_REMEDY, &authorities, &n);
        if (r == 0)
                r = option_number(c, "delta", DELTA_MSEC_MIN, DELTA_MSEC_MAX, DELTA_MSEC_DEFAULT, false, &delta);
        if (r != 0)
                return r;
        if (n == 0)
                return ctl_fail(c, EXIT_USAGE, AUTHORITY_REMEDY, "--authority is missing: who shall seal?");

        json_set_text(engine, "type", "quorum");
        json_set_int(engine, "delta_ms", (int64_t) delta);
        a = json_new_array();
        for (size_t i = 0; i < n; i++)
                json_add_key(a, &authorities[i]);
        json_set(engine, "authorities", a);

        tell_tolerance(text, sizeof text, (unsigned) n);
        ctl_note(c, "%zu %s: %s.", n, n == 1 ? "authority" : "authorities", text);
        return EXIT_DONE;
}

/* --- the one or the other --- */

int engine_from_options(Ctl *c, Json *engine) {
        static const struct {
                const char *option, *engine;
        } owned[] = {
                { "authority",     "quorum" },
                { "delta",         "quorum" },
                { "difficulty",    "pow"    },
                { "interval",      "pow"    },
                { "confirmations", "pow"    },
                { "miner",         "pow"    },
        };
        const char *type = option_value(&c->options, "engine") ?: ENGINE_DEFAULT;

        if (!streq(type, "pow") && !streq(type, "quorum"))
                return ctl_fail(c, EXIT_USAGE, NULL, "--engine is \"%s\", expected \"quorum\" or \"pow\"", type);
        for (size_t i = 0; i < ELEMENTSOF(owned); i++)
                if (!streq(owned[i].engine, type) && option_value(&c->options, owned[i].option))
                        return ctl_fail(c, EXIT_USAGE,
                                streq(type, "pow") ? "Say --engine quorum, or leave it out." : "Say --engine pow, or leave it out.",
                                "--%s belongs to the engine %s, and the engine is %s", owned[i].option, owned[i].engine, type);
        return streq(type, "pow") ? make_pow(c, engine) : make_quorum(c, engine);
}

static void show_keys(Ctl *c, const Json *keys, const char *label) {
        for (size_t i = 0; keys && i < json_len(keys); i++)
                ctl_field(c, i == 0 ? label : "", "%s", json_text(json_at(keys, i)) ?: "?");
}

void engine_show(Ctl *c, const Genesis *g) {
        const Json *miners = render_array(g->engine_config, "miners"),
                   *authorities = render_array(g->engine_config, "authorities");
        char text[160];

        if (authorities) {
                tell_tolerance(text, sizeof text, (unsigned) json_len(authorities));
                ctl_field(c, "Engine", "%s: %s", g->engine->name, text);
                ctl_field(c, "", "a message arrives within %" PRIi64 " ms, as a rule", render_int(g->engine_config, "delta_ms"));
                show_keys(c, authorities, "Authorities");
        } else if (streq(g->engine->name, "pow")) {
                ctl_field(c, "Engine",
                        "pow: a block each %" PRIi64 " s, difficulty %" PRIi64
                        " at first, final when %" PRIi64 " deep; %s",
                        render_int(g->engine_config, "interval"),
                        render_int(g->engine_config, "difficulty"),
                        render_int(g->engine_config, "confirmations"),
                        miners ? "sealed by the miners named here" : "anybody may seal");
                show_keys(c, miners, "Miners");
        } else
                ctl_field(c, "Engine", "%s", g->engine->name);
}
