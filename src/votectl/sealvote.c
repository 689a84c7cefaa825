/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <stdio.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "voted/limits.h"
#include "votectl/sealvote.h"

void seal_vote_done(SealVote *v) {
        (void) json_free(v->choices);
        secret_wipe(v->seed, sizeof v->seed);
        *v = (SealVote) {};
}

int seal_vote_make(
        const SealVote *v, const Definition *d, Json **ret_entry, Id *ret_code, Why *why) {
        const BallotStatement statement = {
                .network = v->network,
                .election = v->election,
                .board_key = v->board_key,
                .signer = v->signer,
                .seq = v->seq,
        };
        _cleanup_(ballot_freep) Ballot *choices = NULL;
        _cleanup_json_ Json *entry = NULL;
        _cleanup_buf_ Buf line = {};
        Json *ballot;
        int r;

        r = ballot_parse(&choices, d, v->choices, why);
        if (r == 0)
                r = sealed_ballot_make(&ballot, d, &statement, choices, v->seed);
        if (r != 0)
                return r;
        entry = json_new_object();
        json_set(entry, "ballot", ballot);
        json_set_id(entry, "election", &v->election);
        json_set_int(entry, "seq", (int64_t) v->seq);
        json_set_text(entry, "kind", "vote");
        json_set_key(entry, "signer", &v->signer);
        r = json_dump(entry, &line);
        if (r < 0)
                return r;
        hash_bytes(ret_code, line.p, line.n);
        *ret_entry = TAKE_PTR(entry);
        return 0;
}

int seal_vote_open(const SealVote *v, Buf *ret) {
        _cleanup_json_ Json *o = json_copy_deep(v->choices);
        int r;

        json_set_id(o, "election", &v->election);
        json_set_text(o, "kind", "opened");
        json_set_base64(o, "seed", v->seed, sizeof v->seed);
        json_set_int(o, "seq", (int64_t) v->seq);
        json_set_key(o, "signer", &v->signer);
        r = o ? json_dump(o, ret) : -ENOMEM;
        return r < 0 ? r : buf_error(ret);
}

int seal_vote_read(SealVote *ret, const char *text, size_t n, Why *why) {
        _cleanup_(seal_vote_done) SealVote v = {};
        _cleanup_json_ Json *o = NULL;
        const Json *choices;
        const char *kind, *seed;
        int64_t seq;
        int r;

        if ((r = json_parse_loose(&o, text, n, OPENED_BYTES_MAX, why)) != 0 ||
                (r = json_check_keys(o,
                         JSON_KEYS("choices", "election", "kind", "seed", "seq", "signer"),
                         why)) != 0 ||
                (r = json_get_text(o, "kind", 1, 32, &kind, why)) != 0)
                return r;
        if (!streq(kind, "opened"))
                return why_set(why, V_FORM, "\"kind\" is \"%.32s\", expected \"opened\"", kind);
        if ((r = json_get_id(o, "election", &v.election, why)) != 0 ||
                (r = json_get_key(o, "signer", &v.signer, why)) != 0 ||
                (r = json_get_int(o, "seq", 1, SEQ_MAX, &seq, why)) != 0 ||
                (r = json_get_array(o, "choices", 1, QUESTIONS_MAX, &choices, why)) != 0 ||
                (r = json_get_text(o, "seed", 1, 64, &seed, why)) != 0)
                return r;
        if (base64_decode(v.seed, sizeof v.seed, seed, strlen(seed)) != 0)
                return why_set(why, V_FORM, "\"seed\" is not %u bytes of base64url", SEED_BYTES);
        v.seq = (uint64_t) seq;
        v.choices = json_new_object();
        json_set(v.choices, "choices", json_copy_deep(choices));
        if (!v.choices)
                return -ENOMEM;
        *ret = v;
        v = (SealVote) {};
        return 0;
}

/* --- codes --- */

const char* seal_code_format(const Id *code, char buf[static CODE_TEXT]) {
        char hex[ID_HEX];

        (void) id_hex(code, hex);
        for (size_t i = 0; i < 8; i++)
                (void) snprintf(buf + 9 * i, CODE_TEXT - 9 * i, "%.8s%s", hex + 8 * i, i < 7 ? " " : "");
        return buf;
}

int seal_code_read(Id *ret, const char *text) {
        char hex[ID_HEX] = {};
        size_t n = 0;

        for (; *text; text++) {
                if (isspace((unsigned char) *text))
                        continue;
                if (n + 1 == sizeof hex)
                        return V_FORM;
                hex[n++] = (char) tolower((unsigned char) *text);
        }
        return id_from_hex(ret, hex);
}

int seal_code_of_line(Id *ret, const char *line, size_t n) {
        _cleanup_buf_ Buf unsigned_line = {};
        size_t start, end;
        int r;

        r = line_signature_span(line, n, &start, &end);
        if (r != 0)
                return r;
        buf_add(&unsigned_line, line, start);
        buf_add(&unsigned_line, line + end, n - end);
        if (buf_error(&unsigned_line) < 0)
                return -ENOMEM;
        hash_bytes(ret, unsigned_line.p, unsigned_line.n);
        return 0;
}
