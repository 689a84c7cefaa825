/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "node/peer-internal.h"

/* What was connected is put on disk, and what the peer tells others about its chain leaves when that
 * has succeeded. When it has not, the chain is taken back to what is on disk, entries return to the
 * pool, and nothing is connected, announced or worked on until a commit succeeds again. */

#define ANNOUNCE_BLOCKS_MAX 4U

int commit_finish(Peer *p) {
        int r;

        if (p->trouble) {
                r = commit_on_failed(p, p->trouble);
                if (r < 0)
                        return r;
        }
        if (p->sweep && !p->committing && !p->broken) {
                r = pooled_sweep(p);
                if (r < 0)
                        return r;
        }
        if (p->dirty && !p->committing) {
                p->committing = true;
                peer_effect(p, &(NodeEffect) { .type = NODE_FX_COMMIT });
        }
        if (!p->committing)
                for (size_t i = 0; i < p->after.n; i++) {
                        peer_effect(p, p->after.items + i);
                        p->after.items[i] = (NodeEffect) {};
                }
        if (!p->committing)
                p->after.n = 0;
        return 0;
}

static int announcement(const Block *b, Buf *ret) {
        size_t n = b->n_entries;
        _cleanup_free_ Id *ids = newN(Id, n + 1);
        _cleanup_buf_ Buf lines = {};
        Message m = { .type = n == 0 || n > BLOCK_IDS_MAX ? MESSAGE_NEW_BLOCK
                                                          : MESSAGE_NEW_BLOCK_IDS };
        int r;

        if (!ids)
                return -ENOMEM;
        for (size_t k = 0; k < n; k++)
                ids[k] = b->entries[k]->id;
        buf_add(&lines, b->header_line, b->n_header_line);
        buf_add_char(&lines, '\n');
        buf_add(&lines, b->seal_line, b->n_seal_line);
        r = buf_error(&lines);
        if (r < 0)
                return r;
        m.lines = lines.p;
        m.n_lines_bytes = lines.n;
        if (m.type == MESSAGE_NEW_BLOCK_IDS) {
                m.ids.ids = ids;
                m.ids.n_ids = n;
        }
        return message_frame(ret, &m);
}

/* As it has said itself, be it by endorsing the block: the statements that made the certificate here
 * go to it as well. */
static bool link_has(const Peer *p, PeerLink *l, const Header *h) {
        if (id_equal(&l->tip, &h->id) || l->height > h->height)
                return true;
        if (!p->engine->type->has_endorsed || !p->engine->type->has_endorsed(p->engine, &l->key, &h->id))
                return false;
        l->tip = h->id;
        l->height = h->height;
        return true;
}

static int announce(Peer *p, const Block *b) {
        _cleanup_buf_ Buf frame = {};
        int r;

        for (size_t k = 0; k < p->n_links; k++) {
                PeerLink *l = p->links[k];
                char *copy;

                if (!l->up || l->client || link_has(p, l, &b->header))
                        continue;
                if (frame.n == 0) {
                        r = announcement(b, &frame);
                        if (r < 0)
                                return r;
                }
                copy = newN(char, frame.n);
                if (!copy)
                        return -ENOMEM;
                memcpy(copy, frame.p, frame.n);
                peer_link_send_frame(p, l, LANE_ENGINE, copy, frame.n);
        }
        return 0;
}

/* Elections that changed their phase; people are told, but at the start. */
int commit_phases(Peer *p, bool say) {
        size_t n = chain_n_elections(p->chain);
        int8_t *phases;

        if (n > p->n_phases) {
                phases = reallocarray(p->phases, n, 1);
                if (!phases)
                        return -ENOMEM;
                memset(phases + p->n_phases, -1, n - p->n_phases);
                p->phases = phases;
        }
        p->n_phases = n;
        for (size_t i = 0; i < n; i++) {
                ElectionInfo info;
                int r;

                r = chain_election_at(p->chain, i, &info);
                if (r < 0)
                        return r;
                if (p->phases[i] == (int8_t) info.phase)
                        continue;
                p->phases[i] = (int8_t) info.phase;
                if (!say)
                        continue;
                p->sweep = p->changed = true;
                peer_log(p, LOG_INFO, NODE_MSG_ELECTION, "Election \"%s\" is %s.",
                                info.definition->name, election_phase_name(info.phase));
        }
        return 0;
}

static void fresh_drop(Peer *p) {
        for (size_t i = 0; i < p->n_fresh; i++)
                (void) block_free(p->fresh[i]);
        p->n_fresh = 0;
}

int commit_on_committed(Peer *p) {
        uint64_t final;
        size_t first = p->n_fresh > ANNOUNCE_BLOCKS_MAX ? p->n_fresh - ANNOUNCE_BLOCKS_MAX : 0;
        int r;

        p->committing = p->dirty = false;
        if (p->broken) {
                p->broken = false;
                p->problem[0] = '\0';
                p->changed = true;
                peer_log(p, LOG_NOTICE, NODE_MSG_COMMIT_AGAIN,
                                "The ledger can be written again, going on.");
                peer_arm(p, p->engine_wake_usec);
                sync_consider(p);
                engine_greet_links(p);
                if (!p->resume)
                        return 0;
                p->resume = false;
                return engine_feed(p, &(EngineEvent) { .type = ENGINE_EV_RESUME });
        }
        final = p->final_height;
        p->final_height = engine_final_height(p);
        if (peer_confirmations(p) == 0 && p->final_height > final)      /* else said with each block */
                peer_log(p, LOG_INFO, NODE_MSG_BLOCK, "Final up to height %" PRIu64 ".",
                                p->final_height);

        /* Whoever gets a block's announcement shall have its entries' lines on the way already. */
        if (p->n_fresh > 0 && p->n_outs > 0)
                gossip_flush(p);
        for (size_t i = first; i < p->n_fresh; i++) {
                r = announce(p, p->fresh[i]);
                if (r < 0)
                        return r;
        }
        if (p->n_fresh > 0) {
                const Header *h = &p->fresh[p->n_fresh - 1]->header;

                peer_log(p, LOG_INFO, NODE_MSG_BLOCK,
                                "Height %" PRIu64 ", %" PRIu64 " final: %u %s in the newest block.",
                                h->height, p->final_height, h->count, h->count == 1 ? "entry" : "entries");
                r = commit_phases(p, true);
                if (r < 0)
                        return r;
        }
        fresh_drop(p);
        p->drafts_dirty = true;
        p->paced = true; /* this step connects no more: a long sync leaves room for all else */
        if (p->n_drafts > 0 || p->has_switch)
                peer_arm(p, p->now_usec);
        r = authority_committed(p);
        return r < 0 ? r : submit_update_watches(p);
}

/* Everything is as the last commit left it, but the pool, which keeps what was in the blocks that
 * are not to be. */
int commit_on_failed(Peer *p, int error) {
        int r;

        p->committing = p->dirty = false;
        p->trouble = 0;
        node_effects_done(&p->after);
        p->retry_usec = p->now_usec + COMMIT_RETRY_USEC;
        peer_arm(p, p->retry_usec);
        r = chain_rollback(p->chain);
        if (r < 0)
                return r;
        p->recorded = 0;
        p->has_judged = false;
        if (p->record)
                (void) p->record->ops->roll_back(p->record);
        (void) snprintf(p->problem, sizeof(p->problem),
                        "the ledger cannot be written (%s); trying again every 10 s: is there "
                        "room on the disk of the state directory?",
                        strerror(-error));
        if (!p->broken)
                peer_log(p, LOG_ERR, NODE_MSG_COMMIT_FAILED,
                                "Committing failed (%s): connecting stops, trying again every 10 s.",
                                strerror(-error));
        p->broken = p->changed = true;
        p->version++;
        p->n_switches++;

        r = drafts_drop_all(p);
        if (r < 0)
                return r;
        mine_stop(p);
        sync_end(p);
        r = engine_start(p);
        if (r < 0)
                return r;
        for (size_t i = 0; i < p->n_fresh; i++)
                for (size_t k = 0; k < p->fresh[i]->n_entries; k++) {
                        r = pooled_return(p, p->fresh[i]->entries[k]);
                        if (r < 0)
                                return r;
                }
        fresh_drop(p);
        import_fail(p, V_BUSY, &(Why) { "the ledger cannot be written now" });
        return pooled_sweep(p);
}

int commit_trouble(Peer *p, int error) {
        if (error == -ENOMEM || error == -EUCLEAN)
                return error;
        p->trouble = error;
        return 0;
}

/* Whether the ledger can be written is found out with something that may be written at any time. */
int commit_retry(Peer *p) {
        int r;

        if (p->now_usec < p->retry_usec) {
                peer_arm(p, p->retry_usec);
                return 0;
        }
        p->retry_usec = p->now_usec + COMMIT_RETRY_USEC;
        peer_arm(p, p->retry_usec);
        r = p->store->ops->meta_put(p->store, "probe", &p->now_sec, sizeof(p->now_sec));
        if (r < 0)
                return commit_trouble(p, r);
        p->dirty = true;
        return 0;
}

void commit_done(Peer *p) {
        fresh_drop(p);
        free(p->fresh);
        free(p->phases);
        free(p->boards);
        node_effects_done(&p->after);
}
