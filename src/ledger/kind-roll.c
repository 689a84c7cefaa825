/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "ledger/state.h"

/* {"kind":"roll","name":...,"part":n,"signature":...,"signer":key,"voters":[[key,weight],...]} */

#define ROLL_KEY_MAX (NAME_BYTES_MAX + 16)

static int roll_entry_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        int r;

        (void) g;

        r = roll_parse(&e->roll.roll, o, why);
        if (r != 0)
                return r;

        e->roll.name = e->roll.roll->name;
        e->roll.part = e->roll.roll->part;
        return 0;
}

static void roll_entry_done(Entry *e) {
        roll_free(e->roll.roll);
}

static void roll_key(const Entry *e, char ret[static ROLL_KEY_MAX]) {
        (void) snprintf(ret, ROLL_KEY_MAX, "%s/%" PRIu32, e->roll.name, e->roll.part);
}

static int roll_check(State *s, Entry *e, uint64_t time, Why *why) {
        char key[ROLL_KEY_MAX];
        const Act *a;

        (void) time;

        roll_key(e, key);
        HASH_FIND(hh_roll, s->rolls_by_key, key, strlen(key), a);
        if (a)
                return why_set(why, V_DUPLICATE,
                                "part %" PRIu32
                                " of roll %s is in the ledger already, in block %" PRIu64
                                ": a name is taken for ever, choose another",
                                e->roll.part, e->roll.name, PLACE_HEIGHT(a->place));

        return entry_check_keys(e, why);
}

static int roll_post(State *s, Act *act) {
        char key[ROLL_KEY_MAX];
        const Act *other;

        roll_key(act->entry, key);
        HASH_FIND(hh_roll, s->rolls_by_key, key, strlen(key), other);
        if (other)
                return -EUCLEAN;

        act->roll_key = strdup(key);
        if (!act->roll_key)
                return -ENOMEM;
        HASH_ADD_KEYPTR(hh_roll, s->rolls_by_key, act->roll_key, strlen(act->roll_key), act);
        return act->hh_roll.tbl ? 0 : -ENOMEM;
}

static void roll_unpost(State *s, Act *act) {
        HASH_DELETE(hh_roll, s->rolls_by_key, act);
}

const EntryType entry_type_roll = {
        .name = "roll",
        .limit = offsetof(Limits, entry_bytes),
        .administers = true,
        .parse = roll_entry_parse,
        .done = roll_entry_done,
        .check = roll_check,
        .post = roll_post,
        .unpost = roll_unpost,
};
