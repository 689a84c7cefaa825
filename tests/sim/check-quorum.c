/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check-quorum.h"

#include <inttypes.h>

#include "check-kept.h"
#include "check-private.h"
#include "codec/hex.h"
#include "engine-frame.h"
#include "errand.h"
#include "node/peer-internal.h"

#define SAID_VIEWS 4096U        /* of an authority, that are remembered */
#define EXPECTED_MAX 64U
#define EXPECT_USEC USEC_PER_SEC

typedef struct Said {           /* what an honest authority has signed in a view */
        uint64_t view;
        bool has[_QUORUM_KIND_MAX];
        Id block[_QUORUM_KIND_MAX];
} Said;

typedef struct Expected {       /* whoever heard both shall have the evidence soon */
        unsigned host, life, signer;
        uint64_t view, at_usec;
} Expected;

typedef enum VoteState {
        VOTE_ON_ITS_WAY,
        VOTE_EVERYWHERE,        /* in the pool of every honest authority, when the highest view was `view` */
        VOTE_DONE,
} VoteState;

typedef struct VoteWatch {
        VoteState state;
        uint64_t view;
} VoteWatch;

typedef struct Passed {         /* views that an honest authority has endorsed a block past */
        unsigned host;
        uint64_t above, below;
} Passed;

struct CheckQuorum {
        QuorumConfig config;
        Said *said[AUTHORITIES_MAX];
        Expected expected[EXPECTED_MAX];
        unsigned n_expected;
        uint64_t calm_usec;     /* since when all honest authorities hear one another, and each has something to do */
        uint64_t final_usec;
        uint64_t since_usec, grown_usec;        /* the later of both, and delta then */
        VoteWatch *votes;
        size_t n_votes;
        Passed *passed;
        uint64_t *finals;       /* views of final blocks */
        size_t n_passed, n_finals;
        CheckKept *kept;
};

static CheckQuorum* quorum_of(const Host *h) {
        return checks_of(h)->quorum;
}

static Host* authority_at(const Run *r, unsigned number) {
        return r->world->hosts[r->first_peer + number];
}

static const Quorum* engine_of(const Host *h) {
        return h->up && h->peer ? QUORUM(h->peer->engine) : NULL;
}

void check_quorum_begin(Run *r) {
        CheckQuorum *c = new0(CheckQuorum, 1);

        if (!c || quorum_config_read(&c->config, r->genesis->engine_config, false, NULL) != 0)
                world_die("checks of quorum", -ENOMEM);
        c->kept = check_kept_new();
        r->checks->quorum = c;
}

void check_quorum_done(Run *r) {
        CheckQuorum *c = r->checks->quorum;

        for (unsigned i = 0; i < AUTHORITIES_MAX; i++)
                free(c->said[i]);
        free(c->votes);
        free(c->passed);
        free(c->finals);
        (void) check_kept_free(c->kept);
        free(c);
}

/* --- what is signed --- */

/* q have skipped what is passed, so that q cannot have finalized it. */
static void compare_passed(World *w, const Passed *x, uint64_t final) {
        if (x->above < final && final < x->below)
                world_fail(w, "nobody honest endorses a block past a final one", "host %u has endorsed a block of view %" PRIu64 " on one of view %"
                                PRIu64 ", and the block of view %" PRIu64 " is final", x->host, x->below, x->above, final);
}

static void on_endorse(Host *h, const QuorumStatement *s) {
        CheckQuorum *c = quorum_of(h);
        const QuorumBlock *b = quorum_block_find(engine_of(h), &s->block), *parent = b ? quorum_block_parent(engine_of(h), b) : NULL;
        Passed x = { .host = h->number, .below = s->view };

        if (!parent || parent->header.value + 1 >= s->view)
                return;
        x.above = parent->header.value;
        c->passed = reallocarray(c->passed, c->n_passed + 1, sizeof(Passed));
        if (!c->passed)
                world_die("passed", -ENOMEM);
        c->passed[c->n_passed++] = x;
        for (size_t i = 0; i < c->n_finals; i++)
                compare_passed(h->world, &x, c->finals[i]);
}

static void on_final_view(World *w, CheckQuorum *c, uint64_t view) {
        c->finals = reallocarray(c->finals, c->n_finals + 1, sizeof(uint64_t));
        if (!c->finals)
                world_die("finals", -ENOMEM);
        c->finals[c->n_finals++] = view;
        for (size_t i = 0; i < c->n_passed; i++)
                compare_passed(w, &c->passed[i], view);
}

void check_quorum_on_send(Host *h, const NodeEffect *fx) {
        CheckQuorum *c = quorum_of(h);
        QuorumStatement *s;
        EngineFrame f;
        Said *said;

        if (!engine_frame_read(&f, &c->config, fx->data, fx->n_data) || !f.has_statement)
                return;
        s = &f.statement;
        if (!key_equal(&c->config.authorities[s->signer], &h->key))
                return;
        if (!c->said[s->signer] && !(c->said[s->signer] = new0(Said, SAID_VIEWS)))
                world_die("what was said", -ENOMEM);
        said = &c->said[s->signer][s->view % SAID_VIEWS];
        if (said->view != s->view)
                *said = (Said) { .view = s->view };
        for (int k = 0; k < _QUORUM_KIND_MAX; k++) {
                QuorumStatement other = { .kind = (QuorumKind) k, .signer = s->signer, .view = s->view, .block = said->block[k] };

                if (said->has[k] && quorum_statements_convict(&other, s))
                        world_fail(h->world, "nobody honest signs two things that exclude each other", "host %u: \"%s\" and \"%s\" of view %"
                                        PRIu64, h->number, quorum_kind_name(other.kind), quorum_kind_name(s->kind), s->view);
        }
        if (s->kind == QUORUM_ENDORSE && !said->has[s->kind])
                on_endorse(h, s);
        said->has[s->kind] = true;
        said->block[s->kind] = s->block;
        check_kept_on_send(c->kept, h, s);
}

/* --- what is on disk --- */

void check_quorum_on_commit(Host *h) {
        check_kept_on_commit(quorum_of(h)->kept, h);
}

void check_quorum_on_started(Host *h) {
        check_kept_on_started(quorum_of(h)->kept, h);
}

/* --- evidence --- */

static bool is_convicted(const Host *at, const Key *key) {
        Store *store = disk_store(at->disk);
        _cleanup_buf_ Buf line = {};
        char name[16 + ID_HEX];

        (void) snprintf(name, sizeof(name), "evidence.%s", key_hex(key, (char[ID_HEX]) {}));
        return store->ops->meta_get(store, name, &line) == 0;
}

/* Nobody honest contradicts himself. */
void check_quorum_on_evidence(Host *h, const NodeEffect *fx) {
        const World *w = h->world;

        for (unsigned i = 0; i < w->n_hosts; i++) {
                const char *hex = key_hex(&w->hosts[i]->key, (char[ID_HEX]) {});

                if (w->hosts[i]->honest && memmem(fx->data, fx->n_data, hex, strlen(hex)))
                        world_fail(h->world, "no honest node stands in evidence", "host %u: %.*s", h->number, (int) fx->n_data, fx->data);
        }
}

/* Whether at counts it now, beside another that excludes it. */
static bool convicts_now(const Host *at, const QuorumStatement *s) {
        const Quorum *q = engine_of(at);
        const QuorumView *v = q && quorum_view_collected(q, s->view) ? quorum_view_find(q, s->view) : NULL;

        for (int k = QUORUM_ENDORSE; v && v->said && k < _QUORUM_KIND_MAX; k++) {
                QuorumStatement other = { .kind = (QuorumKind) k, .signer = s->signer, .view = s->view,
                        .block = v->said[s->signer].block[k] };

                if (v->said[s->signer].has[k] && quorum_statements_convict(&other, s))
                        return true;
        }
        return false;
}

static bool is_valid(const Host *h, const QuorumStatement *s) {
        SigCheck check = {};
        bool valid;

        if (quorum_statement_check(s, &quorum_of(h)->config, &h->world->genesis->network, &check) < 0)
                world_die("a check", -ENOMEM);
        memo_check(h->world->memo, &check);
        valid = check.valid;
        sig_check_done(&check);
        return valid;
}

void check_quorum_on_frame(Host *from, Host *to, LinkId link, const char *data, size_t n) {
        CheckQuorum *c = quorum_of(to);
        EngineFrame f;

        /* of a link that it has closed, for a fault maybe, it reads nothing more */
        if (from->honest || !to->honest || !to->peer || to->peer->broken || !peer_link_find(to->peer, link) || c->n_expected == EXPECTED_MAX ||
                        !engine_frame_read(&f, &c->config, data, n) || !f.has_statement || f.type == MESSAGE_PROPOSE)
                return;
        if (key_equal(&c->config.authorities[f.statement.signer], &from->key) && convicts_now(to, &f.statement) && is_valid(to, &f.statement))
                c->expected[c->n_expected++] = (Expected) { .host = to->number, .life = to->life, .signer = f.statement.signer,
                        .view = f.statement.view, .at_usec = to->world->now_usec + EXPECT_USEC };
}

/* Only where the view is counted still: else it may have been over before the signature was checked. */
static void look_at_evidence(Run *r) {
        CheckQuorum *c = r->checks->quorum;
        unsigned n = 0;

        for (unsigned i = 0; i < c->n_expected; i++) {
                const Expected *x = &c->expected[i];
                Host *h = r->world->hosts[x->host];
                const Quorum *q = engine_of(h);

                if (x->at_usec > r->world->now_usec) {
                        c->expected[n++] = *x;
                        continue;
                }
                if (!q || h->life != x->life || h->peer->broken || !quorum_view_collected(q, x->view))
                        continue;
                if (!is_convicted(h, &c->config.authorities[x->signer]))
                        world_fail(r->world, "who is caught stands in evidence", "host %u has heard two things of authority %u in view %" PRIu64
                                        " that exclude each other", x->host, x->signer, x->view);
        }
        c->n_expected = n;
}

/* --- going on --- */

/* How long it may take from when all honest authorities hear one another and have something to do, or from the last final block, to
 * the next one. With d for what a message takes at most (the genesis's delta, or what this world's ways take, if that is more), and
 * D for delta as it has grown when that time begins, a round trip being 2 d:
 *
 *      16 d                    until who lags is told: the longest pause before what is missing is asked for and said again
 *      3 D + d, f + 1 times    the view under way, and those of f lying leaders: each ends within 3 delta, and its certificate is
 *                              there one d later; D grows by half with each, up to 8 deltas
 *      4 d                     an honest leader's view: proposal, endorsements, finalizes, and one d to spare
 *
 * With one liar of four that is 29.5 d, 15 round trips, and 70 d, 35 of them, where delta had grown as far as it does. */
static uint64_t bound_usec(const Run *r) {
        const CheckQuorum *c = r->checks->quorum;
        const WorldSetup *s = &r->world->setup;
        uint64_t way = s->latency_usec + s->jitter_usec + 2 * s->turn_usec + (s->loss_per_million > 0 ? LATE_USEC_MAX : 0);
        uint64_t d = MAX(c->config.delta_usec, way), grown = c->grown_usec, usec = 16 * d + 4 * d;

        for (unsigned i = 0; i < c->config.f + 1; i++) {
                usec += 3 * grown + d;
                grown = MIN(grown + grown / 2, DELTA_GROWTH_MAX * c->config.delta_usec);
        }
        return usec + 2 * USEC_PER_SEC;         /* it is looked at each second */
}

static void look_at_delta(const Run *r) {
        CheckQuorum *c = r->checks->quorum;

        c->grown_usec = c->config.delta_usec;
        for (unsigned i = 0; i < r->n_authorities; i++)
                if (authority_at(r, i)->honest && engine_of(authority_at(r, i)))
                        c->grown_usec = MAX(c->grown_usec, quorum_delta(engine_of(authority_at(r, i))));
}

static bool is_calm(const Run *r, const bool links[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX]) {
        const World *w = r->world;

        for (unsigned i = 0; i < r->n_authorities; i++) {
                const Host *h = authority_at(r, i);
                const Quorum *q = engine_of(h);

                if (!h->honest)
                        continue;
                if (!q || h->peer->broken || disk_is_full(h->disk) || !(q->due || q->unfinal_due))
                        return false;
                for (unsigned k = 0; k < r->n_authorities; k++) {
                        const Host *other = authority_at(r, k);

                        if (k != i && other->honest && (!links[h->number][other->number] || w->blocked[h->number][other->number] ||
                                        w->blocked[other->number][h->number]))
                                return false;
                }
        }
        return true;
}

static void look_at_progress(Run *r, const bool links[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX]) {
        CheckQuorum *c = r->checks->quorum;
        uint64_t now = r->world->now_usec, since;

        if (r->n_liars > c->config.f)   /* nothing is promised */
                return;
        if (!is_calm(r, links))
                c->calm_usec = now;
        since = MAX(c->calm_usec, c->final_usec);
        if (since != c->since_usec) {
                c->since_usec = since;
                look_at_delta(r);
        }
        if (now - since > bound_usec(r))
                world_fail(r->world, "the network goes on in time", "for %" PRIu64 " s all honest authorities have heard one another and had "
                                "something to do, and no block became final; expected one within %" PRIu64 " s",
                                (now - since) / USEC_PER_SEC, bound_usec(r) / USEC_PER_SEC);
}

/* --- no leader keeps a vote out --- */

static bool is_everywhere(const Run *r, const Id *id, uint64_t *ret_view) {
        *ret_view = 0;
        for (unsigned i = 0; i < r->n_authorities; i++) {
                const Host *h = authority_at(r, i);
                const Quorum *q = engine_of(h);

                if (!h->honest)
                        continue;
                if (!q || !pool_find(peer_pool(h->peer), id))
                        return false;
                *ret_view = MAX(*ret_view, q->view);
        }
        return true;
}

static void look_at_votes(Run *r) {
        CheckQuorum *c = r->checks->quorum;

        if (c->n_votes < r->n_votes) {
                VoteWatch *votes = reallocarray(c->votes, r->n_votes, sizeof(VoteWatch));

                if (!votes)
                        world_die("votes", -ENOMEM);
                memset(votes + c->n_votes, 0, (r->n_votes - c->n_votes) * sizeof(VoteWatch));
                c->votes = votes;
                c->n_votes = r->n_votes;
        }
        for (size_t i = 0; i < c->n_votes; i++)
                if (c->votes[i].state == VOTE_ON_ITS_WAY && r->votes[i].errand->accepted_usec > 0 &&
                                is_everywhere(r, &r->votes[i].errand->id, &c->votes[i].view))
                        c->votes[i].state = VOTE_EVERYWHERE;
}

/* Its pool is gone, and whoever gets it back from others may lead before. */
void check_quorum_on_stopped(Host *h) {
        CheckQuorum *c = quorum_of(h);

        for (size_t i = 0; i < c->n_votes; i++)
                if (c->votes[i].state == VOTE_EVERYWHERE)
                        c->votes[i].state = VOTE_ON_ITS_WAY;
}

/* It is there, valid, and was there before its view began: the leader has left it out. */
static bool is_left_out(const Run *r, const RunVote *v, const KnownBlock *b, const Host *leader) {
        const RunElection *el = &r->elections[v->election];
        const Entry *e = leader->up && leader->peer ? pool_find(peer_pool(leader->peer), &v->errand->id) : NULL;
        Chain *chain = leader->up && leader->peer ? peer_chain(leader->peer) : NULL;

        return e && b->time >= el->opens && b->time < el->closes + el->grace &&
                        chain_check_entry(chain, e, MAX(chain_tip(chain)->time, b->time), NULL) == 0;
}

void check_quorum_on_final(Host *h, const KnownBlock *b) {
        Run *r = h->world->setup.userdata;
        CheckQuorum *c = r->checks->quorum;
        const Host *leader = world_host_of_key(r->world, &b->sealer);

        c->final_usec = h->world->now_usec;
        /* an ancestor of what was finalized may lie in a view that has been skipped as well as endorsed */
        if (engine_of(h)->final && engine_of(h)->final->view == b->view)
                on_final_view(h->world, c, b->view);
        for (size_t i = 0; i < c->n_votes; i++) {
                const RunVote *v = &r->votes[i];

                if (c->votes[i].state != VOTE_EVERYWHERE || b->view <= c->votes[i].view)
                        continue;
                if (blocks_holder(b, &v->errand->id))
                        c->votes[i].state = VOTE_DONE;
                else if (leader && leader->honest && is_left_out(r, v, b, leader))
                        world_fail(h->world, "no leader keeps a vote out but a liar", "vote %u was in the pool of every honest authority in view %"
                                        PRIu64 ", and block %" PRIu64 " of view %" PRIu64 " lacks it", v->errand->number, c->votes[i].view,
                                        b->height, b->view);
        }
}

/* --- bounds --- */

static void look_at_bounds(Host *h) {
        const Quorum *q = engine_of(h);
        const Peer *p = h->peer;
        uint64_t views = q->view - q->root->header.value;
        size_t n_collected = 0, n_proposals = 0, n_pending = 0;
        const Pending *m;

        for (size_t i = 0; i < q->n_views; i++) {
                n_collected += q->views[i]->said != NULL;
                n_proposals += q->views[i]->proposal && q->views[i]->view >= q->view;        /* others are of the record */
        }
        TAILQ_FOREACH(m, &p->pendings, list)
                n_pending++;
        if (n_collected > 3 || n_proposals > 2 || q->n_views > views + 3)
                world_fail(h->world, "what is kept of views is bounded", "host %u keeps %zu views since %" PRIu64 " to %" PRIu64
                                ", the words of %zu of them, and %zu proposals", h->number, q->n_views, q->root->header.value, q->view,
                                n_collected, n_proposals);
        if (q->n_blocks > q->tip->header.height - q->root->header.height + 2 * views + 8 || p->n_drafts > DRAFTS_MAX)
                world_fail(h->world, "what is kept of blocks is bounded", "host %u keeps %zu headers and %zu drafts, view %" PRIu64
                                ", final %" PRIu64, h->number, q->n_blocks, p->n_drafts, q->view, quorum_final_view(q));
        if (n_pending > p->n_links * (CHECKS_PER_LINK_MAX + 256))
                world_fail(h->world, "what waits to be checked is bounded", "host %u has %zu messages that wait", h->number, n_pending);
}

void check_quorum_each_second(Run *r) {
        bool links[WORLD_HOSTS_MAX][WORLD_HOSTS_MAX];

        world_links(r->world, links);
        look_at_evidence(r);
        look_at_progress(r, links);
        look_at_votes(r);
        for (unsigned i = 0; i < r->n_authorities; i++)
                if (authority_at(r, i)->honest && engine_of(authority_at(r, i)))
                        look_at_bounds(authority_at(r, i));
}
