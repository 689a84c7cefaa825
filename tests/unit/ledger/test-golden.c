/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <limits.h>

#include "base/file.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "fixture.h"
#include "ledger/audit.h"
#include "ledger/export.h"
#include "poll.h"

/* tests/vectors/golden-ledger.txt is a whole ledger, made anew here from keys with fixed seeds:
 * every kind of entry that elections need, two of three approvals, a revote, headers and seals of
 * `pow`. golden-sealed-ledger.txt, of `quorum` but without seals, has the kinds that sealed elections
 * need. A change of any of their bytes is a change of the ledger: other programs that verify one
 * would no longer agree. */

typedef struct Maker {
        Genesis *g;
        Chain *c;
        Entry *entries[8];      /* of the block that is being made */
        size_t n;
        Entry *kept[32];
        size_t n_kept;
} Maker;

static Entry* add_entry(Maker *m, Entry *e) {
        ck_assert_uint_lt(m->n, ELEMENTSOF(m->entries));
        ck_assert_uint_lt(m->n_kept, ELEMENTSOF(m->kept));
        m->kept[m->n_kept++] = e;
        return m->entries[m->n++] = e;
}

static void end_block(Maker *m, uint64_t time) {
        Why why = {};

        assert_verdict(fixture_connect(m->c, time, m->entries, m->n, &why), 0, why);
        m->n = 0;
}

static void make_rolls_and_elections(Maker *m, Entry **ret_election) {
        Entry *roll, *more, *election, *spare, *e;

        roll = add_entry(m, fixture_roll(m->g, 0, "members", 0, 0, 3));
        more = add_entry(m, fixture_roll(m->g, 1, "members", 1, 3, 1));
        add_entry(m, fixture_approve(m->g, 1, roll));
        add_entry(m, fixture_approve(m->g, 2, more));
        end_block(m, 2000);

        election = fixture_election(m->g, 2, "board", (Id[]) { roll->id, more->id }, 2, 5000, 6000,
                        "'about':'Who speaks for us in 2027?\\nCaf\u00e9, 1st floor.',"
                        "'lot':'a lottery','grace':90");
        add_entry(m, election);
        spare = fixture_election(m->g, 0, "spare", &roll->id, 1, 5000, 6000,
                        "'revote':false,'blank':false");
        add_entry(m, spare);
        add_entry(m, fixture_approve(m->g, 0, election));
        add_entry(m, fixture_approve(m->g, 1, spare));
        end_block(m, 2001);

        e = add_entry(m, fixture_withdraw(m->g, 0, spare));
        add_entry(m, fixture_approve(m->g, 2, e));
        e = add_entry(m, fixture_admins(m->g, 0, 9, 2, 0));
        end_block(m, 2003);
        add_entry(m, fixture_approve(m->g, 1, e));
        add_entry(m, fixture_admins(m->g, 9, -1, 1, 7));
        end_block(m, 2003);
        *ret_election = election;
}

static Buf make_ledger(void) {
        FixtureSetup setup = { .admins = 3, .approvals = 2, .notice = 60, .name = "golden" };
        Maker m = { .g = fixture_genesis(&setup) };
        Entry *election, *draw;
        Store *s = NULL;
        uint64_t next;
        Buf ret = {};

        ck_assert_int_eq(store_memory_new(&s), 0);
        ck_assert_int_eq(chain_new(&m.c, m.g, s), 0);
        make_rolls_and_elections(&m, &election);

        add_entry(&m, fixture_vote(m.g, FIXTURE_VOTER, &election->id, 1, "[[0]]"));
        add_entry(&m, fixture_vote(m.g, FIXTURE_VOTER + 1, &election->id, 1, "[[1]]"));
        add_entry(&m, fixture_vote(m.g, FIXTURE_VOTER, &election->id, 2147483648U, "[[1]]"));
        end_block(&m, 5000);
        add_entry(&m, fixture_vote(m.g, FIXTURE_VOTER + 3, &election->id, 3, "[[]]"));
        end_block(&m, 6089);
        end_block(&m, 6090);
        draw = add_entry(&m, fixture_draw(m.g, 9, election, "17 4 39"));
        add_entry(&m, fixture_approve(m.g, 0, draw));
        end_block(&m, 6091);

        ck_assert_int_eq(export_genesis(m.c, &ret), 0);
        ck_assert_int_eq(export_blocks(m.c, 1, UINT64_MAX, true, SIZE_MAX, &ret, &next), 0);
        for (size_t i = 0; i < m.n_kept; i++)
                entry_unref(m.kept[i]);
        chain_free(m.c);
        store_free(s);
        genesis_free(m.g);
        return ret;
}

/* A board that opens an election in which two vote, one of them twice; and one that ends with a right
 * objection. */
static Buf make_sealed_ledger(void) {
        SealedBoard liars;
        ElectionInfo info;
        uint64_t next;
        Buf ret = {};
        Poll p;

        poll_new(&p, 3, "'exposed':true,'least':2");
        sealed_board_init(&liars, p.w.f.genesis, 2, 3);
        put(&p.w, 2000, sealed_board(&liars, 0, "liars", "'nothing'", SEALED_UNTIL));
        for (unsigned i = 0; i < 3; i++)
                put(&p.w, 2000, sealed_deal(&liars, i, i == 1 ? 2 : UINT_MAX));
        put(&p.w, 2000, sealed_object(&liars, 2, 1));
        sealed_board_done(&liars);

        put(&p.w, POLL_OPENS, poll_vote(&p, 0, 1, "[[0]]"));
        put(&p.w, POLL_OPENS, poll_vote(&p, 1, 1, "[[]]"));
        put(&p.w, POLL_OPENS, poll_vote(&p, 0, 2, "[[2]]"));
        poll_pass(&p, POLL_END);
        info = poll_info(&p);
        put(&p.w, POLL_END, sealed_share(&p.b, p.w.f.chain, &info, 2));
        put(&p.w, POLL_END, sealed_share(&p.b, p.w.f.chain, &info, 0));

        ck_assert_int_eq(export_genesis(p.w.f.chain, &ret), 0);
        ck_assert_int_eq(export_blocks(p.w.f.chain, 1, UINT64_MAX, false, SIZE_MAX, &ret, &next), 0);
        poll_done(&p);
        return ret;
}

static const struct {
        const char *name;
        Buf (*make)(void);
} goldens[] = {
        { "golden-ledger.txt", make_ledger },
        { "golden-sealed-ledger.txt", make_sealed_ledger },
};

static char* golden_path(int which) {
        const char *top = getenv("abs_top_srcdir");
        _cleanup_free_ char *folder = path_join(top ? top : ".", "tests/vectors");

        return path_join(folder, goldens[which].name);
}

/* Every line with its id in front, as the file has them. */
static Buf with_ids(const Buf *lines) {
        const char *p = lines->p, *line;
        size_t left = lines->n, n;
        Buf ret = {};
        Id id;

        while (line_next(&p, &left, &line, &n)) {
                if (n == 0)
                        continue;
                hash_bytes(&id, line, n);
                buf_printf(&ret, "%s  %.*s\n", id_hex(&id, (char[ID_HEX]) {}), (int) n, line);
        }
        return ret;
}

static const char* past_comments(const char *p) {
        while (*p == '#')
                p = strchrnul(p, '\n') + 1;
        return p;
}

START_TEST(the_golden_ledger_is_made_to_the_byte) {
        _cleanup_buf_ Buf made = goldens[_i].make(), lines = with_ids(&made), golden = {};
        _cleanup_free_ char *path = golden_path(_i);
        const char *write = getenv("VOTED_WRITE_GOLDEN"), *a, *b;
        unsigned n = 1;

        if (write) {
                _cleanup_free_ char *to = path_join(write, goldens[_i].name);

                ck_assert_int_eq(write_file_atomic(to, lines.p, lines.n, 0644), 0);
        }

        ck_assert_msg(read_file(path, 1U << 20, &golden) == 0, "%s (set $abs_top_srcdir)", path);
        ck_assert_ptr_nonnull(lines.p);
        for (a = past_comments(golden.p), b = lines.p; *a && *a == *b; a++, b++)
                n += *a == '\n';
        ck_assert_msg(*a == *b, "line %u differs at: %.60s, expected: %.60s", n, b, a);
}
END_TEST

static Audit* audit_golden(int which, Store *s, AuditFacts *ret) {
        _cleanup_buf_ Buf golden = {};
        _cleanup_free_ char *path = golden_path(which);
        Audit *audit = NULL;
        Why why = {};

        ck_assert_int_eq(read_file(path, 1U << 20, &golden), 0);
        ck_assert_int_eq(audit_new(&audit, s, NULL, NULL), 0);
        for (const char *p = past_comments(golden.p); *p; p = strchr(p, '\n') + 1)
                assert_verdict(audit_feed(audit, p + 66, strcspn(p + 66, "\n") + 1, &why), 0, why);
        assert_verdict(audit_finish(audit, ret, &why), 0, why);
        return audit;
}

START_TEST(the_golden_sealed_ledger_passes_its_audit) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(audit_freep) Audit *audit = NULL;
        _cleanup_(result_freep) Result *result = NULL;
        _cleanup_buf_ Buf text = {};
        AuditFacts facts = {};
        ElectionInfo info;
        BoardInfo board;

        ck_assert_int_eq(store_memory_new(&s), 0);
        audit = audit_golden(1, s, &facts);
        for (EntryKind k = ENTRY_VOTE; k < _ENTRY_KIND_MAX; k++)
                ck_assert_msg(facts.entries_by_kind[k] > 0, "no %s", entry_kind_name(k));

        ck_assert_int_eq(chain_board_by_name(audit_chain(audit), "liars", &board), 0);
        ck_assert(key_equal(board.liar, fixture_key(SEALED_TRUSTEE + 1)));
        ck_assert_int_eq(chain_election_by_name(audit_chain(audit), "secret", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_FINAL);
        ck_assert_int_eq(chain_count(audit_chain(audit), &info, &result), 0);
        ck_assert_int_eq(json_dump(result->json, &text), 0);
        ck_assert_ptr_nonnull(strstr(text.p, "\"sums\":[0,0,1]"));
}
END_TEST

START_TEST(the_golden_ledger_passes_its_audit) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(audit_freep) Audit *audit = NULL;
        AuditFacts facts = {};
        ElectionInfo info;
        Result *result;

        ck_assert_int_eq(store_memory_new(&s), 0);
        audit = audit_golden(0, s, &facts);
        for (EntryKind k = 0; k <= ENTRY_VOTE; k++)
                ck_assert_msg(facts.entries_by_kind[k] > 0, "no %s", entry_kind_name(k));

        ck_assert_int_eq(chain_election_by_name(audit_chain(audit), "board", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_CLOSED);
        ck_assert_uint_eq(info.ballots, 3);
        ck_assert_str_eq(info.draw_value, "17 4 39");
        ck_assert_int_eq(chain_count(audit_chain(audit), &info, &result), 0);
        ck_assert_uint_eq(result->questions[0].n_elected, 1);
        ck_assert_uint_eq(result->questions[0].elected[0], 1);
        result_free(result);
        ck_assert_int_eq(chain_election_by_name(audit_chain(audit), "spare", &info), 0);
        ck_assert_int_eq(info.phase, ELECTION_WITHDRAWN);
}
END_TEST

static void add(TCase *t) {
        tcase_add_loop_test(t, the_golden_ledger_is_made_to_the_byte, 0, ELEMENTSOF(goldens));
        tcase_add_test(t, the_golden_ledger_passes_its_audit);
        tcase_add_test(t, the_golden_sealed_ledger_passes_its_audit);
}

int main(void) {
        return run_suite("golden", add);
}
