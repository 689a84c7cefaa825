/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "../unit/ledger/fixture.h"
#include "codec/hex.h"
#include "errand.h"
#include "liars.h"
#include "proto/message.h"

/* A vote that was handed in by now, or NULL. */
static const RunVote* some_vote(Liar *l) {
        const Run *r = l->run;
        const RunVote *v;

        if (r->n_votes == 0)
                return NULL;
        v = &r->votes[liar_below(l, r->n_votes)];
        return v->errand->begun_usec <= r->world->now_usec ? v : NULL;
}

static void add_vote(Liar *l, const Genesis *g, unsigned signer, const Id *election, uint32_t seq, unsigned choice, Buf *ret) {
        char members[256];

        (void) l;
        (void) snprintf(members, sizeof(members), "'ballot':{'choices':[[%u]]},'election':'%s','seq':%" PRIu32, choice,
                        id_hex(election, (char[ID_HEX]) {}), seq);
        fixture_line(g, signer, "vote", members, ret);
}

static void add_noise(Liar *l, Buf *ret) {
        switch (liar_below(l, 4)) {
        case 0:
                for (size_t n = 1 + liar_below(l, 2000); n > 0; n--) {
                        char c = (char) liar_below(l, 256);

                        buf_add_char(ret, c == '\n' ? ' ' : c);
                }
                return;
        case 1:
                for (size_t n = 1 + liar_below(l, 100000); n > 0; n--)
                        buf_add_char(ret, '[');
                return;
        case 2:
                buf_add_text(ret, "{\"kind\":\"vote\" }");
                return;
        default:
                buf_add_text(ret, "{\"kind\":\"roll\",\"name\":\"");
                for (size_t n = liar_below(l, 300000); n > 0; n--)
                        buf_add_char(ret, 'x');
                buf_add_text(ret, "\"}");
                return;
        }
}

void liar_line(Liar *l, Buf *ret) {
        const RunVote *v = some_vote(l);
        const Run *r = l->run;
        size_t at = ret->n;
        Id id = {};

        if (!v) {
                add_noise(l, ret);
                return;
        }
        id = r->elections[v->election].id;
        switch (liar_below(l, 7)) {

        case 0:                 /* one bit of a vote is another */
                buf_add(ret, v->errand->line, v->errand->n_line);
                ret->p[at + v->errand->n_line - 120 + liar_below(l, 40)] ^= 1;
                return;

        case 1:                 /* who votes is on no roll */
                add_vote(l, r->genesis, l->key, &id, 1, 0, ret);
                return;

        case 2:                 /* of an election that is none */
                id.b[0] ^= 1;
                add_vote(l, r->genesis, l->key, &id, 1, 0, ret);
                return;

        case 3: {               /* signed for another network */
                Genesis other = *r->genesis;

                other.network.b[0] ^= 1;
                add_vote(l, &other, FIXTURE_VOTER + v->voter, &id, v->seq + 1, 0, ret);
                return;
        }

        case 4:                 /* an option that is none */
                add_vote(l, r->genesis, l->key, &id, 1, 77, ret);
                return;

        case 5: {               /* an administrator that is none */
                char members[128];

                (void) snprintf(members, sizeof(members), "'election':'%s'", id_hex(&id, (char[ID_HEX]) {}));
                fixture_line(r->genesis, l->key, "withdraw", members, ret);
                return;
        }

        default:
                add_noise(l, ret);
                return;
        }
}

static void push(Liar *l, const LiarLink *k, Buf *lines) {
        if (buf_error(lines) < 0)
                world_die("lines", -ENOMEM);
        if (lines->n > 0)
                liar_say(l, k, &(Message) { .type = MESSAGE_NEW_VOTE, .lines = lines->p, .n_lines_bytes = lines->n });
}

void liar_push_lines(Liar *l, const LiarLink *k) {
        _cleanup_buf_ Buf lines = {};

        for (unsigned i = 1 + (unsigned) liar_below(l, 3); i > 0; i--) {
                if (lines.n > 0)
                        buf_add_char(&lines, '\n');
                liar_line(l, &lines);
        }
        push(l, k, &lines);
}

/* Honest lines, but of before. */
void liar_push_old(Liar *l, const LiarLink *k) {
        _cleanup_buf_ Buf lines = {};

        for (unsigned i = 1 + (unsigned) liar_below(l, 10); i > 0; i--) {
                const RunVote *v = some_vote(l);

                if (!v)
                        continue;
                if (lines.n > 0)
                        buf_add_char(&lines, '\n');
                buf_add(&lines, v->errand->line, v->errand->n_line);
        }
        push(l, k, &lines);
}

/* A voter who signs another vote of a seq that is in use, and shows each peer the one or the other. */
void liar_vote_twice(Liar *l) {
        const RunVote *v = some_vote(l);
        _cleanup_buf_ Buf line = {};

        if (!v)
                return;
        add_vote(l, l->run->genesis, FIXTURE_VOTER + v->voter, &l->run->elections[v->election].id, v->seq, (v->choice + 1) % 3, &line);
        for (unsigned i = 0; i < LIAR_LINKS; i++) {
                const LiarLink *k = &l->links[i];

                if (k->link == 0 || k->tracker || !k->up)
                        continue;
                if (liar_below(l, 2) == 0)
                        push(l, k, &line);
                else
                        liar_say(l, k, &(Message) { .type = MESSAGE_NEW_VOTE, .lines = v->errand->line,
                                        .n_lines_bytes = v->errand->n_line });
        }
}
