/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "consensus/pow-chain.h"
#include "consensus/pow-config.h"
#include "consensus/pow-seal.h"
#include "crypto/hash.h"

#define BAD_MAX 1024U

typedef struct Pow {
        Engine engine;
        PowConfig config;
        EngineSetup setup;
        PowChain chain;

        Id wanted;              /* of the last WANT; zero: none */
        Id bad[BAD_MAX];        /* a ring: found invalid on their parents, or on such a one */
        size_t n_bad, bad_at;

        Header candidates[2];   /* the newest first: the miner may have found the one before already */
        size_t n_candidates;
} Pow;

static Pow* POW(const Engine *e) {
        return (Pow *) ASSERT_PTR(e);
}

bool pow_try(const Id *block, uint64_t nonce_from, uint64_t tries, uint64_t difficulty, uint64_t *ret_nonce) {
        uint64_t target;

        assert(block);
        assert(difficulty > 0);
        assert(ret_nonce);

        target = pow_target(difficulty);
        for (uint64_t i = 0; i < tries; i++)
                if (hash_work(block, nonce_from + i) <= target) {
                        *ret_nonce = nonce_from + i;
                        return true;
                }
        return false;
}

static Engine* pow_free(Engine *e) {
        Pow *p;

        if (!e)
                return NULL;

        p = POW(e);
        pow_chain_done(&p->chain);
        pow_config_done(&p->config);
        free(p);
        return NULL;
}
DEFINE_CLEANUP(Engine*, pow_free)

static int pow_new(Engine **ret, const Json *config, const EngineSetup *setup) {
        _cleanup_(pow_freep) Engine *e = NULL;
        Pow *p;
        int r;

        assert(ret);
        assert(config);
        assert(setup);

        p = new0(Pow, 1);
        if (!p)
                return -ENOMEM;
        p->engine.type = &pow_engine;
        p->setup = *setup;
        p->chain.config = &p->config;
        p->chain.setup = &p->setup;
        e = &p->engine;

        r = pow_config_read(&p->config, config, false, NULL);
        if (r != 0)
                return r > 0 ? -EINVAL : r;     /* config_check() comes first */
        r = pow_chain_load(&p->chain);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(e);
        return 0;
}

/* --- judging --- */

static bool is_bad(const Pow *p, const Id *id) {
        for (size_t i = 0; i < p->n_bad; i++)
                if (id_equal(&p->bad[i], id))
                        return true;
        return false;
}

static void on_drop(void *userdata, const Header *h) {
        Pow *p = userdata;

        p->bad[p->bad_at] = h->id;
        p->bad_at = (p->bad_at + 1) % BAD_MAX;
        p->n_bad = MIN(p->n_bad + 1, (size_t) BAD_MAX);
}

static int is_known(Pow *p, const Id *id) {
        uint64_t height;
        int r;

        if (pow_tree_find(&p->chain.tree, id))
                return 1;
        r = p->setup.chain.height_of(p->setup.chain.userdata, id, &height);
        return r == -ENODATA ? 0 : r < 0 ? r : 1;
}

/* What a header has to do with the others: 0, V_DUPLICATE, V_ORPHAN, V_BLOCK, -errno. */
static int judge_on_parent(Pow *p, const Header *h, PowParent *ret, Why *why) {
        char a[ID_HEX];
        int r;

        r = is_known(p, &h->id);
        if (r < 0)
                return r;
        if (r > 0)
                return why_set(why, V_DUPLICATE, "block %s is known", id_hex(&h->id, a));
        if (is_bad(p, &h->id))
                return why_set(why, V_BLOCK, "block %s was found to be invalid", id_hex(&h->id, a));
        if (is_bad(p, &h->parent))
                return why_set(why, V_BLOCK, "its parent %s was found to be invalid", id_hex(&h->parent, a));

        r = pow_chain_parent(&p->chain, &h->parent, ret);
        if (r == -ENODATA)
                return why_set(why, V_ORPHAN, "its parent %s is not known", id_hex(&h->parent, a));
        if (r < 0)
                return r;
        return pow_chain_judge(&p->chain, ret, h, why);
}

static int pow_check_seal(Engine *e, const Header *h, const char *seal, size_t n_seal, SigCheck *checks, size_t n_max,
                size_t *ret_n, Why *why) {
        Pow *p = POW(e);
        PowParent parent;
        int r;

        r = pow_seal_judge(&p->config, &p->setup.network, h, seal, n_seal, checks, n_max, ret_n, why);
        if (r != 0)
                return r;
        r = judge_on_parent(p, h, &parent, why);
        if (r != 0 && r != V_ORPHAN) {
                sig_check_done(&checks[0]);
                *ret_n = 0;
        }
        return r;
}

/* --- steps --- */

static int effect(EngineEffects *ret, EngineEffectType type, const Id *id) {
        return engine_effects_add(ret, &(EngineEffect) { .type = type, .id = *id });
}

static int want(Pow *p, const PowNode *n, EngineEffects *ret) {
        p->wanted = n->header.id;
        return effect(ret, ENGINE_FX_WANT, &n->header.id);
}

/* After the chain or the tree has changed: what would win now? */
static int look_for_better(Pow *p, EngineEffects *ret) {
        const PowNode *best = pow_tree_heaviest(&p->chain.tree);

        if (!best || best->work <= p->chain.work)
                return 0;
        if (id_equal(&best->header.id, &p->wanted))
                return 0;
        return want(p, best, ret);
}

static void keep_limit(Pow *p) {
        while (p->chain.tree.n_side > SIDE_HEADERS_MAX)
                pow_tree_remove(&p->chain.tree, pow_tree_lightest_end(&p->chain.tree));
}

static int step_header(Pow *p, const EngineEvent *ev, EngineEffects *ret) {
        PowParent parent;
        PowNode *n;
        int r;

        assert(ev->header);
        assert(ev->seal);

        r = judge_on_parent(p, ev->header, &parent, NULL);
        if (r == V_ORPHAN)
                return effect(ret, ENGINE_FX_ORPHAN, &ev->header->id);
        if (r != 0)
                return MIN(r, 0);       /* known, or refused since it was judged: nothing to be done */

        r = pow_tree_add(&p->chain.tree, ev->header, ev->seal, ev->n_seal, parent.work + ev->header->value, false, &n);
        if (r < 0)
                return r;
        keep_limit(p);
        n = pow_tree_find(&p->chain.tree, &ev->header->id);     /* it may have been the lightest itself */

        /* First seen wins a draw. Not only the heaviest is asked for: its bodies may never come, and what extends the tip
         * shall not wait for them. But it is asked for last, since it shall win. */
        if (!n || n->work <= p->chain.work)
                return 0;
        r = want(p, n, ret);
        return r < 0 ? r : look_for_better(p, ret);
}

static int step_bodies(Pow *p, const EngineEvent *ev, EngineEffects *ret) {
        const PowNode *n = pow_tree_find(&p->chain.tree, &ev->id);
        uint64_t fork;
        int r;

        if (!n || n->main || n->work <= p->chain.work)
                return 0;

        r = pow_chain_branch(&p->chain, n, &fork, NULL, NULL);
        if (r < 0)
                return r;
        r = pow_chain_keep(&p->chain, fork);
        if (r < 0)
                return r;
        return effect(ret, ENGINE_FX_SWITCH, &ev->id);
}

static int mine_stop(Pow *p, EngineEffects *ret) {
        if (p->n_candidates == 0)
                return 0;
        p->n_candidates = 0;
        return engine_effects_add(ret, &(EngineEffect) { .type = ENGINE_FX_MINE_STOP });
}

static int alarm_people(Pow *p, uint64_t before, uint64_t final, uint64_t fork, EngineEffects *ret) {
        EngineEffect fx = { .type = ENGINE_FX_ALARM, .id = p->chain.tip.id };
        int n;

        n = asprintf(&fx.data,
                        "Blocks %" PRIu64 " to %" PRIu64 " gave way to a heavier chain, although up to height %" PRIu64
                        " they were called final (%u confirmations): whoever was told that their entry is final must look again.",
                        fork + 1, before, final, p->config.confirmations);
        if (n < 0)
                return -ENOMEM;
        fx.n_data = (size_t) n;
        return engine_effects_add(ret, &fx);
}

static uint64_t final_height(const Pow *p) {
        uint64_t tip = p->chain.tip.height;

        return tip > p->config.confirmations ? tip - p->config.confirmations : 0;
}

static int step_switched(Pow *p, const EngineEvent *ev, EngineEffects *ret) {
        uint64_t before = p->chain.tip.height, final = final_height(p), fork;
        PowNode *n;
        int r;

        if (id_equal(&ev->id, &p->chain.tip.id))
                return 0;

        n = pow_tree_find(&p->chain.tree, &ev->id);
        if (n) {
                r = pow_chain_switched(&p->chain, n, &fork);
                if (r < 0)
                        return r;
        } else {
                /* It came by another way (a rollback, an import): what the tree holds may hang in the air. */
                r = pow_chain_load(&p->chain);
                if (r < 0)
                        return r;
                fork = before;
        }
        keep_limit(p);

        if (fork < final) {
                r = alarm_people(p, before, final, fork, ret);
                if (r < 0)
                        return r;
        }
        r = mine_stop(p, ret);
        if (r < 0)
                return r;
        return look_for_better(p, ret);
}

static int step_invalid(Pow *p, const EngineEvent *ev, EngineEffects *ret) {
        PowNode *n = pow_tree_find(&p->chain.tree, &ev->id);

        if (n && n->main)
                return 0;       /* it was connected, so it is not */
        if (n)
                pow_tree_drop(&p->chain.tree, n, on_drop, p);
        else if (!is_bad(p, &ev->id))
                on_drop(p, &(Header) { .id = ev->id });
        return look_for_better(p, ret);
}

static int step_candidate(Pow *p, const EngineEvent *ev, EngineEffects *ret) {
        EngineEffect fx = { .type = ENGINE_FX_MINE };
        Header h;
        int r;

        assert(ev->header);

        if (key_is_zero(&p->setup.self) || !p->setup.sign || !pow_config_may_seal(&p->config, &p->setup.self))
                return 0;

        h = *ev->header;
        h.network = p->setup.network;
        h.parent = p->chain.tip.id;
        h.height = p->chain.tip.height + 1;
        h.time = MAX(h.time, p->chain.tip.time);
        h.sealer = p->setup.self;
        h.field = HEADER_DIFFICULTY;
        h.value = p->chain.next_difficulty;
        r = header_set_id(&h);
        if (r < 0)
                return r;

        p->candidates[1] = p->candidates[0];
        p->candidates[0] = h;
        p->n_candidates = MIN(p->n_candidates + 1, ELEMENTSOF(p->candidates));
        fx.id = h.id;
        fx.header = h;
        return engine_effects_add(ret, &fx);
}

static int step_found(Pow *p, const EngineEvent *ev, EngineEffects *ret) {
        _cleanup_buf_ Buf seal = {};
        EngineEffect fx = { .type = ENGINE_FX_SEALED };
        const Header *h = NULL;
        int r;

        for (size_t i = 0; i < p->n_candidates; i++)
                if (id_equal(&p->candidates[i].id, &ev->id))
                        h = &p->candidates[i];
        if (!h || pow_tree_find(&p->chain.tree, &h->id))
                return 0;       /* too late: candidates go with the tip that they stand on */
        if (hash_work(&h->id, ev->nonce) > pow_target(h->value))
                return 0;

        r = pow_seal_make(&p->setup, &h->id, ev->nonce, &seal);
        if (r < 0)
                return r;
        r = pow_tree_add(&p->chain.tree, h, seal.p, seal.n, p->chain.work + h->value, false, NULL);
        if (r < 0)
                return r;
        keep_limit(p);

        fx.id = h->id;
        fx.header = *h;
        fx.data = buf_take(&seal, &fx.n_data);
        if (!fx.data)
                return -ENOMEM;
        return engine_effects_add(ret, &fx);
}

static int pow_step(Engine *e, const EngineEvent *ev, EngineEffects *ret) {
        Pow *p = POW(e);

        assert(ev);
        assert(ret);

        switch (ev->type) {

        case ENGINE_EV_HEADER:
                return step_header(p, ev, ret);
        case ENGINE_EV_BODIES:
                return step_bodies(p, ev, ret);
        case ENGINE_EV_SWITCHED:
                return step_switched(p, ev, ret);
        case ENGINE_EV_INVALID:
                return step_invalid(p, ev, ret);
        case ENGINE_EV_CANDIDATE:
                return step_candidate(p, ev, ret);
        case ENGINE_EV_IDLE:
                return mine_stop(p, ret);
        case ENGINE_EV_FOUND:
                return step_found(p, ev, ret);
        case ENGINE_EV_MESSAGE:
        case ENGINE_EV_TICK:
        case ENGINE_EV_DUE:
        case ENGINE_EV_VALID:
        case ENGINE_EV_RECORDED:
        case ENGINE_EV_LINK:
        case ENGINE_EV_HEARD:
        case ENGINE_EV_BEHIND:
        case ENGINE_EV_RESUME:
                return 0;       /* work needs neither messages nor timers */
        }
        return 0;
}

/* --- asking --- */

static void pow_status(const Engine *e, EngineStatus *ret) {
        const Pow *p = POW(e);

        assert(ret);

        *ret = (EngineStatus) {
                .engine = pow_engine.name,
                .final_height = final_height(p),
                .confirmations = p->config.confirmations,
                .next_difficulty = p->chain.next_difficulty,
                .side_headers = p->chain.tree.n_side,
        };
        pow_work_format(p->chain.work, ret->work);
}

static int pow_branch(Engine *e, const Id *id, uint64_t *ret_fork_height, Id **ret, size_t *ret_n) {
        Pow *p = POW(e);
        const PowNode *n = pow_tree_find(&p->chain.tree, id);

        return n ? pow_chain_branch(&p->chain, n, ret_fork_height, ret, ret_n) : -ENODATA;
}

static int pow_side(Engine *e, const Id *id, const Header **ret, const char **ret_seal, size_t *ret_n_seal) {
        const PowNode *n = pow_tree_find(&POW(e)->chain.tree, id);

        if (!n || n->main)
                return -ENODATA;
        *ret = &n->header;
        *ret_seal = n->seal;
        *ret_n_seal = n->n_seal;
        return 0;
}

static bool pow_due(const Engine *e) {
        const Pow *p = POW(e);
        uint64_t closing = 0;

        if (p->chain.busy)
                return true;
        if (!p->setup.chain.last_closing || p->setup.chain.last_closing(p->setup.chain.userdata, &closing) < 0)
                return false;
        return closing > 0 && closing <= p->chain.tip.height && p->chain.tip.height - closing < p->config.confirmations;
}

/* --- the audit --- */

static int pow_audit(const Json *config, const EngineSetup *setup, const Header *h, const char *seal, size_t n_seal,
                SigCheck *checks, size_t n_max, size_t *ret_n, Why *why) {
        _cleanup_(pow_config_done) PowConfig c = {};
        PowChain chain = { .config = &c, .setup = setup };
        PowParent parent = { .id = setup->network, .time = setup->created, .main = true };
        Header before;
        int r;

        assert(h);

        r = pow_config_read(&c, config, false, why);
        if (r != 0)
                return r;
        r = pow_seal_judge(&c, &setup->network, h, seal, n_seal, checks, n_max, ret_n, why);
        if (r != 0)
                return r;

        if (h->height > 1) {
                r = setup->chain.header_at(setup->chain.userdata, h->height - 1, &before);
                if (r < 0)
                        return r;
                parent = (PowParent) { .id = before.id, .height = before.height, .time = before.time, .main = true };
        }
        if (!id_equal(&h->parent, &parent.id))
                r = why_set(why, V_BLOCK, "\"parent\" is not the block before it");
        else
                r = pow_chain_judge(&chain, &parent, h, why);
        if (r != 0) {
                sig_check_done(&checks[0]);
                *ret_n = 0;
        }
        return r;
}

const EngineType pow_engine = {
        .name = "pow",
        .field = HEADER_DIFFICULTY,
        .config_check = pow_config_check,
        .grace_least = pow_config_grace_least,
        .new = pow_new,
        .free = pow_free,
        .check_seal = pow_check_seal,
        .step = pow_step,
        .status = pow_status,
        .branch = pow_branch,
        .side = pow_side,
        .due = pow_due,
        .audit = pow_audit,
};
