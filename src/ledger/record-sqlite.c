/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/record-sqlite.h"

#include <stdio.h>

#include "base/file.h"
#include "codec/hex.h"
#include "ledger/db.h"
#include "voted/limits.h"

#define FILE_NAME "authority.db"

#define MIGRATION_1 \
        "CREATE TABLE owner (\n" \
        "        network BLOB PRIMARY KEY NOT NULL,\n" \
        "        authority BLOB NOT NULL\n" \
        ") STRICT, WITHOUT ROWID;\n" \
        "CREATE TABLE line (\n" \
        "        view INTEGER NOT NULL,\n" \
        "        name TEXT NOT NULL,\n" \
        "        line BLOB NOT NULL,\n" \
        "        PRIMARY KEY (view, name)\n" \
        ") STRICT, WITHOUT ROWID;\n" \
        "CREATE TABLE block (\n" \
        "        id BLOB PRIMARY KEY NOT NULL,\n" \
        "        view INTEGER NOT NULL,\n" \
        "        header BLOB NOT NULL,\n" \
        "        entries BLOB NOT NULL\n" \
        ") STRICT;\n"

static const char *const migrations[] = { MIGRATION_1 };

/* Some hundred rows, of which a few change in a turn. */
static const DbKind record_kind = {
        .application_id = 1987010933,   /* "voau" */
        .migrations = migrations,
        .n_migrations = ELEMENTSOF(migrations),
        .cache_kib = 2048,
        .checkpoint_pages = 1024,
        .log_bytes_kept = 8388608,
        .always_checked = true,
};

const char* record_sqlite_schema(void) {
        return MIGRATION_1;
}

typedef enum Statement {
        ST_PUT,
        ST_PUT_BLOCK,
        ST_FORGET,
        ST_FORGET_BLOCKS,
        _ST_MAX,
} Statement;

static const char *const sql[_ST_MAX] = {
        [ST_PUT] = "INSERT INTO line (view, name, line) VALUES (?, ?, ?) ON CONFLICT (view, name) DO UPDATE SET line = excluded.line",
        [ST_PUT_BLOCK] = ("INSERT INTO block (view, id, header, entries) VALUES (?, ?, ?, ?) "
                          "ON CONFLICT (id) DO UPDATE SET view = max(view, excluded.view)"),
        [ST_FORGET] = "DELETE FROM line WHERE view >= 1 AND view < ?",
        [ST_FORGET_BLOCKS] = "DELETE FROM block WHERE view >= 1 AND view < ?",
};

typedef struct RecordSqlite {
        Record record;
        Db db;
        sqlite3_stmt *statements[_ST_MAX];
} RecordSqlite;

#define _cleanup_reset_ _cleanup_(db_resetp)

static RecordSqlite* SQLITE(const Record *r) {
        return (RecordSqlite *) ASSERT_PTR(r);
}

static void bind_bytes(sqlite3_stmt *st, int i, const void *p, size_t n) {
        (void) sqlite3_bind_blob64(st, i, n > 0 ? p : "", n, SQLITE_STATIC);
}

/* What is too large, as no view is, becomes INT64_MAX. */
static void bind_view(sqlite3_stmt *st, int i, uint64_t view) {
        (void) sqlite3_bind_int64(st, i, (sqlite3_int64) MIN(view, (uint64_t) INT64_MAX));
}

static int sqlite_put(Record *record, uint64_t view, const char *name, const char *line, size_t n) {
        RecordSqlite *s = SQLITE(record);
        _cleanup_reset_ sqlite3_stmt *st = s->statements[ST_PUT];
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        bind_view(st, 1, view);
        (void) sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
        bind_bytes(st, 3, line, n);
        return db_write(&s->db, st);
}

static int sqlite_put_block(Record *record, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries,
                size_t n_entries) {
        RecordSqlite *s = SQLITE(record);
        _cleanup_reset_ sqlite3_stmt *st = s->statements[ST_PUT_BLOCK];
        int r;

        r = db_begin(&s->db);
        if (r < 0)
                return r;
        bind_view(st, 1, view);
        bind_bytes(st, 2, id->b, sizeof(id->b));
        bind_bytes(st, 3, header, n_header);
        bind_bytes(st, 4, entries, n_entries);
        return db_write(&s->db, st);
}

static int sqlite_forget(Record *record, uint64_t view) {
        RecordSqlite *s = SQLITE(record);
        int r;

        r = db_begin(&s->db);
        for (Statement i = ST_FORGET; r >= 0 && i <= ST_FORGET_BLOCKS; i++) {
                _cleanup_reset_ sqlite3_stmt *st = s->statements[i];

                bind_view(st, 1, view);
                r = db_write(&s->db, st);
        }
        return r;
}

/* The next row: 1, 0 at the end. */
static int next_row(RecordSqlite *s, sqlite3_stmt *st) {
        int rc = sqlite3_step(st);

        return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : db_errno(&s->db, rc);
}

/* A statement of its own each time: what is called back may ask again. */
static int sqlite_each(Record *record, record_line_fn fn, void *userdata) {
        RecordSqlite *s = SQLITE(record);
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        int r;

        assert(fn);

        r = db_prepare(&s->db, "SELECT view, name, line FROM line ORDER BY view, name", &st);
        while (r >= 0 && (r = next_row(s, st)) > 0) {
                const unsigned char *name = sqlite3_column_text(st, 1);
                const void *line;
                uint64_t view;
                size_t n;

                if (!name)
                        return -ENOMEM;
                if ((r = db_column_int(&s->db, st, 0, INT64_MAX, &view)) < 0 ||
                    (r = db_column_bytes(&s->db, st, 2, 0, MESSAGE_LINE_BYTES_MAX, &line, &n)) < 0)
                        return r;
                r = fn(userdata, view, (const char *) name, line, n);
                if (r != 0)
                        return r;
        }
        return r;
}

static int sqlite_each_block(Record *record, record_block_fn fn, void *userdata) {
        RecordSqlite *s = SQLITE(record);
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        int r;

        assert(fn);

        r = db_prepare(&s->db, "SELECT view, id, header, entries FROM block ORDER BY view, id", &st);
        while (r >= 0 && (r = next_row(s, st)) > 0) {
                const void *p, *header, *entries;
                size_t n, n_header, n_entries;
                uint64_t view;
                Id id;

                if ((r = db_column_int(&s->db, st, 0, INT64_MAX, &view)) < 0 ||
                    (r = db_column_bytes(&s->db, st, 1, sizeof(id.b), sizeof(id.b), &p, &n)) < 0 ||
                    (r = db_column_bytes(&s->db, st, 2, 0, MESSAGE_LINE_BYTES_MAX, &header, &n_header)) < 0 ||
                    (r = db_column_bytes(&s->db, st, 3, 0, BLOCK_BYTES_MAX, &entries, &n_entries)) < 0)
                        return r;
                memcpy(id.b, p, sizeof(id.b));
                r = fn(userdata, view, &id, header, n_header, entries, n_entries);
                if (r != 0)
                        return r;
        }
        return r;
}

static int sqlite_commit(Record *record) {
        return db_commit(&SQLITE(record)->db);
}

static int sqlite_roll_back(Record *record) {
        RecordSqlite *s = SQLITE(record);

        db_rollback(&s->db);
        return s->db.failed;
}

static Record* sqlite_free(Record *record) {
        RecordSqlite *s = SQLITE(record);

        for (size_t i = 0; i < _ST_MAX; i++)
                (void) sqlite3_finalize(s->statements[i]);
        db_close(&s->db);
        free(s);
        return NULL;
}

static const RecordOps sqlite_ops = {
        .put = sqlite_put,
        .put_block = sqlite_put_block,
        .forget = sqlite_forget,
        .each = sqlite_each,
        .each_block = sqlite_each_block,
        .commit = sqlite_commit,
        .roll_back = sqlite_roll_back,
        .free = sqlite_free,
};

/* --- whose it is --- */

static int write_owner(Db *d, const RecordOwner *owner) {
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        int r;

        if ((r = db_begin(d)) < 0 || (r = db_prepare(d, "INSERT INTO owner (network, authority) VALUES (?, ?)", &st)) < 0)
                return r;
        bind_bytes(st, 1, owner->network.b, sizeof(owner->network.b));
        bind_bytes(st, 2, owner->authority.b, sizeof(owner->authority.b));
        return db_write(d, st);
}

static int write_first(Db *d, const char *name, const char *line) {
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        int r;

        r = db_prepare(d, sql[ST_PUT], &st);
        if (r < 0)
                return r;
        bind_view(st, 1, 0);
        (void) sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
        bind_bytes(st, 3, line, strlen(line));
        return db_write(d, st);
}

static int check_owner(RecordSqlite *s, const RecordOwner *owner, Why *why) {
        _cleanup_(db_finalizep) sqlite3_stmt *st = NULL;
        const void *p;
        char is[ID_HEX], expected[ID_HEX];
        size_t n;
        Key key;
        Id id;
        int r;

        r = db_prepare(&s->db, "SELECT network, authority FROM owner", &st);
        if (r < 0 || (r = next_row(s, st)) < 0)
                return r;
        if (r == 0) {
                s->db.suspect = true;
                (void) why_set(why, 0, "it does not say whose it is");
                return -EUCLEAN;
        }
        if ((r = db_column_bytes(&s->db, st, 0, sizeof(id.b), sizeof(id.b), &p, &n)) < 0)
                return r;
        memcpy(id.b, p, sizeof(id.b));
        if ((r = db_column_bytes(&s->db, st, 1, sizeof(key.b), sizeof(key.b), &p, &n)) < 0)
                return r;
        memcpy(key.b, p, sizeof(key.b));

        if (!id_equal(&id, &owner->network)) {
                (void) why_set(why, 0, "it is of the network %s, expected %s", id_hex(&id, is), id_hex(&owner->network, expected));
                return -EBADMSG;
        }
        if (!key_equal(&key, &owner->authority)) {
                (void) why_set(why, 0, "it is of the authority %s, expected %s", key_hex(&key, is), key_hex(&owner->authority, expected));
                return -EBADMSG;
        }
        return 0;
}

/* --- opening and making --- */

static int pass_line(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        return 0;
}

static int pass_block(void *userdata, uint64_t view, const Id *id, const char *header, size_t n_header, const char *entries, size_t n_entries) {
        return 0;
}

int record_sqlite_open(Record **ret, const char *dir, const RecordOwner *owner, Why *why) {
        _cleanup_(record_freep) Record *record = NULL;
        _cleanup_free_ char *path = NULL;
        RecordSqlite *s;
        int r;

        assert(ret);
        assert(dir);
        assert(owner);

        path = path_join(dir, FILE_NAME);
        if (!path)
                return -ENOMEM;
        r = db_file_exists(path);
        if (r < 0)
                return r;
        if (r == 2) {
                (void) why_set(why, 0, "%s is gone, and what SQLite keeps beside it is there", path);
                return -EUCLEAN;
        }
        if (r == 0) {
                (void) why_set(why, 0, "there is no %s", path);
                return -ENOENT;
        }

        s = new0(RecordSqlite, 1);
        if (!s)
                return -ENOMEM;
        s->record.ops = &sqlite_ops;
        record = &s->record;
        r = db_open(&s->db, &record_kind, path, false, why);
        if (r < 0)
                return r;

        if (why)
                why->text[0] = '\0';
        for (size_t i = 0; r >= 0 && i < _ST_MAX; i++)
                r = db_prepare(&s->db, sql[i], &s->statements[i]);
        if (r >= 0)
                r = check_owner(s, owner, why);
        if (r >= 0)
                r = sqlite_each(record, pass_line, NULL);
        if (r >= 0)
                r = sqlite_each_block(record, pass_block, NULL);
        if (r < 0) {
                if (why && why->text[0] == '\0')
                        (void) why_set(why, 0, "%s", r == -EUCLEAN ? "it has rows that cannot be" : strerror(-r));
                (void) why_prefix(why, 0, "%s", path);
                return r;
        }
        *ret = TAKE_PTR(record);
        return 0;
}

/* Under another name first, so that a power cut leaves none rather than half of one. */
int record_sqlite_make(Record **ret, const char *dir, const RecordOwner *owner, const char *name, const char *line, Why *why) {
        _cleanup_free_ char *path = NULL, *draft = NULL;
        Db d = {};
        int r;

        assert(ret);
        assert(dir);
        assert(owner);

        path = path_join(dir, FILE_NAME);
        draft = path_join(dir, FILE_NAME ".new");
        if (!path || !draft)
                return -ENOMEM;
        r = db_file_exists(path);
        if (r > 0)
                r = -EEXIST;
        if (r == 0)
                r = db_file_remove(draft);
        if (r < 0) {
                (void) why_set(why, 0, "%s: %s", path, r == -EEXIST ? "there is one already" : strerror(-r));
                return r;
        }

        r = db_open(&d, &record_kind, draft, true, why);
        if (r < 0)
                return r;
        r = write_owner(&d, owner);
        if (r >= 0 && name)
                r = write_first(&d, name, line);
        if (r >= 0)
                r = db_commit(&d);
        if (r >= 0)
                r = db_settle(&d);
        db_close(&d);
        if (r >= 0)
                r = db_file_rename(draft, path);
        if (r < 0) {
                (void) !db_file_remove(draft);
                (void) why_set(why, 0, "%s: %s", path, strerror(-r));
                return r;
        }
        return record_sqlite_open(ret, dir, owner, why);
}

int record_sqlite_set_aside(const char *dir, uint64_t now_sec, char **ret_path) {
        _cleanup_free_ char *path = NULL;

        assert(dir);

        path = path_join(dir, FILE_NAME);
        return path ? db_file_set_aside(path, now_sec, ret_path) : -ENOMEM;
}

int record_sqlite_was_set_aside(const char *dir) {
        assert(dir);

        return db_file_was_set_aside(dir, FILE_NAME);
}

bool record_sqlite_is_damaged(const Record *r) {
        return SQLITE(r)->db.suspect;
}
