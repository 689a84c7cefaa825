/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "codec/hex.h"
#include "voted/limits.h"
#include "votectl/votectl.h"


static int pin_path(Ctl *c, const Id *network, char **ret) {
        char name[ID_HEX + sizeof ".genesis"];

        (void) snprintf(name, sizeof name, "%s.genesis", id_hex(network, (char[ID_HEX]) {}));
        return ctl_path(c, "networks", name, ret);
}

int ctl_pin_has(Ctl *c, const Id *network, bool *ret) {
        _cleanup_free_ char *path = NULL;
        const bool hush = c->hush;
        int r;

        c->hush = true;                 /* who has no home has no pins */
        r = pin_path(c, network, &path);
        c->hush = hush;
        *ret = r == 0 && access(path, R_OK) == 0;
        return EXIT_DONE;
}

int ctl_pin_add(Ctl *c, const Genesis *g) {
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf b = {};
        int r;

        r = pin_path(c, &g->network, &path);
        if (r != 0)
                return r;
        buf_add(&b, g->line, g->n_line);
        buf_add_char(&b, '\n');
        if (buf_error(&b) < 0)
                return ctl_oom(c);
        return ctl_write_file(c, path, b.p, b.n, 0644, true);
}

/* A file whose name is not its content's id was not written by us: it is passed over, with a
 * warning. */
static int read_pin(Ctl *c, const char *hex, Genesis **ret) {
        _cleanup_(genesis_freep) Genesis *g = NULL;
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf b = {};
        Why why = {};
        Id id;
        int r;

        *ret = NULL;
        if (id_from_hex(&id, hex) != 0)
                return EXIT_DONE;
        r = pin_path(c, &id, &path);
        if (r == 0)
                r = ctl_read_file(c, path, GENESIS_BYTES_MAX, &b);
        if (r != 0)
                return r;
        while (b.n > 0 && b.p[b.n - 1] == '\n')
                b.n--;
        r = genesis_parse(&g, b.p ?: "", b.n, &why);
        if (r == -ENOMEM)
                return ctl_oom(c);
        if (r != 0 || !id_equal(&g->network, &id)) {
                ctl_warn(c, "%s is not the genesis that its name says (%s); passed over", path,
                        r != 0 ? why.text : "another network's");
                return EXIT_DONE;
        }
        *ret = TAKE_PTR(g);
        return EXIT_DONE;
}

int ctl_pin_each(Ctl *c, int (*fn)(void *userdata, Genesis *g), void *userdata) {
        _cleanup_json_ Json *names = NULL;
        int r;

        r = ctl_list_files(c, "networks", ".genesis", &names);
        for (size_t i = 0; r == 0 && i < json_len(names); i++) {
                _cleanup_(genesis_freep) Genesis *g = NULL;

                r = read_pin(c, json_text(json_at(names, i)), &g);
                if (r == 0 && g)
                        r = fn(userdata, g);
        }
        return r;
}

typedef struct Search {
        Ctl *c;
        const char *name;       /* or id, or NULL */
        Id found;
        unsigned n;
} Search;

static int on_pin(void *userdata, Genesis *g) {
        Search *s = userdata;
        char hex[ID_HEX];

        if (s->name && !streq(s->name, g->name) && !streq(s->name, id_hex(&g->network, hex)))
                return 0;
        s->n++;
        s->found = g->network;
        return 0;
}

int ctl_pin_find(Ctl *c, const char *name, Genesis **ret) {
        Search s = { .c = c, .name = name };
        int r;

        r = ctl_pin_each(c, on_pin, &s);
        if (r != 0)
                return r;
        if (s.n == 0 && name)
                return ctl_fail(c, EXIT_NOT_FOUND, "votectl network list shows those that are.",
                        "no network \"%s\" is pinned here", name);
        if (s.n == 0)
                return ctl_fail(c, EXIT_NOT_FOUND,
                        "Get the genesis from somebody you trust: votectl network add FILE",
                        "no network is pinned here, so nothing could be checked");
        if (s.n > 1)
                return ctl_fail(c, EXIT_USAGE,
                        "Choose one by its id: --network ID (see votectl network list)",
                        "%u networks are pinned here%s%s", s.n, name ? " under the name " : "",
                        name ?: "");
        r = read_pin(c, id_hex(&s.found, (char[ID_HEX]) {}), ret);
        if (r == 0 && !*ret)
                return ctl_fail(
                        c, EXIT_FAILED, NULL, "the genesis of the network was changed just now");
        return r;
}

/* --network insists on one. */
static int check_wanted(Ctl *c, const Genesis *g) {
        const char *wanted = option_value(&c->options, "network");
        char hex[ID_HEX];
        Genesis *pin;
        bool same;
        int r;

        if (!wanted || streq(wanted, id_hex(&g->network, hex)))
                return EXIT_DONE;
        if (id_from_hex(&(Id) {}, wanted) != 0) {
                r = ctl_pin_find(c, wanted, &pin);
                if (r != 0)
                        return r;
                same = id_equal(&ASSERT_PTR(pin)->network, &g->network);
                (void) genesis_free(pin);
                if (same)
                        return EXIT_DONE;
        }
        return ctl_fail(c, EXIT_REFUSED,
                "Speak to another node (--instance, -H, --peer), or leave --network out.",
                "the node is of network \"%s\" (%s), not of %s", g->name, hex, wanted);
}

int ctl_network(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        _cleanup_(genesis_freep) Genesis *g = NULL;
        const char *line;
        Why why = {};
        int r;

        if (c->genesis)
                return EXIT_DONE;
        r = ctl_call(c, "GetGenesis", NULL, &reply);
        if (r != 0)
                return r;
        if (c->genesis)                         /* --peer took it from the pin */
                return EXIT_DONE;
        r = json_get_text(reply, "line", 1, GENESIS_BYTES_MAX, &line, &why);
        if (r == 0)
                r = genesis_parse(&g, line, strlen(line), &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_WRONG,
                        "The node sent a genesis that no node of this version keeps.", &why);
        r = check_wanted(c, ASSERT_PTR(g));
        if (r == 0)
                r = ctl_pin_has(c, &g->network, &c->pinned);
        if (r == 0)
                c->genesis = TAKE_PTR(g);
        return r;
}

int ctl_network_pinned(Ctl *c) {
        _cleanup_free_ char *hint = NULL;
        char hex[ID_HEX];
        int r;

        r = ctl_network(c);
        if (r != 0 || c->pinned)
                return r;
        if (asprintf(&hint, "Compare the id with somebody you trust, then: votectl network add %s",
                    id_hex(&c->genesis->network, hex)) < 0)
                hint = NULL;
        return ctl_fail(c, EXIT_REFUSED, hint,
                "this node's network, \"%s\", is not pinned here, so nothing is signed for it",
                c->genesis->name);
}
