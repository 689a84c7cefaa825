/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/sealed.h"

#include <stdio.h>

#include "codec/base64.h"
#include "codec/hex.h"

bool board_line_find_seat(const BoardLine *b, const Key *k, unsigned *ret) {
        for (unsigned i = 0; i < b->n_trustees; i++)
                if (key_equal(&b->trustees[i], k)) {
                        *ret = i;
                        return true;
                }
        return false;
}

/* --- readers --- */

/* what is "sealing" or "commitments[3]". */
static int read_element(const char *what, const char *text, Element *ret, Why *why) {
        uint8_t b[32];

        if (hex_decode(b, sizeof(b), text, strlen(text)) != 0)
                return why_set(why, V_FORM, "\"%s\" is not 64 lower-case hexadecimal digits", what);
        if (element_decode(ret, b) != 0)
                return why_set(why, V_PROOF, "\"%s\" is no element of the group, or its identity", what);
        return 0;
}

static int read_bytes(const char *what, const char *text, void *ret, size_t n, Why *why) {
        if (base64_decode(ret, n, text, strlen(text)) != 0)
                return why_set(why, V_FORM, "\"%s\" is not %zu bytes in %zu characters of base64url", what,
                                n, BASE64_LEN(n));
        return 0;
}

#define ITEM_NAME_MAX 48
static const char* item_name(char buf[static ITEM_NAME_MAX], const char *what, size_t i) {
        (void) snprintf(buf, ITEM_NAME_MAX, "%s[%zu]", what, i);
        return buf;
}

int sealed_get_element(const Json *o, const char *key, Element *ret, Why *why) {
        const char *text;
        int r;

        r = json_get_text(o, key, 64, 64, &text, why);
        return r != 0 ? r : read_element(key, text, ret, why);
}

int sealed_at_element(const Json *a, size_t i, const char *what, Element *ret, Why *why) {
        const char *text;
        int r;

        r = json_at_text(a, i, what, 64, 64, &text, why);
        return r != 0 ? r : read_element(item_name((char[ITEM_NAME_MAX]) {}, what, i), text, ret, why);
}

int sealed_get_bytes(const Json *o, const char *key, void *ret, size_t n, Why *why) {
        const char *text;
        int r;

        r = json_get_text(o, key, BASE64_LEN(n), BASE64_LEN(n), &text, why);
        return r != 0 ? r : read_bytes(key, text, ret, n, why);
}

int sealed_at_bytes(const Json *a, size_t i, const char *what, void *ret, size_t n, Why *why) {
        const char *text;
        int r;

        r = json_at_text(a, i, what, BASE64_LEN(n), BASE64_LEN(n), &text, why);
        return r != 0 ? r : read_bytes(item_name((char[ITEM_NAME_MAX]) {}, what, i), text, ret, n, why);
}

int sealed_at_point(const Json *a, size_t i, const char *what, Element *ret, Why *why) {
        uint8_t b[32];
        int r;

        r = sealed_at_bytes(a, i, what, b, sizeof(b), why);
        if (r == 0 && element_decode(ret, b) != 0)
                r = why_set(why, V_PROOF, "\"%s[%zu]\" is no element of the group, or its identity", what, i);
        return r;
}

int sealed_check_engine(const Genesis *g, Why *why) {
        assert(g);

        if (g->engine->seal_is_final)
                return 0;
        return why_set(why, V_DEFINITION,
                        "the engine \"%s\" of this network can undo a block, and the difference of two "
                        "sums is a ballot: sealed elections need \"quorum\"",
                        g->engine->name);
}

/* --- sizes --- */

#define FRAME_BYTES 512         /* kind, ids, signer, signature and the names of members */

size_t sealed_deal_bytes_max(unsigned threshold, unsigned n_trustees) {
        return FRAME_BYTES + threshold * (64 + 3 + BASE64_LEN(KNOWLEDGE_BYTES) + 3) +
               n_trustees * (BASE64_LEN(SEALED_SHARE_BYTES) + 3);
}

size_t sealed_share_bytes_max(const Definition *d) {
        return FRAME_BYTES + 3 * d->n_questions +
               d->n_options * (BASE64_LEN(32) + BASE64_LEN(EQUAL_BYTES) + 8);
}
