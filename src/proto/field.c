/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/hostname.h"
#include "proto/field.h"
#include "voted/limits.h"

#define VALUE(m, f, type) ((type *) ((char *) (m) + (f)->at))
#define VALUE_CONST(m, f, type) ((type const *) ((const char *) (m) + (f)->at))
#define COUNT(m, f) ((size_t *) ((char *) (m) + (f)->at_n))
#define COUNT_CONST(m, f) ((const size_t *) ((const char *) (m) + (f)->at_n))

bool field_is_array(const Field *f) {
        switch (f->type) {

        case FIELD_IDS:
        case FIELD_KEYS:
        case FIELD_PEERS:
        case FIELD_ELECTIONS:
                return true;

        case FIELD_INT:
        case FIELD_VERSION:
        case FIELD_TRUE:
        case FIELD_ID:
        case FIELD_KEY:
        case FIELD_TEXT:
        case FIELD_NAME:
        case FIELD_HOST:
        case FIELD_OBJECT:
                return false;
        }
        return false;
}

static int read_int(const Field *f, const Json *o, Message *m, Why *why) {
        int64_t v;
        int r;

        if (f->type == FIELD_VERSION) {
                r = json_get_int(o, f->key, 0, LINE_INT_MAX, &v, why);
                if (r == 0 && (uint64_t) v != f->max)
                        return why_set(why, V_VERSION, "version %" PRIi64 " of the protocol came, this node speaks %" PRIu64,
                                        v, f->max);
        } else
                r = json_get_int(o, f->key, (int64_t) f->min, (int64_t) f->max, &v, why);
        if (r != 0)
                return r;

        *VALUE(m, f, uint64_t) = (uint64_t) v;
        return 0;
}

static int read_true(const Field *f, const Json *o, Why *why) {
        bool yes;
        int r;

        r = json_get_bool(o, f->key, &yes, why);
        if (r == 0 && !yes)
                return why_set(why, V_FORM, "\"%s\" is false, expected true or no such member", f->key);
        return r;
}

static int check_host(const char *host, const char *key, Why *why) {
        if (!hostname_is_valid(host))
                return why_set(why, V_FORM, "\"%s\" is neither a host name nor an address", key);
        return 0;
}

static int read_host(const Field *f, const Json *o, Message *m, Why *why) {
        const char *host;
        int r;

        r = json_get_text(o, f->key, 1, HOST_BYTES_MAX, &host, why);
        if (r == 0)
                r = check_host(host, f->key, why);
        if (r != 0)
                return r;

        *VALUE(m, f, const char *) = host;
        return 0;
}

static int read_peer(const Json *a, size_t i, const char *key, MessagePeer *ret, Why *why) {
        const Json *o;
        int64_t port;
        int r;

        r = json_at_object(a, i, key, &o, why);
        if (r == 0)
                r = json_get_key(o, "key", &ret->key, why);
        if (r == 0)
                r = json_get_text(o, "host", 1, HOST_BYTES_MAX, &ret->host, why);
        if (r == 0)
                r = check_host(ret->host, "host", why);
        if (r == 0)
                r = json_get_int(o, "port", 1, UINT16_MAX, &port, why);
        if (r == 0)
                r = json_check_keys(o, JSON_KEYS("host", "key", "port"), why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "\"%s\"[%zu]", key, i) : r;

        ret->port = (uint16_t) port;
        return 0;
}

static int read_election(const Json *a, size_t i, const char *key, MessageElection *ret, Why *why) {
        int64_t opens, closes;
        const Json *e;
        int r;

        r = json_at_array(a, i, key, 5, 5, &e, why);
        if (r == 0)
                r = json_at_text(e, 0, "name", 1, NAME_BYTES_MAX, &ret->name, why);
        if (r == 0)
                r = json_at_id(e, 1, "id", &ret->id, why);
        if (r == 0)
                r = json_at_text(e, 2, "state", 1, NAME_BYTES_MAX, &ret->state, why);
        if (r == 0)
                r = json_at_int(e, 3, "opens", 0, LINE_INT_MAX, &opens, why);
        if (r == 0)
                r = json_at_int(e, 4, "closes", 0, LINE_INT_MAX, &closes, why);
        if (r != 0)
                return r > 0 ? why_prefix(why, r, "\"%s\"[%zu]", key, i) : r;

        ret->opens = (uint64_t) opens;
        ret->closes = (uint64_t) closes;
        return 0;
}

static size_t item_size(const Field *f) {
        return f->type == FIELD_IDS ? sizeof(Id) :
                f->type == FIELD_KEYS ? sizeof(Key) :
                f->type == FIELD_PEERS ? sizeof(MessagePeer) : sizeof(MessageElection);
}

/* The list was cut out: an empty one stands in its place. */
static int take_ids(const Field *f, const Json *o, IdList *ids, Message *m, Why *why) {
        int r;

        r = json_get_array(o, f->key, 0, 0, NULL, why);
        if (r != 0)
                return r;
        if (ids->n < f->min || ids->n > f->max)
                return why_set(why, V_FORM, "\"%s\" has %zu items, expected %" PRIu64 " to %" PRIu64, f->key, ids->n,
                                f->min, f->max);

        *VALUE(m, f, Id *) = TAKE_PTR(ids->ids);
        *COUNT(m, f) = ids->n;
        return 0;
}

static int read_array(const Field *f, const Json *o, Message *m, Why *why) {
        _cleanup_free_ void *items = NULL;
        const Json *a;
        size_t n;
        int r;

        r = json_get_array(o, f->key, f->min, f->max, &a, why);
        if (r != 0)
                return r;

        n = json_len(a);
        items = calloc(n + 1, item_size(f));
        if (!items)
                return -ENOMEM;

        for (size_t i = 0; i < n && r == 0; i++)
                if (f->type == FIELD_IDS)
                        r = json_at_id(a, i, f->key, (Id *) items + i, why);
                else if (f->type == FIELD_KEYS)
                        r = json_at_key(a, i, f->key, (Key *) items + i, why);
                else if (f->type == FIELD_PEERS)
                        r = read_peer(a, i, f->key, (MessagePeer *) items + i, why);
                else
                        r = read_election(a, i, f->key, (MessageElection *) items + i, why);
        if (r != 0)
                return r;

        *VALUE(m, f, void *) = TAKE_PTR(items);
        *COUNT(m, f) = n;
        return 0;
}

int field_read(const Field *f, const Json *o, IdList *ids, Message *m, Why *why) {
        if (f->optional && !json_has(o, f->key)) {
                if (f->type == FIELD_INT)
                        *VALUE(m, f, uint64_t) = f->absent;
                return 0;               /* everything else is zero already */
        }

        switch (f->type) {

        case FIELD_INT:
        case FIELD_VERSION:
                return read_int(f, o, m, why);

        case FIELD_TRUE:
                return read_true(f, o, why);

        case FIELD_ID:
                return json_get_id(o, f->key, VALUE(m, f, Id), why);

        case FIELD_KEY:
                return json_get_key(o, f->key, VALUE(m, f, Key), why);

        case FIELD_TEXT:
                return json_get_text(o, f->key, f->min, f->max, VALUE(m, f, const char *), why);

        case FIELD_NAME:
                return json_get_name(o, f->key, VALUE(m, f, const char *), why);

        case FIELD_HOST:
                return read_host(f, o, m, why);

        case FIELD_IDS:
                if (ids->ids && streq(ids->key, f->key))
                        return take_ids(f, o, ids, m, why);
                return read_array(f, o, m, why);

        case FIELD_KEYS:
        case FIELD_PEERS:
        case FIELD_ELECTIONS:
                return read_array(f, o, m, why);

        case FIELD_OBJECT:
                return json_get_object(o, f->key, VALUE(m, f, const Json *), why);
        }
        return -EINVAL;
}

static void write_peer(Json *a, const MessagePeer *p) {
        Json *o = json_new_object();

        json_set_text(o, "host", p->host);
        json_set_key(o, "key", &p->key);
        json_set_int(o, "port", p->port);
        json_add(a, o);
}

static void write_election(Json *a, const MessageElection *e) {
        Json *item = json_new_array();

        json_add_text(item, e->name);
        json_add_id(item, &e->id);
        json_add_text(item, e->state);
        json_add_int(item, (int64_t) e->opens);
        json_add_int(item, (int64_t) e->closes);
        json_add(a, item);
}

static void write_array(const Field *f, const Message *m, Json *o) {
        const void *items = *VALUE_CONST(m, f, void *);
        size_t n = *COUNT_CONST(m, f);
        Json *a;

        if (f->optional && n == 0)
                return;
        assert(n >= f->min && n <= f->max);

        a = json_new_array();
        for (size_t i = 0; i < n && f->type != FIELD_IDS; i++)
                if (f->type == FIELD_KEYS)
                        json_add_key(a, (const Key *) items + i);
                else if (f->type == FIELD_PEERS)
                        write_peer(a, (const MessagePeer *) items + i);
                else
                        write_election(a, (const MessageElection *) items + i);
        json_set(o, f->key, a);
}

void field_write(const Field *f, const Message *m, Json *o) {
        uint64_t v;

        switch (f->type) {

        case FIELD_INT:
        case FIELD_VERSION:
                v = *VALUE_CONST(m, f, uint64_t);
                if (f->optional && v == f->absent)
                        return;
                assert(v >= f->min && v <= f->max);
                json_set_int(o, f->key, (int64_t) v);
                return;

        case FIELD_TRUE:
                json_set_bool(o, f->key, true);
                return;

        case FIELD_ID:
                json_set_id(o, f->key, VALUE_CONST(m, f, Id));
                return;

        case FIELD_KEY:
                json_set_key(o, f->key, VALUE_CONST(m, f, Key));
                return;

        case FIELD_TEXT:
        case FIELD_NAME:
        case FIELD_HOST:
                assert(f->optional || *VALUE_CONST(m, f, char *));
                json_set_text(o, f->key, *VALUE_CONST(m, f, char *));
                return;

        case FIELD_IDS:
        case FIELD_KEYS:
        case FIELD_PEERS:
        case FIELD_ELECTIONS:
                write_array(f, m, o);
                return;

        case FIELD_OBJECT:
                json_set(o, f->key, json_share(*VALUE_CONST(m, f, Json *)));
                return;
        }
}
