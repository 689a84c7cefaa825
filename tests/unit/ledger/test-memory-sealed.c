/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump.h"
#include "ledger/export.h"
#include "poll.h"
#include "starved.h"

/* A sealed election without memory, from the trustees' keys to the result. */

#define N_VOTES     4U
#define BLOCKS_MAX  40U

typedef struct Try {
        Poll poll;              /* whole */
        Block *blocks[BLOCKS_MAX];
        size_t n;
        Store *store;           /* those come here, one by one */
        Chain *chain;
        Buf text;
        Json *json;
} Try;

static void fresh(Try *t) {
        ck_assert_int_eq(store_memory_new(&t->store), 0);
        ck_assert_int_eq(chain_new(&t->chain, t->poll.w.f.genesis, t->store), 0);
}

static void* begin(void) {
        Try *t = new0(Try, 1);
        ElectionInfo info;
        Why why = {};
        uint64_t next;

        ck_assert_ptr_nonnull(t);
        poll_new(&t->poll, N_VOTES, "'least':2,'exposed':true");
        poll_run(&t->poll, N_VOTES);
        info = poll_info(&t->poll);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_(entry_unrefp) Entry *e = sealed_share(&t->poll.b, t->poll.w.f.chain, &info, i);

                assert_verdict(FIXTURE_CONNECT(t->poll.w.f.chain, POLL_END + 1, &why, e), 0, why);
                info = poll_info(&t->poll);
        }
        t->n = chain_tip(t->poll.w.f.chain)->height;
        ck_assert_uint_le(t->n, BLOCKS_MAX);
        for (size_t i = 0; i < t->n; i++)
                ck_assert_int_eq(chain_read_block(t->poll.w.f.chain, i + 1, &t->blocks[i]), 0);
        ck_assert_int_eq(export_genesis(t->poll.w.f.chain, &t->text), 0);
        ck_assert_int_eq(export_blocks(t->poll.w.f.chain, 1, t->n, false, SIZE_MAX, &t->text, &next), 0);
        fresh(t);
        return t;
}

static void done(Try *t) {
        t->chain = chain_free(t->chain);
        t->store = store_free(t->store);
        t->json = json_free(t->json);
}

static void reset(void *userdata) {
        Try *t = userdata;

        done(t);
        for (size_t i = 0; i < t->n; i++)
                for (size_t k = 0; k < t->blocks[i]->n_entries; k++) {
                        t->blocks[i]->entries[k]->content_checked = false;
                        t->blocks[i]->entries[k]->context = (Id) {};
                }
        fresh(t);
}

static void end(void *userdata) {
        Try *t = userdata;

        done(t);
        for (size_t i = 0; i < t->n; i++)
                block_free(t->blocks[i]);
        buf_done(&t->text);
        poll_done(&t->poll);
        free(t);
}

static void show(void *userdata, Buf *ret) {
        Try *t = userdata;

        dump_chain(t->chain, ret);
        if (t->json)
                ck_assert_int_eq(json_dump(t->json, ret), 0);
}

static int count(Try *t) {
        return starved_count(t->chain, "secret", &t->json);
}

static int connect_all(void *userdata) {
        Try *t = userdata;
        int r = 0;

        for (uint64_t h = chain_tip(t->chain)->height; r == 0 && h < t->n; h++) {
                r = chain_connect(t->chain, t->blocks[h], NULL, NULL);
                if (r == 0)
                        r = chain_commit(t->chain);
        }
        return r == 0 ? count(t) : r;
}

static void roll_back(void *userdata) {
        Try *t = userdata;

        ck_assert_int_eq(chain_rollback(t->chain), 0);
}

/* A slice that was not made is not asked for again: the node ends. */
static void start_anew(void *userdata) {
        Try *t = userdata;

        chain_free(t->chain);
        store_memory_crash(t->store);
        ck_assert_int_eq(chain_new(&t->chain, t->poll.w.f.genesis, t->store), 0);
}

/* The sum is made elsewhere, slice by slice. */
static int sum_apart(void *userdata) {
        Try *t = userdata;
        int r = 0;

        chain_set_sums_apart(t->chain);
        for (uint64_t h = chain_tip(t->chain)->height; r == 0 && h < t->n;) {
                CheckContent *slice = NULL;

                r = chain_connect(t->chain, t->blocks[h], NULL, NULL);
                if (r == 0) {
                        r = chain_commit(t->chain);
                        h++;
                        continue;
                }
                if (r != -EAGAIN)
                        return r;
                r = chain_sums_begin(t->chain);
                if (r == 0)
                        r = chain_sums_next(t->chain, &slice);
                if (r == 0 && slice) {
                        r = check_contents_run(&slice, 1);
                        if (r == 0)
                                (void) chain_sums_take(t->chain, slice);
                }
                memory_assert(r < 0 || slice);
                check_content_free(slice);
        }
        return r;
}

static int audit(void *userdata) {
        Try *t = userdata;
        AuditFacts facts = {};
        int r;

        r = starved_audit(&t->text, &facts);
        memory_assert(r != 0 || facts.opened == 1);
        return r;
}

static void leave(void *userdata) {
        (void) userdata;
}

static int parse_all(void *userdata) {
        Try *t = userdata;

        for (size_t i = 0; i < t->n; i++)
                for (size_t k = 0; k < t->blocks[i]->n_entries; k++) {
                        const Entry *e = t->blocks[i]->entries[k];
                        Entry *made = NULL;
                        int r;

                        r = entry_parse(&made, t->poll.w.f.genesis, e->line, e->n_line, NULL);
                        entry_unref(made);
                        if (r != 0)
                                return r;
                }
        return 0;
}

static const Operation operations[] = {
        { "entry_parse, of sealed elections", begin, parse_all, NULL, end, .reset = leave },
        { "a sealed election", begin, connect_all, show, end, .recover = roll_back, .reset = reset, .step = 29 },
        { "its sum, made apart", begin, sum_apart, NULL, end, .recover = start_anew, .reset = reset, .step = 31 },
        { "its audit", begin, audit, NULL, end, .reset = leave, .step = 61 },
};

static void add_tests(TCase *t) {
        memory_add(t, operations, ELEMENTSOF(operations));
}

int main(void) {
        return run_suite("sealed elections without memory", add_tests);
}
