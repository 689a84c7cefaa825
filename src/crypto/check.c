/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/check.h"

#include "crypto/sign.h"

#define SIGNATURES_RUN_MAX 64U  /* at once, with their contents */

/* --- contents --- */

CheckContent* check_content_free(CheckContent *c) {
        if (!c)
                return NULL;

        if (c->type->free)
                c->type->free(c);
        else
                free(c);
        return NULL;
}

static int run_same(const CheckContentType *type, CheckContent *const *contents, size_t n) {
        if (type->run)
                return type->run(contents, n);

        for (size_t i = 0; i < n; i++) {
                int r;

                r = type->check(contents[i], &contents[i]->why);
                if (r < 0)
                        return r;
                contents[i]->verdict = r;
        }
        return 0;
}

int check_contents_run(CheckContent *const *contents, size_t n) {
        size_t same;

        assert(contents || n == 0);

        for (size_t i = 0; i < n; i += same) {
                const CheckContentType *type = contents[i]->type;
                int r;

                for (same = 1; i + same < n && same < CONTENTS_RUN_MAX && contents[i + same]->type == type;)
                        same++;

                r = run_same(type, contents + i, same);
                if (r < 0)
                        return r;
        }
        return 0;
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
        if (!c->message && c->content)
                c->valid = true;        /* so far */
        else if (!c->message)
                c->valid = key_check(&c->key, NULL) == 0;
        else
                c->valid = sign_verify_bytes(&c->key, c->message, c->n_message, &c->signature);
}

static void run_some(SigCheck *checks, size_t n) {
        CheckContent *contents[SIGNATURES_RUN_MAX];
        size_t n_contents = 0;
        int r;

        for (size_t i = 0; i < n; i++) {
                run_signature(&checks[i]);
                if (!checks[i].content)
                        continue;
                checks[i].content->verdict = 0;
                if (checks[i].valid)
                        contents[n_contents++] = checks[i].content;
        }

        r = check_contents_run(contents, n_contents);
        for (size_t i = 0; i < n; i++)
                if (checks[i].valid && checks[i].content) {
                        checks[i].error = r;
                        checks[i].valid = r == 0 && checks[i].content->verdict == 0;
                }
}

void sig_checks_run(SigCheck *checks, size_t n) {
        assert(checks || n == 0);

        for (size_t i = 0; i < n; i += SIGNATURES_RUN_MAX)
                run_some(checks + i, MIN(n - i, (size_t) SIGNATURES_RUN_MAX));
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
