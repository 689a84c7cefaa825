/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "memo.h"

#include <stdio.h>
#include <uthash.h>

#include "base/buf.h"
#include "crypto/hash.h"

typedef struct Remembered {
        Id id;                  /* of key, signature and message */
        bool valid;
        int verdict;            /* of what the line proves beside its signature, with why */
        Why *why;
        UT_hash_handle hh;
} Remembered;

struct Memo {
        Remembered *checks;
        bool remember;
        Buf text;
};

int memo_new(Memo **ret, bool remember) {
        Memo *m;

        m = new0(Memo, 1);
        if (!m)
                return -ENOMEM;
        m->remember = remember;
        *ret = m;
        return 0;
}

Memo* memo_free(Memo *m) {
        Remembered *x, *next;

        if (!m)
                return NULL;

        HASH_ITER(hh, m->checks, x, next) {
                HASH_DEL(m->checks, x);
                free(x->why);
                free(x);
        }
        buf_done(&m->text);
        free(m);
        return NULL;
}

void memo_check(Memo *m, SigCheck *c) {
        Remembered *x;
        Id id;

        /* A content without an id makes something beside its answer. */
        if (!m->remember || (c->content && id_is_zero(&c->content->id))) {
                sig_check_run(c);
                return;
        }

        buf_reset(&m->text);
        buf_add(&m->text, &c->key, sizeof(c->key));
        buf_add(&m->text, &c->signature, sizeof(c->signature));
        buf_add(&m->text, c->message, c->n_message);
        if (c->content)
                buf_add(&m->text, &c->content->id, sizeof(c->content->id));
        if (buf_error(&m->text) < 0)
                abort();
        hash_bytes(&id, m->text.p, m->text.n);

        HASH_FIND(hh, m->checks, &id, sizeof(id), x);
        if (!x) {
                sig_check_run(c);
                x = new0(Remembered, 1);
                if (!x)
                        abort();
                x->id = id;
                x->valid = c->valid;
                x->verdict = c->content ? c->content->verdict : 0;
                if (x->verdict > 0) {
                        x->why = newN(Why, 1);
                        if (!x->why)
                                abort();
                        *x->why = c->content->why;
                }
                HASH_ADD(hh, m->checks, id, sizeof(Id), x);
        }
        c->valid = x->valid;
        if (!c->content)
                return;
        c->content->verdict = x->verdict;
        if (x->why)
                c->content->why = *x->why;
}
