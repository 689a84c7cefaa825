/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/check.h"
#include "crypto/sign.h"

void sig_check_done(SigCheck *c) {
        free(c->message);
        *c = (SigCheck) {};
}

void sig_checks_done(SigCheck *checks, size_t n) {
        for (size_t i = 0; i < n; i++)
                sig_check_done(checks + i);
}

void sig_check_run(SigCheck *c) {
        if (!c->message)
                c->valid = key_check(&c->key, NULL) == 0;
        else
                c->valid = sign_verify_bytes(&c->key, c->message, c->n_message, &c->signature);
}
