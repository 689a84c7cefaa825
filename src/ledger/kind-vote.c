/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "election/ballot.h"
#include "ledger/entry-type.h"
#include "ledger/state.h"

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

static int check_ballot(const Election *el, Entry *e, Why *why) {
        _cleanup_json_ Json *ballot = NULL;
        int r;

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

        el = state_election(s, &e->vote.election);
        if (!el)
                return why_set(why, V_UNKNOWN,
                                "\"election\" names %s, which is no election in the ledger",
                                id_hex(&e->vote.election, (char[ID_HEX]) {}));
        d = el->act->entry->election.definition;

        if (el->withdrawn)
                return why_set(why, V_LATE, "election %s was withdrawn", d->name);
        if (el->act->effect == 0)
                return election_in_time(s, d, time)
                                       ? why_set(why, V_EARLY, "election %s awaits approvals",
                                                         d->name)
                                       : why_set(why, V_LATE,
                                                         "election %s is void: it was not approved "
                                                         "in time",
                                                         d->name);
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

const EntryType entry_type_vote = {
        .name = "vote",
        .limit = offsetof(Limits, vote_bytes),
        .parse = vote_parse,
        .check = vote_check,
};
