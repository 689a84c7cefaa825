/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ledger/sealed.h"
#include "../ledger/world.h"
#include "base/file.h"
#include "base/time.h"
#include "codec/hex.h"
#include "ledger/export.h"
#include "liar.h"
#include "net/host.h"
#include "proto/message.h"
#include "voted/limits.h"
#include "votectl/keystore.h"
#include "votectl/receipts.h"
#include "votectl/verbs.h"

/* `cast --peer` beside a distant peer that lies about a sealed election, in a process of its own: in league with the
 * administrator and with trustees where that helps, but with none of the authorities. Who believed it would sign a ballot
 * that is sealed to a key of its choice, for an election or as a voter that the network does not have. */

typedef enum Lie {
        LIE_NONE,
        LIE_NETWORK,            /* it is of another network */
        LIE_ELECTION,           /* another election of that name, which the administrator has signed */
        LIE_BOARD,              /* likewise, by another board, which the ledger does not have */
        LIE_ROLL,               /* another roll of that name, likewise */
        LIE_DEAL,               /* another deal of a trustee, who has signed it */
        LIE_SHORT,              /* the last confirmation is kept back */
        LIE_WITHHELD,           /* blocks that are never shown */
        LIE_FALSE_SEALS,        /* a whole ledger of another board, which no authority has sealed */
        LIE_NO_SEALS,           /* likewise, without a seal */
        _LIE_MAX,
} Lie;

static const struct { Exit exit; const char *text; } asked[_LIE_MAX] = {
        [LIE_NONE]        = { EXIT_DONE,    "" },
        [LIE_NETWORK]     = { EXIT_REFUSED, "the peer is of another network" },
        [LIE_ELECTION]    = { EXIT_WRONG,   "the peer's ledger breaks the rules" },
        [LIE_BOARD]       = { EXIT_WRONG,   "the peer's ledger breaks the rules" },
        [LIE_ROLL]        = { EXIT_WRONG,   "the peer's ledger breaks the rules" },
        [LIE_DEAL]        = { EXIT_WRONG,   "the peer's ledger breaks the rules" },
        [LIE_SHORT]       = { EXIT_REFUSED, "is not ready: 3 of 3 trustees have dealt, 2 have confirmed" },
        [LIE_WITHHELD]    = { EXIT_NO_NODE, "does not deliver block" },
        [LIE_FALSE_SEALS] = { EXIT_WRONG,   "the peer's ledger breaks the rules" },
        [LIE_NO_SEALS]    = { EXIT_WRONG,   "without seals" },
};

typedef struct Plot {
        World w;
        SealedBoard b;
        Entry *election, *deal;         /* kept by the world */
} Plot;

static Plot truth, other;
static Lie lie;
static uint64_t closes, height;         /* what the peer claims */
static Buf lines;                       /* what it shows */
static NetHost *host;
static uint16_t port;
static pid_t peer;

/* --- the peer --- */

static void give(uint64_t link, Message *m, const Message *asked_for) {
        Buf frame = {};
        size_t n;

        m->has_id = asked_for->has_id;
        m->id = asked_for->id;
        if (message_frame(&frame, m) < 0)
                _exit(9);
        n = frame.n;
        if (net_host_send(host, link, NET_LANE_SYNC, buf_take(&frame, &n), n) < 0)
                _exit(9);
}

static void on_frame(void *userdata, uint64_t link, const char *p, size_t n) {
        _cleanup_message_ Message m = {};
        Id network = truth.w.f.genesis->network;

        if (message_parse(&m, MESSAGE_FROM_STRANGER|MESSAGE_FROM_CLIENT, p, n, NULL) != 0)
                return;
        if (lie == LIE_NETWORK)
                network.b[0] ^= 1;
        switch (m.type) {

        case MESSAGE_HELLO:
                give(link, &(Message) {
                        .type = MESSAGE_HELLO,
                        .hello = { .version = PROTOCOL_VERSION, .network = network, .agent = "liar", .height = height,
                                   .tip = network, .port = port },
                }, &m);
                break;

        case MESSAGE_GET_CHAIN_INFO:
                give(link, &(Message) {
                        .type = MESSAGE_CHAIN_INFO_RESPONSE,
                        .chain = { .height = height, .tip = network, .final = height, .fork = UINT64_MAX },
                }, &m);
                break;

        case MESSAGE_GET_BLOCKS:
                give(link, &(Message) {
                        .type = MESSAGE_BLOCKS_RESPONSE,
                        .lines = m.range.from == 1 ? lines.p : NULL,
                        .n_lines_bytes = m.range.from == 1 ? lines.n : 0,
                }, &m);
                break;

        default:                /* a vote that came is as good as counted */
                break;
        }
}

static void on_up(void *userdata, uint64_t link, const Key *key, const NetAddress *address, bool inbound, uint64_t dial) {}
static void on_down(void *userdata, uint64_t link, int verdict, const char *reason) {}
static void on_sent(void *userdata, uint64_t link) {}
static void on_dial_failed(void *userdata, uint64_t dial, int error, const char *reason) {}

_noreturn_ static void run_peer(int ready) {
        static const NetHandlers handlers = {
                .on_up = on_up, .on_frame = on_frame, .on_down = on_down, .on_sent = on_sent,
                .on_dial_failed = on_dial_failed,
        };
        sd_event *event = NULL;

        if (sd_event_new(&event) < 0 ||
                net_host_new(&host, event, fixture_secret(FIXTURE_SEALER + 1), &(NetHostSettings) {}, &handlers, NULL) < 0 ||
                net_host_listen(host, "127.0.0.1", 0, &port, NULL) < 0 ||
                write(ready, &port, sizeof port) != sizeof port)
                _exit(8);
        (void) sd_event_loop(event);
        _exit(7);
}

static void start_peer(void) {
        int fds[2];

        ck_assert_int_eq(pipe(fds), 0);
        peer = fork();
        if (peer == 0)
                run_peer(fds[1]);
        ck_assert_int_gt(peer, 0);
        ck_assert_int_eq(read(fds[0], &port, sizeof port), sizeof port);
        (void) close(fds[0]);
        (void) close(fds[1]);
}

/* --- what it shows --- */

static void export(Chain *c, uint64_t to, bool seals) {
        uint64_t next;

        buf_reset(&lines);
        ck_assert_int_eq(chain_commit(c), 0);
        ck_assert_int_eq(export_blocks(c, 1, to, seals, SIZE_MAX, &lines, &next), 0);
        ck_assert_uint_eq(next, to + 1);
        while (lines.n > 0 && lines.p[lines.n - 1] == '\n')
                lines.p[--lines.n] = '\0';
        height = to;
}

/* Another line in the place of one: its place, its block and the seal of that stay. Takes fake over. */
static void swap(const Entry *real, Entry *fake) {
        const char *at = strstr(lines.p, real->line);
        Buf b = {};

        ck_assert_ptr_nonnull(at);
        ck_assert_str_ne(real->line, fake->line);
        buf_add(&b, lines.p, (size_t) (at - lines.p));
        buf_add(&b, fake->line, fake->n_line);
        buf_add_text(&b, at + real->n_line);
        ck_assert_int_eq(buf_error(&b), 0);
        buf_done(&lines);
        lines = b;
        entry_unref(fake);
}

static Entry* make_election(Plot *p, const SealedBoard *by, uint64_t end) {
        SealedBoard b = *by;

        return sealed_election(&b, FIXTURE_ADMIN, "today", &p->w.f.roll->id, 1, FIXTURE_OPENS, end, "'exposed':true");
}

static void show(void) {
        const Genesis *g = truth.w.f.genesis;
        const bool whole = lie == LIE_FALSE_SEALS || lie == LIE_NO_SEALS;
        Chain *c = whole ? other.w.f.chain : truth.w.f.chain;
        const uint64_t top = chain_tip(c)->height;

        export(c, lie == LIE_SHORT ? top - 1 : top, lie != LIE_NO_SEALS);
        switch (lie) {

        case LIE_ELECTION:
                swap(truth.election, make_election(&truth, &truth.b, closes + 1));
                break;

        case LIE_BOARD:
                swap(truth.election, make_election(&truth, &other.b, closes));
                break;

        case LIE_ROLL:
                swap(truth.w.f.roll, fixture_roll(g, FIXTURE_ADMIN, "members", 0, 0, 3));
                break;

        case LIE_DEAL:
                swap(truth.deal, sealed_deal(&truth.b, 0, 2));
                break;

        case LIE_WITHHELD:
                height++;
                break;

        case LIE_NONE:
        case LIE_NETWORK:
        case LIE_SHORT:
        case LIE_FALSE_SEALS:
        case LIE_NO_SEALS:
        case _LIE_MAX:
                break;
        }
}

/* --- who votes --- */

static void begin(Plot *p, unsigned threshold) {
        const FixtureSetup network = { .admins = 1, .approvals = 1, .revotes = 3, .quorum = true };

        fixture_new(&p->w.f, &network, NULL, 6);
        sealed_board_init(&p->b, p->w.f.genesis, threshold, 3);
        (void) put(&p->w, 2000, sealed_roll_of_trustees(&p->b, FIXTURE_ADMIN));
        for (unsigned i = 0; i < p->b.n; i++)
                (void) put(&p->w, 2000, sealed_trustee(&p->b, i));
        (void) put(&p->w, 2000, sealed_board(&p->b, FIXTURE_ADMIN, "trust", "'today'", SEALED_UNTIL));
        p->deal = put(&p->w, 2000, sealed_deal(&p->b, 0, UINT_MAX));
        for (unsigned i = 1; i < p->b.n; i++)
                (void) put(&p->w, 2000, sealed_deal(&p->b, i, UINT_MAX));
        (void) put(&p->w, 2000, sealed_confirm(&p->b, 0));
        (void) put(&p->w, 2000, sealed_confirm(&p->b, 1));
        p->election = put(&p->w, 2000, make_election(p, &p->b, closes));
        (void) put(&p->w, 2000, sealed_confirm(&p->b, 2));
}

static void setup(void) {
        _cleanup_free_ char *path = NULL;
        Ctl c = { .hush = true, .quiet = true };

        liar_begin();
        closes = now_realtime_sec() + 86400;
        fixture_seals_are_real = true;
        begin(&truth, 2);
        fixture_seals_are_real = false;
        begin(&other, 1);
        ck_assert_int_eq(keystore_path(&c, "default", &path), EXIT_DONE);
        ck_assert_int_eq(keystore_write(&c, path, fixture_secret(FIXTURE_VOTER), NULL, false), EXIT_DONE);
}

static void plot_done(Plot *p) {
        sealed_board_done(&p->b);
        world_done(&p->w);
}

static void teardown(void) {
        if (peer > 0) {
                (void) kill(peer, SIGKILL);
                (void) waitpid(peer, NULL, 0);
        }
        liar_end();
        buf_done(&lines);
        plot_done(&truth);
        plot_done(&other);
}

static int cast(Ctl *c, Buf *ret) {
        static const CtlOption peer_option = { "peer", 0, "", false, "" }, choice = { "choice", 'c', "", true, "" },
                               no_wait = { "no-wait", 0, NULL, false, "" };
        char endpoint[32];

        (void) snprintf(endpoint, sizeof endpoint, "127.0.0.1:%u", port);
        liar_ctl(c, truth.w.f.genesis);
        c->options.given[0] = (OptionGiven) { &peer_option, endpoint };
        c->options.given[1] = (OptionGiven) { &choice, "1" };
        c->options.given[2] = (OptionGiven) { &no_wait, "" };
        c->options.n_given = 3;
        return liar_run(c, verbs_vote, "cast", "today", ret);
}

START_TEST(a_distant_peer_that_lies_gets_no_vote) {
        _cleanup_(entry_unrefp) Entry *vote = NULL;
        _cleanup_free_ char *path = NULL;
        _cleanup_buf_ Buf said = {}, line = {};
        Ctl c;
        int r;

        lie = _i;
        show();
        start_peer();
        r = cast(&c, &said);
        ck_assert_msg(r == (int) asked[_i].exit && strstr(said.p ?: "", asked[_i].text),
                "lie %d: exit code %d, expected %d; \"%s\", expected \"%s\"", _i, r, asked[_i].exit, said.p, asked[_i].text);
        ck_assert_int_eq(receipts_vote_path(&c, "today", &truth.election->id, fixture_key(FIXTURE_VOTER), &path), EXIT_DONE);
        ck_assert_int_eq(access(path, F_OK) == 0, lie == LIE_NONE);
        if (lie == LIE_NONE) {
                Why why = {};

                ck_assert_int_eq(read_file(path, VOTE_BYTES_MAX, &line), 0);
                ck_assert_int_eq(entry_parse(&vote, truth.w.f.genesis, line.p, line.n, NULL), 0);
                r = chain_check_entry(truth.w.f.chain, vote, FIXTURE_OPENS, &why);
                ck_assert_msg(r == 0, "the vote is not valid in the true ledger: %s", why.text);
        }
        liar_ctl_done(&c);
}
END_TEST

static void add(TCase *t) {
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_add_loop_test(t, a_distant_peer_that_lies_gets_no_vote, 0, _LIE_MAX);
}

int main(void) {
        if (crypto_init(NULL) < 0)
                return EXIT_FAILURE;
        return run_suite("liar-peer", add);
}
