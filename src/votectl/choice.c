/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <strings.h>

#include "election/method.h"
#include "voted/limits.h"
#include "votectl/choice.h"

typedef struct Scan {
        const char *p;
        const Question *q;
        const char *separators; /* what may follow an option */
        Why *why;
} Scan;

static void skip_blanks(Scan *s) {
        while (*s->p == ' ' || *s->p == '\t')
                s->p++;
}

/* Whether an option ends here; moves *p to the separator or the end. */
static bool ends_here(const Scan *s, const char **p) {
        const char *q = *p;

        while (*q == ' ' || *q == '\t')
                q++;
        if (*q && !strchr(s->separators, *q))
                return false;
        *p = q;
        return true;
}

static int wrong_option(const Scan *s) {
        size_t n = strcspn(s->p, s->separators);

        while (n > 0 && s->p[n - 1] == ' ')
                n--;
        if (n == 0)
                return why_set(s->why, V_BALLOT, "an option is missing before \"%.20s\"", s->p);
        return why_set(s->why, V_BALLOT,
                "\"%.*s\" is no option here, expected a number from 0 to %zu or an option's text",
                (int) MIN(n, (size_t) 80), s->p, s->q->n_options - 1);
}

/* The number in front of a separator; false if there is none. */
static bool read_number(
        const Scan *s, const char *from, uint32_t max, uint32_t *ret, const char **ret_end) {
        uint32_t v = 0;
        const char *p = from;

        for (; *p >= '0' && *p <= '9'; p++) {
                v = v * 10 + (uint32_t) (*p - '0');
                if (v > max)
                        return false;
        }
        if (p == from || !ends_here(s, &p))
                return false;
        *ret = v;
        *ret_end = p;
        return true;
}

static int read_quoted(Scan *s, uint32_t *ret) {
        const char *start = s->p + 1, *end = strchr(start, '"'), *after;
        unsigned n_found = 0;

        if (!end)
                return why_set(s->why, V_BALLOT, "a quotation mark is not closed");
        after = end + 1;
        if (!ends_here(s, &after))
                return why_set(
                        s->why, V_BALLOT, "unexpected \"%.20s\" behind a quoted option", after);
        for (size_t i = 0; i < s->q->n_options; i++) {
                const char *text = s->q->options[i];

                if (strlen(text) != (size_t) (end - start) || strncasecmp(text, start, strlen(text)) != 0)
                        continue;
                n_found++;
                *ret = (uint32_t) i;
                if (strncmp(text, start, strlen(text)) == 0) {  /* options may differ in capitals alone */
                        n_found = 1;
                        break;
                }
        }
        if (n_found > 1)
                return why_set(s->why, V_BALLOT, "\"%.60s\" may mean option %" PRIu32 " or another one; write #%" PRIu32
                                ", or its capitals as they are", s->p, *ret, *ret);
        if (n_found == 0)
                return wrong_option(s);
        s->p = after;
        return 0;
}

static int read_option(Scan *s, uint32_t *ret) {
        const char *end = NULL, *number_end;
        uint32_t number = 0, found = 0;
        bool has_number;
        unsigned n_found = 0;

        skip_blanks(s);
        if (*s->p == '#') {
                if (!read_number(s, s->p + 1, (uint32_t) s->q->n_options - 1, ret, &end))
                        return wrong_option(s);
                s->p = end;
                return 0;
        }

        has_number = read_number(s, s->p, (uint32_t) s->q->n_options - 1, &number, &number_end);
        for (size_t i = 0; i < s->q->n_options; i++) {
                const char *text = s->q->options[i], *after = s->p + strlen(text);

                if (strncasecmp(s->p, text, strlen(text)) != 0 || !ends_here(s, &after))
                        continue;
                if (n_found++ > 0)
                        return why_set(s->why, V_BALLOT,
                                "\"%.60s\" may mean option %u or option %zu; write #%u or #%zu",
                                s->p, found, i, found, i);
                found = (uint32_t) i;
                end = after;
        }
        if (n_found == 0 &&
                *s->p == '"') /* an option's text may begin with one, then it was found */
                return read_quoted(s, ret);
        if (n_found == 0 && !has_number)
                return wrong_option(s);
        if (n_found > 0 && has_number && number != found)
                return why_set(s->why, V_BALLOT,
                        "\"%.*s\" is the number of \"%.40s\" and the text of option %u; write #%u "
                        "or #%u",
                        (int) (end - s->p), s->p, s->q->options[number], found, number, found);

        *ret = n_found > 0 ? found : number;
        s->p = n_found > 0 ? end : number_end;
        return 0;
}

/* Moves past one of separators if it stands here. */
static bool take(Scan *s, const char *separators) {
        skip_blanks(s);
        if (!*s->p || !strchr(separators, *s->p))
                return false;
        s->p++;
        return true;
}

static int read_end(Scan *s) {
        skip_blanks(s);
        if (*s->p)
                return why_set(s->why, V_BALLOT, "unexpected \"%.20s\"", s->p);
        return 0;
}

static int parse_one(Scan *s, Json *choice) {
        uint32_t option;
        int r;

        s->separators = "";
        r = read_option(s, &option);
        if (r != 0)
                return r;
        json_add_int(choice, option);
        return 0;
}

static int compare_u32(const void *a, const void *b) {
        const uint32_t x = *(const uint32_t*) a, y = *(const uint32_t*) b;

        return (x > y) - (x < y);
}

static void add_sorted(Json *choice, uint32_t *options, size_t n) {
        qsort(options, n, sizeof *options, compare_u32);
        for (size_t i = 0; i < n; i++)
                json_add_int(choice, options[i]);
}

/* At most OPTIONS_MAX of them: more would name one twice anyway. */
static int read_list(
        Scan *s, const char *between, uint32_t ret[static OPTIONS_MAX], size_t *ret_n) {
        size_t n = 0;
        int r;

        do {
                if (n == OPTIONS_MAX)
                        return why_set(s->why, V_BALLOT, "more options than there are");
                r = read_option(s, &ret[n]);
                if (r != 0)
                        return r;
                for (size_t i = 0; i < n; i++)
                        if (ret[i] == ret[n])
                                return why_set(s->why, V_BALLOT, "\"%.60s\" is named twice",
                                        s->q->options[ret[n]]);
                n++;
        } while (take(s, between));
        *ret_n = n;
        return 0;
}

static int parse_approval(Scan *s, Json *choice) {
        uint32_t options[OPTIONS_MAX];
        size_t n;
        int r;

        s->separators = ",";
        r = read_list(s, ",", options, &n);
        if (r == 0)
                r = read_end(s);
        if (r != 0)
                return r;
        add_sorted(choice, options, n);
        return 0;
}

static int parse_order(Scan *s, Json *choice) {
        uint32_t options[OPTIONS_MAX];
        size_t n;
        int r;

        s->separators = ",>";
        r = read_list(s, ",>", options, &n);
        if (r == 0)
                r = read_end(s);
        if (r != 0)
                return r;
        for (size_t i = 0; i < n; i++)
                json_add_int(choice, options[i]);
        return 0;
}

static int parse_tiers(Scan *s, Json *choice) {
        bool seen[OPTIONS_MAX] = {};
        int r;

        s->separators = ",>=";
        do {
                uint32_t options[OPTIONS_MAX];
                Json *tier;
                size_t n;

                r = read_list(s, "=", options, &n);
                if (r != 0)
                        return r;
                for (size_t i = 0; i < n; i++) {
                        if (seen[options[i]])
                                return why_set(s->why, V_BALLOT, "\"%.60s\" is named twice",
                                        s->q->options[options[i]]);
                        seen[options[i]] = true;
                }
                tier = json_new_array();
                add_sorted(tier, options, n);
                json_add(choice, tier);
        } while (take(s, ",>"));
        return read_end(s);
}

static int read_score(Scan *s, uint32_t *ret) {
        const char *end;

        skip_blanks(s);
        if (!read_number(s, s->p, SCORE_MAX, ret, &end))
                return why_set(s->why, V_BALLOT,
                        "expected a score from 0 to %" PRIu32 ", got \"%.20s\"", s->q->max, s->p);
        s->p = end;
        return 0;
}

static int parse_named_scores(Scan *s, uint32_t *scores) {
        bool seen[OPTIONS_MAX] = {};
        uint32_t option;
        int r;

        do {
                s->separators = "=:";
                r = read_option(s, &option);
                if (r != 0)
                        return r;
                if (!take(s, "=:"))
                        return why_set(s->why, V_BALLOT,
                                "expected \"=\" and a score behind \"%.60s\"",
                                s->q->options[option]);
                if (seen[option])
                        return why_set(s->why, V_BALLOT, "\"%.60s\" is named twice",
                                s->q->options[option]);
                seen[option] = true;
                s->separators = ",";
                r = read_score(s, &scores[option]);
                if (r != 0)
                        return r;
        } while (take(s, ","));
        return 0;
}

static int parse_scores(Scan *s, Json *choice) {
        uint32_t scores[OPTIONS_MAX] = {};
        size_t n = 0;
        int r;

        if (s->p[strspn(s->p, "0123456789, \t")] == 0) {
                s->separators = ",";
                do {
                        if (n == s->q->n_options)
                                return why_set(
                                        s->why, V_BALLOT, "more scores than the %zu options", n);
                        r = read_score(s, &scores[n++]);
                        if (r != 0)
                                return r;
                } while (take(s, ","));
                if (n != s->q->n_options)
                        return why_set(s->why, V_BALLOT,
                                "%zu scores for %zu options; give one for each, or name them: 0=%u",
                                n, s->q->n_options, scores[0]);
        } else {
                r = parse_named_scores(s, scores);
                if (r != 0)
                        return r;
        }
        r = read_end(s);
        if (r != 0)
                return r;
        for (size_t i = 0; i < s->q->n_options; i++)
                json_add_int(choice, scores[i]);
        return 0;
}

typedef struct Form {
        const char *method;
        int (*parse)(Scan *s, Json *choice);
        const char *hint;
} Form;

static const Form forms[] = {
        { "plurality", parse_one,      "one option"                                                          },
        { "approval",  parse_approval, "the options you approve of, such as 0,2"                              },
        { "score",     parse_scores,   "a score for each option in order, such as 7,0,3, or by name: 0=7, 2=3" },
        { "schulze",   parse_tiers,    "the options, the best first, equal ones joined by \"=\", such as 2, 0=1" },
        { "stv",       parse_order,    "the options in your order of preference, such as 2,0,1"               },
};

static const Form* form_of(const Question *q) {
        for (size_t i = 0; i < ELEMENTSOF(forms); i++)
                if (streq(forms[i].method, q->method->name))
                        return &forms[i];
        return NULL;
}

static bool is_option_text(const Question *q, const char *text) {
        for (size_t i = 0; i < q->n_options; i++)
                if (strcasecmp(q->options[i], text) == 0)
                        return true;
        return false;
}

int choice_parse(Json **ret, const Question *q, const char *text, Why *why) {
        _cleanup_json_ Json *choice = json_new_array();
        Scan s = { .p = text, .q = q, .why = why };
        const Form *form = form_of(q);
        int r;

        if (!form)
                return why_set(why, V_BALLOT, "this votectl does not know the method \"%s\"",
                        q->method->name);
        if (!choice)
                return -ENOMEM;
        skip_blanks(&s);
        if (*s.p && (!streq(s.p, "-") || is_option_text(q, "-"))) {
                r = form->parse(&s, choice);
                if (r != 0)
                        return r;
        }
        *ret = TAKE_PTR(choice);
        return 0;
}

void choice_hint(Buf *ret, const Question *q, bool blank) {
        const Form *form = form_of(q);

        if (!form)
                return;
        buf_add_text(ret, form->hint);
        if (streq(form->method, "score"))
                buf_printf(ret, " (0 to %" PRIu32 ")", q->max);
        if (streq(form->method, "approval") && q->min == q->max)
                buf_printf(ret, " (exactly %" PRIu32 ")", q->min);
        else if (streq(form->method, "approval") && (q->min > 1 || q->max < q->n_options))
                buf_printf(ret, " (%" PRIu32 " to %" PRIu32 ")", q->min, q->max);
        if (blank)
                buf_add_text(ret, "; nothing for a blank vote");
}

void choice_describe(Buf *ret, const Question *q, Choice c) {
        const char *method = q->method->name;

        if (c.n == 0) {
                buf_add_text(ret, "(blank)");
                return;
        }
        for (size_t i = 0; i < c.n; i++) {
                const uint16_t option = CHOICE_OPTION(c.items[i]);

                if (streq(method, "score")) {
                        buf_printf(ret, "%s%s: %u", i > 0 ? ", " : "", q->options[i], c.items[i]);
                        continue;
                }
                if (i > 0 && streq(method, "schulze"))
                        buf_add_text(ret, c.items[i] & TIER_START ? ", then " : " = ");
                else if (i > 0)
                        buf_add_text(ret, streq(method, "stv") ? ", then " : ", ");
                buf_add_text(ret, q->options[option]);
        }
}
