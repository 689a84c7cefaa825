/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "base/time.h"
#include "net/host-private.h"

Slot* net_host_slot(const NetHost *h, uint64_t id) {
        Slot *s;

        HASH_FIND(hh, h->slots, &id, sizeof(id), s);
        return s;
}

int net_host_send(NetHost *h, uint64_t link, NetLane lane, char *data, size_t n) {
        Slot *s = net_host_slot(h, link);

        if (!s) {
                free(data);
                return 0;
        }
        return link_send(s->link, lane, data, n);
}

size_t net_host_queued(const NetHost *h, uint64_t link, NetLane lane) {
        const Slot *s = net_host_slot(h, link);

        return s ? link_queued(s->link, lane) : 0;
}

void net_host_close(NetHost *h, uint64_t link, int verdict, const char *reason) {
        Slot *s = net_host_slot(h, link);

        if (s)
                link_close(s->link, verdict, reason);
}

void net_host_pause(NetHost *h, uint64_t link) {
        Slot *s = net_host_slot(h, link);

        if (s)
                link_set_paused(s->link, true);
}

void net_host_resume(NetHost *h, uint64_t link) {
        Slot *s = net_host_slot(h, link);

        if (s)
                link_set_paused(s->link, false);
}

void net_host_ban(NetHost *h, const Key *key, const NetAddress *address, uint64_t usec) {
        uint64_t until = now_usec() + usec;
        NetKey banned = {};
        Slot *s, *next;
        int r = 0;

        if (key && key_is_zero(key))
                key = NULL;
        if (address && address->family == AF_UNSPEC)
                address = NULL;

        if (key)
                r = gate_ban_key(h->gate, key, until);
        if (r == 0 && address) {
                banned = net_address_host_key(address);
                r = gate_ban_address(h->gate, address, until);
        }
        if (r < 0)
                (void) log_warning_errno(r, "Cannot note a ban, going on without it: %m");

        HASH_ITER(hh, h->slots, s, next) {
                NetKey k = net_address_host_key(&link_facts(s->link)->address);

                if ((key && key_equal(link_key(s->link), key)) || (address && memcmp(&k, &banned, sizeof(k)) == 0))
                        link_cut_off(s->link, V_BANNED, "banned for a time");
        }
}

int net_host_link_info(const NetHost *h, uint64_t link, NetLinkInfo *ret) {
        const Slot *s = net_host_slot(h, link);
        const LinkFacts *f;

        if (!s)
                return -ENODATA;

        f = link_facts(s->link);
        *ret = (NetLinkInfo) {
                .key = *link_key(s->link),
                .address = f->address,
                .inbound = f->inbound,
                .paused = f->paused,
                .since_usec = f->since_usec,
                .sent_bytes = f->sent_bytes,
                .received_bytes = f->received_bytes,
                .queued = f->queued,
                .held = f->held,
        };
        return 0;
}

void net_host_stats(const NetHost *h, NetHostStats *ret) {
        *ret = (NetHostStats) {
                .links = HASH_COUNT(h->slots),
                .inbound = h->n_inbound,
                .half_open = h->n_half_open,
                .dialling = HASH_COUNT(h->calls),
                .bans = gate_bans(h->gate, now_usec()),
                .listeners = h->n_listeners,
                .refused = h->refused,
                .sent_bytes = h->group.sent_bytes,
                .received_bytes = h->group.received_bytes,
                .queued = h->group.queued,
                .held = h->group.held,
        };
        for (unsigned i = 0; i < h->n_listeners; i++)
                ret->out_of_files |= listener_is_out_of_files(h->listeners[i]);
}
