/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "control-call.h"
#include "control-client.h"
#include "control-host.h"
#include "control-ledger.h"
#include "ctl/varlink-internal.h"
#include "fuzz.h"
#include "node/peer-internal.h"
#include "proto/message.h"
#include "voted/daemon.h"

/* All of the daemon's control socket, in either role: the input is a program of what its users do, and of what befalls the node
 * meanwhile. Its letters are in run(). */

#define CLIENTS_MAX  (CTL_CONNECTIONS_MAX + 64U)
#define REPLY_BYTES  (1U << 20)         /* no reply of these ledgers is larger */
#define LINGER_SEC   4U                 /* a connection that is to close is gone by then */

static Daemon d;
static Client clients[CLIENTS_MAX];
static size_t n_clients, current;
static bool held, cut, linked, came;     /* came: a block, in the way that an import takes, too */
static char socket_path[108], config_path[108];
static Buf last;                        /* the call that was sent last, with its NUL */
static Shapes shapes[2][2];             /* [role] */

/* --- the node --- */

static void ignore(int level, const char *text, const LogField *fields, size_t n, void *userdata) {
}

/* Variants of the configuration file; the first is what the node starts with. */
static void write_config(unsigned which) {
        static const char *const texts[] = {
                "[Listen]\nHost=127.0.0.1\nPort=0\n",
                "[Node]\nLog=debug\n[Listen]\nHost=127.0.0.2\nPort=7\n[Limits]\nInboundLinks=5\n",
                "[Limits]\nInboundLinks=many\n",
                "nonsense",
        };
        bool peer = d.options.role == ROLE_PEER;
        _cleanup_buf_ Buf text = {};
        FILE *f;

        (void) unlink(config_path);
        if (which >= ELEMENTSOF(texts))
                return;
        buf_add_text(&text, texts[which]);
        if (peer)
                buf_add_text(&text, "[Peer]\nTracker=\n[Mining]\nEnable=no\n");
        f = fopen(config_path, "we");
        fuzz_check(f && fwrite(text.p, 1, text.n, f) == text.n);
        (void) fclose(f);
}

static void start(ControlMode mode) {
        static char state[128];
        uint64_t time;
        Why why = {};

        control_ledgers_copy(mode, &time);
        (void) snprintf(state, sizeof(state), "%s/state", control_folder());
        (void) snprintf(socket_path, sizeof(socket_path), "%s/socket", control_folder());
        (void) snprintf(config_path, sizeof(config_path), "%s/config", control_folder());
        host_set_time(time);
        host_forget_callers();

        d = (Daemon) {
                .options = {
                        .role = mode == MODE_TRACKER ? ROLE_TRACKER : ROLE_PEER,
                        .config_file = config_path,
                        .control_socket = socket_path,
                },
                .name = mode == MODE_TRACKER ? "tracker" : "peer",
                .state_dir = strdup(state),
        };
        write_config(0);
        client_interfaces(shapes[d.options.role], 2);
        fuzz_check(daemon_load_config(&d, &d.config, &why) == 0);
        fuzz_check(sd_event_new(&d.event) >= 0);
        fuzz_check(daemon_start(&d, &why) == 0);
}

/* --- its threads, which stand still while they are held --- */

#define HOLDS_MAX 256U
static sem_t holding, go_on;

static void hold_run(void *data) {
        (void) sem_post(&holding);
        while (sem_wait(&go_on) < 0)
                ;
}

static void hold(void) {
        unsigned n = workers_count(d.workers);

        if (held)
                return;
        workers_drain(d.workers);
        for (unsigned i = 0; i < n; i++)
                fuzz_check(workers_submit(d.workers, hold_run, NULL, NULL) == 0);
        for (unsigned i = 0; i < n; i++)
                while (sem_wait(&holding) < 0)
                        ;
        held = true;
}

static void release(void) {
        if (!held)
                return;
        for (unsigned i = 0; i < workers_count(d.workers); i++)
                (void) sem_post(&go_on);
        held = false;
        workers_drain(d.workers);
}

/* --- the loop --- */

/* What one connection holds is bounded, whatever it asks and however it reads. */
static void check_bounds(void) {
        size_t n = 0;

        for (const Conn *c = d.control->conns; c; c = c->next) {
                n++;
                fuzz_check(c->in.n <= CTL_MESSAGE_BYTES_MAX + 65536 && c->in.allocated <= 2 * (CTL_MESSAGE_BYTES_MAX + 65536) + 64);
                fuzz_check(varlink_conn_queued(c) <= OUT_BYTES_MAX + REPLY_BYTES);
                cut |= c->dropped || c->linger || varlink_conn_queued(c) > OUT_BYTES_MAX;
        }
        fuzz_check(n == varlink_server_connections(d.control) && n <= CTL_CONNECTIONS_MAX);
        fuzz_check(d.n_watchers + d.n_queries <= n);
}

/* One event of the node's loop; false: there was none. */
static bool turn(void) {
        int r;

        if (!held)
                workers_drain(d.workers);
        r = sd_event_run(d.event, 0);
        fuzz_check(r >= 0 && d.exit_error == 0);
        return r > 0;
}

/* Nothing is left of an import that is said to be whole, unless somebody else imports beside it. */
static void check_import(Client *c) {
        if (!c->import_is_whole || !d.peer || came)
                return;
        c->import_is_whole = false;
        for (size_t i = 0; i < n_clients; i++)
                if (client_imports(&clients[i]) || (&clients[i] != c && clients[i].has_imported))
                        return;
        fuzz_check(!d.peer->import.begun && d.peer->import.text.n == 0);
}

static void turn_clients(void) {
        for (size_t i = 0; i < n_clients; i++) {
                client_turn(&clients[i], cut);
                check_import(&clients[i]);
        }
}

static uint64_t progress(void) {
        uint64_t n = 0;

        for (size_t i = 0; i < n_clients; i++)
                n += clients[i].bytes + clients[i].ended;
        for (const Conn *c = d.control->conns; c; c = c->next)
                n += c->in.n + varlink_conn_queued(c) + 1;
        return n;
}

/* Until nothing is left to do at this moment. A loop that goes round without anything coming of it never rests. */
static void rest(void) {
        uint64_t before = progress();
        unsigned rounds = 0, idle = 0;

        for (;;) {
                bool busy = turn();

                turn_clients();
                if (++rounds % 64 == 0 || !busy) {
                        uint64_t now = progress();

                        check_bounds();
                        idle = now == before ? idle + 1 : 0;
                        fuzz_check(idle < 32 + n_clients);
                        if (!busy && now == before)
                                return;
                        before = now;
                }
        }
}

static void iterate(unsigned n) {
        while (n-- > 0 && turn())
                turn_clients();
        check_bounds();
}

static void pass(uint64_t usec) {
        host_pass(usec);
        rest();
}

/* --- what users do --- */

static void open_client(uid_t uid, gid_t group) {
        if (n_clients >= CLIENTS_MAX)
                return;
        host_caller(uid, group);
        current = n_clients++;
        client_open(&clients[current], socket_path, uid, uid == 0 || uid == geteuid() || group == HOST_ADMIN_GROUP);
        iterate(4);             /* or the queue of the socket is full after some */
}

static void open_known(uint8_t choice) {
        static const struct { uid_t uid; gid_t group; } users[] = {
                { 0, 0 }, { 1000, 1000 }, { 1001, 1001 }, { 1002, HOST_ADMIN_GROUP }, { 1003, 100 }, { (uid_t) -1, 0 },
        };

        open_client(users[choice % ELEMENTSOF(users)].uid, users[choice % ELEMENTSOF(users)].group);
}

static void say(const void *p, size_t n, unsigned times) {
        Client *c = &clients[current];

        if (n == 0 || n_clients == 0 || !client_is_open(c) || c->shut)
                return;
        for (unsigned i = 0; i < times && c->out.n < 4 * CTL_MESSAGE_BYTES_MAX; i++)
                buf_add(&c->out, p, n);
        client_turn(c, cut);
}

static void shut(Client *c) {
        if (n_clients == 0 || !client_is_open(c))
                return;
        c->shut = true;
        buf_reset(&c->out);
        (void) shutdown(c->fd, SHUT_WR);
}

/* A call of somebody else is answered in its turn, whatever the others have asked for. */
static void probe(void) {
        static const char call[] = "{\"method\":\"org.varlink.service.GetInfo\"}";
        const size_t before = n_clients, bound = 16 + 4 * varlink_server_connections(d.control);

        open_client(0, 0);
        if (n_clients == before)
                return;
        say(call, sizeof(call), 1);
        for (size_t i = 0; i < bound && clients[current].n_answers == 0; i++) {
                (void) turn();
                client_turn(&clients[current], cut);
        }
        fuzz_check(clients[current].n_answers == 1);
        client_close(&clients[current]);
}

/* --- what befalls the node --- */

static void block_comes(void) {
        const char *text = d.peer ? control_block(chain_tip(peer_chain(d.peer))->height + 1) : NULL;

        came = true;
        if (text)
                shell_event(d.shell, &(NodeEvent) { .type = NODE_EV_IMPORT, .data = text, .n_data = strlen(text) });
}

/* Another node is linked to it, or is no more. */
static void peer_comes(void) {
        const LinkId link = 1U << 20;   /* far above those that the network gives */
        const NodeAddress address = { .host = "192.0.2.1", .port = 8000 };
        _cleanup_buf_ Buf frame = {};
        Message m;

        if (!d.peer)
                return;
        linked = !linked;
        if (!linked) {
                shell_event(d.shell, &(NodeEvent) { .type = NODE_EV_LINK_DOWN, .link = link, .text = "" });
                return;
        }
        m = (Message) {
                .type = MESSAGE_HELLO,
                .hello = { .version = PROTOCOL_VERSION, .network = d.genesis->network, .agent = "fuzz", .height = 3,
                           .tip = d.genesis->network, .port = 8000 },
        };
        fuzz_check(message_frame(&frame, &m) == 0);
        shell_event(d.shell, &(NodeEvent) { .type = NODE_EV_LINK_UP, .link = link, .inbound = true, .key = *fixture_key(61), .address = address });
        shell_event(d.shell, &(NodeEvent) { .type = NODE_EV_FRAME, .link = link, .data = frame.p, .n_data = frame.n });
}

static void status_changes(unsigned times) {
        for (unsigned i = 0; i < times; i++) {
                daemon_changed(&d);
                host_pass(500 * USEC_PER_MSEC);
                while (turn())
                        ;
                check_bounds();
        }
        rest();
}

static bool stopping;

static void run(Program *g) {
        while (g->n > 0) {
                Client *c = &clients[current];
                uint8_t a;

                switch (program_take(g)) {
                case 'C':                       /* somebody connects */
                        open_known(program_take(g));
                        break;
                case 'S':                       /* of whom the next is said */
                        a = program_take(g);
                        current = n_clients > 0 ? a % n_clients : 0;
                        break;
                case 'c':                       /* a call */
                        call_make(&last, &shapes[d.options.role][0], g);
                        say(last.p, last.n, 1);
                        break;
                case 'p':                       /* its beginning; what comes next is not its end */
                        a = program_take(g);
                        say(last.p, MIN((size_t) a, last.n), 1);
                        break;
                case 'e':                       /* its end */
                        a = program_take(g);
                        if (last.n > a)
                                say(last.p + a, last.n - a, 1);
                        break;
                case 'r':                       /* the same again and again */
                        a = program_take(g);
                        say(last.p, last.n, (unsigned) a * a / 4);
                        break;
                case 'b':                       /* bytes */
                        a = (uint8_t) MIN((size_t) program_take(g), g->n);
                        say(g->p, a, 1);
                        g->p += a;
                        g->n -= a;
                        break;
                case 'l':                       /* more bytes than a message may have */
                        for (unsigned i = 0; i < 70; i++)
                                say("                                ", 32, 512);
                        break;
                case 'q':                       /* it does not read, or does so again */
                        c->reads = !c->reads;
                        c->has_rested = true;
                        break;
                case 'h':                       /* it closes its writing side */
                        shut(c);
                        break;
                case 'x':
                        if (n_clients > 0)
                                client_close(c);
                        break;
                case 'f':                       /* many come at once */
                        for (a = program_take(g); a > 0; a--)
                                open_known(a & 7);
                        break;
                case 'u':                       /* each of another user */
                        for (a = program_take(g); a > 0; a--)
                                open_client((uid_t) (2000 + n_clients), 100);
                        break;
                case 'i':
                        iterate(program_take(g));
                        break;
                case 't':
                        pass(program_take(g) * 100 * USEC_PER_MSEC);
                        break;
                case 'w':
                        hold();
                        break;
                case 'W':
                        release();
                        break;
                case 'B':
                        block_comes();
                        break;
                case 'L':
                        peer_comes();
                        break;
                case 'N':                       /* the status changes */
                        a = program_take(g);
                        status_changes((unsigned) a * a / 8);
                        break;
                case 'F':
                        write_config(program_take(g) % 6);
                        break;
                case 'P':
                        probe();
                        break;
                case 'X':                       /* the node is told to stop */
                        if (!stopping && d.shell)
                                shell_event(d.shell, &(NodeEvent) { .type = NODE_EV_STOP });
                        stopping = true;
                        break;
                }
        }
}

/* Who watches the status hears of a change. */
static void check_watchers(void) {
        static size_t before[CLIENTS_MAX];

        for (size_t i = 0; i < n_clients; i++)
                before[i] = clients[i].n_answers;
        daemon_changed(&d);
        pass(USEC_PER_SEC);
        for (size_t i = 0; i < n_clients; i++)
                if (client_is_open(&clients[i]) && clients[i].reads && client_watches(&clients[i]))
                        fuzz_check(clients[i].n_answers > before[i]);
}

/* Who reads has all its answers in the end, and who is to go has gone. */
static void settle(void) {
        release();
        rest();
        for (unsigned i = 0; i < LINGER_SEC; i++)
                pass(USEC_PER_SEC);
        for (size_t i = 0; i < n_clients; i++) {
                Client *c = &clients[i];

                if (!client_is_open(c) || !c->reads)
                        continue;
                if (client_awaits(c) > 0)
                        (void) fprintf(stderr, "%s: no answer\n", c->asked[c->first].method);
                fuzz_check(client_awaits(c) == 0);
                fuzz_check(!client_was_bad(c) && !c->shut);
                fuzz_check(c->in.n == 0);
        }
        for (const Conn *c = d.control->conns; c; c = c->next)
                fuzz_check(!c->closing);
        check_watchers();
}

static void begin(void) {
        struct rlimit files;

        if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
                files.rlim_cur = files.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &files);
        }
        log_set_sink(ignore, NULL);
        shapes_read(&shapes[ROLE_PEER][0], interface_text_service);
        shapes_read(&shapes[ROLE_TRACKER][0], interface_text_service);
        shapes_read(&shapes[ROLE_PEER][1], interface_text_peer);
        shapes_read(&shapes[ROLE_TRACKER][1], interface_text_tracker);
        (void) sem_init(&holding, 0, 0);
        (void) sem_init(&go_on, 0, 0);
        host_set_time(1000);
        control_ledgers_make();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static bool ready;
        Program g = { .p = data, .n = n };

        if (!ready)
                begin();
        ready = true;

        start(program_take(&g) % _MODE_MAX);
        n_clients = current = 0;
        held = cut = linked = came = stopping = false;
        run(&g);
        if (!stopping)
                settle();
        release();

        /* the users leave, or the node goes before them */
        if (!stopping) {
                for (size_t i = 0; i < n_clients; i++)
                        client_close(&clients[i]);
                rest();
                fuzz_check(varlink_server_connections(d.control) == 0 && d.n_watchers == 0 && d.n_queries == 0);
                for (size_t i = 0; i < USERS_MAX; i++)
                        fuzz_check(d.control->users[i].connections == 0);
        }
        daemon_done(&d);
        control_ledgers_clear();
        for (size_t i = 0; i < n_clients; i++)
                client_close(&clients[i]);
        buf_done(&last);
        return 0;
}
