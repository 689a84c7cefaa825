/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "election/ballot.h"
#include "election/result.h"
#include "election/roll.h"
#include "fuzz.h"

/* An election with a question of each method. */
static const char election[] =
        "{\"closes\":20,\"name\":\"fuzz\",\"opens\":10,\"questions\":["
        "{\"method\":\"plurality\",\"options\":[\"a\",\"b\",\"c\"],\"text\":\"1\"},"
        "{\"max\":2,\"method\":\"approval\",\"min\":1,\"options\":[\"a\",\"b\",\"c\"],\"text\":\"2\"},"
        "{\"max\":5,\"method\":\"score\",\"options\":[\"a\",\"b\",\"c\"],\"text\":\"3\"},"
        "{\"default\":3,\"method\":\"schulze\",\"options\":[\"a\",\"b\",\"c\",\"d\"],\"text\":\"4\"},"
        "{\"method\":\"stv\",\"options\":[\"a\",\"b\",\"c\",\"d\"],\"seats\":2,\"text\":\"5\"}],"
        "\"rolls\":[\"0000000000000000000000000000000000000000000000000000000000000001\"],\"secrecy\":\"open\",\"title\":\"t\"}";

static void count(Definition *d, const Ballot *b) {
        _cleanup_(count_freep) Count *c = NULL;
        _cleanup_(result_freep) Result *r = NULL;

        fuzz_check(count_new(&c, d) == 0);
        fuzz_check(count_add(c, b, 3) == 0);
        fuzz_check(count_finish(c, NULL, &r) == 0);
        fuzz_check(r->n_questions == d->n_questions);
}

/* Any line: as a ballot of that election (what is accepted can be counted), as an election, as a roll. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Definition *d;
        _cleanup_json_ Json *o = NULL;
        Definition *other = NULL;
        Ballot *b = NULL;
        Roll *roll = NULL;
        Why why = {};
        int r;

        if (!d) {
                _cleanup_json_ Json *e = NULL;

                fuzz_check(json_parse_loose(&e, election, sizeof(election) - 1, 4096, NULL) == 0);
                fuzz_check(definition_parse(&d, e, NULL) == 0);
        }
        if (json_parse_loose(&o, (const char *) data, n, 1 << 20, NULL) != 0)
                return 0;

        r = ballot_parse(&b, d, o, &why);
        fuzz_check((r == 0) == (ballot_check(d, o, NULL) == 0));
        if (r == 0)
                count(d, b);
        else
                fuzz_check(r < 0 || why.text[0] != 0);
        (void) ballot_free(b);

        if (definition_parse(&other, o, &why) == 0) {
                _cleanup_json_ Json *again = definition_to_json(other);

                fuzz_check(again != NULL);
                fuzz_check(definition_ballot_bytes_max(other) > 0);
                (void) definition_unref(other);
        }
        if (roll_parse(&roll, o, &why) == 0)
                (void) roll_free(roll);
        return 0;
}
