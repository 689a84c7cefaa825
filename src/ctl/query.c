/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/line.h"
#include "ctl/query-private.h"
#include "ledger/receipt.h"
#include "voted/limits.h"

#define VOTERS_ASKED_MAX 1024
#define LOG_MAX 1000
#define LOG_DEFAULT 50
#define SCAN_BLOCKS_MAX 2000            /* searched for an entry that is neither recent nor administrative */

/* --- entries --- */

static void set_depth(const QuerySource *q, Json *o, uint64_t height) {
        uint64_t tip = chain_tip(q->chain)->height;

        json_set_int(o, "confirmations", (int64_t) (tip - height));
        json_set_int(o, "needed", q->confirmations > 0 ? (int64_t) q->confirmations : 1);
}

int query_entry_state(const QuerySource *q, const Id *id, Json **ret) {
        Json *o = json_new_object();
        Place place;
        int r;

        json_set_id(o, "id", id);
        if (q->pool && pool_find(q->pool, id)) {
                json_set_text(o, "state", "pool");
                *ret = o;
                return o ? 0 : -ENOMEM;
        }

        r = chain_find_entry(q->chain, id, 0, &place);
        if (r < 0 && r != -ENODATA) {
                (void) json_free(o);
                return r;
        }
        if (r == -ENODATA)
                json_set_text(o, "state", "unknown");
        else {
                json_set_text(o, "state", PLACE_HEIGHT(place) <= q->final_height ? "final" : "block");
                json_set_int(o, "height", (int64_t) PLACE_HEIGHT(place));
                json_set_int(o, "position", (int64_t) PLACE_POSITION(place));
                set_depth(q, o, PLACE_HEIGHT(place));
        }
        *ret = o;
        return o ? 0 : -ENOMEM;
}

static int on_get_entry(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        Json *state;
        Id id;
        int r;

        if (json_get_id(p, "id", &id, NULL) != 0)
                return invalid_parameter(e, "id");
        r = query_entry_state(q, &id, &state);
        if (r < 0)
                return r;
        *ret = json_new_object();
        json_set(*ret, "entry", state);
        return 0;
}

/* --- elections --- */

static int on_get_elections(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        Json *a = json_new_array();

        for (size_t i = 0; i < chain_n_elections(q->chain); i++) {
                ElectionInfo info;

                if (chain_election_at(q->chain, i, &info) == 0)
                        json_add(a, query_election_summary(&info));
        }
        *ret = json_new_object();
        json_set(*ret, "elections", a);
        return 0;
}

static int on_get_election(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        _cleanup_buf_ Buf line = {};
        ElectionInfo i;
        Json *o;
        int kind, r;

        r = query_find_election(q, p, &i, e);
        if (r != 0)
                return r;
        r = chain_store(q->chain)->ops->entry_get(chain_store(q->chain), i.place, &kind, &line);
        if (r < 0)
                return r;
        buf_add_char(&line, 0);
        if (buf_error(&line) < 0)
                return -ENOMEM;

        o = json_new_object();
        json_set(o, "summary", query_election_summary(&i));
        json_set(o, "definition", definition_to_json(i.definition));
        json_set_text(o, "line", line.p);
        if (i.closing_height > 0) {
                json_set_int(o, "closing_height", (int64_t) i.closing_height);
                json_set_id(o, "closing_block", &i.closing_block);
        }
        if (i.definition->secrecy == SECRECY_SEALED)
                json_set(o, "shares", chain_shares_to_json(q->chain, &i));
        json_set_bool(o, "drawn", i.drawn);
        if (i.drawn)
                json_set_text(o, "draw_value", i.draw_value);
        *ret = o;
        return 0;
}

static uint32_t pool_seq(const QuerySource *q, const Id *election, const Key *voter) {
        const Entry *e = q->pool ? pool_find_vote(q->pool, election, voter) : NULL;

        return e ? e->vote.seq : 0;
}

static int voter_json(const QuerySource *q, const ElectionInfo *i, const Key *key, Json **ret) {
        StoredVote v = {};
        uint32_t number;
        uint64_t weight = 0;
        Json *o;
        int r;

        r = chain_voter(q->chain, i, key, &number, &weight, &v);
        if (r < 0 && r != -ENODATA)
                return r;

        o = json_new_object();
        json_set_key(o, "key", key);
        json_set_bool(o, "entitled", r <= 0);
        json_set_int(o, "weight", (int64_t) weight);
        json_set_int(o, "seq", r == 0 ? v.seq : 0);
        json_set_int(o, "votes", r == 0 ? v.count : 0);
        json_set_int(o, "pool_seq", r <= 0 ? pool_seq(q, &i->id, key) : 0);
        if (r == 0) {
                json_set_int(o, "height", (int64_t) PLACE_HEIGHT(v.place));
                json_set_int(o, "position", (int64_t) PLACE_POSITION(v.place));
        }
        *ret = o;
        return 0;
}

static int on_get_voters(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        _cleanup_json_ Json *voters = json_new_array();
        const Json *keys = NULL;
        ElectionInfo i;
        int r;

        if (json_get_array(p, "keys", 0, VOTERS_ASKED_MAX, &keys, NULL) != 0)
                return invalid_parameter(e, "keys");
        r = query_find_election(q, p, &i, e);
        if (r != 0)
                return r;

        for (size_t k = 0; k < json_len(keys); k++) {
                Json *o = NULL;
                Key key;

                if (json_at_key(keys, k, "keys", &key, NULL) != 0)
                        return invalid_parameter(e, "keys");
                r = voter_json(q, &i, &key, &o);
                if (r < 0)
                        return r;
                json_add(voters, o);
        }
        *ret = json_new_object();
        json_set(*ret, "voters", TAKE_PTR(voters));
        return 0;
}

/* --- administration --- */

static int on_get_rolls(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        Json *a = json_new_array();

        for (size_t i = 0; i < chain_n_rolls(q->chain); i++) {
                RollInfo info;
                Json *o;

                if (chain_roll_at(q->chain, i, &info) < 0)
                        continue;
                o = json_new_object();
                json_set_text(o, "name", info.name);
                json_set_int(o, "part", info.part);
                json_set_id(o, "id", &info.id);
                json_set_int(o, "voters", (int64_t) info.voters);
                json_set_bool(o, "in_effect", info.in_effect);
                json_set_int(o, "approvals", info.approvals);
                json_add(a, o);
        }
        *ret = json_new_object();
        json_set(*ret, "rolls", a);
        return 0;
}

static int on_get_pending(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        Json *a = json_new_array();

        for (size_t i = 0; i < chain_n_pending(q->chain); i++) {
                PendingInfo info;
                Json *o;

                if (chain_pending_at(q->chain, i, &info) < 0)
                        continue;
                o = json_new_object();
                json_set_id(o, "id", &info.id);
                json_set_text(o, "kind", entry_kind_name(info.kind));
                json_set_text(o, "name", info.name ? info.name : "");
                json_set_int(o, "approvals", info.approvals);
                json_set_int(o, "needed", info.needed);
                json_add(a, o);
        }
        *ret = json_new_object();
        json_set(*ret, "pending", a);
        return 0;
}

static int on_get_admins(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        const Key *keys = NULL;
        Json *a = json_new_array();
        size_t n;

        n = chain_admins(q->chain, &keys);
        for (size_t i = 0; i < n; i++)
                json_add_key(a, &keys[i]);
        *ret = json_new_object();
        json_set(*ret, "admins", a);
        json_set_int(*ret, "approvals", chain_approvals_needed(q->chain));
        return 0;
}

static int on_get_genesis(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        const Genesis *g = chain_genesis(q->chain);

        *ret = json_new_object();
        json_set_text(*ret, "line", g->line);
        return 0;
}

/* --- receipts and blocks --- */

/* What a receipt is asked for, as a place. 0, V_DENIED, < 0 */
static int receipt_place(const QuerySource *q, const Json *p, Place *ret, QueryError *e) {
        uint64_t tip = chain_tip(q->chain)->height;
        BoardInfo board;
        ElectionInfo i;
        int64_t height, position;
        const char *name;
        StoredVote v;
        Key voter;
        Id id;
        int r;

        if (json_has(p, "height")) {
                if (json_get_int(p, "height", 1, LINE_INT_MAX, &height, NULL) != 0)
                        return invalid_parameter(e, "height");
                if (json_get_int(p, "position", 0, 0xffffff, &position, NULL) != 0)
                        return invalid_parameter(e, "position");
                if ((uint64_t) height > tip)
                        return not_found(e, "no block of height %" PRIi64 ": the ledger ends at %" PRIu64, height, tip);
                *ret = PLACE(height, position);
                return 0;
        }

        if (json_has(p, "entry")) {
                if (json_get_id(p, "entry", &id, NULL) != 0)
                        return invalid_parameter(e, "entry");
                r = chain_find_entry(q->chain, &id, tip > SCAN_BLOCKS_MAX ? tip - SCAN_BLOCKS_MAX : 1, ret);
                if (r == -ENODATA)
                        return not_found(e, "no entry of that id is %s", q->pool && pool_find(q->pool, &id)
                                        ? "in the ledger yet: it waits in the pool"
                                        : "among the newest of the ledger; an older vote is found by its election and voter");
                return r;
        }

        if (json_has(p, "name")) {
                if (json_get_text(p, "name", 1, 64, &name, NULL) != 0)
                        return invalid_parameter(e, "name");
                r = chain_election_by_name(q->chain, name, &i);
                if (r == 0)
                        *ret = i.place;
                if (r != -ENODATA)
                        return r;
                r = chain_board_by_name(q->chain, name, &board);
                if (r == -ENODATA)
                        return not_found(e, "no election and no board is called \"%s\"", name);
                *ret = board.place;
                return r;
        }

        r = query_find_election(q, p, &i, e);
        if (r != 0)
                return r;
        assert(i.definition);
        if (json_get_key(p, "voter", &voter, NULL) != 0)
                return invalid_parameter(e, "voter");
        r = chain_voter(q->chain, &i, &voter, NULL, NULL, &v);
        if (r == V_SIGNER)
                return not_found(e, "that key is on no roll of election \"%s\"", i.definition->name);
        if (r == -ENODATA)
                return not_found(e, "no vote of that key is in the ledger for election \"%s\"", i.definition->name);
        *ret = v.place;
        return r;
}

static int on_get_receipt(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        Json *receipt = NULL;
        Place place = 0;
        int r;

        r = receipt_place(q, p, &place, e);
        if (r != 0)
                return r;
        r = receipt_make(q->chain, place, &receipt);
        if (r == -ENODATA)
                return not_found(e, "block %" PRIu64 " has no entry %u", PLACE_HEIGHT(place), PLACE_POSITION(place));
        if (r < 0)
                return r;
        *ret = json_new_object();
        json_set(*ret, "receipt", receipt);
        json_set_bool(*ret, "final", PLACE_HEIGHT(place) <= q->final_height);
        return 0;
}

static int on_get_block(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        _cleanup_buf_ Buf text = {};
        const char *rest, *line;
        size_t n_rest, n_line;
        int64_t asked = 0;
        uint64_t height;
        Json *lines;
        Id id;
        int r;

        if (json_has(p, "id")) {
                if (json_get_id(p, "id", &id, NULL) != 0)
                        return invalid_parameter(e, "id");
                r = chain_store(q->chain)->ops->block_find(chain_store(q->chain), &id, &height);
                if (r == -ENODATA)
                        return not_found(e, "no block of that id is on the main chain");
                if (r < 0)
                        return r;
        } else {
                if (json_get_int(p, "height", 0, LINE_INT_MAX, &asked, NULL) != 0)
                        return invalid_parameter(e, "height");
                height = (uint64_t) asked;
        }
        if (height == 0 || height > chain_tip(q->chain)->height)
                return not_found(e, "no block of height %" PRIu64 ": the ledger has blocks 1 to %" PRIu64, height, chain_tip(q->chain)->height);

        r = chain_read_block_text(q->chain, height, true, &text);
        if (r < 0)
                return r;
        lines = json_new_array();
        for (rest = text.p, n_rest = text.n; line_next(&rest, &n_rest, &line, &n_line);) {
                _cleanup_free_ char *s = strndup(line, n_line);

                if (!s)
                        break;
                json_add_text(lines, s);
        }
        *ret = json_new_object();
        json_set(*ret, "lines", lines);
        json_set_bool(*ret, "final", height <= q->final_height);
        return 0;
}

static int on_get_log(const QuerySource *q, const Json *p, Json **ret, QueryError *e) {
        _cleanup_json_ Json *blocks = json_new_array();
        int64_t before = 0, max = LOG_DEFAULT;
        uint64_t height = chain_tip(q->chain)->height;

        if (json_has(p, "before") && json_get_int(p, "before", 1, LINE_INT_MAX, &before, NULL) != 0)
                return invalid_parameter(e, "before");
        if (json_has(p, "max") && json_get_int(p, "max", 1, LOG_MAX, &max, NULL) != 0)
                return invalid_parameter(e, "max");
        if (before > 0)
                height = MIN(height, (uint64_t) before - 1);

        for (; height > 0 && max > 0; height--, max--) {
                _cleanup_(stored_block_done) StoredBlock b = {};
                Header h;
                Json *o;
                int r;

                r = chain_store(q->chain)->ops->block_get(chain_store(q->chain), height, &b);
                if (r < 0)
                        return r;
                r = header_parse(&h, chain_genesis(q->chain)->engine->field, b.header, b.n_header, NULL);
                if (r != 0)
                        return r < 0 ? r : -EUCLEAN;
                o = json_new_object();
                json_set_int(o, "height", (int64_t) height);
                json_set_id(o, "id", &b.id);
                json_set_int(o, "time", (int64_t) b.time);
                json_set_int(o, "count", b.count);
                json_set_key(o, "sealer", &h.sealer);
                json_set_bool(o, "final", height <= q->final_height);
                json_add(blocks, o);
        }
        *ret = json_new_object();
        json_set(*ret, "blocks", TAKE_PTR(blocks));
        return 0;
}

static const struct {
        const char *name;
        int (*fn)(const QuerySource *q, const Json *p, Json **ret, QueryError *e);
} queries[] = {
        { INTERFACE "GetAdmins",    on_get_admins    },
        { INTERFACE "GetBlock",     on_get_block     },
        { INTERFACE "GetBoard",     query_get_board  },
        { INTERFACE "GetBoards",    query_get_boards },
        { INTERFACE "GetElection",  on_get_election  },
        { INTERFACE "GetElections", on_get_elections },
        { INTERFACE "GetEntry",     on_get_entry     },
        { INTERFACE "GetGenesis",   on_get_genesis   },
        { INTERFACE "GetLog",       on_get_log       },
        { INTERFACE "GetPending",   on_get_pending   },
        { INTERFACE "GetReceipt",   on_get_receipt   },
        { INTERFACE "GetResults",   query_get_results },
        { INTERFACE "GetRolls",     on_get_rolls     },
        { INTERFACE "GetVoters",    on_get_voters    },
};

int query_call(const QuerySource *q, const char *method, const Json *parameters, Json **ret, QueryError *ret_error) {
        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                if (streq(queries[i].name, method)) {
                        int r;

                        *ret = NULL;
                        r = queries[i].fn(q, parameters, ret, ret_error);
                        return r == 0 && !*ret ? -ENOMEM : r;
                }
        return -ENOSYS;
}
