/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "election/ballot.h"

#include "election/method.h"
#include "voted/limits.h"

struct Ballot {
        uint16_t n_choices;
        uint16_t words[];       /* per choice where its items end, then all items */
};

/* What a ballot parses to, before its size is known. */
typedef struct Scratch {
        uint16_t ends[QUESTIONS_MAX];
        uint16_t items[OPTIONS_MAX];
        uint16_t n;
} Scratch;

static int scratch_fill(Scratch *s, const Definition *d, const Json *o, Why *why) {
        const Json *choices;
        int r;

        if (!json_is_obj(o))
                return why_set(why, V_BALLOT, "a ballot is an object {\"choices\":[...]}");

        r = json_check_keys(o, JSON_KEYS("choices"), why);
        if (r == 0)
                r = json_get_array(o, "choices", 0, QUESTIONS_MAX, &choices, why);
        if (r != 0)
                return r < 0 ? r : V_BALLOT;

        if (json_len(choices) != d->n_questions)
                return why_set(why, V_BALLOT,
                        "%zu choices, expected one for each of the %zu questions",
                        json_len(choices), d->n_questions);

        s->n = 0;
        for (size_t i = 0; i < d->n_questions; i++) {
                const Question *q = &d->questions[i];
                const Json *choice = json_at(choices, i);
                ChoiceOut out = { .items = s->items + s->n };

                if (!json_is_arr(choice))
                        return why_set(why, V_BALLOT, "question %zu: the choice is no array", i);

                if (json_len(choice) > q->n_options)
                        return why_set(why, V_BALLOT,
                                "question %zu: %zu items, expected at most %zu", i,
                                json_len(choice), q->n_options);

                if (json_len(choice) > 0) {
                        r = q->method->parse(q, choice, &out, why);
                        if (r > 0)
                                return why_prefix(why, r, "question %zu", i);
                        if (r < 0)
                                return r;
                } else if (!d->blank)
                        return why_set(why, V_BALLOT,
                                "question %zu: the choice is blank, which this election "
                                "does not allow",
                                i);

                assert(out.n <= q->n_options);
                s->n = (uint16_t) (s->n + out.n);
                s->ends[i] = s->n;
        }

        return 0;
}

int ballot_parse(Ballot **ret, const Definition *d, const Json *o, Why *why) {
        Scratch s;
        Ballot *b;
        int r;

        assert(ret);
        assert(d);

        r = scratch_fill(&s, d, o, why);
        if (r != 0)
                return r;

        b = malloc(sizeof(Ballot) + (d->n_questions + s.n) * sizeof(uint16_t));
        if (!b)
                return -ENOMEM;

        b->n_choices = (uint16_t) d->n_questions;
        memcpy(b->words, s.ends, d->n_questions * sizeof(uint16_t));
        memcpy(b->words + d->n_questions, s.items, s.n * sizeof(uint16_t));
        *ret = b;
        return 0;
}

int ballot_check(const Definition *d, const Json *o, Why *why) {
        Scratch s;

        assert(d);

        if (d->secrecy != SECRECY_OPEN)
                return why_set(why, V_BALLOT, "this election is sealed: its ballots are "
                        "{\"sealed\":[...]}");

        return scratch_fill(&s, d, o, why);
}

Ballot* ballot_free(Ballot *b) {
        free(b);
        return NULL;
}

size_t ballot_n_choices(const Ballot *b) {
        return b->n_choices;
}

Choice ballot_choice(const Ballot *b, size_t question) {
        size_t from, to;

        assert(question < b->n_choices);

        from = question > 0 ? b->words[question - 1] : 0;
        to = b->words[question];
        return (Choice) { .items = b->words + b->n_choices + from, .n = to - from };
}

bool ballot_is_blank(const Ballot *b) {
        return b->words[b->n_choices - 1] == 0;
}
