/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/question.h"

#include <inttypes.h>

#include "election/method.h"
#include "voted/limits.h"

/* What a method may take beside text, options and method itself. */
static const struct {
        unsigned takes;
        const char *key;
} params[] = {
        { TAKES_MIN,      "min"      },
        { TAKES_MAX,      "max"      },
        { TAKES_SEATS,    "seats"    },
        { TAKES_DEFAULT,  "default"  },
        { TAKES_MAJORITY, "majority" },
        { TAKES_QUORUM,   "quorum"   },
};

/* "max" is a score in the one method and a number of options in the other. */
static uint32_t method_max_top(const Question *q) {
        return q->method->max_top > 0 ? q->method->max_top : (uint32_t) q->n_options;
}

static uint32_t method_max_default(const Question *q) {
        return q->method->max_default > 0 ? q->method->max_default : (uint32_t) q->n_options;
}

/* The member, or its default if it is absent. */
static int get_int_or(const Json *o, const char *key, int64_t min, int64_t max, int64_t otherwise,
        int64_t *ret, Why *why) {

        if (!json_has(o, key)) {
                *ret = otherwise;
                return 0;
        }

        return json_get_int(o, key, min, max, ret, why);
}

static int question_parse_method(Question *q, const Json *o, Why *why) {
        const char *allowed[4 + ELEMENTSOF(params)] = { "text", "options", "method" }, *name;
        size_t n = 3;
        int r;

        r = json_get_text(o, "method", 1, NAME_BYTES_MAX, &name, why);
        if (r != 0)
                return r;

        q->method = method_by_name(name);
        if (!q->method)
                return why_set(why, V_DEFINITION,
                        "method \"%s\" is unknown, expected plurality, approval, "
                        "score, schulze or stv",
                        name);

        for (size_t i = 0; i < ELEMENTSOF(params); i++)
                if (q->method->takes & params[i].takes)
                        allowed[n++] = params[i].key;
                else if (json_has(o, params[i].key))
                        return why_set(why, V_DEFINITION, "method \"%s\" takes no \"%s\"",
                                q->method->name, params[i].key);

        return json_check_keys(o, allowed, why);
}

static int question_parse_options(Question *q, const Json *o, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "options", 1, OPTIONS_MAX, &a, why);
        if (r != 0)
                return r;

        q->options = new0(char *, json_len(a));
        if (!q->options)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                const char *text;

                r = json_at_text(a, i, "options", 1, TITLE_BYTES_MAX, &text, why);
                if (r != 0)
                        return r;

                if (strpbrk(text, "\n\t"))
                        return why_set(why, V_FORM, "option %zu holds a line break or a tab", i);

                for (size_t k = 0; k < i; k++)
                        if (streq(q->options[k], text))
                                return why_set(why, V_DEFINITION,
                                        "options %zu and %zu are both \"%s\", "
                                        "expected texts that differ",
                                        k, i, text);

                q->options[i] = strdup(text);
                if (!q->options[i])
                        return -ENOMEM;
                q->n_options++;
        }

        return 0;
}

static int question_parse_majority(Question *q, const Json *o, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "majority", 0, OPTIONS_MAX, &a, why);
        if (r != 0)
                return r;

        if (json_len(a) != q->n_options)
                return why_set(why, V_DEFINITION,
                        "\"majority\" has %zu items, expected one [num,den] for each "
                        "of the %zu options",
                        json_len(a), q->n_options);

        q->majority = new0(Ratio, q->n_options);
        if (!q->majority)
                return -ENOMEM;

        for (size_t i = 0; i < q->n_options; i++) {
                int64_t num, den;
                const Json *pair;

                r = json_at_array(a, i, "majority", 2, 2, &pair, why);
                if (r == 0)
                        r = json_at_int(pair, 0, "majority", 1, MAJORITY_MAX, &num, why);
                if (r == 0)
                        r = json_at_int(pair, 1, "majority", 1, MAJORITY_MAX, &den, why);
                if (r != 0)
                        return r;

                if (num < den)
                        return why_set(why, V_DEFINITION,
                                "the majority of option %zu is %" PRIi64 "/%" PRIi64
                                ", expected at least 1/1",
                                i, num, den);

                q->majority[i] = (Ratio) { .num = (uint16_t) num, .den = (uint16_t) den };
        }

        return 0;
}

static int question_parse_params(Question *q, const Json *o, Why *why) {
        int64_t n = (int64_t) q->n_options, min, max, seats, none, quorum;
        int r;

        r = get_int_or(o, "min", 1, n, 1, &min, why);
        if (r == 0)
                r = get_int_or(o, "max", 1, method_max_top(q), method_max_default(q), &max, why);
        if (r == 0)
                r = get_int_or(o, "seats", 1, OPTIONS_MAX, 1, &seats, why);
        if (r == 0)
                r = get_int_or(o, "default", 0, n - 1, -1, &none, why);
        if (r == 0)
                r = get_int_or(o, "quorum", 0, (int64_t) WEIGHT_SUM_MAX, 0, &quorum, why);
        if (r == 0 && json_has(o, "majority"))
                r = question_parse_majority(q, o, why);
        if (r != 0)
                return r;

        q->min = (uint32_t) min;
        q->max = (uint32_t) max;
        q->seats = (uint32_t) seats;
        q->default_option = (int) none;
        q->quorum = (uint64_t) quorum;
        return q->method->check ? q->method->check(q, why) : 0;
}

int question_parse(Question *q, const Json *o, Why *why) {
        const char *text;
        int r;

        r = question_parse_method(q, o, why);
        if (r != 0)
                return r;

        r = json_get_title(o, "text", TITLE_BYTES_MAX, &text, why);
        if (r != 0)
                return r;

        q->text = strdup(text);
        if (!q->text)
                return -ENOMEM;

        r = question_parse_options(q, o, why);
        if (r != 0)
                return r;

        return question_parse_params(q, o, why);
}

void question_done(Question *q) {
        for (size_t i = 0; i < q->n_options; i++)
                free(q->options[i]);

        free(q->options);
        free(q->majority);
        free(q->text);
        *q = (Question) {};
}

Json* question_to_json(const Question *q) {
        Json *o = json_new_object(), *options = json_new_array();

        for (size_t i = 0; i < q->n_options; i++)
                json_add_text(options, q->options[i]);

        json_set_text(o, "text", q->text);
        json_set(o, "options", options);
        json_set_text(o, "method", q->method->name);

        if (q->min != 1)
                json_set_int(o, "min", q->min);
        if ((q->method->takes & TAKES_MAX) && q->max != method_max_default(q))
                json_set_int(o, "max", q->max);
        if (q->seats != 1)
                json_set_int(o, "seats", q->seats);
        if (q->default_option >= 0)
                json_set_int(o, "default", q->default_option);
        if (q->quorum > 0)
                json_set_int(o, "quorum", (int64_t) q->quorum);

        if (q->majority) {
                Json *majority = json_new_array();

                for (size_t i = 0; i < q->n_options; i++) {
                        Json *pair = json_new_array();

                        json_add_int(pair, q->majority[i].num);
                        json_add_int(pair, q->majority[i].den);
                        json_add(majority, pair);
                }
                json_set(o, "majority", majority);
        }

        return o;
}
