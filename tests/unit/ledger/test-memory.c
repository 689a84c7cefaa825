/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump.h"
#include "ledger/export.h"
#include "ledger/pool.h"
#include "ledger/receipt.h"
#include "poll.h"
#include "starved.h"

/* Entries, blocks and the chain without memory. */

typedef struct Try {
        Fixture f;
        Entry *entries[8], *made;
        size_t n;
        Block *blocks[3];
        Buf text, out;
        Chain *fresh;
        Pool *pool;
        Entry **list;
        size_t n_list;
        Json *json;
} Try;

#define N_VOTERS 6U
#define HEIGHT 5U              /* of the first votes: two blocks for the roll, two for the election */

static void* begin(void) {
        FixtureSetup setup = { .admins = 3, .approvals = 2, .revotes = 3 };
        Try *t = new0(Try, 1);

        ck_assert_ptr_nonnull(t);
        fixture_new(&t->f, &setup, NULL, N_VOTERS);
        return t;
}

static void end(void *userdata) {
        Try *t = userdata;

        chain_free(t->fresh);
        pool_free(t->pool);
        free_entries(t->list, t->n_list);
        for (size_t i = 0; i < t->n; i++)
                entry_unref(t->entries[i]);
        for (size_t i = 0; i < ELEMENTSOF(t->blocks); i++)
                block_free(t->blocks[i]);
        entry_unref(t->made);
        buf_done(&t->text);
        buf_done(&t->out);
        json_free(t->json);
        fixture_done(&t->f);
        free(t);
}

/* What does not change the ledger. */
static void reset(void *userdata) {
        Try *t = userdata;

        free_entries(t->list, t->n_list);
        t->list = NULL;
        t->n_list = 0;
        t->blocks[1] = block_free(t->blocks[1]);
        t->made = entry_unref(t->made);
        buf_done(&t->out);
        t->json = json_free(t->json);
}

static void leave(void *userdata) {
        (void) userdata;
}

static Entry* add(Try *t, Entry *e) {
        ck_assert_uint_lt(t->n, ELEMENTSOF(t->entries));
        return t->entries[t->n++] = e;
}

static Entry* vote(Try *t, unsigned voter, unsigned seq) {
        return add(t, fixture_vote(t->f.genesis, FIXTURE_VOTER + voter, &t->f.election->id, seq, "[[1]]"));
}

static void connect(Try *t, uint64_t time, Entry *const *entries, size_t n) {
        Why why = {};

        assert_verdict(fixture_connect(t->f.chain, time, entries, n, &why), 0, why);
}

static void commit(Try *t) {
        ck_assert_int_eq(chain_commit(t->f.chain), 0);
}

/* What a start would make of the store is what is shown. */
static void show(void *userdata, Buf *ret) {
        Try *t = userdata;
        Chain *again = NULL;

        dump_chain(t->f.chain, ret);
        buf_add_text(ret, "after a start\n");
        ck_assert_int_eq(chain_new(&again, t->f.genesis, t->f.store), 0);
        dump_chain(again, ret);
        chain_free(again);
        if (t->n_list > 0)
                buf_printf(ret, "%zu handed out\n", t->n_list);
        for (size_t i = 0; i < t->n_list; i++)
                buf_printf(ret, "%s\n", t->list[i]->line);
        if (t->json)
                ck_assert_int_eq(json_dump(t->json, ret), 0);
        buf_add(ret, t->out.p, t->out.n);
}

static void roll_back(void *userdata) {
        Try *t = userdata;

        ck_assert_int_eq(chain_rollback(t->f.chain), 0);
}

/* --- entries --- */

enum { ROLL, ELECTION, APPROVE, WITHDRAW, ADMINS, DRAW, VOTE };

static void* begin_entry(void) {
        Try *t = begin();
        const Genesis *g = t->f.genesis;

        switch (memory_which()) {
        case ROLL:
                add(t, fixture_roll(g, 0, "others", 0, 3, 5));
                break;
        case ELECTION:
                add(t, fixture_election(g, 0, "another", &t->f.roll->id, 1, FIXTURE_OPENS, FIXTURE_CLOSES, "'about':'words','lot':'dice'"));
                break;
        case APPROVE:
                add(t, fixture_election(g, 0, "another", &t->f.roll->id, 1, FIXTURE_OPENS, FIXTURE_CLOSES, NULL));
                connect(t, 2000, t->entries, 1);
                add(t, fixture_approve(g, 1, t->entries[0]));
                break;
        case WITHDRAW:
                add(t, fixture_withdraw(g, 0, t->f.election));
                break;
        case ADMINS:
                add(t, fixture_admins(g, 0, 5, 2, 1));
                break;
        case DRAW:
                connect(t, FIXTURE_CLOSES + FIXTURE_GRACE, NULL, 0);
                add(t, fixture_draw(g, 1, t->f.election, "12 34"));
                break;
        default:
                vote(t, 3, 1);
        }
        commit(t);
        return t;
}

static int parse_entry(void *userdata) {
        Try *t = userdata;
        const Entry *e = t->entries[t->n - 1];
        int r;

        r = entry_parse(&t->made, t->f.genesis, e->line, e->n_line, NULL);
        memory_assert(r == 0 || !t->made);
        return r;
}

static void show_entry(void *userdata, Buf *ret) {
        Try *t = userdata;

        if (t->made) {
                buf_add(ret, t->made->line, t->made->n_line);
                buf_add(ret, &t->made->id, sizeof(Id));
        }
}

static uint64_t time_of(const Try *t) {
        const Entry *e = t->entries[t->n - 1];

        return e->kind == ENTRY_DRAW ? FIXTURE_CLOSES + FIXTURE_GRACE : e->kind == ENTRY_VOTE ? FIXTURE_OPENS : 2000;
}

static int check_entry(void *userdata) {
        Try *t = userdata;

        return chain_check_entry(t->f.chain, t->entries[t->n - 1], time_of(t), NULL);
}

static int ballot_of_entry(void *userdata) {
        Try *t = userdata;

        return entry_ballot(t->entries[0], &t->json);
}

static int entry_signature(void *userdata) {
        Try *t = userdata;
        SigCheck check = {};
        int r;

        r = entry_sig_check(t->entries[0], t->f.genesis, &check);
        if (r == 0) {
                sig_check_run(&check);
                memory_assert(check.valid || check.error < 0);
                r = check.error;
        }
        sig_check_done(&check);
        return r;
}

/* --- blocks --- */

static void* begin_block(void) {
        Try *t = begin_entry();

        t->blocks[0] = fixture_block(t->f.chain, time_of(t), t->entries + t->n - 1, 1);
        return t;
}

static int connect_block(void *userdata) {
        Try *t = userdata;

        return chain_connect(t->f.chain, t->blocks[0], NULL, NULL);
}

/* A whole election: five votes, one of them twice. */
static void* begin_votes(void) {
        Try *t = begin();

        for (unsigned i = 0; i < 5; i++)
                vote(t, i, 1);
        connect(t, FIXTURE_OPENS, t->entries, 4);
        vote(t, 1, 2);
        t->blocks[0] = fixture_block(t->f.chain, FIXTURE_OPENS + 1, t->entries + 4, 2);
        commit(t);
        return t;
}

static int disconnect(void *userdata) {
        Try *t = userdata;
        int r;

        r = chain_disconnect(t->f.chain, HEIGHT - 1, &t->list, &t->n_list);
        memory_assert(r == 0 || t->n_list == 0);
        return r;
}

static int commit_again(void *userdata) {
        Try *t = userdata;
        int r;

        r = chain_connect(t->f.chain, t->blocks[0], NULL, NULL);
        return r == 0 ? chain_commit(t->f.chain) : r;
}

/* From five blocks to three others. */
static void* begin_switch(void) {
        Try *t = begin_votes();
        Id parent = { };
        StoredBlock b = {};

        ck_assert_int_eq(chain_connect(t->f.chain, t->blocks[0], NULL, NULL), 0);
        commit(t);
        t->blocks[0] = block_free(t->blocks[0]);
        ck_assert_int_eq(t->f.store->ops->block_get(t->f.store, HEIGHT, &b), 0);
        parent = b.id;
        stored_block_done(&b);
        for (unsigned i = 0; i < 2; i++) {
                t->blocks[i] = fixture_block_on(t->f.genesis, HEIGHT + 1 + i, &parent, FIXTURE_OPENS + 2, t->entries + 4 + i, 1);
                parent = t->blocks[i]->header.id;
        }
        return t;
}

static int switch_over(void *userdata) {
        Try *t = userdata;
        size_t bad;
        int r;

        r = chain_switch(t->f.chain, HEIGHT, t->blocks, NULL, 2, &t->list, &t->n_list, &bad, NULL);
        memory_assert(r == 0 || t->n_list == 0);
        return r;
}

static int start(void *userdata) {
        Try *t = userdata;
        int r;

        r = chain_new(&t->fresh, t->f.genesis, t->f.store);
        memory_assert(r == 0 || !t->fresh);
        return r;
}

static void show_fresh(void *userdata, Buf *ret) {
        Try *t = userdata;

        dump_chain(t->fresh, ret);
}

static int roll_it_back(void *userdata) {
        Try *t = userdata;

        return chain_rollback(t->f.chain);
}

/* After that nothing is left to do but to start. */
static void start_anew(void *userdata) {
        Try *t = userdata;

        chain_free(t->f.chain);
        ck_assert_int_eq(chain_new(&t->f.chain, t->f.genesis, t->f.store), 0);
}

static int select_entries(void *userdata) {
        Try *t = userdata;
        Header h;
        int r;

        r = chain_select(t->f.chain, t->entries, t->n, FIXTURE_OPENS + 3, &h, &t->list, &t->n_list);
        memory_assert(r == 0 || !t->list);
        return r;
}

static int read_block(void *userdata) {
        Try *t = userdata;
        int r;

        r = chain_read_block(t->f.chain, HEIGHT, &t->blocks[1]);
        memory_assert(r == 0 || !t->blocks[1]);
        return r;
}

static void show_block(void *userdata, Buf *ret) {
        Try *t = userdata;

        if (t->blocks[1])
                ck_assert_int_eq(block_write(t->blocks[1], true, ret), 0);
}

static int read_block_text(void *userdata) {
        Try *t = userdata;
        int r;

        r = chain_read_block_text(t->f.chain, HEIGHT, true, &t->out);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

static void* begin_text(void) {
        Try *t = begin_votes();

        ck_assert_int_eq(block_write(t->blocks[0], true, &t->text), 0);
        return t;
}

static int parse_block(void *userdata) {
        Try *t = userdata;
        const char *p = t->text.p;
        size_t n = t->text.n;
        int r;

        r = block_read(&t->blocks[1], t->f.genesis, &p, &n, NULL);
        memory_assert(r == 0 || !t->blocks[1]);
        if (r == 0) {
                memory_assert(n == 0);
                r = block_check_body(t->blocks[1], t->f.genesis, NULL);
                if (r == -ENOMEM)
                        t->blocks[1] = block_free(t->blocks[1]);
        }
        return r;
}

static int write_block(void *userdata) {
        Try *t = userdata;
        int r;

        r = block_write(t->blocks[0], true, &t->out);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

static int find_entry(void *userdata) {
        Try *t = userdata;
        Place place = 0;
        int r;

        r = chain_find_entry(t->fresh, &t->entries[0]->id, 1, &place);
        memory_assert(r != 0 || place > 0);
        return r;
}

static void* begin_fresh(void) {
        Try *t = begin_votes();

        ck_assert_int_eq(start(t), 0);
        return t;
}

static int look_up_voter(void *userdata) {
        Try *t = userdata;
        ElectionInfo info;
        StoredVote v;
        int r;

        r = chain_election_by_name(t->fresh, "board", &info);
        return r == 0 ? chain_voter(t->fresh, &info, &t->entries[0]->signer, NULL, NULL, &v) : r;
}

static int count(void *userdata) {
        Try *t = userdata;

        return starved_count(t->fresh, "board", &t->json);
}

static int make_receipt(void *userdata) {
        Try *t = userdata;
        int r;

        r = receipt_make(t->f.chain, PLACE(HEIGHT, 1), &t->json);
        memory_assert(r == 0 || !t->json);
        return r;
}

static void* begin_receipt(void) {
        Try *t = begin_votes();

        ck_assert_int_eq(make_receipt(t), 0);
        return t;
}

static int verify_receipt(void *userdata) {
        Try *t = userdata;
        ReceiptFacts facts;

        return receipt_verify(t->json, &t->f.genesis->network, &facts, NULL);
}

static int export_all(void *userdata) {
        Try *t = userdata;
        uint64_t next;
        int r;

        r = export_genesis(t->f.chain, &t->out);
        if (r == 0)
                r = export_blocks(t->f.chain, 1, HEIGHT, true, SIZE_MAX, &t->out, &next);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

static void* begin_audit(void) {
        Try *t = begin_votes();
        uint64_t next;

        ck_assert_int_eq(export_genesis(t->f.chain, &t->text), 0);
        ck_assert_int_eq(export_blocks(t->f.chain, 1, HEIGHT, true, SIZE_MAX, &t->text, &next), 0);
        return t;
}

static int audit(void *userdata) {
        Try *t = userdata;
        AuditFacts facts = {};
        int r;

        r = starved_audit(&t->text, &facts);
        memory_assert(r != 0 || facts.entries == 8);
        return r;
}

/* --- genesis, pool --- */

static int parse_genesis(void *userdata) {
        Try *t = userdata;
        Genesis *g = NULL;
        int r;

        r = genesis_parse(&g, t->f.genesis->line, t->f.genesis->n_line, NULL);
        memory_assert(r == 0 || !g);
        if (r == 0)
                t->json = json_share(g->engine_config);
        genesis_free(g);
        return r;
}

static int format_genesis(void *userdata) {
        Try *t = userdata;
        const Genesis *g = t->f.genesis;
        int r;

        r = genesis_format(&t->out, g->name, g->created, g->approvals, g->admins, g->n_admins, g->engine_config, &g->limits, NULL);
        if (r != 0)
                buf_reset(&t->out);
        return r;
}

static void* begin_pool(void) {
        Try *t = begin();

        for (unsigned i = 0; i < 6; i++)
                vote(t, i, 1);
        vote(t, 2, 2);
        add(t, fixture_roll(t->f.genesis, 0, "others", 0, 3, 5));
        ck_assert_int_eq(pool_new(&t->pool), 0);
        return t;
}

static int pool_all(void *userdata) {
        Try *t = userdata;
        Entry **list = NULL, *replaced = NULL;
        size_t n;
        int r;

        for (size_t i = pool_count(t->pool); i < t->n; i++) {
                if (pool_find(t->pool, &t->entries[i]->id))
                        continue;
                r = pool_add(t->pool, t->entries[i], 5, &replaced, NULL);
                if (r == V_DUPLICATE || r == V_SEQ)
                        continue;
                memory_assert((i == 6 && r == 0) == (replaced != NULL));
                replaced = entry_unref(replaced);
                if (r != 0)
                        return r;
        }
        r = pool_list(t->pool, &list, &n);
        free(list);
        return r;
}

static void show_pool(void *userdata, Buf *ret) {
        Try *t = userdata;
        Entry **list;
        size_t n;

        buf_printf(ret, "%zu entries, %zu bytes\n", pool_count(t->pool), pool_bytes(t->pool));
        ck_assert_int_eq(pool_list(t->pool, &list, &n), 0);
        for (size_t i = 0; i < n; i++)
                buf_printf(ret, "%s found %d\n", list[i]->line, pool_find(t->pool, &list[i]->id) == list[i]);
        free(list);
}

static const Operation operations[] = {
        { "genesis_parse", begin, parse_genesis, show, end, .reset = reset },
        { "genesis_format", begin, format_genesis, show, end, .reset = reset },
        { "entry_parse, roll", begin_entry, parse_entry, show_entry, end, .which = ROLL, .reset = reset },
        { "entry_parse, election", begin_entry, parse_entry, show_entry, end, .which = ELECTION, .reset = reset },
        { "entry_parse, approve", begin_entry, parse_entry, show_entry, end, .which = APPROVE, .reset = reset },
        { "entry_parse, withdraw", begin_entry, parse_entry, show_entry, end, .which = WITHDRAW, .reset = reset },
        { "entry_parse, admins", begin_entry, parse_entry, show_entry, end, .which = ADMINS, .reset = reset },
        { "entry_parse, draw", begin_entry, parse_entry, show_entry, end, .which = DRAW, .reset = reset },
        { "entry_parse, vote", begin_entry, parse_entry, show_entry, end, .which = VOTE, .reset = reset },
        { "entry_ballot", begin_entry, ballot_of_entry, show, end, .which = VOTE, .reset = reset },
        { "entry_sig_check", begin_entry, entry_signature, show, end, .which = VOTE, .reset = reset },
        { "chain_check_entry, roll", begin_entry, check_entry, show, end, .which = ROLL },
        { "chain_check_entry, election", begin_entry, check_entry, show, end, .which = ELECTION },
        { "chain_check_entry, approve", begin_entry, check_entry, show, end, .which = APPROVE },
        { "chain_check_entry, withdraw", begin_entry, check_entry, show, end, .which = WITHDRAW },
        { "chain_check_entry, admins", begin_entry, check_entry, show, end, .which = ADMINS },
        { "chain_check_entry, draw", begin_entry, check_entry, show, end, .which = DRAW },
        { "chain_check_entry, vote", begin_entry, check_entry, show, end, .which = VOTE },
        { "chain_connect, roll", begin_block, connect_block, show, end, .recover = roll_back, .which = ROLL },
        { "chain_connect, election", begin_block, connect_block, show, end, .recover = roll_back, .which = ELECTION },
        { "chain_connect, approve", begin_block, connect_block, show, end, .recover = roll_back, .which = APPROVE },
        { "chain_connect, withdraw", begin_block, connect_block, show, end, .recover = roll_back, .which = WITHDRAW },
        { "chain_connect, admins", begin_block, connect_block, show, end, .recover = roll_back, .which = ADMINS },
        { "chain_connect, draw", begin_block, connect_block, show, end, .recover = roll_back, .which = DRAW },
        { "chain_connect, vote", begin_block, connect_block, show, end, .recover = roll_back, .which = VOTE },
        { "chain_commit", begin_votes, commit_again, show, end, .recover = roll_back },
        { "chain_disconnect", begin_votes, disconnect, show, end, .recover = roll_back },
        { "chain_switch", begin_switch, switch_over, show, end, .recover = start_anew },
        { "chain_new", begin_votes, start, show_fresh, end },
        { "chain_rollback", begin_votes, roll_it_back, show, end, .recover = start_anew },
        { "chain_select", begin_votes, select_entries, show, end },
        { "chain_read_block", begin_votes, read_block, show_block, end, .reset = reset },
        { "chain_read_block_text", begin_votes, read_block_text, show, end, .reset = reset },
        { "block_read", begin_text, parse_block, show_block, end, .reset = reset },
        { "block_write", begin_votes, write_block, show, end, .reset = reset },
        { "chain_find_entry", begin_fresh, find_entry, show, end, .reset = reset },
        { "chain_voter", begin_fresh, look_up_voter, show, end, .reset = reset },
        { "chain_count", begin_fresh, count, show, end, .reset = reset },
        { "receipt_make", begin_votes, make_receipt, show, end, .reset = reset },
        { "receipt_verify", begin_receipt, verify_receipt, NULL, end, .reset = leave },
        { "export", begin_votes, export_all, show, end, .reset = reset },
        { "audit", begin_audit, audit, show, end, .step = 17, .reset = reset },
        { "pool", begin_pool, pool_all, show_pool, end },
};

static void add_tests(TCase *t) {
        memory_add(t, operations, ELEMENTSOF(operations));
}

int main(void) {
        return run_suite("ledger without memory", add_tests);
}
