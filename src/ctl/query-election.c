/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "codec/hex.h"
#include "ctl/query-private.h"

/* Elections, their results, and the boards that open the sealed ones. */

int query_fail(QueryError *ret, const char *name, const char *key, const char *format, ...) {
        char text[512];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        ret->name = name;
        ret->parameters = json_new_object();
        json_set_text(ret->parameters, key, text);
        return ret->parameters ? V_DENIED : -ENOMEM;
}

Json* query_election_summary(const ElectionInfo *i) {
        const Definition *d = i->definition;
        Json *o = json_new_object();

        json_set_text(o, "name", d->name);
        json_set_id(o, "id", &i->id);
        json_set_text(o, "title", d->title);
        json_set_text(o, "phase", election_phase_name(i->phase));
        json_set_int(o, "opens", (int64_t) d->opens);
        json_set_int(o, "closes", (int64_t) d->closes);
        json_set_int(o, "grace", (int64_t) i->grace);
        json_set_int(o, "voters", (int64_t) i->voters);
        json_set_int(o, "weight", (int64_t) i->weight);
        json_set_text(o, "secrecy", secrecy_name(d->secrecy));
        json_set_int(o, "questions", (int64_t) d->n_questions);
        json_set_int(o, "ballots", (int64_t) i->ballots);
        if (d->secrecy == SECRECY_SEALED) {
                json_set_id(o, "board", &d->board);
                json_set_int(o, "threshold", i->threshold);
                json_set_int(o, "shares", i->shares);
        }
        if (i->phase == ELECTION_PENDING) {
                json_set_int(o, "approvals", i->approvals);
                json_set_int(o, "approvals_needed", i->approvals_needed);
        }
        return o;
}

int query_find_election(const QuerySource *q, const Json *p, ElectionInfo *ret, QueryError *e) {
        const char *text = NULL;
        Id id;
        int r;

        if (json_get_text(p, "election", 1, 64, &text, NULL) != 0)
                return invalid_parameter(e, "election");
        r = chain_election_by_name(q->chain, text, ret);
        if (r == -ENODATA && id_from_hex(&id, text) == 0)
                r = chain_election_by_id(q->chain, &id, ret);
        if (r == -ENODATA)
                return not_found(e, "no election is called \"%s\" in this ledger (height %" PRIu64 "); see votectl elections", text,
                                chain_tip(q->chain)->height);
        return r;
}

/* What a result rests on is in blocks that stay: the last share that it needs as well. */
static bool shares_are_final(const QuerySource *q, const ElectionInfo *i) {
        ShareInfo share;

        return i->shares < i->threshold || i->threshold == 0 ||
               (chain_share_at(q->chain, i, i->threshold - 1, &share) == 0 &&
                               PLACE_HEIGHT(share.place) <= q->final_height);
}

int query_get_results(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        _cleanup_(result_freep) Result *result = NULL;
        ElectionInfo i;
        bool final;
        Json *o;
        int r;

        r = query_find_election(q, p, &i, e);
        if (r != 0)
                return r;
        if (i.phase == ELECTION_PENDING || i.phase == ELECTION_WITHDRAWN || i.phase == ELECTION_VOID || i.phase == ELECTION_ANNOUNCED)
                return not_found(e, "election \"%s\" is %s: there is no result", i.definition->name, election_phase_name(i.phase));

        r = chain_count(q->chain, &i, &result);
        if (r == -EBUSY && i.phase == ELECTION_COUNTING)
                return not_found(e, "election \"%s\" is sealed: %u of %u trustees have given their shares, there is no result before that",
                                i.definition->name, i.shares, i.threshold);
        if (r == -EBUSY)
                return not_found(e, "election \"%s\" is sealed: nobody can count it before it has closed", i.definition->name);
        if (r < 0)
                return r;
        final = i.closing_height > 0 && i.closing_height <= q->final_height && shares_are_final(q, &i);

        o = json_new_object();
        json_set(o, "summary", query_election_summary(&i));
        json_set_bool(o, "interim", !final);
        json_set_bool(o, "final", final);
        json_set(o, "result", json_share(result->json));
        *ret = o;
        return 0;
}

/* --- boards --- */

static Json* board_summary(const BoardInfo *b) {
        Json *o = json_new_object(), *elections = json_new_array(), *awaited = json_new_array();

        json_set_text(o, "name", b->line->name);
        json_set_id(o, "id", &b->id);
        json_set_text(o, "phase", board_phase_name(b->phase));
        json_set_int(o, "threshold", b->line->threshold);
        json_set_int(o, "trustees", b->line->n_trustees);
        json_set_int(o, "until", (int64_t) b->line->until);
        for (size_t i = 0; i < b->line->n_elections; i++)
                json_add_text(elections, b->line->elections[i]);
        json_set(o, "elections", elections);
        json_set_int(o, "deals", b->n_deals);
        json_set_int(o, "confirms", b->n_confirms);
        for (unsigned i = 0; i < b->line->n_trustees; i++)
                if (board_is_awaited(b, i))
                        json_add_key(awaited, &b->line->trustees[i]);
        json_set(o, "awaited", awaited);
        if (b->deals)
                json_set_id(o, "root", b->deals);
        if (b->key)
                json_set_hex32(o, "key", b->key->b);
        if (b->liar) {
                json_set_key(o, "liar", b->liar);
                json_set_key(o, "objector", b->objector);
        }
        if (b->phase == BOARD_PENDING) {
                json_set_int(o, "approvals", b->approvals);
                json_set_int(o, "approvals_needed", b->approvals_needed);
        }
        return o;
}

static Json* seat_json(const BoardInfo *b, unsigned i) {
        const SeatInfo *s = &b->seats[i];
        Json *o = json_new_object();

        json_set_key(o, "key", &b->line->trustees[i]);
        json_set_id(o, "trustee", &s->trustee.entry->id);
        json_set_hex32(o, "sealing", seat_sealing(s)->b);
        if (s->deal.entry)
                json_set_id(o, "deal", &s->deal.entry->id);
        if (s->answer.entry) {
                json_set_id(o, "answer", &s->answer.entry->id);
                json_set_text(o, "says", entry_kind_name(s->answer.entry->kind));
        }
        if (b->deals)
                json_set_hex32(o, "share_key", s->share_key.b);
        return o;
}

int query_get_boards(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        Json *a = json_new_array();
        BoardInfo b;

        (void) p;
        (void) e;

        for (size_t i = 0; chain_board_at(q->chain, i, &b) == 0; i++)
                json_add(a, board_summary(&b));
        *ret = json_new_object();
        json_set(*ret, "boards", a);
        return 0;
}

/* Of its trustees, in their order: sealing key, deal, answer; whole, so that who asks can check them. */
static Json* board_entries(const BoardInfo *b) {
        Json *a = json_new_array();

        for (unsigned i = 0; i < b->line->n_trustees; i++) {
                const SeatEntryInfo *const all[] = {
                        &b->seats[i].trustee, &b->seats[i].deal, &b->seats[i].answer };

                for (size_t k = 0; k < ELEMENTSOF(all); k++) {
                        Json *o;

                        if (!all[k]->entry)
                                continue;
                        o = json_new_object();
                        json_set_text(o, "kind", entry_kind_name(all[k]->entry->kind));
                        json_set_text(o, "line", all[k]->entry->line);
                        json_set_int(o, "height", (int64_t) PLACE_HEIGHT(all[k]->place));
                        json_set_int(o, "position", (int64_t) PLACE_POSITION(all[k]->place));
                        json_add(a, o);
                }
        }
        return a;
}

int query_get_board(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        const char *text = NULL;
        BoardInfo b;
        Json *seats, *o;
        Id id;
        int r;

        if (json_get_text(p, "board", 1, 64, &text, NULL) != 0)
                return invalid_parameter(e, "board");
        r = chain_board_by_name(q->chain, text, &b);
        if (r == -ENODATA && id_from_hex(&id, text) == 0)
                r = chain_board_by_id(q->chain, &id, &b);
        if (r == -ENODATA)
                return not_found(e, "no board is called \"%s\" in this ledger (height %" PRIu64 ")", text,
                                chain_tip(q->chain)->height);
        if (r < 0)
                return r;
        seats = json_new_array();
        for (unsigned i = 0; i < b.line->n_trustees; i++)
                json_add(seats, seat_json(&b, i));
        o = json_new_object();
        json_set(o, "summary", board_summary(&b));
        json_set(o, "seats", seats);
        json_set_text(o, "line", b.entry->line);
        json_set_int(o, "height", (int64_t) PLACE_HEIGHT(b.place));
        json_set_int(o, "position", (int64_t) PLACE_POSITION(b.place));
        json_set(o, "entries", board_entries(&b));
        *ret = o;
        return 0;
}
