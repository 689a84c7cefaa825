/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow-chain.h"

#include <inttypes.h>

/* Of the main chain so many headers are held that what follows from the tip needs no reading, and some way back to where
 * branches part. */
static uint64_t held(const PowChain *c) {
        return 64 + c->config->confirmations;
}

void pow_work_read(PowWork *ret, const uint8_t p[static 16]) {
        PowWork w = 0;

        for (size_t i = 0; i < 16; i++)
                w = w << 8 | p[i];
        *ret = w;
}

void pow_work_format(PowWork w, char ret[static 40]) {
        char digits[40];
        size_t n = 0;

        do
                digits[n++] = (char) ('0' + (int) (w % 10));
        while ((w /= 10) > 0);
        for (size_t i = 0; i < n; i++)
                ret[i] = digits[n - 1 - i];
        ret[n] = '\0';
}

void pow_chain_done(PowChain *c) {
        assert(c);

        pow_tree_done(&c->tree);
}

static int header_at(const PowChain *c, uint64_t height, Header *ret) {
        return c->setup->chain.header_at(c->setup->chain.userdata, height, ret);
}

/* --- ancestors --- */

/* The header of that id at that height, wherever it is. */
static int ancestor(const PowChain *c, const Id *id, uint64_t height, Header *ret) {
        const PowNode *n = pow_tree_find(&c->tree, id);
        int r;

        if (n) {
                *ret = n->header;
                return 0;
        }
        r = header_at(c, height, ret);
        if (r < 0)
                return r;
        return id_equal(&ret->id, id) ? 0 : -ENODATA;
}

int pow_chain_difficulty(PowChain *c, const Id *parent, uint64_t height, uint64_t *ret) {
        PowPast past;
        Id id = *parent;

        pow_past_init(&past, c->setup->created);
        for (; height > 0 && pow_past_wants(&past, c->config); height--) {
                Header h;
                int r;

                r = ancestor(c, &id, height, &h);
                if (r < 0)
                        return r;
                pow_past_add(&past, height, h.time, h.value, h.count);
                id = h.parent;
        }
        *ret = pow_next_difficulty(c->config, &past);
        return 0;
}

/* Summed difficulty at a height of the main chain. */
static int main_work_at(PowChain *c, uint64_t height, PowWork *ret) {
        uint8_t b[16];
        int r;

        if (height == 0) {
                *ret = 0;
                return 0;
        }
        if (c->setup->chain.work_at) {
                r = c->setup->chain.work_at(c->setup->chain.userdata, height, b);
                if (r >= 0)
                        pow_work_read(ret, b);
                return r;
        }

        *ret = 0;
        for (uint64_t i = 1; i <= height; i++) {
                Header h;

                r = header_at(c, i, &h);
                if (r < 0)
                        return r;
                *ret += h.value;
        }
        return 0;
}

int pow_chain_parent(PowChain *c, const Id *id, PowParent *ret) {
        PowParent p = { .id = *id, .main = true };
        const PowNode *n;
        Header h;
        int r;

        assert(c);
        assert(id);
        assert(ret);

        n = pow_tree_find(&c->tree, id);
        if (n) {
                *ret = (PowParent) { .id = *id, .height = n->header.height, .time = n->header.time, .work = n->work, .main = n->main };
                return 0;
        }

        r = c->setup->chain.height_of(c->setup->chain.userdata, id, &p.height);
        if (r < 0)
                return r;
        if (p.height == 0)
                p.time = c->setup->created;
        else {
                r = header_at(c, p.height, &h);
                if (r < 0)
                        return r;
                p.time = h.time;
        }
        r = main_work_at(c, p.height, &p.work);
        if (r < 0)
                return r;
        *ret = p;
        return 0;
}

int pow_chain_judge(PowChain *c, const PowParent *parent, const Header *h, Why *why) {
        uint64_t difficulty;
        int r;

        assert(c);
        assert(parent);
        assert(h);

        if (h->height != parent->height + 1)
                return why_set(why, V_BLOCK, "\"height\" is %" PRIu64 " on a parent of height %" PRIu64, h->height, parent->height);
        if (h->time < parent->time)
                return why_set(why, V_BLOCK, "\"time\" is %" PRIu64 ", before the parent's, %" PRIu64, h->time, parent->time);

        r = pow_chain_difficulty(c, &parent->id, parent->height, &difficulty);
        if (r < 0)
                return r;
        if (h->value != difficulty)
                return why_set(why, V_BLOCK, "\"difficulty\" is %" PRIu64 ", expected %" PRIu64 " at height %" PRIu64, h->value, difficulty, h->height);
        return 0;
}

/* --- the main chain --- */

/* What follows from the tip, worked out once for each. */
static int tip_changed(PowChain *c) {
        Id id = c->tip.id;
        uint64_t height = c->tip.height;
        int r;

        for (size_t i = 0; i < c->tree.n;) {
                PowNode *n = c->tree.nodes[i];

                if (n->main && n->header.height + held(c) <= c->tip.height)
                        pow_tree_remove(&c->tree, n);
                else
                        i++;
        }

        c->busy = false;
        for (unsigned i = 0; i < c->config->confirmations && height > 0 && !c->busy; i++) {
                Header h;

                r = ancestor(c, &id, height, &h);
                if (r < 0)
                        return r;
                c->busy = h.count > 0;
                id = h.parent;
                height--;
        }
        return pow_chain_difficulty(c, &c->tip.id, c->tip.height, &c->next_difficulty);
}

int pow_chain_load(PowChain *c) {
        uint64_t tip;
        PowWork work;
        int r;

        assert(c);
        assert(c->config);
        assert(c->setup);

        pow_tree_done(&c->tree);
        c->work = 0;
        c->tip = (Header) { .id = c->setup->network, .time = c->setup->created, .field = HEADER_DIFFICULTY };
        r = engine_chain_height(&c->setup->chain, &tip);
        if (r < 0)
                return r;

        r = main_work_at(c, tip, &work);
        if (r < 0)
                return r;
        c->work = work;
        for (uint64_t h = tip; h > 0 && h + held(c) > tip; h--) {
                Header header;

                if ((r = header_at(c, h, &header)) < 0 ||
                    (r = pow_tree_add(&c->tree, &header, NULL, 0, work, true, NULL)) < 0)
                        return r;
                if (h == tip)
                        c->tip = header;
                work -= header.value;
        }
        return tip_changed(c);
}

int pow_chain_branch(const PowChain *c, const PowNode *n, uint64_t *ret_fork, Id **ret, size_t *ret_n) {
        _cleanup_free_ Id *ids = NULL;
        const PowNode *first = NULL;
        size_t length = 0;

        assert(c);
        assert(n);

        for (const PowNode *x = n; x && !x->main; x = pow_tree_find(&c->tree, &x->header.parent)) {
                first = x;
                length++;
        }
        *ret_fork = first ? first->header.height - 1 : n->header.height;
        if (!ret)
                return 0;

        ids = newN(Id, length + 1);
        if (!ids)
                return -ENOMEM;
        for (size_t i = length; i > 0; i--) {
                ids[i - 1] = n->header.id;
                if (i > 1)
                        n = pow_tree_find(&c->tree, &n->header.parent);
        }
        *ret = TAKE_PTR(ids);
        *ret_n = length;
        return 0;
}

int pow_chain_keep(PowChain *c, uint64_t fork) {
        PowWork work = c->work;
        Id id = c->tip.id;

        assert(c);

        /* More could not be held as side headers anyhow. */
        if (!c->setup->chain.seal_at || c->tip.height - fork > SIDE_HEADERS_MAX)
                return 0;

        for (uint64_t h = c->tip.height; h > fork; h--) {
                _cleanup_buf_ Buf seal = {};
                PowNode *n = pow_tree_find(&c->tree, &id);
                Header header;
                int r;

                if (!n) {
                        if ((r = header_at(c, h, &header)) < 0 ||
                            (r = pow_tree_add(&c->tree, &header, NULL, 0, work, true, &n)) < 0)
                                return r;
                }
                if (!n->seal) {
                        r = c->setup->chain.seal_at(c->setup->chain.userdata, h, &seal);
                        if (r < 0)
                                return r;
                        n->seal = buf_take(&seal, &n->n_seal);
                        if (!n->seal)
                                return -ENOMEM;
                }
                work -= n->header.value;
                id = n->header.parent;
        }
        return 0;
}

/* Side branches whose beginning is neither held nor on the main chain any more. */
static void drop_cut_off(PowChain *c) {
        for (size_t i = 0; i < c->tree.n;) {
                PowNode *n = c->tree.nodes[i];
                uint64_t height;

                if (n->main || pow_tree_find(&c->tree, &n->header.parent) ||
                    c->setup->chain.height_of(c->setup->chain.userdata, &n->header.parent, &height) >= 0)
                        i++;
                else {
                        pow_tree_drop(&c->tree, n, NULL, NULL);
                        i = 0;
                }
        }
}

int pow_chain_switched(PowChain *c, PowNode *n, uint64_t *ret_fork) {
        uint64_t fork, before;
        bool lost = false;
        int r;

        assert(c);
        assert(n);
        assert(ret_fork);

        before = c->tip.height;
        r = pow_chain_branch(c, n, &fork, NULL, NULL);
        if (r < 0)
                return r;

        /* What was the main chain above the fork: without a seal nobody could be shown it, and it could not win again. */
        for (size_t i = 0; i < c->tree.n; i++) {
                PowNode *x = c->tree.nodes[i];

                if (x->main && x->header.height > fork)
                        pow_tree_set_main(&c->tree, x, false);
        }
        for (PowNode *x = n; x && !x->main; x = pow_tree_find(&c->tree, &x->header.parent))
                pow_tree_set_main(&c->tree, x, true);
        for (size_t i = 0; i < c->tree.n;) {
                PowNode *x = c->tree.nodes[i];

                if (!x->main && !x->seal) {
                        lost = true;
                        pow_tree_remove(&c->tree, x);
                } else
                        i++;
        }
        if (lost || before > fork + SIDE_HEADERS_MAX || (before > fork && !c->setup->chain.seal_at))
                drop_cut_off(c);

        c->tip = n->header;
        c->work = n->work;
        *ret_fork = fork;
        return tip_changed(c);
}
