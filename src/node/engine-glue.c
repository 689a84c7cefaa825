/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "codec/line.h"
#include "crypto/sign.h"
#include "node/peer-internal.h"

/* The engine and the rest of the peer speak through events and effects; which engine it is nobody
 * here asks. */

static int header_at(void *userdata, uint64_t height, Header *ret) {
        Peer *p = userdata;
        StoredBlock b = {};
        Why why;
        int r;

        if (height == 0)
                return -ENODATA;
        r = p->store->ops->block_get(p->store, height, &b);
        if (r < 0)
                return r;
        r = header_read(ret, p->genesis->engine->field, b.header, b.n_header, &why);
        stored_block_done(&b);
        return r > 0 ? -EUCLEAN : r;
}

static int height_of(void *userdata, const Id *id, uint64_t *ret) {
        Peer *p = userdata;

        if (id_equal(id, &p->genesis->network)) {
                *ret = 0;
                return 0;
        }
        return p->store->ops->block_find(p->store, id, ret);
}

static int work_at(void *userdata, uint64_t height, uint8_t ret[16]) {
        return commit_work_at(userdata, height, ret);
}

static int seal_at(void *userdata, uint64_t height, Buf *ret) {
        Peer *p = userdata;
        StoredBlock b = {};
        int r;

        r = p->store->ops->block_get(p->store, height, &b);
        if (r < 0)
                return r;
        buf_add(ret, b.seal, b.n_seal);
        stored_block_done(&b);
        return buf_error(ret);
}

static int last_closing(void *userdata, uint64_t *ret) {
        Peer *p = userdata;
        int r;

        r = mine_look_at_elections(p);
        *ret = p->last_closing;
        return r;
}

static int sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        Peer *p = userdata;

        return sign_line(ret, p->identity, kind, &p->genesis->network, line, n);
}

/* Also after a commit failed: the engine goes on from what the chain is then. */
int engine_start(Peer *p) {
        EngineSetup setup = {
                .network = p->genesis->network,
                .created = p->genesis->created,
                .self = p->self,
                .chain = { .userdata = p, .header_at = header_at, .height_of = height_of,
                        .work_at = work_at, .seal_at = seal_at, .last_closing = last_closing },
                .sign_userdata = p,
                .sign = sign,
        };
        int r;

        if (p->engine)
                p->engine = p->engine->type->free(p->engine);
        r = p->genesis->engine->new(&p->engine, p->genesis->engine_config, &setup);
        if (r < 0)
                return r;
        p->engine_wake_usec = USEC_INFINITY;
        p->final_height = engine_final_height(p);
        return 0;
}

int engine_judge(Peer *p, const Header *h, const char *seal, size_t n, SigCheck *checks,
                size_t *ret_n, Why *why) {
        return p->engine->type->check_seal(p->engine, h, seal, n, checks, ENGINE_SIGNATURES_MAX,
                        ret_n, why);
}

uint64_t engine_final_height(const Peer *p) {
        EngineStatus status = {};

        p->engine->type->status(p->engine, &status);
        return status.final_height;
}

void work_add(uint8_t ret[16], const uint8_t before[16], const Header *h) {
        unsigned carry = 0;
        uint64_t value = h->field == HEADER_DIFFICULTY ? h->value : 0;

        for (int i = 15; i >= 0; i--) {
                carry += before[i] + (unsigned) (value & 0xff);
                ret[i] = (uint8_t) carry;
                carry >>= 8;
                value >>= 8;
        }
}

/* A message of the engine's own is a signed line; its kind is the message's name. It leaves after
 * the commit, since what it says must be on disk first. */
static int queue_message(Peer *p, const EngineEffect *fx) {
        _cleanup_json_ Json *o = NULL;
        MessageType type = MESSAGE_NONE;
        const char *kind = "";
        int r;

        r = line_parse(&o, fx->data, fx->n_data, BLOCK_BYTES_MAX, NULL);
        if (r < 0)
                return r;
        if (r == 0)
                r = json_get_name(o, "kind", &kind, NULL);
        for (MessageType t = MESSAGE_PROPOSE; r == 0 && t < _MESSAGE_MAX; t++)
                if (streq(message_name(t), kind))
                        type = t;
        if (type == MESSAGE_NONE)
                return -EINVAL;

        for (size_t k = 0; k < p->n_links; k++) {
                PeerLink *l = p->links[k];
                _cleanup_buf_ Buf b = {};
                NodeEffect send = { .type = NODE_FX_SEND, .link = l->id, .lane = LANE_ENGINE };

                if (!l->up || l->client ||
                                (fx->audience == ENGINE_TO_LINK && fx->to != l->id))
                        continue;
                r = message_frame(&b,
                                &(Message) { .type = type,
                                                .lines = fx->data,
                                                .n_lines_bytes = fx->n_data });
                if (r < 0)
                        return r;
                l->sent_bytes += b.n;
                send.data = buf_take(&b, &send.n_data);
                if (!send.data)
                        return -ENOMEM;
                r = node_effects_add(&p->after, &send);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void alarm_text(Peer *p, const EngineEffect *fx) {
        (void) snprintf(p->alarm, sizeof(p->alarm), "%.*s",
                        (int) MIN(fx->n_data, sizeof(p->alarm) - 1), fx->data);
        p->changed = true;
        peer_log(p, LOG_ERR, NODE_MSG_REORGANISED, "%s", p->alarm);
}

static int carry_out(Peer *p, const EngineEvent *ev, const EngineEffect *fx) {
        PeerLink *l;
        int r;

        switch (fx->type) {

        case ENGINE_FX_WANT:
                return draft_want(p, &fx->id);

        case ENGINE_FX_SWITCH:
                return commit_switch(p, &fx->id);

        case ENGINE_FX_ORPHAN:
                l = peer_link_find(p, ev->from);
                if (l)
                        sync_on_orphan(p, l);
                return 0;

        case ENGINE_FX_MINE:
                return mine_on_effect(p, &fx->header);

        case ENGINE_FX_MINE_STOP:
                mine_stop(p);
                return 0;

        case ENGINE_FX_SEALED:
                return commit_own(p, &fx->header, fx->data, fx->n_data);

        case ENGINE_FX_SEND:
                return queue_message(p, fx);

        case ENGINE_FX_RECORD:
                r = p->store->ops->meta_put(p->store, "engine.record", fx->data, fx->n_data);
                if (r < 0)
                        return commit_trouble(p, r);
                p->dirty = true;
                return 0;

        case ENGINE_FX_WAKE:
                p->engine_wake_usec = fx->at_usec;
                peer_arm(p, fx->at_usec);
                return 0;

        case ENGINE_FX_EVIDENCE:
        case ENGINE_FX_ALARM:
                alarm_text(p, fx);
                return 0;

        case ENGINE_FX_JUDGE:
        case ENGINE_FX_RECORD_BLOCK:
        case ENGINE_FX_FORGET:
        case ENGINE_FX_FETCH:
        case ENGINE_FX_ASK:
        case ENGINE_FX_FINAL:
                return -EINVAL;         /* no engine with messages is in the table */
        }
        return -EINVAL;
}

/* An effect may feed the engine again (what was connected, what is invalid); that is done before
 * the next effect. */
int engine_feed(Peer *p, const EngineEvent *event) {
        EngineEffects effects = {};
        EngineEvent ev = *event;
        int r;

        ev.now_usec = p->now_usec;
        ev.now_sec = p->now_sec;
        r = p->engine->type->step(p->engine, &ev, &effects);
        for (size_t i = 0; r >= 0 && i < effects.n && !p->trouble; i++)
                r = carry_out(p, &ev, effects.items + i);
        engine_effects_done(&effects);
        return r;
}
