/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-config.h"

#include "codec/hex.h"
#include "crypto/sign.h"

int quorum_config_number(const QuorumConfig *c, const Key *k) {
        assert(c);
        assert(k);

        for (unsigned i = 0; i < c->n; i++)
                if (key_equal(&c->authorities[i], k))
                        return (int) i;
        return -1;
}

static int read_authorities(QuorumConfig *c, const Json *o, bool judge, Why *why) {
        const Json *a;
        int r;

        r = json_get_array(o, "authorities", 1, AUTHORITIES_MAX, &a, why);
        if (r != 0)
                return r;

        for (size_t i = 0; i < json_len(a); i++) {
                Key k;

                if ((r = json_at_key(a, i, "authorities", &k, why)) != 0)
                        return r;
                r = judge ? key_check(&k, why) : 0;
                if (r > 0)
                        return why_prefix(why, r, "\"authorities\", item %zu", i);
                if (r < 0)
                        return r;
                if (quorum_config_number(c, &k) >= 0)
                        return why_set(why, V_FORM, "\"authorities\" has %s twice", key_hex(&k, (char[ID_HEX]) {}));
                c->authorities[c->n++] = k;
        }
        return 0;
}

int quorum_config_read(QuorumConfig *ret, const Json *o, bool judge, Why *why) {
        QuorumConfig c = {};
        const char *type;
        int64_t delta;
        int r;

        assert(ret);
        assert(o);

        if ((r = json_check_keys(o, JSON_KEYS("authorities", "delta_ms", "type"), why)) != 0 ||
            (r = json_get_text(o, "type", 1, NAME_BYTES_MAX, &type, why)) != 0 ||
            (r = json_get_int(o, "delta_ms", DELTA_MSEC_MIN, DELTA_MSEC_MAX, &delta, why)) != 0 ||
            (r = read_authorities(&c, o, judge, why)) != 0)
                return r;
        if (!streq(type, "quorum"))
                return why_set(why, V_FORM, "\"type\" is \"%s\", expected \"quorum\"", type);

        c.f = (c.n - 1) / 3;
        c.q = c.n - c.f;
        c.delta_usec = (uint64_t) delta * USEC_PER_MSEC;
        *ret = c;
        return 0;
}

int quorum_config_check(const Json *config, Why *why) {
        QuorumConfig c;

        return quorum_config_read(&c, config, true, why);
}

/* f leaders in a row may be dead, and each costs at most two timers of 8 delta. */
uint32_t quorum_config_grace_least(const Json *config) {
        QuorumConfig c;

        if (quorum_config_read(&c, config, false, NULL) != 0)
                return GRACE_MAX;
        return 30 + (uint32_t) ((16 * c.delta_usec * c.f + USEC_PER_SEC - 1) / USEC_PER_SEC);
}
