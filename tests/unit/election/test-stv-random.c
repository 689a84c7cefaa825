/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "help.h"

#include "election/stv.h"

/* stv against a second count, written as the rules in voted-election(5) read: every vote is a paper
 * of its own (rule 12), every total is added up anew from the papers at every stage. */

#define N_MAX 7
#define PAPERS_MAX 400

typedef struct Paper {
        unsigned order[N_MAX];
        size_t n, at;
        uint64_t value;
        bool spent;                     /* not transferable, or left behind in a surplus stage */
} Paper;

typedef struct Plain {
        size_t n, seats, n_papers, n_stages;
        Paper papers[PAPERS_MAX];
        bool elected[N_MAX], excluded[N_MAX], transferred[N_MAX];
        uint64_t quota, lost, exhausted;
        uint64_t votes[3 * N_MAX][N_MAX];
        const uint16_t *place;
        Buf trace;
} Plain;

static bool is_continuing(const Plain *p, size_t i) {
        return !p->elected[i] && !p->excluded[i];
}

/* Moves a paper on to the next continuing option; true if there is none. */
static bool paper_advance(const Plain *p, Paper *paper) {
        while (paper->at < paper->n && !is_continuing(p, paper->order[paper->at]))
                paper->at++;
        return paper->at == paper->n;
}

static uint64_t total_of(const Plain *p, size_t i) {
        uint64_t sum = p->transferred[i] ? p->quota : 0;

        for (size_t k = 0; k < p->n_papers; k++)
                if (!p->papers[k].spent && p->papers[k].order[p->papers[k].at] == i)
                        sum += p->papers[k].value;
        return sum;
}

/* Of two options, which stands better: votes now, then in earlier stages, then the lot. 0: nothing
 * tells. */
static int compare(const Plain *p, size_t a, size_t b) {
        for (size_t stage = p->n_stages; stage-- > 0; )
                if (p->votes[stage][a] != p->votes[stage][b])
                        return p->votes[stage][a] > p->votes[stage][b] ? 1 : -1;
        return p->place ? (p->place[a] < p->place[b] ? 1 : -1) : 0;
}

static void end_stage(Plain *p, const char *action, int option) {
        uint64_t sum = p->exhausted + p->lost;
        size_t vacancies = p->seats, continuing = 0;
        bool now[N_MAX] = {};

        for (size_t i = 0; i < p->n; i++) {
                p->votes[p->n_stages][i] = total_of(p, i);
                sum += p->votes[p->n_stages][i];
        }
        ck_assert_uint_eq(sum, p->n_papers * STV_ONE);  /* rule 13 */

        for (size_t i = 0; i < p->n; i++) {
                now[i] = is_continuing(p, i) && p->votes[p->n_stages][i] >= p->quota;
                p->elected[i] |= now[i];
        }
        for (size_t i = 0; i < p->n; i++) {
                vacancies -= p->elected[i];
                continuing += is_continuing(p, i);
        }
        if (vacancies > 0 && continuing <= vacancies)
                for (size_t i = 0; i < p->n; i++)
                        if (is_continuing(p, i))
                                p->elected[i] = now[i] = true;

        buf_printf(&p->trace, "%s %i:", action, option);
        for (size_t i = 0; i < p->n; i++)
                buf_printf(&p->trace, " %s",
                        stv_value_text(p->votes[p->n_stages][i], (char[STV_VALUE_LEN]){}));
        buf_printf(&p->trace, " / %s / %s /", stv_value_text(p->exhausted, (char[STV_VALUE_LEN]){}),
                stv_value_text(p->lost, (char[STV_VALUE_LEN]){}));

        for (;;) {
                int best = -1;

                for (size_t i = 0; i < p->n; i++)
                        if (now[i] && (best < 0 || p->votes[p->n_stages][i] >
                                                           p->votes[p->n_stages][best]))
                                best = (int) i;
                if (best < 0)
                        break;
                now[best] = false;
                buf_printf(&p->trace, " %i", best);
        }
        buf_add_text(&p->trace, "\n");
        p->n_stages++;
}

/* False when it has to stop for a lot. */
static bool next_stage(Plain *p) {
        const uint64_t *votes = p->votes[p->n_stages - 1];
        int chosen = -1;
        bool surplus;

        for (size_t i = 0; i < p->n; i++)
                if (p->elected[i] && !p->transferred[i] && votes[i] > p->quota &&
                        (chosen < 0 || compare(p, i, (size_t) chosen) > 0))
                        chosen = (int) i;
        surplus = chosen >= 0;
        for (size_t i = 0; i < p->n && !surplus; i++)
                if (is_continuing(p, i) && (chosen < 0 || compare(p, i, (size_t) chosen) < 0))
                        chosen = (int) i;
        ck_assert_int_ge(chosen, 0);

        for (size_t i = 0; i < p->n; i++)
                if ((int) i != chosen && compare(p, i, (size_t) chosen) == 0 &&
                        (surplus ? p->elected[i] && !p->transferred[i] : is_continuing(p, i))) {
                        buf_printf(&p->trace, "stopped\n");
                        return false;
                }

        if (!surplus)
                p->excluded[chosen] = true;
        for (size_t k = 0; k < p->n_papers; k++) {
                Paper *paper = &p->papers[k];

                if (paper->spent || paper->order[paper->at] != (unsigned) chosen)
                        continue;

                if (surplus) {
                        uint64_t before = paper->value;

                        paper->value = (uint64_t) ((unsigned __int128) before *
                                                   (votes[chosen] - p->quota) / votes[chosen]);
                }
                paper->spent = paper_advance(p, paper);
                if (paper->spent)
                        p->exhausted += paper->value;
        }
        if (surplus) {
                uint64_t sum = p->quota + p->exhausted;

                p->transferred[chosen] = true;
                for (size_t i = 0; i < p->n; i++)
                        sum += (int) i == chosen ? 0 : total_of(p, i);
                p->lost = p->n_papers * STV_ONE - sum;
        }
        end_stage(p, surplus ? "surplus" : "exclude", chosen);
        return true;
}

static bool is_over(const Plain *p) {
        size_t n_elected = 0, n_continuing = 0;

        for (size_t i = 0; i < p->n; i++) {
                n_elected += p->elected[i];
                n_continuing += is_continuing(p, i);
        }
        return n_continuing == 0 || n_elected >= p->seats;
}

static void plain_count(Plain *p) {
        p->quota = (p->n_papers / (p->seats + 1) + 1) * STV_ONE;
        for (size_t k = 0; k < p->n_papers; k++) {
                p->papers[k].value = STV_ONE;
                p->papers[k].spent = paper_advance(p, &p->papers[k]);
                ck_assert(!p->papers[k].spent);
        }
        end_stage(p, "first", -1);
        while (!is_over(p) && next_stage(p))
                ;
}

/* The same text from the result. */
static void result_trace(const Result *r, Buf *ret) {
        const Json *stages, *a, *last;
        const char *text;
        int64_t option;

        ck_assert_int_eq(
                json_get_array(r->questions[0].json, "stages", 1, SIZE_MAX, &stages, NULL), 0);
        for (size_t i = 0; i < json_len(stages); i++) {
                const Json *stage = json_at(stages, i);

                ck_assert_int_eq(json_get_text(stage, "action", 1, 10, &text, NULL), 0);
                option = -1;
                if (json_has(stage, "option"))
                        ck_assert_int_eq(json_get_int(stage, "option", 0, 255, &option, NULL), 0);
                buf_printf(ret, "%s %i:", text, (int) option);
                ck_assert_int_eq(json_get_array(stage, "votes", 1, 256, &a, NULL), 0);
                for (size_t k = 0; k < json_len(a); k++)
                        buf_printf(ret, " %s", json_text(json_at(a, k)));
                ck_assert_int_eq(json_get_text(stage, "non_transferable", 1, 30, &text, NULL), 0);
                buf_printf(ret, " / %s", text);
                ck_assert_int_eq(json_get_text(stage, "residual", 1, 30, &text, NULL), 0);
                buf_printf(ret, " / %s /", text);
                ck_assert_int_eq(json_get_array(stage, "elected", 0, 256, &a, NULL), 0);
                for (size_t k = 0; k < json_len(a); k++)
                        buf_printf(ret, " %i", (int) json_int(json_at(a, k)));
                buf_add_text(ret, "\n");
        }
        if (json_get_object(r->questions[0].json, "stopped", &last, NULL) == 0)
                buf_add_text(ret, "stopped\n");
}

/* Random papers with weights: few voters, so that ties are common. */
START_TEST(every_stage_is_that_of_a_plain_count) {
        uint64_t seed = 200742;
        size_t n_stopped = 0, n_lots = 0;

        for (unsigned round = 0; round < 6000; round++) {
                size_t n = 1 + random_below(&seed, N_MAX), seats = 1 + random_below(&seed, 4),
                       n_casts = random_below(&seed, 30);
                _cleanup_(definition_unrefp) Definition *d = NULL;
                _cleanup_(count_freep) Count *c = NULL;
                _cleanup_(result_freep) Result *r = NULL;
                _cleanup_free_ Plain *p = new0(Plain, 1);
                _cleanup_buf_ Buf trace = {};
                char params[32], value[16];
                Lot lot = { .value = value };
                uint16_t place[N_MAX];

                (void) snprintf(params, sizeof(params), ",\"seats\":%zu", seats);
                d = definition_simple("stv", n, params);
                ck_assert_int_eq(count_new(&c, d), 0);
                p->n = n;
                p->seats = seats;

                for (size_t i = 0; i < n_casts; i++) {
                        uint64_t weight = 1 + random_below(&seed, 10);
                        size_t len = 1 + random_below(&seed, n);
                        char choice[64] = "[";
                        Paper paper = { .n = len };

                        for (size_t k = 0; k < len; k++) {
                                bool again;

                                do {
                                        paper.order[k] = (unsigned) random_below(&seed, n);
                                        again = false;
                                        for (size_t j = 0; j < k; j++)
                                                again = again || paper.order[j] == paper.order[k];
                                } while (again);
                                APPEND(choice, "%s%u",
                                        k > 0 ? "," : "", paper.order[k]);
                        }
                        APPEND(choice, "]");
                        count_choices(c, d, weight, choice);
                        for (uint64_t k = 0; k < weight; k++)
                                p->papers[p->n_papers++] = paper;
                }

                (void) snprintf(value, sizeof(value), "%u", round);
                if (round % 2 == 0) {
                        ck_assert_int_eq(lot_places(&lot, 0, n, place), 0);
                        p->place = place;
                }
                plain_count(p);
                ck_assert_int_eq(count_finish(c, p->place ? &lot : NULL, &r), 0);

                result_trace(r, &trace);
                ck_assert_int_eq(buf_error(&p->trace), 0);
                ck_assert_msg(streq(trace.p, p->trace.p), "round %u:\n%sexpected\n%s", round,
                        trace.p, p->trace.p);
                n_stopped += r->needs_lot;
                n_lots += r->questions[0].lot_used;
                ck_assert(!r->needs_lot || !p->place);
                if (!r->needs_lot)
                        ck_assert_uint_eq(r->questions[0].n_elected, MIN(n, seats));
                buf_done(&p->trace);
        }

        ck_assert_uint_gt(n_stopped, 100);
        ck_assert_uint_gt(n_lots, 100);
}
END_TEST

RUN_TESTS("stv-random", every_stage_is_that_of_a_plain_count)
