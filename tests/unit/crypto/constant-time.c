/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crypto/deal.h"
#include "crypto/proof.h"
#include "crypto/random.h"
#include "crypto/sign.h"

#include <stdio.h>

/* Everything that touches a secret, with the secrets marked as not initialised: valgrind then reports each branch and each
 * address that depends on one (A. Langley's ctgrind). constant-time.sh runs it. Built with src/crypto once more, so that
 * declassify() is heard. */

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>

static void must(bool good, const char *what) {
        if (!good) {
                (void) fprintf(stderr, "constant-time: %s failed\n", what);
                exit(EXIT_FAILURE);
        }
}

#define SECRET(x) ((void) VALGRIND_MAKE_MEM_UNDEFINED(&(x), sizeof(x)))
#define PUBLIC(x) ((void) VALGRIND_MAKE_MEM_DEFINED(&(x), sizeof(x)))

static Element y;

static void ballot(uint64_t vote) {
        static const uint32_t allowed[] = { 0, 1, 2, 3 };
        uint8_t seed[32], proof[CHOICE_BYTES(ELEMENTSOF(allowed))];
        ChoiceClaim claim = { .allowed = allowed, .n_allowed = ELEMENTSOF(allowed), .n = 1 };
        Cipher c;
        BallotStatement s = { .board_key = y, .seq = 1, .ciphers = &c, .n_ciphers = 1 };
        Stream stream;
        uint64_t m = vote;
        Scalar r;

        random_bytes(seed, sizeof(seed));
        SECRET(seed);
        SECRET(m);
        choice_stream(&stream, seed, &s, 0, 0, m);
        stream_scalar(&stream, &r);
        cipher_make(&c, &y, m, &r);
        PUBLIC(c);
        must(choice_make(proof, &s, &claim, m, &r, &stream) == 0, "choice_make");
        stream_done(&stream);
        PUBLIC(proof);
        must(choice_check(&s, &claim, proof, NULL) == 0, "choice_check");
}

static void logarithms(void) {
        uint8_t seed[32], proof[EQUAL_BYTES];
        SecretScalar *e = NULL;
        Scalar value;
        SealingStatement sealing = {};
        ShareStatement share = {};
        Stream stream;

        scalar_random(&value);
        SECRET(value);
        must(secret_scalar_new(&e, &value) == 0, "secret_scalar_new");
        random_bytes(seed, sizeof(seed));
        SECRET(seed);
        stream_begin(&stream, seed, "test");
        sealing.sealing = *secret_scalar_public(e);
        PUBLIC(sealing);
        sealing_make(proof, &sealing, e, &stream);
        PUBLIC(proof);
        must(sealing_check(&sealing, proof, NULL) == 0, "sealing_check");

        share.share_key = sealing.sealing;
        share.alpha = y;
        element_mul(&share.part, secret_scalar_value(e), &y);
        PUBLIC(share);
        share_make(proof, &share, e, &stream);
        PUBLIC(proof);
        must(share_check(&share, proof, NULL) == 0, "share_check");
        stream_done(&stream);
        e = secret_scalar_free(e);
}

static void dealing(void) {
        static const SealedShareContext context;
        uint8_t seed[32], sealed[SEALED_SHARE_BYTES], proof[KNOWLEDGE_BYTES];
        SecretScalar *e = NULL, *x = NULL;
        Element sealing, commitments[3];
        Scalar value, share, opened;
        DealStatement deal = { .commitments = commitments, .n_commitments = 3 };
        Polynomial *p = NULL;
        Stream stream;
        bool fits;

        random_bytes(seed, sizeof(seed));
        SECRET(seed);
        stream_begin(&stream, seed, "test");
        must(polynomial_new(&p, 3, &stream) == 0, "polynomial_new");
        memcpy(commitments, polynomial_commitments(p), sizeof(commitments));
        PUBLIC(commitments);
        coefficient_make(proof, &deal, 1, polynomial_coefficient(p, 1), &stream);
        PUBLIC(proof);
        must(coefficient_check(&deal, 1, proof, NULL) == 0, "coefficient_check");

        scalar_random(&value);
        SECRET(value);
        must(secret_scalar_new(&e, &value) == 0, "secret_scalar_new");
        sealing = *secret_scalar_public(e);
        PUBLIC(sealing);
        polynomial_share(p, 1, &share);
        share_seal(sealed, &context, &sealing, &share, &stream);
        PUBLIC(sealed);
        must(sealed_share_check(&context, sealed, NULL) == 0, "sealed_share_check");
        must(share_open(&opened, &context, e, sealed) == 0, "share_open");
        fits = share_fits(&opened, commitments, 3, 1);
        PUBLIC(fits);
        must(fits, "share_fits");
        must(board_share_secret(&x, &opened, 1) == 0, "board_share_secret");
        stream_done(&stream);
        p = polynomial_free(p);
        e = secret_scalar_free(e);
        x = secret_scalar_free(x);
}

/* That it would be noticed. */
static int branch(void) {
        uint8_t b[2] = { 0, 7 };
        uint64_t m = 1;

        SECRET(m);
        if (m == 1)
                (void) puts("a branch");
        return b[m & 1] == 7 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
        Scalar s;

        must(crypto_init(NULL) == 0, "crypto_init");
        scalar_random(&s);
        element_mul_base(&y, &s);
        if (argc > 1 && streq(argv[1], "branch"))
                return branch();

        for (uint64_t vote = 0; vote < 4; vote++)
                ballot(vote);
        logarithms();
        dealing();
        return EXIT_SUCCESS;
}

#else

int main(void) {
        (void) puts("skipped: valgrind/memcheck.h was missing at build time (Debian: apt install valgrind)");
        return 77;
}

#endif
