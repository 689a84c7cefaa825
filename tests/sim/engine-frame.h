/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-private.h"
#include "proto/message.h"

/* What a frame says that is one of the engine's own: its type, its one line, and the statement in it (certificates have none). */
typedef struct EngineFrame {
        MessageType type;
        const char *line;
        size_t n_line;
        bool has_statement;
        QuorumStatement statement;
} EngineFrame;

/* False: it is another. */
bool engine_frame_read(EngineFrame *ret, const QuorumConfig *c, const char *data, size_t n);
