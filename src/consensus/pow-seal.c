/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow-seal.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "consensus/pow.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "voted/limits.h"

static int read_nonce(const Json *o, uint64_t *ret, Why *why) {
        const char *text;
        uint8_t b[8];
        int r;

        r = json_get_text(o, "nonce", 16, 16, &text, why);
        if (r != 0)
                return r;
        r = hex_decode(b, sizeof(b), text, 16);
        if (r != 0)
                return why_set(why, V_FORM, "\"nonce\" is \"%s\", expected 16 lower-case hex digits", text);

        *ret = 0;
        for (size_t i = 0; i < sizeof(b); i++)
                *ret = *ret << 8 | b[i];
        return 0;
}

static int read_seal(const char *seal, size_t n, Id *ret_block, uint64_t *ret_nonce, Signature *ret_signature, Why *why) {
        _cleanup_json_ Json *o = NULL;
        const char *kind;
        int r;

        if ((r = line_parse(&o, seal, n, POW_SEAL_BYTES_MAX, why)) != 0 ||
            (r = json_check_keys(o, JSON_KEYS("block", "kind", "nonce", "signature"), why)) != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0)
                return r;
        if (!streq(kind, "seal"))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"seal\"", kind);

        if ((r = json_get_id(o, "block", ret_block, why)) != 0 ||
            (r = read_nonce(o, ret_nonce, why)) != 0)
                return r;
        return json_get_signature(o, "signature", ret_signature, why);
}

int pow_seal_judge(const PowConfig *c, const Id *network, const Header *h, const char *seal, size_t n_seal,
                SigCheck *checks, size_t n_max, size_t *ret_n, Why *why) {
        char a[ID_HEX], b[ID_HEX];
        _cleanup_buf_ Buf message = {};
        SigCheck check = {};
        uint64_t nonce = 0, work;
        Id block;
        int r;

        assert(c);
        assert(network);
        assert(h);
        assert(h->field == HEADER_DIFFICULTY);
        assert(checks);
        assert(n_max > 0);
        assert(ret_n);

        *ret_n = 0;
        r = read_seal(seal, n_seal, &block, &nonce, &check.signature, why);
        if (r > 0)
                return why_prefix(why, r, "seal");
        if (r < 0)
                return r;

        if (!id_equal(&h->network, network))
                return why_set(why, V_BLOCK, "block of network %s, expected %s", id_hex(&h->network, a), id_hex(network, b));
        if (!id_equal(&block, &h->id))
                return why_set(why, V_SEAL, "seal of block %s stands with block %s", id_hex(&block, a), id_hex(&h->id, b));
        if (!pow_config_may_seal(c, &h->sealer))
                return why_set(why, V_SEAL, "sealer %s is none of the network's miners", key_hex(&h->sealer, a));

        work = hash_work(&h->id, nonce);
        if (work > pow_target(h->value))
                return why_set(why, V_SEAL, "nonce %016" PRIx64 " gives %016" PRIx64 ", difficulty %" PRIu64 " asks for at most %016" PRIx64,
                                nonce, work, h->value, pow_target(h->value));

        check.key = h->sealer;
        r = sign_message(&message, "seal", network, seal, n_seal);
        if (r != 0)
                return r;
        check.message = buf_take(&message, &check.n_message);
        if (!check.message)
                return -ENOMEM;
        checks[0] = check;
        *ret_n = 1;
        return 0;
}

int pow_seal_make(const EngineSetup *setup, const Id *block, uint64_t nonce, Buf *ret) {
        _cleanup_buf_ Buf line = {};
        char hex[ID_HEX];
        int r;

        assert(setup);
        assert(setup->sign);
        assert(block);

        buf_printf(&line, "{\"block\":\"%s\",\"kind\":\"seal\",\"nonce\":\"%016" PRIx64 "\"}", id_hex(block, hex), nonce);
        r = buf_error(&line);
        if (r < 0)
                return r;
        r = setup->sign(setup->sign_userdata, "seal", line.p, line.n, ret);
        return r > 0 ? -EIO : r;        /* our own line is well formed */
}
