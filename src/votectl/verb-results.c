/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "votectl/audited.h"
#include "votectl/election.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

/* Result of an election. The count is the node's own; where the network is pinned at least the
 * election that it is of is proven, and from a checked ledger (--peer, --ledger) all of it is. */
static int verb_results(Ctl *c) {
        _cleanup_json_ Json *params = json_new_object(), *reply = NULL;
        _cleanup_(election_done) Election e = {};
        Audited *audited;
        const Json *summary;
        Id id;
        int r;

        r = election_get(c, c->options.args[0], &e);
        if (r == 0)
                r = ctl_audited(c, &audited);
        if (r != 0)
                return r;
        json_set_id(params, "election", &e.id);
        r = ctl_call(c, "GetResults", TAKE_PTR(params), &reply);
        if (r != 0)
                return r;
        if (json_get_object(reply, "summary", &summary, NULL) != 0 ||
                json_get_id(summary, "id", &id, NULL) != 0 || !id_equal(&id, &e.id))
                return ctl_caught(c, "the result is of another election");
        if (c->json)
                return ctl_json(c, TAKE_PTR(reply));
        r = render_results(c, reply);
        if (r != 0)
                return r;
        if (audited)
                ctl_note(c, "Counted here, from a ledger that was checked.");
        else if (!c->pinned)
                ctl_note(c, "This network is not pinned: nothing of this was checked.");
        else
                ctl_note(c, "Counted by the node. votectl verify checks its ledger; votectl "
                            "--ledger FILE results counts an export.");
        return EXIT_DONE;
}

const CtlVerb verbs_results[] = {
        { "results", "ELECTION", 1, 1, CTL_VERB_PAGE, verb_results, NULL, "Show the result of an election, with its working",
          "Bars, the matrix of pairs (schulze), the rounds (stv), ties, and whether a lot is needed. While the election is open\n"
          "the figures are interim. --json has the full working; voted-election(5) explains it. With --peer or --ledger the\n"
          "ledger is checked and the votes are counted here.\n\n"
          "Example:\n  votectl results board-2027\n  votectl --ledger club.jsonl results board-2027\n" },
        {},
};
