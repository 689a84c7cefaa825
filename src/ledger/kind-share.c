/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "ledger/board.h"

/* {"block":id,"election":id,"kind":"share","shares":[[[D,proof],...],...],"signature":...,
 *  "signer":key}
 *
 * A trustee's part in opening the sums of an election: for each question, for each option. */

static int read_item(ShareItem *item, const Json *pair, Why *why) {
        const char *d;
        int r;

        r = json_at_text(pair, 0, "share", 0, BASE64_LEN(32), &d, why);
        if (r != 0)
                return r;
        if (*d == 0) {                  /* nothing to open: the sum of the alphas is the identity */
                item->absent = true;
                return json_at_text(pair, 1, "share", 0, 0, NULL, why);
        }

        if ((r = sealed_at_point(pair, 0, "share", &item->d, why)) != 0)
                return r;
        return sealed_at_bytes(pair, 1, "share", item->proof, sizeof(item->proof), why);
}

static int read_questions(ShareLine *line, const Json *a, Why *why) {
        size_t n = 0;
        int r;

        for (size_t i = 0; i < json_len(a); i++) {
                const Json *options;

                r = json_at_array(a, i, "shares", 1, OPTIONS_MAX, &options, why);
                if (r != 0)
                        return r;
                n += json_len(options);
        }
        if (n > OPTIONS_MAX)
                return why_set(why, V_FORM, "shares for %zu options, no election has more than %u", n,
                                OPTIONS_MAX);

        line->items = new0(ShareItem, MAX(n, (size_t) 1));
        if (!line->items)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                const Json *options = json_at(a, i);

                for (size_t k = 0; k < json_len(options); k++) {
                        const Json *pair;

                        r = json_at_array(options, k, "shares", 2, 2, &pair, why);
                        if (r == 0)
                                r = read_item(&line->items[line->n_items], pair, why);
                        if (r != 0)
                                return r > 0 ? why_prefix(why, r, "question %zu, option %zu", i, k) : r;
                        line->n_items++;
                }
                line->n_options[line->n_questions++] = (uint16_t) json_len(options);
        }
        return 0;
}

static int share_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        ShareLine *line;
        const Json *a;
        int r;

        r = json_check_keys(o, JSON_KEYS("block", "election", "kind", "shares", "signature", "signer"),
                        why);
        if (r != 0)
                return r;
        r = sealed_check_engine(g, why);
        if (r != 0)
                return r;

        line = e->share.line = new0(ShareLine, 1);
        if (!line)
                return -ENOMEM;
        if ((r = json_get_id(o, "election", &line->election, why)) != 0 ||
            (r = json_get_id(o, "block", &line->block, why)) != 0 ||
            (r = json_get_array(o, "shares", 1, QUESTIONS_MAX, &a, why)) != 0)
                return r;
        return read_questions(line, a, why);
}

static void share_done(Entry *e) {
        if (e->share.line)
                free(e->share.line->items);
        free(e->share.line);
}

/* --- rules --- */

static int check_closed(const Election *el, const ShareLine *line, Why *why) {
        const Definition *d = el->act->entry->election.definition;
        char expected[ID_HEX], hex[ID_HEX];

        if (!el->board)
                return why_set(why, V_DEFINITION, "election %s is open: there is nothing to open", d->name);
        if (el->withdrawn)
                return why_set(why, V_LATE, "election %s was withdrawn", d->name);
        if (el->closing_height == 0)
                return why_set(why, V_EARLY,
                                "election %s takes votes until a block with time %" PRIu64
                                ": its sums are opened after that",
                                d->name, election_end(el));
        if (!id_equal(&line->block, &el->closing_block))
                return why_set(why, V_DEFINITION, "\"block\" is %s, but election %s closed with %s",
                                id_hex(&line->block, hex), d->name,
                                id_hex(&el->closing_block, expected));
        return 0;
}

static int check_count(State *s, Election *el, Why *why) {
        const Definition *d = el->act->entry->election.definition;
        int r;

        r = election_count_ballots(s, el);
        if (r < 0 || election_is_counted(el))
                return r;
        if (el->ballots == 0)
                return why_set(why, V_LATE, "nobody voted in election %s: there is nothing to open", d->name);
        return why_set(why, V_LATE,
                        "election %s has %" PRIu64 " ballots, fewer than %" PRIu32
                        ": its sums stay sealed",
                        d->name, el->ballots, d->least);
}

static int check_shape(const Election *el, const ShareLine *line, Why *why) {
        const Definition *d = el->act->entry->election.definition;

        if (line->n_questions != d->n_questions)
                return why_set(why, V_DEFINITION, "\"shares\" has %zu items, election %s has %zu questions",
                                line->n_questions, d->name, d->n_questions);
        for (size_t i = 0; i < d->n_questions; i++)
                if (line->n_options[i] != d->questions[i].n_options)
                        return why_set(why, V_DEFINITION,
                                        "\"shares[%zu]\" has %u items, that question of election %s has "
                                        "%zu options",
                                        i, line->n_options[i], d->name,
                                        (size_t) d->questions[i].n_options);
        return 0;
}

/* The election that it opens, which has closed, and the signer's seat. */
static int find_opened(State *s, const Entry *e, Election **ret, unsigned *ret_seat, Why *why) {
        const ShareLine *line = e->share.line;
        int r;

        r = state_find_election(s, &line->election, ret, why);
        if (r == 0)
                r = check_closed(*ret, line, why);
        if (r != 0)
                return r;

        if (!board_find_seat((*ret)->board, &e->signer, ret_seat))
                return why_set(why, V_SIGNER, "%s is no trustee of board %s",
                                key_hex(&e->signer, (char[ID_HEX]) {}), board_line((*ret)->board)->name);
        return 0;
}

/* That there are sums to open, and a share for each. */
static int check_sums(State *s, Election *el, const ShareLine *line, Why *why) {
        int r;

        r = check_count(s, el, why);
        return r != 0 ? r : check_shape(el, line, why);
}

static int share_entry_check(State *s, Entry *e, uint64_t time, Why *why) {
        Election *el;
        unsigned seat;
        int r;

        (void) time;

        r = find_opened(s, e, &el, &seat, why);
        if (r != 0)
                return r;
        for (unsigned i = 0; i < el->n_shares; i++)
                if (key_equal(&el->shares[i]->entry->signer, &e->signer))
                        return why_set(why, V_DUPLICATE,
                                        "this trustee's share is there already, in block %" PRIu64,
                                        PLACE_HEIGHT(el->shares[i]->place));

        return check_sums(s, el, e->share.line, why);
}

static int share_post(State *s, Act *act) {
        Election *el = state_election(s, &act->entry->share.line->election);

        if (!el || !el->board || el->n_shares == TRUSTEES_MAX)
                return -EUCLEAN;
        act->election = el;
        el->shares[el->n_shares++] = act;
        return 0;
}

static void share_unpost(State *s, Act *act) {
        (void) s;

        assert(act->election->n_shares > 0);

        act->election->shares[--act->election->n_shares] = NULL;
}

/* --- that each D is the trustee's part of that sum --- */

typedef struct ShareContent {
        CheckContent content;
        Entry *entry;
        ShareStatement statement;       /* but for question, option, alpha and part */
        Element *alphas;                /* summed, of each option */
} ShareContent;

static int check_share(const CheckContent *content, Why *why) {
        const ShareContent *c = (const ShareContent *) content;
        const ShareLine *line = c->entry->share.line;
        ShareStatement t = c->statement;
        size_t k = 0;

        for (size_t i = 0; i < line->n_questions; i++)
                for (size_t option = 0; option < line->n_options[i]; option++, k++) {
                        int r;

                        if (line->items[k].absent)
                                continue;
                        t.question = (uint32_t) i;
                        t.option = (uint32_t) option;
                        t.alpha = c->alphas[k];
                        t.part = line->items[k].d;
                        r = share_check(&t, line->items[k].proof, why);
                        if (r != 0)
                                return why_prefix(why, r, "trustee %" PRIu32 " (%s)", t.trustee,
                                                key_hex(&c->entry->signer, (char[ID_HEX]) {}));
                }
        return 0;
}

static void content_free(CheckContent *c) {
        ShareContent *x = (ShareContent *) c;

        entry_unref(x->entry);
        free(x->alphas);
        free(x);
}

static const CheckContentType content_type = {
        .check = check_share,
        .free = content_free,
};

/* Which options are open by themselves, the sums say. */
static int check_absent(const ShareLine *line, const Cipher *sums, Why *why) {
        for (size_t k = 0; k < line->n_items; k++)
                if (line->items[k].absent != element_is_identity(&sums[k].alpha))
                        return why_set(why, V_DEFINITION,
                                        line->items[k].absent
                                                        ? "option %zu, counted over all questions, "
                                                          "has no share"
                                                        : "option %zu, counted over all questions, "
                                                          "has a share, but nothing to open",
                                        k);
        return 0;
}

static int share_content(State *s, Entry *e, CheckContent **ret, Why *why) {
        const ShareLine *line = e->share.line;
        const SealedTotal *total;
        const Cipher *sums;
        ShareContent *x;
        Election *el;
        unsigned seat;
        int r;

        r = find_opened(s, e, &el, &seat, why);
        if (r == 0)
                r = check_sums(s, el, line, why);
        if (r == 0)
                r = election_total(s, el, &total);
        if (r != 0)
                return r;
        sums = sealed_total_ciphers(total);
        r = check_absent(line, sums, why);
        if (r != 0)
                return r;

        x = new0(ShareContent, 1);
        if (!x)
                return -ENOMEM;
        *x = (ShareContent) {
                .content.type = &content_type,
                .entry = entry_ref(e),
                .statement = {
                        .network = s->genesis->network,
                        .election = line->election,
                        .block = line->block,
                        .trustee = seat,
                        .share_key = el->board->x[seat],
                },
                .alphas = newN(Element, line->n_items),
        };
        if (!x->alphas) {
                content_free(&x->content);
                return -ENOMEM;
        }
        for (size_t k = 0; k < line->n_items; k++) {
                x->alphas[k] = sums[k].alpha;
                x->content.n_proofs += !line->items[k].absent;
        }
        *ret = &x->content;
        return 0;
}

const EntryType entry_type_share = {
        .name = "share",
        .limit = offsetof(Limits, entry_bytes),
        .parse = share_parse,
        .done = share_done,
        .check = share_entry_check,
        .content = share_content,
        .post = share_post,
        .unpost = share_unpost,
};
