/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <stdio.h>

#include "node/peer-internal.h"

/* Only what every receiver would see as a fault, whatever its clock, state or timers, adds to a
 * penalty (verdict_is_fault()). What merely costs us time is paced: the link is not read for a
 * while. */

/* Messages at once and per second: far above what an honest peer sends. */
#define MESSAGES_SIZE   4000
#define MESSAGES_PER_SEC 400
/* Lines that lead to nothing: old votes, what is there already. */
#define WASTE_SIZE      20000
#define WASTE_PER_SEC   500
#define HALVED_USEC     (600 * USEC_PER_SEC)

static unsigned points_of(int verdict) {
        switch (verdict) {
        case V_SIGNATURE:
        case V_SEAL:
        case V_BLOCK:
                return PENALTY_MAX / 2;
        case V_FLOOD:
                return PENALTY_MAX / 10;
        default:
                return PENALTY_MAX / 4;
        }
}

static PenaltyRecord* record_find(const Peer *p, const Key *key) {
        for (size_t i = 0; i < p->n_penalties; i++)
                if (key_equal(&p->penalties[i].key, key))
                        return p->penalties + i;
        return NULL;
}

static void record_fade(const Peer *p, PenaltyRecord *x) {
        while (x->points > 0 && p->now_usec - x->at_usec >= HALVED_USEC) {
                x->points /= 2;
                x->at_usec += HALVED_USEC;
        }
}

unsigned penalty_remembered(const Peer *p, const Key *key) {
        PenaltyRecord *x = record_find(p, key);

        if (!x)
                return 0;
        record_fade(p, x);
        return x->points;
}

/* When there is no room the record that says least gives way. */
static PenaltyRecord* record_get(Peer *p, const Key *key, const char *host) {
        PenaltyRecord *x = record_find(p, key);

        if (!x) {
                if (p->n_penalties < PENALTY_RECORDS)
                        x = p->penalties + p->n_penalties++;
                else {
                        x = p->penalties;
                        for (size_t i = 0; i < p->n_penalties; i++) {
                                PenaltyRecord *y = p->penalties + i;

                                record_fade(p, y);
                                if (y->banned_usec <= p->now_usec &&
                                                (x->banned_usec > p->now_usec ||
                                                                y->points < x->points))
                                        x = y;
                        }
                }
                *x = (PenaltyRecord) { .key = *key, .at_usec = p->now_usec };
        }
        record_fade(p, x);
        (void) snprintf(x->host, sizeof(x->host), "%s", host);
        return x;
}

/* On the loopback everybody has the same address; a ban of it would hit every node of this host. */
static bool is_loopback(const char *host) {
        struct in6_addr six;
        struct in_addr four;

        if (inet_pton(AF_INET, host, &four) == 1)
                return ntohl(four.s_addr) >> 24 == 127;
        if (inet_pton(AF_INET6, host, &six) == 1)
                return IN6_IS_ADDR_LOOPBACK(&six) ||
                        (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
        return false;
}

bool penalty_banned(const Peer *p, const Key *key, const char *host) {
        for (size_t i = 0; i < p->n_penalties; i++) {
                const PenaltyRecord *x = p->penalties + i;

                if (x->banned_usec <= p->now_usec)
                        continue;
                if (key_equal(&x->key, key) || (streq(x->host, host) && !is_loopback(host)))
                        return true;
        }
        return false;
}

/* The link to blame, or NULL where it is gone. True: it is closed now. */
static bool add_points(Peer *p, PeerLink *l, const Key *key, const NodeAddress *address,
                int verdict, const Why *why) {
        PenaltyRecord *x = record_get(p, key, address->host);
        NodeAddress banned = *address;

        if (x->points == 0)
                x->at_usec = p->now_usec;
        x->points = MIN(x->points + points_of(verdict), PENALTY_MAX);
        if (l)
                l->penalty = x->points;
        if (x->points < PENALTY_MAX)
                return false;

        x->points = 0;
        x->banned_usec = p->now_usec + BAN_SEC * USEC_PER_SEC;
        if (is_loopback(address->host))
                banned.host[0] = '\0';
        peer_log(p, LOG_WARNING, NODE_MSG_BANNED, "%s:%u is banned for %u s: %s (%s).",
                        address->host, address->port, BAN_SEC, why->text, verdict_name(verdict));
        if (l)
                peer_link_close(p, l, verdict, why->text);
        peer_effect(p, &(NodeEffect) { .type = NODE_FX_BAN, .key = *key, .address = banned,
                        .at_usec = x->banned_usec, .verdict = verdict });
        return true;
}

bool peer_link_fault(Peer *p, PeerLink *l, int verdict, const Why *why, const uint64_t *id) {
        Key key = l->key;
        NodeAddress address = l->address;

        peer_link_send_error(p, l, verdict, why->text, id);
        return verdict_is_fault(verdict) && add_points(p, l, &key, &address, verdict, why);
}

void penalty_blame(Peer *p, LinkId link, int verdict, const Why *why) {
        PeerLink *l = peer_link_find(p, link);

        if (l)
                (void) peer_link_fault(p, l, verdict, why, NULL);
}

bool penalty_spend_message(Peer *p, PeerLink *l) {
        allowance_fill(&l->messages, MESSAGES_SIZE, MESSAGES_PER_SEC, p->now_usec);
        if (l->messages.left-- > 0)
                return false;
        l->messages.left = MESSAGES_PER_SEC / 2;
        return peer_link_fault(p, l, V_FLOOD, &(Why) { "more than 400 messages a second" }, NULL);
}

void penalty_spend_waste(Peer *p, PeerLink *l, int64_t n) {
        allowance_fill(&l->waste, WASTE_SIZE, WASTE_PER_SEC, p->now_usec);
        l->waste.left -= n;
        if (l->waste.left >= 0)
                return;
        l->resume_usec = p->now_usec + (uint64_t) -l->waste.left * USEC_PER_SEC / WASTE_PER_SEC;
        peer_link_update_reading(p, l);
}
