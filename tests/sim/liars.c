/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "liars.h"

#include "codec/hex.h"
#include "proto/message.h"
#include "voted/limits.h"

#define KEY_LIAR 3500U          /* fixture keys */
#define LIARS_MAX 8U

struct Liars {
        Liar liars[LIARS_MAX];
        unsigned n;
};

uint64_t liar_below(Liar *l, uint64_t bound) {
        return bound > 0 ? prng_below(&l->prng, bound) : 0;
}

void liar_send(Liar *l, const LiarLink *k, Buf *frame) {
        size_t n = 0;
        char *data;

        if (frame->n == 0) {
                buf_done(frame);
                return;
        }
        data = buf_take(frame, &n);
        if (!data)
                world_die("frame", -ENOMEM);
        wire_send(l->host, k->link, LANE_ENGINE, data, n);
}

void liar_say(Liar *l, const LiarLink *k, const Message *m) {
        _cleanup_buf_ Buf frame = {};

        if (message_frame(&frame, m) < 0)
                world_die("frame", -ENOMEM);
        liar_send(l, k, &frame);
}

const KnownBlock* liar_tip(Liar *l) {
        const Run *r = l->run;
        unsigned n = 0, pick = UINT32_MAX;

        for (unsigned i = r->first_peer; i < r->first_peer + r->n_peers; i++)
                if (r->world->hosts[i]->up && liar_below(l, ++n) == 0)
                        pick = i;
        return pick == UINT32_MAX ? NULL : checks_tip(r, pick);
}

/* --- links --- */

static LiarLink* link_of(Liar *l, LinkId link) {
        for (unsigned i = 0; i < LIAR_LINKS; i++)
                if (l->links[i].link == link)
                        return &l->links[i];
        return NULL;
}

static bool is_linked(const Liar *l, unsigned host) {
        for (unsigned i = 0; i < LIAR_LINKS; i++)
                if (l->links[i].link != 0 && l->links[i].host == host)
                        return true;
        return false;
}

static void say_hello(Liar *l, const LiarLink *k) {
        const KnownBlock *tip = liar_tip(l);
        Message m = { .type = MESSAGE_HELLO, .hello = {
                .version = PROTOCOL_VERSION,
                .network = l->run->genesis->network,
                .agent = "voted sim",
                .tip = tip ? tip->id : l->run->genesis->network,
                .height = tip ? tip->height : 0,
                .port = l->host->port,
        } };
        _cleanup_buf_ Buf frame = {};

        if (liar_has(l, VICE_BIT(CLAIMS)) && liar_below(l, 2) == 0) {
                m.hello.height = liar_below(l, 2) == 0 ? LINE_INT_MAX : m.hello.height + 1 + liar_below(l, 1000);
                m.hello.tip.b[liar_below(l, 32)] ^= 1;
        }
        if (liar_has(l, VICE_BIT(SLOW) | VICE_BIT(FLOOD)) && liar_below(l, 3) == 0)
                m.hello.port = 0;               /* a client */
        if (liar_has(l, VICE_BIT(NETWORK)))
                switch (liar_below(l, 4)) {
                case 0:
                        m.hello.network.b[0] ^= 1;
                        break;
                case 1:
                        buf_add_text(&frame, "{\"agent\":\"x\",\"type\":\"hello\",\"version\":7}");
                        break;
                case 2:
                        for (size_t n = liar_below(l, 3000); n > 0; n--)
                                buf_add_char(&frame, (char) liar_below(l, 256));
                        break;
                default:
                        break;
                }
        if (frame.n > 0)
                liar_send(l, k, &frame);
        else
                liar_say(l, k, &m);
}

static void on_up(Liar *l, const NodeEvent *ev) {
        Host *far = wire_far(l->run->world, ev->link);
        LiarLink *k = link_of(l, 0);

        if (!k || !far) {
                wire_close(l->host, ev->link, "no room");
                return;
        }
        *k = (LiarLink) { .link = ev->link, .host = far->number, .tracker = far->setup.role == HOST_TRACKER };
        if (!k->tracker)
                say_hello(l, k);
        else
                liar_say(l, k, &(Message) { .type = MESSAGE_REGISTER, .has_id = true, .id = ++k->requests, .enrol = {
                                .network = l->run->genesis->network, .port = l->host->port } });
}

static void record(Liar *l, const char *data, size_t n) {
        Recorded *x = &l->recorded[l->n_recorded++ % LIAR_RECORDED];

        if (n > 4096)
                return;
        free(x->data);
        x->data = malloc(n);
        if (!x->data)
                world_die("recorded", -ENOMEM);
        memcpy(x->data, data, n);
        x->n = n;
}

/* To another peer: as it is, twice, or behind the one that comes next. */
static void relay(Liar *l, const LiarLink *from, const char *data, size_t n) {
        const LiarLink *to = &l->links[liar_below(l, LIAR_LINKS)];
        _cleanup_buf_ Buf frame = {};

        if (to->link == 0 || to == from || to->tracker)
                return;
        if (l->held.data && liar_below(l, 2) == 0) {
                buf_add(&frame, data, n);
                liar_send(l, to, &frame);
                buf_add(&frame, l->held.data, l->held.n);
                free(TAKE_PTR(l->held.data));
                liar_send(l, to, &frame);
                return;
        }
        if (!l->held.data && liar_below(l, 3) == 0) {
                l->held.data = malloc(n + 1);
                if (!l->held.data)
                        world_die("held", -ENOMEM);
                memcpy(l->held.data, data, n);
                l->held.n = n;
                return;
        }
        for (unsigned i = 1 + (unsigned) liar_below(l, 2); i > 0; i--) {
                buf_add(&frame, data, n);
                liar_send(l, to, &frame);
        }
}

static void on_frame(Liar *l, LiarLink *k, const char *data, size_t n) {
        _cleanup_message_ Message m = {};
        unsigned from = k->tracker ? MESSAGE_FROM_TRACKER : k->up ? MESSAGE_FROM_PEER : MESSAGE_FROM_STRANGER;
        Why why;

        if (message_parse(&m, from, data, n, &why) != 0)
                return;
        if (m.type == MESSAGE_HELLO) {
                k->up = true;
                return;
        }
        if (k->tracker)
                return;
        record(l, data, n);
        if (liar_has(l, VICE_BIT(RELAY)))
                relay(l, k, data, n);
        if (message_is_request(m.type))
                liar_answer(l, k, &m);
}

/* --- from time to time --- */

static void flood(Liar *l, LiarLink *k) {
        for (unsigned i = 200 + (unsigned) liar_below(l, 3000); i > 0 && wire_is_up(l->run->world, k->link); i--) {
                Message m = { .has_id = true, .id = ++k->requests };

                switch (liar_below(l, 3)) {
                case 0:
                        m.type = MESSAGE_GET_CHAIN_INFO;
                        break;
                case 1:
                        m.type = MESSAGE_GET_VOTES_POOL;
                        break;
                default:
                        m.type = MESSAGE_GET_BLOCKS;
                        m.range.from = liar_below(l, 50);
                        m.range.max = 1024;
                        break;
                }
                liar_say(l, k, &m);
        }
}

static void replay(Liar *l, const LiarLink *k) {
        const Recorded *x = &l->recorded[liar_below(l, LIAR_RECORDED)];
        _cleanup_buf_ Buf frame = {};

        if (!x->data)
                return;
        buf_add(&frame, x->data, x->n);
        liar_send(l, k, &frame);
}

/* Ids that nobody has, of votes and of a block. */
static void announce_nothing(Liar *l, const LiarLink *k) {
        Id ids[20];
        size_t n = 1 + liar_below(l, ELEMENTSOF(ids));

        for (size_t i = 0; i < n; i++)
                for (size_t b = 0; b < 32; b++)
                        ids[i].b[b] = (uint8_t) liar_below(l, 256);
        liar_say(l, k, &(Message) { .type = MESSAGE_NEW_VOTE_IDS, .ids = { .ids = ids, .n_ids = n } });
}

static void misbehave(Liar *l, LiarLink *k) {
        Vice v = (Vice) liar_below(l, _VICE_MAX);

        if (!liar_has(l, UINT32_C(1) << v))
                return;
        switch (v) {

        case VICE_LINES:
                liar_push_lines(l, k);
                return;

        case VICE_OLD:
                liar_push_old(l, k);
                return;

        case VICE_TWICE:
                liar_vote_twice(l);
                return;

        case VICE_BLOCKS:
                if (l->n_branch == 0 || liar_below(l, 4) == 0)
                        liar_make_branch(l);
                liar_announce_branch(l, k);
                return;

        case VICE_WITHHOLD:
                announce_nothing(l, k);
                return;

        case VICE_FLOOD:
                if (liar_below(l, 10) == 0)
                        flood(l, k);
                return;

        case VICE_REPLAY:
                replay(l, k);
                return;

        case VICE_SLOW:
                wire_pause(l->host, k->link, true);
                liar_say(l, k, &(Message) { .type = MESSAGE_GET_BLOCKS, .has_id = true, .id = ++k->requests,
                                .range = { .from = 1, .max = 1024 } });
                return;

        case VICE_CLAIMS:
        case VICE_NETWORK:
        case VICE_RELAY:
        case VICE_GARBLE:
        case _VICE_MAX:
                return;         /* these have their places elsewhere */
        }
}

static void dial_somebody(Liar *l) {
        World *w = l->run->world;
        Host *h = w->hosts[liar_below(l, w->n_hosts)];
        NodeAddress a = { .port = h->port };

        if (h == l->host || !h->honest || is_linked(l, h->number))
                return;
        (void) snprintf(a.host, sizeof(a.host), "%s", h->address);
        wire_dial(l->host, ++l->dials, &a, &(Key) {});
}

static void on_liar(World *w, uint64_t a, uint64_t b) {
        Run *r = w->setup.userdata;
        Liar *l = &r->liars->liars[a];

        (void) b;
        if (w->now_usec >= l->until_usec) {
                host_crash(l->host, false);
                memset(l->links, 0, sizeof(l->links));
                return;
        }
        host_start(l->host);
        if (liar_below(l, 2) == 0)
                dial_somebody(l);
        for (unsigned i = 0; i < LIAR_LINKS; i++) {
                LiarLink *k = &l->links[i];

                if (k->link == 0 || k->tracker) {
                        if (k->link != 0 && liar_below(l, 10) == 0)
                                liar_say(l, k, &(Message) { .type = MESSAGE_HEARTBEAT, .has_id = true, .id = ++k->requests,
                                                .enrol = { .network = r->genesis->network } });
                        continue;
                }
                if (k->up)
                        misbehave(l, k);
        }
        world_at(w, w->now_usec + 1 + liar_below(l, 2 * USEC_PER_SEC), "liar", on_liar, a, 0);
}

static void on_event(Host *h, const NodeEvent *ev) {
        Liar *l = h->setup.puppet;
        LiarLink *k;

        switch (ev->type) {

        case NODE_EV_LINK_UP:
                on_up(l, ev);
                return;

        case NODE_EV_LINK_DOWN:
                k = link_of(l, ev->link);
                if (k)
                        *k = (LiarLink) {};
                return;

        case NODE_EV_FRAME:
                k = link_of(l, ev->link);
                if (k)
                        on_frame(l, k, ev->data, ev->n_data);
                return;

        default:
                return;
        }
}

void liars_plan(Run *r) {
        Prng p;

        r->liars = new0(Liars, 1);
        if (!r->liars)
                world_die("liars", -ENOMEM);
        if (!run_has(r, FAULT_BIT(LIARS)) || r->options.quorum)         /* what they know is pow */
                return;

        prng_seed(&p, r->options.seed ^ UINT64_C(0x6c69617273));
        r->liars->n = 1 + (unsigned) prng_below(&p, LIARS_MAX);
        for (unsigned i = 0; i < r->liars->n; i++) {
                Liar *l = &r->liars->liars[i];
                uint64_t from = r->ill_usec + prng_below(&p, r->heal_usec - r->ill_usec);

                l->run = r;
                l->key = KEY_LIAR + i;
                l->until_usec = from + 10 * USEC_PER_SEC + prng_below(&p, 200 * USEC_PER_SEC);
                if (prng_below(&p, 3) > 0)      /* most stop when all else that is wrong does */
                        l->until_usec = MIN(l->until_usec, r->heal_usec);
                prng_seed(&l->prng, prng_u64(&p));
                for (Vice v = 0; v < _VICE_MAX; v++)
                        if (prng_below(&p, 3) == 0)
                                l->vices |= UINT32_C(1) << v;
                l->host = world_add_host(r->world, &(HostSetup) { .role = HOST_PUPPET, .key = l->key, .on_event = on_event,
                                .puppet = l });
                world_at(r->world, from, "liar", on_liar, i, 0);
        }
}

void liars_done(Run *r) {
        for (unsigned i = 0; i < r->liars->n; i++) {
                Liar *l = &r->liars->liars[i];

                for (unsigned k = 0; k < LIAR_RECORDED; k++)
                        free(l->recorded[k].data);
                free(l->held.data);
                liar_forget_branch(l);
        }
        free(r->liars);
}
