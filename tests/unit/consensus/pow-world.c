/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pow-world.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>

#include "consensus/pow-retarget.h"
#include "consensus/pow-seal.h"
#include "consensus/pow.h"
#include "crypto/hash.h"

static char log_before[4096];

/* --- blocks --- */

void world_init(World *w, uint64_t difficulty, uint64_t interval, unsigned confirmations) {
        static const uint8_t seed[32] = { 7 };

        *w = (World) { .network = { .b = { 1, 2, 3 } } };
        ck_assert_int_eq(secret_key_from_seed(&w->key, seed), 0);
        w->config = json_new_object();
        json_set_text(w->config, "type", "pow");
        json_set_int(w->config, "difficulty", (int64_t) difficulty);
        json_set_int(w->config, "interval", (int64_t) interval);
        json_set_int(w->config, "confirmations", confirmations);
        ck_assert_int_eq(pow_config_check(w->config, NULL), 0);
}

void world_done(World *w) {
        for (int i = 0; i < w->n; i++)
                free(w->blocks[i].seal);
        free(w->blocks);
        secret_key_free(w->key);
        json_free(w->config);
}

static int sign(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        World *w = userdata;

        return sign_line(ret, w->key, kind, &w->network, line, n);
}

static int sign_with(void *userdata, const char *kind, const char *line, size_t n, Buf *ret) {
        void **p = userdata;

        return sign_line(ret, p[1], kind, &((World *) p[0])->network, line, n);
}

void world_seal(World *w, WorldBlock *b, const SecretKey *key, bool enough_work) {
        EngineSetup setup = { .sign_userdata = (void *[]) { w, (void *) key }, .sign = sign_with };
        _cleanup_buf_ Buf seal = {};
        uint64_t nonce = 0;

        ck_assert_int_eq(header_set_id(&b->header), 0);
        while ((hash_work(&b->header.id, nonce) <= pow_target(b->header.value)) != enough_work)
                nonce++;
        free(b->seal);
        ck_assert_int_eq(pow_seal_make(&setup, &b->header.id, nonce, &seal), 0);
        b->seal = buf_take(&seal, &b->n_seal);
        ck_assert_ptr_nonnull(b->seal);
}

static uint64_t difficulty_on(const World *w, int parent) {
        _cleanup_(pow_config_done) PowConfig c = {};
        static PowPast past;

        ck_assert_int_eq(pow_config_read(&c, w->config, true, NULL), 0);
        pow_past_init(&past, WORLD_CREATED);
        for (int i = parent; i != GENESIS && pow_past_wants(&past, &c); i = w->blocks[i].parent) {
                const Header *h = &w->blocks[i].header;

                pow_past_add(&past, h->height, h->time, h->value, h->count);
        }
        return pow_next_difficulty(&c, &past);
}

int world_add(World *w, int parent, uint64_t gap, uint32_t count) {
        WorldBlock *b;
        Header *h;

        if (w->n == w->allocated) {
                w->allocated = w->allocated ? 2 * w->allocated : 64;
                w->blocks = reallocarray(w->blocks, (size_t) w->allocated, sizeof(WorldBlock));
                ck_assert_ptr_nonnull(w->blocks);
        }
        b = &w->blocks[w->n];
        *b = (WorldBlock) { .parent = parent };
        h = &b->header;
        h->network = w->network;
        h->parent = parent == GENESIS ? w->network : w->blocks[parent].header.id;
        h->height = parent == GENESIS ? 1 : w->blocks[parent].header.height + 1;
        h->time = (parent == GENESIS ? WORLD_CREATED : w->blocks[parent].header.time) + gap;
        h->count = count;
        h->field = HEADER_DIFFICULTY;
        h->value = difficulty_on(w, parent);
        h->sealer = *secret_key_public(w->key);
        memcpy(h->root.b, &w->n, sizeof(w->n));         /* no two are alike */
        world_seal(w, b, w->key, true);
        return w->n++;
}

int world_extend(World *w, int parent, int n, uint32_t count) {
        int64_t interval;

        ck_assert_int_eq(json_get_int(w->config, "interval", 1, 3600, &interval, NULL), 0);
        for (int i = 0; i < n; i++)
                parent = world_add(w, parent, (uint64_t) interval, count);
        return parent;
}

/* --- a node --- */

static int header_at(void *userdata, uint64_t height, Header *ret) {
        WorldNode *n = userdata;

        if (height == 0 || height > (uint64_t) n->height)
                return -ENODATA;
        *ret = n->w->blocks[n->main[height]].header;
        return 0;
}

static int height_of(void *userdata, const Id *id, uint64_t *ret) {
        WorldNode *n = userdata;

        *ret = 0;
        if (id_equal(id, &n->w->network))
                return 0;
        for (int h = n->height; h > 0; h--)
                if (id_equal(&n->w->blocks[n->main[h]].header.id, id)) {
                        *ret = (uint64_t) h;
                        return 0;
                }
        return -ENODATA;
}

static int work_at(void *userdata, uint64_t height, uint8_t ret[16]) {
        WorldNode *n = userdata;
        uint64_t sum = 0;

        for (uint64_t h = 1; h <= height; h++)
                sum += n->w->blocks[n->main[h]].header.value;
        memset(ret, 0, 16);
        for (size_t i = 0; i < 8; i++)
                ret[15 - i] = (uint8_t) (sum >> (8 * i));
        return 0;
}

static int seal_at(void *userdata, uint64_t height, Buf *ret) {
        WorldNode *n = userdata;
        const WorldBlock *b = &n->w->blocks[n->main[height]];

        buf_add(ret, b->seal, b->n_seal);
        return buf_error(ret);
}

static int last_closing(void *userdata, uint64_t *ret) {
        *ret = ((WorldNode *) userdata)->closing;
        return 0;
}

EngineSetup node_setup(WorldNode *n) {
        return (EngineSetup) {
                .network = n->w->network,
                .created = WORLD_CREATED,
                .chain = { .userdata = n, .header_at = header_at, .height_of = height_of },
                .sign_userdata = n->w,
                .sign = sign,
        };
}

void node_restart(WorldNode *n, bool with_key) {
        EngineSetup setup = node_setup(n);

        if (n->e)
                n->e = n->e->type->free(n->e);
        if (with_key)
                setup.self = *secret_key_public(n->w->key);
        if (!n->plain) {
                setup.chain.work_at = work_at;
                setup.chain.seal_at = seal_at;
                setup.chain.last_closing = last_closing;
        }
        ck_assert_int_eq(pow_engine.new(&n->e, n->w->config, &setup), 0);
}

void node_init(WorldNode *n, World *w, bool with_key, bool plain) {
        *n = (WorldNode) { .w = w, .plain = plain };
        node_restart(n, with_key);
}

void node_done(WorldNode *n) {
        (void) n->e->type->free(n->e);
        free(n->main);
}

int node_tip(const WorldNode *n) {
        return n->height > 0 ? n->main[n->height] : GENESIS;
}

static int index_of(const World *w, const Id *id) {
        for (int i = w->n - 1; i >= 0; i--)
                if (id_equal(&w->blocks[i].header.id, id))
                        return i;
        return GENESIS;
}

static void say(WorldNode *n, const char *word, int block) {
        size_t at = strlen(n->log);

        (void) snprintf(n->log + at, sizeof(n->log) - at, block == GENESIS ? "%s%s" : "%s%s %d", at > 0 ? ", " : "", word, block);
}

const char* node_log(WorldNode *n) {
        memcpy(log_before, n->log, sizeof(log_before));
        n->log[0] = '\0';
        return log_before;
}

/* Disconnects to the fork and connects the branch, or says what is invalid. */
static void switch_to(WorldNode *n, const Id *id) {
        _cleanup_free_ Id *ids = NULL;
        uint64_t fork;
        size_t length;

        ck_assert_int_eq(pow_engine.branch(n->e, id, &fork, &ids, &length), 0);
        ck_assert_uint_gt(length, 0);
        ck_assert_uint_le(fork, (uint64_t) n->height);
        for (size_t i = 0; i < length; i++) {
                int b = index_of(n->w, &ids[i]);
                const Header *h;
                const char *seal;
                size_t n_seal;

                ck_assert_int_eq(pow_engine.side(n->e, &ids[i], &h, &seal, &n_seal), 0);
                ck_assert(id_equal(&h->id, &ids[i]));
                ck_assert_uint_eq(n_seal, n->w->blocks[b].n_seal);
                ck_assert_mem_eq(seal, n->w->blocks[b].seal, n_seal);
                ck_assert_uint_eq(h->height, fork + i + 1);
                if (n->w->blocks[b].invalid) {
                        node_step(n, &(EngineEvent) { .type = ENGINE_EV_INVALID, .id = ids[i] });
                        return;
                }
        }
        if ((int) (fork + length) >= n->allocated) {
                n->allocated = 2 * (int) (fork + length) + 64;
                n->main = reallocarray(n->main, (size_t) n->allocated, sizeof(int));
                ck_assert_ptr_nonnull(n->main);
        }
        for (size_t i = 0; i < length; i++)
                n->main[fork + i + 1] = index_of(n->w, &ids[i]);
        n->height = (int) (fork + length);
        node_step(n, &(EngineEvent) { .type = ENGINE_EV_SWITCHED, .id = *id });
}

/* All bodies down to the main chain, if they are to be had. */
static bool complete(const WorldNode *n, int block) {
        for (int i = block; i != GENESIS; i = n->w->blocks[i].parent) {
                uint64_t height = n->w->blocks[i].header.height;

                if (height <= (uint64_t) n->height && n->main[height] == i)
                        return true;
                if (n->w->blocks[i].withheld)
                        return false;
        }
        return true;
}

void node_bodies(WorldNode *n, int block) {
        node_step(n, &(EngineEvent) { .type = ENGINE_EV_BODIES, .id = n->w->blocks[block].header.id });
}

static int take_sealed(WorldNode *n, const EngineEffect *fx) {
        World *w = n->w;
        int block = world_add(w, node_tip(n), 1, 0);
        WorldBlock *b = &w->blocks[block];

        free(b->seal);
        b->header = fx->header;
        b->seal = strndup(fx->data, fx->n_data);
        b->n_seal = fx->n_data;
        return block;
}

void node_step(WorldNode *n, const EngineEvent *ev) {
        EngineEffects effects = {};

        ck_assert_int_eq(pow_engine.step(n->e, ev, &effects), 0);
        for (size_t i = 0; i < effects.n; i++) {
                const EngineEffect *fx = &effects.items[i];
                int block = index_of(n->w, &fx->id);

                switch (fx->type) {

                case ENGINE_FX_WANT:
                        say(n, "want", block);
                        if (complete(n, block))
                                node_bodies(n, block);
                        break;
                case ENGINE_FX_SWITCH:
                        say(n, "switch", block);
                        switch_to(n, &fx->id);
                        break;
                case ENGINE_FX_ORPHAN:
                        say(n, "orphan", block);
                        break;
                case ENGINE_FX_MINE:
                        n->mine = fx->header;
                        say(n, "mine", GENESIS);
                        break;
                case ENGINE_FX_MINE_STOP:
                        say(n, "stop", GENESIS);
                        break;
                case ENGINE_FX_SEALED:
                        block = take_sealed(n, fx);
                        say(n, "sealed", block);
                        switch_to(n, &n->w->blocks[block].header.id);
                        break;
                case ENGINE_FX_ALARM:
                        say(n, fx->data, GENESIS);
                        break;
                case ENGINE_FX_SEND:
                case ENGINE_FX_RECORD:
                case ENGINE_FX_EVIDENCE:
                case ENGINE_FX_WAKE:
                case ENGINE_FX_JUDGE:
                case ENGINE_FX_RECORD_BLOCK:
                case ENGINE_FX_FORGET:
                case ENGINE_FX_FETCH:
                case ENGINE_FX_ASK:
                case ENGINE_FX_FINAL:
                        ck_abort_msg("an effect that pow does not have: %d", (int) fx->type);
                }
        }
        engine_effects_done(&effects);
}

int node_judge(WorldNode *n, const WorldBlock *b, Why *why) {
        SigCheck checks[1] = {};
        size_t n_checks = 0;
        int r;

        r = pow_engine.check_seal(n->e, &b->header, b->seal, b->n_seal, checks, 1, &n_checks, why);
        if (r == 0 || r == V_ORPHAN)
                ck_assert_uint_eq(n_checks, 1);
        else
                ck_assert_uint_eq(n_checks, 0);
        for (size_t i = 0; i < n_checks; i++) {
                sig_check_run(&checks[i]);
                if (!checks[i].valid && r == 0)
                        r = V_SIGNATURE;
                sig_check_done(&checks[i]);
        }
        return r;
}

void node_hear(WorldNode *n, int block, int expected) {
        const WorldBlock *b = &n->w->blocks[block];
        Why why = {};
        int r;

        r = node_judge(n, b, &why);
        ck_assert_msg(r == expected, "block %d: %s (%s), expected %s", block, verdict_name(r), why.text, verdict_name(expected));
        if (r == 0 || r == V_ORPHAN)
                node_step(n, &(EngineEvent) { .type = ENGINE_EV_HEADER, .header = &b->header, .seal = b->seal, .n_seal = b->n_seal });
}
