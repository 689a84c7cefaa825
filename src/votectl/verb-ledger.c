/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "codec/hex.h"
#include "voted/limits.h"
#include "votectl/progress.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

#define LOG_DEFAULT     20
#define LOG_MAX         1000
#define READ_BYTES      (256U << 10)
/* Of a piece of an import, in the message to the node, with quotes and backslashes escaped. */
#define PIECE_BYTES_MAX (CTL_MESSAGE_BYTES_MAX - 4096U)

static int read_number(
        Ctl *c, const char *what, const char *text, int64_t min, int64_t max, int64_t *ret) {
        char *end;
        long long v;

        errno = 0;
        v = strtoll(text, &end, 10);
        if (*text < '0' || *text > '9' || *end || errno != 0 || v < min || v > max)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "%s is \"%s\", expected a number from %" PRIi64 " to %" PRIi64, what, text,
                        min, max);
        *ret = v;
        return EXIT_DONE;
}

/* --- block, log --- */

static int verb_block(Ctl *c) {
        const char *asked = c->options.n_args > 0 ? c->options.args[0] : NULL;
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL, *status = NULL;
        const Json *lines;
        int64_t height;
        Id id;
        int r;

        if (!asked) {
                r = ctl_call(c, "GetStatus", NULL, &status);
                if (r != 0)
                        return r;
                json_set_int(params, "height", render_int(status, "height"));
        } else if (id_from_hex(&id, asked) == 0)
                json_set_id(params, "id", &id);
        else {
                r = read_number(c, "BLOCK", asked, 1, LINE_INT_MAX, &height);
                if (r != 0)
                        return r;
                json_set_int(params, "height", height);
        }
        r = ctl_call(c, "GetBlock", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        lines = render_array(reply, "lines");
        for (size_t i = 0; lines && i < json_len(lines); i++)
                buf_printf(&c->out, "%s\n", json_text(json_at(lines, i)) ?: "");
        return EXIT_DONE;
}

static int verb_log(Ctl *c) {
        const char *before = option_value(&c->options, "before"),
                   *max = option_value(&c->options, "lines");
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        const Json *blocks;
        int64_t n = LOG_DEFAULT;
        Table *t;
        int r = EXIT_DONE;

        if (max)
                r = read_number(c, "--lines", max, 1, LOG_MAX, &n);
        json_set_int(params, "max", n);
        if (r == 0 && before) {
                r = read_number(c, "--before", before, 1, LINE_INT_MAX, &n);
                json_set_int(params, "before", n);
        }
        if (r == 0)
                r = ctl_call(c, "GetLog", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        blocks = render_array(reply, "blocks");
        if (!blocks || json_len(blocks) == 0)
                ctl_note(c, "The ledger has no block yet.");
        t = table_new(TABLE_COLUMNS("HEIGHT", "TIME", "ENTRIES", "SEALER", "STATE", "ID"));
        table_align(t, 0, TABLE_RIGHT);
        table_align(t, 2, TABLE_RIGHT);
        table_shrink(t, 5, 16);
        for (size_t i = 0; blocks && i < json_len(blocks); i++) {
                const Json *o = json_at(blocks, i);
                const char *id, *sealer;
                bool final;

                if (json_get_text(o, "id", 64, 64, &id, NULL) != 0 ||
                        json_get_text(o, "sealer", 64, 64, &sealer, NULL) != 0 ||
                        json_get_bool(o, "final", &final, NULL) != 0)
                        continue;
                table_addf(t, NULL, "%" PRIi64, render_int(o, "height"));
                table_add(t, NULL,
                        format_time((char[FORMAT_TIME_MAX]) {},
                                (uint64_t) MAX(render_int(o, "time"), INT64_C(0))));
                table_addf(t, NULL, "%" PRIi64, render_int(o, "count"));
                table_addf(t, NULL, "%.16s", sealer);
                table_add(t, final ? ctl_cell(c, TINT_GOOD) : ctl_cell(c, TINT_WARN),
                        final ? "final" : "not final");
                table_add(t, NULL, id);
        }
        return ctl_table(c, t);
}

/* --- export --- */

typedef struct Export {
        Ctl *c;
        int fd;
        uint64_t bytes;
        Progress bar;
        bool started;
        int r;                  /* of writing */
} Export;

static int on_exported(void *userdata, const Json *params, bool continues) {
        Export *x = userdata;
        const char *lines;
        int64_t height, total;

        if (json_get_text(params, "lines", 0, SIZE_MAX, &lines, NULL) != 0 ||
                json_get_int(params, "height", 0, LINE_INT_MAX, &height, NULL) != 0 ||
                json_get_int(params, "total", 0, LINE_INT_MAX, &total, NULL) != 0)
                return 0;
        if (!x->started) {
                progress_start(&x->bar, x->c, "Exporting", "blocks", (uint64_t) total);
                x->started = true;
        }
        x->r = write_all(x->fd, lines, strlen(lines));
        x->bytes += strlen(lines);
        progress_set(&x->bar, (uint64_t) height);
        return x->r < 0 ? EXIT_FAILED : 0;
}

static int verb_export(Ctl *c) {
        const char *path = c->options.n_args > 0 ? c->options.args[0] : "-",
                   *from = option_value(&c->options, "from");
        const bool output = streq(path, "-");
        _cleanup_json_ Json *params = json_new_object();
        _cleanup_close_ int fd = -1;
        Export x = { .c = c };
        char text[FORMAT_NUMBER_MAX];
        int64_t height = 0;
        int r;

        if (from) {
                r = read_number(c, "--from", from, 0, LINE_INT_MAX, &height);
                if (r != 0)
                        return r;
        }
        fd = output ? dup(STDOUT_FILENO) : open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644);
        if (fd < 0)
                return ctl_fail_write(c, path, -errno);
        x.fd = fd;
        json_set_int(params, "from", height);
        json_set_bool(params, "all", option_value(&c->options, "all"));
        json_set_bool(params, "seals", !option_value(&c->options, "no-seals"));
        r = ctl_observe(c, "Export", TAKE_PTR(params), on_exported, &x);
        if (x.started)
                progress_end(&x.bar);
        if (x.r == -EPIPE)
                return EXIT_DONE;
        if (r == 0 && x.r == 0 && !output && fsync(fd) < 0)
                x.r = -errno;
        if ((r != 0 || x.r < 0) && !output)
                (void) unlink(path);    /* half a ledger looks like a whole one */
        if (x.r < 0)
                return ctl_fail_write(c, path, x.r);
        if (r != 0)
                return r;
        ctl_note(c, "Exported %s.", format_bytes(text, x.bytes));
        return EXIT_DONE;
}

/* --- import --- */

typedef struct Import {
        Ctl *c;
        Buf piece;
        size_t escaped;         /* bytes that it takes in JSON */
        int64_t height;
} Import;

static size_t escaped_bytes(const char *p, size_t n) {
        size_t sum = n;

        for (size_t i = 0; i < n; i++)
                sum += p[i] == '"' || p[i] == '\\' || p[i] == '\n';
        return sum;
}

static int send_piece(Import *x, bool last) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        int r;

        if (buf_error(&x->piece) < 0)
                return ctl_oom(x->c);
        json_set_text(params, "lines", x->piece.p ?: "");
        json_set_bool(params, "last", last);
        r = ctl_call(x->c, "Import", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        x->height = render_int(reply, "height");
        buf_reset(&x->piece);
        x->escaped = 0;
        return EXIT_DONE;
}

/* Whole lines of text, each with its newline. */
static int add_lines(Import *x, const char *p, size_t n) {
        int r;

        while (n > 0) {
                const char *end = memchr(p, '\n', n);
                const size_t len = end ? (size_t) (end - p) + 1 : n,
                             escaped = escaped_bytes(p, len);

                if (escaped > PIECE_BYTES_MAX)
                        return ctl_fail(x->c, EXIT_USAGE,
                                "Let the node fetch it from a peer instead.",
                                "a line of %zu bytes does not fit a message to the node", len);
                if (x->escaped + escaped > PIECE_BYTES_MAX) {
                        r = send_piece(x, false);
                        if (r != 0)
                                return r;
                }
                buf_add(&x->piece, p, len);
                x->escaped += escaped;
                p += len;
                n -= len;
        }
        return EXIT_DONE;
}

static int verb_import(Ctl *c) {
        const char *path = c->options.args[0];
        _cleanup_buf_ Buf rest = {};
        _cleanup_close_ int fd = -1;
        Import x = { .c = c };
        struct stat st;
        uint64_t done = 0;
        Progress bar;
        int r = EXIT_DONE;

        fd = streq(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY|O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return ctl_fail(c, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, NULL,
                        "cannot read %s: %s", path, strerror(errno));
        progress_start(&bar, c, "Importing", "B", S_ISREG(st.st_mode) ? (uint64_t) st.st_size : 0);
        while (r == EXIT_DONE) {
                const char *last;
                ssize_t n;

                if (!buf_reserve(&rest, READ_BYTES)) {
                        r = ctl_oom(c);
                        break;
                }
                n = read(fd, rest.p + rest.n, READ_BYTES);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = ctl_fail(
                                c, EXIT_FAILED, NULL, "cannot read %s: %s", path, strerror(errno));
                if (n <= 0)
                        break;
                rest.n += (size_t) n;
                done += (uint64_t) n;
                last = memrchr(rest.p, '\n', rest.n);
                if (last) {
                        const size_t whole = (size_t) (last - rest.p) + 1;

                        r = add_lines(&x, rest.p, whole);
                        buf_drop_front(&rest, whole);
                } else if (rest.n > CTL_MESSAGE_BYTES_MAX)
                        r = ctl_fail(c, EXIT_USAGE, NULL,
                                "%s is no ledger: a line has more than %u bytes", path,
                                CTL_MESSAGE_BYTES_MAX);
                progress_set(&bar, done);
        }
        if (r == EXIT_DONE && rest.n > 0) {
                buf_add_char(&rest, '\n');
                r = add_lines(&x, rest.p, rest.n);
        }
        if (r == EXIT_DONE)
                r = send_piece(&x, true);
        progress_end(&bar);
        buf_done(&x.piece);
        if (r != EXIT_DONE)
                return r;
        if (c->json) {
                Json *o = json_new_object();

                json_set_int(o, "height", x.height);
                return ctl_json(c, o);
        }
        ctl_note(c, "Imported; the node's ledger is at height %" PRIi64 ".", x.height);
        return EXIT_DONE;
}

static const CtlOption log_options[] = {
        { "lines",  'n', "N",      false, "How many blocks (20; at most 1000)" },
        { "before", 0,   "HEIGHT", false, "Those below that height" },
        OPTION_END,
};

static const CtlOption export_options[] = {
        { "all",      0, NULL,     false, "Up to the tip, not only what is final" },
        { "no-seals", 0, NULL,     false, "Leave the seals out: what all peers have to the byte" },
        { "from",     0, "HEIGHT", false, "From that block on, without the genesis" },
        OPTION_END,
};

const CtlVerb verbs_ledger[] = {
        { "block", "[HEIGHT|ID]", 0, 1, CTL_VERB_PAGE, verb_block, NULL, "Print a block as it stands in the ledger",
          "Header, seal and entries, a line each. Without an argument: the newest.\n\n"
          "Example:\n  votectl block 7 | sed -n 3p | tr -d '\\n' | b2sum -l 256    # the id of its first entry\n" },
        { "log", "", 0, 0, CTL_VERB_PAGE, verb_log, log_options, "List blocks, the newest first",
          "Example:\n  votectl log -n 5\n" },
        { "export", "[FILE]", 0, 1, 0, verb_export, export_options, "Write the ledger as JSON lines",
          "The genesis, then header, seal and entries of each block, up to the last final one; to standard output without FILE.\n"
          "votectl verify checks such a file, votectl import and --ledger read it.\n\n"
          "Example:\n  votectl export >club.jsonl\n" },
        { "import", "FILE", 1, 1, 0, verb_import, NULL, "Have the node take a ledger from a file",
          "What a node with no peer to fetch from needs after its database was damaged. The node checks every line as if it\n"
          "came from a stranger. For root, the daemon's user and members of the group voted-admin.\n\n"
          "Example:\n  votectl import club.jsonl\n" },
        {},
};
