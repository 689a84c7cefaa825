/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-host.h"

#include <stdio.h>

#include "consensus/pow.h"
#include "consensus/quorum-private.h"

#define TURN_ROUNDS_MAX 64U
#define TICKS_MAX       100U
#define BEGIN_SEC       10      /* it makes no block right after its start */

static void carry_out(Host *h);

HostLink* host_link(Host *h, LinkId id) {
        for (unsigned i = 0; i < HOST_LINKS; i++)
                if (id != 0 && h->links[i].id == id)
                        return h->links + i;
        return NULL;
}

/* --- effects --- */

/* The peer's own proposals become items, so that others may say something of them. */
static void keep_proposal(Host *h, const Message *m) {
        EngineMessage *x = NULL;
        MaterialBlock *b;
        uint8_t entries[ELEMENTSOF(b->entries)];
        unsigned n = 0, item = MATERIAL_OWN;

        if (quorum_proposal_read(&h->m->q.c, &h->m->genesis->network, m->lines, m->n_lines_bytes, &x, NULL) != 0)
                return;
        for (unsigned i = 1; i < MATERIAL_ITEMS; i++)
                if (h->m->blocks[i].made && id_equal(&h->m->blocks[i].header.id, &x->header.id))
                        goto done;      /* known */
        item += h->n_proposed % 3;
        for (unsigned i = 0; i < x->header.count && n < ELEMENTSOF(entries); i++)
                for (unsigned k = 1; k < MATERIAL_ENTRIES; k++)
                        if (material_entry(h->m, k) && id_equal(&material_entry(h->m, k)->id, &x->ids[i]))
                                entries[n++] = (uint8_t) k;
        material_craft(h->m, item, &x->header, entries, n);
        h->m->blocks[item].sound = id_equal(&h->m->blocks[item].header.id, &x->header.id);
        h->n_proposed++;
done:
        (void) quorum_message_free(x);
}

static void on_send(Host *h, const NodeEffect *fx) {
        _cleanup_message_ Message m = {};
        HostLink *l = host_link(h, fx->link);
        HostFrame *kept = h->kept + h->n_kept++ % HOST_FRAMES;

        free(kept->data);
        *kept = (HostFrame) { .data = malloc(fx->n_data + 1), .n = fx->n_data };
        fuzz_check(kept->data);
        memcpy(kept->data, fx->data, fx->n_data);
        if (!l || l->tracker)
                return;

        fuzz_check(message_parse(&m, HOST_READS, fx->data, fx->n_data, NULL) == 0);
        check_sent(h, l, &m);
        if (m.type == MESSAGE_PROPOSE)
                keep_proposal(h, &m);
        if (message_is_request(m.type))
                l->asks[l->n_asks++ % ELEMENTSOF(l->asks)] = (HostAsk) { m.type, m.id };
        if (l->honest)
                honest_answer(h, l, &m);
        l->sent = !(h->hold & 2);
}

static void on_verify(Host *h, NodeEffect *fx) {
        if (h->n_held == ELEMENTSOF(h->held))
                host_verified(h, 0);
        fuzz_check(h->n_held < ELEMENTSOF(h->held));
        h->held[h->n_held++] = (HostCheck) { fx->token, TAKE_PTR(fx->checks), fx->n_checks };
        fx->n_checks = 0;
}

static void on_dial(Host *h, const NodeEffect *fx) {
        if (h->n_dials == ELEMENTSOF(h->dials)) {
                memmove(h->dials, h->dials + 1, sizeof(h->dials) - sizeof(h->dials[0]));
                memmove(h->dial_to, h->dial_to + 1, sizeof(h->dial_to) - sizeof(h->dial_to[0]));
                h->n_dials--;
        }
        h->dial_to[h->n_dials] = fx->address;
        h->dials[h->n_dials++] = fx->dial;
}

static void carry_out_one(Host *h, NodeEffect *fx) {
        HostLink *l;

        switch (fx->type) {

        case NODE_FX_SEND:
                on_send(h, fx);
                return;

        case NODE_FX_CLOSE:
                l = host_link(h, fx->link);
                if (l) {
                        *l = (HostLink) {};
                        host_step(h, (NodeEvent) { .type = NODE_EV_LINK_DOWN, .link = fx->link, .text = "closed" });
                }
                return;

        case NODE_FX_DIAL:
                on_dial(h, fx);
                return;

        case NODE_FX_VERIFY:
                on_verify(h, fx);
                return;

        case NODE_FX_MINE:
                h->mining = true;
                h->mine = fx->id;
                return;

        case NODE_FX_MINE_STOP:
                h->mining = false;
                return;

        case NODE_FX_REPLY:
                if (!fx->more && fx->request > 0)
                        h->requests[fx->request % ELEMENTSOF(h->requests)] = 0;
                return;

        case NODE_FX_REMEMBER:
                free(h->remembered);
                h->remembered = TAKE_PTR(fx->data);
                h->n_remembered = fx->n_data;
                return;

        case NODE_FX_WAKE:
                h->wake_usec = fx->at_usec;
                return;

        default:
                return;
        }
}

/* As the shell has it: what others would build on does not leave. */
static bool needs_commit(const NodeEffect *fx) {
        return (fx->type == NODE_FX_SEND && !fx->regardless) || fx->type == NODE_FX_REPLY || fx->type == NODE_FX_REMEMBER ||
                        fx->type == NODE_FX_MINE;
}

static void step(Host *h, NodeEvent *ev) {
        size_t before = h->pending.n;

        ev->now_usec = h->now_usec;
        ev->now_sec = (uint64_t) ((int64_t) MATERIAL_START + h->clock_sec + (int64_t) (h->now_usec / USEC_PER_SEC));
        fuzz_check(peer_step(h->peer, ev, &h->pending) == 0);
        for (size_t i = before; i < h->pending.n; i++)
                check_effect(h, h->pending.items + i);
        fuzz_check(h->pending.n - before < 20000);
}

static bool power_goes(Host *h, unsigned point) {
        if (h->crash_at != point)
                return false;
        h->crash_at = 0;
        host_crash(h);
        return true;
}

/* 1: done; 0: it failed; -1: the power went. */
static int commit(Host *h) {
        int r;

        if (power_goes(h, 1))
                return -1;
        r = disk_commit_record(h->disk);
        if (r >= 0) {
                if (power_goes(h, 2))
                        return -1;
                r = chain_commit(peer_chain(h->peer));
        }
        if (r >= 0 && power_goes(h, 3))
                return -1;
        step(h, &(NodeEvent) { .type = r < 0 ? NODE_EV_COMMIT_FAILED : NODE_EV_COMMITTED, .error = MIN(r, 0) });
        return r >= 0;
}

static void carry_out_turn(Host *h, NodeEffects *turn) {
        const unsigned life = h->life;
        unsigned n_commits = 0;
        int done = 1;

        for (size_t i = 0; i < turn->n; i++)
                n_commits += turn->items[i].type == NODE_FX_COMMIT;
        fuzz_check(n_commits <= 1);
        if (n_commits > 0)
                done = commit(h);
        for (size_t i = 0; i < turn->n && done >= 0 && h->life == life; i++)
                if (done > 0 || !needs_commit(turn->items + i))
                        carry_out_one(h, turn->items + i);
}

static bool tell_sent(Host *h) {
        for (unsigned i = 0; i < HOST_LINKS; i++)
                if (h->links[i].id != 0 && h->links[i].sent) {
                        h->links[i].sent = false;
                        step(h, &(NodeEvent) { .type = NODE_EV_SENT, .link = h->links[i].id });
                        return true;
                }
        return false;
}

static bool deliver(Host *h) {
        HostFrame f;

        if (h->n_queue == 0)
                return false;
        f = h->queue[0];
        memmove(h->queue, h->queue + 1, --h->n_queue * sizeof(HostFrame));
        if (host_link(h, f.link))
                step(h, &(NodeEvent) { .type = NODE_EV_FRAME, .link = f.link, .data = f.data, .n_data = f.n });
        free(f.data);
        return true;
}

/* Until nothing is left to be done at this moment. */
static void carry_out(Host *h) {
        const unsigned life = h->life;
        unsigned rounds = 0;

        for (;;) {
                while (h->pending.n > 0) {
                        NodeEffects turn = h->pending;

                        h->pending = (NodeEffects) {};
                        carry_out_turn(h, &turn);
                        node_effects_done(&turn);
                        if (h->life != life)
                                return;         /* that was in another life */
                        fuzz_check(rounds++ < 20000);
                }
                if (!(h->hold & 1) && h->n_held > 0)
                        host_verified(h, 0);
                else if (!tell_sent(h) && !deliver(h))
                        return;
        }
}

/* From within a turn it is carried out with that. */
void host_step(Host *h, NodeEvent ev) {
        static bool within;
        bool outer = !within;

        step(h, &ev);
        if (!outer)
                return;
        within = true;
        carry_out(h);
        within = false;
        check_state(h);
}

void host_verified(Host *h, unsigned i) {
        HostCheck c;

        if (h->n_held == 0)
                return;
        i %= h->n_held;
        c = h->held[i];
        memmove(h->held + i, h->held + i + 1, (--h->n_held - i) * sizeof(HostCheck));
        for (size_t k = 0; k < c.n; k++)
                memo_check(h->memo, c.checks + k);
        host_step(h, (NodeEvent) { .type = NODE_EV_VERIFIED, .token = c.token, .checks = c.checks, .n_checks = c.n });
        sig_checks_done(c.checks, c.n);
        free(c.checks);
}

void host_frame(Host *h, const HostLink *l, const char *data, size_t n) {
        HostFrame *f = h->queue + h->n_queue;

        if (h->n_queue == ELEMENTSOF(h->queue))
                return;
        *f = (HostFrame) { .link = l->id, .data = malloc(n + 1), .n = n };
        fuzz_check(f->data);
        memcpy(f->data, data, n);
        h->n_queue++;
}

void host_run(Host *h, uint64_t usec) {
        uint64_t until = h->now_usec + usec;

        for (unsigned i = 0; i < TICKS_MAX && h->wake_usec <= until; i++) {
                h->now_usec = MAX(h->now_usec, h->wake_usec);
                h->wake_usec = USEC_INFINITY;
                host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
        }
        h->now_usec = MAX(h->now_usec, until);
}

/* --- links --- */

static void address_of(unsigned who, NodeAddress *ret) {
        (void) snprintf(ret->host, sizeof(ret->host), "10.0.%u.1", who);
        ret->port = 7000;
}

void host_down(Host *h, unsigned slot) {
        HostLink l = h->links[slot % HOST_LINKS];

        if (l.id == 0)
                return;
        h->links[slot % HOST_LINKS] = (HostLink) {};
        host_step(h, (NodeEvent) { .type = NODE_EV_LINK_DOWN, .link = l.id, .text = "gone" });
}

void host_up(Host *h, unsigned slot, unsigned who, bool dialled) {
        HostLink *l = h->links + slot % HOST_LINKS;
        NodeEvent ev = { .type = NODE_EV_LINK_UP, .inbound = true };

        host_down(h, slot);
        who %= 12;
        address_of(who, &ev.address);
        *l = (HostLink) { .id = ++h->n_links, .who = who, .honest = HOST_HONEST(who) };
        for (unsigned i = 0; dialled && i < h->n_dials; i++)
                if (streq(h->dial_to[i].host, ev.address.host)) {
                        ev.inbound = false;
                        ev.dial = h->dials[i];
                        l->tracker = streq(ev.address.host, h->tracker.address.host);
                        h->dials[i] = h->dials[--h->n_dials];
                        h->dial_to[i] = h->dial_to[h->n_dials];
                }
        ev.link = l->id;
        ev.key = *secret_key_public(material_secret(h->m, who));
        host_step(h, ev);
        if (l->id == ev.link && l->honest)
                honest_hello(h, l);
}

/* --- life --- */

static void start(Host *h) {
        PeerSetup setup = {
                .genesis = h->m->genesis, .store = disk_store(h->disk), .record = disk_record(h->disk), .identity = h->identity,
                .seed = 1, .config = &h->config, .remembered = h->remembered, .n_remembered = h->n_remembered,
        };

        h->life++;
        h->wake_usec = USEC_INFINITY;
        fuzz_check(peer_new(&h->peer, &setup) == 0);
        h->final_height = peer_final_height(h->peer);
        step(h, &(NodeEvent) { .type = NODE_EV_START });
}

static void drop_life(Host *h) {
        node_effects_done(&h->pending);
        h->pending = (NodeEffects) {};
        h->peer = peer_free(h->peer);
        for (unsigned i = 0; i < h->n_held; i++) {
                sig_checks_done(h->held[i].checks, h->held[i].n);
                free(h->held[i].checks);
        }
        for (unsigned i = 0; i < h->n_queue; i++)
                free(h->queue[i].data);
        h->n_held = h->n_queue = h->n_dials = 0;
        memset(h->links, 0, sizeof(h->links));
        h->mining = h->stopped = false;
}

/* What it asks for at the start is carried out by whoever carries out. */
void host_crash(Host *h) {
        drop_life(h);
        disk_crash(h->disk);
        start(h);
}

static void import(Host *h, unsigned n) {
        _cleanup_buf_ Buf text = {};

        buf_add(&text, h->m->genesis->line, h->m->genesis->n_line);
        for (unsigned i = 1; i <= n; i++)
                material_whole(h->m, i, SEAL_RIGHT, &text);
        buf_add_char(&text, '\n');
        host_step(h, (NodeEvent) { .type = NODE_EV_IMPORT, .request = UINT64_MAX, .data = text.p, .n_data = text.n });
        host_step(h, (NodeEvent) { .type = NODE_EV_IMPORT, .request = UINT64_MAX });
        host_run(h, USEC_PER_SEC / 10);
        fuzz_check(chain_tip(peer_chain(h->peer))->height == n);
        h->honest_tip = n;
}

void host_begin(Host *h, const PeerOp *mode) {
        static Memo *memo;
        static unsigned n_runs;
        const PeerOp none = {};

        mode = mode ?: &none;
        if (n_runs++ % 4096 == 0) {     /* what was checked once fills memory */
                memo_free(memo);
                fuzz_check(memo_new(&memo, true) == 0);
        }
        *h = (Host) { .m = material_get(mode->arg[0] & 1), .memo = memo, .now_usec = USEC_PER_SEC, .clock_sec = -1 - BEGIN_SEC,
                .config = { .agent = "fuzz", .links_inbound_max = 6, .links_outbound_max = 4, .port = 7000 } };
        material_forget(h->m);
        frame_forget();
        h->verbose = getenv("FUZZ_PEER_VERBOSE") != NULL;
        h->identity = material_secret(h->m, mode->arg[1] % 3 == 2 ? 8 : 0);
        address_of(1, &h->fixed.address);
        address_of(5, &h->tracker.address);
        fuzz_check(disk_new(&h->disk) == 0);
        if (mode->arg[1] % 3 == 0 && !h->m->pow)
                fuzz_check(disk_make_record(h->disk) == 0);
        start(h);
        host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
        if (mode->arg[2] > 0)
                import(h, MIN(mode->arg[2], MATERIAL_BLOCKS));
        host_run(h, (1 + BEGIN_SEC) * USEC_PER_SEC - h->now_usec);
}

void host_end(Host *h) {
        drop_life(h);
        disk_free(h->disk);
        for (unsigned i = 0; i < HOST_FRAMES; i++)
                free(h->kept[i].data);
        free(h->remembered);
}

void host_settle(Host *h, unsigned tip) {
        static const unsigned honest[] = { 1, 2, 7 };

        if (h->stopped)
                return;
        disk_set_full(h->disk, 0);
        h->crash_at = h->hold = 0;
        while (h->n_held > 0)
                host_verified(h, 0);
        for (unsigned i = 0; i < HOST_LINKS; i++)
                host_down(h, i);
        h->honest_tip = tip > 0 ? MAX(tip, h->honest_tip) : MATERIAL_ITEMS;
        for (unsigned i = 0; i < 120 && !check_is_settled(h); i++) {
                for (unsigned k = 0; k < ELEMENTSOF(honest); k++)
                        if (h->links[k].id == 0)
                                host_up(h, k, honest[k], false);
                for (unsigned k = 0; k < ELEMENTSOF(honest) && i % 10 == 0; k++)
                        if (h->links[k].id != 0)
                                honest_tell_all(h, h->links + k);
                host_run(h, USEC_PER_SEC);
        }
        fuzz_check(check_is_settled(h));
}
