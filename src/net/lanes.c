/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/lanes.h"

#define LENGTH_BYTES 4U

struct Frame {
        Frame *next;
        char *data;
        size_t n;
};

static Frame* frame_free(Frame *f) {
        free(f->data);
        free(f);
        return NULL;
}

static Frame* lane_pop(Lane *lane) {
        Frame *f = lane->first;

        lane->first = f->next;
        if (!lane->first)
                lane->last = NULL;
        return f;
}

static void lane_drop_first(Lanes *l, Lane *lane) {
        Frame *f = lane_pop(lane);

        lane->bytes -= f->n + FRAME_COST;
        l->bytes -= f->n + FRAME_COST;
        frame_free(f);
}

void lanes_done(Lanes *l) {
        for (size_t i = 0; i < _NET_LANE_MAX; i++)
                while (l->lanes[i].first)
                        lane_drop_first(l, l->lanes + i);
        if (l->sending)
                frame_free(l->sending);
        *l = (Lanes) {};
}

void lanes_drop_gossip(Lanes *l, size_t max) {
        Lane *lane = l->lanes + NET_LANE_GOSSIP;

        while (lane->first && lane->bytes > max)
                lane_drop_first(l, lane);
}

int lanes_add(Lanes *l, NetLane which, char *data, size_t n, size_t max) {
        Lane *lane = l->lanes + which;
        Frame *f;

        assert(data);
        assert(n > 0 && n <= UINT32_MAX);

        if (which == NET_LANE_GOSSIP)
                lanes_drop_gossip(l, max - MIN(max, n + FRAME_COST));
        else if (lane->first && lane->bytes + n + FRAME_COST > max) {
                free(data);
                return -ENOBUFS;
        }

        f = new0(Frame, 1);
        if (!f) {
                free(data);
                return -ENOMEM;
        }
        f->data = data;
        f->n = n;

        if (lane->last)
                lane->last->next = f;
        else
                lane->first = f;
        lane->last = f;
        lane->bytes += n + FRAME_COST;
        l->bytes += n + FRAME_COST;
        return 0;
}

/* The frame that is sent next leaves its lane here; it stays counted in the sum until it is gone. */
static bool begin_frame(Lanes *l) {
        for (size_t i = 0; i < _NET_LANE_MAX; i++)
                if (l->lanes[i].first) {
                        Frame *f = lane_pop(l->lanes + i);

                        l->lanes[i].bytes -= f->n + FRAME_COST;
                        l->sending = f;
                        l->sent = 0;
                        return true;
                }
        return false;
}

static void take_length(Lanes *l, Buf *ret, size_t *n) {
        while (l->sent < LENGTH_BYTES && *n > 0) {
                buf_add_char(ret, (char) (l->sending->n >> 8 * (LENGTH_BYTES - 1 - l->sent)));
                l->sent++;
                (*n)--;
        }
}

int lanes_take(Lanes *l, Buf *ret, size_t n) {
        size_t piece;

        while (n > 0 && (l->sending || begin_frame(l))) {
                Frame *f = l->sending;

                take_length(l, ret, &n);
                piece = l->sent < LENGTH_BYTES ? 0 : MIN(n, f->n - (l->sent - LENGTH_BYTES));
                if (piece > 0)
                        buf_add(ret, f->data + l->sent - LENGTH_BYTES, piece);
                l->sent += piece;
                n -= piece;

                if (l->sent == LENGTH_BYTES + f->n) {
                        l->bytes -= f->n + FRAME_COST;
                        l->sending = frame_free(f);
                }
        }
        return buf_error(ret);
}
