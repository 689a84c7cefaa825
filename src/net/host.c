/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "base/time.h"
#include "net/host-private.h"
#include "voted/limits.h"

/* A handshake takes two round trips: one that is older than this gives way when all places are taken. */
#define HALF_OPEN_GRACE_USEC USEC_PER_SEC
#define TIMER_ACCURACY_USEC (50 * USEC_PER_MSEC)

static Call* call_find(const NetHost *h, uint64_t token) {
        Call *c;

        HASH_FIND(hh, h->calls, &token, sizeof(token), c);
        return c;
}

static void call_drop(NetHost *h, Call *c) {
        if (!c)
                return;

        HASH_DEL(h->calls, c);
        (void) dial_free(c->dial);
        free(c);
}

static void call_failed(NetHost *h, Call *c, int error, const char *reason) {
        uint64_t token = c->token;

        call_drop(h, c);
        h->handlers.on_dial_failed(h->userdata, token, error, reason);
}

/* --- half-open links --- */

static void pause_listeners(NetHost *h, bool paused) {
        for (unsigned i = 0; i < h->n_listeners; i++)
                listener_set_paused(h->listeners[i], paused);
}

static void leave_half_open(NetHost *h, Slot *s) {
        if (!s->half_open)
                return;

        s->half_open = false;
        DL_DELETE(h->half_open, s);
        if (h->n_half_open-- >= h->settings.half_open_max)
                pause_listeners(h, false);
}

static void enter_half_open(NetHost *h, Slot *s) {
        s->half_open = true;
        DL_APPEND(h->half_open, s);
        if (++h->n_half_open < h->settings.half_open_max)
                return;

        /* Everybody else waits in the kernel's queue, until one is done or the oldest has had its time. */
        if (sd_event_source_set_time_relative(h->half_open_timer, HALF_OPEN_GRACE_USEC) >= 0 &&
            sd_event_source_set_enabled(h->half_open_timer, SD_EVENT_ONESHOT) >= 0)
                pause_listeners(h, true);
}

static int on_half_open_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        NetHost *h = ASSERT_PTR(userdata);
        uint64_t now = now_usec();
        Slot *s, *next;

        if (h->n_half_open < h->settings.half_open_max)
                return 0;

        DL_FOREACH_SAFE(h->half_open, s, next)
                if (now - link_facts(s->link)->since_usec >= HALF_OPEN_GRACE_USEC) {
                        leave_half_open(h, s);
                        link_abort(s->link, 0, "its handshake gave way to another's");
                }
        pause_listeners(h, h->n_half_open >= h->settings.half_open_max);
        if (h->n_half_open >= h->settings.half_open_max &&
            sd_event_source_set_time_relative(source, HALF_OPEN_GRACE_USEC / 4) >= 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* --- links --- */

static void slot_free(NetHost *h, Slot *s) {
        const LinkFacts *facts = link_facts(s->link);

        leave_half_open(h, s);
        if (facts->inbound) {
                gate_leave(h->gate, &facts->address);
                h->n_inbound--;
        }
        HASH_DEL(h->slots, s);
        (void) link_free(s->link);
        free(s);
}

/* Takes fd over. 0 or -errno. */
static int add_link(NetHost *h, int fd, const NetAddress *a, bool inbound, const Key *expected, uint64_t tag, Slot **ret) {
        Slot *s;
        int r;

        s = new0(Slot, 1);
        if (!s) {
                (void) close(fd);
                return -ENOMEM;
        }

        s->id = ++h->last_id;
        r = link_new(&s->link, &h->group, fd, a, inbound, expected, s->id, tag);
        if (r < 0) {
                free(s);
                return r;
        }

        HASH_ADD(hh, h->slots, id, sizeof(s->id), s);
        if (!s->hh.tbl) {
                (void) link_free(s->link);
                free(s);
                return -ENOMEM;
        }
        *ret = s;
        return 0;
}

static void on_connection(void *userdata, int fd, const NetAddress *address) {
        NetHost *h = ASSERT_PTR(userdata);
        Slot *s;
        int r;

        if (h->n_inbound >= h->settings.inbound_max || gate_is_banned_address(h->gate, address, now_usec()))
                r = -EUSERS;
        else
                r = gate_enter(h->gate, address, h->settings.per_address_max, h->settings.per_net_max);
        if (r < 0) {
                h->refused++;
                (void) close(fd);
                return;
        }

        r = add_link(h, fd, address, true, NULL, 0, &s);
        if (r < 0) {
                gate_leave(h->gate, address);
                (void) log_warning_errno(r, "Cannot take up a connection, closing it: %m");
                return;
        }
        h->n_inbound++;
        enter_half_open(h, s);
}

static void on_link_up(void *userdata, Link *l) {
        NetHost *h = ASSERT_PTR(userdata);
        const LinkFacts *facts = link_facts(l);
        Slot *s = net_host_slot(h, facts->id);

        leave_half_open(h, s);
        if (gate_is_banned_key(h->gate, link_key(l), now_usec())) {
                link_cut_off(l, V_BANNED, "banned for a time");
                return;
        }

        s->reported = true;
        if (!facts->inbound)
                call_drop(h, call_find(h, facts->tag));
        h->handlers.on_up(h->userdata, facts->id, link_key(l), &facts->address, facts->inbound, facts->tag);
}

static void on_link_frame(void *userdata, Link *l, const char *p, size_t n) {
        NetHost *h = ASSERT_PTR(userdata);

        if (net_host_slot(h, link_facts(l)->id)->reported)
                h->handlers.on_frame(h->userdata, link_facts(l)->id, p, n);
}

static void on_link_sent(void *userdata, Link *l) {
        NetHost *h = ASSERT_PTR(userdata);

        if (net_host_slot(h, link_facts(l)->id)->reported)
                h->handlers.on_sent(h->userdata, link_facts(l)->id);
}

static void on_link_ended(void *userdata, Link *l, int verdict, const char *reason) {
        NetHost *h = ASSERT_PTR(userdata);
        const LinkFacts *facts = link_facts(l);
        Slot *s = net_host_slot(h, facts->id);
        uint64_t id = facts->id, dial = facts->tag;
        bool reported = s->reported, inbound = facts->inbound;
        char address[NET_ADDRESS_TEXT], text[320];
        Call *c;

        (void) net_address_format(&facts->address, address);
        (void) snprintf(text, sizeof(text), "%s", reason);
        slot_free(h, s);

        if (reported)
                h->handlers.on_down(h->userdata, id, verdict, text);
        else if (!inbound && (c = call_find(h, dial)))
                call_failed(h, c, verdict > 0 ? verdict : -ECONNABORTED, text);
        else
                log_debug("%s: no link: %s.", address, text);
}

static void on_farewell(void *userdata, int verdict, const char *reason, Buf *ret) {
        NetHost *h = ASSERT_PTR(userdata);

        if (h->handlers.farewell)
                h->handlers.farewell(h->userdata, verdict, reason, ret);
}

/* --- making --- */

static const LinkHandlers link_handlers = {
        .on_up = on_link_up,
        .on_frame = on_link_frame,
        .on_sent = on_link_sent,
        .on_ended = on_link_ended,
        .farewell = on_farewell,
};

#define DEFAULT(field, value)                           \
        do {                                            \
                if (s.field == 0)                       \
                        s.field = (value);              \
        } while (0)

void net_host_set_limits(NetHost *h, const NetHostSettings *settings) {
        NetHostSettings s = settings ? *settings : (NetHostSettings) {};

        DEFAULT(frame_max_first, FRAME_FIRST_BYTES_MAX);
        DEFAULT(frame_max, s.frame_max_first);
        DEFAULT(lane_max[NET_LANE_ENGINE], LANE_ENGINE_BYTES_MAX);
        DEFAULT(lane_max[NET_LANE_SYNC], LANE_SYNC_BYTES_MAX);
        DEFAULT(lane_max[NET_LANE_GOSSIP], LANE_GOSSIP_BYTES_MAX);
        DEFAULT(queued_max, QUEUES_BYTES_MAX);
        DEFAULT(held_max, HELD_BYTES_MAX);
        DEFAULT(inbound_max, LINKS_INBOUND_MAX);
        DEFAULT(per_address_max, LINKS_PER_ADDRESS_MAX);
        DEFAULT(per_net_max, LINKS_PER_NET_MAX);
        DEFAULT(half_open_max, HALF_OPEN_MAX);
        DEFAULT(handshake_usec, HANDSHAKE_USEC_MAX);
        DEFAULT(linger_usec, LINGER_USEC_MAX);
        DEFAULT(dial_usec, DIAL_USEC_MAX);

        h->settings = s;
        h->group.bounds = (LinkBounds) {
                .frame_max_first = s.frame_max_first,
                .frame_max = s.frame_max,
                .queued_max = s.queued_max,
                .held_max = s.held_max,
                .handshake_usec = s.handshake_usec,
                .linger_usec = s.linger_usec,
        };
        memcpy(h->group.bounds.lane_max, s.lane_max, sizeof(s.lane_max));
        pause_listeners(h, h->n_half_open >= s.half_open_max);
}

int net_host_new(NetHost **ret, sd_event *event, const SecretKey *identity, const NetHostSettings *settings,
                const NetHandlers *handlers, void *userdata) {
        _cleanup_(net_host_freep) NetHost *h = NULL;
        int r;

        assert(ret);
        assert(handlers);

        h = new0(NetHost, 1);
        if (!h)
                return -ENOMEM;
        h->event = event;
        h->handlers = *handlers;
        h->userdata = userdata;
        channel_identity_make(&h->identity, identity);

        r = link_group_init(&h->group, event, &h->identity, &link_handlers, h);
        if (r < 0)
                return r;
        net_host_set_limits(h, settings);
        r = gate_new(&h->gate);
        if (r < 0)
                return r;
        r = resolver_new(&h->resolver, event);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &h->half_open_timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC, on_half_open_timer, h);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(h->half_open_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(h);
        return 0;
}

NetHost* net_host_free(NetHost *h) {
        Slot *s, *s_next;
        Call *c, *c_next;

        if (!h)
                return NULL;

        for (unsigned i = 0; i < h->n_listeners; i++)
                (void) listener_free(h->listeners[i]);
        h->n_listeners = 0;
        HASH_ITER(hh, h->calls, c, c_next)
                call_drop(h, c);
        HASH_ITER(hh, h->slots, s, s_next)
                slot_free(h, s);
        h->half_open_timer = sd_event_source_disable_unref(h->half_open_timer);
        link_group_done(&h->group);
        (void) resolver_free(h->resolver);
        (void) gate_free(h->gate);
        channel_identity_done(&h->identity);
        free(h);
        return NULL;
}

/* Takes fd over, also when it fails. */
static int add_listener(NetHost *h, int fd, uint16_t *ret_port, Why *why) {
        Listener *l;
        int r;

        r = h->n_listeners < NET_HOST_LISTENERS_MAX ? listener_new(&l, h->event, fd, on_connection, h) : -ENOBUFS;
        if (r < 0) {
                (void) close(fd);
                return why_set(why, r, r == -EINVAL ? "not a listening TCP socket" :
                                r == -ENOBUFS ? "too many listening sockets" : "cannot watch the listening socket");
        }

        h->listeners[h->n_listeners++] = l;
        listener_set_paused(l, h->n_half_open >= h->settings.half_open_max);
        if (ret_port)
                *ret_port = listener_port(l);
        return 0;
}

int net_host_listen(NetHost *h, const char *host, uint16_t port, uint16_t *ret_port, Why *why) {
        int fd;

        fd = listener_open(host, port, why);
        return fd < 0 ? fd : add_listener(h, fd, ret_port, why);
}

int net_host_adopt(NetHost *h, int fd, uint16_t *ret_port, Why *why) {
        return add_listener(h, fd, ret_port, why);
}

/* --- dialling --- */

static void on_dialled(void *userdata, Dial *d, int fd, const NetAddress *address, const char *reason) {
        _unused_ _cleanup_(dial_freep) Dial *done = d;  /* last: address and reason are its own */
        Call *c = ASSERT_PTR(userdata);
        NetHost *h = c->host;
        Slot *s;
        int r;

        c->dial = NULL;
        if (fd < 0) {
                call_failed(h, c, fd, reason);
                return;
        }

        r = add_link(h, fd, address, false, &c->expected, c->token, &s);
        if (r < 0)
                call_failed(h, c, r, strerror(-r));
        else
                c->link = s->id;
}

int net_host_dial(NetHost *h, uint64_t token, const char *host, uint16_t port, const Key *expected) {
        Call *c;
        int r;

        assert(token != 0);

        if (call_find(h, token))
                return -EEXIST;

        c = new0(Call, 1);
        if (!c)
                return -ENOMEM;
        c->token = token;
        c->host = h;
        if (expected)
                c->expected = *expected;
        HASH_ADD(hh, h->calls, token, sizeof(c->token), c);
        r = c->hh.tbl ? dial_new(&c->dial, h->event, h->resolver, host, port, h->settings.dial_usec, on_dialled, c) : -ENOMEM;
        if (r < 0) {
                if (c->hh.tbl)
                        HASH_DEL(h->calls, c);
                free(c);
                return r;
        }

        return 0;
}

void net_host_dial_cancel(NetHost *h, uint64_t token) {
        Call *c = call_find(h, token);
        Slot *s;

        if (!c)
                return;

        s = c->link != 0 ? net_host_slot(h, c->link) : NULL;
        call_drop(h, c);                /* so that its link ends without a word */
        if (s)
                link_abort(s->link, 0, "not wanted any more");
}
