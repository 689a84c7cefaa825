/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "consensus/quorum-private.h"

int quorum_effect(Quorum *q, const EngineEffect *fx) {
        assert(q->out);

        return engine_effects_add(q->out, fx);
}

int quorum_effect_id(Quorum *q, EngineEffectType type, const Id *id) {
        return quorum_effect(q, &(EngineEffect) { .type = type, .id = *id });
}

static int send_buf(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, Buf *b) {
        EngineEffect fx = { .type = ENGINE_FX_SEND, .audience = audience, .to = to };

        if (key)
                fx.key = *key;
        fx.data = buf_take(b, &fx.n_data);
        return fx.data ? quorum_effect(q, &fx) : -ENOMEM;
}

int quorum_send(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, const char *line, size_t n) {
        _cleanup_buf_ Buf b = {};

        buf_add(&b, line, n);
        return send_buf(q, audience, to, key, &b);
}

int quorum_send_certificate(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, const QuorumCertificate *cert) {
        _cleanup_buf_ Buf b = {};
        int r;

        r = quorum_certificate_format(cert, &b);
        return r < 0 ? r : send_buf(q, audience, to, key, &b);
}

int quorum_send_statement(Quorum *q, EngineAudience audience, uint64_t to, const Key *key, const QuorumStatement *s) {
        _cleanup_buf_ Buf b = {};
        int r;

        r = quorum_statement_format(s, &q->config, &b);
        return r < 0 ? r : send_buf(q, audience, to, key, &b);
}

int quorum_alarm(Quorum *q, const char *until, const char *format, ...) {
        EngineEffect fx = { .type = ENGINE_FX_ALARM, .name = until };
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&fx.data, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        fx.n_data = (size_t) n;
        return quorum_effect(q, &fx);
}
