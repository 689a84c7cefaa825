/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "base/time.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "voted/limits.h"
#include "votectl/post.h"
#include "votectl/progress.h"
#include "votectl/render.h"

#define FIRST_WAIT_MSEC 10
#define WAIT_MSEC_MAX   500
#define AGAIN_USEC                                                                                 \
        (5 * USEC_PER_SEC) /* handed in again although the node has it: it may have lost links */
#define LOST_USEC_MAX    (600 * USEC_PER_SEC)   /* without an answer of the node, in a row */
#define REFUSED_USEC_MAX (15 * USEC_PER_SEC)    /* of refusals, in a row */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
        interrupted = 1;
}

static void read_state(const Json *reply, Posting *p) {
        const Json *e;
        const char *state;

        if (json_get_object(reply, "entry", &e, NULL) != 0 ||
                json_get_text(e, "state", 1, sizeof p->state - 1, &state, NULL) != 0)
                return;
        (void) snprintf(p->state, sizeof p->state, "%s", state);
        if (json_get_int(e, "height", 0, LINE_INT_MAX, &p->height, NULL) != 0)
                p->height = 0;
        if (json_get_int(e, "position", 0, LINE_INT_MAX, &p->position, NULL) != 0)
                p->position = 0;
        if (json_get_int(e, "confirmations", 0, LINE_INT_MAX, &p->confirmations, NULL) != 0)
                p->confirmations = 0;
        if (json_get_int(e, "needed", 0, LINE_INT_MAX, &p->needed, NULL) != 0)
                p->needed = 0;
}

int post_submit(Ctl *c, Posting *p) {
        _cleanup_json_ Json *o = json_new_object(), *reply = NULL;
        int r;

        hash_bytes(&p->id, p->line, p->n_line);
        if (p->n_line + 1024 > CTL_MESSAGE_BYTES_MAX)
                return ctl_fail(c, EXIT_USAGE, NULL,
                        "an entry of %zu bytes does not fit a message to the node (%u bytes)",
                        p->n_line, CTL_MESSAGE_BYTES_MAX);
        json_set_text(o, "line", p->line);
        r = ctl_call(c, "Submit", TAKE_PTR(o), &reply);
        if (r == 0)
                read_state(reply, p);
        return r;
}

static int ask_state(Ctl *c, Posting *p) {
        _cleanup_json_ Json *o = json_new_object(), *reply = NULL;
        int r;

        json_set_id(o, "id", &p->id);
        r = ctl_call(c, "GetEntry", TAKE_PTR(o), &reply);
        if (r == 0)
                read_state(reply, p);
        return r;
}

static bool is_final(const Posting *p) {
        return streq(p->state, "final");
}

static bool is_in_block(const Posting *p) {
        return is_final(p) || streq(p->state, "block");
}

/* One look at all that is not final. A node that does not answer is no failure: it may come back.
 * What it refuses now may be taken later: time decides. */
static int look(Ctl *c, Posting *p, size_t n, bool again, bool *ret_lost, Posting **ret_refused) {
        int r = EXIT_DONE;

        *ret_lost = false;
        *ret_refused = NULL;
        for (size_t i = 0; i < n && r == EXIT_DONE; i++) {
                if (is_final(&p[i]))
                        continue;
                c->hush = true;
                r = ask_state(c, &p[i]);
                c->hush = false;
                if (r == EXIT_NO_NODE) {
                        *ret_lost = true;
                        return EXIT_DONE;
                }
                if (r != EXIT_DONE)
                        r = ask_state(c, &p[i]);        /* once more, and aloud */
                if (r == EXIT_DONE &&
                        (streq(p[i].state, "unknown") || (again && !is_in_block(&p[i])))) {
                        c->hush = true;
                        if (post_submit(c, &p[i]) == EXIT_REFUSED && streq(p[i].state, "unknown"))
                                *ret_refused = &p[i];
                        c->hush = false;
                }
        }
        return r;
}

static void show_waiting(Progress *bar, const Posting *p, size_t n, bool lost) {
        size_t in_block = 0, final = 0, first = n;

        for (size_t i = 0; i < n; i++) {
                in_block += is_in_block(&p[i]);
                final += is_final(&p[i]);
                if (first == n && !is_final(&p[i]))
                        first = i;
        }
        if (lost)
                progress_text(bar, "Waiting: the node does not answer, trying again");
        else if (first < n && n == 1 && is_in_block(p))
                progress_text(bar,
                        "Waiting: in block %" PRIi64 ", %" PRIi64 " of %" PRIi64 " blocks deep",
                        p->height, p->confirmations, p->needed);
        else if (n == 1)
                progress_text(bar, "Waiting: handed in, in no block yet");
        else
                progress_text(
                        bar, "Waiting: %zu entries, %zu in blocks, %zu final", n, in_block, final);
}

static int tell_not_final(Ctl *c, const Posting *p, size_t n, const char *why) {
        for (size_t i = 0; i < n; i++)
                if (!is_final(&p[i]))
                        return ctl_fail(c, EXIT_NOT_FINAL,
                                is_in_block(&p[i]) ? "It becomes final as blocks follow; votectl "
                                                     "block and votectl receipt show it."
                                                   : NULL,
                                "%s: the entry is %s, not final", why,
                                is_in_block(&p[i])          ? "in a block"
                                : streq(p[i].state, "pool") ? "with the node, in no block"
                                                            : "in no block");
        return EXIT_DONE;
}

/* How long something has gone on, in a row. */
static bool lasts(bool now, uint64_t *since_usec, uint64_t usec) {
        if (!now)
                *since_usec = 0;
        else if (*since_usec == 0)
                *since_usec = now_usec();
        return now && now_usec() - *since_usec >= usec;
}

static bool is_too_late(const Posting *p, size_t n, uint64_t until) {
        for (size_t i = 0; until > 0 && i < n; i++)
                if (!is_in_block(&p[i]) && now_realtime_sec() > until)
                        return true;
        return false;
}

static bool all_final(const Posting *p, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!is_final(&p[i]))
                        return false;
        return true;
}

/* What the node itself says is wrong may be why it takes long; it is said once. */
static void tell_problem(Ctl *c, Progress *bar, char **said) {
        _cleanup_json_ Json *reply = NULL;
        const char *problem;
        int r;

        c->hush = true;
        r = ctl_call(c, "GetStatus", NULL, &reply);
        c->hush = false;
        if (r != EXIT_DONE || json_get_text(reply, "problem", 1, 4096, &problem, NULL) != 0 ||
                (*said && streq(*said, problem)))
                return;
        free(*said);
        *said = strdup(problem);
        progress_end(bar);
        ctl_warn(c, "not final yet: %s", problem);
}

static int wait_loop(Ctl *c, Posting *p, size_t n, uint64_t until, Progress *bar) {
        uint64_t again_usec = now_usec() + AGAIN_USEC, lost_usec = 0, refused_usec = 0;
        _cleanup_free_ char *said = NULL;
        bool lost = false, was_lost = false;
        int msec = FIRST_WAIT_MSEC, r;

        while (!all_final(p, n)) {
                const bool again = now_usec() >= again_usec;
                Posting *refused;

                (void) poll(NULL, 0, lost ? WAIT_MSEC_MAX : msec);
                if (interrupted)
                        return tell_not_final(c, p, n, "interrupted");
                msec = MIN(msec + msec / 4, WAIT_MSEC_MAX); /* what it took, and a quarter at most */
                r = look(c, p, n, again, &lost, &refused);
                if (r != EXIT_DONE)
                        return r;
                if (again) {
                        again_usec = now_usec() + AGAIN_USEC;
                        if (!lost)
                                tell_problem(c, bar, &said);
                }
                if (lost && !was_lost) {
                        progress_end(bar);
                        ctl_warn(c, "the node does not answer; trying again");
                }
                was_lost = lost;
                show_waiting(bar, p, n, lost);
                if (lasts(lost, &lost_usec, LOST_USEC_MAX)) {
                        (void) tell_not_final(c, p, n, "the node has not answered for 10 minutes");
                        return EXIT_NO_NODE;
                }
                if (lasts(refused, &refused_usec, REFUSED_USEC_MAX))
                        return post_submit(c, refused) ?: EXIT_NOT_FINAL;       /* says why */
                if (!lost && is_too_late(p, n, until))
                        return tell_not_final(c, p, n, "its time has passed");
        }
        return EXIT_DONE;
}

int post_wait(Ctl *c, Posting *p, size_t n, uint64_t until) {
        struct sigaction act = { .sa_handler = on_interrupt }, before;
        Progress bar;
        int r;

        interrupted = 0;
        (void) sigaction(SIGINT, &act, &before);
        progress_start(&bar, c, "", "", 0);
        r = wait_loop(c, p, n, until, &bar);
        progress_end(&bar);
        (void) sigaction(SIGINT, &before, NULL);
        return r;
}

Json* post_json(const Posting *p) {
        Json *o = json_new_object();

        json_set_id(o, "id", &p->id);
        json_set_text(o, "state", p->state);
        if (is_in_block(p)) {
                json_set_int(o, "height", p->height);
                json_set_int(o, "position", p->position);
        }
        return o;
}

int post_admin(Ctl *c, Signers *s, Signer **ret, int64_t *ret_approvals) {
        _cleanup_json_ Json *reply = NULL;
        _cleanup_free_ bool *entitled = NULL;
        const Json *admins;
        Why why = {};
        int r;

        r = ctl_network_pinned(c);
        if (r == 0)
                r = signers_find(c, s);
        if (r == 0)
                r = ctl_call(c, "GetAdmins", NULL, &reply);
        if (r != 0)
                return r;
        r = json_get_array(reply, "admins", 0, 100000, &admins, &why);
        if (r == 0)
                r = json_get_int(reply, "approvals", 1, 100000, ret_approvals, &why);
        if (r != 0)
                return ctl_fail_why(c, r, EXIT_WRONG, NULL, &why);
        entitled = new0(bool, s->n + 1);
        if (!entitled)
                return ctl_oom(c);
        for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < json_len(admins); k++) {
                        Key key;

                        if (json_at_key(admins, k, "admins", &key, NULL) == 0 &&
                                key_equal(&key, &s->items[i].key))
                                entitled[i] = true;
                }
        return signers_choose(c, s, entitled, "on the list of admins of this network", ret);
}

int64_t post_missing(Ctl *c, const Id *ids, size_t n) {
        _cleanup_json_ Json *reply = NULL;
        const Json *pending;
        int64_t most = 0;
        int r;

        c->hush = true;
        r = ctl_call(c, "GetPending", NULL, &reply);
        c->hush = false;
        if (r != EXIT_DONE || json_get_array(reply, "pending", 0, SIZE_MAX, &pending, NULL) != 0)
                return -1;
        for (size_t i = 0; i < json_len(pending); i++) {
                const Json *o = json_at(pending, i);
                Id id;

                for (size_t k = 0; k < n && json_get_id(o, "id", &id, NULL) == 0; k++)
                        if (id_equal(&id, &ids[k]))
                                most = MAX(most, render_int(o, "needed") - render_int(o, "approvals"));
        }
        return most;
}

void post_tell_missing(Ctl *c, int64_t missing, int64_t approvals, const char *name) {
        if (missing > 0)
                buf_printf(&c->out, "It needs %" PRIi64 " more of the admins: votectl approve %.64s\n", missing, name);
        else if (missing == 0 && approvals > 1)
                buf_add_text(&c->out, "It is in effect.\n");
}

int post_admin_entry(Ctl *c, Signers *s, Signer *signer, const char *kind, Json *entry,
        const char *what, int64_t approvals) {
        _cleanup_json_ Json *e = entry;
        _cleanup_buf_ Buf line = {};
        int64_t missing;
        const char *name;
        char hex[ID_HEX];
        Posting p = {};
        Id target;
        int r;

        r = signer_sign(c, signer, kind, &c->genesis->network, e, &line);
        if (r != 0)
                return r;
        p.line = line.p;
        p.n_line = line.n;
        r = post_submit(c, &p);
        if (r == 0 && !option_value(&c->options, "no-wait"))
                r = post_wait(c, &p, 1, 0);
        if (json_get_id(e, "entry", &target, NULL) != 0)        /* all but an approval are what waits */
                target = p.id;
        missing = is_in_block(&p) ? post_missing(c, &target, 1) : -1;
        if (c->json && (r == 0 || r == EXIT_NOT_FINAL)) {
                Json *o = post_json(&p);

                json_set_text(o, "kind", kind);
                json_set_int(o, "approvals_needed", approvals);
                if (missing >= 0)
                        json_set_int(o, "approvals_missing", missing);
                r = ctl_json(c, o) ?: r;
        } else if (r == 0) {
                buf_printf(&c->out, "%s: ", what);
                if (is_in_block(&p))
                        buf_printf(&c->out, "%s%s block %" PRIi64 "%s", ctl_tint(c, TINT_GOOD),
                                is_final(&p) ? "final in" : "in", p.height,
                                ctl_tint(c, TINT_NONE));
                else
                        buf_add_text(&c->out, "handed in");
                buf_printf(&c->out, ", id %s\n", id_hex(&p.id, (char[ID_HEX]) {}));
                if (json_get_name(e, "name", &name, NULL) != 0)
                        name = id_hex(&target, hex);
                if (missing < 0 && !streq(kind, "approve"))
                        missing = approvals - 1;
                post_tell_missing(c, missing, approvals, name);
        }
        return r;
}
