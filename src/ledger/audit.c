/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/audit.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "ledger/audit-batch.h"
#include "ledger/chain-private.h"

typedef enum Expect {
        EXPECT_GENESIS,
        EXPECT_HEADER,
        EXPECT_SEAL,            /* or, in the first block, what tells that there are none */
        EXPECT_ENTRY,
} Expect;

struct Audit {
        Store *store;
        Workers *workers;
        Id wanted;              /* all zero: any network */
        Genesis *genesis;
        Chain *chain;
        Batches batches;
        AuditFacts facts;

        Expect expect;
        Buf rest;               /* the beginning of a line whose end has not come yet */

        Header header;          /* of the block that is being read */
        Buf header_line, seal_line;
        uint64_t final_height;          /* by the seals themselves, where they say so */
        Block *block;
        size_t n_entries, n_bytes;
        uint64_t header_number; /* its line */

        int verdict;            /* the file is wrong, or we failed: no more is read */
        Why why;
};

int audit_new(Audit **ret, Store *s, Workers *workers, const Id *network) {
        Audit *a;

        assert(ret);
        assert(s);

        a = new0(Audit, 1);
        if (!a)
                return -ENOMEM;
        a->store = s;
        a->workers = workers;
        a->batches.workers = workers;
        if (network)
                a->wanted = *network;
        *ret = a;
        return 0;
}

Audit* audit_free(Audit *a) {
        if (!a)
                return NULL;

        batches_done(&a->batches);
        block_free(a->block);
        chain_free(a->chain);
        genesis_free(a->genesis);
        buf_done(&a->rest);
        buf_done(&a->header_line);
        buf_done(&a->seal_line);
        free(a);
        return NULL;
}

static int bad(Audit *a, int verdict, uint64_t line) {
        a->facts.bad_line = line;
        return why_prefix(&a->why, verdict, "line %" PRIu64, line);
}

/* --- one kind of line each --- */

static uint64_t line_of_entry(const Audit *a, size_t position) {
        return a->header_number + 1 + (a->facts.seals ? 1 : 0) + position;
}

/* Of the block that is being connected: its rules hold if its proofs do, which is seen later. */
static int on_content(void *userdata, CheckContent *content, const Entry *e, size_t position) {
        Audit *a = ASSERT_PTR(userdata);

        a->facts.sealed_ballots += e->kind == ENTRY_VOTE;
        return batches_add_content(&a->batches, content, line_of_entry(a, position));
}

static int read_genesis(Audit *a, const char *p, size_t n) {
        int r;

        r = genesis_parse(&a->genesis, p, n, &a->why);
        if (r != 0)
                return r > 0 ? bad(a, r, a->facts.lines) : r;
        a->facts.network = a->facts.tip = a->genesis->network;
        a->facts.tip_time = a->genesis->created;

        if (!id_is_zero(&a->wanted) && !id_equal(&a->wanted, &a->genesis->network))
                return bad(a,
                                why_set(&a->why, V_NETWORK, "this is network %s, expected %s",
                                                id_hex(&a->genesis->network, (char[ID_HEX]) {}),
                                                id_hex(&a->wanted, (char[ID_HEX]) {})),
                                a->facts.lines);

        r = chain_new(&a->chain, a->genesis, a->store);
        if (r < 0)
                return r;
        chain_set_lean(a->chain);
        chain_set_workers(a->chain, a->workers);
        chain_set_content_sink(a->chain, on_content, a);
        a->expect = EXPECT_HEADER;
        return 0;
}

static int add_checks(Audit *a, SigCheck *checks, size_t n, uint64_t line) {
        int r = 0, q;

        for (size_t i = 0; i < n; i++) {
                q = batches_add(&a->batches, &checks[i], line);
                r = r < 0 ? r : q;
        }
        return r;
}

static int check_seal(Audit *a) {
        EngineSetup setup = {
                .network = a->genesis->network,
                .created = a->genesis->created,
                .chain = chain_engine_reader(a->chain),
        };
        _cleanup_free_ SigCheck *checks = NULL;
        size_t n = 0;
        int r;

        checks = new0(SigCheck, ENGINE_SIGNATURES_MAX);
        if (!checks)
                return -ENOMEM;

        r = a->genesis->engine->audit(a->genesis->engine_config, &setup, &a->header, a->seal_line.p,
                        a->seal_line.n, checks, ENGINE_SIGNATURES_MAX, &n, &a->why);
        if (r == 0)
                return add_checks(a, checks, n, a->header_number + 1);

        for (size_t i = 0; i < n; i++)
                sig_check_done(&checks[i]);
        return r > 0 ? bad(a, r, a->header_number + 1) : r;
}

/* That the entries are those of the header, and then their signatures: which of two mistakes is named hangs on it. */
static int check_body(Audit *a, Block *b) {
        SigCheck check = {};
        int r;

        if (a->n_bytes > a->genesis->limits.block_bytes)
                return why_set(&a->why, V_SIZE,
                                "entries of %zu bytes, at most %" PRIu32 " are allowed in a block of this network",
                                a->n_bytes, a->genesis->limits.block_bytes);
        r = block_check_body(b, a->genesis, &a->why);
        if (r != 0)
                return r;
        b->rooted = true;

        for (size_t i = 0; i < b->n_entries; i++)
                if ((r = entry_sig_check(b->entries[i], a->genesis, &check)) < 0 ||
                    (r = batches_add(&a->batches, &check, line_of_entry(a, i))) < 0)
                        return r;
        return 0;
}

/* All of its lines are there. */
static int end_block(Audit *a) {
        _cleanup_(block_freep) Block *b = TAKE_PTR(a->block);
        uint64_t line = a->header_number;
        int r;

        r = check_body(a, b);
        if (r != 0)
                return r > 0 ? bad(a, r, line) : r;
        r = chain_connect(a->chain, b, NULL, &a->why);
        if (r > 0) {
                if (a->chain->bad_entry != SIZE_MAX)
                        line = line_of_entry(a, a->chain->bad_entry);
                return bad(a, r, line);
        }
        if (r < 0 || (r = chain_commit(a->chain)) < 0)
                return r;

        a->facts.blocks++;
        a->facts.height = b->header.height;
        a->facts.tip = b->header.id;
        a->facts.tip_time = b->header.time;
        a->expect = EXPECT_HEADER;
        return 0;
}

static int begin_entries(Audit *a) {
        int r;

        r = block_new(&a->block, &a->header, a->header_line.p, a->header_line.n, a->seal_line.p,
                        a->seal_line.n);
        if (r > 0)
                r = bad(a, why_set(&a->why, r, "\"count\" is %" PRIu32 ", more entries than fit any block", a->header.count),
                                a->header_number);
        if (r != 0)
                return r;
        a->n_entries = a->n_bytes = 0;
        a->expect = EXPECT_ENTRY;
        return a->header.count == 0 ? end_block(a) : 0;
}

static int read_header(Audit *a, const char *p, size_t n) {
        int r;

        r = header_parse(&a->header, a->genesis->engine->field, p, n, &a->why);
        if (r == 0)
                r = chain_check_header(a->chain, &a->header, &a->why);
        if (r != 0)
                return r > 0 ? bad(a, r, a->facts.lines) : r;

        a->header_number = a->facts.lines;
        buf_reset(&a->header_line);
        buf_reset(&a->seal_line);
        buf_add(&a->header_line, p, n);
        r = buf_error(&a->header_line);
        if (r < 0)
                return r;

        a->expect = EXPECT_SEAL;
        if (a->facts.blocks == 0 || a->facts.seals)
                return 0;
        return begin_entries(a);
}

static int is_seal(Audit *a, const char *p, size_t n, bool *ret) {
        _cleanup_json_ Json *o = NULL;
        const char *kind;
        int r;

        r = line_parse(&o, p, n, LEDGER_LINE_BYTES_MAX, &a->why);
        if (r == 0)
                r = json_get_text(o, "kind", 1, NAME_BYTES_MAX, &kind, &a->why);
        if (r != 0)
                return r > 0 ? bad(a, r, a->facts.lines) : r;
        *ret = streq(kind, "seal");
        return 0;
}

static int read_entry(Audit *a, const char *p, size_t n);

/* The line after the first header tells whether the file has seals: all of them, or none. */
static int read_seal(Audit *a, const char *p, size_t n) {
        bool seal = true;
        int r;

        if (a->facts.blocks == 0) {
                r = is_seal(a, p, n, &seal);
                if (r != 0)
                        return r;
                a->facts.seals = seal;
        }
        if (!seal) {
                r = begin_entries(a);
                if (r != 0)
                        return r;
                return a->expect == EXPECT_HEADER ? read_header(a, p, n) : read_entry(a, p, n);
        }

        if (n > SEAL_BYTES_MAX)
                return bad(a,
                                why_set(&a->why, V_SIZE,
                                                "seal of %zu bytes, at most %u are allowed", n,
                                                SEAL_BYTES_MAX),
                                a->facts.lines);
        buf_add(&a->seal_line, p, n);
        r = buf_error(&a->seal_line);
        if (r < 0)
                return r;
        r = check_seal(a);
        if (r != 0)
                return r;
        if (a->genesis->engine->seal_is_final &&
                        a->genesis->engine->seal_is_final(a->seal_line.p, a->seal_line.n))
                a->final_height = a->header.height;
        return begin_entries(a);
}

typedef struct KeysCheck {
        const Roll *roll;
        int verdict;
        Why why;
} KeysCheck;

/* Of several threads that find one, any may be the one that tells. */
static void check_keys(size_t begin, size_t end, void *data) {
        KeysCheck *k = ASSERT_PTR(data);
        Why why = {};
        int r, none = 0;

        r = roll_check_keys(k->roll, begin, end - begin, &why);
        if (r != 0 && __atomic_compare_exchange_n(&k->verdict, &none, r, false, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED))
                k->why = why;
}

static int read_entry(Audit *a, const char *p, size_t n) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        int r;

        r = entry_parse(&e, a->genesis, p, n, &a->why);
        if (r != 0)
                return r > 0 ? bad(a, r, a->facts.lines) : r;

        if (e->kind == ENTRY_ROLL) {
                KeysCheck keys = { .roll = e->roll.roll };

                workers_for(a->workers, e->roll.roll->n_voters, 64, check_keys, &keys);
                if (keys.verdict > 0)
                        a->why = keys.why;
                if (keys.verdict != 0)
                        return keys.verdict > 0 ? bad(a, keys.verdict, a->facts.lines)
                                                : keys.verdict;
                e->content_checked = true;
        }

        a->facts.entries++;
        a->facts.entries_by_kind[e->kind]++;
        a->facts.votes += e->kind == ENTRY_VOTE;
        a->facts.elections += e->kind == ENTRY_ELECTION;

        /* What is too much is judged at the end, since a line behind may be wrong by itself, but not kept. */
        a->n_bytes += n + 1;
        if (a->n_bytes <= a->genesis->limits.block_bytes)
                a->block->entries[a->n_entries] = TAKE_PTR(e);
        return ++a->n_entries == a->header.count ? end_block(a) : 0;
}

static int read_line(Audit *a, const char *p, size_t n) {
        a->facts.lines++;
        switch (a->expect) {

        case EXPECT_GENESIS:
                return read_genesis(a, p, n);

        case EXPECT_HEADER:
                return read_header(a, p, n);

        case EXPECT_SEAL:
                return read_seal(a, p, n);

        case EXPECT_ENTRY:
                return read_entry(a, p, n);
        }
        return -EINVAL;
}

/* --- lines out of pieces --- */

/* A signature or a proof that was found bad stands in an earlier line than whatever is wrong now. */
static int settle(Audit *a, int r) {
        if (r == 0 && a->batches.bad_line == 0)
                return 0;

        if (r >= 0) {
                int q = batches_finish(&a->batches);

                if (q < 0)
                        r = q;
        }
        if (r >= 0 && a->batches.bad_line > 0 &&
                        (r == 0 || a->batches.bad_line <= a->facts.bad_line)) {
                a->why = a->batches.bad_why;
                r = bad(a, a->batches.bad_verdict, a->batches.bad_line);
        }
        a->verdict = r;
        return r;
}

static int told(const Audit *a, Why *why) {
        if (why && a->verdict > 0)
                *why = a->why;
        return a->verdict;
}

int audit_feed(Audit *a, const char *p, size_t n, Why *why) {
        int r;

        assert(a);
        assert(p || n == 0);

        while (n > 0 && a->verdict == 0) {
                const char *end = memchr(p, '\n', n);
                size_t part = end ? (size_t) (end - p) : n;

                if (a->rest.n + part > LEDGER_LINE_BYTES_MAX) {
                        a->facts.lines++;
                        r = why_set(&a->why, V_SIZE, "longer than any line of a ledger, %u bytes",
                                        LEDGER_LINE_BYTES_MAX);
                        (void) settle(a, bad(a, r, a->facts.lines));
                        break;
                }

                if (!end || a->rest.n > 0) {
                        buf_add(&a->rest, p, part);
                        r = buf_error(&a->rest);
                        if (r == 0 && end) {
                                r = read_line(a, a->rest.p, a->rest.n);
                                buf_reset(&a->rest);
                        }
                } else
                        r = read_line(a, p, part);
                (void) settle(a, r);

                part += end ? 1 : 0;
                p += part;
                n -= part;
        }
        return told(a, why);
}

static int find_final(Audit *a) {
        EngineSetup setup = {
                .network = a->genesis->network,
                .created = a->genesis->created,
                .chain = chain_engine_reader(a->chain),
        };
        EngineStatus status = {};
        Engine *engine;
        int r;

        if (!a->facts.seals)
                return 0;
        if (a->genesis->engine->seal_is_final) {
                a->facts.final_height = a->final_height;
                return 0;
        }
        r = a->genesis->engine->new(&engine, a->genesis->engine_config, &setup);
        if (r < 0)
                return r;
        engine->type->status(engine, &status);
        a->facts.final_height = status.final_height;
        engine->type->free(engine);
        return 0;
}

int audit_finish(Audit *a, AuditFacts *ret, Why *why) {
        int r = 0;

        assert(a);
        assert(ret);

        if (a->verdict == 0 && a->rest.n > 0) {         /* the last line, without its newline */
                r = settle(a, read_line(a, a->rest.p, a->rest.n));
                buf_reset(&a->rest);
        }
        if (a->verdict == 0 && a->expect == EXPECT_GENESIS)
                r = bad(a, why_set(&a->why, V_FORM, "the file is empty, expected a genesis line"),
                                1);
        else if (a->verdict == 0 && a->expect == EXPECT_SEAL && a->facts.blocks == 0 &&
                        a->header.count == 0)
                r = begin_entries(a);   /* one empty block, and no seal */
        if (a->verdict == 0 && r == 0 && a->expect != EXPECT_HEADER)
                r = bad(a,
                                why_set(&a->why, V_FORM, "the file ends within block %" PRIu64,
                                                a->header.height),
                                a->facts.lines + 1);

        if (a->verdict == 0) {
                int q = batches_finish(&a->batches);

                (void) settle(a, r != 0 ? r : q);
        }
        if (a->facts.blocks == 0)
                a->facts.seals = true;  /* none is missing */
        if (a->verdict == 0)
                a->verdict = find_final(a);
        if (a->verdict == 0)
                a->verdict = chain_open_all(a->chain, &a->facts.opened);

        audit_facts(a, ret);
        return told(a, why);
}

void audit_facts(const Audit *a, AuditFacts *ret) {
        assert(a);
        assert(ret);

        *ret = a->facts;
        ret->signatures = a->batches.checked;
        ret->proofs = a->batches.proofs;
}

Chain* audit_chain(Audit *a) {
        assert(a);

        return a->chain;
}
