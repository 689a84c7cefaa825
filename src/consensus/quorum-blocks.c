/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "codec/hex.h"
#include "consensus/quorum-private.h"

/* Headers from the last final block that is connected (the root) up: those of the main chain, those with a certificate, and one
 * proposal a view. What is below the root is never disconnected, so nobody asks for it. */

static QuorumBlock** bucket(Quorum *q, const Id *id) {
        return &q->buckets[id->b[0] % BLOCK_BUCKETS];
}

QuorumBlock* quorum_block_find(const Quorum *q, const Id *id) {
        for (QuorumBlock *b = q->buckets[id->b[0] % BLOCK_BUCKETS]; b; b = b->next)
                if (id_equal(&b->header.id, id))
                        return b;
        return NULL;
}

QuorumBlock* quorum_block_parent(const Quorum *q, const QuorumBlock *b) {
        return b == q->root ? NULL : quorum_block_find(q, &b->header.parent);
}

static void block_free(QuorumBlock *b) {
        (void) quorum_certificate_unref(b->endorse);
        (void) quorum_certificate_unref(b->finalize);
        free(b->seal);
        free(b);
}

void quorum_blocks_done(Quorum *q) {
        for (size_t i = 0; i < BLOCK_BUCKETS; i++)
                for (QuorumBlock *b = q->buckets[i], *next; b; b = next) {
                        next = b->next;
                        block_free(b);
                }
        memset(q->buckets, 0, sizeof(q->buckets));
        q->n_blocks = 0;
        q->root = q->tip = NULL;
}

bool quorum_block_endorsed(const Quorum *q, const QuorumBlock *b) {
        return b == q->root || b->endorse || b->finalize;
}

static int insert(Quorum *q, const Header *h, QuorumBlock **ret) {
        QuorumBlock *b = new0(QuorumBlock, 1), **at;

        if (!b)
                return -ENOMEM;
        b->header = *h;
        at = bucket(q, &h->id);
        b->next = *at;
        *at = b;
        q->n_blocks++;
        *ret = b;
        return 0;
}

int quorum_block_add(Quorum *q, const Header *h, QuorumBlock **ret) {
        QuorumCertificate *c;
        int r;

        *ret = quorum_block_find(q, &h->id);
        if (*ret)
                return 0;
        r = insert(q, h, ret);
        if (r < 0)
                return r;
        if ((c = quorum_certificate_held(q, QUORUM_ENDORSE, h->value, &h->id)))
                (*ret)->endorse = quorum_certificate_ref(c);
        if ((c = quorum_certificate_held(q, QUORUM_FINALIZE, h->value, &h->id)))
                (*ret)->finalize = quorum_certificate_ref(c);
        return 0;
}

/* --- the chain in the store --- */

static int load_root(Quorum *q) {
        Header genesis = { .id = q->setup.network, .time = q->setup.created, .field = HEADER_VIEW };
        int r;

        r = insert(q, &genesis, &q->root);
        if (r < 0)
                return r;
        q->root->main = q->root->whole = true;
        return 0;
}

static int load_block(Quorum *q, uint64_t height, QuorumBlock **ret) {
        _cleanup_certificate_ QuorumCertificate *cert = NULL;
        _cleanup_buf_ Buf seal = {};
        Header h;
        int r;

        r = q->setup.chain.header_at(q->setup.chain.userdata, height, &h);
        if (r < 0)
                return r;
        r = insert(q, &h, ret);
        if (r < 0)
                return r;
        (*ret)->main = (*ret)->whole = true;
        if (!q->setup.chain.seal_at)
                return 0;
        r = q->setup.chain.seal_at(q->setup.chain.userdata, height, &seal);
        if (r < 0)
                return r;
        r = quorum_seal_read(&cert, &q->config, seal.p, seal.n, NULL);
        if (r != 0)
                return r > 0 ? -EUCLEAN : r;
        if (cert->of == QUORUM_FINALIZE) {
                (*ret)->finalize = TAKE_PTR(cert);
                (*ret)->stored_final = true;
        } else
                (*ret)->endorse = TAKE_PTR(cert);
        return 0;
}

static int load_certificates(Quorum *q, QuorumBlock *b) {
        QuorumView *v;
        int r;

        if (b->header.height == 0)
                return 0;
        r = quorum_view_get(q, b->header.value, &v);
        if (r < 0)
                return r;
        if (b->endorse && !v->endorse)
                v->endorse = quorum_certificate_ref(b->endorse);
        if (b->finalize && !v->finalize)
                v->finalize = quorum_certificate_ref(b->finalize);
        if (b->finalize && (!q->final || q->final->view < b->header.value)) {
                (void) quorum_certificate_unref(q->final);
                q->final = quorum_certificate_ref(b->finalize);
        }
        return 0;
}

/* From the tip down to the last block whose seal says that it is final. */
int quorum_blocks_load(Quorum *q) {
        uint64_t height;
        int r;

        quorum_blocks_done(q);
        q->switching = q->fetching = (Id) {};
        r = engine_chain_height(&q->setup.chain, &height);
        if (r < 0)
                return r;

        for (;; height--) {
                QuorumBlock *b;

                r = height > 0 ? load_block(q, height, &b) : load_root(q);
                if (r < 0)
                        return r;
                if (height == 0)
                        b = q->root;
                q->tip = q->tip ?: b;
                r = load_certificates(q, b);
                if (r < 0)
                        return r;
                if (height == 0 || b->finalize || !q->setup.chain.seal_at) {
                        q->root = b;
                        return 0;
                }
        }
}

int quorum_blocks_attach(Quorum *q) {
        for (size_t i = 0; i < q->n_views; i++) {
                const QuorumView *v = q->views[i];
                QuorumBlock *b;
                int r;

                if (v->proposal && v->view > q->root->header.value) {
                        r = quorum_block_add(q, &v->proposal->header, &b);
                        if (r < 0)
                                return r;
                }
                if (v->endorse && (b = quorum_block_find(q, &v->endorse->block)) && !b->endorse)
                        b->endorse = quorum_certificate_ref(v->endorse);
                if (v->finalize && (b = quorum_block_find(q, &v->finalize->block)) && !b->finalize)
                        b->finalize = quorum_certificate_ref(v->finalize);
        }
        return 0;
}

/* --- judging --- */

int quorum_block_judge(Quorum *q, const Header *h, Why *why) {
        const QuorumBlock *b = quorum_block_find(q, &h->id), *parent = quorum_block_find(q, &h->parent);
        char a[ID_HEX];
        uint64_t height;
        int r;

        if (b && b->bad)
                return why_set(why, V_BLOCK, "block %s was found to be invalid", id_hex(&h->id, a));
        if (b && (b->main || b->endorse || b->finalize))
                return why_set(why, V_DUPLICATE, "block %s is known", id_hex(&h->id, a));
        r = q->setup.chain.height_of(q->setup.chain.userdata, &h->id, &height);
        if (r == 0)
                return why_set(why, V_DUPLICATE, "block %s is known", id_hex(&h->id, a));
        if (r != -ENODATA)
                return r;

        if (parent)
                return parent->bad ? why_set(why, V_BLOCK, "its parent %s was found to be invalid", id_hex(&h->parent, a))
                                   : quorum_header_follows(h, &parent->header, why);
        r = q->setup.chain.height_of(q->setup.chain.userdata, &h->parent, &height);
        if (r == 0)
                return why_set(why, V_LATE, "it stands beside block %" PRIu64 ", which is final", height + 1);
        return r == -ENODATA ? why_set(why, V_ORPHAN, "its parent %s is not known", id_hex(&h->parent, a)) : r;
}

/* --- branches --- */

int quorum_branch(Engine *e, const Id *id, uint64_t *ret_fork_height, Id **ret, size_t *ret_n) {
        Quorum *q = QUORUM(e);
        const QuorumBlock *b = quorum_block_find(q, id), *x;
        _cleanup_free_ Id *ids = NULL;
        size_t n = 0;

        for (x = b; x && !x->main; x = quorum_block_parent(q, x))
                n++;
        if (!x)
                return -ENODATA;        /* unknown, or it hangs in the air */
        *ret_fork_height = x->header.height;
        ids = newN(Id, n + 1);
        if (!ids)
                return -ENOMEM;
        *ret_n = n;
        for (x = b; n > 0; x = quorum_block_parent(q, x))
                ids[--n] = x->header.id;
        *ret = TAKE_PTR(ids);
        return 0;
}

int quorum_side(Engine *e, const Id *id, const Header **ret, const char **ret_seal, size_t *ret_n_seal) {
        Quorum *q = QUORUM(e);
        QuorumBlock *b = quorum_block_find(q, id);
        const QuorumCertificate *cert;
        _cleanup_buf_ Buf seal = {};
        int r;

        if (!b || b->main)
                return -ENODATA;
        cert = b->finalize ?: b->endorse;
        free(b->seal);
        b->seal = NULL;
        *ret_n_seal = 0;
        if (cert) {
                r = quorum_certificate_format_seal(cert, &seal);
                if (r < 0)
                        return r;
                b->seal = buf_take(&seal, ret_n_seal);
                if (!b->seal)
                        return -ENOMEM;
        }
        *ret = &b->header;
        *ret_seal = b->seal;
        return 0;
}

void quorum_block_mark_whole(Quorum *q, QuorumBlock *b) {
        for (; b && !b->whole; b = quorum_block_parent(q, b))
                b->whole = true;
}

/* --- the tip: the endorsed block of the highest view that descends from the last final one --- */

int quorum_fetch(Quorum *q, const Id *id, bool again) {
        if (!again && id_equal(id, &q->fetching))
                return 0;
        q->fetching = *id;
        return quorum_effect(q, &(EngineEffect) { .type = ENGINE_FX_FETCH, .id = *id, .to = q->from });
}

/* On the way down from b to the main chain: true if all is known and nothing is bad; otherwise *ret_missing is what is to be
 * fetched (zero: nothing helps). */
static bool way_is_known(const Quorum *q, const QuorumBlock *b, Id *ret_missing) {
        *ret_missing = (Id) {};
        for (;;) {
                if (b->bad)
                        return false;
                if (b->main)
                        return true;
                if (!quorum_block_endorsed(q, b)) {     /* it needs a seal; a child of it was endorsed, so there is one */
                        *ret_missing = b->header.id;
                        return false;
                }
                *ret_missing = b->header.parent;
                b = quorum_block_parent(q, b);
                if (!b)
                        return false;
                *ret_missing = (Id) {};
        }
}

static QuorumBlock* highest(Quorum *q, bool whole) {
        QuorumBlock *best = NULL;

        for (size_t i = 0; i < BLOCK_BUCKETS; i++)
                for (QuorumBlock *b = q->buckets[i]; b; b = b->next)
                        if (!b->main && !b->bad && quorum_block_endorsed(q, b) && (b->whole || !whole) &&
                                        b->header.value > (best ? best : q->tip)->header.value)
                                best = b;
        return best;
}

int quorum_choose_tip(Quorum *q, bool again) {
        QuorumBlock *b = highest(q, true);
        const Id *top = quorum_top_block(q);
        Id missing;
        int r;

        if (b && !way_is_known(q, b, &missing)) {       /* all is here but a seal */
                r = id_is_zero(&missing) ? 0 : quorum_fetch(q, &missing, again);
                if (r < 0)
                        return r;
        } else if (b && (again || !id_equal(&b->header.id, &q->switching))) {
                q->switching = b->header.id;
                r = quorum_effect_id(q, ENGINE_FX_SWITCH, &b->header.id);
                if (r < 0)
                        return r;
        }

        if (!quorum_block_find(q, top) && quorum_top_view(q) > q->tip->header.value) {
                r = quorum_fetch(q, top, again);
                if (r < 0)
                        return r;
        }
        b = highest(q, false);
        if (!b || b->whole)
                return 0;
        if (!way_is_known(q, b, &missing))
                return id_is_zero(&missing) ? 0 : quorum_fetch(q, &missing, again);
        if (b->wanted && !again)
                return 0;
        b->wanted = true;
        return quorum_effect_id(q, ENGINE_FX_WANT, &b->header.id);
}

int quorum_block_switched(Quorum *q, const Id *id) {
        QuorumBlock *b = quorum_block_find(q, id), *x;
        uint64_t fork;
        int r;

        if (id_equal(id, &q->switching))
                q->switching = (Id) {};
        if (b == q->tip)
                return 0;
        for (x = b; x && !x->main; x = quorum_block_parent(q, x))
                ;
        if (!x) {       /* it came by another way (a rollback, an import): what is held may hang in the air */
                r = quorum_blocks_load(q);
                return r < 0 ? r : quorum_blocks_attach(q);
        }

        fork = x->header.height;
        for (size_t i = 0; i < BLOCK_BUCKETS; i++)
                for (x = q->buckets[i]; x; x = x->next)
                        if (x->main && x->header.height > fork)
                                x->main = x->whole = x->wanted = x->stored_final = false;
        for (x = b; !x->main; x = quorum_block_parent(q, x))
                x->main = x->whole = true;
        q->tip = b;
        return 0;
}

/* --- final --- */

/* Whatever descends from the root has a higher view than it. A proposal's height is what its leader likes: by that alone liars
 * would leave a header a view for good. Two finals that exclude each other are told of when the chain comes to their height. */
static bool may_follow_root(const Quorum *q, const QuorumBlock *b) {
        const Header *root = &q->root->header;

        return b == q->root || (b->header.height > root->height && (b->header.value > root->value || b->finalize));
}

static int drop_below_root(Quorum *q) {
        for (size_t i = 0; i < BLOCK_BUCKETS; i++)
                for (QuorumBlock **at = &q->buckets[i], *b; (b = *at); ) {
                        int r;

                        if (may_follow_root(q, b)) {
                                at = &b->next;
                                continue;
                        }
                        if (!b->main && b->finalize && !q->two_final) {
                                q->two_final = true;
                                r = quorum_alarm(q, NULL, "Two blocks of height %" PRIu64 " are certified as final: a third of the authorities or "
                                                "more lie. Look at the evidence, and trust neither.", b->header.height);
                                if (r < 0)
                                        return r;
                        }
                        *at = b->next;
                        q->n_blocks--;
                        block_free(b);
                }
        return 0;
}

/* "A finalize certificate makes its block and all ancestors final; that is never disconnected." */
int quorum_look_for_final(Quorum *q) {
        EngineEffect fx = { .type = ENGINE_FX_FINAL };
        QuorumBlock *b = q->tip;
        _cleanup_buf_ Buf seal = {};
        int r;

        while (b != q->root && !b->finalize)
                b = quorum_block_parent(q, b);
        if (b == q->root)
                return 0;

        q->root = b;
        r = drop_below_root(q);
        if (r < 0)
                return r;
        quorum_views_drop_below(q, b->header.value);

        fx.id = b->header.id;
        fx.height = b->header.height;
        if (!b->stored_final) {
                r = quorum_certificate_format_seal(b->finalize, &seal);
                if (r < 0)
                        return r;
                fx.data = buf_take(&seal, &fx.n_data);
                if (!fx.data)
                        return -ENOMEM;
                b->stored_final = true;
        }
        r = quorum_effect(q, &fx);
        if (r < 0 || !q->has_record)
                return r;
        return quorum_effect(q, &(EngineEffect) { .type = ENGINE_FX_FORGET, .view = b->header.value });
}
