/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"
#include "base/why.h"

/* What a line proves beside its signature: a ballot that it is allowed, a deal that its dealer knows
 * what it hides, and so on, with all that the proof speaks of. Nothing of it changes once it is
 * made, but for the answer, which whoever runs the check writes. */
typedef struct CheckContent CheckContent;

#define CONTENTS_RUN_MAX 64U    /* that a type is given at once */

typedef struct CheckContentType {
        /* One of the two, thread-safe. Sets the answer of each of n contents of this type, at most
         * CONTENTS_RUN_MAX: 0 or -ENOMEM. */
        int (*run)(CheckContent *const *contents, size_t n);
        /* Or gives the answer of one: 0, verdict with why, -ENOMEM. */
        int (*check)(const CheckContent *c, Why *why);
        void (*free)(CheckContent *c);  /* by the owner's thread; NULL: free() */
} CheckContentType;

struct CheckContent {
        const CheckContentType *type;
        Id id;                  /* of all that it speaks of: who has the answer to one has it to another */
        size_t n_proofs;        /* how many it is checked by */
        int verdict;            /* the answer: 0 (it holds), or what is wrong, with why */
        Why why;
};

CheckContent* check_content_free(CheckContent *c);      /* NULL is fine; returns NULL */
DEFINE_CLEANUP(CheckContent*, check_content_free)
/* Of any types; neighbours of one type together. 0 or -ENOMEM. Thread-safe. */
_must_check_ int check_contents_run(CheckContent *const *contents, size_t n);

/* What waits to be checked: one signature with, perhaps, what its line proves beside it; or (message
 * NULL) that alone, or, without content, one key, whether it may be admitted, as key_check() says. Made by the state machines, checked
 * by whoever has the cores (threads of the daemon; a memo in the simulator), so that no rule ever
 * waits for one. */
typedef struct SigCheck {
        Key key;
        Signature signature;
        char *message;          /* sign_message()'s bytes; owned; NULL: the content alone is checked, or the key */
        size_t n_message;
        CheckContent *content;  /* owned; looked at only if the signature is good; NULL: nothing */
        bool valid;             /* the answer: the signature, or the key, is good, and so is the content */
        int error;              /* we failed: there is no answer */
} SigCheck;

void sig_check_done(SigCheck *c);
void sig_checks_done(SigCheck *checks, size_t n);
void sig_check_run(SigCheck *c);        /* sets the answer; thread-safe */
void sig_checks_run(SigCheck *checks, size_t n);        /* the same for many, which costs less */
/* What an answer that is not valid blames: V_KEY, V_SIGNATURE, or the content's verdict. */
int sig_check_verdict(const SigCheck *c);
