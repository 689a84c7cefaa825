/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-statement.h"

#include <inttypes.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/sign.h"

static const char *const names[_QUORUM_KIND_MAX] = {
        [QUORUM_PROPOSE]  = "propose",
        [QUORUM_ENDORSE]  = "endorse",
        [QUORUM_FINALIZE] = "finalize",
        [QUORUM_SKIP]     = "skip",
};

const char* quorum_kind_name(QuorumKind k) {
        assert(k < _QUORUM_KIND_MAX);

        return names[k];
}

int quorum_kind_from_name(const char *name) {
        assert(name);

        for (int k = 0; k < _QUORUM_KIND_MAX; k++)
                if (streq(names[k], name))
                        return k;
        return -1;
}

bool quorum_statement_equal(const QuorumStatement *a, const QuorumStatement *b) {
        return a->kind == b->kind && a->signer == b->signer && a->view == b->view && id_equal(&a->block, &b->block);
}

int quorum_statement_read(QuorumStatement *ret, const QuorumConfig *c, QuorumKind kind, const Json *o, Why *why) {
        QuorumStatement s = { .kind = kind };
        const char *text;
        int64_t view;
        int r, number;
        Key signer;

        assert(ret);
        assert(c);

        if (kind == QUORUM_SKIP)
                r = json_check_keys(o, JSON_KEYS("kind", "signature", "signer", "view"), why);
        else if ((r = json_check_keys(o, JSON_KEYS("block", "kind", "signature", "signer", "view"), why)) == 0)
                r = json_get_id(o, "block", &s.block, why);
        if (r != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &text, why)) != 0 ||
            (r = json_get_int(o, "view", 1, LINE_INT_MAX, &view, why)) != 0 ||
            (r = json_get_key(o, "signer", &signer, why)) != 0 ||
            (r = json_get_signature(o, "signature", &s.signature, why)) != 0)
                return r;
        if (!streq(text, names[kind]))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"%s\"", text, names[kind]);

        number = quorum_config_number(c, &signer);
        if (number < 0)
                return why_set(why, V_PROTOCOL, "signer %s is none of the network's authorities",
                                key_hex(&signer, (char[ID_HEX]) {}));
        s.signer = (unsigned) number;
        s.view = (uint64_t) view;
        *ret = s;
        return 0;
}

static void format(const QuorumStatement *s, const QuorumConfig *c, bool signed_too, Buf *ret) {
        char hex[ID_HEX], signature[BASE64_LEN(sizeof(Signature)) + 1];

        assert(s->signer < c->n);

        buf_add_char(ret, '{');
        if (s->kind != QUORUM_SKIP)
                buf_printf(ret, "\"block\":\"%s\",", id_hex(&s->block, hex));
        buf_printf(ret, "\"kind\":\"%s\",", names[s->kind]);
        if (signed_too) {
                base64_encode(signature, s->signature.b, sizeof(s->signature.b));
                buf_printf(ret, "\"signature\":\"%s\",", signature);
        }
        buf_printf(ret, "\"signer\":\"%s\",\"view\":%" PRIu64 "}", key_hex(&c->authorities[s->signer], hex), s->view);
}

int quorum_statement_format(const QuorumStatement *s, const QuorumConfig *c, Buf *ret) {
        format(s, c, true, ret);
        return buf_error(ret);
}

int quorum_statement_check(const QuorumStatement *s, const QuorumConfig *c, const Id *network, SigCheck *ret) {
        _cleanup_buf_ Buf message = {};
        char hex[ID_HEX];

        /* sign_message() of the line, without making the line first: a certificate has a hundred of them. */
        buf_printf(&message, "voted %s 1\n%s\n", names[s->kind], id_hex(network, hex));
        format(s, c, false, &message);
        *ret = (SigCheck) { .key = c->authorities[s->signer], .signature = s->signature };
        ret->message = buf_take(&message, &ret->n_message);
        return ret->message ? 0 : -ENOMEM;
}

int quorum_statement_sign(QuorumStatement *s, const QuorumConfig *c, const EngineSetup *setup) {
        _cleanup_buf_ Buf line = {}, signed_line = {};
        _cleanup_json_ Json *o = NULL;
        int r;

        assert(setup->sign);

        format(s, c, false, &line);
        r = buf_error(&line);
        if (r < 0)
                return r;
        r = setup->sign(setup->sign_userdata, names[s->kind], line.p, line.n, &signed_line);
        if (r == 0)
                r = line_parse(&o, signed_line.p, signed_line.n, QUORUM_STATEMENT_BYTES_MAX, NULL);
        if (r == 0)
                r = json_get_signature(o, "signature", &s->signature, NULL);
        return r > 0 ? -EIO : r;        /* our own line is well formed */
}
