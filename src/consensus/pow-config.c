/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow-config.h"

#include "codec/hex.h"
#include "crypto/sign.h"
#include "voted/limits.h"

void pow_config_done(PowConfig *c) {
        assert(c);

        free(c->miners);
        *c = (PowConfig) {};
}

bool pow_config_may_seal(const PowConfig *c, const Key *k) {
        assert(c);
        assert(k);

        if (c->n_miners == 0)
                return true;
        for (size_t i = 0; i < c->n_miners; i++)
                if (key_equal(&c->miners[i], k))
                        return true;
        return false;
}

static int read_miners(PowConfig *c, const Json *o, bool judge, Why *why) {
        const Json *a;
        int r;

        if (!json_has(o, "miners"))
                return 0;

        r = json_get_array(o, "miners", 1, MINERS_MAX, &a, why);
        if (r != 0)
                return r;

        c->miners = newN(Key, json_len(a));
        if (!c->miners)
                return -ENOMEM;

        for (size_t i = 0; i < json_len(a); i++) {
                Key k;

                if ((r = json_at_key(a, i, "miners", &k, why)) != 0)
                        return r;
                r = judge ? key_check(&k, why) : 0;
                if (r > 0)
                        return why_prefix(why, r, "\"miners\", item %zu", i);
                if (r < 0)
                        return r;
                if (judge && i > 0 && pow_config_may_seal(c, &k))
                        return why_set(why, V_FORM, "\"miners\" has %s twice", key_hex(&k, (char[ID_HEX]) {}));
                c->miners[c->n_miners++] = k;
        }
        return 0;
}

int pow_config_read(PowConfig *ret, const Json *o, bool judge, Why *why) {
        _cleanup_(pow_config_done) PowConfig c = {};
        int64_t difficulty, interval, confirmations;
        const char *type;
        int r;

        assert(ret);
        assert(o);

        if ((r = json_check_keys(o, JSON_KEYS("confirmations", "difficulty", "interval", "miners", "type"), why)) != 0 ||
            (r = json_get_text(o, "type", 1, NAME_BYTES_MAX, &type, why)) != 0 ||
            (r = json_get_int(o, "difficulty", 1, LINE_INT_MAX, &difficulty, why)) != 0 ||
            (r = json_get_int(o, "interval", 1, INTERVAL_MAX, &interval, why)) != 0 ||
            (r = json_get_int(o, "confirmations", 1, CONFIRMATIONS_MAX, &confirmations, why)) != 0 ||
            (r = read_miners(&c, o, judge, why)) != 0)
                return r;
        if (!streq(type, "pow"))
                return why_set(why, V_FORM, "\"type\" is \"%s\", expected \"pow\"", type);

        c.difficulty = (uint64_t) difficulty;
        c.interval = (uint64_t) interval;
        c.confirmations = (unsigned) confirmations;
        *ret = c;
        c = (PowConfig) {};
        return 0;
}

int pow_config_check(const Json *config, Why *why) {
        _cleanup_(pow_config_done) PowConfig c = {};

        return pow_config_read(&c, config, true, why);
}

uint32_t pow_config_grace_least(const Json *config) {
        int64_t interval;

        if (json_get_int(config, "interval", 1, INTERVAL_MAX, &interval, NULL) != 0)
                interval = INTERVAL_MAX;
        return 30 + 10 * (uint32_t) interval;
}
