/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* What this peer has asked others for. A request ends in one of three ways: an answer, "I will not"
 * (an error, or the link is gone), or too late; an answer that comes after that is dropped, which
 * is nobody's fault. */

Request* request_new(Peer *p, PeerLink *l, RequestType type, uint64_t wait_usec) {
        Request *q;

        q = new0(Request, 1);
        if (!q) {
                p->failed = -ENOMEM;
                return NULL;
        }
        *q = (Request) { .id = peer_token(p),
                .type = type,
                .link = l->id,
                .since_usec = p->now_usec,
                .deadline_usec = p->now_usec + wait_usec };
        TAILQ_INSERT_TAIL(&p->requests, q, list);
        peer_arm(p, q->deadline_usec);
        return q;
}

Request* request_find(Peer *p, LinkId link, uint64_t id) {
        Request *q;

        TAILQ_FOREACH(q, &p->requests, list)
                if (q->id == id)
                        return q->link == link ? q : NULL;
        return NULL;
}

bool request_pending(const Peer *p, LinkId link, RequestType type) {
        Request *q;

        TAILQ_FOREACH(q, &p->requests, list)
                if (q->link == link && q->type == type)
                        return true;
        return false;
}

static void request_free(Request *q) {
        free(q->ids);
        free(q);
}

/* late: its time is over; otherwise the other side will not, or is gone. */
int request_failed(Peer *p, Request *q, bool late) {
        int r = 0;

        /* It is over before anything follows from that: what follows may close links and end their
         * requests. */
        TAILQ_REMOVE(&p->requests, q, list);
        switch (q->type) {

        case REQUEST_CERTIFICATES:      /* the engine asks again, if it still must know */
                break;

        case REQUEST_INFO:
                if (q->id == p->sync.request)
                        sync_end(p);
                break;

        case REQUEST_VOTES:
                gossip_not_delivered(p, q, false);
                break;

        case REQUEST_RANGE:
                r = sync_not_delivered(p, q, late);
                break;

        case REQUEST_BLOCKS:
                r = drafts_not_delivered(p, q, late);
                break;
        }
        request_free(q);
        return r;
}

int request_answered(Peer *p, PeerLink *l, const Message *m) {
        static const RequestType types[_MESSAGE_MAX] = {
                [MESSAGE_CHAIN_INFO_RESPONSE] = REQUEST_INFO,
                [MESSAGE_VOTES_RESPONSE] = REQUEST_VOTES,
                [MESSAGE_BLOCKS_RESPONSE] = REQUEST_RANGE,
                [MESSAGE_CERTIFICATES] = REQUEST_CERTIFICATES,
        };
        RequestType type;
        Request *q;
        int r = 0;

        q = request_find(p, l->id, m->id);
        if (!q)
                return 0;
        type = q->type == REQUEST_BLOCKS ? REQUEST_RANGE : q->type;
        if (type != types[m->type]) {
                (void) peer_link_fault(p, l, V_PROTOCOL,
                                &(Why) { "an answer of another type than was asked for" }, NULL);
                return 0;
        }

        TAILQ_REMOVE(&p->requests, q, list);
        switch (q->type) {

        case REQUEST_CERTIFICATES:
                r = message_on_certificates(p, l, m);
                break;

        case REQUEST_INFO:
                r = sync_on_info(p, l, q, m);
                break;

        case REQUEST_VOTES:
                r = gossip_on_response(p, l, q, m);
                break;

        case REQUEST_RANGE:
                r = sync_on_range(p, l, q, m);
                break;

        case REQUEST_BLOCKS:
                r = drafts_on_blocks(p, l, q, m);
                break;
        }
        request_free(q);
        return r;
}

int requests_expire(Peer *p) {
        for (;;) {
                Request *q, *due = NULL;
                int r;

                TAILQ_FOREACH(q, &p->requests, list)
                        if (p->now_usec >= q->deadline_usec) {
                                due = q;
                                break;
                        } else
                                peer_arm(p, q->deadline_usec);
                if (!due)
                        return 0;
                r = request_failed(p, due, true);
                if (r < 0)
                        return r;
        }
}

int requests_drop_link(Peer *p, LinkId link) {
        for (;;) {
                Request *q;
                int r;

                TAILQ_FOREACH(q, &p->requests, list)
                        if (q->link == link)
                                break;
                if (!q)
                        return 0;
                r = request_failed(p, q, false);
                if (r < 0)
                        return r;
        }
}

void requests_done(Peer *p) {
        Request *q;

        while ((q = TAILQ_FIRST(&p->requests))) {
                TAILQ_REMOVE(&p->requests, q, list);
                request_free(q);
        }
}
