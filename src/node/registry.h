/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/hash.h"
#include "base/id.h"
#include "base/prng.h"
#include "proto/message.h"

/* Who is registered, network by network: a tracker's memory (DESIGN 6). Every change of a network's list raises its version
 * by one and is remembered in a ring, so that who knows an older version can be told the difference. Knows no link and no
 * clock of its own. */
typedef struct Registry Registry;
typedef struct RegistryNetwork RegistryNetwork;

typedef struct Registration Registration;
struct Registration {
        Registration *prev, *next;              /* for whoever keeps them in a list */
        RegistryNetwork *network;
        Key key;
        char *host;
        uint16_t port;
        size_t at;                              /* its index in the network's list */
        uint64_t since_usec, heard_usec;
        uint64_t told;                          /* the version that its peer was told of */
        uint64_t sent_usec;                     /* when an update went out that may be under way yet; 0: none */
        void *contact;                          /* the link it came by; NULL: closed meanwhile */
        UT_hash_handle hh;
};

typedef struct RegistrySettings {
        unsigned networks_max, registrations_max;       /* memory: registrations_max over all networks */
        unsigned ring_max;                              /* changes remembered of a network */
} RegistrySettings;

_must_check_ int registry_new(Registry **ret, const RegistrySettings *settings, Prng *prng);    /* prng outlives it */
Registry* registry_free(Registry *r);
DEFINE_CLEANUP(Registry*, registry_free)
void registry_set(Registry *r, const RegistrySettings *settings);
size_t registry_count(const Registry *r);               /* registrations */
size_t registry_networks(const Registry *r);

RegistryNetwork* registry_network(Registry *r, const Id *id);           /* NULL: nobody is registered for it */
RegistryNetwork* registry_network_next(Registry *r, RegistryNetwork *n);        /* NULL: the first; in order of their making */
const Id* registry_network_id(const RegistryNetwork *n);
uint64_t registry_version(const RegistryNetwork *n);
size_t registry_peers(const RegistryNetwork *n);
Registration* registry_peer_at(RegistryNetwork *n, size_t i);
Registration* registry_find(RegistryNetwork *n, const Key *k);          /* NULL */

/* Registers, or changes the address of who is. 0; V_FULL with why; -ENOMEM. */
_must_check_ int registry_add(Registry *r, const Id *network, const Key *k, const char *host, uint16_t port, uint64_t now_usec,
                Registration **ret, Why *why);
/* The network goes with its last registration. */
void registry_remove(Registry *r, Registration *g);

/* Fills ret (PEER_LIST) with at most max peers, a random sample if there are more, without `except` (which may be NULL). Done
 * with by message_done(); it borrows hosts until the next change. n may be NULL. 0 or -ENOMEM. */
_must_check_ int registry_list(Registry *r, RegistryNetwork *n, size_t max, const Key *except, Message *ret);
/* Fills ret (PEER_LIST_UPDATE) with what changed since that version: each peer once, as it is now. If the ring does not reach
 * back, or the changes are too many, the list anew (`since` 0). In a network of more than TRACKER_LIST_MAX peers those who
 * joined are sampled too. 0 or -ENOMEM. */
_must_check_ int registry_update(Registry *r, RegistryNetwork *n, uint64_t since, Message *ret);

/* When the changes of a network are told, and how far that has come; kept here for the tracker. */
typedef struct RegistryPush {
        uint64_t due_usec;      /* 0: nothing to tell */
        size_t next;            /* index of the peer that is told next; SIZE_MAX: not under way */
} RegistryPush;
RegistryPush* registry_push(RegistryNetwork *n);
