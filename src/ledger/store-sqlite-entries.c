/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/store-sqlite-table.h"

#include "voted/limits.h"

void sqlite_forget(Sqlite *s) {
        assert(s);

        s->last_entry_known = s->voter_known = false;
        s->last_vote = 0;
}

/* --- entries --- */

static int last_entry(Sqlite *s) {
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_ENTRY_LAST);
        int r;

        if (s->last_entry_known)
                return 0;
        if ((r = step_row(s, st)) < 0 || (r = db_column_int(&s->db, st, 0, INT64_MAX, &s->last_entry)) < 0)
                return r;
        s->last_entry_known = true;
        return 0;
}

int sqlite_entry_put(Store *store, Place place, int kind, const char *line, size_t n) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_ENTRY_PUT);
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        r = last_entry(s);
        if (r < 0)
                return r;
        if (place <= s->last_entry)
                return -EEXIST;
        if (PLACE_HEIGHT(place) > HEIGHT_MAX || kind < 0)
                return -EINVAL;

        bind_int(st, 1, place);
        bind_int(st, 2, (uint64_t) kind);
        bind_bytes(st, 3, line, n);
        r = db_write(&s->db, st);
        if (r < 0)
                return r;
        s->last_entry = place;
        return 0;
}

int sqlite_entry_get(Store *store, Place place, int *ret_kind, Buf *ret) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_ENTRY_GET);
        uint64_t kind;
        const void *p;
        size_t n;
        int r;

        bind_int(st, 1, place);
        if ((r = step_row(s, st)) < 0 ||
            (r = db_column_int(&s->db, st, 0, INT32_MAX, &kind)) < 0 ||
            (r = db_column_bytes(&s->db, st, 1, 0, BLOCK_BYTES_MAX, &p, &n)) < 0)
                return r;
        if (ret_kind)
                *ret_kind = (int) kind;
        buf_add(ret, p, n);
        return buf_error(ret);
}

static int give_entries(Sqlite *s, sqlite3_stmt *st, store_entry_fn fn, void *userdata) {
        for (;;) {
                uint64_t place, kind;
                const void *p;
                size_t n;
                int r;

                r = step_row(s, st);
                if (r == -ENODATA)
                        return 0;
                if (r < 0 ||
                    (r = db_column_int(&s->db, st, 0, INT64_MAX, &place)) < 0 ||
                    (r = db_column_int(&s->db, st, 1, INT32_MAX, &kind)) < 0 ||
                    (r = db_column_bytes(&s->db, st, 2, 0, BLOCK_BYTES_MAX, &p, &n)) < 0)
                        return r;
                r = fn(userdata, place, (int) kind, p, n);
                if (r != 0)
                        return r;
        }
}

int sqlite_entry_each(Store *store, Place from, Place to, int kind, store_entry_fn fn, void *userdata) {
        Sqlite *s = SQLITE(store);
        Statement i = kind == STORE_KIND_ALL || kind == STORE_KIND_VOTE ? ST_ENTRY_EACH : ST_ENTRY_EACH_RARE;
        sqlite3_stmt *st;
        int r;

        assert(fn);

        r = statement_take(s, i, &st);
        if (r < 0)
                return r;
        bind_int(st, 1, from);
        bind_int(st, 2, to);
        (void) sqlite3_bind_int(st, 3, kind);
        r = give_entries(s, st, fn, userdata);
        statement_give(s, i, st);
        return r;
}

/* --- votes --- */

static int read_vote(Sqlite *s, sqlite3_stmt *st, int column, StoredVote *ret) {
        uint64_t seq, count;
        int r;

        if ((r = db_column_int(&s->db, st, column, INT64_MAX, &ret->place)) < 0 ||
            (r = db_column_int(&s->db, st, column + 1, UINT32_MAX, &seq)) < 0 ||
            (r = db_column_int(&s->db, st, column + 2, UINT32_MAX, &count)) < 0)
                return r;
        ret->seq = (uint32_t) seq;
        ret->count = (uint32_t) count;
        return 0;
}

int sqlite_vote_last(Store *store, Place election, uint32_t voter, StoredVote *ret) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_VOTE_LAST);
        int r;

        if (!s->voter_known || s->voter_election != election || s->voter.voter != voter) {
                StoredVote v = { .voter = voter };

                bind_int(st, 1, election);
                bind_int(st, 2, voter);
                r = step_row(s, st);
                if (r >= 0)
                        r = read_vote(s, st, 0, &v);
                if (r < 0 && r != -ENODATA)
                        return r;
                s->voter = v;
                s->voter_election = election;
                s->voter_known = true;
        }

        if (s->voter.count == 0)
                return -ENODATA;
        *ret = s->voter;
        return 0;
}

int sqlite_vote_put(Store *store, Place election, uint32_t voter, Place place, uint32_t seq) {
        Sqlite *s = SQLITE(store);
        _cleanup_reset_ sqlite3_stmt *st = statement(s, ST_VOTE_PUT);
        StoredVote last = {};
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        r = sqlite_vote_last(store, election, voter, &last);
        if (r < 0 && r != -ENODATA)
                return r;
        if (place <= s->last_vote || place <= last.place)
                return -EEXIST;

        bind_int(st, 1, election);
        bind_int(st, 2, voter);
        bind_int(st, 3, place);
        bind_int(st, 4, seq);
        bind_int(st, 5, last.count + UINT64_C(1));
        r = db_write(&s->db, st);
        if (r < 0)
                return r;
        s->last_vote = place;
        s->voter = (StoredVote) { .voter = voter, .seq = seq, .count = last.count + 1, .place = place };
        return 0;
}

static int give_votes(Sqlite *s, sqlite3_stmt *st, store_vote_fn fn, void *userdata) {
        StoredVote last = {};
        int r;

        /* Rows come by voter, then by place: whoever is there when the next voter comes has cast no later one. */
        for (;;) {
                StoredVote v = {};
                uint64_t voter = 0;

                r = step_row(s, st);
                if (r < 0 && r != -ENODATA)
                        return r;
                if (r >= 0 && ((r = db_column_int(&s->db, st, 0, UINT32_MAX, &voter)) < 0 || (r = read_vote(s, st, 1, &v)) < 0))
                        return r;
                v.voter = (uint32_t) voter;

                if (last.count > 0 && (r == -ENODATA || v.voter != last.voter)) {
                        int k = fn(userdata, &last);

                        if (k != 0)
                                return k;
                }
                if (r == -ENODATA)
                        return 0;
                last = v;
        }
}

int sqlite_vote_each(Store *store, Place election, uint32_t from, store_vote_fn fn, void *userdata) {
        Sqlite *s = SQLITE(store);
        sqlite3_stmt *st;
        int r;

        assert(fn);

        r = statement_take(s, ST_VOTE_EACH, &st);
        if (r < 0)
                return r;
        bind_int(st, 1, election);
        bind_int(st, 2, from);
        r = give_votes(s, st, fn, userdata);
        statement_give(s, ST_VOTE_EACH, st);
        return r;
}

int sqlite_delete_entries(Sqlite *s, uint64_t height) {
        Place from = PLACE(MIN(height, HEIGHT_MAX + 1), 0);
        int r;

        r = last_entry(s);
        if (r < 0)
                return r;

        /* No index by place, which each vote would pay for: this reads all votes (10^6: 50 ms). Each of them is an entry,
         * so there is nothing to look for where no entry goes. */
        if (s->last_entry < from && s->last_vote < from)
                return 0;
        sqlite_forget(s);
        if ((r = delete_rows(s, ST_VOTE_DELETE, from)) < 0)
                return r;
        return delete_rows(s, ST_ENTRY_DELETE, from);
}
