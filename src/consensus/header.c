/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/header.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "codec/json.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "voted/limits.h"

static const char *const field_names[] = {
        [HEADER_DIFFICULTY] = "difficulty",
        [HEADER_VIEW]       = "view",
};

static int read_number(const Json *o, const char *key, int64_t min, int64_t max, uint64_t *ret, Why *why) {
        int64_t v;
        int r;

        r = json_get_int(o, key, min, max, &v, why);
        if (r == 0)
                *ret = (uint64_t) v;
        return r;
}

int header_read(Header *ret, HeaderField field, const char *line, size_t n, Why *why) {
        _cleanup_json_ Json *o = NULL;
        Header h = { .field = field };
        const char *kind;
        uint64_t count;
        int r;

        assert(ret);
        assert(line);
        assert(field < ELEMENTSOF(field_names));

        r = line_parse(&o, line, n, HEADER_BYTES_MAX, why);
        if (r != 0)
                return r;

        if ((r = json_check_keys(o, JSON_KEYS("count", "height", "kind", "network", "parent", "root", "sealer",
                                                "time", field_names[field]), why)) != 0 ||
            (r = json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, why)) != 0)
                return r;
        if (!streq(kind, "block"))
                return why_set(why, V_FORM, "\"kind\" is \"%s\", expected \"block\"", kind);

        if ((r = read_number(o, "count", 0, BLOCK_ENTRIES_MAX, &count, why)) != 0 ||
            (r = read_number(o, "height", 1, HEIGHT_MAX, &h.height, why)) != 0 ||
            (r = read_number(o, "time", 0, LINE_INT_MAX, &h.time, why)) != 0 ||
            (r = read_number(o, field_names[field], 1, LINE_INT_MAX, &h.value, why)) != 0 ||
            (r = json_get_id(o, "network", &h.network, why)) != 0 ||
            (r = json_get_id(o, "parent", &h.parent, why)) != 0 ||
            (r = json_get_id(o, "root", &h.root, why)) != 0 ||
            (r = json_get_key(o, "sealer", &h.sealer, why)) != 0)
                return r;

        h.count = (uint32_t) count;
        hash_bytes(&h.id, line, n);
        *ret = h;
        return 0;
}

int header_parse(Header *ret, HeaderField field, const char *line, size_t n, Why *why) {
        Header h;
        int r;

        assert(ret);

        r = header_read(&h, field, line, n, why);
        if (r != 0)
                return r;
        r = key_check(&h.sealer, why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "\"sealer\"") : r;
        *ret = h;
        return 0;
}

int header_format(const Header *h, Buf *ret) {
        char network[ID_HEX], parent[ID_HEX], root[ID_HEX], sealer[ID_HEX];

        assert(h);
        assert(ret);

        buf_printf(ret, "{\"count\":%" PRIu32, h->count);
        if (h->field == HEADER_DIFFICULTY)
                buf_printf(ret, ",\"difficulty\":%" PRIu64, h->value);
        buf_printf(ret,
                   ",\"height\":%" PRIu64 ",\"kind\":\"block\",\"network\":\"%s\",\"parent\":\"%s\",\"root\":\"%s\","
                   "\"sealer\":\"%s\",\"time\":%" PRIu64,
                   h->height, id_hex(&h->network, network), id_hex(&h->parent, parent), id_hex(&h->root, root),
                   key_hex(&h->sealer, sealer), h->time);
        if (h->field == HEADER_VIEW)
                buf_printf(ret, ",\"view\":%" PRIu64, h->value);
        buf_add_char(ret, '}');
        return buf_error(ret);
}

int header_set_id(Header *h) {
        _cleanup_buf_ Buf line = {};
        int r;

        assert(h);

        r = header_format(h, &line);
        if (r < 0)
                return r;

        hash_bytes(&h->id, line.p, line.n);
        return 0;
}
