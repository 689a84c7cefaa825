/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "election/ballot.h"
#include "election/sealed-ballot.h"
#include "election/sealed-form.h"
#include "ledger/board.h"

/* {"ballot":{...},"election":id,"kind":"vote","seq":n,"signature":...,"signer":key}
 *
 * Votes are what a ledger is full of, and their canonical form has one shape: after the ballot
 * everything but the digits of seq has its place, counted from the end. So a vote is read without a
 * tree of its values; the ballot is judged later, against its election. */
#define HEAD       "{\"ballot\":"
#define ELECTION   ",\"election\":\""
#define KIND       "\",\"kind\":\"vote\",\"seq\":"
#define SIGNATURE  ",\"signature\":\""
#define SIGNER     "\",\"signer\":\""
#define TAIL       "\"}"
#define N(text)    (sizeof(text) - 1)
#define N_ID       64
#define N_SIG      BASE64_LEN(64)

/* Steps back over exactly that text in front of *at. */
static bool back_over(const char *line, size_t *at, const char *text, size_t n) {
        if (*at < n || memcmp(line + *at - n, text, n) != 0)
                return false;
        *at -= n;
        return true;
}

static bool back_by(size_t *at, size_t n) {
        if (*at < n)
                return false;
        *at -= n;
        return true;
}

int vote_parse_canonical(Entry *e, const char *line, size_t n) {
        size_t at = n, signer, signature, election, digits = 0;
        uint64_t seq = 0;

        assert(e);
        assert(line);

        if (n < N(HEAD) || memcmp(line, HEAD, N(HEAD)) != 0)
                return V_FORM;

        if (!back_over(line, &at, TAIL, N(TAIL)) || !back_by(&at, N_ID))
                return V_FORM;
        signer = at;
        if (!back_over(line, &at, SIGNER, N(SIGNER)) || !back_by(&at, N_SIG))
                return V_FORM;
        signature = at;
        if (!back_over(line, &at, SIGNATURE, N(SIGNATURE)))
                return V_FORM;

        for (; at > 0 && line[at - 1] >= '0' && line[at - 1] <= '9' && digits <= 10; digits++)
                at--;
        for (size_t i = 0; i < digits; i++)
                seq = seq * 10 + (uint64_t) (line[at + i] - '0');
        if (seq < 1 || seq > SEQ_MAX)
                return V_FORM;

        if (!back_over(line, &at, KIND, N(KIND)) || !back_by(&at, N_ID))
                return V_FORM;
        election = at;
        if (!back_over(line, &at, ELECTION, N(ELECTION)) || at < N(HEAD))
                return V_FORM;

        /* Between "ballot" and "election" could stand other keys: what is there is one object, or
         * this is no vote. */
        if (line_check(line + N(HEAD), at - N(HEAD), at, at / LINE_VALUES_PER_BYTE + 1, NULL) != 0)
                return V_FORM;

        if (hex_decode(e->signer.b, 32, line + signer, N_ID) != 0 ||
            hex_decode(e->vote.election.b, 32, line + election, N_ID) != 0 ||
            base64_decode(e->signature.b, 64, line + signature, N_SIG) != 0)
                return V_FORM;

        e->kind = ENTRY_VOTE;
        e->vote.seq = (uint32_t) seq;
        e->vote.n_ballot = (uint32_t) (at - N(HEAD));
        return 0;
}

/* Only for what vote_parse_canonical() does not take: says what is wrong. */
static int vote_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        int64_t seq;
        int r;

        (void) g;

        if ((r = json_check_keys(o,
                             JSON_KEYS("ballot", "election", "kind", "seq", "signature", "signer"),
                             why)) != 0 ||
                        (r = json_get_object(o, "ballot", NULL, why)) != 0 ||
                        (r = json_get_id(o, "election", &e->vote.election, why)) != 0 ||
                        (r = json_get_int(o, "seq", 1, (int64_t) SEQ_MAX, &seq, why)) != 0)
                return r;

        return why_set(why, V_FORM, "vote that is not in the shape its kind asks for");
}

const char* entry_ballot_text(const Entry *e) {
        assert(e);
        assert(e->kind == ENTRY_VOTE);

        return e->line + N(HEAD);
}

int entry_ballot(const Entry *e, Json **ret) {
        int r;

        /* It was seen to be canonical when the entry was read: what fails here is memory. */
        r = line_parse(ret, entry_ballot_text(e), e->vote.n_ballot, e->vote.n_ballot, NULL);
        return r > 0 ? -ENOMEM : r;
}

/* A sealed ballot has one size. What it is else takes a while: vote_content(). */
static int check_sealed_size(const Definition *d, const Entry *e, Why *why) {
        if (e->vote.n_ballot == sealed_form_bytes(d))
                return 0;
        return why_set(why, V_BALLOT,
                        "a ballot of %" PRIu32 " bytes, expected %zu, {\"sealed\":[...]} of election %s",
                        e->vote.n_ballot, sealed_form_bytes(d), d->name);
}

static int check_ballot(const Election *el, Entry *e, Why *why) {
        _cleanup_json_ Json *ballot = NULL;
        int r;

        if (el->board)
                return check_sealed_size(el->act->entry->election.definition, e, why);
        if (e->content_checked)
                return 0;

        r = entry_ballot(e, &ballot);
        if (r < 0)
                return r;
        r = ballot_check(el->act->entry->election.definition, ballot, why);
        if (r != 0)
                return r;

        e->content_checked = true;
        return 0;
}

static int vote_check(State *s, Entry *e, uint64_t time, Why *why) {
        const Definition *d;
        const VoterState *v;
        uint32_t number;
        Election *el;
        int r;

        r = state_find_election(s, &e->vote.election, &el, why);
        if (r == 0)
                r = election_check_stands(s, el, time, why);
        if (r != 0)
                return r;

        d = el->act->entry->election.definition;
        if (time < d->opens)
                return why_set(why, V_EARLY,
                                "election %s opens at %" PRIu64 ", the block's time is %" PRIu64,
                                d->name, d->opens, time);
        if (time >= election_end(el))
                return why_set(why, V_LATE,
                                "election %s closed at %" PRIu64 ", votes entered until %" PRIu64
                                ", the block's time is %" PRIu64,
                                d->name, d->closes, election_end(el), time);

        if (!election_voter(el, e, &number))
                return why_set(why, V_SIGNER, "%s is not on the rolls of election %s",
                                key_hex(&e->signer, (char[ID_HEX]) {}), d->name);
        if (!d->revote && e->vote.seq != 1)
                return why_set(why, V_SEQ,
                                "\"seq\" is %" PRIu32
                                ", expected 1: election %s allows no second vote",
                                e->vote.seq, d->name);

        r = election_load_votes(s, el);
        if (r < 0)
                return r;
        v = &el->voters[number];
        if (e->vote.seq <= v->seq)
                return why_set(why, V_SEQ,
                                "\"seq\" is %" PRIu32 ", expected more than %" PRIu32
                                ", that of this voter's last vote in the ledger",
                                e->vote.seq, v->seq);
        if (v->count > s->genesis->limits.revotes)
                return why_set(why, V_LIMIT,
                                "this voter has voted %" PRIu32
                                " times in election %s, the network allows %" PRIu32 " revotes",
                                v->count, d->name, s->genesis->limits.revotes);

        return check_ballot(el, e, why);
}

/* --- that a sealed ballot is one that the election allows --- */

typedef struct VoteContent {
        CheckContent content;
        Entry *entry;
        Definition *definition;
        BallotStatement statement;      /* but for the ciphers */
} VoteContent;

/* 0, and *ret is what is left to check; the verdict is set where its form is wrong. -ENOMEM. */
static int prepare(VoteContent *v, SealedBallot **ret) {
        _cleanup_json_ Json *o = NULL;
        int r;

        r = entry_ballot(v->entry, &o);
        if (r == 0)
                r = sealed_ballot_parse(ret, v->definition, o, &v->content.why);
        v->content.verdict = MAX(r, 0);
        return MIN(r, 0);
}

static int content_run(CheckContent *const *contents, size_t n) {
        SealedBallot *ballots[CONTENTS_RUN_MAX] = {};
        _cleanup_free_ SealedCheck *checks = NULL;
        size_t m = 0;
        int r = 0;

        assert(n <= CONTENTS_RUN_MAX);

        checks = new0(SealedCheck, n);
        if (!checks)
                return -ENOMEM;

        for (size_t i = 0; i < n && r == 0; i++) {
                VoteContent *v = (VoteContent *) contents[i];

                r = prepare(v, &ballots[i]);
                if (ballots[i])
                        checks[m++] = (SealedCheck) {
                                .ballot = ballots[i],
                                .definition = v->definition,
                                .statement = v->statement,
                        };
        }
        if (r == 0)
                r = sealed_checks_run(checks, m);

        m = 0;
        for (size_t i = 0; i < n; i++) {
                if (ballots[i]) {
                        contents[i]->verdict = checks[m].verdict;
                        contents[i]->why = checks[m++].why;
                }
                sealed_ballot_free(ballots[i]);
        }
        return r;
}

static void content_free(CheckContent *c) {
        VoteContent *v = (VoteContent *) c;

        entry_unref(v->entry);
        definition_unref(v->definition);
        free(v);
}

static const CheckContentType content_type = {
        .run = content_run,
        .free = content_free,
};

/* One for each option, and one for the sum where the method has one. */
static size_t count_proofs(const Definition *d) {
        AllowedValues values;
        size_t n = d->n_options;

        for (size_t i = 0; i < d->n_questions; i++)
                n += sealed_total_values(&d->questions[i], d->blank, &values);
        return n;
}

static int vote_content(State *s, Entry *e, CheckContent **ret, Why *why) {
        Election *el;
        Definition *d;
        VoteContent *v;
        int r;

        r = state_find_election(s, &e->vote.election, &el, why);
        if (r != 0)
                return r;
        if (!el->board)
                return 0;               /* open: vote_check() has looked at it */
        d = el->act->entry->election.definition;

        v = new0(VoteContent, 1);
        if (!v)
                return -ENOMEM;
        *v = (VoteContent) {
                .content = { .type = &content_type, .n_proofs = count_proofs(d) },
                .entry = entry_ref(e),
                .definition = definition_ref(d),
                .statement = {
                        .network = s->genesis->network,
                        .election = e->vote.election,
                        .board_key = el->board->y,
                        .signer = e->signer,
                        .seq = e->vote.seq,
                },
        };
        *ret = &v->content;
        return 0;
}

static void vote_context(State *s, const Entry *e, Id *ret) {
        const Election *el = state_election(s, &e->vote.election);

        if (el && el->board)
                memcpy(ret->b, el->board->y.b, sizeof(ret->b));
}

const EntryType entry_type_vote = {
        .name = "vote",
        .limit = offsetof(Limits, vote_bytes),
        .parse = vote_parse,
        .check = vote_check,
        .content = vote_content,
        .context = vote_context,
};
