/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <syslog.h>
#include <utlist.h>

#include "node/registry.h"
#include "node/tracker.h"
#include "voted/limits.h"

/* Between tracker.c (links, messages, time), tracker-register.c (who is registered, and who is told) and tracker-status.c. */

typedef struct Contact Contact;
struct Contact {                /* a link */
        Contact *prev, *next;            /* by heard_usec */
        LinkId link;
        Key key;
        char *host;             /* as observed */
        Registration *registration;
        uint64_t heard_usec;
        uint64_t allowance, allowance_usec;     /* in usec of refill; when that was so */
        uint64_t fault_usec;    /* when it broke a rule last */
        unsigned penalty;
        UT_hash_handle hh;
};

struct Tracker {
        TrackerConfig config;
        Prng prng;
        Registry *registry;
        Contact *contacts, *by_heard;
        Registration *alive, *closed;           /* by heard_usec; closed: their links are gone, for a grace of one ttl */
        uint64_t now_usec;
        NodeEffects *effects;                   /* of the step */
        int error;                              /* of the step: -ENOMEM */
        char status[96];
};

/* --- tracker.c: effects of the step; running out of memory is noted in t->error --- */
void tracker_effect(Tracker *t, const NodeEffect *fx);
void tracker_send_buf(Tracker *t, LinkId link, NodeLane lane, Buf *frame);
void tracker_send(Tracker *t, const Contact *c, NodeLane lane, const Message *m);
void tracker_log(Tracker *t, const Contact *c, int level, NodeMessage message, const char *what);
void tracker_changed(Tracker *t);

/* --- tracker-register.c --- */
_must_check_ int tracker_on_register(Tracker *t, Contact *c, const Message *m, Why *why);
_must_check_ int tracker_on_heartbeat(Tracker *t, Contact *c, const Message *m, Why *why);
_must_check_ int tracker_on_get_peers(Tracker *t, Contact *c, const Message *m);
_must_check_ int tracker_on_unregister(Tracker *t, Contact *c, const Message *m, Why *why);
void tracker_close_registration(Tracker *t, Contact *c);        /* its link is gone: the grace begins */
void tracker_catch_up(Tracker *t, Registration *g);             /* its link has taken what was sent before */
void tracker_expire(Tracker *t);                                /* who was not heard of for a ttl is gone */
void tracker_push(Tracker *t);                                  /* what is due to be told */
uint64_t tracker_next_due(Tracker *t);                          /* of both; USEC_INFINITY: never */
