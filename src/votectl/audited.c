/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "base/workers.h"
#include "codec/hex.h"
#include "ctl/query.h"
#include "voted/limits.h"
#include "votectl/audited.h"
#include "votectl/progress.h"
#include "votectl/receipts.h"

#define PIECE_BYTES (1U << 20)

void audited_done(Audited *a) {
        (void) audit_free(a->audit);
        (void) store_free(a->store);
        (void) workers_free(a->workers);
        *a = (Audited) {};
}

int audited_restart(Audited *a, const Id *network) {
        int r;

        a->audit = audit_free(a->audit);
        a->store = store_free(a->store);
        a->facts = (AuditFacts) {};
        a->started_usec = now_usec();
        r = store_memory_new(&a->store);
        if (r == 0)
                r = audit_new(&a->audit, a->store, a->workers, network);
        return r < 0 ? ctl_oom(a->c) : EXIT_DONE;
}

int audited_init(Audited *a, Ctl *c, const Id *network) {
        int r;

        *a = (Audited) { .c = c };
        r = workers_new(&a->workers, 0);
        if (r < 0)
                return ctl_fail(c, EXIT_FAILED, NULL, "cannot start threads: %s", strerror(-r));
        return audited_restart(a, network);
}

int audited_feed(Audited *a, const char *p, size_t n, Why *why) {
        int r;

        r = audit_feed(a->audit, p, n, why);
        audit_facts(a->audit, &a->facts);
        return r;
}

int audited_finish(Audited *a, Why *why) {
        int r;

        r = audit_finish(a->audit, &a->facts, why);
        a->took_usec = now_usec() - a->started_usec;
        return r;
}

int audited_finish_sealed(Audited *a, Why *why) {
        int r;

        r = audited_finish(a, why);
        return r == 0 && !a->facts.seals
                     ? why_set(why, V_FORM, "it comes without seals: nothing shows that its blocks were agreed on")
                     : r;
}

Json* audited_status(const Audited *a) {
        const Genesis *g = chain_genesis(audit_chain(a->audit));
        Json *o = json_new_object();

        json_set_text(o, "role", "ledger");
        json_set_id(o, "network", &g->network);
        json_set_text(o, "network_name", g->name);
        json_set_text(o, "engine", g->engine->name);
        json_set_int(o, "confirmations", receipts_depth(g));
        json_set_int(o, "height", (int64_t) a->facts.height);
        json_set_int(o, "final", (int64_t) a->facts.final_height);
        json_set_id(o, "tip", &a->facts.tip);
        json_set_int(o, "tip_time", (int64_t) a->facts.tip_time);
        json_set_bool(o, "late_votes_may_be_lost", g->late_votes_may_be_lost);
        json_set_text(o, "status", "a file, which was checked");
        return o;
}

int audited_call(Audited *a, const char *method, const Json *params, Json **ret, char **ret_error,
        Why *why) {
        QueryError error = {};
        QuerySource q = {};
        const char *text;
        int r;

        q.chain = audit_chain(a->audit);
        if (!q.chain)
                return ctl_fail(a->c, EXIT_WRONG, NULL, "there is no ledger to answer from");
        if (strstr(method, ".GetStatus")) {
                *ret = audited_status(a);
                return *ret ? EXIT_DONE : ctl_oom(a->c);
        }
        q.final_height = a->facts.final_height;
        q.confirmations = receipts_depth(chain_genesis(q.chain));
        r = strstr(method, ".GetReceipt") || strstr(method, ".GetBlock")
                    ? -ENOSYS
                    : query_call(&q, method, params, ret, &error);
        if (r == V_DENIED) {
                *ret = error.parameters;
                if (json_get_text(*ret, "what", 1, 4096, &text, NULL) == 0 ||
                        json_get_text(*ret, "text", 1, 4096, &text, NULL) == 0)
                        (void) why_set(why, V_DENIED, "%s", text);
                *ret_error = strdup(error.name);
                return *ret_error ? EXIT_DONE : ctl_oom(a->c);
        }
        if (r == -ENOSYS)
                return ctl_fail(a->c, EXIT_USAGE,
                        "Ask a node: leave --peer and --ledger out, or use -H HOST.",
                        "this cannot be answered from a ledger alone");
        if (r != 0)
                return ctl_fail(
                        a->c, EXIT_FAILED, NULL, "cannot answer from the ledger: %s", strerror(-r));
        return EXIT_DONE;
}

static int fail(Audited *a, const char *path, int r, const Why *why) {
        if (r == -ENOMEM)
                return ctl_oom(a->c);
        if (r < 0)
                return ctl_fail(a->c, EXIT_FAILED, NULL, "cannot check %s: %s", path,
                        *why->text ? why->text : strerror(-r));
        return ctl_fail(a->c, EXIT_WRONG,
                a->facts.bad_line > 1
                        ? "What comes before that line is in order; the rest was not looked at."
                        : NULL,
                "%s is wrong: %s", path, why->text);
}

/* The network that --network insists on: an id, or the name of a pinned one. */
static int wanted_network(Ctl *c, Id *ret, bool *ret_any) {
        const char *wanted = option_value(&c->options, "network");
        Genesis *pin;
        int r;

        *ret_any = !wanted;
        if (!wanted || id_from_hex(ret, wanted) == 0)
                return EXIT_DONE;
        r = ctl_pin_find(c, wanted, &pin);
        if (r != 0)
                return r;
        *ret = pin->network;
        (void) genesis_free(pin);
        return EXIT_DONE;
}

static int start(Audited *a) {
        bool any;
        Id wanted;
        int r;

        r = wanted_network(a->c, &wanted, &any);
        return r != 0 ? r : audited_restart(a, any ? NULL : &wanted);
}

int audited_read_file(Audited *a, const char *path) {
        const bool input = streq(path, "-");
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *piece = malloc(PIECE_BYTES);
        struct stat st = {};
        uint64_t done = 0;
        Progress bar;
        Why why = {};
        int r;

        if (!piece)
                return ctl_oom(a->c);
        r = start(a);
        if (r != 0)
                return r;
        fd = input ? dup(STDIN_FILENO) : open(path, O_RDONLY|O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return ctl_fail(a->c, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, NULL,
                        "cannot read %s: %s", path, strerror(errno));
        progress_start(
                &bar, a->c, "Checking", "B", S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0);
        for (;;) {
                ssize_t n = read(fd, piece, PIECE_BYTES);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        progress_end(&bar);
                        return ctl_fail(a->c, EXIT_FAILED, NULL, "cannot read %s: %s", path,
                                strerror(errno));
                }
                r = n > 0 ? audited_feed(a, piece, (size_t) n, &why) : audited_finish(a, &why);
                if (n == 0 || r != 0)
                        break;
                done += (uint64_t) n;
                progress_set(&bar, done);
        }
        progress_end(&bar);
        return r != 0 ? fail(a, input ? "standard input" : path, r, &why) : EXIT_DONE;
}

typedef struct Pieces {
        Audited *a;
        Progress bar;
        bool started;
        int r;
        Why why;
} Pieces;

static int on_piece(void *userdata, const Json *params, bool continues) {
        Pieces *s = userdata;
        const char *lines;
        int64_t height, total;

        if (json_get_text(params, "lines", 0, SIZE_MAX, &lines, NULL) != 0 ||
                json_get_int(params, "height", 0, LINE_INT_MAX, &height, NULL) != 0 ||
                json_get_int(params, "total", 0, LINE_INT_MAX, &total, NULL) != 0)
                return 0;
        if (!s->started) {
                progress_start(&s->bar, s->a->c, "Checking", "blocks", (uint64_t) total);
                s->started = true;
        }
        s->r = audited_feed(s->a, lines, strlen(lines), &s->why);
        progress_set(&s->bar, (uint64_t) height);
        return s->r != 0 ? EXIT_WRONG : 0;
}

static int read_export(Audited *a, uint64_t from, bool all) {
        _cleanup_json_ Json *params = json_new_object();
        Pieces s = { .a = a };
        int r;

        json_set_int(params, "from", (int64_t) from);
        json_set_bool(params, "all", all);
        json_set_bool(params, "seals", true);
        r = ctl_observe(a->c, "Export", TAKE_PTR(params), on_piece, &s);
        if (s.started)
                progress_end(&s.bar);
        if (s.r != 0)
                return fail(a, "the node's ledger", s.r, &s.why);
        if (r != 0)
                return r;
        r = audited_finish_sealed(a, &s.why);
        return r != 0 ? fail(a, "the node's ledger", r, &s.why) : EXIT_DONE;
}

int audited_read_node(Audited *a) {
        int r;

        r = start(a);
        return r != 0 ? r : read_export(a, 0, true);
}

int audited_follow_node(Audited *a) {
        return read_export(a, a->facts.lines > 0 ? a->facts.height + 1 : 0, false);
}
