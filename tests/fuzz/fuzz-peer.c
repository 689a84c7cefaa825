/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "peer-host.h"

#include <stdio.h>

/* A peer, and whatever strangers, and one authority that lies, may do to it, in the order of a program (peer-program.h has the
 * words; FUZZ_PEER_VERBOSE=1 prints them, and what the peer does). */

static const uint64_t units[] = {
        USEC_PER_MSEC, 10 * USEC_PER_MSEC, 100 * USEC_PER_MSEC, USEC_PER_SEC, 10 * USEC_PER_SEC, 60 * USEC_PER_SEC, 600 * USEC_PER_SEC,
};

static uint64_t request(Host *h) {
        uint64_t r = ++h->n_requests;

        h->requests[r % ELEMENTSOF(h->requests)] = r;
        return r;
}

static void submit(Host *h, const PeerOp *op) {
        const MaterialEntry *x = material_entry(h->m, op->arg[0]);

        if (x && op->name == PEER_WATCH)
                host_step(h, (NodeEvent) { .type = NODE_EV_WATCH, .request = request(h), .id = x->id });
        else if (x)
                host_step(h, (NodeEvent) { .type = NODE_EV_SUBMIT, .request = request(h), .data = x->line, .n_data = x->n, .uid = op->arg[1] });
}

static void import(Host *h, const PeerOp *op) {
        _cleanup_buf_ Buf text = {};

        if (op->arg[0] == 0 && op->arg[1] == 0) {
                host_step(h, (NodeEvent) { .type = NODE_EV_IMPORT, .request = UINT64_MAX });
                return;
        }
        if (op->arg[0] == 0)
                buf_add(&text, h->m->genesis->line, h->m->genesis->n_line);
        for (unsigned i = MAX(op->arg[0], 1U); i <= op->arg[1] && i < MATERIAL_ITEMS; i++)
                material_whole(h->m, i, (MaterialSeal) (op->arg[2] % _SEAL_MAX), &text);
        buf_add_char(&text, '\n');
        host_step(h, (NodeEvent) { .type = NODE_EV_IMPORT, .request = UINT64_MAX, .data = text.p, .n_data = text.n });
}

static void reload(Host *h, unsigned bits) {
        h->config.mine = bits & 1;
        h->config.trackers = &h->tracker;
        h->config.n_trackers = (bits & 2) != 0;
        h->config.fixed = &h->fixed;
        h->config.n_fixed = (bits & 4) != 0;
        host_step(h, (NodeEvent) { .type = NODE_EV_RELOAD, .config = &h->config });
}

static void show(Host *h) {
        _cleanup_json_ Json *status = NULL, *evidence = NULL, *links = NULL;
        _cleanup_buf_ Buf text = {};

        fuzz_check(peer_status(h->peer, h->now_usec, &status) == 0 && json_dump(status, &text) == 0);
        fuzz_check(peer_evidence(h->peer, &evidence) == 0 && json_dump(evidence, &text) == 0);
        fuzz_check(peer_links(h->peer, &links) == 0 && json_dump(links, &text) == 0);
        fuzz_check(peer_status_line(h->peer));
}

static void record(Host *h) {
        if (disk_record(h->disk) || h->m->pow)
                return;
        fuzz_check(disk_make_record(h->disk) == 0);
        host_step(h, (NodeEvent) { .type = NODE_EV_RECORD, .record = disk_record(h->disk) });
}

static void run(Host *h, const PeerOp *op) {
        switch (op->name) {

        case PEER_UP:
                host_up(h, op->arg[0], op->arg[1], op->arg[2] & 1);
                return;

        case PEER_DOWN:
                host_down(h, op->arg[0]);
                return;

        case PEER_TICK:
                host_run(h, MAX(op->arg[0], 1U) * units[op->arg[1] % ELEMENTSOF(units)]);
                return;

        case PEER_CLOCK:
                h->clock_sec += op->arg[0] - 128;
                return;

        case PEER_HOLD:
                h->hold = op->arg[0];
                return;

        case PEER_VERIFY:
                host_verified(h, op->arg[0]);
                return;

        case PEER_SENT:
                if (h->links[op->arg[0] % HOST_LINKS].id != 0)
                        host_step(h, (NodeEvent) { .type = NODE_EV_SENT, .link = h->links[op->arg[0] % HOST_LINKS].id });
                return;

        case PEER_FULL:
                disk_set_full(h->disk, op->arg[0] & 7U);
                return;

        case PEER_CRASH:
                h->crash_at = op->arg[0] % 4;
                if (h->crash_at > 0)
                        return;
                host_crash(h);
                host_step(h, (NodeEvent) { .type = NODE_EV_TICK });
                return;

        case PEER_STOP:
                h->stopped = true;
                host_step(h, (NodeEvent) { .type = NODE_EV_STOP });
                return;

        case PEER_FOUND:
                if (h->mining)
                        host_step(h, (NodeEvent) { .type = NODE_EV_FOUND, .id = h->mine, .nonce = op->arg[0] });
                return;

        case PEER_SUBMIT:
        case PEER_WATCH:
                submit(h, op);
                return;

        case PEER_CANCEL:
                if (op->arg[0] < h->n_requests)
                        host_step(h, (NodeEvent) { .type = NODE_EV_CANCEL, .request = h->n_requests - op->arg[0] });
                return;

        case PEER_IMPORT:
                import(h, op);
                return;

        case PEER_RELOAD:
                reload(h, op->arg[0]);
                return;

        case PEER_RESUME:
                host_step(h, (NodeEvent) { .type = NODE_EV_RESUME });
                return;

        case PEER_RECORD:
                record(h);
                return;

        case PEER_STATUS:
                show(h);
                return;

        case PEER_SETTLE:
                host_settle(h, op->arg[0]);
                return;

        case PEER_HONOUR:
                if (op->arg[1] > 0 || h->n_proposed > 0)
                        (void) material_agree(h->m, op->arg[1] > 0 ? op->arg[1] : MATERIAL_OWN + (h->n_proposed - 1) % 3, op->arg[0] & 1);
                return;

        default:
                (void) frame_op(h, op);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static PeerOp ops[PEER_OPS_MAX];
        static Host h;
        size_t n_ops = peer_program_read(ops, (const char *) data, n);
        bool mode = n_ops > 0 && ops[0].name == PEER_MODE;

        host_begin(&h, mode ? ops : NULL);
        for (size_t i = mode; i < n_ops; i++) {
                char line[64];

                if (h.verbose)
                        (void) fprintf(stderr, "%.*s", (int) peer_program_write(ops + i, 1, line, sizeof(line)), line);
                run(&h, ops + i);
        }
        show(&h);
        host_end(&h);
        return 0;
}
