/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/query.h"
#include "voted/daemon.h"

/* What is answered from the chain: at once, but for a result whose sum is being made. */

struct WaitingQuery {
        VarlinkCall *call;
        const char *method;
        Json *parameters;
};

static QuerySource source_of(Daemon *d) {
        return (QuerySource) {
                .chain = peer_chain(d->peer),
                .pool = peer_pool(d->peer),
                .final_height = peer_final_height(d->peer),
                .confirmations = peer_confirmations(d->peer),
        };
}

/* 0, -EAGAIN: it has to wait; other -errno. */
static int answer(Daemon *d, VarlinkCall *call, const char *method, const Json *parameters) {
        QuerySource source = source_of(d);
        QueryError error = {};
        Json *reply = NULL;
        int r;

        r = query_call(&source, method, parameters, &reply, &error);
        if (r == V_DENIED)
                return varlink_error(call, error.name, error.parameters);
        if (r < 0) {
                if (r == -EUCLEAN)
                        daemon_fail(d, r);
                return r;
        }
        return varlink_reply(call, reply, false);
}

static void waiting_done(WaitingQuery *w) {
        json_free(w->parameters);
        (void) varlink_call_unref(w->call);
}

static void waiting_gone(VarlinkCall *call, void *userdata) {
        Daemon *d = userdata;

        for (size_t i = 0; i < d->n_queries; i++)
                if (d->queries[i].call == call) {
                        waiting_done(&d->queries[i]);
                        d->queries[i] = d->queries[--d->n_queries];
                        return;
                }
}

static int await(Daemon *d, VarlinkCall *call, const char *method, const Json *parameters) {
        WaitingQuery *grown;

        grown = reallocarray(d->queries, d->n_queries + 1, sizeof(WaitingQuery));
        if (!grown)
                return -ENOMEM;
        d->queries = grown;
        d->queries[d->n_queries++] = (WaitingQuery) {
                .call = varlink_call_ref(call),
                .method = method,
                .parameters = json_share((Json *) parameters),
        };
        varlink_call_on_gone(call, waiting_gone, d);
        shell_event(d->shell, &(NodeEvent) { .type = NODE_EV_TICK });   /* which begins it */
        return 0;
}

int control_query(Daemon *d, VarlinkCall *call, const char *method, const Json *parameters) {
        int r;

        r = answer(d, call, method, parameters);
        return r == -EAGAIN ? await(d, call, method, parameters) : r;
}

void control_retry_queries(Daemon *d) {
        for (size_t i = d->n_queries; i-- > 0; ) {
                WaitingQuery w = d->queries[i];
                int r;

                r = d->peer ? answer(d, w.call, w.method, w.parameters) : -ESHUTDOWN;
                if (r == -EAGAIN)
                        continue;
                if (r < 0 && !varlink_call_is_over(w.call))
                        (void) varlink_error_text(w.call, "org.voted.Peer.Failed", "reading the ledger failed: %s",
                                        strerror(-r));
                varlink_call_on_gone(w.call, NULL, NULL);
                waiting_done(&w);
                d->queries[i] = d->queries[--d->n_queries];
        }
}

void control_drop_queries(Daemon *d) {
        for (size_t i = 0; i < d->n_queries; i++)
                waiting_done(&d->queries[i]);
        free(d->queries);
        d->queries = NULL;
        d->n_queries = 0;
}
