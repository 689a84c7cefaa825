/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/id.h"

/* One signature that waits to be checked, or (message NULL) one key: whether it may be admitted, as key_check() says. Made by the state machines, checked by whoever has the
 * cores (threads of the daemon; a memo in the simulator), so that no rule ever waits for one. */
typedef struct SigCheck {
        Key key;
        Signature signature;
        char *message;          /* sign_message()'s bytes; owned; NULL: the key is what is checked */
        size_t n_message;
        bool valid;             /* the answer */
} SigCheck;

void sig_check_done(SigCheck *c);
void sig_checks_done(SigCheck *checks, size_t n);
void sig_check_run(SigCheck *c);        /* sets valid; thread-safe */
