/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <sodium.h>

#include "crypto/proof-batch.h"
#include "crypto/proof-internal.h"

/* An element that stands in equations, and the sum of what it is multiplied with in all of them. */
typedef struct Point {
        uint8_t b[32];          /* as it came: its product says whether it is an element */
        Scalar factor;
        uint32_t first, n;      /* n > 0: the sum of those points, b is not used */
} Point;

/* response base + more G - challenge x - commitment = 0; numbers of points */
typedef struct Equation {
        uint32_t base, x, commitment;
        Scalar response, more, challenge;
} Equation;

struct ProofBatch {
        Point *points;
        Equation *equations;
        uint32_t n_points, n_equations, points_allocated, equations_allocated;
        uint32_t board_key;             /* the point of the last Y; 0: none yet */
        uint32_t ciphers, n_ciphers;    /* the points alpha, beta, alpha, ... of the last ballot */
};

#define GENERATOR 0U    /* the first point */
#define POINTS_MAX (4U * PROOF_BATCH_EQUATIONS_MAX)

int proof_batch_new(ProofBatch **ret) {
        ProofBatch *b;

        b = new0(ProofBatch, 1);
        if (!b)
                return -ENOMEM;
        b->n_points = 1;
        *ret = b;
        return 0;
}

ProofBatch* proof_batch_free(ProofBatch *b) {
        if (!b)
                return NULL;
        free(b->points);
        free(b->equations);
        free(b);
        return NULL;
}

void proof_batch_reset(ProofBatch *b) {
        b->n_points = 1;
        b->n_equations = b->board_key = b->ciphers = b->n_ciphers = 0;
}

size_t proof_batch_equations(const ProofBatch *b) {
        return b->n_equations;
}

/* Room for so many more of either; nothing fails after it. */
static int make_room(ProofBatch *b, size_t points, size_t equations) {
        if (equations > PROOF_BATCH_EQUATIONS_MAX - b->n_equations || points > POINTS_MAX - b->n_points)
                return -ENOBUFS;

        if (b->n_points + points > b->points_allocated) {
                size_t n = MAX(2 * (size_t) b->points_allocated, b->n_points + points);
                Point *p = reallocarray(b->points, n, sizeof(Point));

                if (!p)
                        return -ENOMEM;
                b->points = p;
                b->points_allocated = (uint32_t) n;
        }
        if (b->n_equations + equations > b->equations_allocated) {
                size_t n = MAX(2 * (size_t) b->equations_allocated, b->n_equations + equations);
                Equation *p = reallocarray(b->equations, n, sizeof(Equation));

                if (!p)
                        return -ENOMEM;
                b->equations = p;
                b->equations_allocated = (uint32_t) n;
        }
        return 0;
}

static uint32_t add_point(ProofBatch *b, const uint8_t bytes[static 32]) {
        Point *p = ASSERT_PTR(b->points) + b->n_points;

        *p = (Point) {};
        memcpy(p->b, bytes, 32);
        return b->n_points++;
}

static uint32_t add_sum(ProofBatch *b, uint32_t first, size_t n) {
        if (n == 1)
                return first;
        b->points[b->n_points] = (Point) { .first = first, .n = (uint32_t) n };
        return b->n_points++;
}

static void add_equation(ProofBatch *b, uint32_t base, uint32_t x, const uint8_t commitment[static 32],
        const Scalar *response, const Scalar *more, const Scalar *challenge) {
        Equation *e = b->equations + b->n_equations++;

        *e = (Equation) { .base = base, .x = x, .commitment = add_point(b, commitment), .response = *response, .challenge = *challenge };
        if (more)
                e->more = *more;
}

/* The ciphers of a ballot stand in many proofs; they are points once. */
static bool ciphers_are_there(const ProofBatch *b, const BallotStatement *s) {
        if (b->n_ciphers == 0 || b->n_ciphers != s->n_ciphers)
                return false;
        for (size_t i = 0; i < s->n_ciphers; i++)
                if (memcmp(b->points[b->ciphers + i].b, s->ciphers[i].alpha.b, 32) != 0 ||
                        memcmp(b->points[b->ciphers + s->n_ciphers + i].b, s->ciphers[i].beta.b, 32) != 0)
                        return false;
        return true;
}

int proof_batch_add_choice(ProofBatch *b, const BallotStatement *s, const ChoiceClaim *c, const uint8_t *proof, Why *why) {
        uint32_t alpha, beta;
        int r;

        r = choice_read(s, c, proof, why);
        if (r != 0)
                return r;
        if (s->n_ciphers > POINTS_MAX)
                return -ENOBUFS;
        r = make_room(b, 2 * s->n_ciphers + 3 + 2 * c->n_allowed, 2 * c->n_allowed);
        if (r < 0)
                return r;

        if (b->board_key == 0 || memcmp(b->points[b->board_key].b, s->board_key.b, 32) != 0)
                b->board_key = add_point(b, s->board_key.b);
        if (!ciphers_are_there(b, s)) {
                b->ciphers = b->n_points;
                b->n_ciphers = (uint32_t) s->n_ciphers;
                for (size_t i = 0; i < s->n_ciphers; i++)
                        (void) add_point(b, s->ciphers[i].alpha.b);
                for (size_t i = 0; i < s->n_ciphers; i++)
                        (void) add_point(b, s->ciphers[i].beta.b);
        }
        alpha = add_sum(b, b->ciphers + (uint32_t) c->first, c->n);
        beta = add_sum(b, b->ciphers + b->n_ciphers + (uint32_t) c->first, c->n);

        for (size_t i = 0; i < c->n_allowed; i++) {
                const uint8_t *p = proof + CHOICE_BYTES(i);
                Scalar part, z, more;

                memcpy(part.b, p + CHOICE_C, 32);
                memcpy(z.b, p + CHOICE_Z, 32);
                scalar_from_u64(&more, c->allowed[i]);
                scalar_mul(&more, &more, &part);
                add_equation(b, GENERATOR, alpha, p + CHOICE_A, &z, NULL, &part);
                add_equation(b, b->board_key, beta, p + CHOICE_B, &z, &more, &part);
        }
        return 0;
}

/* n 1: a proof of knowledge of X's logarithm; n 2: that it is also that of q to base. */
static int add_log(ProofBatch *b, const Transcript *t, size_t n, const Element *x, const Element *base, const Element *q, const uint8_t *proof) {
        Scalar challenge, response;
        int r;

        if (element_is_identity(x) || (n == 2 && (element_is_identity(base) || element_is_identity(q))))
                return V_PROOF;
        r = log_read(t, proof, n, &challenge, &response);
        if (r != 0)
                return r;
        r = make_room(b, 3 * n, n);
        if (r < 0)
                return r;

        add_equation(b, GENERATOR, add_point(b, x->b), proof, &response, NULL, &challenge);
        if (n == 2) {
                uint32_t at = add_point(b, base->b);

                add_equation(b, at, add_point(b, q->b), proof + 32, &response, NULL, &challenge);
        }
        return 0;
}

int proof_batch_add_sealing(ProofBatch *b, const SealingStatement *s, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why) {
        Transcript t;
        int r;

        statement_sealing(&t, s);
        r = add_log(b, &t, 1, &s->sealing, NULL, NULL, proof);
        return r > 0 ? why_set(why, r, "the proof that the sealing key's secret is known does not hold") : r;
}

int proof_batch_add_coefficient(ProofBatch *b, const DealStatement *s, uint32_t k, const uint8_t proof[static KNOWLEDGE_BYTES], Why *why) {
        Transcript t;
        int r;

        if (k >= s->n_commitments)
                return why_set(why, V_PROOF, "there is no commitment %" PRIu32, k);
        statement_coefficient(&t, s, k);
        r = add_log(b, &t, 1, &s->commitments[k], NULL, NULL, proof);
        return r > 0 ? why_set(why, r, "the proof that coefficient %" PRIu32 " is known does not hold", k) : r;
}

int proof_batch_add_share(ProofBatch *b, const ShareStatement *s, const uint8_t proof[static EQUAL_BYTES], Why *why) {
        Transcript t;
        int r;

        statement_share(&t, s);
        r = add_log(b, &t, 2, &s->share_key, &s->alpha, &s->part, proof);
        return r > 0 ? why_set(why, r, "question %" PRIu32 ", option %" PRIu32 ": the share's proof does not hold", s->question, s->option) : r;
}

/* 128 bits that nobody who made a proof knew. */
static void coefficient(Scalar *ret) {
        do {
                *ret = (Scalar) {};
                randombytes_buf(ret->b, 16);
        } while (scalar_is_zero(ret));
}

static void point_add_product(Point *p, const Scalar *a, const Scalar *b) {
        Scalar t;

        scalar_mul(&t, a, b);
        scalar_add(&p->factor, &p->factor, &t);
}

static void weigh_equations(ProofBatch *b) {
        for (uint32_t i = 0; i < b->n_equations; i++) {
                const Equation *e = b->equations + i;
                Scalar w, minus;

                coefficient(&w);
                scalar_neg(&minus, &w);
                point_add_product(b->points + e->base, &w, &e->response);
                if (!scalar_is_zero(&e->more))
                        point_add_product(b->points + GENERATOR, &w, &e->more);
                point_add_product(b->points + e->x, &minus, &e->challenge);
                scalar_add(&b->points[e->commitment].factor, &b->points[e->commitment].factor, &minus);
        }
}

/* Sums hand their factor to what they are sums of. */
static void spread_sums(ProofBatch *b) {
        for (uint32_t i = 1; i < b->n_points; i++)
                for (uint32_t k = 0; k < b->points[i].n; k++) {
                        Point *p = b->points + b->points[i].first + k;

                        scalar_add(&p->factor, &p->factor, &b->points[i].factor);
                }
}

static int sum_points(const ProofBatch *b, Element *ret) {
        element_mul_base(ret, &b->points[GENERATOR].factor);
        for (uint32_t i = 1; i < b->n_points; i++) {
                const Point *p = b->points + i;
                Element product;

                if (p->n > 0 || scalar_is_zero(&p->factor))
                        continue;
                /* A commitment that is no element ends here: its factor is not 0. An alpha or beta was decoded; it
                 * may be the identity of our own sums. */
                if (sodium_is_zero(p->b, 32) == 1)
                        continue;
                if (crypto_scalarmult_ristretto255(product.b, p->factor.b, p->b) != 0)
                        return V_PROOF;
                element_add(ret, ret, &product);
        }
        return 0;
}

int proof_batch_check(ProofBatch *b) {
        Element sum;
        int r;

        if (b->n_equations == 0)
                return 0;

        b->points[GENERATOR] = (Point) {};
        weigh_equations(b);
        spread_sums(b);
        r = sum_points(b, &sum);
        if (r == 0 && !element_is_identity(&sum))
                r = V_PROOF;
        proof_batch_reset(b);
        return r;
}
