/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>

#include "net/lanes.h"

static void add(Lanes *l, NetLane lane, const char *text, size_t max, int expected) {
        char *copy = strdup(text);

        ck_assert_ptr_nonnull(copy);
        ck_assert_int_eq(lanes_add(l, lane, copy, strlen(text), max), expected);
}

/* All that is queued as one stream, in pieces of that many bytes; frames are shown with a "/" behind each. */
static void check_stream(Lanes *l, size_t piece, const char *expected) {
        _cleanup_buf_ Buf stream = {}, shown = {};
        size_t n, before;

        do {
                before = stream.n;
                ck_assert_int_eq(lanes_take(l, &stream, piece), 0);
                ck_assert_uint_le(stream.n - before, piece);
        } while (stream.n > before);

        for (size_t i = 0; i < stream.n; i += 4 + n) {
                const uint8_t *p = (const uint8_t *) stream.p + i;

                n = (size_t) p[0] << 24 | (size_t) p[1] << 16 | (size_t) p[2] << 8 | p[3];
                ck_assert_uint_le(i + 4 + n, stream.n);
                buf_add(&shown, p + 4, n);
                buf_add_char(&shown, '/');
        }
        ck_assert_str_eq(shown.n > 0 ? shown.p : "", expected);
        ck_assert(lanes_are_empty(l));
}

START_TEST(engine_goes_before_sync_and_sync_before_gossip) {
        for (size_t piece = 1; piece < 40; piece++) {
                Lanes l = {};

                add(&l, NET_LANE_GOSSIP, "g1", 1000, 0);
                add(&l, NET_LANE_SYNC, "s1", 1000, 0);
                add(&l, NET_LANE_ENGINE, "e1", 1000, 0);
                add(&l, NET_LANE_SYNC, "s2", 1000, 0);
                add(&l, NET_LANE_ENGINE, "e2", 1000, 0);
                check_stream(&l, piece, "e1/e2/s1/s2/g1/");
                lanes_done(&l);
        }
}
END_TEST

START_TEST(a_frame_that_has_begun_is_sent_to_its_end) {
        _cleanup_buf_ Buf first = {};
        Lanes l = {};

        add(&l, NET_LANE_GOSSIP, "gossip", 1000, 0);
        ck_assert_int_eq(lanes_take(&l, &first, 7), 0);
        ck_assert_mem_eq(first.p, "\0\0\0\6gos", 7);
        add(&l, NET_LANE_ENGINE, "engine", 1000, 0);
        ck_assert_int_eq(lanes_take(&l, &first, 100), 0);
        ck_assert_mem_eq(first.p, "\0\0\0\6gossip\0\0\0\6engine", 20);
        ck_assert(lanes_are_empty(&l));
}
END_TEST

START_TEST(a_full_lane_refuses_and_gossip_drops_its_oldest) {
        const size_t two = 2 * (2 + FRAME_COST);
        Lanes l = {};

        add(&l, NET_LANE_ENGINE, "e1", two, 0);
        add(&l, NET_LANE_ENGINE, "e2", two, 0);
        add(&l, NET_LANE_ENGINE, "e3", two, -ENOBUFS);
        add(&l, NET_LANE_SYNC, "s1", two, 0);
        add(&l, NET_LANE_SYNC, "s2", two, 0);
        add(&l, NET_LANE_SYNC, "s3", two, -ENOBUFS);
        add(&l, NET_LANE_GOSSIP, "g1", two, 0);
        add(&l, NET_LANE_GOSSIP, "g2", two, 0);
        add(&l, NET_LANE_GOSSIP, "g3", two, 0);
        ck_assert_uint_eq(l.bytes, 3 * two);
        check_stream(&l, 1000, "e1/e2/s1/s2/g2/g3/");
}
END_TEST

START_TEST(a_frame_alone_in_its_lane_has_room) {
        Lanes l = {};

        add(&l, NET_LANE_SYNC, "larger than the lane", 3, 0);
        add(&l, NET_LANE_SYNC, "x", 3, -ENOBUFS);
        add(&l, NET_LANE_GOSSIP, "larger than the lane", 3, 0);
        add(&l, NET_LANE_GOSSIP, "x", 3, 0);
        check_stream(&l, 5, "larger than the lane/x/");
}
END_TEST

START_TEST(memory_is_given_back_whatever_is_queued) {
        _cleanup_buf_ Buf some = {};
        Lanes l = {};

        add(&l, NET_LANE_ENGINE, "begun", 1000, 0);
        ck_assert_int_eq(lanes_take(&l, &some, 6), 0);
        add(&l, NET_LANE_SYNC, "s", 1000, 0);
        add(&l, NET_LANE_GOSSIP, "g", 1000, 0);
        lanes_done(&l);
        ck_assert_uint_eq(l.bytes, 0);
        ck_assert(lanes_are_empty(&l));
}
END_TEST

int main(void) {
        Suite *s = suite_create("lanes");
        TCase *c = tcase_create("lanes");
        SRunner *r;
        int failed;

        suite_add_tcase(s, c);
        tcase_add_test(c, engine_goes_before_sync_and_sync_before_gossip);
        tcase_add_test(c, a_frame_that_has_begun_is_sent_to_its_end);
        tcase_add_test(c, a_full_lane_refuses_and_gossip_drops_its_oldest);
        tcase_add_test(c, a_frame_alone_in_its_lane_has_room);
        tcase_add_test(c, memory_is_given_back_whatever_is_queued);

        r = srunner_create(s);
        srunner_run_all(r, CK_ENV);
        failed = srunner_ntests_failed(r);
        srunner_free(r);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
