/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/prng.h"
#include "dump.h"
#include "fixture.h"
#include "run.h"
#include "store-help.h"

/* The same from the store alone. */
static void assert_reloads(Fixture *f, const char *expected) {
        _cleanup_(chain_freep) Chain *again = NULL;
        _cleanup_free_ char *dump = NULL;

        ck_assert_int_eq(chain_new(&again, f->genesis, f->store), 0);
        dump = dump_of(again);
        assert_same(expected, dump, "reloaded");
}

/* --- going back --- */

/* Random blocks of all kinds of entries, right and wrong ones; what is refused changes nothing,
 * what is disconnected leaves nothing, and a start finds the same. */
typedef struct World {
        char folder[64];        /* of the database; "": the store is in memory */
        Fixture f;
        Prng prng;
        uint64_t time;
        unsigned names, seq;
        Entry *elections[64];
        size_t n_elections;
} World;

static unsigned any(World *w, unsigned n) {
        return (unsigned) prng_below(&w->prng, n);
}

static Entry* any_election(World *w) {
        return w->n_elections > 0 && any(w, 4) > 0 ? w->elections[any(w, (unsigned) w->n_elections)]
                                                   : w->f.election;
}

static Entry* any_entry(World *w) {
        const Genesis *g = w->f.genesis;
        unsigned admin = any(w, 4);
        char name[32], choices[32];
        PendingInfo pending;

        switch (any(w, 20)) {

        case 0:
                (void) snprintf(name, sizeof(name), "roll-%u",
                                any(w, 3) > 0 ? w->names++ : any(w, w->names + 1));
                return fixture_roll(g, admin, name, 0, any(w, 4), 1 + any(w, 8));

        case 1:
        case 2: {
                uint64_t opens = w->time + 1 + any(w, 20);
                RollInfo roll = {};
                Entry *e;

                (void) snprintf(name, sizeof(name), "election-%u",
                                any(w, 4) > 0 ? w->names++ : any(w, w->names + 1));
                if (chain_roll_at(w->f.chain, any(w, (unsigned) chain_n_rolls(w->f.chain) + 1),
                                    &roll) < 0)
                        roll.id = w->f.roll->id;
                e = fixture_election(g, admin, name, &roll.id, 1, opens, opens + 1 + any(w, 30),
                                any(w, 2) ? "'lot':'dice'" : "'revote':false");
                if (w->n_elections < ELEMENTSOF(w->elections))
                        w->elections[w->n_elections++] = entry_ref(e);
                return e;
        }

        case 3:
        case 4:
        case 5:
                if (chain_pending_at(w->f.chain, any(w, (unsigned) chain_n_pending(w->f.chain) + 1),
                                    &pending) == 0)
                        return fixture_approve(g, admin, &(Entry) { .id = pending.id });
                return fixture_approve(g, admin, any_election(w));

        case 6:
                return fixture_withdraw(g, admin, any_election(w));

        case 7:
                return fixture_draw(g, admin, any_election(w), "6");

        case 8: {
                int add = (int) any(w, 6) - 1, other = (add + 1 + (int) any(w, 4)) % 5;

                return fixture_admins(g, admin, add, add < 0 || any(w, 2) ? other : -1, any(w, 4));
        }

        default:
                (void) snprintf(choices, sizeof(choices), "[[%u]]", any(w, 3));
                return fixture_vote(g, FIXTURE_VOTER + any(w, 9), &any_election(w)->id,
                                1 + any(w, 4), choices);
        }
}

/* Fills entries with what is valid one after the other. */
static size_t any_block(World *w, Entry **entries, size_t n_max) {
        size_t n = 0;

        for (size_t tries = 0; tries < 3 * n_max && n < n_max; tries++) {
                Entry *e = any_entry(w), **chosen = NULL;
                size_t n_chosen = 0;
                Header h;

                entries[n] = e;
                ck_assert_int_eq(chain_select(w->f.chain, entries, n + 1, w->time, &h, &chosen,
                                                 &n_chosen),
                                0);
                if (n_chosen == n + 1)
                        n++;
                else
                        entry_unref(e);
                for (size_t i = 0; i < n_chosen; i++)
                        entry_unref(chosen[i]);
                free(chosen);
        }
        return n;
}

static void world_new(World *w, uint64_t seed, bool sqlite) {
        FixtureSetup setup = { .admins = 3, .approvals = 1 + (unsigned) (seed % 3), .revotes = 1 };
        Store *store = NULL;

        *w = (World) { .time = 2000 };
        prng_seed(&w->prng, seed);
        if (sqlite)
                ck_assert_int_eq(store_sqlite_open(&store, temporary_folder(w->folder), NULL), 0);
        fixture_new(&w->f, &setup, store, 6);
}

static void world_done(World *w) {
        for (size_t i = 0; i < w->n_elections; i++)
                entry_unref(w->elections[i]);
        fixture_done(&w->f);
        if (w->folder[0])
                remove_folder(w->folder);
}

#define ROUNDS 25

START_TEST(connect_disconnect_connect_equals_connect) {
        char *dumps[ROUNDS + 1] = {};
        Block *blocks[ROUNDS] = {};
        uint64_t base;
        World w;
        Why why = {};

        world_new(&w, (uint64_t) _i, _i >= 30);
        base = chain_tip(w.f.chain)->height;
        dumps[0] = dump_of(w.f.chain);

        for (size_t round = 0; round < ROUNDS; round++) {
                Entry *entries[12];
                size_t n;

                w.time += any(&w, 3) > 0 ? any(&w, 12) : 0;
                if (any(&w, 10) == 0 && w.time < FIXTURE_OPENS)
                        w.time = FIXTURE_OPENS;
                n = any_block(&w, entries, any(&w, ELEMENTSOF(entries) + 1));
                blocks[round] = fixture_block(w.f.chain, w.time, entries, n);
                assert_verdict(chain_connect(w.f.chain, blocks[round], (uint8_t[16]) {}, &why), 0,
                                why);
                ck_assert_int_eq(chain_commit(w.f.chain), 0);
                dumps[round + 1] = dump_of(w.f.chain);
                for (size_t i = 0; i < n; i++)
                        entry_unref(entries[i]);

                if (any(&w, 3) == 0) { /* a block with something wrong at its end leaves nothing */
                        _cleanup_free_ char *after = NULL;
                        Entry *spoilt[13];
                        int r;

                        n = any_block(&w, spoilt, any(&w, 12));
                        spoilt[n++] = fixture_withdraw(w.f.genesis, 9, w.f.election);
                        r = fixture_connect(w.f.chain, w.time, spoilt, n, &why);
                        assert_verdict(r, V_SIGNER, why);
                        after = dump_of(w.f.chain);
                        assert_same(dumps[round + 1], after, "after a block that was refused");
                        for (size_t i = 0; i < n; i++)
                                entry_unref(spoilt[i]);
                }
                if (any(&w, 2) == 0) {          /* back some way, and forth again */
                        size_t back = any(&w, (unsigned) round + 2), n_gone = 0, expected = 0;
                        _cleanup_free_ char *after = NULL, *again = NULL;
                        Entry **gone = NULL;

                        ck_assert_int_eq(chain_disconnect(w.f.chain, base + back, &gone, &n_gone),
                                        0);
                        after = dump_of(w.f.chain);
                        assert_same(dumps[back], after, "disconnected");
                        for (size_t i = back; i <= round; i++)
                                for (size_t k = 0; k < blocks[i]->n_entries; k++)
                                        ck_assert(id_equal(&gone[expected++]->id,
                                                        &blocks[i]->entries[k]->id));
                        ck_assert_uint_eq(expected, n_gone);
                        for (size_t i = 0; i < n_gone; i++) {
                                ck_assert(gone[i]->verified);
                                ck_assert(i >= n_gone || !chain_is_recent(w.f.chain, &gone[i]->id));
                                entry_unref(gone[i]);
                        }
                        free(gone);

                        if (any(&w, 2) == 0)
                                assert_reloads(&w.f, after);
                        for (size_t i = back; i <= round; i++)
                                assert_verdict(chain_connect(w.f.chain, blocks[i], (uint8_t[16]) {},
                                                               &why),
                                                0, why);
                        again = dump_of(w.f.chain);
                        assert_same(dumps[round + 1], again, "connected again");
                        ck_assert_int_eq(chain_commit(w.f.chain), 0);
                }
        }
        assert_reloads(&w.f, dumps[ROUNDS]);

        for (size_t i = 0; i < ROUNDS; i++)
                block_free(blocks[i]);
        for (size_t i = 0; i <= ROUNDS; i++)
                free(dumps[i]);
        world_done(&w);
}
END_TEST

static size_t pool_rows(Store *s);

START_TEST(a_switch_goes_over_whole_or_not_at_all) {
        _cleanup_free_ char *before = NULL, *after = NULL;
        Entry *a, *b, *late, *revote, **gone = NULL;
        uint8_t works[2][16] = { { [15] = 3 }, { [15] = 4 } };
        size_t n_gone = 0, bad = 99;
        ElectionInfo info;
        StoredVote v;
        Block *branch[2];
        Fixture f;
        Why why = {};

        fixture_new(&f, NULL, NULL, 4);
        a = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]");
        revote = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 2, "[[2]]");
        b = fixture_vote(f.genesis, FIXTURE_VOTER + 1, &f.election->id, 1, "[[1]]");
        late = fixture_vote(f.genesis, FIXTURE_VOTER + 2, &f.election->id, 1, "[[1]]");
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, a, b), 0, why);
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, revote), 0, why);
        ck_assert_int_eq(chain_commit(f.chain), 0);
        before = dump_of(f.chain);

        /* The branch's second block is wrong: nothing happens. */
        ck_assert_int_eq(chain_read_block(f.chain, 2, &branch[0]), 0);
        block_free(branch[0]);
        {
                StoredBlock fork = {};

                ck_assert_int_eq(f.store->ops->block_get(f.store, 2, &fork), 0);
                branch[0] = fixture_block_on(f.genesis, 3, &fork.id, FIXTURE_OPENS + 1, &b, 1);
                stored_block_done(&fork);
        }
        branch[1] = fixture_block_on(f.genesis, 4, &branch[0]->header.id,
                        FIXTURE_CLOSES + FIXTURE_GRACE, &late, 1);
        assert_verdict(chain_switch(f.chain, 2, branch, works, 2, &gone, &n_gone, &bad, &why),
                        V_LATE, why);
        ck_assert_uint_eq(bad, 1);
        ck_assert_uint_eq(n_gone, 0);
        after = dump_of(f.chain);
        assert_same(before, after, "after a switch that failed");
        ck_assert_uint_eq(pool_rows(f.store), 0);

        /* Right, it goes over: the first vote counts again nowhere, and waits in the store's pool. */
        block_free(branch[1]);
        branch[1] = fixture_block_on(
                        f.genesis, 4, &branch[0]->header.id, FIXTURE_OPENS + 2, &late, 1);
        assert_verdict(chain_switch(f.chain, 2, branch, works, 2, &gone, &n_gone, &bad, &why), 0,
                        why);
        ck_assert_int_eq(chain_commit(f.chain), 0);
        ck_assert_uint_eq(n_gone, 3);
        ck_assert(id_equal(&gone[0]->id, &a->id) && id_equal(&gone[1]->id, &b->id) &&
                        id_equal(&gone[2]->id, &revote->id));
        ck_assert_uint_eq(pool_rows(f.store), 2);        /* b connected again */
        ck_assert_int_eq(chain_election_by_name(f.chain, "board", &info), 0);
        ck_assert_uint_eq(info.ballots, 2);
        ck_assert_int_eq(chain_voter(f.chain, &info, fixture_key(FIXTURE_VOTER), NULL, NULL, &v),
                        -ENODATA);

        ck_assert_int_eq(chain_pool_forget(f.chain, &revote->id), 0);
        ck_assert_int_eq(chain_pool_forget(f.chain, &late->id), 0);
        ck_assert_uint_eq(pool_rows(f.store), 1);
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS + 3, &why, a), 0, why);
        ck_assert_uint_eq(pool_rows(f.store), 0);

        free_entries(gone, n_gone);
        block_free(branch[0]);
        block_free(branch[1]);
        entry_unref(a);
        entry_unref(b);
        entry_unref(revote);
        entry_unref(late);
        fixture_done(&f);
}
END_TEST

static int count_row(void *userdata, const char *line, size_t n) {
        ++*(size_t *) userdata;
        return 0;
}

static size_t pool_rows(Store *s) {
        size_t n = 0;

        ck_assert_int_eq(s->ops->pool_each(s, count_row, &n), 0);
        return n;
}

START_TEST(what_was_not_committed_is_gone_after_a_rollback) {
        _cleanup_free_ char *before = NULL, *after = NULL;
        Entry *a, *b;
        Fixture f;
        Why why = {};

        fixture_new(&f, NULL, NULL, 4);
        a = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]");
        b = fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 2, "[[1]]");
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, a), 0, why);
        ck_assert_int_eq(chain_commit(f.chain), 0);
        before = dump_of(f.chain);
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, b), 0, why);
        ck_assert_int_eq(chain_rollback(f.chain), 0);
        after = dump_of(f.chain);
        assert_same(before, after, "rolled back");
        assert_verdict(FIXTURE_CONNECT(f.chain, FIXTURE_OPENS, &why, b), 0, why);
        entry_unref(a);
        entry_unref(b);
        fixture_done(&f);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, connect_disconnect_connect_equals_connect, 0, 40);
        tcase_add_test(t, a_switch_goes_over_whole_or_not_at_all);
        tcase_add_test(t, what_was_not_committed_is_gone_after_a_rollback);
}

int main(void) {
        return run_suite("chain-switch", add);
}
