/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/content.h"

#include "crypto/hash.h"

static Id context_of(State *s, const Entry *e) {
        const EntryType *t = entry_type(e->kind);
        Id context = {};

        if (t->context)
                t->context(s, e, &context);
        return context;
}

bool content_is_checked(State *s, const Entry *e) {
        const EntryType *t = entry_type(e->kind);
        Id context;

        if (!t->content)
                return true;
        if (!e->content_checked)
                return false;
        context = context_of(s, e);
        return id_equal(&context, &e->context);
}

void content_set_checked(State *s, Entry *e) {
        e->context = context_of(s, e);
        e->content_checked = true;
}

int content_make(State *s, Entry *e, CheckContent **ret, Why *why) {
        int r;

        *ret = NULL;
        if (content_is_checked(s, e))
                return 0;

        e->content_checked = false;
        e->context = context_of(s, e);
        r = entry_type(e->kind)->content(s, e, ret, why);
        if (r == 0 && *ret)
                hash_two(&(*ret)->id, 0, &e->id, &e->context);
        return r;
}

int content_check(State *s, Entry *e, Why *why) {
        _cleanup_(check_content_freep) CheckContent *c = NULL;
        int r;

        r = content_make(s, e, &c, why);
        if (r != 0 || !c)
                return r;
        r = check_contents_run(&c, 1);
        if (r < 0)
                return r;
        if (c->verdict > 0) {
                if (why)
                        *why = c->why;
                return c->verdict;
        }
        e->content_checked = true;
        return 0;
}

/* --- many --- */

void content_list_done(ContentList *l) {
        for (size_t i = 0; i < l->n; i++) {
                check_content_free(l->items[i].content);
                entry_unref(l->items[i].entry);
        }
        free(l->items);
        *l = (ContentList) {};
}

int content_list_add(ContentList *l, CheckContent *c, Entry *e, size_t position) {
        int r;

        r = GROW(l->items, l->n, l->allocated);
        if (r < 0) {
                check_content_free(c);
                return r;
        }
        l->items[l->n++] = (ContentItem) { .content = c, .entry = entry_ref(e), .position = position };
        return 0;
}

typedef struct Run {
        CheckContent **contents;
        int error;
} Run;

static void run_some(size_t begin, size_t end, void *data) {
        Run *run = ASSERT_PTR(data);
        int r;

        r = check_contents_run(run->contents + begin, end - begin);
        if (r < 0)
                __atomic_store_n(&run->error, r, __ATOMIC_RELAXED);
}

#define RUN_LEAST 16U   /* of fewer a thread makes little of doing them together */

int content_list_run(ContentList *l, Workers *workers, size_t *ret_position, Why *why) {
        _cleanup_free_ CheckContent **contents = NULL;
        Run run = {};

        if (l->n == 0)
                return 0;

        contents = newN(CheckContent*, l->n);
        if (!contents)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++)
                contents[i] = l->items[i].content;
        run.contents = contents;
        workers_for(workers, l->n, RUN_LEAST, run_some, &run);
        if (run.error < 0)
                return run.error;

        for (size_t i = 0; i < l->n; i++) {
                if (contents[i]->verdict > 0) {
                        *ret_position = l->items[i].position;
                        if (why)
                                *why = contents[i]->why;
                        return contents[i]->verdict;
                }
                l->items[i].entry->content_checked = true;
        }
        return 0;
}
