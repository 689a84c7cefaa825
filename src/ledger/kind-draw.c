/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ledger/state.h"

/* The lot (COUNTING): {"election":id,"kind":"draw","signature":...,"signer":key,"value":...} */

static int draw_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        const char *value;
        int r;

        (void) g;

        if ((r = json_check_keys(o, JSON_KEYS("election", "kind", "signature", "signer", "value"),
                             why)) != 0 ||
                        (r = json_get_id(o, "election", &e->draw.election, why)) != 0 ||
                        (r = json_get_title(o, "value", LOT_BYTES_MAX, &value, why)) != 0)
                return r;

        e->draw.value = strdup(value);
        return e->draw.value ? 0 : -ENOMEM;
}

static void draw_done(Entry *e) {
        free(e->draw.value);
}

static int draw_check_effect(State *s, const Entry *e, uint64_t time, Why *why) {
        const Definition *d;
        Election *el;
        int r;

        r = state_find_election(s, &e->draw.election, &el, why);
        if (r != 0)
                return r;

        d = el->act->entry->election.definition;
        if (!d->lot)
                return why_set(why, V_DEFINITION,
                                "election %s names no lot: a tie of it stays a tie", d->name);
        if (el->draw)
                return why_set(why, V_DUPLICATE,
                                "the lot of election %s was drawn already, in block %" PRIu64,
                                d->name, PLACE_HEIGHT(el->draw->effect));
        r = election_check_stands(s, el, time, why);
        if (r != 0)
                return r;
        if (time < election_end(el))
                return why_set(why, V_EARLY,
                                "election %s takes votes until %" PRIu64
                                ", the block's time is %" PRIu64
                                ": the lot is drawn when nobody can vote any more",
                                d->name, election_end(el), time);
        return 0;
}

static int draw_post(State *s, Act *act) {
        act->election = state_election(s, &act->entry->draw.election);
        return act->election ? 0 : -EUCLEAN;
}

static int draw_effect(State *s, Act *act) {
        (void) s;

        if (act->election->draw)
                return -EUCLEAN;
        act->election->draw = act;
        return 0;
}

static void draw_uneffect(State *s, Act *act) {
        (void) s;

        act->election->draw = NULL;
}

const EntryType entry_type_draw = {
        .name = "draw",
        .limit = offsetof(Limits, entry_bytes),
        .administers = true,
        .parse = draw_parse,
        .done = draw_done,
        .post = draw_post,
        .check_effect = draw_check_effect,
        .effect = draw_effect,
        .uneffect = draw_uneffect,
};
