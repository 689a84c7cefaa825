/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/hex.h"
#include "control-ledger.h"
#include "fuzz.h"
#include "ledger/export.h"
#include "voted/limits.h"

#define OPENED_SEC  (FIXTURE_OPENS + 10)
#define CLOSED_SEC  (FIXTURE_CLOSES + FIXTURE_GRACE)
#define VOTERS      6U
#define LONG_ELECTIONS 10U              /* which make an export of several pieces */
#define WORDS_MAX   96U
#define FILES_MAX   8U
#define BLOCKS_MAX  64U

static char folder[64];
static char *blocks[BLOCKS_MAX];        /* [height] */
static struct { const char *kind; char *text; } words[WORDS_MAX];
static size_t n_words;

static const struct { const char *name; uint64_t time; } modes[_MODE_MAX] = {
        [MODE_TRACKER]   = { "tracker",   2000            },
        [MODE_WAITING]   = { "waiting",   2000            },
        [MODE_EMPTY]     = { "empty",     CLOSED_SEC + 10 },
        [MODE_ANNOUNCED] = { "announced", 2500            },
        [MODE_OPEN]      = { "open",      OPENED_SEC      },
        [MODE_COUNTING]  = { "counting",  CLOSED_SEC + 10 },
        [MODE_FINAL]     = { "final",     CLOSED_SEC + 20 },
        [MODE_AUTHORITY] = { "authority", OPENED_SEC      },
        [MODE_DAMAGED]   = { "damaged",   OPENED_SEC      },
        [MODE_FOUNDER]   = { "founder",   2000            },
        [MODE_POW]       = { "pow",       OPENED_SEC      },
};

typedef struct File {
        char *name;
        Buf text;
} File;

static struct { File files[FILES_MAX]; size_t n; } folders[_MODE_MAX];

const char* control_folder(void) {
        return folder;
}

/* --- words --- */

/* kind: the names of the fields that it is for, in blanks. */
static void word(const char *kind, const char *text) {
        fuzz_check(text && n_words < WORDS_MAX);
        words[n_words].kind = kind;
        words[n_words].text = strdup(text);
        fuzz_check(words[n_words++].text);
}

static void word_id(const Id *id) {
        word(" id entry election board network ", id_hex(id, (char[ID_HEX]) {}));
}

static void word_key(const Key *k) {
        word(" voter ", key_hex(k, (char[ID_HEX]) {}));
}

static void word_entry(Entry *e) {
        word(" line ", e->line);
        word_id(&e->id);
        (void) entry_unref(e);
}

const char* control_word(const char *field, uint8_t choice) {
        size_t fit[WORDS_MAX], n = 0;
        char name[40];

        (void) snprintf(name, sizeof(name), " %s ", field);
        for (size_t i = 0; i < n_words; i++)
                if (strstr(words[i].kind, name))
                        fit[n++] = i;
        fuzz_check(n_words > 0);
        return words[n > 0 && choice < 160 ? fit[choice % n] : choice % n_words].text;
}

/* --- folders --- */

static void empty_folder(const char *path) {
        struct dirent *de;
        DIR *d = opendir(path);

        if (!d)
                return;
        while ((de = readdir(d)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, ".."))
                        (void) unlinkat(dirfd(d), de->d_name, 0);
        (void) closedir(d);
}

static void remove_folder(const char *path) {
        empty_folder(path);
        (void) rmdir(path);
}

/* The fuzzer ends without a word to anybody: so nothing is left but between the beginning of an input and its end. */
static void make_private(void) {
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

        (void) snprintf(folder, sizeof(folder), "%s/fuzz-control-XXXXXX", base);
        fuzz_check(mkdtemp(folder));
}

void control_ledgers_clear(void) {
        _cleanup_free_ char *state = path_join(folder, "state");

        remove_folder(state);
        remove_folder(folder);
}

static void forget_all(void) {
        for (size_t i = 0; i < _MODE_MAX; i++)
                for (size_t k = 0; k < folders[i].n; k++) {
                        free(folders[i].files[k].name);
                        buf_done(&folders[i].files[k].text);
                }
        for (size_t i = 0; i < n_words; i++)
                free(words[i].text);
        for (size_t i = 0; i < BLOCKS_MAX; i++)
                free(blocks[i]);
}

static void write_text(const char *mode, const char *name, const char *text) {
        _cleanup_free_ char *path = path_join(folder, mode), *file = path_join(path, name);
        _cleanup_close_ int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        fuzz_check(fd >= 0 && write_all(fd, text, strlen(text)) == 0);
}

/* The folder of a node of that network with the first blocks of it, up to a height. */
static void make_folder(ControlMode mode, const Genesis *g, Chain *from, uint64_t height, unsigned identity) {
        _cleanup_free_ char *path = path_join(folder, modes[mode].name);
        char seed[ID_HEX + 1];
        Store *store = NULL;
        Chain *c = NULL;

        fuzz_check(mkdir(path, 0700) == 0);
        (void) snprintf(seed, sizeof(seed), "%02x%062d\n", identity, 0);
        write_text(modes[mode].name, "node.key", seed);
        if (!g)
                return;
        {
                _cleanup_free_ char *line = NULL;

                fuzz_check(asprintf(&line, "%s\n", g->line) > 0);
                write_text(modes[mode].name, "genesis", line);
        }
        fuzz_check(store_sqlite_open(&store, path, NULL) == 0);
        fuzz_check(chain_new(&c, g, store) == 0);
        for (uint64_t h = 1; h <= height; h++) {
                _cleanup_buf_ Buf text = {};
                _cleanup_(block_freep) Block *b = NULL;
                _cleanup_(stored_block_done) StoredBlock stored = {};
                const char *rest;
                uint64_t next;
                size_t n;

                fuzz_check(export_blocks(from, h, h, true, SIZE_MAX, &text, &next) == 0);
                fuzz_check(chain_store(from)->ops->block_get(chain_store(from), h, &stored) == 0);
                rest = text.p;
                n = text.n;
                fuzz_check(block_read(&b, g, &rest, &n, NULL) == 0);
                for (uint32_t i = 0; i < b->header.count; i++)
                        b->entries[i]->verified = true;
                fuzz_check(chain_connect(c, b, stored.work, NULL) == 0);
        }
        fuzz_check(chain_commit(c) == 0);
        (void) chain_free(c);
        (void) store_free(store);
}

/* Takes the files of a folder that was made, which goes. */
static void keep_folder(ControlMode mode) {
        _cleanup_free_ char *path = path_join(folder, modes[mode].name);
        struct dirent *de;
        DIR *d = opendir(path);

        fuzz_check(d);
        while ((de = readdir(d))) {
                _cleanup_free_ char *file = path_join(path, de->d_name);
                File *f = &folders[mode].files[folders[mode].n];

                if (de->d_name[0] == '.')
                        continue;
                fuzz_check(folders[mode].n++ < FILES_MAX);
                f->name = strdup(de->d_name);
                fuzz_check(f->name && read_file(file, 16U << 20, &f->text) == 0);
        }
        (void) closedir(d);
        remove_folder(path);
}

void control_ledgers_copy(ControlMode mode, uint64_t *ret_time) {
        _cleanup_free_ char *to = NULL;

        make_private();
        to = path_join(folder, "state");
        fuzz_check(mkdir(to, 0700) == 0);
        for (size_t i = 0; i < folders[mode].n; i++) {
                const File *f = &folders[mode].files[i];
                _cleanup_free_ char *path = path_join(to, f->name);
                _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

                fuzz_check(fd >= 0 && write_all(fd, f->text.p, f->text.n) == 0);
        }
        *ret_time = modes[mode].time;
}

const char* control_block(uint64_t height) {
        return height < BLOCKS_MAX ? blocks[height] : NULL;
}

/* --- the networks --- */

static void connect_entry(Chain *c, uint64_t time, Entry *e) {
        Why why = {};

        fuzz_check(FIXTURE_CONNECT(c, time, &why, e) == 0);
        word_entry(e);
}

static void keep_blocks(Chain *c) {
        fuzz_check(chain_tip(c)->height < BLOCKS_MAX);
        for (uint64_t h = 1; h <= chain_tip(c)->height; h++) {
                _cleanup_buf_ Buf text = {};
                uint64_t next;

                fuzz_check(export_blocks(c, h, h, true, SIZE_MAX, &text, &next) == 0);
                blocks[h] = strndup(text.p, text.n);
                fuzz_check(blocks[h]);
        }
}

static void make_quorum(void) {
        FixtureSetup setup = { .revotes = 3, .quorum = true };
        uint64_t announced, open, counting;
        ElectionInfo info;
        SealedBoard b;
        Entry *secret;
        Fixture f;
        Chain *c;

        fixture_seals_are_real = true;
        fixture_new(&f, &setup, NULL, VOTERS);
        c = f.chain;
        sealed_board_init(&b, f.genesis, 2, 3);
        sealed_make_ready(&b, c, "trust", "'secret'", 2000);
        secret = sealed_election(&b, 0, "secret", &f.roll->id, 1, FIXTURE_OPENS, FIXTURE_CLOSES, "'least':2");
        fuzz_check(FIXTURE_CONNECT(c, 2000, NULL, secret) == 0);
        announced = chain_tip(c)->height;

        for (unsigned i = 0; i < 3; i++) {
                char choices[16];

                (void) snprintf(choices, sizeof(choices), "[[%u]]", i % 2);
                connect_entry(c, FIXTURE_OPENS, fixture_vote(f.genesis, FIXTURE_VOTER + i, &f.election->id, 1, choices));
                connect_entry(c, FIXTURE_OPENS, sealed_vote(&b, FIXTURE_VOTER + i, secret, 1, choices));
        }
        open = chain_tip(c)->height;
        fuzz_check(fixture_connect(c, CLOSED_SEC, NULL, 0, NULL) == 0);
        connect_entry(c, CLOSED_SEC, fixture_draw(f.genesis, 0, f.election, "1 2 3"));
        counting = chain_tip(c)->height;
        fuzz_check(chain_election_by_name(c, "secret", &info) == 0);
        for (unsigned i = 0; i < 2; i++)
                connect_entry(c, CLOSED_SEC + 1, sealed_share(&b, c, &info, i));
        fuzz_check(chain_commit(c) == 0);
        keep_blocks(c);

        word(" line lines ", f.genesis->line);
        word_id(&f.genesis->network);
        word_id(&f.roll->id);
        word_id(&f.election->id);
        word_id(&secret->id);
        word_id(&b.id);
        word_id(&chain_tip(c)->id);
        for (unsigned seq = 1; seq <= 5; seq++)
                word_entry(fixture_vote(f.genesis, FIXTURE_VOTER + 4, &f.election->id, seq, "[[2]]"));
        word_entry(fixture_vote(f.genesis, FIXTURE_VOTER + 1, &f.election->id, 2, "[[9]]"));
        word_entry(fixture_vote(f.genesis, FIXTURE_VOTER + 40, &f.election->id, 1, "[[1]]"));
        word_entry(sealed_vote(&b, FIXTURE_VOTER + 4, secret, 1, "[[2]]"));
        word_entry(fixture_withdraw(f.genesis, 0, f.election));
        word_entry(fixture_roll(f.genesis, 0, "more", 0, 10, 2));

        make_folder(MODE_EMPTY, f.genesis, c, 0, 60);
        make_folder(MODE_ANNOUNCED, f.genesis, c, announced, 60);
        make_folder(MODE_OPEN, f.genesis, c, open, 60);
        make_folder(MODE_COUNTING, f.genesis, c, counting, 60);
        make_folder(MODE_FINAL, f.genesis, c, chain_tip(c)->height, 60);
        make_folder(MODE_AUTHORITY, f.genesis, c, open, FIXTURE_SEALER);
        make_folder(MODE_DAMAGED, f.genesis, c, open, FIXTURE_SEALER);
        write_text(modes[MODE_DAMAGED].name, "authority.db", "no database");
        make_folder(MODE_FOUNDER, f.genesis, c, 0, FIXTURE_SEALER);
        (void) entry_unref(secret);
        sealed_board_done(&b);
        fixture_done(&f);
        fixture_seals_are_real = false;
}

static void make_pow(void) {
        FixtureSetup setup = { .admins = 2, .approvals = 2, .name = "works" };
        _cleanup_buf_ Buf about = {};
        Entry *waits;
        Fixture f;

        fixture_new(&f, &setup, NULL, VOTERS);
        waits = fixture_election(f.genesis, 0, "waits", &f.roll->id, 1, 2 * FIXTURE_OPENS, 2 * FIXTURE_CLOSES, NULL);
        fuzz_check(FIXTURE_CONNECT(f.chain, 2000, NULL, waits) == 0);
        buf_add_text(&about, "'about':'");
        for (unsigned i = 0; i < ABOUT_BYTES_MAX; i++)
                buf_add_char(&about, 'a');
        buf_add_char(&about, '\'');
        for (unsigned i = 0; i < LONG_ELECTIONS; i++) {
                char name[16];
                Entry *e;

                (void) snprintf(name, sizeof(name), "long-%u", i);
                e = fixture_election(f.genesis, 0, name, &f.roll->id, 1, 2 * FIXTURE_OPENS, 2 * FIXTURE_CLOSES, about.p);
                fuzz_check(FIXTURE_CONNECT(f.chain, 2000, NULL, e) == 0);
                (void) entry_unref(e);
        }
        connect_entry(f.chain, FIXTURE_OPENS, fixture_vote(f.genesis, FIXTURE_VOTER, &f.election->id, 1, "[[0]]"));
        word(" line ", f.genesis->line);
        word_entry(fixture_vote(f.genesis, FIXTURE_VOTER + 1, &f.election->id, 1, "[[1]]"));
        word_entry(fixture_approve(f.genesis, 1, waits));
        word_id(&waits->id);
        make_folder(MODE_POW, f.genesis, f.chain, chain_tip(f.chain)->height, 60);
        (void) entry_unref(waits);
        fixture_done(&f);
}

static void make_words(void) {
        static const char names[] = " election board name ";
        _cleanup_buf_ Buf all = {}, most = {};

        word(names, "board");
        word(names, "secret");
        word(names, "trust");
        word(names, "waits");
        word(names, "nobody");
        word(names, "a-name-of-sixty-five-characters--a-name-of-sixty-five-characters-x");
        word(" ", "");
        word(" ", "null");
        word(" ", "\\u0000\\n\\ud83d\\ude00");
        word(" ", "\xc3\xa4\xff");
        word(" id entry ", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
        word(" ", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
        word(" line ", "{}");
        word(" interface ", "org.voted.Peer");
        word(" interface ", "org.voted.Tracker");
        word(" interface ", "org.varlink.service");
        word(" interface ", "org.nobody");
        for (unsigned i = 0; i < 2; i++)
                word_key(fixture_key(FIXTURE_VOTER + i));
        word_key(fixture_key(FIXTURE_ADMIN));

        for (uint64_t h = 1; control_block(h); h++) {
                buf_add_text(&all, control_block(h));
                if (control_block(h + 1))
                        buf_add_text(&most, control_block(h));
        }
        word(" lines ", all.p);
        word(" lines ", control_block(1));
        all.p[all.n - 100] = 0;
        word(" lines ", all.p);         /* ends in the middle of a line */
        word(" lines ", all.p + strlen(control_block(1)));
        word(" lines ", most.p);
        word(" lines ", "");
        word(" lines ", "\n\n{}\n");
        *strrchr(all.p, '\n') = 0;
        word(" lines ", all.p);         /* ends in the middle of a block */
}

void control_ledgers_make(void) {
        fuzz_check(atexit(forget_all) == 0);
        make_private();
        make_quorum();
        make_pow();
        make_words();
        make_folder(MODE_TRACKER, NULL, NULL, 0, 60);
        make_folder(MODE_WAITING, NULL, NULL, 0, 60);
        for (size_t i = 0; i < _MODE_MAX; i++)
                keep_folder(i);
        remove_folder(folder);
}
