/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "quorum-net.h"
#include "run.h"

static uint64_t seeds(uint64_t or_else) {
        const char *text = getenv("VOTED_TEST_SEEDS");

        return text ? strtoull(text, NULL, 10) : or_else;
}

#define assert_whole(net, seed) ck_assert_msg(!(net).broken[0], "seed %" PRIu64 ": %s", (uint64_t) (seed), (net).broken)

START_TEST(blocks_become_final_where_nothing_goes_wrong) {
        static const unsigned sizes[] = { 1, 2, 3, 4, 7, 10 };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                Net net;

                net_init(&net, sizes[i], 0, i);
                net_run(&net, 40 * NET_DELTA);
                assert_whole(net, i);
                ck_assert_msg(net_least_final(&net) >= 20, "n = %u: %" PRIu64 " blocks", sizes[i], net_least_final(&net));
                ck_assert_uint_eq(net.n_switches, 0);
                ck_assert_uint_eq(net.n_evidence, 0);
                net_done(&net);
        }
}
END_TEST

START_TEST(idle_network_makes_nothing_and_sleeps) {
        uint64_t final, messages;
        Net net;

        net_init(&net, 4, 0, 1);
        net_run(&net, 20 * NET_DELTA);
        net.due = false;
        net_run(&net, 50 * NET_DELTA);
        for (unsigned i = 0; i < 4; i++)
                net_step(net.nodes + i, &(EngineEvent) { .type = ENGINE_EV_TICK });
        net_run(&net, 50 * NET_DELTA);
        assert_whole(net, 1);
        final = net_least_final(&net);
        messages = net.n_messages;
        for (unsigned i = 0; i < 4; i++)
                ck_assert_uint_eq(net.nodes[i].height, final);
        net_run(&net, 10000 * NET_DELTA);
        ck_assert_uint_eq(net.n_messages, messages);
        ck_assert_uint_eq(net_least_final(&net), final);
        net_done(&net);
}
END_TEST

static void storm(Net *net, uint32_t crash) {
        net->corrupt = 2000;
        for (int i = 0; i < 12 && !net->broken[0]; i++) {
                net->loss = (uint32_t) prng_below(&net->prng, 3) * 120000;
                net->crash = (uint32_t) prng_below(&net->prng, 3) * crash;
                net->delay_usec = NET_DELTA * (1 + prng_below(&net->prng, 6)) / 2;
                net->due = !prng_chance(&net->prng, 150000);
                for (unsigned k = 0; k < net->n; k++)
                        net->side[k] = (unsigned) prng_below(&net->prng, 100) < 15;
                net_run(net, 12 * NET_DELTA);
                if (prng_chance(&net->prng, 150000))    /* the power goes, for all of them */
                        for (unsigned k = 0; k < net->n; k++)
                                net_crash(net, net->nodes + k);
                for (unsigned k = 0; k < net->n; k++)
                        if (!net->nodes[k].up && prng_chance(&net->prng, 700000))
                                net_start(net, net->nodes + k);
        }
}

/* Storm, then calm: what is final agrees, and the network goes on. */
static void survive(unsigned n, unsigned liars, uint64_t seed) {
        uint64_t before;
        Net net;

        net_init(&net, n, liars, seed);
        storm(&net, 15000);
        net.due = true;
        net_heal(&net);
        before = net.n_final;
        for (int i = 0; i < 40 && net_least_final(&net) < before + 3; i++)
                net_run(&net, 10 * NET_DELTA);
        assert_whole(net, seed);
        ck_assert_msg(net_least_final(&net) >= before + 3, "seed %" PRIu64 ": from %" PRIu64 " to %" PRIu64 " final", seed, before,
                        net_least_final(&net));
        if (getenv("VOTED_TEST_VERBOSE"))
                (void) printf("n %u liars %u seed %" PRIu64 ": final %" PRIu64 " (%" PRIu64 " in the storm), evidence %" PRIu64 ", crashes %" PRIu64
                                ", switches %" PRIu64 ", messages %" PRIu64 "\n", n, liars, seed, net.n_final, before, net.n_evidence,
                                net.n_crashes, net.n_switches, net.n_messages);
        net_done(&net);
}

START_TEST(four_agree_and_go_on_after_a_storm) {
        for (uint64_t s = 0; s < seeds(10); s++)
                survive(4, 0, s);
}
END_TEST

START_TEST(three_agree_with_a_liar_and_go_on_after_a_storm) {
        for (uint64_t s = 0; s < seeds(10); s++)
                survive(4, 1, 1000 + s);
}
END_TEST

START_TEST(five_agree_with_two_liars_and_go_on_after_a_storm) {
        for (uint64_t s = 0; s < seeds(4); s++)
                survive(7, 2, 2000 + s);
}
END_TEST

START_TEST(one_alone_goes_on_after_crashes) {
        for (uint64_t s = 0; s < seeds(4); s++)
                survive(1, 0, 3000 + s);
}
END_TEST

START_TEST(more_liars_than_the_bound_are_found_to_break_it) {
        uint64_t n = 0;

        for (uint64_t s = 0; s < 60 && n == 0; s++) {
                Net net;

                net_init(&net, 4, 2, 4000 + s);
                net_run(&net, 100 * NET_DELTA);
                n += strstr(net.broken, "final") != NULL;
                net_done(&net);
        }
        ck_assert_uint_gt(n, 0);
}
END_TEST

START_TEST(signature_that_is_sent_before_it_is_on_record_is_found) {
        uint64_t n = 0;

        for (uint64_t s = 0; s < 60 && n == 0; s++) {
                Net net;

                net_init(&net, 4, 1, 5000 + s);
                net.amnesia = true;
                storm(&net, 60000);
                n += net.broken[0] != 0;
                net_done(&net);
        }
        ck_assert_uint_gt(n, 0);
}
END_TEST

/* The rules look at what was signed, wherever the view begins anew. */
START_TEST(authorities_that_forget_certificates_still_agree) {
        for (uint64_t s = 0; s < seeds(7); s++) {
                Net net;

                net_init(&net, 4, 1, 6000 + s);
                net.forget_certificates = true;
                storm(&net, 60000);
                assert_whole(net, 6000 + s);
                net_done(&net);
        }
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, more_liars_than_the_bound_are_found_to_break_it);
        tcase_add_test(t, signature_that_is_sent_before_it_is_on_record_is_found);
        tcase_add_test(t, authorities_that_forget_certificates_still_agree);
        tcase_add_test(t, blocks_become_final_where_nothing_goes_wrong);
        tcase_add_test(t, idle_network_makes_nothing_and_sleeps);
        tcase_add_test(t, four_agree_and_go_on_after_a_storm);
        tcase_add_test(t, three_agree_with_a_liar_and_go_on_after_a_storm);
        tcase_add_test(t, five_agree_with_two_liars_and_go_on_after_a_storm);
        tcase_add_test(t, one_alone_goes_on_after_crashes);
}

int main(void) {
        return run_suite("quorum-net", add);
}
