/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "votectl/convicts.h"

#include <inttypes.h>

#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/evidence.h"
#include "votectl/render.h"

#define FILE_BYTES_MAX (1U << 20)

void convicts_done(Convicts *v) {
        (void) json_free(v->list);
        buf_done(&v->lines);
}

/* 0, a verdict with why, -ENOMEM. */
static int add_line(Convicts *v, const Genesis *g, const char *line, size_t n, Why *why) {
        _cleanup_free_ char *text = NULL;
        EvidenceFacts f;
        Json *o;
        int r;

        r = evidence_check(g->engine, g->engine_config, &g->network, line, n, &f, why);
        if (r != 0)
                return r;
        text = strndup(line, n);
        if (!text)
                return -ENOMEM;
        if (!v->list)
                v->list = json_new_array();
        buf_add(&v->lines, line, n);
        buf_add_char(&v->lines, '\n');
        o = json_new_object();
        json_set_int(o, "authority", f.authority);
        json_set_key(o, "key", &f.key);
        json_set_text(o, "line", text);
        json_set_int(o, "view", (int64_t) f.view);
        json_set_text(o, "what", f.what);
        json_add(v->list, o);
        v->n++;
        return buf_error(&v->lines);
}

int convicts_ask(Ctl *c, const Genesis *g, Convicts *ret) {
        _cleanup_json_ Json *reply = NULL;
        const Json *list;
        int r;

        r = ctl_call(c, "GetEvidence", NULL, &reply);
        if (r != 0)
                return r;
        list = render_array(reply, "evidence");
        for (size_t i = 0; list && i < json_len(list); i++) {
                const char *line;
                Why why = {};

                r = json_get_text(json_at(list, i), "line", 1, EVIDENCE_BYTES_MAX, &line, &why);
                if (r == 0)
                        r = add_line(ret, g, line, strlen(line), &why);
                if (r != 0)
                        return ctl_fail_why(c, r, EXIT_WRONG, "Do not trust this node; ask another one.", &why);
        }
        return EXIT_DONE;
}

int convicts_read(Ctl *c, const Genesis *g, const char *path, Convicts *ret) {
        _cleanup_buf_ Buf b = {};
        const char *text, *line;
        size_t left, n, number = 0;
        char hex[ID_HEX];
        Why why = {};
        int r;

        r = ctl_read_file(c, path, FILE_BYTES_MAX, &b);
        if (r != 0)
                return r;
        text = b.p ?: "";
        left = b.n;
        while (left > 0 && text[left - 1] == '\n')
                left--;
        if (left == 0)
                return ctl_fail(c, EXIT_WRONG, NULL, "%s is empty: it convicts nobody", path);
        while (line_next(&text, &left, &line, &n)) {
                number++;
                r = add_line(ret, g, line, n, &why);
                if (r < 0)
                        return ctl_oom(c);
                if (r > 0)
                        return ctl_fail(c, EXIT_WRONG, NULL, "line %zu of %s does not hold in the network \"%s\" (%s): %s", number,
                                path, g->name, id_hex(&g->network, hex), why.text);
        }
        return EXIT_DONE;
}

int convicts_show(Ctl *c, const Convicts *v) {
        Table *t = table_new(TABLE_COLUMNS("AUTHORITY", "KEY", "WHAT IT DID"));

        table_align(t, 0, TABLE_RIGHT);
        table_shrink(t, 1, 8);
        for (size_t i = 0; i < v->n; i++) {
                const Json *o = json_at(v->list, i);
                const char *key, *what;

                if (json_get_text(o, "key", 1, ID_HEX, &key, NULL) != 0 ||
                    json_get_text(o, "what", 1, sizeof(((EvidenceFacts*) 0)->what), &what, NULL) != 0)
                        continue;
                table_addf(t, NULL, "%" PRIi64, render_int(o, "authority"));
                table_addf(t, NULL, "%s", key);
                table_add(t, ctl_cell(c, TINT_BAD), what);
        }
        return ctl_table(c, t);
}

Json* convicts_json(const Convicts *v) {
        return v->list ? json_share(v->list) : json_new_array();
}
