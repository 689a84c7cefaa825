/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/log.h"
#include "base/time.h"
#include "voted/journal-sink.h"
#include "voted/network.h"
#include "voted/shell.h"

#define TURN_EFFECTS_MAX 4096           /* carried out at the latest when so many have gathered */
#define TURN_USEC_MAX (20 * USEC_PER_MSEC)
#define WAKE_ACCURACY_USEC (10 * USEC_PER_MSEC)
#define CHECKS_PER_JOB 32               /* signatures: a job of about a millisecond and a half */

typedef struct Request {
        uint64_t number;
        void *who;
} Request;

typedef struct Verification Verification;

struct Shell {
        ShellSetup setup;
        void *machine;
        Chain *chain;
        Record *record;
        Network *network;
        Miner *miner;
        bool mining, carrying, failed;
        sd_event_source *turn, *wake;
        NodeEffects pending;
        uint64_t turn_since_usec, progress_usec;
        uint64_t wake_usec;
        Request *requests;
        size_t n_requests, allocated_requests;
        uint64_t last_request;
        Verification *verifications;    /* list */
        size_t n_verifications;
};

/* The checks of one VERIFY, split over the threads. */
struct Verification {
        Shell *shell;
        Verification *prev, *next;
        uint64_t token;
        SigCheck *checks;
        size_t n_checks, jobs_left;
        bool later;
};

typedef struct CheckJob {
        Verification *verification;
        size_t first, n;
} CheckJob;

static void shell_carry_out(Shell *s);

/* --- events in --- */

static bool wants_commit(const NodeEffects *turn) {
        for (size_t i = 0; i < turn->n; i++)
                if (turn->items[i].type == NODE_FX_COMMIT)
                        return true;
        return false;
}

static void shell_arm_turn(Shell *s) {
        uint64_t now = now_usec();

        if (s->pending.n == 0)
                return;
        /* the answer to a commit is the next event that the machine sees */
        if (!s->carrying && wants_commit(&s->pending)) {
                shell_carry_out(s);
                return;
        }
        if (s->turn_since_usec == 0)
                s->turn_since_usec = now;
        if (!s->carrying && (s->pending.n >= TURN_EFFECTS_MAX || now - s->turn_since_usec >= TURN_USEC_MAX))
                shell_carry_out(s);
        else
                (void) sd_event_source_set_enabled(s->turn, SD_EVENT_ONESHOT);
}

void shell_event(Shell *s, NodeEvent *ev) {
        int r;

        if (s->failed || !s->machine)
                return;
        ev->now_usec = now_usec();
        ev->now_sec = now_realtime_sec();
        r = s->setup.step(s->machine, ev, &s->pending);
        if (r < 0) {
                s->failed = true;
                s->setup.on_fatal(s->setup.userdata, r);
                return;
        }
        shell_arm_turn(s);
}

static int on_turn(sd_event_source *source, void *userdata) {
        shell_carry_out(ASSERT_PTR(userdata));
        return 0;
}

static int on_wake(sd_event_source *source, uint64_t usec, void *userdata) {
        Shell *s = ASSERT_PTR(userdata);

        s->wake_usec = USEC_INFINITY;
        shell_event(s, &(NodeEvent) { .type = NODE_EV_TICK });
        return 0;
}

static void on_network(void *userdata, const NodeEvent *ev) {
        NodeEvent copy = *ev;

        shell_event(userdata, &copy);
}

void shell_miner_found(void *userdata, const Id *block, uint64_t nonce) {
        Shell *s = ASSERT_PTR(userdata);

        s->mining = false;
        shell_event(s, &(NodeEvent) { .type = NODE_EV_FOUND, .id = *block, .nonce = nonce });
}

/* --- requests --- */

int shell_request(Shell *s, NodeEvent *ev, void *who, uint64_t *ret_request) {
        if (s->n_requests == s->allocated_requests) {
                size_t n = MAX(s->allocated_requests * 2, (size_t) 16);
                Request *grown = reallocarray(s->requests, n, sizeof(Request));

                if (!grown)
                        return -ENOMEM;
                s->requests = grown;
                s->allocated_requests = n;
        }
        ev->request = ++s->last_request;
        s->requests[s->n_requests++] = (Request) { .number = ev->request, .who = who };
        if (ret_request)
                *ret_request = ev->request;
        shell_event(s, ev);
        return 0;
}

static Request* find_request(Shell *s, uint64_t number) {
        for (size_t i = 0; i < s->n_requests; i++)
                if (s->requests[i].number == number)
                        return &s->requests[i];
        return NULL;
}

static void drop_request(Shell *s, uint64_t number) {
        Request *r = find_request(s, number);

        if (r)
                *r = s->requests[--s->n_requests];
}

void shell_cancel_who(Shell *s, const void *who) {
        for (size_t i = 0; i < s->n_requests; i++)
                if (s->requests[i].who == who) {
                        uint64_t number = s->requests[i].number;

                        drop_request(s, number);
                        shell_event(s, &(NodeEvent) { .type = NODE_EV_CANCEL, .request = number });
                        return;
                }
}

/* --- signatures --- */

static void verification_free(Verification *v) {
        Shell *s = v->shell;

        if (v->prev)
                v->prev->next = v->next;
        else
                s->verifications = v->next;
        if (v->next)
                v->next->prev = v->prev;
        s->n_verifications--;
        for (size_t i = 0; i < v->n_checks; i++)
                sig_check_done(&v->checks[i]);
        free(v->checks);
        free(v);
}

static void check_run(void *data) {
        CheckJob *j = data;

        sig_checks_run(&j->verification->checks[j->first], j->n);
}

static void check_done(void *data) {
        CheckJob *j = data;
        Verification *v = j->verification;
        Shell *s = v->shell;

        free(j);
        if (--v->jobs_left > 0)
                return;
        shell_event(s, &(NodeEvent) { .type = NODE_EV_VERIFIED, .token = v->token, .checks = v->checks, .n_checks = v->n_checks });
        verification_free(v);
}

static int verify_split(Verification *v, size_t first) {
        Shell *s = v->shell;
        CheckJob *j;
        int r;

        j = new0(CheckJob, 1);
        if (!j)
                return -ENOMEM;
        *j = (CheckJob) { .verification = v, .first = first, .n = MIN((size_t) CHECKS_PER_JOB, v->n_checks - first) };
        if (v->later)
                r = workers_submit_later(s->setup.workers, check_run, check_done, j);
        else
                r = workers_submit(s->setup.workers, check_run, check_done, j);
        if (r < 0)
                free(j);
        return r;
}

static int do_verify(Shell *s, NodeEffect *fx) {
        Verification *v;

        v = new0(Verification, 1);
        if (!v)
                return -ENOMEM;
        *v = (Verification) { .shell = s, .token = fx->token, .checks = TAKE_PTR(fx->checks), .n_checks = fx->n_checks, .later = fx->later, .next = s->verifications };
        fx->n_checks = 0;
        if (v->next)
                v->next->prev = v;
        s->verifications = v;
        s->n_verifications++;

        /* counted before the first is handed out: a thread may be done before this loop is */
        v->jobs_left = MAX((v->n_checks + CHECKS_PER_JOB - 1) / CHECKS_PER_JOB, (size_t) 1);
        for (size_t first = 0; first == 0 || first < v->n_checks; first += CHECKS_PER_JOB) {
                int r = verify_split(v, first);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- effects out --- */

static int do_wake(Shell *s, uint64_t at_usec) {
        int r;

        if (at_usec == s->wake_usec)
                return 0;
        s->wake_usec = at_usec;
        if (at_usec == USEC_INFINITY)
                return sd_event_source_set_enabled(s->wake, SD_EVENT_OFF);
        /* What is to go on at once shall not wait until other timers are due, too. */
        r = sd_event_source_set_time_accuracy(s->wake, at_usec <= now_usec() + USEC_PER_MSEC ? 1 : WAKE_ACCURACY_USEC);
        if (r >= 0)
                r = sd_event_source_set_time(s->wake, at_usec);
        return r < 0 ? r : sd_event_source_set_enabled(s->wake, SD_EVENT_ONESHOT);
}

static void do_reply(Shell *s, NodeEffect *fx) {
        Request *r = find_request(s, fx->request);
        void *who;

        if (!r)
                return;         /* cancelled meanwhile */
        who = r->who;
        if (!fx->more)
                drop_request(s, fx->request);
        s->setup.on_reply(s->setup.userdata, who, fx);
}

static int do_remember(Shell *s, const NodeEffect *fx) {
        return s->setup.store ? s->setup.store->ops->meta_put(s->setup.store, "peers", fx->data, fx->n_data) : 0;
}

static int carry_out(Shell *s, NodeEffect *fx) {
        if (network_carry_out(s->network, fx))
                return 0;

        switch (fx->type) {
        case NODE_FX_COMMIT:
        case NODE_FX_LOG:
                return 0;       /* done before */
        case NODE_FX_VERIFY:
                return do_verify(s, fx);
        case NODE_FX_MINE:
                if (s->miner) {
                        miner_work(s->miner, &fx->id, fx->difficulty);
                        s->mining = true;
                }
                return 0;
        case NODE_FX_MINE_STOP:
                if (s->miner)
                        miner_rest(s->miner);
                s->mining = false;
                return 0;
        case NODE_FX_REPLY:
                do_reply(s, fx);
                return 0;
        case NODE_FX_CHANGED:
                s->setup.on_changed(s->setup.userdata);
                return 0;
        case NODE_FX_REMEMBER:
                return do_remember(s, fx);
        case NODE_FX_WAKE:
                return do_wake(s, fx->at_usec);
        case NODE_FX_SEND:
        case NODE_FX_CLOSE:
        case NODE_FX_BAN:
        case NODE_FX_DIAL:
        case NODE_FX_PAUSE:
        case NODE_FX_RESUME:
                break;          /* the network's */
        }
        return 0;
}

/* What must not leave when the commit of its turn failed: what others would build on. */
static bool needs_commit(const NodeEffect *fx) {
        return (fx->type == NODE_FX_SEND && !fx->regardless) || fx->type == NODE_FX_REPLY || fx->type == NODE_FX_REMEMBER ||
                fx->type == NODE_FX_MINE;
}

static void refuse_reply(Shell *s, const NodeEffect *fx, int error) {
        NodeEffect refusal = { .type = NODE_FX_REPLY, .request = fx->request, .verdict = error };

        if (asprintf(&refusal.data, "the ledger of this node cannot be written: %s", strerror(-error)) < 0)
                refusal.data = NULL;
        refusal.n_data = refusal.data ? strlen(refusal.data) : 0;
        do_reply(s, &refusal);
        free(refusal.data);
}

static void carry_out_turn(Shell *s, NodeEffects *turn) {
        const bool asked = wants_commit(turn);
        int error = 0;

        for (size_t i = 0; i < turn->n; i++)
                if (turn->items[i].type == NODE_FX_LOG)
                        journal_node(&turn->items[i]);

        /* What was signed first: a ledger that knows of it while the record does not is a signature forgotten. */
        if (asked && s->record)
                error = s->record->ops->commit(s->record);
        if (asked && s->chain && error >= 0)
                error = chain_commit(s->chain);
        if (asked)
                shell_event(s, &(NodeEvent) { .type = error < 0 ? NODE_EV_COMMIT_FAILED : NODE_EV_COMMITTED, .error = error });

        for (size_t i = 0; i < turn->n && !s->failed; i++) {
                NodeEffect *fx = &turn->items[i];
                int r;

                if (error < 0 && needs_commit(fx)) {
                        if (fx->type == NODE_FX_REPLY)
                                refuse_reply(s, fx, error);
                        continue;
                }
                r = carry_out(s, fx);
                if (r < 0) {
                        s->failed = true;
                        (void) log_error_errno(r, "Carrying out what the node wants failed: %m");
                        s->setup.on_fatal(s->setup.userdata, r);
                }
        }
}

static void shell_carry_out(Shell *s) {
        s->carrying = true;
        /* effects of answers (COMMITTED, say) belong to the next turn: a bounded number of them here, but no commit waits */
        for (unsigned i = 0; (i < 8 ? s->pending.n > 0 : wants_commit(&s->pending)) && !s->failed; i++) {
                NodeEffects turn = s->pending;

                s->pending = (NodeEffects) {};
                carry_out_turn(s, &turn);
                node_effects_done(&turn);
        }
        s->carrying = false;
        s->turn_since_usec = 0;
        s->progress_usec = now_usec();
        if (!s->failed)
                shell_arm_turn(s);
}

/* --- making and ending --- */

int shell_new(Shell **ret, const ShellSetup *setup) {
        _cleanup_(shell_freep) Shell *s = NULL;
        int r;

        s = new0(Shell, 1);
        if (!s)
                return -ENOMEM;
        s->setup = *setup;
        s->wake_usec = USEC_INFINITY;

        r = network_new(&s->network, setup->event, setup->identity, setup->settings, on_network, s);
        if (r < 0)
                return r;
        r = sd_event_add_defer(setup->event, &s->turn, on_turn, s);
        if (r < 0)
                return r;
        /* after what has come in already, so that one commit serves it all */
        r = sd_event_source_set_priority(s->turn, SD_EVENT_PRIORITY_NORMAL + 10);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->turn, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(setup->event, &s->wake, CLOCK_MONOTONIC, USEC_INFINITY, WAKE_ACCURACY_USEC, on_wake, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->wake, SD_EVENT_OFF);
        if (r < 0)
                return r;
        s->progress_usec = now_usec();

        *ret = TAKE_PTR(s);
        return 0;
}

Shell* shell_free(Shell *s) {
        if (!s)
                return NULL;

        s->failed = true;       /* nothing steps the machine any more */
        s->miner = miner_free(s->miner);
        if (s->n_verifications > 0)
                workers_drain(s->setup.workers);        /* their jobs point here */
        while (s->verifications)
                verification_free(s->verifications);
        s->turn = sd_event_source_disable_unref(s->turn);
        s->wake = sd_event_source_disable_unref(s->wake);
        s->network = network_free(s->network);
        node_effects_done(&s->pending);
        free(s->requests);
        free(s);
        return NULL;
}

void shell_set_machine(Shell *s, void *machine, Chain *chain) {
        s->machine = machine;
        s->chain = chain;
}

void shell_set_record(Shell *s, Record *record) {
        s->record = record;
}

bool shell_has_failed(const Shell *s) {
        return s->failed;
}

NetHost* shell_net(Shell *s) {
        return network_host(s->network);
}

void shell_set_miner(Shell *s, Miner *m) {
        s->miner = miner_free(s->miner);
        s->mining = false;
        s->miner = m;
}

Miner* shell_miner(Shell *s) {
        return s->miner;
}

bool shell_is_mining(const Shell *s) {
        return s->miner && s->mining;
}

uint64_t shell_progress_usec(const Shell *s) {
        return s->progress_usec;
}
