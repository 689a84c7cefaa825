/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "crypto/deal.h"
#include "crypto/sign.h"
#include "election/sealed-sum.h"
#include "fuzz.h"
#include "ledger/entry.h"

/* Each method that can be sealed. */
static const char election[] =
        "{\"blank\":false,\"board\":\"0000000000000000000000000000000000000000000000000000000000000002\","
        "\"closes\":20,\"least\":2,\"name\":\"fuzz\",\"opens\":10,\"questions\":["
        "{\"method\":\"plurality\",\"options\":[\"a\",\"b\"],\"text\":\"1\"},"
        "{\"max\":1,\"method\":\"approval\",\"options\":[\"a\"],\"text\":\"2\"},"
        "{\"max\":2,\"method\":\"score\",\"options\":[\"a\"],\"text\":\"3\"}],"
        "\"rolls\":[\"0000000000000000000000000000000000000000000000000000000000000001\"],"
        "\"secrecy\":\"sealed\",\"title\":\"t\"}";

static const char genesis[] =
        "{\"admins\":{\"approvals\":1,\"keys\":[\"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\"]},\"created\":1,"
        "\"engine\":{\"authorities\":[\"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\"],\"delta_ms\":1000,"
        "\"type\":\"quorum\"},\"kind\":\"genesis\",\"limits\":{},\"name\":\"fuzz\",\"rules\":1}";

static Genesis *network;                        /* whose engine takes sealed elections */
static Definition *d;
static BallotStatement statement;
static Buf good;                                /* the one ballot that its proofs hold for */

static void begin(void) {
        _cleanup_json_ Json *o = NULL, *choices = NULL, *sealed = NULL;
        _cleanup_(ballot_freep) Ballot *b = NULL;
        static const char text[] = "{\"choices\":[[1],[0],[2]]}";
        const uint8_t seed[32] = { 1 };
        Scalar secret;

        fuzz_check(crypto_init(NULL) == 0);
        fuzz_check(genesis_parse(&network, genesis, sizeof(genesis) - 1, NULL) == 0);
        fuzz_check(json_parse_loose(&o, election, sizeof(election) - 1, 4096, NULL) == 0);
        fuzz_check(definition_parse(&d, o, NULL) == 0);
        fuzz_check(json_parse_loose(&choices, text, sizeof(text) - 1, 4096, NULL) == 0);
        fuzz_check(ballot_parse(&b, d, choices, NULL) == 0);
        scalar_from_u64(&secret, 7);
        element_mul_base(&statement.board_key, &secret);
        statement.seq = 1;
        fuzz_check(sealed_ballot_make(&sealed, d, &statement, b, seed) == 0);
        fuzz_check(json_dump(sealed, &good) == 0);
        fuzz_check(good.n == definition_ballot_bytes_max(d));
}

/* Text as a ballot: refused with a reason, or it is the good one. */
static void ballot(const char *text, size_t n) {
        _cleanup_(sealed_ballot_freep) SealedBallot *b = NULL;
        _cleanup_(sealed_total_freep) SealedTotal *t = NULL;
        _cleanup_(sealed_sum_freep) SealedSum *sum = NULL;
        _cleanup_json_ Json *o = NULL;
        SealedCheck check;
        Why why = {};
        int r;

        if (line_parse(&o, text, n, 1 << 20, NULL) != 0)
                return;

        r = sealed_ballot_parse(&b, d, o, &why);
        fuzz_check(r >= 0 && (r == 0) == (why.text[0] == 0));
        fuzz_check(ballot_check(d, o, NULL) > 0);
        if (r > 0)
                return;

        r = sealed_ballot_check(b, d, &statement, &why);
        check = (SealedCheck) { .ballot = b, .definition = d, .statement = statement };
        fuzz_check(sealed_checks_run(&check, 1) == 0);
        fuzz_check(r == check.verdict);
        fuzz_check((r == 0) == (n == good.n && memcmp(text, good.p, n) == 0));
        fuzz_check((r == 0) == (why.text[0] == 0));

        fuzz_check(sealed_sum_new(&sum, d) == 0);
        fuzz_check(sealed_sum_add(sum, b, 3) == 0);
        fuzz_check(sealed_sum_total(sum, &t) == 0);
        fuzz_check(sealed_total_fate(t) == SEALED_TOO_FEW);
}

/* Text as an entry: of a board, a trustee, a deal, a share. */
static void entry(const char *text, size_t n) {
        Entry *e = NULL;
        Why why = {};
        int r;

        r = entry_parse(&e, network, text, n, &why);
        fuzz_check(r >= 0 && (r == 0) == (why.text[0] == 0));
        if (r == 0)
                fuzz_check(e->n_line == n && memcmp(e->line, text, n) == 0);
        (void) entry_unref(e);
}

/* The good ballot with bytes changed: where in two bytes, how in one. */
static void altered(const uint8_t *data, size_t n) {
        _cleanup_free_ char *text = malloc(good.n);

        fuzz_check(text);
        memcpy(text, good.p, good.n);
        for (; n >= 3; data += 3, n -= 3)
                text[(data[0] << 8 | data[1]) % good.n] ^= (char) data[2];
        ballot(text, good.n);
}

/* Bytes as the proofs of boards and shares. Whoever finds one that holds has broken more than this. */
static void proofs(const uint8_t *data, size_t n) {
        SealingStatement sealing = { .sealing = statement.board_key };
        DealStatement deal = { .commitments = &statement.board_key, .n_commitments = 1 };
        ShareStatement share = {
                .share_key = statement.board_key, .alpha = statement.board_key, .part = statement.board_key,
        };
        ObjectStatement object = {
                .sealing = statement.board_key, .r = statement.board_key, .k = statement.board_key,
        };
        uint8_t b[SEALED_SHARE_BYTES] = {};
        Why why = {};
        Element e;
        Scalar s;
        int r;

        memcpy(b, data, MIN(n, sizeof(b)));
        fuzz_check(sealing_check(&sealing, b, &why) == V_PROOF && why.text[0] != 0);
        fuzz_check(coefficient_check(&deal, 0, b, &why) == V_PROOF);
        fuzz_check(share_check(&share, b, &why) == V_PROOF);
        fuzz_check(object_check(&object, b, &why) == V_PROOF);

        fuzz_check(sealed_share_check(&(SealedShareContext) {}, b, &why) == V_PROOF);
        r = sealed_share_decode(b, &e);
        fuzz_check(r == 0 || r == V_PROOF);
        fuzz_check(r == (share_open_with(&s, &(SealedShareContext) {}, &statement.board_key, b)));
        if (r == 0)
                fuzz_check(!share_fits(&s, &statement.board_key, 1, 0));
}

/* The first byte says what the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        if (!d)
                begin();
        if (n == 0)
                return 0;

        if (data[0] == '{') {
                ballot((const char*) data, n);
                entry((const char*) data, n);
        } else if (data[0] % 2 == 0)
                altered(data + 1, n - 1);
        else
                proofs(data + 1, n - 1);
        return 0;
}
