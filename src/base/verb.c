/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/text.h"
#include "base/verb.h"

#define NEARBY_MAX 128U                 /* names that are compared for "did you mean" */

/* How many words of argv are the name; 0: another verb. */
static int name_matches(const char *name, int argc, char **argv) {
        int words = 0;

        while (*name) {
                size_t n = strcspn(name, " ");

                if (words >= argc || strlen(argv[words]) != n || memcmp(argv[words], name, n) != 0)
                        return 0;
                words++;
                name += n;
                name += *name == ' ';
        }
        return words;
}

static int unknown(const Verb *verbs, int argc, char **argv, Why *why) {
        const char *names[NEARBY_MAX];
        _cleanup_buf_ Buf list = {};
        char two[96] = "";
        size_t n = 0, near;

        /* the first word of a pair alone: which are there? */
        for (const Verb *v = verbs; v->name; v++) {
                size_t k = strlen(argv[0]);

                if (v->flags & VERB_HIDDEN)
                        continue;
                if (n < NEARBY_MAX)
                        names[n++] = v->name;
                if (strncmp(v->name, argv[0], k) == 0 && v->name[k] == ' ') {
                        if (list.n > 0)
                                buf_add_text(&list, ", ");
                        buf_add_text(&list, v->name + k + 1);
                }
        }

        if (argc > 1)
                (void) snprintf(two, sizeof(two), "%.40s %.40s", argv[0], argv[1]);
        near = two[0] ? text_nearest(two, names, n) : n;
        if (near == n && list.n == 0)
                near = text_nearest(argv[0], names, n);

        if (list.n > 0 && buf_error(&list) == 0) {
                if (argc < 2)
                        return why_set(why, V_FORM, "\"%s\" needs one of these behind it: %s", argv[0], list.p);
                if (near == n)
                        return why_set(why, V_UNKNOWN, "\"%s %s\" is no verb, expected %s and one of these: %s", argv[0], argv[1], argv[0], list.p);
        }
        if (near < n)
                return why_set(why, V_UNKNOWN, "\"%s\" is no verb; did you mean \"%s\"?", two[0] && list.n > 0 ? two : argv[0], names[near]);
        return why_set(why, V_UNKNOWN, "\"%s\" is no verb; --help lists them", argv[0]);
}

static int wrong_count(const Verb *v, int count, Why *why) {
        const char *usage = v->args ? v->args : "";

        return why_set(why, V_FORM, "\"%s\" has too %s arguments, expected: %s%s%s", v->name,
                (unsigned) count < v->args_min ? "few" : "many", v->name, *usage ? " " : "", usage);
}

int verb_find(const Verb *verbs, int argc, char **argv, const Verb **ret, int *ret_words, Why *why) {
        const Verb *best = NULL;
        int words = 0, count;

        for (const Verb *v = verbs; v->name; v++) {
                int k = argc == 0 ? 0 : name_matches(v->name, argc, argv);

                if ((argc == 0 && (v->flags & VERB_DEFAULT)) || k > words) {
                        best = v;
                        words = k;
                }
        }
        if (!best && argc == 0)
                return why_set(why, V_FORM, "no verb was given; --help lists them");
        if (!best)
                return unknown(verbs, argc, argv, why);

        count = argc - words;
        if ((unsigned) count < best->args_min || (unsigned) count > best->args_max)
                return wrong_count(best, count, why);

        *ret = best;
        *ret_words = words;
        return 0;
}

int verb_dispatch(const Verb *verbs, int argc, char **argv, void *userdata, Why *why) {
        const Verb *v;
        int words, r;

        r = verb_find(verbs, argc, argv, &v, &words, why);
        if (r != 0)
                return r;
        return v->fn(argc - words, argv + words, userdata);
}

static size_t usage_width(const Verb *v) {
        return text_width(v->name) + (v->args ? 1 + text_width(v->args) : 0);
}

void verb_help(const Verb *verbs, Buf *ret) {
        size_t width = 0;

        for (const Verb *v = verbs; v->name; v++)
                if (!(v->flags & VERB_HIDDEN))
                        width = MAX(width, usage_width(v));

        for (const Verb *v = verbs; v->name; v++) {
                if (v->flags & VERB_HIDDEN)
                        continue;
                buf_printf(ret, "  %s%s%s", v->name, v->args ? " " : "", v->args ? v->args : "");
                buf_printf(ret, "%*s  %s\n", (int) (width - usage_width(v)), "", v->help);
        }
}
