/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/receipt.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"
#include "voted/limits.h"

/* --- making --- */

typedef struct Ids {
        Id *items;
        size_t n, room;
} Ids;

static int add_id(void *userdata, Place place, int kind, const char *line, size_t n) {
        Ids *ids = ASSERT_PTR(userdata);

        (void) place;
        (void) kind;

        if (ids->n == ids->room)
                return -EUCLEAN;
        hash_bytes(&ids->items[ids->n++], line, n);
        return 0;
}

static int add_path(Chain *c, Place place, uint32_t count, Json *o) {
        Store *s = chain_store(c);
        Id path[MERKLE_PATH_MAX];
        Ids ids = { .room = count };
        Json *a;
        size_t n;
        int r;

        ids.items = newN(Id, count);
        if (!ids.items)
                return -ENOMEM;

        r = s->ops->entry_each(s, PLACE(PLACE_HEIGHT(place), 0), PLACE(PLACE_HEIGHT(place) + 1, 0),
                        STORE_KIND_ALL, add_id, &ids);
        if (r == 0 && ids.n != count)
                r = -EUCLEAN;
        if (r == 0) {
                n = merkle_path(path, ids.items, ids.n, PLACE_POSITION(place));
                a = json_new_array();
                for (size_t i = 0; i < n; i++)
                        json_add_id(a, &path[i]);
                json_set(o, "path", a);
        }
        free(ids.items);
        return r;
}

/* Whether the seal shows by itself that its block, and so all below it, is final. */
static bool is_final(const Genesis *g, const char *seal, size_t n) {
        return g->engine->seal_is_final && g->engine->seal_is_final(seal, n);
}

int receipt_make(Chain *c, Place place, Json **ret) {
        _cleanup_json_ Json *o = NULL, *headers = NULL, *seals = NULL;
        _cleanup_buf_ Buf line = {};
        uint64_t height = PLACE_HEIGHT(place), last;
        Store *s;
        int r;

        assert(c);
        assert(ret);

        s = chain_store(c);
        if (height == 0 || height > chain_tip(c)->height)
                return -ENODATA;
        r = s->ops->entry_get(s, place, NULL, &line);
        if (r < 0)
                return r;

        o = json_new_object();
        headers = json_new_array();
        seals = json_new_array();
        if (!o || !headers || !seals)
                return -ENOMEM;

        last = MIN(chain_tip(c)->height, height + RECEIPT_HEADERS_MAX - 1);
        for (uint64_t h = height; h <= last; h++) {
                StoredBlock b = {};

                r = s->ops->block_get(s, h, &b);
                if (r < 0)
                        return r == -ENODATA ? -EUCLEAN : r;
                json_add_text(headers, b.header);
                json_add_text(seals, b.seal);
                if (is_final(chain_genesis(c), b.seal, b.n_seal))
                        last = h;
                if (h == height)
                        r = add_path(c, place, b.count, o);
                stored_block_done(&b);
                if (r < 0)
                        return r;
        }

        json_set_text(o, "genesis", chain_genesis(c)->line);
        json_set_text(o, "entry", line.p);
        json_set_int(o, "height", (int64_t) height);
        json_set_int(o, "position", PLACE_POSITION(place));
        json_set(o, "headers", TAKE_PTR(headers));
        json_set(o, "seals", TAKE_PTR(seals));

        *ret = TAKE_PTR(o);
        return 0;
}

/* --- checking --- */

/* The chain of a verifier that has no ledger: it knows the network, and nothing that stands on it. */
static int nothing_at(void *userdata, uint64_t height, Header *ret) {
        (void) userdata;
        (void) height;
        (void) ret;

        return -ENODATA;
}

static int height_of_network(void *userdata, const Id *id, uint64_t *ret) {
        const Genesis *g = ASSERT_PTR(userdata);

        if (!id_equal(id, &g->network))
                return -ENODATA;
        *ret = 0;
        return 0;
}

static int check_seal(Engine *engine, const Header *h, const char *seal, Why *why) {
        _cleanup_free_ SigCheck *checks = NULL;
        size_t n = 0;
        int r;

        checks = new0(SigCheck, ENGINE_SIGNATURES_MAX);
        if (!checks)
                return -ENOMEM;

        r = engine->type->check_seal(
                        engine, h, seal, strlen(seal), checks, ENGINE_SIGNATURES_MAX, &n, why);
        if (r == V_ORPHAN)      /* all is good that a seal shows by itself */
                r = 0;
        for (size_t i = 0; i < n; i++) {
                if (r == 0) {
                        sig_check_run(&checks[i]);
                        if (!checks[i].valid)
                                r = why_set(why, V_SEAL, "a signature in the seal does not verify");
                }
                sig_check_done(&checks[i]);
        }
        return r > 0 ? why_prefix(why, r, "block %" PRIu64, h->height) : r;
}

static int check_header(const Genesis *g, const Header *h, const Header *parent, Why *why) {
        if (!id_equal(&h->network, &g->network))
                return why_set(why, V_NETWORK,
                                "the header of block %" PRIu64 " is of another network", h->height);
        if (!parent)
                return 0;
        if (h->height != parent->height + 1 || !id_equal(&h->parent, &parent->id))
                return why_set(why, V_BLOCK,
                                "the header of block %" PRIu64
                                " does not follow that of block %" PRIu64,
                                h->height, parent->height);
        if (h->time < parent->time)
                return why_set(why, V_BLOCK, "block %" PRIu64 " is earlier than its parent",
                                h->height);
        return 0;
}

static int check_headers(
                const Genesis *g, const Json *o, Header *ret_first, ReceiptFacts *ret, Why *why) {
        EngineSetup setup = {
                .network = g->network,
                .created = g->created,
                .chain = { .userdata = (void *) g,
                                .header_at = nothing_at,
                                .height_of = height_of_network },
        };
        const Json *headers, *seals;
        Engine *engine = NULL;
        Header parent = {};
        int r;

        if ((r = json_get_array(o, "headers", 1, RECEIPT_HEADERS_MAX, &headers, why)) != 0 ||
                        (r = json_get_array(o, "seals", json_len(headers), json_len(headers),
                                         &seals, why)) != 0)
                return r;

        r = g->engine->new(&engine, g->engine_config, &setup);
        if (r < 0)
                return r;

        for (size_t i = 0; r == 0 && i < json_len(headers); i++) {
                const char *header, *seal;
                Header h;

                if ((r = json_at_text(headers, i, "headers", 1, HEADER_BYTES_MAX, &header, why)) !=
                                                0 ||
                                (r = json_at_text(seals, i, "seals", 1, SEAL_BYTES_MAX, &seal,
                                                 why)) != 0 ||
                                (r = header_parse(&h, g->engine->field, header, strlen(header),
                                                 why)) != 0 ||
                                (r = check_header(g, &h, i > 0 ? &parent : NULL, why)) != 0 ||
                                (r = check_seal(engine, &h, seal, why)) != 0)
                        break;
                if (i == 0)
                        *ret_first = h;
                ret->final = ret->final || is_final(g, seal, strlen(seal));
                parent = h;
        }

        engine->type->free(engine);
        ret->depth = (unsigned) json_len(headers);
        return r;
}

static int check_path(
                const Json *o, const Header *h, const Entry *e, uint32_t *ret_position, Why *why) {
        Id path[MERKLE_PATH_MAX];
        int64_t height, position;
        const Json *a;
        int r;

        if ((r = json_get_int(o, "height", 1, (int64_t) HEIGHT_MAX, &height, why)) != 0 ||
            (r = json_get_int(o, "position", 0, BLOCK_COUNT_MAX, &position, why)) != 0 ||
            (r = json_get_array(o, "path", 0, MERKLE_PATH_MAX, &a, why)) != 0)
                return r;
        for (size_t i = 0; i < json_len(a); i++)
                if ((r = json_at_id(a, i, "path", &path[i], why)) != 0)
                        return r;

        if ((uint64_t) height != h->height)
                return why_set(why, V_BLOCK,
                                "\"height\" is %" PRIi64 ", the first header is of block %" PRIu64,
                                height, h->height);
        if (position >= h->count || !merkle_verify(&h->root, &e->id, (size_t) position, h->count,
                                                    path, json_len(a)))
                return why_set(why, V_BLOCK,
                                "the path does not lead from the entry to the root of block "
                                "%" PRIu64,
                                h->height);

        *ret_position = (uint32_t) position;
        return 0;
}

static int read_genesis(const Json *receipt, const Id *network, Genesis **ret, Why *why) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        const char *line;
        int r;

        if ((r = json_check_keys(receipt,
                             JSON_KEYS("entry", "genesis", "headers", "height", "path", "position",
                                             "seals"),
                             why)) != 0 ||
                        (r = json_get_text(receipt, "genesis", 1, GENESIS_BYTES_MAX, &line, why)) !=
                                        0)
                return r;
        r = genesis_parse(&g, line, strlen(line), why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "genesis") : r;

        if (!id_equal(&g->network, network))
                return why_set(why, V_NETWORK, "the receipt is of network %s, expected %s",
                                id_hex(&g->network, (char[ID_HEX]) {}),
                                id_hex(network, (char[ID_HEX]) {}));
        *ret = TAKE_PTR(g);
        return 0;
}

static int read_entry(const Json *receipt, const Genesis *g, Entry **ret, Why *why) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        const char *line;
        int r;

        r = json_get_text(receipt, "entry", 1, MAX(ENTRY_BYTES_MAX, VOTE_BYTES_MAX), &line, why);
        if (r != 0)
                return r;
        r = entry_parse(&e, g, line, strlen(line), why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "entry") : r;

        r = sign_verify_line(&e->signer, entry_kind_name(e->kind), &g->network, e->line, e->n_line,
                        &e->signature);
        if (r != 0)
                return r > 0 ? why_set(why, r, "the entry's signature does not verify") : r;
        *ret = TAKE_PTR(e);
        return 0;
}

int receipt_verify(const Json *receipt, const Id *network, ReceiptFacts *ret, Why *why) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_(entry_unrefp) Entry *e = NULL;
        ReceiptFacts facts = {};
        Header first = {};
        int r;

        assert(network);
        assert(ret);

        if (!receipt || !json_is_obj(receipt))
                return why_set(why, V_FORM, "a receipt is an object");
        if ((r = read_genesis(receipt, network, &g, why)) != 0 ||
            (r = read_entry(receipt, g, &e, why)) != 0 ||
            (r = check_headers(g, receipt, &first, &facts, why)) != 0 ||
            (r = check_path(receipt, &first, e, &facts.position, why)) != 0)
                return r;

        facts.network = g->network;
        facts.entry = e->id;
        facts.block = first.id;
        facts.signer = e->signer;
        facts.height = first.height;
        facts.time = first.time;
        (void) snprintf(facts.kind, sizeof(facts.kind), "%s", entry_kind_name(e->kind));
        if (e->kind == ENTRY_VOTE) {
                facts.seq = e->vote.seq;
                facts.election = e->vote.election;
        }
        *ret = facts;
        return 0;
}
