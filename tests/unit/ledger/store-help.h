/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/store.h"

static inline const char* temporary_folder(char path[static 64]) {
        (void) snprintf(path, 64, "/tmp/voted-store-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(path));
        return path;
}

static inline void remove_folder(const char *path) {
        DIR *d = opendir(path);
        struct dirent *e;

        ck_assert_ptr_nonnull(d);
        while ((e = readdir(d)))
                (void) unlinkat(dirfd(d), e->d_name, 0);
        (void) closedir(d);
        ck_assert_int_eq(rmdir(path), 0);
}

static inline Id test_id(uint64_t n) {
        Id id = {};

        for (size_t i = 0; i < 4; i++) {
                uint64_t x = (n + 1) * UINT64_C(0x9e3779b97f4a7c15) * (i + 1);

                memcpy(id.b + 8 * i, &x, 8);
        }
        return id;
}

/* A block whose texts follow from height and salt. */
static inline int put_block(Store *s, uint64_t height, uint64_t salt) {
        char header[64], seal[64];
        StoredBlock b = { .height = height, .time = 1000 + height, .id = test_id(height * 1000 + salt), .count = (uint32_t) salt,
                          .header = header, .seal = seal };

        b.work[15] = (uint8_t) height;
        b.n_header = (size_t) snprintf(header, sizeof(header), "{\"header\":%" PRIu64 "}", height);
        b.n_seal = (size_t) snprintf(seal, sizeof(seal), "{\"seal\":%" PRIu64 "}", salt);
        return s->ops->block_put(s, &b);
}

static inline int put_entry(Store *s, Place place, int kind) {
        char line[64];
        int n = snprintf(line, sizeof(line), "{\"kind\":%d,\"place\":%" PRIu64 "}", kind, place);

        return s->ops->entry_put(s, place, kind, line, (size_t) n);
}

static inline int dump_entry(void *userdata, Place place, int kind, const char *line, size_t n) {
        buf_printf(userdata, "entry %" PRIu64 " %d %.*s\n", place, kind, (int) n, line);
        return 0;
}

static inline int dump_vote(void *userdata, const StoredVote *v) {
        buf_printf(userdata, "vote %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 "\n", v->voter, v->seq, v->count, v->place);
        return 0;
}

static inline int dump_pool(void *userdata, const char *line, size_t n) {
        buf_printf(userdata, "pool %.*s\n", (int) n, line);
        return 0;
}

/* All that a store holds, as text; votes of the elections PLACE(1, 0) .. PLACE(1, 3). */
static inline void dump(Store *s, Buf *ret) {
        uint64_t tip, height;

        ck_assert_int_eq(s->ops->tip(s, &tip), 0);
        buf_printf(ret, "tip %" PRIu64 "\n", tip);
        for (uint64_t h = 1; h <= tip; h++) {
                _cleanup_(stored_block_done) StoredBlock b = {};

                ck_assert_int_eq(s->ops->block_get(s, h, &b), 0);
                ck_assert_uint_eq(b.height, h);
                ck_assert_int_eq(s->ops->block_find(s, &b.id, &height), 0);
                ck_assert_uint_eq(height, h);
                buf_printf(ret, "block %" PRIu64 " %02x%02x %" PRIu64 " %" PRIu32 " %d %.*s %.*s\n", h, b.id.b[0], b.id.b[1], b.time, b.count,
                                b.work[15], (int) b.n_header, b.header, (int) b.n_seal, b.seal);
        }
        ck_assert_int_eq(s->ops->entry_each(s, 0, UINT64_MAX, STORE_KIND_ALL, dump_entry, ret), 0);
        buf_add_text(ret, "rare\n");
        ck_assert_int_eq(s->ops->entry_each(s, 0, UINT64_MAX, STORE_KIND_RARE, dump_entry, ret), 0);
        for (uint32_t i = 0; i < 4; i++) {
                buf_printf(ret, "election %" PRIu32 "\n", i);
                ck_assert_int_eq(s->ops->vote_each(s, PLACE(1, i), 0, dump_vote, ret), 0);
        }
        ck_assert_int_eq(s->ops->pool_each(s, dump_pool, ret), 0);
        for (char key[] = "a"; key[0] < 'e'; key[0]++) {
                _cleanup_buf_ Buf value = {};
                int r = s->ops->meta_get(s, key, &value);

                ck_assert(r == 0 || r == -ENODATA);
                if (r == 0)
                        buf_printf(ret, "meta %s %.*s\n", key, (int) value.n, value.p ? value.p : "");
        }
        ck_assert_int_eq(buf_error(ret), 0);
}
