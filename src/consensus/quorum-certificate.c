/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/quorum-certificate.h"

#include <inttypes.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"

QuorumCertificate* quorum_certificate_ref(QuorumCertificate *c) {
        assert(c);

        c->n_refs++;
        return c;
}

QuorumCertificate* quorum_certificate_unref(QuorumCertificate *c) {
        if (c && --c->n_refs == 0)
                free(c);
        return NULL;
}

QuorumCertificate* quorum_certificate_new(QuorumKind of, uint64_t view, const Id *block, unsigned n) {
        QuorumCertificate *c;

        c = calloc(1, sizeof(QuorumCertificate) + n * sizeof(struct QuorumSigned));
        if (!c)
                return NULL;
        c->n_refs = 1;
        c->of = of;
        c->view = view;
        c->block = *block;
        return c;
}

bool quorum_certificate_same(const QuorumCertificate *a, const QuorumCertificate *b) {
        return a->of == b->of && a->view == b->view && id_equal(&a->block, &b->block);
}

QuorumStatement quorum_certificate_statement(const QuorumCertificate *cert, unsigned i) {
        assert(i < cert->n);

        return (QuorumStatement) { .kind = cert->of, .view = cert->view, .block = cert->block,
                .signer = cert->signatures[i].number, .signature = cert->signatures[i].signature };
}

static int read_signed(QuorumCertificate *cert, const QuorumConfig *c, const Json *pair, Why *why) {
        struct QuorumSigned *s = cert->signatures + cert->n;
        const char *text;
        int64_t number;
        int r;

        if ((r = json_at_int(pair, 0, "signatures", 0, LINE_INT_MAX, &number, why)) != 0 ||
            (r = json_at_text(pair, 1, "signatures", 0, 2 * sizeof(Signature), &text, why)) != 0)
                return r;
        if ((uint64_t) number >= c->n)
                return why_set(why, V_SEAL, "\"signatures\" has one of authority %" PRIi64 ", the last is %u", number, c->n - 1);
        if (cert->n > 0 && (unsigned) number <= s[-1].number)
                return why_set(why, V_SEAL, "\"signatures\" has authority %" PRIi64 " behind %u, expected ascending numbers, none twice",
                                number, s[-1].number);
        r = base64_decode(s->signature.b, sizeof(s->signature.b), text, strlen(text));
        if (r != 0)
                return why_set(why, V_FORM, "\"signatures\" has \"%s\", expected 64 bytes in base64url", text);

        s->number = (unsigned) number;
        cert->n++;
        return 0;
}

int quorum_certificate_read(QuorumCertificate **ret, const QuorumConfig *c, const Json *o, Why *why) {
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        const char *kind, *of;
        const Json *signatures;
        Id block = {};
        int64_t view;
        int r, k;

        assert(ret);
        assert(c);
        assert(o);

        if ((r = json_get_text(o, "of", 1, LINE_KEY_MAX, &of, why)) != 0)
                return r;
        k = quorum_kind_from_name(of);
        if (k < 0 || k == QUORUM_PROPOSE)
                return why_set(why, V_FORM, "\"of\" is \"%s\", expected \"endorse\", \"finalize\" or \"skip\"", of);
        if (k == QUORUM_SKIP)
                r = json_check_keys(o, JSON_KEYS("kind", "of", "signatures", "view"), why);
        else if ((r = json_check_keys(o, JSON_KEYS("block", "kind", "of", "signatures", "view"), why)) == 0)
                r = json_get_id(o, "block", &block, why);
        if (r != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0 ||
            (r = json_get_int(o, "view", 1, LINE_INT_MAX, &view, why)) != 0 ||
            (r = json_get_array(o, "signatures", 0, AUTHORITIES_MAX, &signatures, why)) != 0)
                return r;
        if (!streq(kind, "certificate"))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"certificate\"", kind);

        cert = quorum_certificate_new((QuorumKind) k, (uint64_t) view, &block, (unsigned) json_len(signatures));
        if (!cert)
                return -ENOMEM;
        for (size_t i = 0; i < json_len(signatures); i++) {
                const Json *pair;

                if ((r = json_at_array(signatures, i, "signatures", 2, 2, &pair, why)) != 0 ||
                    (r = read_signed(cert, c, pair, why)) != 0)
                        return r;
        }
        if (cert->n < c->q)
                return why_set(why, V_SEAL, "a certificate with %u signatures, expected %u of %u authorities", cert->n, c->q, c->n);

        *ret = TAKE_PTR(cert);
        return 0;
}

int quorum_certificate_format(const QuorumCertificate *cert, Buf *ret) {
        char hex[ID_HEX], signature[BASE64_LEN(sizeof(Signature)) + 1];

        assert(cert);
        assert(ret);

        buf_add_char(ret, '{');
        if (cert->of != QUORUM_SKIP)
                buf_printf(ret, "\"block\":\"%s\",", id_hex(&cert->block, hex));
        buf_printf(ret, "\"kind\":\"certificate\",\"of\":\"%s\",\"signatures\":[", quorum_kind_name(cert->of));
        for (unsigned i = 0; i < cert->n; i++) {
                base64_encode(signature, cert->signatures[i].signature.b, sizeof(Signature));
                buf_printf(ret, "%s[%u,\"%s\"]", i > 0 ? "," : "", cert->signatures[i].number, signature);
        }
        buf_printf(ret, "],\"view\":%" PRIu64 "}", cert->view);
        return buf_error(ret);
}

int quorum_certificate_format_seal(const QuorumCertificate *cert, Buf *ret) {
        int r;

        buf_add_text(ret, "{\"certificate\":");
        r = quorum_certificate_format(cert, ret);
        if (r < 0)
                return r;
        buf_add_text(ret, ",\"kind\":\"seal\"}");
        return buf_error(ret);
}

int quorum_certificate_checks(const QuorumCertificate *cert, const QuorumConfig *c, const Id *network, SigCheck *checks,
                size_t n_max, size_t *n) {
        size_t before = *n;

        assert(*n + cert->n <= n_max);

        for (unsigned i = 0; i < cert->n; i++) {
                QuorumStatement s = quorum_certificate_statement(cert, i);
                int r;

                r = quorum_statement_check(&s, c, network, checks + *n);
                if (r < 0) {
                        while (*n > before)
                                sig_check_done(&checks[--*n]);
                        return r;
                }
                ++*n;
        }
        return 0;
}

/* --- seals --- */

int quorum_seal_read(QuorumCertificate **ret, const QuorumConfig *c, const char *seal, size_t n_seal, Why *why) {
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        _cleanup_json_ Json *o = NULL;
        const Json *inner;
        const char *kind;
        int r;

        assert(ret);

        if ((r = line_parse(&o, seal, n_seal, CERTIFICATE_BYTES_MAX, why)) != 0 ||
            (r = json_check_keys(o, JSON_KEYS("certificate", "kind"), why)) != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0)
                return r;
        if (!streq(kind, "seal"))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"seal\"", kind);
        if ((r = json_get_object(o, "certificate", &inner, why)) != 0 ||
            (r = quorum_certificate_read(&cert, c, inner, why)) != 0)
                return r;
        if (cert->of == QUORUM_SKIP)
                return why_set(why, V_SEAL, "a certificate of \"skip\" seals no block");

        *ret = TAKE_PTR(cert);
        return 0;
}

int quorum_seal_judge(const QuorumConfig *c, const Id *network, const Header *h, const char *seal, size_t n_seal,
                SigCheck *checks, size_t n_max, size_t *ret_n, QuorumCertificate **ret_certificate, Why *why) {
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        char a[ID_HEX], b[ID_HEX];
        int r;

        assert(c);
        assert(network);
        assert(h);
        assert(h->field == HEADER_VIEW);
        assert(ret_n);

        *ret_n = 0;
        r = quorum_seal_read(&cert, c, seal, n_seal, why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "seal") : r;

        if (!id_equal(&h->network, network))
                return why_set(why, V_BLOCK, "block of network %s, expected %s", id_hex(&h->network, a), id_hex(network, b));
        if (!id_equal(&cert->block, &h->id))
                return why_set(why, V_SEAL, "seal of block %s stands with block %s", id_hex(&cert->block, a), id_hex(&h->id, b));
        if (cert->view != h->value)
                return why_set(why, V_SEAL, "certificate of view %" PRIu64 " for a block of view %" PRIu64, cert->view, h->value);
        if (!key_equal(&h->sealer, &c->authorities[quorum_leader(c, h->value)]))
                return why_set(why, V_SEAL, "sealer %s is not the leader of view %" PRIu64, key_hex(&h->sealer, a), h->value);

        r = quorum_certificate_checks(cert, c, network, checks, n_max, ret_n);
        if (r < 0)
                return r;
        if (ret_certificate)
                *ret_certificate = TAKE_PTR(cert);
        return 0;
}

int quorum_header_follows(const Header *h, const Header *parent, Why *why) {
        char a[ID_HEX], b[ID_HEX];

        if (!id_equal(&h->parent, &parent->id))
                return why_set(why, V_BLOCK, "its parent is %s, expected %s", id_hex(&h->parent, a), id_hex(&parent->id, b));
        if (h->height != parent->height + 1)
                return why_set(why, V_BLOCK, "its height is %" PRIu64 ", that of its parent %" PRIu64, h->height, parent->height);
        if (h->time < parent->time)
                return why_set(why, V_BLOCK, "its time is %" PRIu64 ", that of its parent %" PRIu64 ": time does not go backwards",
                                h->time, parent->time);
        if (h->value <= parent->value)
                return why_set(why, V_BLOCK, "its view is %" PRIu64 ", expected one above its parent's, %" PRIu64, h->value, parent->value);
        return 0;
}
