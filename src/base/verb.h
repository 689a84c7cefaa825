/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>

#include "base/buf.h"
#include "base/why.h"

/* Verbs of a command line, as rows of a table:
 *
 *      static const Verb verbs[] = {
 *              { "cast", 1, 1, 0, verb_cast, "ELECTION", "Vote in an election" },
 *              { "key generate", 0, 1, 0, verb_key_generate, "[NAME]", "Make a key" },
 *              {}
 *      };
 *
 * A name of two words takes two arguments. args counts what stands behind the name. */
#define VERB_ANY UINT_MAX

typedef enum VerbFlags {
        VERB_DEFAULT = 1 << 0,          /* what is meant when no verb is given; one row at most */
        VERB_HIDDEN  = 1 << 1,          /* not in the help */
} VerbFlags;

typedef int (*VerbFunc)(int argc, char **argv, void *userdata);        /* argv[0] is the first word behind the name */

typedef struct Verb {
        const char *name;
        unsigned args_min, args_max;
        unsigned flags;
        VerbFunc fn;
        const char *args;               /* for the help: "ELECTION [FILE]"; may be NULL */
        const char *help;               /* one line */
} Verb;

/* The row that argv (behind the options) names. 0, or V_UNKNOWN, V_FORM with why: no such verb ("did you mean"), too
 * few or too many arguments, with how it is called. *ret_words: how many words of argv are its name. */
_must_check_ int verb_find(const Verb *verbs, int argc, char **argv, const Verb **ret, int *ret_words, Why *why);
/* verb_find() and the call: what the function returns, or verb_find()'s verdict. */
_must_check_ int verb_dispatch(const Verb *verbs, int argc, char **argv, void *userdata, Why *why);
/* One line a verb, aligned, in the order of the table. */
void verb_help(const Verb *verbs, Buf *ret);
