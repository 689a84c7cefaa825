/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "codec/hex.h"
#include "crypto/hash.h"

static Lot lot_of(const char *value) {
        Lot lot = { .value = value };

        memset(&lot.network, 0x11, sizeof(lot.network));
        memset(&lot.election, 0x22, sizeof(lot.election));
        return lot;
}

/* What `printf 'voted lot 1\n1111...\n2222...\n4 8 15 16 23 42\n0\n2' | b2sum -l 256` and its
 * like print, in ascending order. */
START_TEST(the_order_is_by_hash_of_network_election_value_question_and_option) {
        Lot lot = lot_of("4 8 15 16 23 42");
        static const uint16_t first[] = { 1, 0, 3, 2, 4 }, second[] = { 0, 4, 2, 3, 1 };
        uint16_t place[5];

        ck_assert_int_eq(lot_places(&lot, 0, 5, place), 0);
        for (size_t i = 0; i < 5; i++)
                ck_assert_uint_eq(place[first[i]], i);
        ck_assert_int_eq(lot_places(&lot, 1, 5, place), 0);
        for (size_t i = 0; i < 5; i++)
                ck_assert_uint_eq(place[second[i]], i);
}
END_TEST

/* An order of ten options is one in 3.6 million: another network, election, value or question has
 * another. */
START_TEST(whatever_changes_changes_the_order) {
        Lot lot = lot_of("value"), network = lot, election = lot, value = lot_of("value ");
        uint16_t place[10], other[10];

        network.network.b[0] ^= 1;
        election.election.b[31] ^= 1;
        ck_assert_int_eq(lot_places(&lot, 0, 10, place), 0);
        ck_assert_int_eq(lot_places(&network, 0, 10, other), 0);
        ck_assert_mem_ne(place, other, sizeof(place));
        ck_assert_int_eq(lot_places(&election, 0, 10, other), 0);
        ck_assert_mem_ne(place, other, sizeof(place));
        ck_assert_int_eq(lot_places(&value, 0, 10, other), 0);
        ck_assert_mem_ne(place, other, sizeof(place));
        ck_assert_int_eq(lot_places(&lot, 1, 10, other), 0);
        ck_assert_mem_ne(place, other, sizeof(place));
}
END_TEST

START_TEST(places_are_a_permutation) {
        Lot lot = lot_of("");
        uint16_t place[256];
        bool seen[256] = {};

        ck_assert_int_eq(lot_places(&lot, 63, 256, place), 0);
        for (size_t i = 0; i < 256; i++) {
                ck_assert_uint_lt(place[i], 256);
                ck_assert(!seen[place[i]]);
                seen[place[i]] = true;
        }
}
END_TEST

RUN_TESTS("lot",
        the_order_is_by_hash_of_network_election_value_question_and_option,
        whatever_changes_changes_the_order,
        places_are_a_permutation)
