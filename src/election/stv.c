/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/stv.h"

#include <inttypes.h>
#include <stdio.h>

#include "election/papers.h"

/* The Scottish Local Government Elections Order 2007 (SSI 2007/42), rules 45 to 52. Numbers of
 * rules in the comments are those of voted-election(5). Values are in units of 10^-5; the largest
 * is 2^40 * 10^5. */

#define STAGES_MAX (2 * OPTIONS_MAX)    /* each option is transferred from once or excluded once */
#define NOBODY UINT32_MAX

typedef enum State {
        CONTINUING,
        ELECTED,
        EXCLUDED,
} State;

typedef struct Pile {                   /* the papers that an option holds */
        uint32_t first;
} Pile;

typedef struct Stv {
        const Question *q;
        const Papers *papers;
        const uint16_t *place;          /* the lot, or NULL */
        QuestionResult *result;

        size_t n;
        uint64_t quota;
        State state[OPTIONS_MAX];
        bool pending[OPTIONS_MAX];      /* elected, surplus not transferred */
        uint64_t votes[OPTIONS_MAX];
        uint64_t non_transferable, residual;
        size_t n_continuing, vacancies;

        uint64_t (*history)[OPTIONS_MAX];       /* votes when each stage was over */
        size_t n_stages;
        Json *stages;

        Pile piles[OPTIONS_MAX];
        struct {
                uint32_t value;         /* at most STV_ONE */
                uint32_t next;          /* in the same pile, or NOBODY */
                uint16_t at;            /* the preference that it stands at */
        } *paper;
} Stv;

const char* stv_value_text(uint64_t value, char buf[static STV_VALUE_LEN]) {
        (void) snprintf(
                buf, STV_VALUE_LEN, "%" PRIu64 ".%05" PRIu64, value / STV_ONE, value % STV_ONE);
        return buf;
}

static void set_value(Json *o, const char *key, uint64_t value) {
        json_set_text(o, key, stv_value_text(value, (char[STV_VALUE_LEN]) {}));
}

static Json* options_to_json(const uint16_t *options, size_t n) {
        Json *a = json_new_array();

        for (size_t i = 0; i < n; i++)
                json_add_int(a, options[i]);

        return a;
}

/* Puts paper i, whose preferences before `at` are spent, onto the pile of its next continuing
 * option, or adds it to what is not transferable (rule 8: who is elected receives nothing). */
static uint64_t stv_give(Stv *s, uint32_t i) {
        uint64_t weight, value;
        Choice order = papers_at(s->papers, i, &weight);

        value = weight * s->paper[i].value;
        for (; s->paper[i].at < order.n; s->paper[i].at++) {
                uint16_t to = order.items[s->paper[i].at];

                if (s->state[to] != CONTINUING)
                        continue;

                s->paper[i].next = s->piles[to].first;
                s->piles[to].first = i;
                s->votes[to] += value;
                return value;
        }

        s->non_transferable += value;
        return value;
}

/* floor(value * surplus / votes), below value. */
static uint32_t value_scale(uint32_t value, uint64_t surplus, uint64_t votes) {
        return (uint32_t) ((unsigned __int128) value * surplus / votes);
}

/* Moves all papers of an option on, at value * surplus / votes of it; rules 6 and 7. Returns what
 * moved. */
static uint64_t stv_transfer(Stv *s, size_t from, uint64_t surplus, uint64_t votes) {
        uint32_t i = s->piles[from].first;
        uint64_t moved = 0;

        s->piles[from].first = NOBODY;
        while (i != NOBODY) {
                uint32_t next = s->paper[i].next;

                if (surplus != votes)
                        s->paper[i].value = value_scale(s->paper[i].value, surplus, votes);
                s->paper[i].at++;
                moved += stv_give(s, i);
                i = next;
        }

        return moved;
}

static void stv_elect(Stv *s, size_t option, uint16_t *elected, size_t *n_elected) {
        s->state[option] = ELECTED;
        s->pending[option] = s->votes[option] > s->quota;
        s->n_continuing--;
        s->vacancies--;
        elected[(*n_elected)++] = (uint16_t) option;
}

/* Rule 11: by votes, then by number. */
static bool stv_listed_before(const Stv *s, uint16_t a, uint16_t b) {
        return s->votes[a] != s->votes[b] ? s->votes[a] > s->votes[b] : a < b;
}

/* The end of a stage: rules 3, 4 and 11. True if the count is over. */
static bool stv_close_stage(Stv *s, Json *stage) {
        uint16_t elected[OPTIONS_MAX];
        size_t n_elected = 0;
        Json *votes = json_new_array();
        bool over;

        for (size_t i = 0; i < s->n; i++)
                if (s->state[i] == CONTINUING && s->votes[i] >= s->quota)
                        stv_elect(s, i, elected, &n_elected);

        over = s->vacancies == 0 || s->n_continuing <= s->vacancies;
        if (over && s->vacancies > 0)
                for (size_t i = 0; i < s->n; i++)
                        if (s->state[i] == CONTINUING)
                                stv_elect(s, i, elected, &n_elected);

        for (size_t i = 1; i < n_elected; i++) {
                uint16_t option = elected[i];
                size_t k = i;

                for (; k > 0 && stv_listed_before(s, option, elected[k - 1]); k--)
                        elected[k] = elected[k - 1];
                elected[k] = option;
        }

        memcpy(s->result->elected + s->result->n_elected, elected, n_elected * sizeof(elected[0]));
        s->result->n_elected += n_elected;

        memcpy(s->history[s->n_stages++], s->votes, sizeof(s->votes));
        for (size_t i = 0; i < s->n; i++)
                json_add_text(votes, stv_value_text(s->votes[i], (char[STV_VALUE_LEN]) {}));
        json_set(stage, "votes", votes);
        set_value(stage, "non_transferable", s->non_transferable);
        set_value(stage, "residual", s->residual);
        json_set(stage, "elected", options_to_json(elected, n_elected));
        json_add(s->stages, stage);
        return over;
}

/* Rule 9. Keeps of the tied those that are ahead (highest if `high`, else lowest) in the latest
 * earlier stage where they differ, and so on back. *ret_stage is the last stage (from 1) that
 * decided anything. */
static size_t stv_look_back(
        const Stv *s, uint16_t *tied, size_t n_tied, bool high, size_t *ret_stage) {
        for (size_t stage = s->n_stages; stage-- > 0 && n_tied > 1; ) {
                uint64_t best = s->history[stage][tied[0]];
                size_t n = 0;

                for (size_t i = 1; i < n_tied; i++) {
                        uint64_t votes = s->history[stage][tied[i]];

                        best = high ? MAX(best, votes) : MIN(best, votes);
                }

                for (size_t i = 0; i < n_tied; i++)
                        if (s->history[stage][tied[i]] == best)
                                tied[n++] = tied[i];
                if (n < n_tied)
                        *ret_stage = stage + 1;
                n_tied = n;
        }

        return n_tied;
}

/* Of those with pending[] (high) or of the continuing, the one with most or fewest votes. False if
 * a tie needs a lot: it is in the result then. */
static bool stv_choose(Stv *s, bool high, Json *stage, size_t *ret_option) {
        uint16_t tied[OPTIONS_MAX] = {};
        size_t n_tied = 0, n_left, decided = 0;
        Json *tie = NULL;

        for (size_t i = 0; i < s->n; i++) {
                if (high ? !s->pending[i] : s->state[i] != CONTINUING)
                        continue;

                if (n_tied > 0 && s->votes[i] != s->votes[tied[0]]) {
                        if ((s->votes[i] > s->votes[tied[0]]) != high)
                                continue;
                        n_tied = 0;
                }
                tied[n_tied++] = (uint16_t) i;
        }

        *ret_option = tied[0];
        if (n_tied == 1)
                return true;

        tie = json_new_object();
        json_set(tie, "options", options_to_json(tied, n_tied));
        n_left = stv_look_back(s, tied, n_tied, high, &decided);
        if (n_left > 1 && !s->place) {
                Json *stopped = json_new_object();

                (void) json_free(tie);
                json_set_text(stopped, "action", high ? "surplus" : "exclude");
                json_set(stopped, "options", options_to_json(tied, n_left));
                json_set(s->result->json, "stopped", stopped);

                memcpy(s->result->tied, tied, n_left * sizeof(tied[0]));
                s->result->n_tied = n_left;
                s->result->open_seats = s->vacancies;
                return false;
        }

        if (n_left > 1) {
                size_t chosen = 0;

                /* The preferred is transferred first and excluded last. */
                for (size_t i = 1; i < n_left; i++)
                        if ((s->place[tied[i]] < s->place[tied[chosen]]) == high)
                                chosen = i;
                tied[0] = tied[chosen];
                s->result->lot_used = true;
                json_set_text(tie, "by", "lot");
        } else {
                json_set_text(tie, "by", "stage");
                json_set_int(tie, "stage", (int64_t) decided);
        }

        json_set(stage, "tie", tie);
        *ret_option = tied[0];
        return true;
}

static void stv_surplus(Stv *s, size_t from, Json *stage) {
        uint64_t votes = s->votes[from], surplus = votes - s->quota;

        json_set_text(stage, "action", "surplus");
        json_set_int(stage, "option", (int64_t) from);
        set_value(stage, "surplus", surplus);

        s->pending[from] = false;
        s->residual += surplus - stv_transfer(s, from, surplus, votes);
        s->votes[from] = s->quota;
}

static void stv_exclude(Stv *s, size_t from, Json *stage) {
        json_set_text(stage, "action", "exclude");
        json_set_int(stage, "option", (int64_t) from);

        s->state[from] = EXCLUDED;
        s->n_continuing--;
        (void) stv_transfer(s, from, 1, 1);
        s->votes[from] = 0;
}

/* One stage after the first. False when a lot is needed to go on; *ret_over when all is done. */
static bool stv_step(Stv *s, bool *ret_over) {
        Json *stage = json_new_object();
        bool surplus = false;
        size_t from;

        for (size_t i = 0; i < s->n; i++)
                surplus = surplus || s->pending[i];

        if (!stv_choose(s, surplus, stage, &from)) {
                (void) json_free(stage);
                return false;
        }

        if (surplus)
                stv_surplus(s, from, stage);
        else
                stv_exclude(s, from, stage);

        *ret_over = stv_close_stage(s, stage);
        return true;
}

static void stv_count(Stv *s) {
        uint64_t total = 0;
        Json *stage;
        bool over;

        for (size_t i = 0; i < s->n; i++)
                s->piles[i].first = NOBODY;

        stage = json_new_object();
        json_set_text(stage, "action", "first");
        for (uint32_t i = 0; i < papers_size(s->papers); i++) {
                s->paper[i].value = (uint32_t) STV_ONE;
                total += stv_give(s, i);
        }

        s->quota = (total / STV_ONE / (s->q->seats + 1) + 1) * STV_ONE;
        json_set_int(s->result->json, "papers", (int64_t) (total / STV_ONE));
        set_value(s->result->json, "quota", s->quota);

        over = stv_close_stage(s, stage);
        while (!over)
                if (!stv_step(s, &over)) {
                        s->result->outcome = OUTCOME_TIE;
                        return;
                }

        s->result->outcome = OUTCOME_DECIDED;
}

static int stv_finish(const Question *q, const Tally *t, const uint16_t *place, QuestionResult *r) {
        _cleanup_free_ void *history = NULL, *paper = NULL;
        _cleanup_free_ Stv *s = NULL;

        s = new0(Stv, 1);
        history = calloc(STAGES_MAX + 1, sizeof(s->history[0]));
        paper = s ? calloc(papers_size(t->papers) + 1, sizeof(s->paper[0])) : NULL;
        if (!s || !history || !paper)
                return -ENOMEM;

        *s = (Stv) {
                .q = q,
                .papers = t->papers,
                .place = place,
                .result = r,
                .n = q->n_options,
                .n_continuing = q->n_options,
                .vacancies = q->seats,
                .history = history,
                .paper = paper,
                .stages = json_new_array(),
        };

        json_set_int(r->json, "seats", q->seats);
        stv_count(s);
        json_set(r->json, "stages", s->stages);
        return 0;
}

static int stv_parse(const Question *q, const Json *choice, ChoiceOut *ret, Why *why) {
        OptionSet seen = {};
        int r;

        for (size_t i = 0; i < json_len(choice); i++) {
                r = choice_option(q, choice, i, &ret->items[i], why);
                if (r != 0)
                        return r;

                if (option_set_has(&seen, ret->items[i]))
                        return why_set(why, V_BALLOT, "option %u is listed twice", ret->items[i]);
                option_set_add(&seen, ret->items[i]);
        }

        ret->n = json_len(choice);
        return 0;
}

static size_t stv_bytes_max(const Question *q) {
        size_t n = 1;

        for (size_t i = 0; i < q->n_options; i++)
                n += 1 + decimal_len(i);

        return n;
}

static int stv_add(const Question *q, Tally *t, Choice choice, uint64_t weight) {
        return papers_add(t->papers, choice, weight);
}

const Method method_stv = {
        .name = "stv",
        .takes = TAKES_SEATS,
        .papers = true,
        .parse = stv_parse,
        .bytes_max = stv_bytes_max,
        .add = stv_add,
        .finish = stv_finish,
};
