/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "node/peer-internal.h"

/* The book: whom this peer could dial. It learns of others by configuration, from trackers, from
 * links, and from its last run. Some outbound slots are always filled by its own choice, so that
 * strangers who dial in cannot surround it. */

#define RETRY_USEC              USEC_PER_SEC            /* doubles with each failure, up to: */
#define RETRY_NEAR_USEC         (60 * USEC_PER_SEC)     /* fixed, met or listed ones */
#define RETRY_FAR_USEC (900 * USEC_PER_SEC) /* remembered ones, while others are linked */
#define FOREIGN_USEC            (600 * USEC_PER_SEC)
#define DIALS_MAX               16U
#define REMEMBER_USEC           (60 * USEC_PER_SEC)

static const PeerLink* linked(const Peer *p, const Contact *c) {
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i]->contact == c)
                        return p->links[i];
        return NULL;
}

Contact* book_by_key(const Peer *p, const Key *key) {
        for (size_t i = 0; i < p->n_contacts; i++)
                if (key_equal(&p->contacts[i]->key, key))
                        return p->contacts[i];
        return NULL;
}

static Contact* by_address(const Peer *p, const char *host, uint16_t port) {
        for (size_t i = 0; i < p->n_contacts; i++)
                if (p->contacts[i]->address.port == port &&
                                streq(p->contacts[i]->address.host, host))
                        return p->contacts[i];
        return NULL;
}

Contact* book_by_dial(const Peer *p, uint64_t dial) {
        for (size_t i = 0; dial != 0 && i < p->n_contacts; i++)
                if (p->contacts[i]->dial == dial)
                        return p->contacts[i];
        return NULL;
}

static void contact_remove(Peer *p, size_t i) {
        for (size_t k = 0; k < p->n_links; k++)
                if (p->links[k]->contact == p->contacts[i])
                        p->links[k]->contact = NULL;
        free(p->contacts[i]);
        memmove(p->contacts + i, p->contacts + i + 1, (p->n_contacts - i - 1) * sizeof(Contact *));
        p->n_contacts--;
}

/* Who is worth least: not fixed, linked or dialled; of these not listed before listed, then the
 * most failures. */
static bool make_room(Peer *p) {
        size_t worst = SIZE_MAX;

        if (p->n_contacts < PEERS_REMEMBERED_MAX)
                return true;
        for (size_t i = 0; i < p->n_contacts; i++) {
                const Contact *c = p->contacts[i],
                              *w = worst == SIZE_MAX ? NULL : p->contacts[worst];

                if (c->fixed || c->dial != 0 || linked(p, c))
                        continue;
                if (!w || !c->listed > !w->listed ||
                                (!c->listed == !w->listed && c->fails > w->fails))
                        worst = i;
        }
        if (worst == SIZE_MAX)
                return false;
        contact_remove(p, worst);
        return true;
}

static int contact_new(Peer *p, const Key *key, const char *host, uint16_t port, Contact **ret) {
        Contact *c;

        *ret = NULL;
        if (!make_room(p))
                return 0;
        if (p->n_contacts == p->allocated_contacts) {
                size_t n = p->allocated_contacts ? p->allocated_contacts * 2 : 16;
                Contact **contacts = reallocarray(p->contacts, n, sizeof(Contact *));

                if (!contacts)
                        return -ENOMEM;
                p->contacts = contacts;
                p->allocated_contacts = n;
        }
        c = new0(Contact, 1);
        if (!c)
                return -ENOMEM;
        if (key)
                c->key = *key;
        (void) snprintf(c->address.host, sizeof(c->address.host), "%s", host);
        c->address.port = port;
        p->contacts[p->n_contacts++] = *ret = c;
        return 0;
}

/* Drops who was never met and is neither configured nor listed any more. */
static void forget_unwanted(Peer *p) {
        for (size_t i = p->n_contacts; i > 0; i--) {
                const Contact *c = p->contacts[i - 1];

                if (!c->fixed && !c->met && !c->listed && !c->self && c->dial == 0 && !linked(p, c))
                        contact_remove(p, i - 1);
        }
}

int book_configure(Peer *p, const PeerConfig *config) {
        int r;

        for (size_t i = 0; i < p->n_contacts; i++)
                p->contacts[i]->fixed = false;

        for (size_t i = 0; i < config->n_fixed; i++) {
                const PeerEndpoint *e = config->fixed + i;
                Contact *c = NULL;

                if (!key_is_zero(&e->key))
                        c = book_by_key(p, &e->key);
                if (!c)
                        c = by_address(p, e->address.host, e->address.port);
                if (!c) {
                        r = contact_new(p, &e->key, e->address.host, e->address.port, &c);
                        if (r < 0)
                                return r;
                        if (!c)         /* more fixed peers than the book holds */
                                return -E2BIG;
                }
                if (!key_is_zero(&e->key))
                        c->key = e->key;
                c->address = e->address;
                c->fixed = true;
                c->next_usec = 0;
        }
        forget_unwanted(p);
        return 0;
}

/* --- across restarts: a line each, "key host port seen" --- */

void book_write(Peer *p) {
        _cleanup_buf_ Buf b = {};
        char hex[ID_HEX];
        size_t n;

        p->book_changed = false;
        p->remember_usec = p->now_usec + REMEMBER_USEC;
        for (size_t i = 0; i < p->n_contacts; i++) {
                const Contact *c = p->contacts[i];

                if (c->met && !c->self && !c->foreign)
                        buf_printf(&b, "%s %s %u %" PRIu64 "\n", key_hex(&c->key, hex),
                                        c->address.host, c->address.port, c->seen_sec);
        }
        if (!b.p && !b.failed)
                buf_add_text(&b, "");
        char *data = buf_take(&b, &n);
        if (!data) {
                p->failed = -ENOMEM;
                return;
        }
        peer_effect(p, &(NodeEffect) { .type = NODE_FX_REMEMBER, .data = data, .n_data = n });
}

static bool number_read(const char **p, const char *end, uint64_t max, uint64_t *ret) {
        uint64_t v = 0;
        const char *s = *p;

        while (s < end && *s >= '0' && *s <= '9') {
                if (v > max / 10)
                        return false;
                v = v * 10 + (uint64_t) (*s++ - '0');
        }
        if (s == *p || v > max)
                return false;
        *p = s;
        *ret = v;
        return true;
}

/* A line that is not of that form is passed over: to lose a hint is no reason not to start. */
static int recall_line(Peer *p, const char *line, size_t n) {
        char hex[ID_HEX] = "", host[HOST_BYTES_MAX + 1] = "";
        const char *end = line + n, *s, *space;
        uint64_t port, seen;
        Contact *c;
        Key key;
        int r;

        if (n < ID_HEX || line[ID_HEX - 1] != ' ')
                return 0;
        memcpy(hex, line, ID_HEX - 1);
        if (key_from_hex(&key, hex) != 0)
                return 0;
        s = line + ID_HEX;
        space = memchr(s, ' ', (size_t) (end - s));
        if (!space || space == s || (size_t) (space - s) > HOST_BYTES_MAX)
                return 0;
        memcpy(host, s, (size_t) (space - s));
        s = space + 1;
        if (!number_read(&s, end, UINT16_MAX, &port) || s == end || *s++ != ' ' ||
                        !number_read(&s, end, LINE_INT_MAX, &seen))
                return 0;

        if (book_by_key(p, &key) || by_address(p, host, (uint16_t) port) ||
                        key_equal(&key, &p->self))
                return 0;
        r = contact_new(p, &key, host, (uint16_t) port, &c);
        if (r < 0 || !c)
                return r;
        c->met = true;
        c->seen_sec = seen;
        return 0;
}

int book_recall(Peer *p, const char *text, size_t n) {
        const char *line;
        size_t n_line;
        int r;

        while (line_next(&text, &n, &line, &n_line)) {
                r = recall_line(p, line, n_line);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- what happens to contacts --- */

int book_met(Peer *p, PeerLink *l, Contact *dialled) {
        Contact *c = book_by_key(p, &l->key);
        int r;

        if (dialled && c != dialled) {
                /* The one that was dialled without a key, or is somebody else than was thought, is
                 * this one. */
                if (c && !c->fixed) {
                        dialled->listed |= c->listed;
                        for (size_t i = 0; i < p->n_contacts; i++)
                                if (p->contacts[i] == c) {
                                        contact_remove(p, i);
                                        break;
                                }
                }
                dialled->key = l->key;
                c = dialled;
        }
        if (!c) {
                r = contact_new(p, &l->key, l->address.host, l->address.port, &c);
                if (r < 0)
                        return r;
        }
        l->contact = c;
        if (!c)
                return 0;
        l->n_let_down = MAX(l->n_let_down, c->n_let_down);
        /* Where it dialled from may be another address than the one it is known to listen on. */
        if (l->inbound && !c->fixed && !c->listed)
                c->address = l->address;
        c->met = true;
        c->foreign = false;
        c->fails = 0;
        c->seen_sec = p->now_sec;
        p->book_changed = true;
        peer_arm(p, p->remember_usec);
        return 0;
}

int book_listed(Peer *p, unsigned tracker, const Key *key, const char *host, uint16_t port) {
        Contact *c;
        int r;

        if (key_equal(key, &p->self) || port == 0)
                return 0;
        c = book_by_key(p, key);
        if (!c) {
                c = by_address(p, host, port);
                if (c && !c->fixed && !linked(p, c))    /* another identity lives there now */
                        c->key = *key;
                else
                        c = NULL;
        }
        if (!c) {
                r = contact_new(p, key, host, port, &c);
                if (r < 0 || !c)
                        return r;
        }
        if (!c->fixed && !linked(p, c)) {
                (void) snprintf(c->address.host, sizeof(c->address.host), "%s", host);
                c->address.port = port;
        }
        if (!c->listed) {               /* it has just come (back): worth a try at once */
                c->fails = 0;
                c->foreign = false;
                c->next_usec = p->now_usec;
        }
        c->listed |= UINT32_C(1) << tracker;
        return 0;
}

void book_unlist(Peer *p, unsigned tracker, const Key *key) {
        for (size_t i = 0; i < p->n_contacts; i++)
                if (!key || key_equal(&p->contacts[i]->key, key))
                        p->contacts[i]->listed &= ~(UINT32_C(1) << tracker);
}

void book_tidy(Peer *p) {
        forget_unwanted(p);
        book_dial(p);
}

static bool isolated(const Peer *p) {
        for (size_t i = 0; i < p->n_links; i++)
                if (p->links[i]->up && !p->links[i]->client)
                        return false;
        return true;
}

void book_failed(Peer *p, Contact *c) {
        uint64_t wait,
                        most = c->fixed || c->listed || isolated(p) ? RETRY_NEAR_USEC
                                                                    : RETRY_FAR_USEC;

        c->dial = 0;
        wait = RETRY_USEC << MIN(c->fails, 20U);
        if (c->foreign)
                wait = most = FOREIGN_USEC;
        c->fails++;
        c->next_usec = p->now_usec + peer_jitter(p, MIN(wait, most));
        peer_arm(p, c->next_usec);
}

static bool worth_dialling(const Peer *p, const Contact *c) {
        return c->dial == 0 && !c->self && !linked(p, c) &&
                        !penalty_banned(p, &c->key, c->address.host);
}

static void dial(Peer *p, Contact *c) {
        c->dial = peer_token(p);
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_DIAL,
                                        .dial = c->dial,
                                        .address = c->address,
                                        .key = c->key });
}

/* "They are linked to each other": what an authority says goes to the others directly, so a link between two of them counts
 * against no limit, and nobody who came first can keep it out. */
bool book_is_needed(const Peer *p, const Key *key) {
        return message_is_sealer(p, &p->self) && message_is_sealer(p, key);
}

void book_dial(Peer *p) {
        size_t n_out = 0, n_dials = 0;

        if (p->stopping)
                return;

        for (size_t i = 0; i < p->n_links; i++)
                n_out += !p->links[i]->inbound;
        for (size_t i = 0; i < p->n_contacts; i++)
                n_dials += p->contacts[i]->dial != 0;

        for (size_t i = 0; i < p->n_contacts; i++) {
                Contact *c = p->contacts[i];

                if ((!c->fixed && !book_is_needed(p, &c->key)) || !worth_dialling(p, c))
                        continue;
                if (c->next_usec > p->now_usec) {
                        peer_arm(p, c->next_usec);
                        continue;
                }
                dial(p, c);
                n_dials++;
        }

        /* The rest by lot, so that no order of anybody's list decides who is whose neighbour. */
        while (n_out + n_dials < p->config.links_outbound_max && n_dials < DIALS_MAX) {
                Contact *pick = NULL;
                uint64_t n = 0, soonest = USEC_INFINITY;

                for (size_t i = 0; i < p->n_contacts; i++) {
                        Contact *c = p->contacts[i];

                        if (c->fixed || book_is_needed(p, &c->key) || !worth_dialling(p, c))
                                continue;
                        if (c->next_usec > p->now_usec)
                                soonest = MIN(soonest, c->next_usec);
                        else if (prng_below(&p->prng, ++n) == 0)
                                pick = c;
                }
                if (!pick) {
                        peer_arm(p, soonest);
                        return;
                }
                dial(p, pick);
                n_dials++;
        }
}

void book_done(Peer *p) {
        for (size_t i = 0; i < p->n_contacts; i++)
                free(p->contacts[i]);
        free(p->contacts);
}
