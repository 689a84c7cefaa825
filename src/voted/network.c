/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/time.h"
#include "proto/message.h"
#include "voted/network.h"

struct Network {
        NetHost *host;
        sd_event_source *defer;
        uint64_t *failed;       /* dials that could not even begin, to be told when the turn is over */
        size_t n_failed;
        NetworkHandler on_event;
        void *userdata;
};

static_assert((int) NET_LANE_ENGINE == (int) LANE_ENGINE && (int) NET_LANE_SYNC == (int) LANE_SYNC &&
              (int) NET_LANE_GOSSIP == (int) LANE_GOSSIP && (int) _NET_LANE_MAX == (int) _LANE_MAX, "the node's lanes are net's");

static void tell(Network *n, NodeEvent *ev) {
        ev->now_usec = now_usec();
        ev->now_sec = now_realtime_sec();
        n->on_event(n->userdata, ev);
}

static void on_up(void *userdata, uint64_t link, const Key *key, const NetAddress *address, bool inbound, uint64_t dial) {
        NodeEvent ev = { .type = NODE_EV_LINK_UP, .link = link, .key = *key, .inbound = inbound, .dial = dial };
        char text[NET_ADDRESS_TEXT];

        (void) net_address_format_ip(address, text);
        memcpy(ev.address.host, text, strlen(text) + 1);
        ev.address.port = address->port;
        tell(userdata, &ev);
}

static void on_frame(void *userdata, uint64_t link, const char *p, size_t n) {
        NodeEvent ev = { .type = NODE_EV_FRAME, .link = link, .data = p, .n_data = n };

        tell(userdata, &ev);
}

static void on_down(void *userdata, uint64_t link, int verdict, const char *reason) {
        NodeEvent ev = { .type = NODE_EV_LINK_DOWN, .link = link, .error = verdict, .text = reason };

        tell(userdata, &ev);
}

static void on_sent(void *userdata, uint64_t link) {
        NodeEvent ev = { .type = NODE_EV_SENT, .link = link };

        tell(userdata, &ev);
}

static void on_dial_failed(void *userdata, uint64_t dial, int error, const char *reason) {
        NodeEvent ev = { .type = NODE_EV_DIAL_FAILED, .dial = dial, .error = error, .text = reason };

        tell(userdata, &ev);
}

static int on_defer(sd_event_source *source, void *userdata) {
        Network *n = ASSERT_PTR(userdata);
        _cleanup_free_ uint64_t *failed = TAKE_PTR(n->failed);
        size_t count = n->n_failed;

        n->n_failed = 0;
        for (size_t i = 0; i < count; i++)
                on_dial_failed(n, failed[i], -ENOMEM, "out of memory");
        return 0;
}

/* Events come from the loop only, so not from here. */
static void fail_dial(Network *n, uint64_t dial) {
        uint64_t *p;

        p = reallocarray(n->failed, n->n_failed + 1, sizeof(*p));
        if (!p)
                return;                 /* then not even that: the node dials again when its own patience ends */
        n->failed = p;
        n->failed[n->n_failed++] = dial;
        (void) sd_event_source_set_enabled(n->defer, SD_EVENT_ONESHOT);
}

static void farewell(void *userdata, int verdict, const char *reason, Buf *ret) {
        if (message_error(ret, verdict, reason, NULL) < 0)
                buf_done(ret);          /* then without a word */
}

int network_new(Network **ret, sd_event *event, const SecretKey *identity, const NetHostSettings *settings,
                NetworkHandler on_event, void *userdata) {
        static const NetHandlers handlers = {
                .on_up = on_up,
                .on_frame = on_frame,
                .on_down = on_down,
                .on_sent = on_sent,
                .on_dial_failed = on_dial_failed,
                .farewell = farewell,
        };
        _cleanup_(network_freep) Network *n = NULL;
        int r;

        n = new0(Network, 1);
        if (!n)
                return -ENOMEM;
        n->on_event = on_event;
        n->userdata = userdata;
        r = sd_event_add_defer(event, &n->defer, on_defer, n);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(n->defer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = net_host_new(&n->host, event, identity, settings, &handlers, n);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(n);
        return 0;
}

Network* network_free(Network *n) {
        if (!n)
                return NULL;

        n->defer = sd_event_source_disable_unref(n->defer);
        (void) net_host_free(n->host);
        free(n->failed);
        free(n);
        return NULL;
}

NetHost* network_host(Network *n) {
        return n->host;
}

static void ban(Network *n, const NodeEffect *fx) {
        uint64_t now = now_usec();
        NetAddress a;
        bool numeric;

        if (fx->at_usec <= now)
                return;
        numeric = net_address_from_text(&a, fx->address.host, fx->address.port) == 0;
        net_host_ban(n->host, &fx->key, numeric ? &a : NULL, fx->at_usec - now);
}

bool network_carry_out(Network *n, NodeEffect *fx) {
        char reason[320];
        int r;

        switch (fx->type) {

        case NODE_FX_SEND:
                r = net_host_send(n->host, fx->link, (NetLane) fx->lane, TAKE_PTR(fx->data), fx->n_data);
                if (r < 0)
                        net_host_close(n->host, fx->link, 0, "out of memory");
                return true;

        case NODE_FX_CLOSE:
                (void) snprintf(reason, sizeof(reason), "%.*s", (int) MIN(fx->n_data, sizeof(reason) - 1), fx->data ? fx->data : "");
                net_host_close(n->host, fx->link, fx->verdict, reason);
                return true;

        case NODE_FX_DIAL:
                r = net_host_dial(n->host, fx->dial, fx->address.host, fx->address.port, &fx->key);
                if (r < 0)
                        fail_dial(n, fx->dial);
                return true;

        case NODE_FX_BAN:
                ban(n, fx);
                return true;

        case NODE_FX_PAUSE:
                net_host_pause(n->host, fx->link);
                return true;

        case NODE_FX_RESUME:
                net_host_resume(n->host, fx->link);
                return true;

        case NODE_FX_COMMIT:
        case NODE_FX_VERIFY:
        case NODE_FX_MINE:
        case NODE_FX_MINE_STOP:
        case NODE_FX_REPLY:
        case NODE_FX_LOG:
        case NODE_FX_CHANGED:
        case NODE_FX_REMEMBER:
        case NODE_FX_WAKE:
                return false;
        }
        return false;
}
