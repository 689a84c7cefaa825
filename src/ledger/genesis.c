/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/genesis.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "voted/limits.h"

#define RULES 1
#define GRACE_LEAST 60U

typedef struct LimitItem {
        const char *key;
        size_t offset;
        int64_t min, max;
        uint32_t value;         /* where the genesis does not say */
} LimitItem;

static const LimitItem limit_items[] = {
        { "block_bytes", offsetof(Limits, block_bytes), BLOCK_BYTES_MIN, BLOCK_BYTES_MAX, BLOCK_BYTES_DEFAULT },
        { "entry_bytes", offsetof(Limits, entry_bytes), ENTRY_BYTES_MIN, ENTRY_BYTES_MAX, ENTRY_BYTES_DEFAULT },
        { "grace",       offsetof(Limits, grace),       0,               GRACE_MAX,       0                   },
        { "notice",      offsetof(Limits, notice),      0,               NOTICE_MAX,      0                   },
        { "revotes",     offsetof(Limits, revotes),     1,               REVOTES_MAX,     REVOTES_DEFAULT     },
        { "vote_bytes",  offsetof(Limits, vote_bytes),  VOTE_BYTES_MIN,  VOTE_BYTES_MAX,  VOTE_BYTES_DEFAULT  },
};

static uint32_t* limit_of(Limits *l, const LimitItem *i) {
        return (uint32_t *) ((char *) l + i->offset);
}

Genesis* genesis_free(Genesis *g) {
        if (!g)
                return NULL;

        free(g->line);
        free(g->name);
        free(g->admins);
        json_free(g->engine_config);
        free(g);
        return NULL;
}

static int read_admins(Genesis *g, const Json *o, Why *why) {
        const Json *admins, *keys;
        int64_t approvals;
        int r;

        if ((r = json_get_object(o, "admins", &admins, why)) != 0 ||
            (r = json_check_keys(admins, JSON_KEYS("approvals", "keys"), why)) != 0 ||
            (r = json_get_array(admins, "keys", 1, ADMINS_MAX, &keys, why)) != 0 ||
            (r = json_get_int(admins, "approvals", 1, (int64_t) json_len(keys), &approvals, why)) != 0)
                return r;

        g->approvals = (unsigned) approvals;
        g->admins = newN(Key, json_len(keys));
        if (!g->admins)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(keys); i++) {
                Key k;

                if ((r = json_at_key(keys, i, "admins", &k, why)) != 0)
                        return r;
                r = key_check(&k, why);
                if (r > 0)
                        return why_prefix(why, r, "\"admins\", key %zu", i);
                if (r < 0)
                        return r;

                for (size_t j = 0; j < i; j++)
                        if (key_equal(&g->admins[j], &k))
                                return why_set(why, V_FORM, "\"admins\" has %s twice", key_hex(&k, (char[ID_HEX]) {}));
                g->admins[g->n_admins++] = k;
        }
        return 0;
}

static int read_engine(Genesis *g, const Json *o, Why *why) {
        const Json *config;
        const char *type;
        int r;

        if ((r = json_get_object(o, "engine", &config, why)) != 0 ||
            (r = json_get_text(config, "type", 1, NAME_BYTES_MAX, &type, why)) != 0)
                return r;

        g->engine = engine_type_find(type);
        if (!g->engine)
                return why_set(why, V_FORM, "\"engine\" is of type \"%s\", which this program does not know", type);

        r = g->engine->config_check(config, why);
        if (r > 0)
                return why_prefix(why, r, "\"engine\"");
        if (r < 0)
                return r;

        g->engine_config = json_copy_deep(config);
        return g->engine_config ? 0 : -ENOMEM;
}

static int read_limits(Genesis *g, const Json *o, Why *why) {
        uint32_t grace_default = MAX(GRACE_LEAST, g->engine->grace_least(g->engine_config));
        const Json *limits;
        int r;

        if ((r = json_get_object(o, "limits", &limits, why)) != 0 ||
            (r = json_check_keys(limits, JSON_KEYS("block_bytes", "entry_bytes", "grace", "notice", "revotes", "vote_bytes"), why)) != 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(limit_items); i++) {
                const LimitItem *item = &limit_items[i];
                int64_t v = item->value;

                if (json_has(limits, item->key) && (r = json_get_int(limits, item->key, item->min, item->max, &v, why)) != 0)
                        return why_prefix(why, r, "\"limits\"");
                *limit_of(&g->limits, item) = (uint32_t) v;
        }

        if (!json_has(limits, "grace"))
                g->limits.grace = grace_default;
        g->late_votes_may_be_lost = g->limits.grace < grace_default;

        /* What is valid by itself must fit into a block, or it could never enter. */
        if (g->limits.entry_bytes >= g->limits.block_bytes)
                return why_set(why, V_FORM, "\"limits\": \"entry_bytes\" %" PRIu32 " with its newline does not fit \"block_bytes\" %" PRIu32,
                                g->limits.entry_bytes, g->limits.block_bytes);
        if (g->limits.vote_bytes >= g->limits.block_bytes)
                return why_set(why, V_FORM, "\"limits\": \"vote_bytes\" %" PRIu32 " with its newline does not fit \"block_bytes\" %" PRIu32,
                                g->limits.vote_bytes, g->limits.block_bytes);
        return 0;
}

int genesis_parse(Genesis **ret, const char *line, size_t n, Why *why) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_json_ Json *o = NULL;
        const char *kind, *name;
        int64_t rules, created;
        int r;

        assert(ret);
        assert(line);

        r = line_parse(&o, line, n, GENESIS_BYTES_MAX, why);
        if (r != 0)
                return r;

        g = new0(Genesis, 1);
        if (!g)
                return -ENOMEM;

        /* Kind and rules first: a genesis of later rules may have other keys. */
        if ((r = json_get_text(o, "kind", 1, NAME_BYTES_MAX, &kind, why)) != 0)
                return r;
        if (!streq(kind, "genesis"))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"genesis\"", kind);
        if ((r = json_get_int(o, "rules", 1, LINE_INT_MAX, &rules, why)) != 0)
                return r;
        if (rules != RULES)
                return why_set(why, V_VERSION, "\"rules\" is %" PRIi64 ", this program knows %d only: a newer voted is needed", rules, RULES);

        if ((r = json_check_keys(o, JSON_KEYS("admins", "created", "engine", "kind", "limits", "name", "rules"), why)) != 0 ||
            (r = json_get_name(o, "name", &name, why)) != 0 ||
            (r = json_get_int(o, "created", 0, LINE_INT_MAX, &created, why)) != 0 ||
            (r = read_admins(g, o, why)) != 0 ||
            (r = read_engine(g, o, why)) != 0 ||
            (r = read_limits(g, o, why)) != 0)
                return r;

        g->created = (uint64_t) created;
        g->name = strdup(name);
        g->line = strndup(line, n);     /* a canonical line holds no NUL */
        if (!g->name || !g->line)
                return -ENOMEM;
        g->n_line = n;
        hash_bytes(&g->network, line, n);

        *ret = TAKE_PTR(g);
        return 0;
}

int genesis_format(Buf *ret, const char *name, uint64_t created, unsigned approvals, const Key *admins, size_t n_admins,
                const Json *engine_config, const Limits *limits, Why *why) {
        _cleanup_json_ Json *o = NULL;
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_buf_ Buf line = {};
        Json *a, *keys, *l;
        int r;

        assert(ret);
        assert(name);
        assert(admins || n_admins == 0);
        assert(engine_config);

        o = json_new_object();
        a = json_new_object();
        keys = json_new_array();
        for (size_t i = 0; i < n_admins; i++)
                json_add_key(keys, &admins[i]);
        json_set_int(a, "approvals", approvals);
        json_set(a, "keys", keys);
        json_set(o, "admins", a);

        l = json_new_object();
        for (size_t i = 0; limits && i < ELEMENTSOF(limit_items); i++) {
                const LimitItem *item = &limit_items[i];
                Limits copy = *limits;
                uint32_t v = *limit_of(&copy, item), unset = streq(item->key, "grace") ? UINT32_MAX : 0;

                if (v != unset)
                        json_set_int(l, item->key, v);
        }
        json_set(o, "limits", l);

        if (created > (uint64_t) LINE_INT_MAX)
                return why_set(why, V_FORM, "\"created\" is %" PRIu64 ", expected at most %" PRIi64, created, LINE_INT_MAX);
        json_set_int(o, "created", (int64_t) created);
        json_set(o, "engine", json_copy_deep(engine_config));
        json_set_text(o, "kind", "genesis");
        json_set_text(o, "name", name);
        json_set_int(o, "rules", RULES);

        r = json_dump(o, &line);
        if (r < 0)
                return r;

        /* What is made here is judged as what comes from elsewhere. */
        r = genesis_parse(&g, line.p, line.n, why);
        if (r != 0)
                return r;

        buf_add(ret, line.p, line.n);
        return buf_error(ret);
}
