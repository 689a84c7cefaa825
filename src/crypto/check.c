/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/check.h"

#include "crypto/sign.h"

#define RUN_MAX 64U     /* contents at once */

/* --- contents --- */

CheckContent* check_content_free(CheckContent *c) {
        if (c)
                c->type->free(c);
        return NULL;
}

int check_contents_run(CheckContent *const *contents, size_t n) {
        CheckContent *run[RUN_MAX];
        size_t n_run = 0;
        int r;

        assert(contents || n == 0);

        for (size_t i = 0; i < n; i++) {
                if (!contents[i])
                        continue;
                if (n_run == RUN_MAX || (n_run > 0 && contents[i]->type != run[0]->type)) {
                        r = run[0]->type->run(run, n_run);
                        if (r < 0)
                                return r;
                        n_run = 0;
                }
                run[n_run++] = contents[i];
        }
        return n_run > 0 ? run[0]->type->run(run, n_run) : 0;
}

/* --- signatures --- */

void sig_check_done(SigCheck *c) {
        free(c->message);
        check_content_free(c->content);
        *c = (SigCheck) {};
}

void sig_checks_done(SigCheck *checks, size_t n) {
        for (size_t i = 0; i < n; i++)
                sig_check_done(checks + i);
}

static void run_signature(SigCheck *c) {
        c->error = 0;
        if (!c->message)
                c->valid = key_check(&c->key, NULL) == 0;
        else
                c->valid = sign_verify_bytes(&c->key, c->message, c->n_message, &c->signature);
}

static void run_some(SigCheck *checks, size_t n) {
        CheckContent *contents[RUN_MAX] = {};
        int r;

        for (size_t i = 0; i < n; i++) {
                run_signature(&checks[i]);
                contents[i] = checks[i].valid ? checks[i].content : NULL;
                if (checks[i].content)
                        checks[i].content->verdict = 0;
        }

        r = check_contents_run(contents, n);
        for (size_t i = 0; i < n; i++)
                if (contents[i]) {
                        checks[i].error = r;
                        checks[i].valid = r == 0 && contents[i]->verdict == 0;
                }
}

void sig_checks_run(SigCheck *checks, size_t n) {
        assert(checks || n == 0);

        for (size_t i = 0; i < n; i += RUN_MAX)
                run_some(checks + i, MIN(n - i, (size_t) RUN_MAX));
}

void sig_check_run(SigCheck *c) {
        run_some(c, 1);
}

int sig_check_verdict(const SigCheck *c) {
        if (c->valid)
                return 0;
        if (c->content && c->content->verdict > 0)
                return c->content->verdict;
        return c->message ? V_SIGNATURE : V_KEY;
}
