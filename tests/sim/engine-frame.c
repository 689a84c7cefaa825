/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine-frame.h"

#include <stdio.h>

#include "codec/line.h"

static MessageType type_of(const char *data, size_t n) {
        static const MessageType types[] = { MESSAGE_PROPOSE, MESSAGE_ENDORSE, MESSAGE_FINALIZE, MESSAGE_SKIP, MESSAGE_CERTIFICATE };
        char text[64];

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                (void) snprintf(text, sizeof(text), "{\"type\":\"%s\"}", message_name(types[i]));
                if (n == strlen(text) && memcmp(data, text, n) == 0)
                        return types[i];
        }
        return MESSAGE_NONE;
}

static bool read_statement(QuorumStatement *ret, const QuorumConfig *c, const char *line, size_t n) {
        _cleanup_json_ Json *o = NULL;
        const Json *inner;
        const char *kind;
        int k;

        if (line_parse(&o, line, n, PROPOSE_BYTES_MAX, NULL) != 0 || json_get_text(o, "kind", 1, LINE_KEY_MAX, &kind, NULL) != 0)
                return false;
        k = quorum_kind_from_name(kind);
        inner = o;
        if (k < 0 || (k == QUORUM_PROPOSE && json_get_object(o, "proposal", &inner, NULL) != 0))
                return false;
        return quorum_statement_read(ret, c, (QuorumKind) k, inner, NULL) == 0;
}

bool engine_frame_read(EngineFrame *ret, const QuorumConfig *c, const char *data, size_t n) {
        const char *end = memchr(data, '\n', MIN(n, (size_t) 64));

        *ret = (EngineFrame) {};
        if (!end || (ret->type = type_of(data, (size_t) (end - data))) == MESSAGE_NONE)
                return false;
        ret->line = end + 1;
        ret->n_line = n - (size_t) (end + 1 - data);
        ret->has_statement = ret->type != MESSAGE_CERTIFICATE && read_statement(&ret->statement, c, ret->line, ret->n_line);
        return true;
}
