/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node/peer-internal.h"

/* The blocks of an export go the way of any block that came from afar; only that a person waits for
 * the answer. */

static void answer(Peer *p) {
        Json *o = json_new_object();

        if (!o) {
                p->failed = -ENOMEM;
                return;
        }
        json_set_int(o, "height", (int64_t) chain_tip(p->chain)->height);
        peer_effect(p,
                        &(NodeEffect) { .type = NODE_FX_REPLY,
                                        .request = p->import.request,
                                        .json = o });
        p->import.busy = false;
}

void import_done(Peer *p) {
        buf_done(&p->import.text);
        p->import.begun = p->import.busy = false;
}

static void refuse(Peer *p, uint64_t request, int verdict, const char *text) {
        NodeEffect fx = { .type = NODE_FX_REPLY, .request = request, .verdict = verdict };

        fx.data = strdup(text);
        if (!fx.data) {
                p->failed = -ENOMEM;
                return;
        }
        fx.n_data = strlen(text);
        peer_effect(p, &fx);
}

/* The rest of that export is refused with its pieces: they do not follow what is here. */
void import_fail(Peer *p, int verdict, const Why *why) {
        if (p->import.busy)
                refuse(p, p->import.request, verdict, why->text);
        import_done(p);
}

static size_t line_length(const char *p, size_t n) {
        const char *end = memchr(p, '\n', n);

        return end ? (size_t) (end - p) : n;
}

static bool skip_lines(const char *p, size_t n, uint64_t count) {
        while (count-- > 0) {
                size_t k = line_length(p, n);

                if (k == n)
                        return false;
                p += k + 1;
                n -= k + 1;
        }
        return true;
}

/* Whether a whole block stands at the front of what has come. 0, a verdict, -ENOMEM. */
static int whole_block(Peer *p, const char *text, size_t n, bool *ret, Why *why) {
        Header h;
        int r;

        r = header_parse(&h, p->engine->type->field, text, line_length(text, n), why);
        if (r != 0)
                return r;
        *ret = skip_lines(text, n, UINT64_C(2) + h.count);
        return 0;
}

static int read_genesis(Peer *p, const char **text, size_t *n, Why *why) {
        size_t k = line_length(*text, *n);

        if (p->import.begun || k == *n)
                return 0;
        p->import.begun = true;
        if (k == p->genesis->n_line && memcmp(*text, p->genesis->line, k) == 0) {
                *text += k + 1;
                *n -= k + 1;
                return 0;
        }
        if (memmem(*text, k, "\"kind\":\"genesis\"", strlen("\"kind\":\"genesis\"")))
                return why_set(why, V_NETWORK, "that is an export of another network");
        return 0;
}

static int read_blocks(Peer *p, const char **text, size_t *n, Why *why) {
        int r;

        r = read_genesis(p, text, n, why);
        while (r == 0 && *n > 0) {
                Block *b = NULL;
                bool whole;

                r = whole_block(p, *text, *n, &whole, why);
                if (r != 0 || !whole)
                        return r;
                r = block_read(&b, p->genesis, text, n, why);
                if (r != 0)
                        return r;
                uint64_t height = b->header.height;
                int verdict;

                r = draft_add_block(p, b, NULL, true, &verdict, why);
                if (r < 0)
                        return r;
                if (verdict == V_ORPHAN)
                        return why_set(why, V_ORPHAN,
                                        "the block before that of height %" PRIu64
                                        " is not in the ledger",
                                        height);
                if (verdict > 0 && verdict != V_DUPLICATE)
                        return why_prefix(why, verdict, "block of height %" PRIu64, height);
        }
        return r;
}

int import_piece(Peer *p, const NodeEvent *ev) {
        const char *text;
        size_t n;
        Why why;
        int r;

        if (p->import.busy || p->broken) {
                refuse(p, ev->request, V_BUSY,
                                p->broken ? "the ledger cannot be written now"
                                          : "another import is under way");
                return 0;
        }
        p->import.request = ev->request;
        p->import.busy = true;
        if (ev->n_data == 0) {
                if (p->import.text.n > 0)
                        import_fail(p, V_FORM,
                                        &(Why) { "the export ends in the middle of a block" });
                else {
                        answer(p);
                        import_done(p);
                }
                return 0;
        }

        buf_add(&p->import.text, ev->data, ev->n_data);
        if (ev->data[ev->n_data - 1] != '\n')
                buf_add_char(&p->import.text, '\n');
        r = buf_error(&p->import.text);
        if (r < 0)
                return r;
        if (p->import.text.n > BLOCK_BYTES_MAX + 2 * CTL_MESSAGE_BYTES_MAX) {
                import_fail(p, V_SIZE, &(Why) { "a block larger than any network allows" });
                return 0;
        }

        text = p->import.text.p;
        n = p->import.text.n;
        r = read_blocks(p, &text, &n, &why);
        if (r < 0)
                return r;
        if (r > 0) {
                import_fail(p, r, &why);
                return 0;
        }
        buf_drop_front(&p->import.text, p->import.text.n - n);
        return 0;
}

/* What is on a branch that does not win is answered too: it was looked at. */
int import_update(Peer *p) {
        const Draft *d;

        if (!p->import.busy)
                return 0;
        TAILQ_FOREACH(d, &p->drafts, list)
                if (d->imported && d->state != DRAFT_HEADER)
                        return 0;
        if (p->n_fresh > 0 || p->dirty)         /* on disk first */
                return 0;
        answer(p);
        return 0;
}
