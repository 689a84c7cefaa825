/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/hostname.h"
#include "codec/hex.h"
#include "node/tracker-private.h"

/* Flood: each link may send this many messages at once, and this many a second; a list counts for several. */
#define ALLOWANCE_MAX (64 * USEC_PER_SEC)
#define ALLOWANCE_COST (USEC_PER_SEC / 2)
#define ALLOWANCE_COST_LIST (4 * USEC_PER_SEC)
#define PENALTY_PER_FAULT 20U

static uint64_t ttl_usec(const Tracker *t) {
        return t->config.ttl_sec * USEC_PER_SEC;
}

static RegistrySettings registry_settings(const TrackerConfig *c) {
        return (RegistrySettings) {
                .networks_max = c->networks_max,
                .registrations_max = c->links_max,
                .ring_max = TRACKER_RING,
        };
}

static void take_config(Tracker *t, const TrackerConfig *c) {
        t->config = *c;
        if (t->config.ttl_sec == 0)
                t->config.ttl_sec = TRACKER_TTL_SEC;
        if (t->config.links_max == 0)
                t->config.links_max = TRACKER_LINKS_MAX;
        if (t->config.networks_max == 0)
                t->config.networks_max = TRACKER_NETWORKS_MAX;
}

int tracker_new(Tracker **ret, const TrackerConfig *config, uint64_t seed) {
        _cleanup_(tracker_freep) Tracker *t = NULL;
        RegistrySettings settings;
        int r;

        assert(ret);
        assert(config);

        t = new0(Tracker, 1);
        if (!t)
                return -ENOMEM;
        take_config(t, config);
        prng_seed(&t->prng, seed);
        settings = registry_settings(&t->config);
        r = registry_new(&t->registry, &settings, &t->prng);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(t);
        return 0;
}

static void contact_free(Tracker *t, Contact *c) {
        HASH_DEL(t->contacts, c);
        DL_DELETE(t->by_heard, c);
        free(c->host);
        free(c);
}

Tracker* tracker_free(Tracker *t) {
        Contact *c, *next;

        if (!t)
                return NULL;

        HASH_ITER(hh, t->contacts, c, next)
                contact_free(t, c);
        (void) registry_free(t->registry);
        free(t);
        return NULL;
}

/* --- effects --- */

void tracker_effect(Tracker *t, const NodeEffect *fx) {
        int r = node_effects_add(t->effects, fx);

        if (r < 0)
                t->error = r;
}

void tracker_send_buf(Tracker *t, LinkId link, NodeLane lane, Buf *frame) {
        NodeEffect fx = { .type = NODE_FX_SEND, .link = link, .lane = lane };

        if (buf_error(frame) == 0)
                fx.data = buf_take(frame, &fx.n_data);
        if (fx.data)
                tracker_effect(t, &fx);
        else
                t->error = -ENOMEM;
}

void tracker_send(Tracker *t, const Contact *c, NodeLane lane, const Message *m) {
        _cleanup_buf_ Buf frame = {};

        if (message_frame(&frame, m) < 0)
                t->error = -ENOMEM;
        else
                tracker_send_buf(t, c->link, lane, &frame);
}

static void send_error(Tracker *t, LinkId link, int verdict, const char *text, const uint64_t *id) {
        _cleanup_buf_ Buf frame = {};

        if (message_error(&frame, verdict, text, id) < 0)
                t->error = -ENOMEM;
        else
                tracker_send_buf(t, link, LANE_SYNC, &frame);
}

static void say(Tracker *t, NodeEffectType type, LinkId link, int verdict, int level, NodeMessage message, Buf *text) {
        NodeEffect fx = { .type = type, .link = link, .verdict = verdict, .level = level, .message = message };

        if (buf_error(text) == 0)
                fx.data = buf_take(text, &fx.n_data);
        if (fx.data)
                tracker_effect(t, &fx);
        else
                t->error = -ENOMEM;
}

static void close_link(Tracker *t, LinkId link, int verdict, const char *reason) {
        Buf text = {};

        buf_add_text(&text, reason);
        say(t, NODE_FX_CLOSE, link, verdict, 0, NODE_MSG_NONE, &text);
}

void tracker_log(Tracker *t, const Contact *c, int level, NodeMessage message, const char *what) {
        char hex[ID_HEX];
        Buf text = {};

        buf_printf(&text, "%s (%s): %s", c->host, key_hex(&c->key, hex), what);
        say(t, NODE_FX_LOG, c->link, 0, level, message, &text);
}

void tracker_changed(Tracker *t) {
        tracker_effect(t, &(NodeEffect) { .type = NODE_FX_CHANGED });
}

/* --- messages --- */

/* A message costs the sender of its allowance; false: there is none left. */
static bool pay(Tracker *t, Contact *c, uint64_t cost) {
        c->allowance = MIN(c->allowance + (t->now_usec - c->allowance_usec), ALLOWANCE_MAX);
        c->allowance_usec = t->now_usec;
        if (c->allowance < cost)
                return false;

        c->allowance -= cost;
        return true;
}

static void ban(Tracker *t, const Contact *c) {
        NodeEffect fx = { .type = NODE_FX_BAN, .key = c->key, .at_usec = t->now_usec + BAN_SEC * USEC_PER_SEC };

        if (!hostname_is_loopback(c->host))     /* that would ban every node of this host */
                (void) snprintf(fx.address.host, sizeof(fx.address.host), "%s", c->host);
        tracker_effect(t, &fx);
        tracker_log(t, c, LOG_WARNING, NODE_MSG_BANNED, "broke the protocol too often, banned for ten minutes");
}

static void forget(Tracker *t, Contact *c) {
        tracker_close_registration(t, c);
        contact_free(t, c);
}

/* c sent something that it should not: it is told, and in the end cut off. Frees c in that case. */
static void refuse(Tracker *t, Contact *c, int verdict, const Message *m, const char *text) {
        send_error(t, c->link, verdict, text, m->has_id ? &m->id : NULL);
        if (!verdict_is_fault(verdict))
                return;

        if (c->fault_usec + BAN_SEC * USEC_PER_SEC <= t->now_usec)
                c->penalty = 0;         /* that long without a fault is forgiven */
        c->fault_usec = t->now_usec;
        c->penalty += PENALTY_PER_FAULT;
        if (c->penalty < PENALTY_MAX)
                return;
        close_link(t, c->link, verdict, text);
        ban(t, c);
        forget(t, c);
        tracker_changed(t);
}

static int dispatch(Tracker *t, Contact *c, const Message *m, Why *why) {
        switch (m->type) {

        case MESSAGE_REGISTER:
                return tracker_on_register(t, c, m, why);

        case MESSAGE_HEARTBEAT:
                return tracker_on_heartbeat(t, c, m, why);

        case MESSAGE_GET_PEERS:
                return tracker_on_get_peers(t, c, m);

        case MESSAGE_UNREGISTER:
                return tracker_on_unregister(t, c, m, why);

        case MESSAGE_ERROR:
                return 0;               /* what we sent was not to its liking: nothing that we could mend */

        default:                        /* the table lets no other pass */
                return why_set(why, V_PROTOCOL, "\"%s\" is no message for a tracker", message_name(m->type));
        }
}

static void on_frame(Tracker *t, const NodeEvent *ev) {
        _cleanup_message_ Message m = {};
        Why why = {};
        Contact *c;
        int r;

        HASH_FIND(hh, t->contacts, &ev->link, sizeof(ev->link), c);
        if (!c)
                return;                 /* closed by us, and this was under way */

        c->heard_usec = t->now_usec;
        DL_DELETE(t->by_heard, c);
        DL_APPEND(t->by_heard, c);

        if (!pay(t, c, ALLOWANCE_COST))
                r = why_set(&why, V_FLOOD, "too many messages, expected at most two a second in the long run");
        else
                r = message_parse(&m, MESSAGE_FROM_REGISTRANT, ev->data, ev->n_data, &why);
        if (r == 0 && m.type == MESSAGE_GET_PEERS && !pay(t, c, ALLOWANCE_COST_LIST))
                r = why_set(&why, V_BUSY, "too many lists, expected at most one every four seconds in the long run");
        if (r == 0)
                r = dispatch(t, c, &m, &why);
        if (r > 0)
                refuse(t, c, r, &m, why.text);
        else if (r < 0)
                t->error = r;
}

/* --- links --- */

static void on_link_up(Tracker *t, const NodeEvent *ev) {
        Contact *c = NULL;

        if (HASH_COUNT(t->contacts) >= t->config.links_max) {
                send_error(t, ev->link, V_FULL, "this tracker has as many links as it takes; try another, or later", NULL);
                close_link(t, ev->link, 0, "as many links as the limit allows");
                return;
        }

        c = new0(Contact, 1);
        if (c)
                c->host = strdup(ev->address.host);
        if (!c || !c->host) {
                free(c);
                t->error = -ENOMEM;
                return;
        }

        c->link = ev->link;
        c->key = ev->key;
        c->heard_usec = t->now_usec;
        c->allowance = ALLOWANCE_MAX;
        c->allowance_usec = t->now_usec;
        HASH_ADD(hh, t->contacts, link, sizeof(c->link), c);
        if (!c->hh.tbl) {
                free(c->host);
                free(c);
                t->error = -ENOMEM;
                return;
        }
        DL_APPEND(t->by_heard, c);
        tracker_changed(t);
}

static void on_link_down(Tracker *t, const NodeEvent *ev) {
        Contact *c;

        HASH_FIND(hh, t->contacts, &ev->link, sizeof(ev->link), c);
        if (!c)
                return;
        forget(t, c);
        tracker_changed(t);
}

static void on_sent(Tracker *t, const NodeEvent *ev) {
        Contact *c;

        HASH_FIND(hh, t->contacts, &ev->link, sizeof(ev->link), c);
        if (!c || !c->registration)
                return;
        c->registration->sent_usec = 0;
        tracker_catch_up(t, c->registration);
}

/* Who says nothing for two ttl holds a link for nothing. */
static uint64_t silence_ends(const Tracker *t, const Contact *c) {
        return c->heard_usec + 2 * ttl_usec(t);
}

static void drop_silent(Tracker *t) {
        Contact *c;

        while ((c = t->by_heard) && silence_ends(t, c) <= t->now_usec) {
                send_error(t, c->link, V_LATE, "not a word for two ttl, closing", NULL);
                close_link(t, c->link, 0, "silent");
                forget(t, c);
                tracker_changed(t);
        }
}

static void on_stop(Tracker *t) {
        Contact *c, *next;

        HASH_ITER(hh, t->contacts, c, next)
                close_link(t, c->link, 0, "this tracker stops");
}

static void wake(Tracker *t) {
        uint64_t next = tracker_next_due(t);

        if (t->by_heard)
                next = MIN(next, silence_ends(t, t->by_heard));
        if (next != USEC_INFINITY)
                tracker_effect(t, &(NodeEffect) { .type = NODE_FX_WAKE, .at_usec = next });
}

static void react(Tracker *t, const NodeEvent *ev) {
        RegistrySettings settings;

        switch (ev->type) {

        case NODE_EV_LINK_UP:
                on_link_up(t, ev);
                return;

        case NODE_EV_LINK_DOWN:
                on_link_down(t, ev);
                return;

        case NODE_EV_FRAME:
                on_frame(t, ev);
                return;

        case NODE_EV_SENT:
                on_sent(t, ev);
                return;

        case NODE_EV_RELOAD:
                take_config(t, ev->config);
                settings = registry_settings(&t->config);
                registry_set(t->registry, &settings);
                tracker_changed(t);
                return;

        case NODE_EV_STOP:
                on_stop(t);
                return;

        case NODE_EV_START:
        case NODE_EV_TICK:              /* every step looks at the time */
        case NODE_EV_DIAL_FAILED:       /* what follows is no business of a tracker */
        case NODE_EV_VERIFIED:
        case NODE_EV_SUBMIT:
        case NODE_EV_WATCH:
        case NODE_EV_CANCEL:
        case NODE_EV_IMPORT:
        case NODE_EV_RECORD:
        case NODE_EV_RESUME:
        case NODE_EV_FOUND:
        case NODE_EV_COMMITTED:
        case NODE_EV_COMMIT_FAILED:
                return;
        }
}

int tracker_step(Tracker *t, const NodeEvent *ev, NodeEffects *ret) {
        assert(t);
        assert(ev);

        t->now_usec = MAX(t->now_usec, ev->now_usec);
        t->effects = ret;
        t->error = 0;

        react(t, ev);
        if (ev->type != NODE_EV_STOP) {
                tracker_expire(t);
                drop_silent(t);
                tracker_push(t);
                wake(t);
        }
        t->effects = NULL;
        return t->error;
}
