/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/json.h"
#include "election/sealed-sum.h"
#include "judge.h"
#include "poll.h"

/* Nobody opens a single ballot, whatever number of trustees is at it: here all of them are, with all of their secrets.
 * (That no verb of votectl makes such a share in the first place is for tests/integration/sealed.sh and src/LAYERS.) */

#define VOTERS 5
#define OPTIONS 3

typedef struct Plot {
        Poll p;
        SealedBallot *ballots[VOTERS];
} Plot;

static SealedBallot* read_ballot(const Entry *vote, const Definition *d) {
        _cleanup_json_ Json *o = NULL;
        SealedBallot *b = NULL;
        Why why = {};

        ck_assert_int_eq(entry_ballot(vote, &o), 0);
        assert_verdict(sealed_ballot_parse(&b, d, o, &why), 0, why);
        return b;
}

/* An election of `least` 2 that five have voted in and that has closed. */
static void plot_new(Plot *plot) {
        Poll *p = &plot->p;

        *plot = (Plot) {};
        poll_new(p, 6, "'least':2");
        for (unsigned i = 0; i < VOTERS; i++) {
                Entry *vote = put(&p->w, POLL_OPENS, poll_vote(p, i, 1, "[[1]]"));

                plot->ballots[i] = read_ballot(vote, p->election->election.definition);
        }
        poll_pass(p, POLL_END);
}

static void plot_done(Plot *plot) {
        for (unsigned i = 0; i < VOTERS; i++)
                sealed_ballot_free(plot->ballots[i]);
        poll_done(&plot->p);
}

/* The trustee's part in opening one ballot, by the letter of what a share is. */
static Entry* share_of_ballot(Plot *plot, unsigned trustee, unsigned voter) {
        Poll *p = &plot->p;
        ElectionInfo info = poll_info(p);

        return fixture_entry(p->w.f.genesis, SEALED_TRUSTEE + trustee, "share",
                        sealed_share_json_of(&p->b, &info, trustee, sealed_ballot_ciphers(plot->ballots[voter])));
}

/* Each proof in it holds for that ballot: nothing but the rule that it is the sum which is opened stands in its way. */
static void proofs_hold(Plot *plot, const Entry *share, unsigned trustee, unsigned voter) {
        ElectionInfo info = poll_info(&plot->p);
        const ShareLine *line = share->share.line;

        ck_assert_uint_eq(line->n_items, OPTIONS);
        for (uint32_t i = 0; i < OPTIONS; i++) {
                ShareStatement s = {
                        .network = plot->p.w.f.genesis->network,
                        .election = info.id,
                        .block = info.closing_block,
                        .trustee = trustee,
                        .share_key = *secret_scalar_public(plot->p.b.trustees[trustee].x),
                        .option = i,
                        .alpha = sealed_ballot_ciphers(plot->ballots[voter])[i].alpha,
                        .part = line->items[i].d,
                };
                Why why = {};

                assert_verdict(share_check(&s, line->items[i].proof, &why), 0, why);
        }
}

START_TEST(the_ledger_takes_no_trustees_share_of_a_single_ballot) {
        Plot plot;

        plot_new(&plot);
        for (unsigned trustee = 0; trustee < plot.p.b.n; trustee++)
                for (unsigned voter = 0; voter < VOTERS; voter++) {
                        _cleanup_(entry_unrefp) Entry *share = share_of_ballot(&plot, trustee, voter);

                        proofs_hold(&plot, share, trustee, voter);
                        judge(plot.p.w.f.chain, "a share of a single ballot", share, POLL_END, V_PROOF, "question 0, option 0",
                                        true);
                }
        plot_done(&plot);
}
END_TEST

/* Nor once the sum is open, when no share is missing any more. */
START_TEST(nor_does_it_take_one_after_the_sum_was_opened) {
        _cleanup_buf_ Buf text = {};
        ElectionInfo info;
        Plot plot;

        plot_new(&plot);
        info = poll_info(&plot.p);
        for (unsigned trustee = 0; trustee < 2; trustee++)
                put(&plot.p.w, POLL_END, sealed_share(&plot.p.b, plot.p.w.f.chain, &info, trustee));
        for (unsigned voter = 0; voter < VOTERS; voter++) {
                _cleanup_(entry_unrefp) Entry *share = share_of_ballot(&plot, 2, voter);

                judge(plot.p.w.f.chain, "a share of a single ballot", share, POLL_END, V_PROOF, "question 0, option 0", true);
        }
        poll_result(&plot.p, &text);
        ck_assert_ptr_nonnull(strstr(text.p, "\"sums\":[0,9,0]"));
        plot_done(&plot);
}
END_TEST

/* What opens a sum takes none of a single ballot, with the parts of any number of trustees, all of which are right. */
START_TEST(no_number_of_parts_opens_the_sum_of_one) {
        static const unsigned trustees[] = { 0, 1, 2 };
        Plot plot;

        plot_new(&plot);
        for (unsigned voter = 0; voter < VOTERS; voter++) {
                _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
                _cleanup_(sealed_total_freep) SealedTotal *total = NULL;
                Element parts[ELEMENTSOF(trustees) * OPTIONS];
                uint64_t opened[OPTIONS] = { 99, 99, 99 };

                for (unsigned i = 0; i < ELEMENTSOF(trustees); i++) {
                        _cleanup_(entry_unrefp) Entry *share = share_of_ballot(&plot, i, voter);

                        for (unsigned k = 0; k < OPTIONS; k++)
                                parts[i * OPTIONS + k] = share->share.line->items[k].d;
                }
                ck_assert_int_eq(sealed_sum_new(&sum, plot.p.election->election.definition), 0);
                ck_assert_int_eq(sealed_sum_add(sum, plot.ballots[voter], WEIGHT_MAX), 0);
                ck_assert_int_eq(sealed_sum_total(sum, &total), 0);
                ck_assert_int_eq(sealed_total_fate(total), SEALED_TOO_FEW);
                for (size_t n = 0; n <= ELEMENTSOF(trustees); n++)
                        ck_assert_int_eq(sealed_total_open(total, trustees, n, parts, NULL, opened), -EINVAL);
                for (unsigned k = 0; k < OPTIONS; k++)
                        ck_assert_uint_eq(opened[k], 99);
        }
        plot_done(&plot);
}
END_TEST

static void add(TCase *t) {
        tcase_add_test(t, the_ledger_takes_no_trustees_share_of_a_single_ballot);
        tcase_add_test(t, nor_does_it_take_one_after_the_sum_was_opened);
        tcase_add_test(t, no_number_of_parts_opens_the_sum_of_one);
}

int main(void) {
        return run_suite("single-ballot", add);
}
