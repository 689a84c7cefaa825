/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/time.h"
#include "node/peer-internal.h"

/* The client of trackers. Each has a life of its own, so that one that is dead costs nothing:
 *
 *      WAITING --time--> DIALLING --link--> REGISTERING --registered--> REGISTERED
 *         ^-----------------+-------------------+--------lost--------------+
 *      REFUSED (it said no; tried again after a minute) <--error-- REGISTERING */

#define TRACKER_ANSWER_USEC     (10 * USEC_PER_SEC)
#define TRACKER_RETRY_USEC      USEC_PER_SEC
#define TRACKER_RETRY_MAX_USEC  (30 * USEC_PER_SEC)
#define TRACKER_REFUSED_USEC    (60 * USEC_PER_SEC)

static TrackerLink* by_link(const Peer *p, LinkId link) {
        for (size_t i = 0; link != 0 && i < p->n_trackers; i++)
                if (p->trackers[i].link == link)
                        return p->trackers + i;
        return NULL;
}

static TrackerLink* by_dial(const Peer *p, uint64_t token) {
        for (size_t i = 0; token != 0 && i < p->n_trackers; i++)
                if (p->trackers[i].dial == token)
                        return p->trackers + i;
        return NULL;
}

/* Its bit in Contact.listed. With more than 32 trackers some share one, which makes no more than a
 * stale hint. */
static unsigned number(const Peer *p, const TrackerLink *t) {
        return (unsigned) (t - p->trackers) % 32;
}

static void send_to(Peer *p, TrackerLink *t, const Message *m) {
        _cleanup_buf_ Buf b = {};
        size_t n = 0;

        if (message_frame(&b, m) < 0) {
                p->failed = -ENOMEM;
                return;
        }
        char *data = buf_take(&b, &n);
        if (!data) {
                p->failed = -ENOMEM;
                return;
        }
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_SEND,
                                        .link = t->link,
                                        .lane = LANE_ENGINE,
                                        .data = data,
                                        .n_data = n });
}

static void await_answer(Peer *p, TrackerLink *t) {
        if (t->answer_usec == 0)
                t->answer_usec = p->now_usec + TRACKER_ANSWER_USEC;
        peer_arm(p, t->answer_usec);
}

static void close_link(Peer *p, TrackerLink *t, const char *reason) {
        NodeEffect fx = { .type = NODE_FX_CLOSE, .link = t->link };

        t->link = 0;
        fx.data = strdup(reason);
        if (!fx.data) {
                p->failed = -ENOMEM;
                return;
        }
        fx.n_data = strlen(reason);
        peer_effect(p, &fx);
}

static void wait_for_next(Peer *p, TrackerLink *t, TrackerPhase phase, const char *text) {
        uint64_t usec = TRACKER_RETRY_USEC << MIN(t->fails, 10U);

        usec = phase == TRACKER_REFUSED ? TRACKER_REFUSED_USEC : MIN(usec, TRACKER_RETRY_MAX_USEC);

        if (t->phase == TRACKER_REGISTERED || (t->fails == 0 && phase == TRACKER_REFUSED)) {
                peer_log(p, LOG_WARNING, NODE_MSG_TRACKER_LOST, "Tracker %s:%u: %s, trying again.",
                                t->endpoint.address.host, t->endpoint.address.port, text);
                t->lost = true;
        }
        t->phase = phase;
        t->dial = t->link = 0;
        t->answer_usec = 0;
        t->asked = false;
        t->fails++;
        t->next_usec = p->now_usec + peer_jitter(p, usec);
        (void) snprintf(t->text, sizeof(t->text), "%s", text);
        peer_arm(p, t->next_usec);
        p->changed = true;
}

int trackers_configure(Peer *p, const PeerConfig *config) {
        TrackerLink *trackers = NULL;

        if (config->n_trackers > 0) {
                trackers = new0(TrackerLink, config->n_trackers);
                if (!trackers)
                        return -ENOMEM;
        }

        for (size_t i = 0; i < config->n_trackers; i++) {
                const PeerEndpoint *e = config->trackers + i;

                trackers[i] = (TrackerLink) { .endpoint = *e, .next_usec = p->now_usec };
                for (size_t k = 0; k < p->n_trackers; k++) {
                        TrackerLink *t = p->trackers + k;

                        if (streq(t->endpoint.address.host, e->address.host) &&
                                        key_equal(&t->endpoint.key, &e->key) &&
                                        t->endpoint.address.port == e->address.port) {
                                trackers[i] = *t;
                                t->link = 0;
                                book_unlist(p, (unsigned) k % 32, NULL);
                                /* Its bit is another now: have the list anew. */
                                trackers[i].version = trackers[i].behind = 0;
                                trackers[i].asked = false;
                        }
                }
        }
        for (size_t k = 0; k < p->n_trackers; k++)
                if (p->trackers[k].link != 0)
                        close_link(p, p->trackers + k, "no longer configured");

        free(p->trackers);
        p->trackers = trackers;
        p->n_trackers = config->n_trackers;
        for (size_t i = 0; i < p->n_trackers; i++)
                if (p->trackers[i].phase == TRACKER_REGISTERED)
                        p->trackers[i].next_usec = p->now_usec;
        return 0;
}

static void ask_list(Peer *p, TrackerLink *t) {
        if (t->asked)
                return;
        t->asked = true;
        send_to(p, t, &(Message) { .type = MESSAGE_GET_PEERS, .has_id = true, .id = peer_token(p),
                        .get_peers = { .network = p->genesis->network, .max = TRACKER_LIST_MAX } });
        await_answer(p, t);
}

static void enrol(Peer *p, TrackerLink *t) {
        t->phase = TRACKER_REGISTERING;
        send_to(p, t,
                        &(Message) { .type = MESSAGE_REGISTER,
                                        .has_id = true,
                                        .id = peer_token(p),
                                        .enrol = { .network = p->genesis->network,
                                                        .port = p->config.port,
                                                        .host = p->announce_host[0]
                                                                        ? p->announce_host
                                                                        : NULL } });
        await_answer(p, t);
}

bool tracker_on_up(Peer *p, const NodeEvent *ev) {
        TrackerLink *t = by_dial(p, ev->dial);

        if (!t)
                return false;
        t->dial = 0;
        t->link = ev->link;
        enrol(p, t);
        return true;
}

/* With the address that is to be announced now. */
void trackers_enrol(Peer *p) {
        for (size_t i = 0; i < p->n_trackers; i++)
                if (p->trackers[i].phase == TRACKER_REGISTERED)
                        enrol(p, p->trackers + i);
}

bool tracker_on_down(Peer *p, LinkId id, const char *text) {
        TrackerLink *t = by_link(p, id);

        if (!t)
                return false;
        wait_for_next(p, t, TRACKER_WAITING, text && text[0] ? text : "link lost");
        return true;
}

bool tracker_on_dial_failed(Peer *p, uint64_t token, const char *text) {
        TrackerLink *t = by_dial(p, token);

        if (!t)
                return false;
        wait_for_next(p, t, TRACKER_WAITING, text && text[0] ? text : "cannot be reached");
        return true;
}

static int list_peers(Peer *p, TrackerLink *t, const MessagePeer *peers, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int r = book_listed(p, number(p, t), &peers[i].key, peers[i].host, peers[i].port);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int on_list(Peer *p, TrackerLink *t, const Message *m) {
        int r;

        t->asked = false;
        book_unlist(p, number(p, t), NULL);
        r = list_peers(p, t, m->peers.peers, m->peers.n_peers);
        if (r < 0)
                return r;
        t->version = m->peers.version;
        book_tidy(p);
        return 0;
}

static int on_update(Peer *p, TrackerLink *t, const Message *m) {
        int r;

        if (m->peers.since == 0)
                return on_list(p, t, m);
        if (m->peers.version <= t->version)
                return 0;
        if (m->peers.since > t->version) {
                ask_list(p, t);
                return 0;
        }
        for (size_t i = 0; i < m->peers.n_left; i++)
                book_unlist(p, number(p, t), m->peers.left + i);
        r = list_peers(p, t, m->peers.peers, m->peers.n_peers);
        if (r < 0)
                return r;
        t->version = m->peers.version;
        book_tidy(p);
        return 0;
}

static void on_lease(Peer *p, TrackerLink *t, const Message *m) {
        t->ttl_usec = MAX(m->lease.ttl, UINT64_C(1)) * USEC_PER_SEC;
        t->next_usec = p->now_usec + t->ttl_usec / 3;
        peer_arm(p, t->next_usec);

        if (t->phase != TRACKER_REGISTERED) {
                if (t->lost)
                        peer_log(p, LOG_NOTICE, NODE_MSG_TRACKER_BACK, "Tracker %s:%u is back.",
                                        t->endpoint.address.host, t->endpoint.address.port);
                t->phase = TRACKER_REGISTERED;
                t->lost = false;
                t->fails = 0;
                t->version = t->behind = 0;
                p->changed = true;
                ask_list(p, t);
        } else if (m->lease.version > t->version) {
                /* An update may be on its way; one that is not here a heartbeat later was lost. */
                if (t->behind == t->version)
                        ask_list(p, t);
                t->behind = t->version;
        }
}

int tracker_on_frame(Peer *p, const NodeEvent *ev, bool *ret_was) {
        _cleanup_message_ Message m = {};
        TrackerLink *t = by_link(p, ev->link);
        Why why;
        int r;

        *ret_was = t != NULL;
        if (!t)
                return 0;

        r = message_parse(&m, MESSAGE_FROM_TRACKER, ev->data, ev->n_data, &why);
        if (r < 0)
                return r;
        if (r > 0) {
                close_link(p, t, why.text);
                wait_for_next(p, t, TRACKER_REFUSED,
                                r == V_PROTOCOL ? "what answers there is not a tracker" : why.text);
                return 0;
        }

        /* Answers come in order and the pushed update may stand between: any of them shows that it
         * lives. */
        t->answer_usec = 0;
        switch (m.type) {

        case MESSAGE_REGISTERED:
        case MESSAGE_HEARTBEAT_REPLY:
                on_lease(p, t, &m);
                return 0;

        case MESSAGE_PEER_LIST:
                return on_list(p, t, &m);

        case MESSAGE_PEER_LIST_UPDATE:
                return on_update(p, t, &m);

        case MESSAGE_ERROR:
                close_link(p, t, "refused");
                wait_for_next(p, t, TRACKER_REFUSED, m.error.text);
                return 0;

        default:
                return 0;
        }
}

void trackers_timers(Peer *p) {
        if (p->stopping)
                return;

        for (size_t i = 0; i < p->n_trackers; i++) {
                TrackerLink *t = p->trackers + i;

                if (t->answer_usec != 0 && p->now_usec >= t->answer_usec) {
                        close_link(p, t, "no answer within 10 s");
                        wait_for_next(p, t, TRACKER_WAITING, "no answer within 10 s");
                }
                if (t->answer_usec != 0)
                        peer_arm(p, t->answer_usec);

                switch (t->phase) {

                case TRACKER_WAITING:
                case TRACKER_REFUSED:
                        if (p->now_usec < t->next_usec)
                                break;
                        t->phase = TRACKER_DIALLING;
                        t->dial = peer_token(p);
                        peer_effect(p, &(NodeEffect) { .type = NODE_FX_DIAL, .dial = t->dial,
                                        .address = t->endpoint.address, .key = t->endpoint.key });
                        continue;

                case TRACKER_REGISTERED:
                        if (p->now_usec < t->next_usec)
                                break;
                        t->next_usec = p->now_usec + t->ttl_usec / 3;
                        send_to(p, t,
                                        &(Message) { .type = MESSAGE_HEARTBEAT,
                                                        .has_id = true,
                                                        .id = peer_token(p),
                                                        .enrol = { .network = p->genesis->network } });
                        await_answer(p, t);
                        break;

                case TRACKER_DIALLING:
                case TRACKER_REGISTERING:
                        continue;
                }
                peer_arm(p, t->next_usec);
        }
}

void trackers_stop(Peer *p) {
        for (size_t i = 0; i < p->n_trackers; i++) {
                TrackerLink *t = p->trackers + i;

                if (t->link == 0)
                        continue;
                if (t->phase == TRACKER_REGISTERED)
                        send_to(p, t,
                                        &(Message) { .type = MESSAGE_UNREGISTER,
                                                        .has_id = true,
                                                        .id = peer_token(p),
                                                        .enrol = { .network = p->genesis->network } });
                close_link(p, t, "stopping");
        }
}

void trackers_done(Peer *p) {
        free(p->trackers);
}

Json* trackers_status(const Peer *p, uint64_t now_usec) {
        static const char *const states[] = {
                [TRACKER_WAITING] = "waiting",
                [TRACKER_DIALLING] = "connecting",
                [TRACKER_REGISTERING] = "connecting",
                [TRACKER_REGISTERED] = "registered",
                [TRACKER_REFUSED] = "refused",
        };
        Json *a = json_new_array();

        for (size_t i = 0; i < p->n_trackers; i++) {
                const TrackerLink *t = p->trackers + i;
                char text[320], address[sizeof(t->endpoint.address.host) + 8],
                                span[FORMAT_SPAN_MAX];
                Json *o = json_new_object();

                (void) snprintf(address, sizeof(address), "%s:%u", t->endpoint.address.host,
                                t->endpoint.address.port);
                switch (t->phase) {
                case TRACKER_WAITING:
                case TRACKER_REFUSED:
                        (void) snprintf(text, sizeof(text), "%s; next try in %s",
                                        t->text[0] ? t->text : "not tried yet",
                                        format_span(span,
                                                        t->next_usec > now_usec
                                                                        ? t->next_usec - now_usec
                                                                        : 0));
                        break;
                case TRACKER_DIALLING:
                case TRACKER_REGISTERING:
                        (void) snprintf(text, sizeof(text), "%s",
                                        t->phase == TRACKER_DIALLING ? "dialling"
                                                                     : "linked, registering");
                        break;
                case TRACKER_REGISTERED:
                        (void) snprintf(text, sizeof(text), "registered for %s at a time",
                                        format_span(span, t->ttl_usec));
                        break;
                }
                json_set_text(o, "address", address);
                json_set_text(o, "state", states[t->phase]);
                json_set_text(o, "text", text);
                json_add(a, o);
        }
        return a;
}
