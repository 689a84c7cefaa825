/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

#include <inttypes.h>

#include "base/workers.h"
#include "codec/line.h"
#include "ledger/audit.h"
#include "ledger/export.h"
#include "voted/limits.h"

/* A ledger of five blocks, its export as lines, and audits of what became of it. Lines: 1 genesis,
 * 2-4 roll, 5-7 election, 8-9 with the seal and 10-13 four votes, 14-15 no entry, 16-18 a vote. */
typedef struct World {
        Fixture f;
        Entry *votes[5];
        Buf with, without;      /* the export, with seals and without */
} World;

static void export(Chain *c, bool seals, Buf *ret) {
        uint64_t next = 1;

        ck_assert_int_eq(export_genesis(c, ret), 0);
        while (next <= chain_tip(c)->height)
                ck_assert_int_eq(export_blocks(c, next, UINT64_MAX, seals, 1, ret, &next), 0);
}

static void world_new(World *w) {
        Why why = {};

        *w = (World) {};
        fixture_new(&w->f, NULL, NULL, 5);
        for (unsigned i = 0; i < 5; i++)
                w->votes[i] = fixture_vote(w->f.genesis, FIXTURE_VOTER + i % 4, &w->f.election->id,
                                1 + i / 4, i % 2 ? "[[0]]" : "[[1]]");
        assert_verdict(fixture_connect(w->f.chain, FIXTURE_OPENS, w->votes, 4, &why), 0, why);
        assert_verdict(fixture_connect(w->f.chain, FIXTURE_OPENS, NULL, 0, &why), 0, why);
        assert_verdict(fixture_connect(w->f.chain, FIXTURE_OPENS + 7, w->votes + 4, 1, &why), 0,
                        why);
        export(w->f.chain, true, &w->with);
        export(w->f.chain, false, &w->without);
}

static void world_done(World *w) {
        for (unsigned i = 0; i < 5; i++)
                entry_unref(w->votes[i]);
        buf_done(&w->with);
        buf_done(&w->without);
        fixture_done(&w->f);
}

/* Feeds it in pieces of that many bytes. */
static int audit(const Buf *file, size_t piece, Workers *workers, const Id *network,
                AuditFacts *facts, Why *why, Audit **ret, Store **ret_store) {
        Store *s = NULL;
        Audit *a = NULL;
        int r = 0;

        ck_assert_int_eq(store_memory_new(&s), 0);
        ck_assert_int_eq(audit_new(&a, s, workers, network), 0);
        for (size_t i = 0; i < file->n && r == 0; i += piece)
                r = audit_feed(a, file->p + i, MIN(piece, file->n - i), why);
        if (r == 0)
                r = audit_finish(a, facts, why);
        else
                audit_facts(a, facts);
        if (ret) {
                *ret = a;
                *ret_store = s;
        } else {
                audit_free(a);
                store_free(s);
        }
        return r;
}

START_TEST(an_export_with_seals_passes) {
        static const size_t pieces[] = { 1, 7, 400, 1 << 20 };
        AuditFacts facts = {};
        Why why = {};
        World w;

        world_new(&w);
        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                assert_verdict(audit(&w.with, pieces[i], NULL, NULL, &facts, &why, NULL, NULL), 0,
                                why);
                ck_assert(facts.seals);
                ck_assert_uint_eq(facts.bad_line, 0);
                ck_assert_uint_eq(facts.lines, 1 + 5 * 2 + 7);
                ck_assert_uint_eq(facts.blocks, 5);
                ck_assert_uint_eq(facts.height, 5);
                ck_assert_uint_eq(facts.entries, 7);
                ck_assert_uint_eq(facts.votes, 5);
                ck_assert_uint_eq(facts.elections, 1);
                ck_assert_uint_eq(facts.entries_by_kind[ENTRY_ROLL], 1);
                ck_assert_uint_eq(facts.signatures, 7 + 5);
                ck_assert_uint_eq(facts.tip_time, FIXTURE_OPENS + 7);
                ck_assert(id_equal(&facts.network, &w.f.genesis->network));
                ck_assert(id_equal(&facts.tip, &chain_tip(w.f.chain)->id));
        }
        world_done(&w);
}
END_TEST

START_TEST(an_export_without_seals_passes_and_says_so) {
        AuditFacts facts = {};
        Why why = {};
        World w;

        world_new(&w);
        assert_verdict(audit(&w.without, 100, NULL, &w.f.genesis->network, &facts, &why, NULL,
                                       NULL),
                        0, why);
        ck_assert(!facts.seals);
        ck_assert_uint_eq(facts.lines, 1 + 5 + 7);
        ck_assert_uint_eq(facts.signatures, 7);
        ck_assert_uint_eq(facts.final_height, 0);
        ck_assert_uint_eq(facts.height, 5);
        world_done(&w);
}
END_TEST

START_TEST(elections_count_from_an_audit_as_from_the_ledger) {
        _cleanup_buf_ Buf expected = {}, found = {};
        Result *a_result = NULL, *b_result = NULL;
        ElectionInfo info;
        AuditFacts facts = {};
        Workers *workers = NULL;
        Store *s = NULL;
        Audit *a = NULL;
        Why why = {};
        World w;

        world_new(&w);
        ck_assert_int_eq(workers_new(&workers, 2), 0);
        assert_verdict(audit(&w.with, 50, workers, NULL, &facts, &why, &a, &s), 0, why);
        ck_assert_int_eq(chain_election_by_name(w.f.chain, "board", &info), 0);
        ck_assert_int_eq(chain_count(w.f.chain, &info, &a_result), 0);
        ck_assert_int_eq(chain_election_by_name(audit_chain(a), "board", &info), 0);
        ck_assert_uint_eq(info.ballots, 4);
        ck_assert_int_eq(chain_count(audit_chain(a), &info, &b_result), 0);
        ck_assert_int_eq(json_dump(a_result->json, &expected), 0);
        ck_assert_int_eq(json_dump(b_result->json, &found), 0);
        ck_assert_str_eq(expected.p, found.p);
        result_free(a_result);
        result_free(b_result);
        audit_free(a);
        store_free(s);
        workers_free(workers);
        world_done(&w);
}
END_TEST

START_TEST(what_is_deep_enough_is_final) {
        AuditFacts facts = {};
        Buf file = {};
        Why why = {};
        World w;

        world_new(&w);
        for (unsigned i = 0; i < 10; i++)
                assert_verdict(fixture_connect(w.f.chain, FIXTURE_OPENS + 20 + i, NULL, 0, &why), 0,
                                why);
        export(w.f.chain, true, &file);
        assert_verdict(audit(&file, 1000, NULL, NULL, &facts, &why, NULL, NULL), 0, why);
        ck_assert_uint_eq(facts.height, 15);
        ck_assert_uint_eq(facts.final_height, 15 - 6);
        buf_done(&file);
        world_done(&w);
}
END_TEST

START_TEST(an_empty_file_and_a_genesis_alone) {
        AuditFacts facts = {};
        Buf file = {};
        Why why = {};
        World w;

        assert_verdict(audit(&file, 1, NULL, NULL, &facts, &why, NULL, NULL), V_FORM, why);
        ck_assert_uint_eq(facts.bad_line, 1);

        world_new(&w);
        ck_assert_int_eq(export_genesis(w.f.chain, &file), 0);
        assert_verdict(audit(&file, 64, NULL, NULL, &facts, &why, NULL, NULL), 0, why);
        ck_assert_uint_eq(facts.blocks, 0);
        ck_assert(facts.seals);
        ck_assert_uint_eq(facts.lines, 1);
        ck_assert_uint_eq(facts.tip_time, 1000);
        file.n--;                       /* without its newline */
        assert_verdict(audit(&file, 64, NULL, NULL, &facts, &why, NULL, NULL), 0, why);
        buf_done(&file);
        world_done(&w);
}
END_TEST

/* --- what is wrong in it --- */

/* The file with line number `line` replaced (to NULL: left out). */
static Buf edited(const Buf *file, uint64_t line, const char *to) {
        Buf out = {};
        const char *p = file->p, *q;
        uint64_t n = 1;

        for (; *p; p = q + 1, n++) {
                q = strchrnul(p, '\n');
                if (n != line)
                        buf_add(&out, p, (size_t) (q - p) + 1);
                else if (to) {
                        buf_add_text(&out, to);
                        buf_add_char(&out, '\n');
                }
                if (!*q)
                        break;
        }
        return out;
}

static char* line_of(const Buf *file, uint64_t line) {
        const char *p = file->p;

        while (--line > 0)
                p = strchr(p, '\n') + 1;
        return strndup(p, (size_t) (strchrnul(p, '\n') - p));
}

static Buf with_change(const Buf *file, uint64_t line, const char *from, const char *to) {
        _cleanup_buf_ Buf out = {};
        char *text = line_of(file, line), *at = strstr(text, from);
        Buf ret;

        ck_assert_ptr_nonnull(at);
        buf_add(&out, text, (size_t) (at - text));
        buf_add_text(&out, to);
        buf_add_text(&out, at + strlen(from));
        ret = edited(file, line, out.p);
        free(text);
        return ret;
}

static Buf a_forged_ballot(World *w) { return with_change(&w->with, 11, "[[0]]", "[[1]]"); }
static Buf a_forged_ballot_without_seals(World *w) {
        return with_change(&w->without, 8, "[[0]]", "[[1]]");
}
static Buf a_vote_left_out(World *w) { return edited(&w->with, 12, NULL); }
static Buf a_seal_left_out(World *w) { return edited(&w->with, 9, NULL); }
static Buf the_first_seal_left_out(World *w) { return edited(&w->with, 3, NULL); }
static Buf a_block_left_out(World *w) {
        Buf one = edited(&w->with, 14, NULL), two = edited(&one, 14, NULL);

        buf_done(&one);
        return two;
}
static Buf a_nonce_changed(World *w) {
        return with_change(&w->with, 9, "\"nonce\":\"0", "\"nonce\":\"1");
}
static Buf a_time_changed(World *w) {
        return with_change(&w->with, 8, "\"time\":5000", "\"time\":5001");
}
static Buf a_genesis_changed(World *w) {
        return with_change(&w->with, 1, "\"created\":1000", "\"created\":1001");
}
static Buf space_in_a_line(World *w) {
        return with_change(&w->with, 10, "\"seq\":1", "\"seq\": 1");
}
static Buf an_empty_line(World *w) { return edited(&w->with, 14, "\n"); }
static Buf another_kind_of_line(World *w) { return edited(&w->with, 1, "{\"kind\":\"block\"}"); }
static Buf cut_in_a_block(World *w) {
        Buf out = edited(&w->with, 18, NULL);

        return out;
}
static Buf cut_in_a_line(World *w) {
        Buf out = {};

        buf_add(&out, w->with.p, w->with.n - 50);
        return out;
}
static Buf a_line_without_end(World *w) {
        Buf out = {};

        buf_add(&out, w->with.p, w->with.n);
        for (size_t i = 0; i < LEDGER_LINE_BYTES_MAX + 10; i++)
                buf_add_char(&out, 'x');
        return out;
}
static Buf a_count_that_fits_no_block_without_seals(World *w) {
        return with_change(&w->without, 6, "\"count\":4", "\"count\":83887");
}
static Buf a_count_that_lies(World *w) {
        return with_change(&w->with, 8, "\"count\":4", "\"count\":80000");
}
static Buf a_count_that_fits_no_block(World *w) {
        return with_change(&w->with, 8, "\"count\":4", "\"count\":83887");
}

/* Bad at two places: the first counts, though signatures are checked late. */
static Buf two_forged_ballots(World *w) {
        Buf one = with_change(&w->with, 18, "[[1]]", "[[2]]");
        Buf two = with_change(&one, 12, "[[1]]", "[[2]]");

        buf_done(&one);
        return two;
}
static Buf a_forged_ballot_and_a_bad_line_behind(World *w) {
        Buf one = with_change(&w->with, 16, "\"block\"", "\"BLOCK\"");
        Buf two = with_change(&one, 12, "[[1]]", "[[2]]");

        buf_done(&one);
        return two;
}

static Buf a_forged_vote_and_a_bad_line_in_its_block(World *w) {
        Buf one = with_change(&w->with, 13, "\"seq\"", "\"SEQ\""), two = with_change(&one, 11, "[[0]]", "[[1]]");

        buf_done(&one);
        return two;
}

static Buf a_replayed_vote(World *w) {
        Buf out = {};
        Block *b = fixture_block(w->f.chain, FIXTURE_OPENS + 8, w->votes + 1, 1);

        buf_add(&out, w->with.p, w->with.n);
        ck_assert_int_eq(block_write(b, true, &out), 0);
        block_free(b);
        return out;
}
static Buf a_vote_after_the_end(World *w) {
        Entry *e = fixture_vote(w->f.genesis, FIXTURE_VOTER + 4, &w->f.election->id, 1, "[[0]]");
        Block *b = fixture_block(w->f.chain, FIXTURE_CLOSES + FIXTURE_GRACE, &e, 1);
        Buf out = {};

        buf_add(&out, w->with.p, w->with.n);
        ck_assert_int_eq(block_write(b, true, &out), 0);
        block_free(b);
        entry_unref(e);
        return out;
}
static Buf a_seal_of_a_stranger(World *w) {
        char *seal = line_of(&w->with, 9);
        _cleanup_buf_ Buf bare = {}, line = {};
        size_t start, end;
        Buf out;

        ck_assert_int_eq(line_signature_span(seal, strlen(seal), &start, &end), 0);
        buf_add(&bare, seal, start);
        buf_add_text(&bare, seal + end);
        ck_assert_int_eq(sign_line(&line, fixture_secret(2), "seal", &w->f.genesis->network, bare.p,
                                         bare.n),
                        0);
        out = edited(&w->with, 9, line.p);
        free(seal);
        return out;
}

static const struct {
        const char *name;
        Buf (*make)(World *w);
        int verdict;
        uint64_t line;
        const char *why;
} bad[] = {
        { "a forged ballot", a_forged_ballot, V_BLOCK, 8, "\"root\"" },
        { "a forged ballot in a file without seals", a_forged_ballot_without_seals, V_BLOCK, 6,
                        "\"root\"" },
        { "a vote left out", a_vote_left_out, V_FORM, 13, "" },
        { "a seal left out", a_seal_left_out, V_FORM, 9, "" },
        { "the first seal left out", the_first_seal_left_out, V_FORM, 5, "" },
        { "a block left out", a_block_left_out, V_BLOCK, 14, "" },
        { "a nonce changed", a_nonce_changed, V_SIGNATURE, 9, "signature does not verify" },
        { "a time changed", a_time_changed, V_SEAL, 9, "seal of block" },
        { "a genesis changed", a_genesis_changed, V_NETWORK, 1, "expected" },
        { "a space in a line", space_in_a_line, V_FORM, 10, "" },
        { "an empty line", an_empty_line, V_FORM, 14, "" },
        { "a file that begins with something else", another_kind_of_line, V_FORM, 1,
                        "\"genesis\"" },
        { "a file cut within a block", cut_in_a_block, V_FORM, 18, "ends within block 5" },
        { "a file cut within a line", cut_in_a_line, V_FORM, 18, "" },
        { "a line without end", a_line_without_end, V_SIZE, 19, "longer than any line" },
        { "a count that lies", a_count_that_lies, V_SEAL, 9, "seal of block" },
        { "a count that fits no block", a_count_that_fits_no_block, V_FORM, 8, "from 0 to 83886" },
        { "a count that fits no block in a file without seals", a_count_that_fits_no_block_without_seals, V_FORM, 6,
                        "from 0 to 83886" },
        { "two forged ballots", two_forged_ballots, V_BLOCK, 8, "" },
        { "a forged ballot and a bad line behind", a_forged_ballot_and_a_bad_line_behind, V_BLOCK,
                        8, "" },
        { "a forged vote and a bad line in its block", a_forged_vote_and_a_bad_line_in_its_block, V_FORM, 13, "" },
        { "a replayed vote", a_replayed_vote, V_SEQ, 21, "\"seq\" is 1" },
        { "a vote after the end", a_vote_after_the_end, V_LATE, 21, "closed at" },
        { "a seal of a stranger", a_seal_of_a_stranger, V_SIGNATURE, 9,
                        "signature does not verify" },
};

START_TEST(the_first_wrong_line_is_named) {
        AuditFacts facts = {};
        Workers *workers = NULL;
        Why why = {};
        char name[32];
        World w;
        Buf file;
        int r;

        world_new(&w);
        file = bad[_i].make(&w);
        ck_assert_int_eq(workers_new(&workers, 2), 0);
        (void) snprintf(name, sizeof(name), "line %" PRIu64 ": ", bad[_i].line);
        for (size_t piece = 3; piece < 4000; piece += 1990) {
                memset(&why, 0, sizeof(why));
                r = audit(&file, piece, piece > 1000 ? workers : NULL, &w.f.genesis->network,
                                &facts, &why, NULL, NULL);
                ck_assert_msg(r == bad[_i].verdict && facts.bad_line == bad[_i].line,
                                "%s: %s at line %" PRIu64 " (%s)", bad[_i].name, verdict_name(r),
                                facts.bad_line, why.text);
                ck_assert_msg(strncmp(why.text, name, strlen(name)) == 0 &&
                                                strstr(why.text, bad[_i].why),
                                "%s: \"%s\"", bad[_i].name, why.text);
        }
        workers_free(workers);
        buf_done(&file);
        world_done(&w);
}
END_TEST

/* A block whose entries are bound by the root, and which only their signature condemns. */
START_TEST(a_signature_that_is_forged_with_its_block_is_found) {
        Entry *entries[70] = {};
        AuditFacts facts = {};
        Workers *workers = NULL;
        Buf file = {};
        Why why = {};
        Fixture f;

        fixture_new(&f, NULL, NULL, 70);
        ck_assert_int_eq(workers_new(&workers, 2), 0);
        for (unsigned i = 0; i < 70; i++) {
                Entry *good = fixture_vote(
                                f.genesis, FIXTURE_VOTER + i, &f.election->id, 1, "[[0]]");

                entries[i] = good;
                if (i == 40 || i == 66) {
                        char *at = strstr(good->line, "[[0]]");

                        at[2] = '1';
                        ck_assert_int_eq(entry_parse(&entries[i], f.genesis, good->line,
                                                         good->n_line, &why),
                                        0);
                        entry_unref(good);
                }
        }
        assert_verdict(fixture_connect(f.chain, FIXTURE_OPENS, entries, 70, &why), 0, why);
        export(f.chain, true, &file);
        for (unsigned round = 0; round < 2; round++) {
                assert_verdict(audit(&file, 5000, workers, NULL, &facts, &why, NULL, NULL),
                                V_SIGNATURE, why);
                ck_assert_uint_eq(facts.bad_line, 1 + 3 + 3 + 2 + 41);
                ck_assert_str_eq(why.text, "line 50: the signature does not verify");

                /* The same with something else that is wrong further down. */
                buf_add_text(&file, "nonsense\n");
        }
        for (unsigned i = 0; i < 70; i++)
                entry_unref(entries[i]);
        buf_done(&file);
        workers_free(workers);
        fixture_done(&f);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, an_export_with_seals_passes);
        tcase_add_test(t, an_export_without_seals_passes_and_says_so);
        tcase_add_test(t, elections_count_from_an_audit_as_from_the_ledger);
        tcase_add_test(t, what_is_deep_enough_is_final);
        tcase_add_test(t, an_empty_file_and_a_genesis_alone);
        tcase_add_loop_test(t, the_first_wrong_line_is_named, 0, ELEMENTSOF(bad));
        tcase_add_test(t, a_signature_that_is_forged_with_its_block_is_found);
}

int main(void) {
        return run_suite("audit", add);
}
