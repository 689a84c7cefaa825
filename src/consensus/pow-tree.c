/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consensus/pow-tree.h"

static size_t bucket(const Id *id) {
        uint32_t h;

        memcpy(&h, id->b, sizeof(h));   /* of the header: no work makes its front alike */
        return h % POW_TREE_BUCKETS;
}

static PowNode* node_free(PowNode *n) {
        if (!n)
                return NULL;

        free(n->seal);
        free(n);
        return NULL;
}
DEFINE_CLEANUP(PowNode*, node_free)

void pow_tree_done(PowTree *t) {
        assert(t);

        for (size_t i = 0; i < t->n; i++)
                node_free(t->nodes[i]);
        free(t->nodes);
        *t = (PowTree) {};
}

PowNode* pow_tree_find(const PowTree *t, const Id *id) {
        assert(t);
        assert(id);

        for (PowNode *n = t->buckets[bucket(id)]; n; n = n->next)
                if (id_equal(&n->header.id, id))
                        return n;
        return NULL;
}

int pow_tree_add(PowTree *t, const Header *h, const char *seal, size_t n_seal, PowWork work, bool main, PowNode **ret) {
        _cleanup_(node_freep) PowNode *n = NULL;
        PowNode *parent, **b;

        assert(t);
        assert(h);

        n = new0(PowNode, 1);
        if (!n)
                return -ENOMEM;
        if (seal) {
                n->seal = newN(char, n_seal + 1);
                if (!n->seal)
                        return -ENOMEM;
                memcpy(n->seal, seal, n_seal);
                n->seal[n_seal] = '\0';
                n->n_seal = n_seal;
        }
        if (t->n == t->allocated) {
                size_t m = t->allocated ? 2 * t->allocated : 64;
                PowNode **nodes = reallocarray(t->nodes, m, sizeof(PowNode *));

                if (!nodes)
                        return -ENOMEM;
                t->nodes = nodes;
                t->allocated = m;
        }

        n->header = *h;
        n->work = work;
        n->main = main;
        n->seen = t->seen++;

        /* Of the main chain's newest headers a child may come before its parent. */
        for (size_t i = 0; main && i < t->n; i++)
                if (id_equal(&t->nodes[i]->header.parent, &h->id))
                        n->children++;
        parent = pow_tree_find(t, &h->parent);
        if (parent)
                parent->children++;

        b = &t->buckets[bucket(&h->id)];
        n->next = *b;
        *b = n;
        n->at = t->n;
        t->nodes[t->n++] = n;
        if (!main)
                t->n_side++;
        if (ret)
                *ret = n;
        n = NULL;
        return 0;
}

void pow_tree_set_main(PowTree *t, PowNode *n, bool main) {
        assert(t);
        assert(n);

        if (n->main == main)
                return;
        n->main = main;
        if (main)
                t->n_side--;
        else
                t->n_side++;
}

void pow_tree_remove(PowTree *t, PowNode *n) {
        PowNode *parent, **b;

        assert(t);
        assert(n);

        parent = pow_tree_find(t, &n->header.parent);
        if (parent)
                parent->children--;

        b = &t->buckets[bucket(&n->header.id)];
        while (*b != n)
                b = &(*b)->next;
        *b = n->next;

        t->nodes[n->at] = t->nodes[--t->n];
        t->nodes[n->at]->at = n->at;
        if (!n->main)
                t->n_side--;
        node_free(n);
}

void pow_tree_drop(PowTree *t, PowNode *n, void (*on_drop)(void *userdata, const Header *h), void *userdata) {
        bool more = true;

        assert(t);
        assert(n);
        assert(!n->main);

        /* Children mostly stand behind their parents, so that one pass finds nearly all. */
        n->doomed = true;
        while (more) {
                more = false;
                for (size_t i = 0; i < t->n; i++) {
                        PowNode *x = t->nodes[i];
                        const PowNode *parent;

                        if (x->doomed || x->main)
                                continue;
                        parent = pow_tree_find(t, &x->header.parent);
                        if (parent && parent->doomed)
                                x->doomed = more = true;
                }
        }

        for (size_t i = 0; i < t->n;) {
                PowNode *x = t->nodes[i];

                if (!x->doomed) {
                        i++;
                        continue;
                }
                if (on_drop)
                        on_drop(userdata, &x->header);
                pow_tree_remove(t, x);  /* the last one stands here now */
        }
}

PowNode* pow_tree_heaviest(const PowTree *t) {
        PowNode *best = NULL;

        assert(t);

        for (size_t i = 0; i < t->n; i++) {
                PowNode *x = t->nodes[i];

                if (!x->main && (!best || x->work > best->work || (x->work == best->work && x->seen < best->seen)))
                        best = x;
        }
        return best;
}

PowNode* pow_tree_lightest_end(const PowTree *t) {
        PowNode *least = NULL;

        assert(t);

        for (size_t i = 0; i < t->n; i++) {
                PowNode *x = t->nodes[i];

                if (!x->main && x->children == 0 && (!least || x->work < least->work || (x->work == least->work && x->seen > least->seen)))
                        least = x;
        }
        return least;
}
