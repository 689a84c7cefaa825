/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <inttypes.h>

#include "codec/line.h"
#include "peer-frame.h"
#include "proto/message-table.h"

/* What is wrong with a frame. Whoever is honest says nothing but what is right. */

FrameChange change;

void frame_forget(void) {
        change = (FrameChange) {};
}

bool frame_is_changed(void) {
        for (unsigned i = 0; i < _PEER_OP_MAX; i++)
                if (change.is_set[i])
                        return true;
        return false;
}

uint64_t frame_value(PeerOpName name, uint64_t right) {
        return change.is_set[name] ? peer_value(change.set[name].arg, right) : right;
}

/* --- the text --- */

static void put_number(Buf *b, unsigned which, const uint8_t *v) {
        _cleanup_buf_ Buf text = {};
        unsigned seen = 0;

        for (size_t i = 0; i < b->n; i++) {
                size_t end = i;
                uint64_t right = 0;

                if (!isdigit((unsigned char) b->p[i]) || i == 0 || !strchr(":,[", b->p[i - 1]))
                        continue;
                for (; end < b->n && isdigit((unsigned char) b->p[end]); end++)
                        right = right * 10 + (unsigned) (b->p[end] - '0');
                if (seen++ != which) {
                        i = end;
                        continue;
                }
                buf_add(&text, b->p, i);
                buf_printf(&text, "%" PRIu64, peer_value(v, right));
                buf_add(&text, b->p + end, b->n - end);
                buf_reset(b);
                buf_add(b, text.p, text.n);
                return;
        }
}

static void put_lines(Buf *b, const uint8_t *arg) {
        _cleanup_buf_ Buf text = {};
        const char *p = b->p, *line;
        struct { const char *p; size_t n; } lines[256];
        size_t n = b->n, n_line, n_lines = 0, which;

        while (n_lines < ELEMENTSOF(lines) && line_next(&p, &n, &line, &n_line)) {
                lines[n_lines].p = line;
                lines[n_lines++].n = n_line;
        }
        which = arg[0] % (n_lines + 1);
        for (size_t i = 0; i < n_lines; i++) {
                size_t from = arg[1] % 3 == 2 && i == which && i + 1 < n_lines ? i + 1
                                : arg[1] % 3 == 2 && i == which + 1            ? i - 1
                                                                                : i;
                unsigned times = i != which || arg[1] % 3 == 2 ? 1 : arg[1] % 3 == 0 ? 2 + arg[2] : 0;

                for (unsigned k = 0; k < times; k++) {
                        if (text.n > 0)
                                buf_add_char(&text, '\n');
                        buf_add(&text, lines[from].p, lines[from].n);
                }
        }
        buf_reset(b);
        buf_add(b, text.p, text.n);
}

static void spoil(Buf *b) {
        if (change.is_set[PEER_SET_NUMBER])
                put_number(b, change.set[PEER_SET_NUMBER].arg[3], change.set[PEER_SET_NUMBER].arg);
        if (change.is_set[PEER_SET_LINES] && b->n > 0)
                put_lines(b, change.set[PEER_SET_LINES].arg);
        if (change.is_set[PEER_SET_CUT])
                b->n = b->n * change.set[PEER_SET_CUT].arg[0] / 256;
        if (change.is_set[PEER_SET_FLIP] && b->n > 0)
                b->p[b->n * change.set[PEER_SET_FLIP].arg[0] / 256] ^= (char) change.set[PEER_SET_FLIP].arg[1];
}

void frame_hand_over(Host *h, const HostLink *l, Buf *frame) {
        HostFrame *kept = h->kept + h->n_kept++ % HOST_FRAMES;

        if (!l->honest)
                spoil(frame);
        free(kept->data);
        *kept = (HostFrame) { .data = malloc(frame->n + 1), .n = frame->n };
        fuzz_check(kept->data);
        memcpy(kept->data, frame->n > 0 ? frame->p : "", frame->n);
        host_step(h, (NodeEvent) { .type = NODE_EV_FRAME, .link = l->id, .data = frame->n > 0 ? frame->p : "", .n_data = frame->n });
}

/* What the table does not allow is not framed; set_number says it all the same. False: there is a text or a list too few. */
static bool fit(Message *m) {
        const MessageRow *row = message_table + m->type;

        m->has_id = row->id == MESSAGE_ID_REQUEST || row->id == MESSAGE_ID_RESPONSE || (row->id == MESSAGE_ID_OPTIONAL && m->id > 0);
        m->id = MIN(m->id, (uint64_t) LINE_INT_MAX);
        for (const Field *f = row->fields; f->key; f++) {
                char *at = (char *) m + f->at;
                uint64_t v;

                switch (f->type) {

                case FIELD_INT:
                case FIELD_VERSION:
                        memcpy(&v, at, sizeof(v));
                        if (!f->optional || v != f->absent)
                                v = v < f->min ? f->min : MIN(v, f->max);
                        memcpy(at, &v, sizeof(v));
                        break;

                case FIELD_IDS:
                case FIELD_KEYS:
                case FIELD_PEERS:
                case FIELD_ELECTIONS: {
                        size_t n;

                        memcpy(&n, (char *) m + f->at_n, sizeof(n));
                        if (n < f->min && !(f->optional && n == 0))
                                return false;
                        n = MIN(n, f->max);
                        memcpy((char *) m + f->at_n, &n, sizeof(n));
                        break;
                }

                case FIELD_TEXT:
                case FIELD_NAME:
                case FIELD_HOST:
                case FIELD_OBJECT:
                        if (!f->optional && !*(void *const *) (void *) at)
                                return false;
                        break;

                default:
                        break;
                }
        }
        return true;
}

/* Whose lines might be taken for its. */
static MessageType other_type(MessageType t, unsigned i) {
        static const MessageType types[] = {
                MESSAGE_NEW_VOTE, MESSAGE_VOTES_RESPONSE, MESSAGE_NEW_BLOCK, MESSAGE_BLOCKS_RESPONSE, MESSAGE_PROPOSE, MESSAGE_ENDORSE,
                MESSAGE_FINALIZE, MESSAGE_SKIP, MESSAGE_CERTIFICATE, MESSAGE_EVIDENCE, MESSAGE_CERTIFICATES,
        };

        for (unsigned k = 0; k < ELEMENTSOF(types); k++)
                if (types[k] == t)
                        return types[i % ELEMENTSOF(types)];
        return t;
}

void frame_say(Host *h, HostLink *l, Message *m, const Buf *lines) {
        _cleanup_buf_ Buf frame = {};

        if (lines) {
                m->lines = lines->p;
                m->n_lines_bytes = lines->n;
        }
        if (change.is_set[PEER_SET_TYPE] && !l->honest)
                m->type = other_type(m->type, change.set[PEER_SET_TYPE].arg[0]);
        m->id = change.is_set[PEER_SET_ID] ? frame_value(PEER_SET_ID, m->id) : m->id;
        if (!fit(m))
                return;
        fuzz_check(message_frame(&frame, m) == 0);
        frame_hand_over(h, l, &frame);
}
