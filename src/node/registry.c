/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/registry.h"
#include "voted/limits.h"

#define UPDATE_SAMPLE 64U       /* of those who joined, in a network too large to be known whole */
#define PEER_TEXT_BYTES 128U    /* of a peer in a message, beside its host */
#define LIST_BYTES_MAX (TRACKER_FRAME_BYTES_MAX - 1024U)
/* A network remembers as many changes as it has peers twice over, and these: more would cost more than the list anew. */
#define RING_LEAST 64U

typedef struct Change {
        Key key;
        char *host;             /* NULL: left */
        uint16_t port;
} Change;

struct RegistryNetwork {
        Id id;
        uint64_t version;
        Registration **list;
        size_t n, allocated;
        Registration *by_key;
        Change *ring;           /* oldest first; the last one made `version` */
        size_t n_ring, ring_allocated;
        RegistryPush push;
        UT_hash_handle hh;
};

struct Registry {
        RegistrySettings settings;
        Prng *prng;
        RegistryNetwork *networks;
        size_t n;
};

int registry_new(Registry **ret, const RegistrySettings *settings, Prng *prng) {
        Registry *r;

        r = new0(Registry, 1);
        if (!r)
                return -ENOMEM;
        r->settings = *settings;
        r->prng = prng;
        *ret = r;
        return 0;
}

static void registration_free(Registration *g) {
        free(g->host);
        free(g);
}

static void drop_changes(RegistryNetwork *n, size_t count) {
        for (size_t i = 0; i < count; i++)
                free(n->ring[i].host);
        n->n_ring -= count;
        memmove(n->ring, n->ring + count, n->n_ring * sizeof(Change));
}

static void network_free(Registry *r, RegistryNetwork *n) {
        HASH_CLEAR(hh, n->by_key);
        for (size_t i = 0; i < n->n; i++)
                registration_free(n->list[i]);
        r->n -= n->n;
        drop_changes(n, n->n_ring);
        free(n->list);
        free(n->ring);
        HASH_DEL(r->networks, n);
        free(n);
}

Registry* registry_free(Registry *r) {
        RegistryNetwork *n, *next;

        if (!r)
                return NULL;

        HASH_ITER(hh, r->networks, n, next)
                network_free(r, n);
        free(r);
        return NULL;
}

void registry_set(Registry *r, const RegistrySettings *settings) {
        r->settings = *settings;
}

size_t registry_count(const Registry *r) {
        return r->n;
}

size_t registry_networks(const Registry *r) {
        return HASH_COUNT(r->networks);
}

RegistryNetwork* registry_network(Registry *r, const Id *id) {
        RegistryNetwork *n;

        HASH_FIND(hh, r->networks, id, sizeof(*id), n);
        return n;
}

RegistryNetwork* registry_network_next(Registry *r, RegistryNetwork *n) {
        return n ? n->hh.next : r->networks;
}

const Id* registry_network_id(const RegistryNetwork *n) {
        return &n->id;
}

uint64_t registry_version(const RegistryNetwork *n) {
        return n->version;
}

size_t registry_peers(const RegistryNetwork *n) {
        return n->n;
}

Registration* registry_peer_at(RegistryNetwork *n, size_t i) {
        return n->list[i];
}

RegistryPush* registry_push(RegistryNetwork *n) {
        return &n->push;
}

Registration* registry_find(RegistryNetwork *n, const Key *k) {
        Registration *g;

        HASH_FIND(hh, n->by_key, k, sizeof(*k), g);
        return g;
}

/* Room for one item more in an array that doubles. */
static int grow(void *array, size_t n, size_t *allocated, size_t size) {
        size_t wanted = *allocated == 0 ? 8 : *allocated * 2;
        void *p;

        if (n < *allocated)
                return 0;

        p = reallocarray(*(void **) array, wanted, size);
        if (!p)
                return -ENOMEM;
        *(void **) array = p;
        *allocated = wanted;
        return 0;
}

/* Notes a change; the ring's oldest goes when it is full. Without memory for it the ring is emptied instead, and whoever
 * asks gets the list anew: a change is never lost. */
static void note_change(Registry *r, RegistryNetwork *n, const Registration *g, bool joined) {
        size_t most = MIN((size_t) r->settings.ring_max, RING_LEAST + 2 * n->n);
        char *host = joined ? strdup(g->host) : NULL;

        n->version++;
        if ((joined && !host) || grow(&n->ring, n->n_ring, &n->ring_allocated, sizeof(Change)) < 0) {
                free(host);
                drop_changes(n, n->n_ring);
                return;
        }

        n->ring[n->n_ring++] = (Change) { .key = g->key, .host = host, .port = g->port };
        if (n->n_ring > most + most / 8)        /* a few at once, for they all move */
                drop_changes(n, n->n_ring - most);
}

static int add_network(Registry *r, const Id *id, RegistryNetwork **ret, Why *why) {
        RegistryNetwork *n;

        if (HASH_COUNT(r->networks) >= r->settings.networks_max)
                return why_set(why, V_FULL, "this tracker serves %u networks already, and that is its limit", r->settings.networks_max);

        n = new0(RegistryNetwork, 1);
        if (!n)
                return -ENOMEM;
        n->id = *id;
        n->push.next = SIZE_MAX;
        HASH_ADD(hh, r->networks, id, sizeof(n->id), n);
        if (!n->hh.tbl) {
                free(n);
                return -ENOMEM;
        }
        *ret = n;
        return 0;
}

static int change_address(Registry *r, Registration *g, const char *host, uint16_t port) {
        char *copy;

        if (streq(g->host, host) && g->port == port)
                return 0;

        copy = strdup(host);
        if (!copy)
                return -ENOMEM;
        free(g->host);
        g->host = copy;
        g->port = port;
        note_change(r, g->network, g, true);
        return 0;
}

static int add_registration(Registry *r, RegistryNetwork *n, const Key *k, const char *host, uint16_t port, uint64_t now_usec,
                Registration **ret) {
        Registration *g;

        if (grow(&n->list, n->n, &n->allocated, sizeof(Registration *)) < 0)
                return -ENOMEM;
        g = new0(Registration, 1);
        if (!g)
                return -ENOMEM;
        g->host = strdup(host);
        if (!g->host) {
                free(g);
                return -ENOMEM;
        }

        g->network = n;
        g->key = *k;
        g->port = port;
        g->since_usec = now_usec;
        g->at = n->n;
        HASH_ADD(hh, n->by_key, key, sizeof(g->key), g);
        if (!g->hh.tbl) {
                registration_free(g);
                return -ENOMEM;
        }
        n->list[n->n++] = g;
        r->n++;
        note_change(r, n, g, true);
        *ret = g;
        return 0;
}

int registry_add(Registry *r, const Id *network, const Key *k, const char *host, uint16_t port, uint64_t now_usec,
                Registration **ret, Why *why) {
        RegistryNetwork *n = registry_network(r, network);
        Registration *g = n ? registry_find(n, k) : NULL;
        int q;

        if (g) {
                *ret = g;
                return change_address(r, g, host, port);
        }

        if (r->n >= r->settings.registrations_max)
                return why_set(why, V_FULL, "%u peers are registered here already, and that is the limit", r->settings.registrations_max);
        if (!n) {
                q = add_network(r, network, &n, why);
                if (q != 0)
                        return q;
        }

        q = add_registration(r, n, k, host, port, now_usec, ret);
        if (q < 0 && n->n == 0)
                network_free(r, n);
        return q;
}

void registry_remove(Registry *r, Registration *g) {
        RegistryNetwork *n = g->network;

        HASH_DEL(n->by_key, g);
        n->n--;
        n->list[g->at] = n->list[n->n];         /* order means nothing, and lists are samples */
        n->list[g->at]->at = g->at;
        r->n--;
        note_change(r, n, g, false);
        registration_free(g);
        if (n->n == 0)
                network_free(r, n);
}

/* Knuth's Algorithm S (The Art of Computer Programming, 2, 3.4.2): whether the next of `left` is among the `wanted`. */
static bool sample(Prng *prng, size_t *left, size_t *wanted) {
        bool yes = *wanted > 0 && prng_below(prng, *left) < *wanted;

        (*left)--;
        if (yes)
                (*wanted)--;
        return yes;
}

int registry_list(Registry *r, RegistryNetwork *n, size_t max, const Key *except, Message *ret) {
        size_t count = n ? n->n : 0, left = count, wanted, bytes = 0;
        MessagePeer *peers;

        if (n && except && registry_find(n, except))
                left--;
        wanted = MIN(left, max);
        peers = newN(MessagePeer, wanted + 1);
        if (!peers)
                return -ENOMEM;

        *ret = (Message) { .type = MESSAGE_PEER_LIST, .owned = true };
        ret->peers.version = n ? n->version : 0;
        ret->peers.peers = peers;
        for (size_t i = 0; i < count; i++) {
                const Registration *g = n->list[i];

                if ((except && key_equal(&g->key, except)) || !sample(r->prng, &left, &wanted))
                        continue;
                bytes += strlen(g->host) + PEER_TEXT_BYTES;
                if (bytes > LIST_BYTES_MAX)
                        break;
                peers[ret->peers.n_peers++] = (MessagePeer) { .key = g->key, .host = g->host, .port = g->port };
        }
        return 0;
}

static int list_anew(Registry *r, RegistryNetwork *n, Message *ret) {
        int q = registry_list(r, n, TRACKER_LIST_MAX, NULL, ret);

        ret->type = MESSAGE_PEER_LIST_UPDATE;
        return q;
}

static int compare_changes(const void *a, const void *b) {
        const Change *x = *(const Change *const *) a, *y = *(const Change *const *) b;
        int c = key_compare(&x->key, &y->key);

        return c != 0 ? c : (x > y) - (x < y);  /* within a key by age */
}

/* The last change of each peer among the n that are sorted, to the front. Returns how many these are. */
static size_t keep_last(const Change **changes, size_t n) {
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (i + 1 == n || !key_equal(&changes[i]->key, &changes[i + 1]->key))
                        changes[kept++] = changes[i];
        return kept;
}

int registry_update(Registry *r, RegistryNetwork *n, uint64_t since, Message *ret) {
        _cleanup_free_ const Change **changes = NULL;
        size_t count, joined = 0, left, wanted, bytes = 0;

        if (since > n->version || n->version - since > n->n_ring)
                return list_anew(r, n, ret);

        count = (size_t) (n->version - since);
        changes = newN(const Change *, count + 1);
        if (!changes)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                changes[i] = n->ring + n->n_ring - count + i;
        qsort(changes, count, sizeof(*changes), compare_changes);
        count = keep_last(changes, count);

        for (size_t i = 0; i < count; i++)
                if (changes[i]->host) {
                        joined++;
                        bytes += strlen(changes[i]->host) + PEER_TEXT_BYTES;
                } else
                        bytes += ID_HEX + 2;
        wanted = n->n > TRACKER_LIST_MAX ? MIN(joined, (size_t) UPDATE_SAMPLE) : joined;
        if (wanted > TRACKER_LIST_MAX || count - joined > TRACKER_LIST_MAX || (wanted == joined && bytes > LIST_BYTES_MAX))
                return list_anew(r, n, ret);

        *ret = (Message) { .type = MESSAGE_PEER_LIST_UPDATE, .owned = true };
        ret->peers.version = n->version;
        ret->peers.since = since;
        ret->peers.peers = newN(MessagePeer, wanted + 1);
        ret->peers.left = newN(Key, count - joined + 1);
        if (!ret->peers.peers || !ret->peers.left) {
                message_done(ret);
                return -ENOMEM;
        }

        left = joined;
        for (size_t i = 0; i < count; i++) {
                const Change *c = changes[i];

                if (!c->host)
                        ret->peers.left[ret->peers.n_left++] = c->key;
                else if (sample(r->prng, &left, &wanted))
                        ret->peers.peers[ret->peers.n_peers++] = (MessagePeer) { .key = c->key, .host = c->host, .port = c->port };
        }
        return 0;
}
