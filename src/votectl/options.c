/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/text.h"
#include "votectl/options.h"

#define WORD_BYTES_MAX 64
#define NAMES_MAX      128

const CtlVerb* ctl_verb_find(const CtlVerb *const *families, const char *name) {
        for (; *families; families++)
                for (const CtlVerb *v = *families; v->name; v++)
                        if (streq(v->name, name))
                                return v;
        return NULL;
}

bool ctl_verb_is_group(const CtlVerb *const *families, const char *word) {
        size_t n = strlen(word);

        for (; *families; families++)
                for (const CtlVerb *v = *families; v->name; v++)
                        if (strncmp(v->name, word, n) == 0 && v->name[n] == ' ')
                                return true;
        return false;
}

const char* ctl_verb_nearest(const CtlVerb *const *families, const char *word) {
        static char groups[NAMES_MAX][WORD_BYTES_MAX];  /* "network", of "network create" */
        const char *names[NAMES_MAX] = {};
        size_t n = 0, i;

        for (; *families; families++)
                for (const CtlVerb *v = *families; v->name && n + 2 < NAMES_MAX; v++) {
                        if (v->flags & CTL_VERB_HIDDEN)
                                continue;
                        if (strchr(v->name, ' ') && streq(strchr(v->name, ' ') + 1, word))
                                return v->name;         /* "withdraw" */
                        names[n++] = v->name;
                        if (strchr(v->name, ' ') && !strchr(word, ' ')) {
                                (void) snprintf(groups[n], WORD_BYTES_MAX, "%.*s",
                                        (int) strcspn(v->name, " "), v->name);
                                names[n] = groups[n];
                                n++;
                        }
                }
        i = text_nearest(word, names, n);
        return i < n ? names[i] : NULL;
}

static const CtlOption *find_option(
        const CtlOption *list, const char *name, size_t n, char letter) {
        for (; list && list->name; list++)
                if (letter ? list->letter == letter
                           : strlen(list->name) == n && memcmp(list->name, name, n) == 0)
                        return list;
        return NULL;
}

static int unknown_option(const CtlOption *own, const CtlOption *global, const CtlVerb *verb,
        const char *arg, size_t n, Why *why) {
        char word[WORD_BYTES_MAX];
        const char *names[NAMES_MAX] = {};
        size_t n_names = 0, i;

        (void) snprintf(word, sizeof word, "%.*s", (int) MIN(n, sizeof word), arg);
        for (const CtlOption *o = own; o && o->name && n_names < NAMES_MAX; o++)
                names[n_names++] = o->name;
        for (const CtlOption *o = global; o && o->name && n_names < NAMES_MAX; o++)
                names[n_names++] = o->name;
        i = text_nearest(word, names, n_names);
        if (i < n_names)
                return why_set(
                        why, V_FORM, "unknown option --%s; did you mean --%s?", word, names[i]);
        return why_set(why, V_FORM, "unknown option --%s; see votectl %s%s--help", word,
                verb ? verb->name : "", verb ? " " : "");
}

static int add_given(Options *ret, const CtlOption *o, const char *value, Why *why) {
        if (ret->n_given == OPTIONS_GIVEN_MAX)
                return why_set(why, V_FORM, "more than %u options", OPTIONS_GIVEN_MAX);
        if (!o->many && option_value(ret, o->name))
                return why_set(why, V_FORM, "--%s was given twice", o->name);
        ret->given[ret->n_given++] = (OptionGiven) { o, value };
        return 0;
}

/* One argument that begins with a dash; *i moves on if its value is the next one. */
static int read_option(Options *ret, const CtlVerb *verb, const CtlOption *global, int argc,
        char **argv, int *i, Why *why) {
        const CtlOption *own = verb ? verb->options : NULL, *o;
        const char *arg = argv[*i], *value = NULL;

        if (arg[1] == '-') {
                const char *eq = strchr(arg, '=');
                size_t n = eq ? (size_t) (eq - arg - 2) : strlen(arg + 2);

                o = find_option(own, arg + 2, n, 0);
                if (!o)
                        o = find_option(global, arg + 2, n, 0);
                if (!o)
                        return unknown_option(own, global, verb, arg + 2, n, why);
                value = eq ? eq + 1 : NULL;
        } else {
                o = find_option(own, NULL, 0, arg[1]);
                if (!o)
                        o = find_option(global, NULL, 0, arg[1]);
                if (!o)
                        return why_set(why, V_FORM, "unknown option -%c", arg[1]);
                if (arg[2])
                        value = arg + 2;
        }

        if (!o->arg && value)
                return why_set(why, V_FORM, "--%s takes no value, got \"%.40s\"", o->name, value);
        if (o->arg && !value) {
                if (*i + 1 >= argc)
                        return why_set(why, V_FORM, "--%s needs a value: --%s %s", o->name, o->name,
                                o->arg);
                value = argv[++*i];
        }
        return add_given(ret, o, value ?: "", why);
}

/* Finds the verb before its options are read, so that its own ones are known wherever they stand.
 * The words that are no options (nor values of global ones, or of those of a verb that is a group
 * too) begin with it; *ret_words says how many it has. */
static int find_verb(const CtlVerb **ret, unsigned *ret_words, const CtlVerb *const *families,
        const CtlOption *global, int argc, char **argv, Why *why) {
        const char *word = NULL;
        char name[2 * WORD_BYTES_MAX];
        bool help = false;
        const CtlVerb *v;

        *ret = NULL;
        *ret_words = 0;
        for (int i = 1; i < argc; i++) {
                const CtlOption *o = NULL;

                if (streq(argv[i], "--"))
                        break;
                if (argv[i][0] == '-' && argv[i][1]) {
                        v = word ? ctl_verb_find(families, word) : NULL;        /* "evidence --output FILE" */
                        if (argv[i][1] != '-' && !argv[i][2])
                                o = find_option(global, NULL, 0, argv[i][1])
                                        ?: find_option(v ? v->options : NULL, NULL, 0, argv[i][1]);
                        else if (argv[i][1] == '-')
                                o = find_option(global, argv[i] + 2, strlen(argv[i] + 2), 0)
                                        ?: find_option(v ? v->options : NULL, argv[i] + 2, strlen(argv[i] + 2), 0);
                        if (o && o->arg)
                                i++;
                        help = help || (o && streq(o->name, "help"));
                        continue;
                }
                if (!word) {
                        word = argv[i];
                        if (ctl_verb_is_group(families, word))
                                continue;       /* its second word decides */
                        v = ctl_verb_find(families, word);
                        if (v) {
                                *ret = v;
                                *ret_words = 1;
                                return 0;
                        }
                        break;
                }
                (void) snprintf(name, sizeof name, "%s %s", word, argv[i]);
                v = ctl_verb_find(families, name);
                if (v) {
                        *ret = v;
                        *ret_words = 2;
                        return 0;
                }
                v = ctl_verb_find(families, word);
                if (v &&
                        v->args_max > 0) { /* "approve NAME", beside a "approve ..." of two words */
                        *ret = v;
                        *ret_words = 1;
                        return 0;
                }
                word = name;
                break;
        }

        if (!word)
                return 0;
        v = ctl_verb_find(families, word);
        if (v) {
                *ret = v;
                *ret_words = 1;
                return 0;
        }
        if (ctl_verb_is_group(families, word) && help) {        /* "network --help" is "help network" */
                *ret = ctl_verb_find(families, "help");
                return 0;
        }
        if (ctl_verb_is_group(families, word))
                return why_set(
                        why, V_FORM, "\"%s\" needs a second word; see votectl %s --help", word, word);
        if (ctl_verb_nearest(families, word))
                return why_set(why, V_FORM, "unknown verb \"%.60s\"; did you mean \"%s\"?", word,
                        ctl_verb_nearest(families, word));
        return why_set(why, V_FORM, "unknown verb \"%.60s\"; see votectl --help", word);
}

static int check_args(const Options *o, const CtlVerb *v, Why *why) {
        if (!v || option_value(o, "help"))
                return 0;
        if (o->n_args < v->args_min)
                return why_set(why, V_FORM, "%s: an argument is missing: votectl %s %s", v->name,
                        v->name, v->args);
        if (o->n_args > v->args_max)
                return why_set(why, V_FORM, "%s: unexpected argument \"%.60s\": votectl %s%s%s",
                        v->name, o->args[v->args_max], v->name, *v->args ? " " : "", v->args);
        return 0;
}

int options_parse(Options *ret, const CtlVerb **ret_verb, const CtlVerb *const *families,
        const CtlOption *global, int argc, char **argv, Why *why) {
        const CtlVerb *verb;
        unsigned words, skipped = 0;
        bool only_args = false;
        int r;

        *ret = (Options) {};
        r = find_verb(&verb, &words, families, global, argc, argv, why);
        if (r != 0)
                return r;
        for (int i = 1; i < argc; i++) {
                if (!only_args && streq(argv[i], "--")) {
                        only_args = true;
                        continue;
                }
                if (!only_args && argv[i][0] == '-' && argv[i][1]) {
                        r = read_option(ret, verb, global, argc, argv, &i, why);
                        if (r != 0)
                                return r;
                        continue;
                }
                if (skipped < words) {
                        skipped++;
                        continue;
                }
                if (ret->n_args == ARGS_GIVEN_MAX)
                        return why_set(why, V_FORM, "more than %u arguments", ARGS_GIVEN_MAX);
                ret->args[ret->n_args++] = argv[i];
        }
        *ret_verb = verb;
        return check_args(ret, verb, why);
}

const char* option_value_at(const Options *o, const char *name, size_t i) {
        for (size_t k = 0; k < o->n_given; k++)
                if (streq(o->given[k].option->name, name) && i-- == 0)
                        return o->given[k].value;
        return NULL;
}

const char* option_value(const Options *o, const char *name) {
        const char *found = NULL;

        for (size_t k = 0; k < o->n_given; k++)
                if (streq(o->given[k].option->name, name))
                        found = o->given[k].value;
        return found;
}
