/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "votectl/evidence.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"

static const char* past(const char *kind) {
        return streq(kind, "propose") ? "proposed" : streq(kind, "endorse") ? "endorsed" : "finalized";
}

/* Its form was judged. */
static int describe(const char *line, size_t n, EvidenceFacts *ret, Why *why) {
        _cleanup_json_ Json *o = NULL;
        const char *kinds[2] = {};
        int64_t view = 0;
        int r;

        r = line_parse(&o, line, n, EVIDENCE_BYTES_MAX, why);
        for (int i = 0; r == 0 && i < 2; i++) {
                const Json *s;

                r = json_get_object(o, i == 0 ? "first" : "second", &s, why);
                if (r == 0)
                        r = json_get_text(s, "kind", 1, LINE_KEY_MAX, &kinds[i], why);
                if (r == 0)
                        r = json_get_int(s, "view", 0, LINE_INT_MAX, &view, why);
        }
        if (r != 0)
                return r;
        ret->view = (uint64_t) view;
        if (streq(kinds[0], kinds[1]))
                (void) snprintf(ret->what, sizeof(ret->what), "%s two blocks in view %" PRIi64, past(kinds[0]), view);
        else
                (void) snprintf(ret->what, sizeof(ret->what), "skipped view %" PRIi64 " and finalized a block in it", view);
        return 0;
}

static int number_of(const Json *config, const Key *key) {
        const Json *keys;

        if (json_get_array(config, "authorities", 1, AUTHORITIES_MAX, &keys, NULL) != 0)
                return -1;
        for (size_t i = 0; i < json_len(keys); i++) {
                Key k;

                if (key_from_hex(&k, json_text(json_at(keys, i)) ?: "") == 0 && key_equal(&k, key))
                        return (int) i;
        }
        return -1;
}

int evidence_check(const EngineType *engine, const Json *config, const Id *network, const char *line, size_t n,
                EvidenceFacts *ret, Why *why) {
        SigCheck checks[2] = {};
        EvidenceFacts f = {};
        int r;

        assert(engine);
        assert(ret);

        if (!engine->evidence)
                return why_set(why, V_PROTOCOL, "the network's engine, \"%s\", has no authorities that could be convicted",
                                engine->name);
        r = engine->evidence(config, network, line, n, &f.key, checks, why);
        if (r == 0)
                r = describe(line, n, &f, why);
        for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
                if (r == 0) {
                        sig_check_run(&checks[i]);
                        if (!checks[i].valid)
                                r = why_set(why, V_SIGNATURE, "the signature of \"%s\" does not verify in this network",
                                                i == 0 ? "first" : "second");
                }
                sig_check_done(&checks[i]);
        }
        if (r != 0)
                return r;
        f.authority = number_of(config, &f.key);
        *ret = f;
        return 0;
}
