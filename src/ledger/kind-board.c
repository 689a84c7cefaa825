/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/text.h"
#include "codec/hex.h"
#include "crypto/sign.h"
#include "ledger/board.h"

/* {"elections":[name,...],"kind":"board","name":...,"signature":...,"signer":key,"threshold":k,
 *  "trustees":[key,...],"until":t} */

static BoardLine* board_line_free(BoardLine *b) {
        if (!b)
                return NULL;

        for (size_t i = 0; i < b->n_elections; i++)
                free(b->elections[i]);
        free(b->elections);
        free(b->name);
        free(b);
        return NULL;
}

static int read_trustees(BoardLine *b, const Json *o, Why *why) {
        int64_t threshold;
        const Json *a;
        int r;

        r = json_get_array(o, "trustees", 1, TRUSTEES_MAX, &a, why);
        if (r != 0)
                return r;

        for (size_t i = 0; i < json_len(a); i++) {
                unsigned seat;
                Key k;

                if ((r = json_at_key(a, i, "trustees", &k, why)) != 0)
                        return r;
                r = key_check(&k, why);
                if (r != 0)
                        return r > 0 ? why_prefix(why, r, "\"trustees\", key %zu", i) : r;
                if (board_line_find_seat(b, &k, &seat))
                        return why_set(why, V_FORM, "\"trustees\" has %s twice",
                                        key_hex(&k, (char[ID_HEX]) {}));
                b->trustees[b->n_trustees++] = k;
        }

        r = json_get_int(o, "threshold", 1, b->n_trustees, &threshold, why);
        if (r != 0)
                return r;
        b->threshold = (unsigned) threshold;
        return 0;
}

static int read_elections(BoardLine *b, const Json *o, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "elections", 1, BOARD_ELECTIONS_MAX, &a, why);
        if (r != 0)
                return r;
        b->elections = new0(char *, json_len(a));
        if (!b->elections)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                const char *name;

                r = json_at_text(a, i, "elections", 1, NAME_BYTES_MAX, &name, why);
                if (r != 0)
                        return r;
                if (!name_is_valid(name))
                        return why_set(why, V_FORM, "\"elections[%zu]\" is no name of an election", i);
                for (size_t j = 0; j < i; j++)
                        if (streq(b->elections[j], name))
                                return why_set(why, V_FORM, "\"elections\" has %s twice", name);
                b->elections[i] = strdup(name);
                if (!b->elections[i])
                        return -ENOMEM;
                b->n_elections++;
        }
        return 0;
}

static int board_parse(Entry *e, const Json *o, const Genesis *g, Why *why) {
        const char *name;
        BoardLine *b;
        int64_t until;
        int r;

        r = json_check_keys(o,
                        JSON_KEYS("elections", "kind", "name", "signature", "signer", "threshold",
                                        "trustees", "until"),
                        why);
        if (r != 0)
                return r;
        r = sealed_check_engine(g, why);
        if (r != 0)
                return r;

        b = e->board.line = new0(BoardLine, 1);
        if (!b)
                return -ENOMEM;
        if ((r = json_get_name(o, "name", &name, why)) != 0 ||
            (r = json_get_int(o, "until", 1, LINE_INT_MAX, &until, why)) != 0 ||
            (r = read_trustees(b, o, why)) != 0 ||
            (r = read_elections(b, o, why)) != 0)
                return r;

        b->until = (uint64_t) until;
        b->name = strdup(name);
        if (!b->name)
                return -ENOMEM;

        if (sealed_deal_bytes_max(b->threshold, b->n_trustees) > g->limits.entry_bytes)
                return why_set(why, V_DEFINITION,
                                "a deal among %u trustees has %zu bytes, the network allows entries "
                                "of %" PRIu32,
                                b->n_trustees, sealed_deal_bytes_max(b->threshold, b->n_trustees),
                                g->limits.entry_bytes);
        return 0;
}

static void board_done(Entry *e) {
        e->board.line = board_line_free(e->board.line);
}

static int board_check_effect(State *s, const Entry *e, uint64_t time, Why *why) {
        const BoardLine *b = e->board.line;

        (void) s;

        if (time >= b->until)
                return why_set(why, V_LATE,
                                "board %s has to be ready by %" PRIu64 ", the block's time is %" PRIu64,
                                b->name, b->until, time);
        return 0;
}

static int board_check(State *s, Entry *e, uint64_t time, Why *why) {
        const BoardLine *b = e->board.line;
        int r;

        (void) time;

        r = state_check_name(s, b->name, why);
        if (r != 0)
                return r;

        for (unsigned i = 0; i < b->n_trustees; i++)
                if (!state_trustee(s, &b->trustees[i]))
                        return why_set(why, V_UNKNOWN,
                                        "trustee %u, %s, has no sealing key in the ledger: its entry "
                                        "\"trustee\" comes before the board",
                                        i, key_hex(&b->trustees[i], (char[ID_HEX]) {}));
        return 0;
}

static int board_post(State *s, Act *act) {
        const BoardLine *line = act->entry->board.line;
        _cleanup_(board_freep) Board *b = NULL;

        if (state_check_name(s, line->name, NULL) != 0)
                return -EUCLEAN;

        b = new0(Board, 1);
        if (!b)
                return -ENOMEM;
        b->act = act;
        for (unsigned i = 0; i < line->n_trustees; i++) {
                b->seats[i].trustee = state_trustee(s, &line->trustees[i]);
                if (!b->seats[i].trustee)
                        return -EUCLEAN;
        }

        HASH_ADD_KEYPTR(hh, s->boards, line->name, strlen(line->name), b);
        if (!b->hh.tbl)
                return -ENOMEM;
        act->board = TAKE_PTR(b);
        return 0;
}

static void board_unpost(State *s, Act *act) {
        HASH_DELETE(hh, s->boards, act->board);
        act->board = board_free(act->board);
}

const EntryType entry_type_board = {
        .name = "board",
        .limit = offsetof(Limits, entry_bytes),
        .administers = true,
        .parse = board_parse,
        .done = board_done,
        .check = board_check,
        .post = board_post,
        .unpost = board_unpost,
        .check_effect = board_check_effect,
};
