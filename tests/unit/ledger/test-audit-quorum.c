/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"
#include "run.h"

#include <inttypes.h>

#include "../consensus/quorum-world.h"
#include "crypto/merkle.h"
#include "ledger/audit.h"

/* An export of a network of four authorities, with one thing wrong. Lines: 1 genesis, 2-4 roll, 5-7 election, 8-9 with the seal
 * and 10-13 four votes, 14-16 a vote. */
typedef struct File {
        QuorumWorld q;
        Genesis *g;
        Entry *roll, *election, *votes[6];
        Id parent;
        uint64_t height;
        Buf text;
} File;

#define VIEW    3       /* of the block of four votes */

static Header head(const File *f, uint64_t view, uint64_t time, Entry *const *entries, size_t n) {
        Header h = {
                .network = f->g->network,
                .parent = f->parent,
                .sealer = *quorum_world_key(&f->q, (unsigned) (view % f->q.c.n)),
                .height = f->height + 1,
                .time = time,
                .count = (uint32_t) n,
                .field = HEADER_VIEW,
                .value = view,
        };
        Id ids[8];

        for (size_t i = 0; i < n; i++)
                ids[i] = entries[i]->id;
        merkle_root(&h.root, ids, n);
        ck_assert_int_eq(header_set_id(&h), 0);
        return h;
}

static void add_line(File *f, const char *line, size_t n) {
        buf_add(&f->text, line, n);
        buf_add_char(&f->text, '\n');
}

/* Takes cert over. */
static void put(File *f, const Header *h, QuorumCertificate *cert, Entry *const *entries, size_t n) {
        _cleanup_buf_ Buf header = {}, seal = {};

        ck_assert_int_eq(header_format(h, &header), 0);
        ck_assert_int_eq(quorum_certificate_format_seal(cert, &seal), 0);
        add_line(f, header.p, header.n);
        add_line(f, seal.p, seal.n);
        for (size_t i = 0; i < n; i++)
                add_line(f, entries[i]->line, entries[i]->n_line);
        f->parent = h->id;
        f->height = h->height;
        (void) quorum_certificate_unref(cert);
}

static QuorumCertificate* sealed(const File *f, const Header *h) {
        return quorum_world_certificate(&f->q, QUORUM_FINALIZE, h->value, &h->id, 0, 3);
}

static void put_good(File *f, uint64_t view, uint64_t time, Entry *const *entries, size_t n) {
        Header h = head(f, view, time, entries, n);

        put(f, &h, sealed(f, &h), entries, n);
}

static void begin(File *f) {
        _cleanup_buf_ Buf line = {};
        Why why = {};

        *f = (File) {};
        quorum_world_init(&f->q, 4);
        ck_assert_msg(genesis_format(&line, "test", FIXTURE_CREATED, 1, fixture_key(FIXTURE_ADMIN), 1, f->q.config,
                                      &(Limits) { .grace = FIXTURE_GRACE }, &why) == 0, "%s", why.text);
        ck_assert_int_eq(genesis_parse(&f->g, line.p, line.n, &why), 0);
        f->q.network = f->parent = f->g->network;
        add_line(f, line.p, line.n);
        f->roll = fixture_roll(f->g, FIXTURE_ADMIN, "members", 0, 0, 6);
        f->election = fixture_election(f->g, FIXTURE_ADMIN, "board", &f->roll->id, 1, FIXTURE_OPENS, FIXTURE_CLOSES, NULL);
        for (unsigned i = 0; i < 6; i++)
                f->votes[i] = fixture_vote(f->g, FIXTURE_VOTER + i, &f->election->id, 1, "[[0]]");
        put_good(f, 1, 2000, &f->roll, 1);
        put_good(f, 2, 2000, &f->election, 1);
}

static void end(File *f) {
        quorum_world_done(&f->q);
        for (unsigned i = 0; i < 6; i++)
                entry_unref(f->votes[i]);
        entry_unref(f->roll);
        entry_unref(f->election);
        genesis_free(f->g);
        buf_done(&f->text);
}

static int audit(const File *f, AuditFacts *facts, Why *why) {
        Store *s = NULL;
        Audit *a = NULL;
        int r;

        ck_assert_int_eq(store_memory_new(&s), 0);
        ck_assert_int_eq(audit_new(&a, s, NULL, &f->g->network), 0);
        r = audit_feed(a, f->text.p, f->text.n, why);
        if (r == 0)
                r = audit_finish(a, facts, why);
        else
                audit_facts(a, facts);
        audit_free(a);
        store_free(s);
        return r;
}

/* The block of votes, with that certificate. */
static void put_votes(File *f, QuorumCertificate *cert) {
        Header h = head(f, VIEW, FIXTURE_OPENS, f->votes, 4);

        put(f, &h, cert, f->votes, 4);
}

static Header votes_head(const File *f) { return head(f, VIEW, FIXTURE_OPENS, f->votes, 4); }

static void a_signature_too_few(File *f) {
        Header h = votes_head(f);

        put_votes(f, quorum_world_certificate(&f->q, QUORUM_FINALIZE, VIEW, &h.id, 0, 2));
}
static void a_signer_twice(File *f) {
        Header h = votes_head(f);
        QuorumCertificate *c = sealed(f, &h);

        c->signatures[1] = c->signatures[0];
        put_votes(f, c);
}
static void a_signer_that_is_no_authority(File *f) {
        Header h = votes_head(f);
        QuorumCertificate *c = sealed(f, &h);

        c->signatures[2].number = 4;
        put_votes(f, c);
}
static void a_signature_under_another_number(File *f) {
        Header h = votes_head(f);
        QuorumCertificate *c = sealed(f, &h);

        c->signatures[2].number = 3;
        put_votes(f, c);
}
static void a_certificate_of_another_view(File *f) {
        Header h = votes_head(f);

        put_votes(f, quorum_world_certificate(&f->q, QUORUM_FINALIZE, VIEW + 1, &h.id, 0, 3));
}
/* One of its signatures is what the same authority said elsewhere. */
static void with_signature(File *f, const QuorumStatement *s) {
        Header h = votes_head(f);
        QuorumCertificate *c = sealed(f, &h);

        c->signatures[1].signature = s->signature;
        put_votes(f, c);
}
static void a_signature_of_another_view(File *f) {
        Header h = votes_head(f);
        QuorumStatement s = quorum_world_says(&f->q, 1, QUORUM_FINALIZE, VIEW + 1, &h.id);

        with_signature(f, &s);
}
static void a_signature_of_another_kind(File *f) {
        Header h = votes_head(f);
        QuorumStatement s = quorum_world_says(&f->q, 1, QUORUM_ENDORSE, VIEW, &h.id);

        with_signature(f, &s);
}
static void a_signature_of_another_network(File *f) {
        Header h = votes_head(f);
        QuorumStatement s;

        f->q.network.b[0] ^= 1;
        s = quorum_world_says(&f->q, 1, QUORUM_FINALIZE, VIEW, &h.id);
        f->q.network.b[0] ^= 1;
        with_signature(f, &s);
}
static Header higher(const File *f) {
        Header h = votes_head(f);

        h.height++;
        ck_assert_int_eq(header_set_id(&h), 0);
        return h;
}
static void a_signature_of_another_height(File *f) {
        Header h = higher(f);
        QuorumStatement s = quorum_world_says(&f->q, 1, QUORUM_FINALIZE, VIEW, &h.id);

        with_signature(f, &s);
}
static void a_certificate_of_another_height(File *f) {
        Header h = higher(f);

        put_votes(f, sealed(f, &h));
}
static void a_block_at_another_height(File *f) {
        Header h = higher(f);

        put(f, &h, sealed(f, &h), f->votes, 4);
}
static void a_time_that_goes_backwards(File *f) {
        put_good(f, VIEW, FIXTURE_OPENS + 1, f->votes, 4);
        put_good(f, VIEW + 2, FIXTURE_OPENS, f->votes + 4, 1);
}
static void a_view_that_goes_backwards(File *f) {
        put_good(f, VIEW, FIXTURE_OPENS, f->votes, 4);
        put_good(f, VIEW, FIXTURE_OPENS, f->votes + 4, 1);
}
static void a_block_of_another_leader(File *f) {
        Header h = votes_head(f);

        h.sealer = *quorum_world_key(&f->q, 0);
        ck_assert_int_eq(header_set_id(&h), 0);
        put(f, &h, sealed(f, &h), f->votes, 4);
}
static void two_entries_in_another_order(File *f) {
        Entry *other[] = { f->votes[1], f->votes[0], f->votes[2], f->votes[3] };
        Header h = votes_head(f);

        put(f, &h, sealed(f, &h), other, 4);
}
static void another_order_and_header(File *f) {
        Entry *other[] = { f->votes[1], f->votes[0], f->votes[2], f->votes[3] };
        Header h = votes_head(f), forged = head(f, VIEW, FIXTURE_OPENS, other, 4);

        put(f, &forged, sealed(f, &h), other, 4);
}
static void a_vote_taken_out(File *f) {
        Header h = votes_head(f);

        put(f, &h, sealed(f, &h), f->votes, 3);
        put_good(f, VIEW + 2, FIXTURE_OPENS, f->votes + 4, 1);
}
static void a_vote_taken_out_with_another_header(File *f) {
        Header h = votes_head(f), forged = head(f, VIEW, FIXTURE_OPENS, f->votes, 3);

        put(f, &forged, sealed(f, &h), f->votes, 3);
}
static void a_vote_put_in(File *f) {
        Header h = votes_head(f);

        put(f, &h, sealed(f, &h), f->votes, 5);
}
static void a_vote_put_in_with_another_header(File *f) {
        Header h = votes_head(f), forged = head(f, VIEW, FIXTURE_OPENS, f->votes, 5);

        put(f, &forged, sealed(f, &h), f->votes, 5);
}
static void a_vote_put_in_in_place_of_another(File *f) {
        Entry *other[] = { f->votes[0], f->votes[1], f->votes[5], f->votes[3] };
        Header h = votes_head(f);

        put(f, &h, sealed(f, &h), other, 4);
}

static const struct {
        const char *name;
        void (*make)(File *f);
        int verdict;
        uint64_t line;
        const char *why;
} bad[] = {
        { "a signature too few", a_signature_too_few, V_SEAL, 9, "2 signatures, expected 3" },
        { "a signer twice", a_signer_twice, V_SEAL, 9, "none twice" },
        { "a signer that is no authority", a_signer_that_is_no_authority, V_SEAL, 9, "authority 4" },
        { "a signature under another's number", a_signature_under_another_number, V_SIGNATURE, 9, "signature" },
        { "a certificate of another view", a_certificate_of_another_view, V_SEAL, 9, "view" },
        { "a signature of another view", a_signature_of_another_view, V_SIGNATURE, 9, "signature" },
        { "a signature of another kind", a_signature_of_another_kind, V_SIGNATURE, 9, "signature" },
        { "a signature of another network", a_signature_of_another_network, V_SIGNATURE, 9, "signature" },
        { "a signature of another height", a_signature_of_another_height, V_SIGNATURE, 9, "signature" },
        { "a certificate of another height", a_certificate_of_another_height, V_SEAL, 9, "block" },
        { "a block at another height", a_block_at_another_height, V_BLOCK, 8, "height" },
        { "a time that goes backwards", a_time_that_goes_backwards, V_BLOCK, 14, "time" },
        { "a view that goes backwards", a_view_that_goes_backwards, V_BLOCK, 15, "view" },
        { "a block of another leader", a_block_of_another_leader, V_SEAL, 9, "leader" },
        { "two entries in another order", two_entries_in_another_order, V_BLOCK, 8, "\"root\"" },
        { "another order, and the header that fits", another_order_and_header, V_SEAL, 9, "block" },
        { "a vote taken out", a_vote_taken_out, V_FORM, 13, "no kind of entry" },
        { "a vote taken out, and the header that fits", a_vote_taken_out_with_another_header, V_SEAL, 9, "block" },
        { "a vote put in", a_vote_put_in, V_FORM, 14, "no key" },
        { "a vote put in, and the header that fits", a_vote_put_in_with_another_header, V_SEAL, 9, "block" },
        { "a vote put in in place of another", a_vote_put_in_in_place_of_another, V_BLOCK, 8, "\"root\"" },
};

START_TEST(what_is_wrong_under_quorum_is_named_with_its_line) {
        AuditFacts facts = {};
        Why why = {};
        char name[32];
        File f;
        int r;

        begin(&f);
        bad[_i].make(&f);
        r = audit(&f, &facts, &why);
        if (getenv("VERBOSE"))
                (void) printf("%s: %s\n", bad[_i].name, why.text);
        (void) snprintf(name, sizeof(name), "line %" PRIu64 ": ", bad[_i].line);
        ck_assert_msg(r == bad[_i].verdict && facts.bad_line == bad[_i].line, "%s: %s at line %" PRIu64 " (%s)", bad[_i].name,
                        verdict_name(r), facts.bad_line, why.text);
        ck_assert_msg(strncmp(why.text, name, strlen(name)) == 0 && strlen(why.text) > strlen(name) && strstr(why.text, bad[_i].why),
                        "%s: \"%s\"", bad[_i].name, why.text);
        end(&f);
}
END_TEST

START_TEST(what_is_right_under_quorum_passes_and_is_final) {
        AuditFacts facts = {};
        Why why = {};
        File f;

        begin(&f);
        put_good(&f, VIEW, FIXTURE_OPENS, f.votes, 4);
        put_good(&f, VIEW + 2, FIXTURE_OPENS, f.votes + 4, 1);
        assert_verdict(audit(&f, &facts, &why), 0, why);
        ck_assert_uint_eq(facts.lines, 16);
        ck_assert_uint_eq(facts.votes, 5);
        ck_assert_uint_eq(facts.final_height, 4);
        end(&f);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, what_is_right_under_quorum_passes_and_is_final);
        tcase_add_loop_test(t, what_is_wrong_under_quorum_is_named_with_its_line, 0, ELEMENTSOF(bad));
}

int main(void) {
        return run_suite("audit-quorum", add);
}
