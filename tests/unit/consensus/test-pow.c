/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "consensus/pow.h"
#include "pow-world.h"
#include "run.h"
#include "voted/limits.h"

#define WORLD(w, n, key) \
        _cleanup_(world_done) World w; \
        _cleanup_(node_done) WorldNode n; \
        world_init(&w, 8, 10, 6); \
        node_init(&n, &w, key, false)

static uint64_t work_of(const World *w, int block) {
        uint64_t sum = 0;

        for (int i = block; i != GENESIS; i = w->blocks[i].parent)
                sum += w->blocks[i].header.value;
        return sum;
}

static uint64_t xorshift(uint64_t *x) {
        *x ^= *x << 13;
        *x ^= *x >> 7;
        *x ^= *x << 17;
        return *x;
}

static void hear_up_to(WorldNode *n, int block) {
        if (block == GENESIS)
                return;
        hear_up_to(n, n->w->blocks[block].parent);
        if (node_judge(n, &n->w->blocks[block], NULL) != V_DUPLICATE)
                node_hear(n, block, 0);
}

static void step(WorldNode *n, EngineEventType type, int block) {
        node_step(n, &(EngineEvent) { .type = type, .id = n->w->blocks[block].header.id });
}

/* --- fork choice --- */

START_TEST(block_on_the_tip_is_connected) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 10, 1), b = world_add(&w, a, 10, 1);

        node_hear(&n, a, 0);
        ck_assert_str_eq(node_log(&n), "want 0, switch 0");
        node_hear(&n, b, 0);
        ck_assert_str_eq(node_log(&n), "want 1, switch 1");
        ck_assert_int_eq(node_tip(&n), b);
}
END_TEST

START_TEST(first_seen_wins_a_draw) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 10, 1), b = world_add(&w, GENESIS, 10, 1);

        node_hear(&n, b, 0);
        node_hear(&n, a, 0);
        ck_assert_str_eq(node_log(&n), "want 1, switch 1");
        ck_assert_int_eq(node_tip(&n), b);
        ck_assert_uint_eq(w.blocks[a].header.value, w.blocks[b].header.value);
}
END_TEST

START_TEST(first_seen_of_two_heavier_ones_is_wanted) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 10, 1), b = world_add(&w, a, 10, 1), c = world_add(&w, a, 10, 1);

        node_hear(&n, a, 0);
        w.blocks[b].withheld = w.blocks[c].withheld = true;
        node_hear(&n, b, 0);
        node_hear(&n, c, 0);
        ck_assert_str_eq(node_log(&n), "want 0, switch 0, want 1, want 2, want 1");
}
END_TEST

START_TEST(branch_with_more_work_wins_and_the_former_can_win_again) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 3, 1), b, c;

        hear_up_to(&n, a);
        (void) node_log(&n);
        b = world_extend(&w, 0, 3, 1);          /* parts at height 1, ends at 4 */
        node_hear(&n, b - 2, 0);
        node_hear(&n, b - 1, 0);
        ck_assert_str_eq(node_log(&n), "");
        node_hear(&n, b, 0);
        ck_assert_str_eq(node_log(&n), "want 5, switch 5");

        /* Blocks 1 and 2 are a side branch now, to be had from side(). */
        c = world_extend(&w, a, 2, 1);
        node_hear(&n, c - 1, 0);
        node_hear(&n, c, 0);
        ck_assert_str_eq(node_log(&n), "want 7, switch 7");
        ck_assert_int_eq(node_tip(&n), c);
}
END_TEST

START_TEST(former_main_chain_wins_again_after_a_restart) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 200, 1), b, c;

        /* Deeper than what is held of the main chain: headers and seals are read. */
        hear_up_to(&n, a);
        node_restart(&n, false);
        b = world_extend(&w, 20, 181, 1);
        hear_up_to(&n, b);
        ck_assert_int_eq(node_tip(&n), b);
        c = world_extend(&w, a, 3, 1);
        for (int i = c - 2; i <= c; i++)
                node_hear(&n, i, 0);            /* what they stand on is known still */
        ck_assert_int_eq(node_tip(&n), c);
}
END_TEST

START_TEST(work_counts_and_not_height) {
        WORLD(w, n, false);
        int slow = GENESIS, fast = GENESIS;

        for (int i = 0; i < 12; i++)
                slow = world_add(&w, slow, 40, 1);
        for (int i = 0; i < 8; i++)
                fast = world_add(&w, fast, 2, 1);
        ck_assert_uint_gt(work_of(&w, fast), work_of(&w, slow));
        hear_up_to(&n, slow);
        hear_up_to(&n, fast);
        ck_assert_int_eq(node_tip(&n), fast);
        ck_assert_int_eq(n.height, 8);
}
END_TEST

START_TEST(reader_that_knows_little_does_too) {
        _cleanup_(world_done) World w;
        _cleanup_(node_done) WorldNode n;
        EngineStatus status;
        int a, b;
        char work[40];

        world_init(&w, 8, 10, 6);
        node_init(&n, &w, false, true);
        a = world_extend(&w, GENESIS, 100, 1);
        hear_up_to(&n, a);
        node_restart(&n, false);
        pow_engine.status(n.e, &status);
        (void) snprintf(work, sizeof(work), "%" PRIu64, work_of(&w, a));
        ck_assert_str_eq(status.work, work);

        b = world_extend(&w, 5, 96, 1);
        hear_up_to(&n, b);
        ck_assert_int_eq(node_tip(&n), b);
        pow_engine.status(n.e, &status);
        (void) snprintf(work, sizeof(work), "%" PRIu64, work_of(&w, b));
        ck_assert_str_eq(status.work, work);

        /* What was the main chain is lost: it is an orphan now, and comes again from others. */
        node_hear(&n, a, V_ORPHAN);
        ck_assert_int_eq(node_judge(&n, &w.blocks[6], NULL), 0);
}
END_TEST

/* --- judging --- */

START_TEST(known_blocks_are_duplicates) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 100, 1), side = world_add(&w, 50, 10, 1);

        hear_up_to(&n, a);
        node_hear(&n, side, 0);
        node_hear(&n, a, V_DUPLICATE);
        node_hear(&n, 0, V_DUPLICATE);
        node_hear(&n, side, V_DUPLICATE);
        (void) node_log(&n);
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_HEADER, .header = &w.blocks[side].header, .seal = w.blocks[side].seal,
                                       .n_seal = w.blocks[side].n_seal });
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(parent_that_is_unknown_makes_an_orphan) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 10, 1), b = world_add(&w, a, 10, 1);

        node_hear(&n, b, V_ORPHAN);
        ck_assert_str_eq(node_log(&n), "orphan 1");
        node_hear(&n, a, 0);
        node_hear(&n, b, 0);
        ck_assert_str_eq(node_log(&n), "want 0, switch 0, want 1, switch 1");
}
END_TEST

START_TEST(orphan_of_another_difficulty_is_refused_once_its_parent_is_known) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 10, 1), b = world_add(&w, a, 10, 1);
        WorldBlock *x = &w.blocks[b];

        x->header.value--;
        world_seal(&w, x, w.key, true);
        node_hear(&n, b, V_ORPHAN);
        node_hear(&n, a, 0);
        (void) node_log(&n);
        /* Judged before its parent came, handed in after it. */
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_HEADER, .header = &x->header, .seal = x->seal, .n_seal = x->n_seal });
        ck_assert_str_eq(node_log(&n), "");
        node_hear(&n, b, V_BLOCK);
}
END_TEST

typedef enum Fault {
        FAULT_DIFFICULTY_LESS,
        FAULT_DIFFICULTY_MORE,
        FAULT_HEIGHT,
        FAULT_TIME,
        FAULT_NETWORK,
        FAULT_WORK,
        FAULT_SEALER,
        FAULT_SIGNER,
        _FAULT_MAX,
} Fault;

START_TEST(faulty_headers_are_refused) {
        static const int expected[] = {
                [FAULT_DIFFICULTY_LESS] = V_BLOCK,
                [FAULT_DIFFICULTY_MORE] = V_BLOCK,
                [FAULT_HEIGHT] = V_BLOCK,
                [FAULT_TIME] = V_BLOCK,
                [FAULT_NETWORK] = V_BLOCK,
                [FAULT_WORK] = V_SEAL,
                [FAULT_SEALER] = V_SIGNATURE,
                [FAULT_SIGNER] = V_SIGNATURE,
        };
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 20, 1), b = world_add(&w, a, 10, 1);
        _cleanup_(secret_key_freep) SecretKey *other = NULL;
        WorldBlock *x = &w.blocks[b];
        bool enough = true;

        ck_assert_int_eq(secret_key_from_seed(&other, (uint8_t[32]) { 99 }), 0);
        hear_up_to(&n, a);
        ck_assert_int_eq(node_judge(&n, x, NULL), 0);
        switch ((Fault) _i) {
        case FAULT_DIFFICULTY_LESS:
                x->header.value--;
                break;
        case FAULT_DIFFICULTY_MORE:
                x->header.value++;
                break;
        case FAULT_HEIGHT:
                x->header.height++;
                break;
        case FAULT_TIME:
                x->header.time = w.blocks[a].header.time - 1;
                break;
        case FAULT_NETWORK:
                x->header.network.b[0] ^= 1;
                break;
        case FAULT_WORK:
                enough = false;
                break;
        case FAULT_SEALER:
                x->header.sealer = *secret_key_public(other);
                break;
        case FAULT_SIGNER:
        case _FAULT_MAX:
                break;
        }
        world_seal(&w, x, _i == FAULT_SIGNER ? other : w.key, enough);
        ck_assert_int_eq(node_judge(&n, x, NULL), expected[_i]);
}
END_TEST

START_TEST(time_of_the_parent_is_fine) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 0, 1), b = world_add(&w, a, 0, 1);

        node_hear(&n, a, 0);
        node_hear(&n, b, 0);
        ck_assert_int_eq(node_tip(&n), b);
}
END_TEST

START_TEST(foreign_miner_is_refused_and_does_not_mine) {
        _cleanup_(world_done) World w;
        _cleanup_(node_done) WorldNode n;
        _cleanup_(secret_key_freep) SecretKey *other = NULL;
        Json *miners = json_new_array();
        int a;

        world_init(&w, 8, 10, 6);
        ck_assert_int_eq(secret_key_from_seed(&other, (uint8_t[32]) { 99 }), 0);
        json_add_key(miners, secret_key_public(other));
        json_set(w.config, "miners", miners);
        node_init(&n, &w, true, false);

        a = world_add(&w, GENESIS, 10, 1);
        node_hear(&n, a, V_SEAL);
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_CANDIDATE, .header = &(Header) {} });
        ck_assert_str_eq(node_log(&n), "");
        w.blocks[a].header.sealer = *secret_key_public(other);
        world_seal(&w, &w.blocks[a], other, true);
        node_hear(&n, a, 0);
        ck_assert_int_eq(node_tip(&n), a);
}
END_TEST

/* --- bodies that do not come, and such that break a rule --- */

START_TEST(withheld_branch_does_not_hold_up_the_tip) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 3, 1), heavy = world_extend(&w, 0, 4, 1), b;

        hear_up_to(&n, a);
        (void) node_log(&n);
        for (int i = a + 1; i <= heavy; i++) {
                w.blocks[i].withheld = true;
                node_hear(&n, i, 0);
        }
        ck_assert_str_eq(node_log(&n), "want 5, want 6");
        ck_assert_int_eq(node_tip(&n), a);

        b = world_add(&w, a, 10, 1);            /* of height 4; the other one has 5 */
        node_hear(&n, b, 0);
        ck_assert_str_eq(node_log(&n), "want 7, switch 7, want 6");
        ck_assert_int_eq(node_tip(&n), b);

        for (int i = a + 1; i <= heavy; i++)
                w.blocks[i].withheld = false;
        node_bodies(&n, heavy);
        ck_assert_str_eq(node_log(&n), "switch 6");
        ck_assert_int_eq(node_tip(&n), heavy);

        /* Too late for the one that lost. */
        node_bodies(&n, b);
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(invalid_block_is_dropped_with_its_descendants) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 2, 1), bad = world_extend(&w, 0, 3, 1), next = world_extend(&w, 0, 2, 1), c;
        EngineStatus status;

        hear_up_to(&n, a);
        (void) node_log(&n);
        for (int i = 2; i <= bad; i++) {
                w.blocks[i].withheld = true;
                node_hear(&n, i, 0);
        }
        for (int i = bad + 1; i <= next; i++) {
                w.blocks[i].withheld = true;
                node_hear(&n, i, 0);
        }
        ck_assert_str_eq(node_log(&n), "want 3, want 4, want 6, want 4");

        /* The first of the heavier branch is bad: the next best is wanted. */
        step(&n, ENGINE_EV_INVALID, 2);
        ck_assert_str_eq(node_log(&n), "want 6");
        pow_engine.status(n.e, &status);
        ck_assert_uint_eq(status.side_headers, 2);

        /* It is remembered, and so are those on it. */
        node_hear(&n, 2, V_BLOCK);
        node_hear(&n, 3, V_BLOCK);
        node_hear(&n, 4, V_BLOCK);
        c = world_add(&w, 4, 10, 1);
        node_hear(&n, c, V_BLOCK);
        step(&n, ENGINE_EV_INVALID, 2);
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(switch_that_fails_leaves_the_chain) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 3, 1), b = world_extend(&w, 0, 3, 1), c;

        hear_up_to(&n, a);
        w.blocks[b - 1].invalid = true;
        node_hear(&n, b - 2, 0);
        node_hear(&n, b - 1, 0);
        (void) node_log(&n);
        node_hear(&n, b, 0);
        ck_assert_str_eq(node_log(&n), "want 5, switch 5");
        ck_assert_int_eq(node_tip(&n), a);
        c = world_add(&w, a, 10, 1);
        node_hear(&n, c, 0);
        ck_assert_int_eq(node_tip(&n), c);
        node_hear(&n, b, V_BLOCK);
}
END_TEST

START_TEST(block_of_the_main_chain_is_not_invalid) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 2, 1);

        hear_up_to(&n, a);
        step(&n, ENGINE_EV_INVALID, 0);
        node_hear(&n, 0, V_DUPLICATE);
        node_hear(&n, world_add(&w, 0, 10, 1), 0);
}
END_TEST

START_TEST(bad_ids_are_forgotten_in_turn) {
        WORLD(w, n, false);
        int a = world_add(&w, GENESIS, 10, 1);

        step(&n, ENGINE_EV_INVALID, a);
        node_hear(&n, a, V_BLOCK);
        for (unsigned i = 0; i < 1024; i++)
                node_step(&n, &(EngineEvent) { .type = ENGINE_EV_INVALID, .id = { .b = { 9, (uint8_t) i, (uint8_t) (i >> 8) } } });
        node_hear(&n, a, 0);
}
END_TEST

START_TEST(side_headers_are_limited_and_the_lightest_goes) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 30, 1), light, heavy, from;
        EngineStatus status;

        hear_up_to(&n, a);
        light = world_add(&w, 0, 10, 1);
        heavy = world_add(&w, 27, 10, 1);
        node_hear(&n, light, 0);
        node_hear(&n, heavy, 0);
        from = w.n;
        for (int end = world_extend(&w, 0, 20, 1), i = from; i <= end; i++)
                node_hear(&n, i, 0);            /* begins as light as the lightest, but leads to more */
        for (unsigned i = 0; i < SIDE_HEADERS_MAX - 22; i++)
                node_hear(&n, world_add(&w, 10, 10, 1), 0);
        pow_engine.status(n.e, &status);
        ck_assert_uint_eq(status.side_headers, SIDE_HEADERS_MAX);

        node_hear(&n, world_add(&w, 10, 10, 1), 0);
        pow_engine.status(n.e, &status);
        ck_assert_uint_eq(status.side_headers, SIDE_HEADERS_MAX);
        ck_assert_int_eq(node_judge(&n, &w.blocks[light], NULL), 0);            /* gone: may come again */
        ck_assert_int_eq(node_judge(&n, &w.blocks[heavy], NULL), V_DUPLICATE);
        ck_assert_int_eq(node_judge(&n, &w.blocks[from], NULL), V_DUPLICATE);

        /* A header that is itself the lightest does not stay. */
        node_hear(&n, light, 0);
        ck_assert_int_eq(node_judge(&n, &w.blocks[light], NULL), 0);

        /* And the tip goes on. */
        a = world_add(&w, a, 10, 1);
        node_hear(&n, a, 0);
        ck_assert_int_eq(node_tip(&n), a);
}
END_TEST

/* --- what was called final --- */

START_TEST(reorganisation_below_final_is_an_alarm) {
        WORLD(w, n, false);
        int a = world_extend(&w, GENESIS, 10, 1), b;
        EngineStatus status;

        hear_up_to(&n, a);
        pow_engine.status(n.e, &status);
        ck_assert_uint_eq(status.final_height, 4);
        ck_assert_uint_eq(status.confirmations, 6);

        /* Height 4 is final: a branch that parts there takes nothing of it. */
        b = world_extend(&w, 3, 7, 1);
        hear_up_to(&n, b);
        ck_assert_int_eq(node_tip(&n), b);
        ck_assert_ptr_null(strstr(node_log(&n), "final"));

        b = world_extend(&w, 2, 9, 1);          /* parts at height 3, while 5 is final now */
        hear_up_to(&n, b);
        ck_assert_int_eq(node_tip(&n), b);
        ck_assert_ptr_nonnull(strstr(node_log(&n), "Blocks 4 to 11 gave way to a heavier chain, although up to height 5 they were called final"));
}
END_TEST

/* --- working --- */

static int candidate(WorldNode *n, uint64_t time, uint32_t count) {
        Header h = { .time = time, .count = count, .root = { .b = { 5 } } };

        node_step(n, &(EngineEvent) { .type = ENGINE_EV_CANDIDATE, .header = &h });
        return n->height;
}

static uint64_t dig(const Header *h) {
        uint64_t nonce = 0;

        ck_assert(pow_try(&h->id, 0, 1000000, h->value, &nonce));
        return nonce;
}

START_TEST(candidate_becomes_a_sealed_block) {
        WORLD(w, n, true);
        int a = world_extend(&w, GENESIS, 3, 1);
        const WorldBlock *b;

        hear_up_to(&n, a);
        (void) node_log(&n);
        (void) candidate(&n, w.blocks[a].header.time + 10, 7);
        ck_assert_str_eq(node_log(&n), "mine");
        ck_assert(id_equal(&n.mine.parent, &w.blocks[a].header.id));
        ck_assert(id_equal(&n.mine.network, &w.network));
        ck_assert(key_equal(&n.mine.sealer, secret_key_public(w.key)));
        ck_assert_uint_eq(n.mine.height, 4);
        ck_assert_uint_eq(n.mine.count, 7);
        ck_assert_uint_eq(n.mine.root.b[0], 5);
        ck_assert_uint_eq(n.mine.value, 8);
        ck_assert_uint_eq(n.mine.time, w.blocks[a].header.time + 10);

        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_FOUND, .id = n.mine.id, .nonce = dig(&n.mine) });
        ck_assert_str_eq(node_log(&n), "sealed 3, stop");
        b = &w.blocks[node_tip(&n)];
        ck_assert(id_equal(&b->header.id, &n.mine.id));

        /* Others accept it. */
        _cleanup_(node_done) WorldNode other;
        node_init(&other, &w, false, false);
        hear_up_to(&other, node_tip(&n));
        ck_assert_int_eq(node_tip(&other), node_tip(&n));
}
END_TEST

START_TEST(candidate_is_not_older_than_its_parent) {
        WORLD(w, n, true);

        hear_up_to(&n, world_extend(&w, GENESIS, 3, 1));
        (void) candidate(&n, 5, 0);
        ck_assert_uint_eq(n.mine.time, w.blocks[2].header.time);
}
END_TEST

START_TEST(nonce_for_the_candidate_before_is_good) {
        WORLD(w, n, true);
        Header before;

        (void) candidate(&n, WORLD_CREATED + 1, 1);
        before = n.mine;
        (void) candidate(&n, WORLD_CREATED + 2, 1);
        (void) node_log(&n);
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_FOUND, .id = before.id, .nonce = dig(&before) });
        ck_assert_str_eq(node_log(&n), "sealed 0, stop");
}
END_TEST

START_TEST(nonce_for_the_candidate_before_that_is_not) {
        WORLD(w, n, true);
        Header before;

        (void) candidate(&n, WORLD_CREATED + 1, 1);
        before = n.mine;
        (void) candidate(&n, WORLD_CREATED + 2, 1);
        (void) candidate(&n, WORLD_CREATED + 3, 1);
        (void) node_log(&n);
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_FOUND, .id = before.id, .nonce = dig(&before) });
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(wrong_nonce_seals_nothing) {
        WORLD(w, n, true);
        uint64_t nonce = 0, good;

        (void) candidate(&n, WORLD_CREATED + 1, 1);
        (void) node_log(&n);
        while (pow_try(&n.mine.id, nonce, 1, n.mine.value, &good))
                nonce++;
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_FOUND, .id = n.mine.id, .nonce = nonce });
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(nonce_is_late_once_the_tip_has_moved) {
        WORLD(w, n, true);
        Header before;

        (void) candidate(&n, WORLD_CREATED + 1, 1);
        before = n.mine;
        (void) node_log(&n);
        node_hear(&n, world_add(&w, GENESIS, 10, 1), 0);
        ck_assert_str_eq(node_log(&n), "want 0, switch 0, stop");
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_FOUND, .id = before.id, .nonce = dig(&before) });
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(idle_stops_work) {
        WORLD(w, n, true);

        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_IDLE });
        ck_assert_str_eq(node_log(&n), "");
        (void) candidate(&n, WORLD_CREATED + 1, 1);
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_IDLE });
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_IDLE });
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_TICK });
        ck_assert_str_eq(node_log(&n), "mine, stop");
}
END_TEST

START_TEST(without_a_key_it_only_follows) {
        WORLD(w, n, false);

        (void) candidate(&n, WORLD_CREATED + 1, 1);
        ck_assert_str_eq(node_log(&n), "");
}
END_TEST

START_TEST(own_block_that_is_invalid_is_dropped) {
        WORLD(w, n, true);
        EngineStatus status;
        EngineEffects effects = {};

        (void) candidate(&n, WORLD_CREATED + 1, 1);
        ck_assert_int_eq(pow_engine.step(n.e, &(EngineEvent) { .type = ENGINE_EV_FOUND, .id = n.mine.id, .nonce = dig(&n.mine) }, &effects), 0);
        ck_assert_uint_eq(effects.n, 1);
        ck_assert_int_eq(effects.items[0].type, ENGINE_FX_SEALED);
        engine_effects_done(&effects);
        node_step(&n, &(EngineEvent) { .type = ENGINE_EV_INVALID, .id = n.mine.id });
        pow_engine.status(n.e, &status);
        ck_assert_uint_eq(status.side_headers, 0);
        ck_assert_int_eq(node_tip(&n), GENESIS);
}
END_TEST

START_TEST(due_until_the_last_entry_is_deep_enough) {
        WORLD(w, n, false);
        int a;

        ck_assert(!pow_engine.due(n.e));
        a = world_add(&w, GENESIS, 10, 0);
        node_hear(&n, a, 0);
        ck_assert(!pow_engine.due(n.e));
        a = world_add(&w, a, 10, 2);
        node_hear(&n, a, 0);
        for (int i = 0; i < 6; i++) {
                ck_assert(pow_engine.due(n.e));
                node_restart(&n, false);
                ck_assert(pow_engine.due(n.e));
                a = world_add(&w, a, 10, 0);
                node_hear(&n, a, 0);
        }
        ck_assert(!pow_engine.due(n.e));
        node_restart(&n, false);
        ck_assert(!pow_engine.due(n.e));
}
END_TEST

START_TEST(due_until_the_last_closing_is_deep_enough) {
        WORLD(w, n, false);

        hear_up_to(&n, world_extend(&w, GENESIS, 20, 0));
        ck_assert(!pow_engine.due(n.e));
        n.closing = 14;
        ck_assert(!pow_engine.due(n.e));
        n.closing = 15;
        ck_assert(pow_engine.due(n.e));
        n.closing = 20;
        ck_assert(pow_engine.due(n.e));
        n.closing = 0;
        ck_assert(!pow_engine.due(n.e));
}
END_TEST

/* --- the whole --- */

START_TEST(status_tells_work_and_depth) {
        WORLD(w, n, false);
        EngineStatus status;
        char work[40];

        pow_engine.status(n.e, &status);
        ck_assert_str_eq(status.engine, "pow");
        ck_assert_str_eq(status.work, "0");
        ck_assert_uint_eq(status.final_height, 0);
        ck_assert_uint_eq(status.next_difficulty, 8);

        hear_up_to(&n, world_extend(&w, GENESIS, 30, 1));
        hear_up_to(&n, world_add(&w, 20, 10, 1));
        for (int i = 0; i < 2; i++) {
                pow_engine.status(n.e, &status);
                (void) snprintf(work, sizeof(work), "%" PRIu64, work_of(&w, node_tip(&n)));
                ck_assert_str_eq(status.work, work);
                ck_assert_uint_eq(status.final_height, 24);
                ck_assert_uint_eq(status.next_difficulty, 8);
                ck_assert_uint_eq(status.side_headers, i == 0);
                node_restart(&n, false);
        }
}
END_TEST

/* Blocks at random places, some of them invalid or withheld. */
static void random_world(World *w, uint64_t *seed, int n_blocks) {
        world_init(w, 8, 10, 3);
        for (int i = 0; i < n_blocks; i++) {
                int parent = xorshift(seed) % 3 ? i - 1 : (int) (xorshift(seed) % (uint64_t) (i + 1)) - 1;

                (void) world_add(w, parent, 5 + xorshift(seed) % 30, xorshift(seed) % 3 == 0);
                w->blocks[i].invalid = xorshift(seed) % 20 == 0;
                w->blocks[i].withheld = xorshift(seed) % 20 == 0;
        }
}

static uint64_t heaviest(const World *w) {
        uint64_t most = 0;

        for (int i = 0; i < w->n; i++) {
                bool good = true;

                for (int k = i; k != GENESIS && good; k = w->blocks[k].parent)
                        good = !w->blocks[k].invalid && !w->blocks[k].withheld;
                if (good)
                        most = MAX(most, work_of(w, i));
        }
        return most;
}

/* In random order, orphans again and again until nothing is new. */
static void hear_all(WorldNode *n, uint64_t *seed) {
        World *w = n->w;
        int order[256];
        bool more = true;
        int restarts = 3;       /* each forgets what is no part of the main chain */

        ck_assert_int_le(w->n, (int) ELEMENTSOF(order));
        for (int i = 0; i < w->n; i++)
                order[i] = i;
        for (int i = w->n - 1; i > 0; i--) {
                int k = (int) (xorshift(seed) % (uint64_t) (i + 1)), x = order[i];

                order[i] = order[k];
                order[k] = x;
        }
        while (more) {
                more = false;
                for (int i = 0; i < w->n; i++) {
                        int r = node_judge(n, &w->blocks[order[i]], NULL);

                        ck_assert(r == 0 || r == V_ORPHAN || r == V_DUPLICATE || r == V_BLOCK);
                        if (r != 0 && r != V_ORPHAN)
                                continue;
                        node_hear(n, order[i], r);
                        if (r == 0)
                                more = true;
                        if (restarts > 0 && xorshift(seed) % 50 == 0) {
                                restarts--;
                                node_restart(n, false);
                        }
                }
        }
}

START_TEST(any_order_ends_on_the_heaviest_valid_chain) {
        _cleanup_(world_done) World w;
        _cleanup_(node_done) WorldNode n;
        uint64_t seed = UINT64_C(0xabcdef12345) + (uint64_t) _i;

        random_world(&w, &seed, 150);
        node_init(&n, &w, false, _i % 5 == 4);
        hear_all(&n, &seed);
        ck_assert_msg(work_of(&w, node_tip(&n)) == heaviest(&w), "seed %d: work %" PRIu64 ", expected %" PRIu64, _i,
                        work_of(&w, node_tip(&n)), heaviest(&w));
}
END_TEST

START_TEST(same_events_give_the_same_effects) {
        _cleanup_(world_done) World w;
        _cleanup_(node_done) WorldNode a, b;
        uint64_t seed = UINT64_C(0x5555) + (uint64_t) _i;

        random_world(&w, &seed, 100);
        node_init(&a, &w, false, false);
        node_init(&b, &w, false, false);
        for (int i = 0; i < w.n; i++) {
                char log[sizeof(a.log)];
                int r = node_judge(&a, &w.blocks[i], NULL);

                ck_assert_int_eq(node_judge(&b, &w.blocks[i], NULL), r);
                if (r != 0)
                        continue;
                node_hear(&a, i, 0);
                node_hear(&b, i, 0);
                memcpy(log, node_log(&a), sizeof(log));
                ck_assert_str_eq(node_log(&b), log);
        }
}
END_TEST

START_TEST(audit_agrees_with_the_engine) {
        _cleanup_(world_done) World w;
        _cleanup_(node_done) WorldNode n;
        static const int expected[] = { 0, V_BLOCK, V_BLOCK, V_BLOCK, V_SEAL };
        EngineSetup setup;
        uint64_t seed = 77;
        int tip = GENESIS;

        world_init(&w, 200, 10, 3);
        for (int i = 0; i < 120; i++)
                tip = world_add(&w, tip, xorshift(&seed) % 20 ? xorshift(&seed) % 18 : 5000, xorshift(&seed) % 4 == 0);
        node_init(&n, &w, false, false);
        hear_up_to(&n, tip);
        setup = node_setup(&n);

        for (int h = 1; h <= n.height; h++)
                for (int fault = 0; fault < 5; fault++) {
                        WorldBlock b = w.blocks[n.main[h]];
                        SigCheck check = {};
                        size_t n_checks;
                        Why why = {};
                        int r;

                        b.seal = strndup(b.seal, b.n_seal);
                        if (fault == 1)
                                b.header.value++;
                        if (fault == 2)
                                b.header.time = (h == 1 ? WORLD_CREATED : w.blocks[n.main[h - 1]].header.time) - 1;
                        if (fault == 3)
                                b.header.parent.b[3] ^= 1;
                        world_seal(&w, &b, w.key, fault != 4);
                        r = pow_engine.audit(w.config, &setup, &b.header, b.seal, b.n_seal, &check, 1, &n_checks, &why);
                        ck_assert_msg(r == expected[fault], "height %d, fault %d: %s (%s)", h, fault, verdict_name(r), why.text);
                        ck_assert_uint_eq(n_checks, fault == 0);
                        if (fault == 0) {
                                sig_check_run(&check);
                                ck_assert(check.valid);
                        }
                        free(b.seal);
                        sig_check_done(&check);
                }
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, block_on_the_tip_is_connected);
        tcase_add_test(t, first_seen_wins_a_draw);
        tcase_add_test(t, first_seen_of_two_heavier_ones_is_wanted);
        tcase_add_test(t, branch_with_more_work_wins_and_the_former_can_win_again);
        tcase_add_test(t, former_main_chain_wins_again_after_a_restart);
        tcase_add_test(t, work_counts_and_not_height);
        tcase_add_test(t, reader_that_knows_little_does_too);
        tcase_add_test(t, known_blocks_are_duplicates);
        tcase_add_test(t, parent_that_is_unknown_makes_an_orphan);
        tcase_add_test(t, orphan_of_another_difficulty_is_refused_once_its_parent_is_known);
        tcase_add_loop_test(t, faulty_headers_are_refused, 0, _FAULT_MAX);
        tcase_add_test(t, time_of_the_parent_is_fine);
        tcase_add_test(t, foreign_miner_is_refused_and_does_not_mine);
        tcase_add_test(t, withheld_branch_does_not_hold_up_the_tip);
        tcase_add_test(t, invalid_block_is_dropped_with_its_descendants);
        tcase_add_test(t, switch_that_fails_leaves_the_chain);
        tcase_add_test(t, block_of_the_main_chain_is_not_invalid);
        tcase_add_test(t, bad_ids_are_forgotten_in_turn);
        tcase_add_test(t, side_headers_are_limited_and_the_lightest_goes);
        tcase_add_test(t, reorganisation_below_final_is_an_alarm);
        tcase_add_test(t, candidate_becomes_a_sealed_block);
        tcase_add_test(t, candidate_is_not_older_than_its_parent);
        tcase_add_test(t, nonce_for_the_candidate_before_is_good);
        tcase_add_test(t, nonce_for_the_candidate_before_that_is_not);
        tcase_add_test(t, wrong_nonce_seals_nothing);
        tcase_add_test(t, nonce_is_late_once_the_tip_has_moved);
        tcase_add_test(t, idle_stops_work);
        tcase_add_test(t, without_a_key_it_only_follows);
        tcase_add_test(t, own_block_that_is_invalid_is_dropped);
        tcase_add_test(t, due_until_the_last_entry_is_deep_enough);
        tcase_add_test(t, due_until_the_last_closing_is_deep_enough);
        tcase_add_test(t, status_tells_work_and_depth);
        tcase_add_loop_test(t, any_order_ends_on_the_heaviest_valid_chain, 0, 25);
        tcase_add_loop_test(t, same_events_give_the_same_effects, 0, 6);
        tcase_add_test(t, audit_agrees_with_the_engine);
}

int main(void) {
        return run_suite("pow", add);
}
