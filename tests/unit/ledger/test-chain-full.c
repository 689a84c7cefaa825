/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../sim/disk.h"
#include "dump.h"
#include "fixture.h"
#include "run.h"

/* A chain on a disk that is full. */

static void assert_height(Chain *c, uint64_t height) {
        ck_assert_uint_eq(chain_tip(c)->height, height);
}

START_TEST(a_chain_is_read_on_a_full_disk_and_goes_on_when_there_is_room) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL),
                                         *other = fixture_genesis(&(FixtureSetup) { .name = "other" });
        _cleanup_(disk_freep) Disk *d = NULL;
        _cleanup_(chain_freep) Chain *c = NULL;
        Why why = {};

        ck_assert_int_eq(disk_new(&d), 0);
        disk_set_full(d, DISK_FULL_LEDGER | DISK_FULL_WRITES);
        ck_assert_int_eq(chain_new(&c, g, disk_store(d)), 0);
        assert_height(c, 0);
        ck_assert_int_eq(fixture_connect(c, 2000, NULL, 0, &why), -ENOSPC);
        ck_assert_int_eq(chain_rollback(c), 0);
        assert_height(c, 0);

        disk_set_full(d, 0);
        assert_verdict(fixture_connect(c, 2000, NULL, 0, &why), 0, why);
        ck_assert_int_eq(chain_commit(c), 0);
        c = chain_free(c);
        ck_assert_int_eq(chain_new(&c, other, disk_store(d)), -EBADMSG);
        ck_assert_int_eq(chain_new(&c, g, disk_store(d)), 0);
        assert_height(c, 1);
}
END_TEST

START_TEST(a_first_commit_that_fails_is_taken_back) {
        _cleanup_(genesis_freep) Genesis *g = fixture_genesis(NULL);
        _cleanup_(disk_freep) Disk *d = NULL;
        _cleanup_(chain_freep) Chain *c = NULL;
        Why why = {};

        ck_assert_int_eq(disk_new(&d), 0);
        ck_assert_int_eq(chain_new(&c, g, disk_store(d)), 0);
        assert_verdict(fixture_connect(c, 2000, NULL, 0, &why), 0, why);
        disk_set_full(d, DISK_FULL_LEDGER | DISK_FULL_WRITES);
        ck_assert_int_eq(chain_commit(c), -ENOSPC);
        ck_assert_int_eq(chain_rollback(c), 0);
        assert_height(c, 0);

        disk_set_full(d, 0);
        assert_verdict(fixture_connect(c, 2000, NULL, 0, &why), 0, why);
        ck_assert_int_eq(chain_commit(c), 0);
        disk_crash(d);
        c = chain_free(c);
        ck_assert_int_eq(chain_new(&c, g, disk_store(d)), 0);
        assert_height(c, 1);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, a_chain_is_read_on_a_full_disk_and_goes_on_when_there_is_room);
        tcase_add_test(t, a_first_commit_that_fails_is_taken_back);
}

int main(void) {
        return run_suite("chain-full", add);
}
