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
        return connect_work_at(userdata, height, ret);
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

/* The lines of the record, copied for as long as the engine is being made. */
typedef struct Lines {
        EngineLine *lines;
        size_t n, allocated;
} Lines;

static void lines_done(Lines *l) {
        for (size_t i = 0; i < l->n; i++)
                free((char *) l->lines[i].p);
        free(l->lines);
}

static int on_record_line(void *userdata, uint64_t view, const char *name, const char *line, size_t n) {
        Lines *l = userdata;
        char *copy;

        (void) view;
        (void) name;
        if (l->n == l->allocated) {
                size_t allocated = l->allocated ? 2 * l->allocated : 64;
                EngineLine *lines = reallocarray(l->lines, allocated, sizeof(EngineLine));

                if (!lines)
                        return -ENOMEM;
                l->lines = lines;
                l->allocated = allocated;
        }
        copy = newN(char, n + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, line, n);
        copy[n] = '\0';
        l->lines[l->n++] = (EngineLine) { .p = copy, .n = n };
        return 0;
}

const Key* engine_sealers(const Peer *p, size_t *ret_n) {
        *ret_n = 0;
        return p->engine->type->sealers ? p->engine->type->sealers(p->engine, ret_n) : NULL;
}

int engine_greet(Peer *p, const PeerLink *l) {
        if (!l->up || l->client || p->broken)
                return 0;
        return engine_feed(p,
                        &(EngineEvent) { .type = ENGINE_EV_LINK, .from = l->id, .key = l->key });
}

void engine_greet_links(Peer *p) {
        for (size_t i = 0; i < p->n_links && p->failed >= 0; i++) {
                int r = engine_greet(p, p->links[i]);

                if (r < 0)
                        p->failed = r;
        }
}

/* Also after a commit failed: the engine goes on from what the chain is then. */
int engine_start(Peer *p) {
        _cleanup_(lines_done) Lines record = {};
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

        if (p->engine) {
                messages_forget(p);
                p->engine = p->engine->type->free(p->engine);
        }
        if (p->record) {
                r = p->record->ops->each(p->record, on_record_line, &record);
                if (r < 0)
                        return r;
                setup.has_record = true;
                setup.record = record.lines;
                setup.n_record = record.n;
        }
        r = p->genesis->engine->new(&p->engine, p->genesis->engine_config, &setup);
        if (r < 0)
                return r;
        p->engine_wake_usec = p->now_usec;      /* its first TICK */
        peer_arm(p, p->now_usec);
        p->final_height = engine_final_height(p);
        p->due_told = p->untaken = false;
        return proposals_load(p);
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

static void alarm_text(Peer *p, const EngineEffect *fx) {
        (void) snprintf(p->alarm, sizeof(p->alarm), "%.*s",
                        (int) MIN(fx->n_data, sizeof(p->alarm) - 1), fx->data);
        p->alarm_until_resume = fx->name && streq(fx->name, "resume");
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
                return connect_switch(p, &fx->id);

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
                return connect_own(p, &fx->header, fx->data, fx->n_data);

        case ENGINE_FX_SEND:
                return message_send(p, fx);

        case ENGINE_FX_ASK:
                return message_ask(p, fx);

        case ENGINE_FX_JUDGE:
                return proposal_judge(p, fx);

        case ENGINE_FX_FETCH:
                return proposal_fetch(p, fx);

        case ENGINE_FX_RECORD:
                return authority_record(p, fx);

        case ENGINE_FX_RECORD_BLOCK:
                return proposal_keep(p, fx);

        case ENGINE_FX_FORGET:
                return authority_forget(p, fx->view);

        case ENGINE_FX_EVIDENCE:
                return evidence_keep(p, &fx->key, fx->data, fx->n_data, 0);

        case ENGINE_FX_FINAL:
                p->dirty = p->changed = true;
                if (!fx->data)
                        return 0;
                r = p->store->ops->block_set_seal(p->store, fx->height, fx->data, fx->n_data);
                return r < 0 ? commit_trouble(p, r) : 0;

        case ENGINE_FX_WAKE:
                p->engine_wake_usec = fx->at_usec;
                peer_arm(p, fx->at_usec);
                return 0;

        case ENGINE_FX_ALARM:
                alarm_text(p, fx);
                return 0;
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
