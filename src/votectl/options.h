/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/why.h"

/* The command line: `votectl [OPTIONS] VERB [ARGUMENTS]`, options anywhere, "--" ends them. */

typedef struct Ctl Ctl;

typedef struct CtlOption {
        const char *name;       /* without the dashes; NULL ends a list */
        char letter;            /* 0: none */
        const char *arg;        /* what help calls its value; NULL: it takes none */
        bool many;              /* may be given again */
        const char *help;
} CtlOption;

enum {
        CTL_VERB_PAGE   = 1 << 0,  /* its output goes through the pager */
        CTL_VERB_NO_NET = 1 << 1,  /* speaks to no node: -H and --peer make no sense */
        CTL_VERB_HIDDEN = 1 << 2,  /* for programs */
};

typedef struct CtlVerb {
        const char *name;       /* "network create"; NULL ends a list */
        const char *args;       /* "FILE", as help shows it */
        unsigned args_min, args_max;
        unsigned flags;
        int (*run)(Ctl *c);     /* an exit code */
        const CtlOption *options;       /* its own; NULL: none */
        const char *summary;    /* one clause */
        const char *text;       /* for --help: paragraphs, and an example at the end */
} CtlVerb;

#define OPTIONS_GIVEN_MAX 512U
#define ARGS_GIVEN_MAX    64U

typedef struct OptionGiven {
        const CtlOption *option;
        const char *value;
} OptionGiven;

typedef struct Options {
        OptionGiven given[OPTIONS_GIVEN_MAX];
        size_t n_given;
        const char *args[ARGS_GIVEN_MAX];       /* behind the verb */
        size_t n_args;
} Options;

/* Splits argv[1 ...]. families: NULL-ended list of verb tables. *ret_verb is NULL where none was
 * given (then there are no args). Returns 0, or V_FORM with why, which proposes what may have been
 * meant. */
_must_check_ int options_parse(Options *ret, const CtlVerb **ret_verb,
        const CtlVerb *const *families, const CtlOption *global, int argc, char **argv, Why *why);

/* The last value given for --name ("" if it takes none), NULL if not given. */
const char* option_value(const Options *o, const char *name);
/* The i-th value given for --name, NULL past the last. */
const char* option_value_at(const Options *o, const char *name, size_t i);

/* The verb of that name ("network create"), NULL if there is none. */
const CtlVerb* ctl_verb_find(const CtlVerb *const *families, const char *name);
/* Whether some verb begins with "word ". */
bool ctl_verb_is_group(const CtlVerb *const *families, const char *word);
/* The nearest of the verbs, NULL if none is near. */
const char* ctl_verb_nearest(const CtlVerb *const *families, const char *word);
