/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "../unit/ledger/fixture.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/pow-retarget.h"
#include "consensus/pow.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"
#include "errand.h"
#include "liars.h"
#include "proto/message.h"

/* Blocks on a real parent, with the difficulty that is due and a nonce that was really searched: only
 * what they hold is wrong, or what they say about it. */
typedef enum Evil {
        EVIL_VOTE_AGAIN,        /* an entry that the chain has already */
        EVIL_FORGED,            /* an entry that its signer did not sign */
        EVIL_LINE,              /* whatever liar_line() makes */
        EVIL_LATE,              /* a vote in a block past the end of its election */
        EVIL_ROOT,
        EVIL_COUNT,
        EVIL_DIFFICULTY,
        EVIL_NONCE,
        EVIL_SEALER,            /* signed by another key */
        EVIL_TIME,              /* before its parent */
        EVIL_BODY,              /* nothing is wrong, but nobody will get the bodies */
        _EVIL_MAX,
} Evil;

static void evil_done(EvilBlock *b) {
        free(b->text);
        free(b->ids);
        *b = (EvilBlock) {};
}

void liar_forget_branch(Liar *l) {
        for (unsigned i = 0; i < EVIL_BLOCKS; i++)
                evil_done(&l->branch[i]);
        l->n_branch = 0;
}

/* On n of its own blocks, the first of which stands on parent. */
static uint64_t next_difficulty(const Run *r, const Header *own, unsigned n, const KnownBlock *parent) {
        static PowPast past;
        PowConfig config = { .difficulty = r->difficulty, .interval = r->interval, .confirmations = r->confirmations };

        pow_past_init(&past, r->genesis->created);
        for (; n > 0 && pow_past_wants(&past, &config); n--)
                pow_past_add(&past, own[n - 1].height, own[n - 1].time, own[n - 1].value, own[n - 1].count);
        for (; parent && pow_past_wants(&past, &config); parent = parent->parent)
                pow_past_add(&past, parent->height, parent->time, parent->difficulty, (uint32_t) parent->n_entries);
        return pow_next_difficulty(&config, &past);
}

static void add_line(Buf *entries, const char *line, size_t n) {
        buf_add(entries, line, n);
        buf_add_char(entries, '\n');
}

static void add_old_entry(Liar *l, const KnownBlock *parent, Buf *entries) {
        for (unsigned back = (unsigned) liar_below(l, 30); parent; parent = parent->parent) {
                const char *p = parent->text, *line;
                size_t left = parent->n_text, n;

                if (parent->n_entries == 0 || back-- > 0)
                        continue;
                for (unsigned i = 0; i < 3; i++)
                        if (!line_next(&p, &left, &line, &n))
                                return;
                add_line(entries, line, n);
                return;
        }
}

/* A vote of a voter, good in everything but that another signed it. */
static void add_forged(Liar *l, Buf *entries) {
        const Run *r = l->run;
        _cleanup_buf_ Buf line = {};
        const RunVote *v;
        char members[256], *signer;

        if (r->n_votes == 0)
                return;
        v = &r->votes[liar_below(l, r->n_votes)];
        (void) snprintf(members, sizeof(members), "'ballot':{'choices':[[%u]]},'election':'%s','seq':%u", (v->choice + 1) % 3,
                        id_hex(&r->elections[v->election].id, (char[ID_HEX]) {}), 1000 + (unsigned) liar_below(l, 1000));
        fixture_line(r->genesis, l->key, "vote", members, &line);
        if (buf_error(&line) < 0)
                world_die("line", -ENOMEM);
        signer = memmem(line.p, line.n, key_hex(fixture_key(l->key), (char[ID_HEX]) {}), ID_HEX - 1);
        memcpy(signer, key_hex(fixture_key(FIXTURE_VOTER + v->voter), (char[ID_HEX]) {}), ID_HEX - 1);
        add_line(entries, line.p, line.n);
}

static void add_entries(Liar *l, Evil evil, const KnownBlock *parent, Buf *entries) {
        const Run *r = l->run;

        switch (evil) {

        case EVIL_VOTE_AGAIN:
                add_old_entry(l, parent, entries);
                return;

        case EVIL_FORGED:
                add_forged(l, entries);
                return;

        case EVIL_LINE: {
                size_t before = entries->n;

                liar_line(l, entries);
                if (entries->n > before)
                        buf_add_char(entries, '\n');
                return;
        }

        case EVIL_LATE:
        case EVIL_BODY:
                for (unsigned i = 0; i < 3 && r->n_votes > 0; i++) {
                        const RunVote *v = &r->votes[liar_below(l, r->n_votes)];

                        add_line(entries, v->errand->line, v->errand->n_line);
                }
                return;

        default:
                return;         /* the header is what is wrong */
        }
}

static void list_ids(EvilBlock *b, const Buf *entries) {
        const char *p = entries->p, *line;
        size_t left = entries->n, n;

        b->ids = new0(Id, entries->n / 2 + 1);
        if (!b->ids)
                world_die("ids", -ENOMEM);
        while (line_next(&p, &left, &line, &n))
                hash_bytes(&b->ids[b->n_ids++], line, n);
}

static void seal(Liar *l, Evil evil, const Header *h, Buf *ret) {
        _cleanup_buf_ Buf line = {};
        uint64_t nonce = 0, difficulty = evil == EVIL_DIFFICULTY ? 1 : h->value;
        unsigned key = evil == EVIL_SEALER ? FIXTURE_VOTER : l->key;

        if (evil != EVIL_NONCE && !pow_try(&h->id, liar_below(l, UINT32_MAX), UINT64_C(1) << 18, difficulty, &nonce))
                return;
        buf_printf(&line, "{\"block\":\"%s\",\"kind\":\"seal\",\"nonce\":\"%016" PRIx64 "\"}", id_hex(&h->id, (char[ID_HEX]) {}), nonce);
        if (buf_error(&line) < 0 || sign_line(ret, fixture_secret(key), "seal", &l->run->genesis->network, line.p, line.n) != 0)
                world_die("seal", -ENOMEM);
}

static void make_block(Liar *l, Evil evil, const KnownBlock *parent, Header *own, unsigned n, EvilBlock *ret) {
        const Run *r = l->run;
        _cleanup_buf_ Buf entries = {}, text = {};
        const Header *before = n > 0 ? own + n - 1 : NULL;
        uint64_t time = before ? before->time : parent ? parent->time : r->genesis->created;
        Header h = {
                .network = r->genesis->network,
                .parent = before ? before->id : parent ? parent->id : r->genesis->network,
                .height = (before ? before->height : parent ? parent->height : 0) + 1,
                .sealer = *fixture_key(l->key),
                /* at the pace that is wanted, so that the difficulty stays */
                .time = before ? time + r->interval : MAX(time, world_wall_sec(r->world)),
                .field = HEADER_DIFFICULTY,
                .value = next_difficulty(r, own, n, parent),
        };

        if (!before)
                add_entries(l, evil, parent, &entries);
        list_ids(ret, &entries);
        merkle_root(&h.root, ret->ids, ret->n_ids);
        h.count = (uint32_t) ret->n_ids;
        if (evil == EVIL_ROOT)
                h.root.b[3] ^= 1;
        if (evil == EVIL_COUNT)
                h.count += 1 + (uint32_t) liar_below(l, 5);
        if (evil == EVIL_DIFFICULTY)
                h.value += 1 + liar_below(l, 1U << 30);
        if (evil == EVIL_TIME && time > 0)
                h.time = time - 1 - liar_below(l, MIN(time, UINT64_C(1000)));
        if (evil == EVIL_LATE && h.count > 0)
                h.time = time + 10000;

        if (header_set_id(&h) < 0 || header_format(&h, &text) < 0)
                world_die("header", -ENOMEM);
        buf_add_char(&text, '\n');
        seal(l, evil, &h, &text);
        buf_add_char(&text, '\n');
        buf_add(&text, entries.p, entries.n);
        own[n] = h;
        ret->id = h.id;
        ret->height = h.height;
        ret->text = buf_take(&text, &ret->n);
        if (!ret->text)
                world_die("block", -ENOMEM);
}

void liar_make_branch(Liar *l) {
        const KnownBlock *parent = liar_tip(l);
        Evil evil = (Evil) liar_below(l, _EVIL_MAX);
        Header own[EVIL_BLOCKS];
        /* what may turn out to be valid is not to make the ledger's time run away */
        unsigned n = evil == EVIL_BODY || evil == EVIL_LINE ? 1 : 1 + (unsigned) liar_below(l, EVIL_BLOCKS);

        liar_forget_branch(l);
        for (unsigned back = (unsigned) liar_below(l, 4); back > 0 && parent; back--)
                parent = parent->parent;
        for (unsigned i = 0; i < n; i++) {
                make_block(l, i == 0 ? evil : EVIL_BODY, parent, own, i, &l->branch[i]);
                l->n_branch++;
        }
}

void liar_announce_branch(Liar *l, const LiarLink *k) {
        for (unsigned i = 0; i < l->n_branch; i++) {
                EvilBlock *b = &l->branch[i];
                const char *end = strchr(strchr(b->text, '\n') + 1, '\n');
                Message m = { .type = b->n_ids > 0 && liar_below(l, 4) > 0 ? MESSAGE_NEW_BLOCK_IDS : MESSAGE_NEW_BLOCK,
                                .lines = b->text, .n_lines_bytes = (size_t) (end - b->text) };

                if (m.type == MESSAGE_NEW_BLOCK_IDS) {
                        m.ids.ids = b->ids;
                        m.ids.n_ids = b->n_ids;
                }
                liar_say(l, k, &m);
        }
}
