/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* How entries get around (DESIGN 6). The peer that an entry comes to first sends its line to all
 * its links; every other peer announces ids and is asked. So where all are linked with all, a line
 * crosses no link twice, and most links not at all.
 *
 * What was told may be lost (an overflowing lane drops the oldest announcement): every ten seconds
 * what is older than that is told again to whoever has not said that it has it. Who is told again
 * of what it knows from there says so. */

#define PUSH_BYTES      (512U << 10)    /* lines of one message */
#define AGAIN_IDS_MAX   (2 * ANNOUNCE_IDS_MAX)  /* told again to one link in one beat */

static bool takes_gossip(const PeerLink *l) {
        return l->up && !l->client;
}

void gossip_queue(Peer *p, Item *i) {
        if (i->out)
                return;
        i->out = true;
        TAILQ_INSERT_TAIL(&p->outs, i, outs);
        if (p->n_outs++ == 0)
                p->flush_usec = MAX(p->flushed_usec + FLUSH_USEC, p->now_usec);
        if (i->push)
                p->out_bytes += i->entry->n_line;
        if (p->out_bytes > PUSH_BYTES || p->n_outs >= ANNOUNCE_IDS_MAX)
                gossip_flush(p);
        else
                peer_arm(p, p->flush_usec);
}

void gossip_unqueue(Peer *p, Item *i) {
        if (!i->out)
                return;
        i->out = false;
        TAILQ_REMOVE(&p->outs, i, outs);
        p->n_outs--;
        if (i->push)
                p->out_bytes -= i->entry->n_line;
}

/* --- messages of ids and of lines --- */

typedef struct IdList {
        Id *ids;
        size_t n;
} IdList;

static bool id_list_init(Peer *p, IdList *l) {
        *l = (IdList) { .ids = newN(Id, ANNOUNCE_IDS_MAX) };
        if (!l->ids)
                p->failed = -ENOMEM;
        return l->ids != NULL;
}

static void id_list_send(Peer *p, PeerLink *to, IdList *l) {
        if (l->n > 0)
                peer_link_send(p, to, LANE_GOSSIP, &(Message) { .type = MESSAGE_NEW_VOTE_IDS,
                                .ids = { .ids = l->ids, .n_ids = l->n } });
        l->n = 0;
}

static void id_list_add(Peer *p, PeerLink *to, IdList *l, const Id *id) {
        l->ids[l->n++] = *id;
        if (l->n == ANNOUNCE_IDS_MAX)
                id_list_send(p, to, l);
}

static void send_lines(Peer *p, PeerLink *to, const Buf *lines) {
        peer_link_send(p, to, LANE_GOSSIP, &(Message) { .type = MESSAGE_NEW_VOTE, .lines = lines->p,
                        .n_lines_bytes = lines->n });
}

static void add_line(Buf *lines, const Entry *e) {
        if (lines->n > 0)
                buf_add_char(lines, '\n');
        buf_add(lines, e->line, e->n_line);
}

static bool has(const Item *i, const PeerLink *l) {
        return slot_set_has(&i->known, l->slot) || slot_set_has(&i->told, l->slot);
}

/* Lines that all of most links get are put together once. */
static void push_to(Peer *p, PeerLink *l, const Buf *all) {
        _cleanup_buf_ Buf some = {};
        bool lacks_all = true;
        Item *i;

        TAILQ_FOREACH(i, &p->outs, outs)
                if (i->push && has(i, l))
                        lacks_all = false;
        TAILQ_FOREACH(i, &p->outs, outs) {
                if (!i->push || has(i, l))
                        continue;
                slot_set_add(&i->told, l->slot);
                if (!lacks_all)
                        add_line(&some, i->entry);
        }
        if (buf_error(&some) < 0)
                p->failed = -ENOMEM;
        if (lacks_all)
                send_lines(p, l, all);
        else if (some.n > 0)
                send_lines(p, l, &some);
}

void gossip_flush(Peer *p) {
        _cleanup_buf_ Buf lines = {};
        IdList ids;
        Item *i;

        p->flushed_usec = p->now_usec;
        if (!id_list_init(p, &ids))
                return;
        TAILQ_FOREACH(i, &p->outs, outs)
                if (i->push)
                        add_line(&lines, i->entry);
        if (buf_error(&lines) < 0)
                p->failed = -ENOMEM;

        for (size_t k = 0; k < p->n_links && p->failed >= 0; k++) {
                PeerLink *l = p->links[k];

                if (!takes_gossip(l))
                        continue;
                if (lines.n > 0)
                        push_to(p, l, &lines);
                TAILQ_FOREACH(i, &p->outs, outs) {
                        if (i->push || has(i, l))
                                continue;
                        slot_set_add(&i->told, l->slot);
                        id_list_add(p, l, &ids, &i->id);
                }
                id_list_send(p, l, &ids);
        }
        free(ids.ids);

        while ((i = TAILQ_FIRST(&p->outs))) {
                gossip_unqueue(p, i);
                i->push = false;
        }
}

void gossip_link_up(Peer *p, PeerLink *l) {
        IdList ids;
        size_t n = 0;
        Item *i;

        if (p->items.n_state[ITEM_POOLED] == 0 || !id_list_init(p, &ids))
                return;
        TAILQ_FOREACH(i, p->items.state + ITEM_POOLED, states) {
                if (i->out)
                        continue;
                if (n++ == AGAIN_IDS_MAX)       /* the rest with the next beats */
                        break;
                slot_set_add(&i->told, l->slot);
                id_list_add(p, l, &ids, &i->id);
        }
        id_list_send(p, l, &ids);
        free(ids.ids);
}

void gossip_beat(Peer *p) {
        IdList ids;
        Item *i;

        if (p->items.n_state[ITEM_POOLED] == 0 || !id_list_init(p, &ids))
                return;
        TAILQ_FOREACH(i, p->items.state + ITEM_POOLED, states)
                if (p->now_usec - i->since_usec >= BEAT_USEC)
                        i->told = (SlotSet) {};

        for (size_t k = 0; k < p->n_links; k++) {
                PeerLink *l = p->links[k];
                size_t n = 0;

                if (!takes_gossip(l))
                        continue;
                TAILQ_FOREACH(i, p->items.state + ITEM_POOLED, states) {
                        if (p->now_usec - i->since_usec < BEAT_USEC || n == AGAIN_IDS_MAX)
                                break;          /* they stand in the order of their coming */
                        if (has(i, l))
                                continue;
                        slot_set_add(&i->told, l->slot);
                        id_list_add(p, l, &ids, &i->id);
                        n++;
                }
                id_list_send(p, l, &ids);
        }
        free(ids.ids);
}

/* --- what comes in --- */

int gossip_on_ids(Peer *p, PeerLink *l, const Message *m) {
        IdList mine;

        if (l->client || sync_behind(p)) /* what is new is of no use before what is old is here */
                return 0;
        if (!id_list_init(p, &mine))
                return -ENOMEM;

        for (size_t k = 0; k < m->ids.n_ids; k++) {
                const Id *id = m->ids.ids + k;
                Item *i = item_table_find(&p->items, id);

                if (i) {
                        if (i->state == ITEM_POOLED && slot_set_has(&i->known, l->slot) &&
                                        !slot_set_has(&i->told, l->slot)) {
                                slot_set_add(&i->told, l->slot);
                                id_list_add(p, l, &mine, id);
                        }
                        slot_set_add(&i->known, l->slot);
                        gossip_ask_again(p, i);
                        continue;
                }
                if (chain_is_recent(p->chain, id) || lately_has(&p->refused, id))
                        continue;
                if (l->n_wants >= WANTS_PER_LINK_MAX || p->items.n_state[ITEM_WANTED] >= WANTS_MAX)
                        continue;       /* told again in ten seconds */
                i = gossip_want(p, id);
                if (!i) {
                        free(mine.ids);
                        return -ENOMEM;
                }
                i->wanted_by = l->slot;
                l->n_wants++;
                slot_set_add(&i->known, l->slot);
                i->ask_usec = p->now_usec + ASK_DELAY_USEC;
                p->ask_usec = MIN(p->ask_usec, i->ask_usec);
        }
        id_list_send(p, l, &mine);
        free(mine.ids);
        peer_arm(p, p->ask_usec);
        return 0;
}

int gossip_on_lines(Peer *p, PeerLink *l, const Message *m) {
        bool gone;

        return admit_lines(p, l, m, &gone);
}
