/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "node/peer-internal.h"

static size_t count_links(const Peer *p) {
        size_t n = 0;

        for (size_t i = 0; i < p->n_links; i++)
                n += p->links[i]->up && !p->links[i]->client;
        return n;
}

static unsigned count_authorities(const Peer *p, const EngineStatus *s) {
        unsigned n = s->sealer >= 0;

        for (size_t i = 0; i < p->n_links; i++)
                n += p->links[i]->up && !p->links[i]->client && message_is_sealer(p, &p->links[i]->key);
        return n;
}

/* Whether those are linked who together can make a block final. */
static const char* too_few(Peer *p, const EngineStatus *s) {
        const unsigned n = s->n_sealers > 0 ? count_authorities(p, s) : 0;

        if (n >= s->quorum)
                return NULL;
        (void) snprintf(p->few_text, sizeof(p->few_text),
                        "only %u of the %u authorities are in reach of this node, and %u must sign: "
                        "nothing becomes final until more are back",
                        n, s->n_sealers, s->quorum);
        return p->few_text;
}

/* Whether those who are linked say anything: one without a record, or that is not to sign yet, is up and silent. */
static const char* too_silent(Peer *p, const EngineStatus *s) {
        if (s->n_sealers == 0 || s->n_said >= s->quorum || p->now_usec < s->overdue_usec)
                return NULL;
        (void) snprintf(p->few_text, sizeof(p->few_text),
                        "only %u of the %u authorities sign, and %u must: nothing becomes final until others do; on the hosts "
                        "of number %s, votectl status says why",
                        s->n_said, s->n_sealers, s->quorum, s->silent);
        return p->few_text;
}

/* What an operator must mend, the worst first. */
static const char* problem(Peer *p, const EngineStatus *s) {
        if (p->problem[0])
                return p->problem;
        return too_few(p, s) ?: too_silent(p, s) ?: p->clock_text[0] ? p->clock_text : NULL;
}

/* An outage that lasts is told once: a beat later it is no link that is just being made. */
void status_beat(Peer *p) {
        EngineStatus status = {};
        const char *reach, *few;

        p->engine->type->status(p->engine, &status);
        reach = too_few(p, &status);
        few = reach ?: too_silent(p, &status);
        if (few && p->few == FEW_SEEN) {
                p->few_view = reach ? 0 : status.view;
                peer_log(p, LOG_WARNING, NODE_MSG_TOO_FEW, "Waiting: %s.", few);
        } else if (!few && p->few == FEW_TOLD && p->few_view > 0) {
                if (status.view > p->few_view)          /* or else there is nothing left to sign */
                        peer_log(p, LOG_NOTICE, NODE_MSG_TOO_FEW, "Enough authorities sign again: blocks can become final.");
        } else if (!few && p->few == FEW_TOLD)
                peer_log(p, LOG_NOTICE, NODE_MSG_TOO_FEW,
                        "%u of the %u authorities are in reach again: blocks can become final.",
                        count_authorities(p, &status), status.n_sealers);
        p->few = !few ? FEW_NOT : p->few == FEW_NOT ? FEW_SEEN : FEW_TOLD;
}

unsigned peer_confirmations(const Peer *p) {
        EngineStatus status = {};

        p->engine->type->status(p->engine, &status);
        return status.confirmations;
}

static void set_quorum(Json *o, const EngineStatus *s) {
        json_set_int(o, "authorities", s->n_sealers);
        if (s->sealer >= 0)
                json_set_int(o, "authority", s->sealer);
        json_set_int(o, "faults", s->faults);
        json_set_text(o, "note", s->note[0] ? s->note : NULL);
        json_set_int(o, "quorum", s->quorum);
        json_set_bool(o, "signing", s->signing);
        json_set_int(o, "view", (int64_t) s->view);
}

static int set_convicted(Peer *p, Json *o) {
        _cleanup_json_ Json *convicted = NULL;
        int r;

        r = evidence_status(p, &convicted);
        if (r < 0)
                return r;
        if (json_len(convicted) > 0)
                json_set(o, "convicted", TAKE_PTR(convicted));
        return 0;
}

int peer_status(Peer *p, uint64_t now_usec, Json **ret) {
        _cleanup_json_ Json *o = json_new_object(), *boards = NULL;
        const ChainTip *tip = chain_tip(p->chain);
        EngineStatus status = {};
        int r;

        assert(ret);
        if (!o)
                return -ENOMEM;
        p->engine->type->status(p->engine, &status);
        json_set_text(o, "alarm", p->alarm[0] ? p->alarm : NULL);
        json_set_int(o, "confirmations", status.confirmations);
        if (status.next_difficulty > 0)
                json_set_int(o, "difficulty", (int64_t) status.next_difficulty);
        json_set_text(o, "engine", status.engine);
        json_set_int(o, "final", (int64_t) p->final_height);
        json_set_int(o, "height", (int64_t) tip->height);
        json_set_int(o, "links", (int64_t) count_links(p));
        json_set_int(o, "pool_bytes", (int64_t) pool_bytes(p->pool));
        json_set_int(o, "pool_entries", (int64_t) pool_count(p->pool));
        json_set_text(o, "problem", problem(p, &status));
        if (status.n_sealers > 0) {
                set_quorum(o, &status);
                r = set_convicted(p, o);
                if (r < 0)
                        return r;
        }
        r = boards_status(p, &boards);
        if (r < 0)
                return r;
        if (json_len(boards) > 0)
                json_set(o, "boards", TAKE_PTR(boards));
        if (sync_behind(p))
                json_set_int(o, "syncing_to", (int64_t) p->sync.target);
        json_set_id(o, "tip", &tip->id);
        json_set_int(o, "tip_time", (int64_t) tip->time);
        json_set(o, "trackers", trackers_status(p, now_usec));
        json_set_text(o, "work", status.work[0] ? status.work : NULL);
        *ret = TAKE_PTR(o);
        return 0;
}

int peer_links(Peer *p, Json **ret) {
        _cleanup_json_ Json *a = json_new_array();

        assert(ret);
        if (!a)
                return -ENOMEM;
        for (size_t i = 0; i < p->n_links; i++) {
                const PeerLink *l = p->links[i];
                char address[sizeof(l->address.host) + 8];
                Json *o;

                if (!l->up)
                        continue;
                o = json_new_object();
                (void) snprintf(address, sizeof(address), "%s:%u", l->address.host,
                                l->address.port);
                json_set_text(o, "address", address);
                json_set_text(o, "agent", l->agent);
                json_set_text(o, "direction", l->inbound ? "in" : "out");
                json_set_int(o, "final", (int64_t) l->final);
                json_set_int(o, "height", (int64_t) l->height);
                json_set_key(o, "key", &l->key);
                json_set_int(o, "link", (int64_t) l->id);
                json_set_int(o, "penalty", l->penalty);
                json_set_int(o, "received_bytes", (int64_t) l->received_bytes);
                if (l->rtt_usec > 0)
                        json_set_int(o, "rtt_ms", (int64_t) ((l->rtt_usec + 999) / 1000));
                json_set_int(o, "sent_bytes", (int64_t) l->sent_bytes);
                json_set_int(o, "since_sec", (int64_t) l->since_sec);
                json_set_id(o, "tip", &l->tip);
                json_add(a, o);
        }
        *ret = TAKE_PTR(a);
        return 0;
}

const char* peer_status_line(Peer *p) {
        const ChainTip *tip = chain_tip(p->chain);
        const size_t size = sizeof(p->line), n = count_links(p);
        EngineStatus status = {};
        size_t k;

        p->engine->type->status(p->engine, &status);
        k = (size_t) snprintf(p->line, size, "%s, height %" PRIu64, p->engine->type->name, tip->height);
        if (p->final_height < tip->height)
                k += (size_t) snprintf(p->line + k, size - k, ", %" PRIu64, p->final_height);
        k += (size_t) snprintf(p->line + k, size - k, " final, %zu link%s", n, n == 1 ? "" : "s");
        if (status.n_sealers > 0) {
                const unsigned there = count_authorities(p, &status);

                k += (size_t) snprintf(p->line + k, size - k, ", %s%u of %u authorities",
                        there < status.quorum ? "only " : "", there, status.n_sealers);
                if (there >= status.quorum && too_silent(p, &status))
                        k += (size_t) snprintf(p->line + k, size - k, ", only %u sign", status.n_said);
        }
        if (p->problem[0])
                (void) snprintf(p->line + k, size - k, "; the ledger cannot be written");
        else if (sync_behind(p))
                (void) snprintf(p->line + k, size - k, "; fetching up to height %" PRIu64, p->sync.target);
        return p->line;
}
