/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "codec/hex.h"
#include "node/peer-internal.h"

/* What authorities were caught at. One line for each, the first that came: from the engine here, or
 * from another peer. It is kept in the store, told to people, and passed on once to all links, and
 * to each that comes up later, so that who was away learns of it too. */

#define NAME_BYTES (sizeof("evidence.") + ID_HEX)

static const char* name_of(char buf[static NAME_BYTES], const Key *key) {
        char hex[ID_HEX];

        (void) snprintf(buf, NAME_BYTES, "evidence.%s", key_hex(key, hex));
        return buf;
}

/* 0, -ENODATA, -errno. */
static int find(const Peer *p, const Key *key, Buf *ret) {
        char name[NAME_BYTES];

        return p->store->ops->meta_get(p->store, name_of(name, key), ret);
}

static Message message_of(const char *line, size_t n) {
        return (Message) { .type = MESSAGE_EVIDENCE, .lines = line, .n_lines_bytes = n };
}

/* When it is durable, as all that the engine says. */
static int relay(Peer *p, const char *line, size_t n, LinkId from) {
        Message m = message_of(line, n);
        _cleanup_buf_ Buf frame = {};
        int r;

        r = message_frame(&frame, &m);
        for (size_t k = 0; r >= 0 && k < p->n_links; k++) {
                PeerLink *l = p->links[k];

                if (l->up && !l->client && l->id != from)
                        r = message_send_after(p, l, &frame);
        }
        return r;
}

int evidence_keep(Peer *p, const Key *key, const char *line, size_t n, LinkId from) {
        _cleanup_buf_ Buf kept = {};
        char name[NAME_BYTES], hex[ID_HEX];
        int r;

        r = find(p, key, &kept);
        if (r == 0)
                return 0;
        if (r == -ENODATA)
                r = p->store->ops->meta_put(p->store, name_of(name, key), line, n);
        if (r < 0)
                return commit_trouble(p, r);
        p->dirty = p->changed = true;
        peer_log(p, LOG_ALERT, NODE_MSG_EVIDENCE,
                "Authority %s has signed two things that exclude each other: it lies, or its "
                "record was lost. "
                "votectl evidence has the proof.",
                key_hex(key, hex));
        return relay(p, line, n, from);
}

int evidence_on_line(Peer *p, PeerLink *l, const Message *m) {
        const EngineType *type = p->engine->type;
        _cleanup_buf_ Buf kept = {};
        SigCheck checks[2] = {};
        Pending what = {};
        Why why;
        int r;

        if (!type->evidence) {
                (void) peer_link_fault(p, l, V_PROTOCOL, &(Why) { "this network's engine knows no evidence" }, NULL);
                return 0;
        }
        if (p->broken)
                return 0;
        r = type->evidence(p->genesis->engine_config, &p->genesis->network, m->lines, m->n_lines_bytes, &what.convicted, checks, &why);
        if (r > 0) {
                (void) peer_link_fault(p, l, r, &why, NULL);
                return 0;
        }
        if (r == 0 && (r = find(p, &what.convicted, &kept)) == -ENODATA) {
                what.evidence = newN(char, m->n_lines_bytes);
                if (what.evidence) {
                        memcpy(what.evidence, m->lines, m->n_lines_bytes);
                        what.n_evidence = m->n_lines_bytes;
                        return message_check(p, l, &what, checks, ELEMENTSOF(checks));
                }
                r = -ENOMEM;
        }
        sig_checks_done(checks, ELEMENTSOF(checks));
        return r < 0 && r != -ENOMEM ? commit_trouble(p, r) : r;
}

int evidence_greet(Peer *p, PeerLink *l) {
        const Key *keys;
        size_t n;

        keys = engine_sealers(p, &n);
        for (size_t i = 0; i < n; i++) {
                _cleanup_buf_ Buf line = {};
                Message m;
                int r;

                r = find(p, keys + i, &line);
                if (r == -ENODATA)
                        continue;
                if (r < 0)
                        return commit_trouble(p, r);
                m = message_of(line.p, line.n);
                peer_link_send(p, l, LANE_ENGINE, &m);
        }
        return 0;
}

static int list(Peer *p, bool lines, Json **ret) {
        _cleanup_json_ Json *a = json_new_array();
        const Key *keys;
        size_t n;

        if (!a)
                return -ENOMEM;
        keys = engine_sealers(p, &n);
        for (size_t i = 0; i < n; i++) {
                _cleanup_buf_ Buf line = {};
                Json *o;
                int r;

                r = find(p, keys + i, &line);
                if (r == -ENODATA)
                        continue;
                if (r == 0) {
                        buf_add_char(&line, '\0');
                        r = buf_error(&line);
                }
                if (r < 0)
                        return r;
                o = json_new_object();
                json_set_int(o, "authority", (int64_t) i);
                json_set_key(o, "key", keys + i);
                if (lines)
                        json_set_text(o, "line", line.p);
                json_add(a, o);
        }
        *ret = TAKE_PTR(a);
        return 0;
}

int peer_evidence(Peer *p, Json **ret) {
        assert(ret);
        return list(p, true, ret);
}

int evidence_status(Peer *p, Json **ret) {
        return list(p, false, ret);
}
