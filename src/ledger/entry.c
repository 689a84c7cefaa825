/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ledger/entry.h"

#include <inttypes.h>

#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "ledger/entry-type.h"

static const EntryType *const entry_types[] = {
        [ENTRY_ROLL]     = &entry_type_roll,
        [ENTRY_ELECTION] = &entry_type_election,
        [ENTRY_APPROVE]  = &entry_type_approve,
        [ENTRY_WITHDRAW] = &entry_type_withdraw,
        [ENTRY_ADMINS]   = &entry_type_admins,
        [ENTRY_DRAW]     = &entry_type_draw,
        [ENTRY_VOTE]     = &entry_type_vote,
        [ENTRY_TRUSTEE]  = &entry_type_trustee,
        [ENTRY_BOARD]    = &entry_type_board,
        [ENTRY_DEAL]     = &entry_type_deal,
        [ENTRY_CONFIRM]  = &entry_type_confirm,
        [ENTRY_OBJECT]   = &entry_type_object,
        [ENTRY_SHARE]    = &entry_type_share,
};
_Static_assert(ELEMENTSOF(entry_types) == _ENTRY_KIND_MAX, "a row for every kind");
_Static_assert((int) ENTRY_VOTE == STORE_KIND_VOTE, "the store knows which kind is many");

const EntryType* entry_type(EntryKind k) {
        assert(k < _ENTRY_KIND_MAX);

        return entry_types[k];
}

const char* entry_kind_name(EntryKind k) {
        return k < _ENTRY_KIND_MAX ? entry_types[k]->name : "unknown";
}

bool entry_kind_administers(EntryKind k) {
        return k < _ENTRY_KIND_MAX && entry_types[k]->administers;
}

Entry* entry_ref(Entry *e) {
        assert(e);
        assert(e->refs > 0);

        e->refs++;
        return e;
}

Entry* entry_unref(Entry *e) {
        if (!e)
                return NULL;
        assert(e->refs > 0);
        if (--e->refs > 0)
                return NULL;

        if (entry_types[e->kind]->done)
                entry_types[e->kind]->done(e);
        free(e);
        return NULL;
}

static int read_kind(Entry *e, const Json *o, Why *why) {
        const char *name;
        int r;

        r = json_get_text(o, "kind", 1, NAME_BYTES_MAX, &name, why);
        if (r != 0)
                return r;

        for (EntryKind k = 0; k < _ENTRY_KIND_MAX; k++)
                if (streq(entry_types[k]->name, name)) {
                        e->kind = k;
                        return 0;
                }
        return why_set(why, V_FORM,
                        "\"kind\" is \"%s\", which is no kind of entry that this program knows",
                        name);
}

static int read_tree(Entry *e, const Json *o, const Genesis *g, size_t n, Why *why) {
        const EntryType *t;
        uint32_t bytes_max;
        int r;

        r = read_kind(e, o, why);
        if (r != 0)
                return r;

        t = entry_types[e->kind];
        bytes_max = *(const uint32_t *) ((const char *) &g->limits + t->limit);
        if (n > bytes_max)
                return why_set(why, V_SIZE,
                                "%s of %zu bytes, at most %" PRIu32 " are allowed in this network",
                                t->name, n, bytes_max);

        if ((r = json_get_key(o, "signer", &e->signer, why)) != 0 ||
            (r = json_get_signature(o, "signature", &e->signature, why)) != 0)
                return r;
        return t->parse(e, o, g, why);
}

int entry_parse(Entry **ret, const Genesis *g, const char *line, size_t n, Why *why) {
        Entry *e;
        int r;

        assert(ret);

        r = entry_parse_known(&e, g, &(Id) {}, line, n, why);
        if (r != 0)
                return r;
        hash_bytes(&e->id, line, n);
        *ret = e;
        return 0;
}

int entry_parse_known(
                Entry **ret, const Genesis *g, const Id *id, const char *line, size_t n, Why *why) {
        _cleanup_(entry_unrefp) Entry *e = NULL;
        _cleanup_json_ Json *o = NULL;
        size_t bytes_max;
        int r;

        assert(ret);
        assert(g);
        assert(id);
        assert(line);

        bytes_max = MAX(g->limits.entry_bytes, g->limits.vote_bytes);
        if (n > bytes_max)
                return why_set(why, V_SIZE,
                                "entry of %zu bytes, at most %zu are allowed in this network", n,
                                bytes_max);

        e = malloc(sizeof(Entry) + n + 1);
        if (!e)
                return -ENOMEM;
        *e = (Entry) { .refs = 1, .kind = ENTRY_VOTE, .id = *id, .line = (char *) (e + 1), .n_line = n };

        r = line_check(line, n, bytes_max, n / LINE_VALUES_PER_BYTE + 1, why);
        if (r != 0)
                return r;

        if (n > g->limits.vote_bytes || vote_parse_canonical(e, line, n) != 0) {
                r = line_parse(&o, line, n, bytes_max, why);
                if (r != 0)
                        return r;
                r = read_tree(e, o, g, n, why);
                if (r != 0)
                        return r;
        }

        memcpy(e->line, line, n);
        e->line[n] = 0;

        *ret = TAKE_PTR(e);
        return 0;
}

int entry_check_keys(Entry *e, Why *why) {
        int r;

        assert(e);

        if (e->kind != ENTRY_ROLL || e->content_checked)
                return 0;

        r = roll_check_keys(e->roll.roll, 0, SIZE_MAX, why);
        if (r != 0)
                return r;

        e->content_checked = true;
        return 0;
}

int entry_sig_check(const Entry *e, const Genesis *g, SigCheck *ret) {
        _cleanup_buf_ Buf message = {};
        size_t n;
        char *p;
        int r;

        assert(e);
        assert(g);
        assert(ret);

        if (!buf_reserve(&message,
                            e->n_line + 128)) /* domain and network id: one allocation does */
                return -ENOMEM;
        r = sign_message(&message, entry_types[e->kind]->name, &g->network, e->line, e->n_line);
        if (r != 0)
                return r;
        p = buf_take(&message, &n);
        if (!p)
                return -ENOMEM;

        *ret = (SigCheck) {
                .key = e->signer,
                .signature = e->signature,
                .message = p,
                .n_message = n,
        };
        return 0;
}
