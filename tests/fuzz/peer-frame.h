/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "peer-host.h"

/* What the lines set_ and with have said of the next frame, or block. */
typedef struct FrameChange {
        PeerOp set[_PEER_OP_MAX];
        bool is_set[_PEER_OP_MAX];
        uint8_t with[16];
        size_t n_with;
} FrameChange;
extern FrameChange change;

bool frame_is_changed(void);
uint64_t frame_value(PeerOpName name, uint64_t right);
/* Sends m, with lines if they are not NULL, unless the table of messages would not have it. */
void frame_say(Host *h, HostLink *l, Message *m, const Buf *lines);
void frame_hand_over(Host *h, const HostLink *l, Buf *frame);   /* spoils it first, if that is asked for */
