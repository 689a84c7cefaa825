/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "net/client.h"
#include "node/tracker.h"
#include "proto/message.h"
#include "voted/limits.h"
#include "voted/network.h"

/* DESIGN 15: a tracker with 10,000 registered links takes at most 16 KiB each, and one join reaches all of them within two
 * seconds. The tracker runs in a process of its own; this one holds the far ends.
 *
 *      bench-tracker [LINKS]           prints one line of JSON */

typedef struct Server {
        Tracker *tracker;
        Network *network;
        sd_event_source *timer;
} Server;

static _noreturn_ void die(const char *what, const char *why) {
        (void) fprintf(stderr, "bench-tracker: %s: %s\n", what, why);
        exit(EXIT_FAILURE);
}

/* --- the tracker's process --- */

static void feed(Server *s, const NodeEvent *ev) {
        NodeEffects effects = {};

        if (tracker_step(s->tracker, ev, &effects) < 0)
                die("tracker", "out of memory");
        for (size_t i = 0; i < effects.n; i++)
                if (!network_carry_out(s->network, effects.items + i) && effects.items[i].type == NODE_FX_WAKE) {
                        (void) sd_event_source_set_time(s->timer, effects.items[i].at_usec);
                        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
                }
        node_effects_done(&effects);
}

static void on_event(void *userdata, const NodeEvent *ev) {
        feed(userdata, ev);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        feed(userdata, &(NodeEvent) { .type = NODE_EV_TICK, .now_usec = now_usec() });
        return 0;
}

static _noreturn_ void serve(int fd, unsigned links) {
        NetHostSettings settings = { .inbound_max = links + 10, .per_address_max = links + 10, .per_net_max = links + 10 };
        TrackerConfig config = { .ttl_sec = TRACKER_TTL_MAX, .links_max = links + 10 };
        SecretKey *key;
        sd_event *loop;
        Server s = {};
        uint16_t port;
        Why why = {};

        if (sd_event_new(&loop) < 0 || secret_key_generate(&key) < 0 || tracker_new(&s.tracker, &config, 1) < 0 ||
            network_new(&s.network, loop, key, &settings, on_event, &s) < 0 ||
            sd_event_add_time(loop, &s.timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_timer, &s) < 0)
                die("tracker", "cannot be set up");
        if (net_host_listen(network_host(s.network), "127.0.0.1", 0, &port, &why) < 0)
                die("tracker", why.text);
        if (write(fd, &port, sizeof(port)) != sizeof(port))
                die("tracker", "cannot tell its port");
        (void) sd_event_loop(loop);
        exit(EXIT_SUCCESS);
}

/* Resident memory of a process, in bytes. */
static uint64_t resident(pid_t pid) {
        unsigned long size, pages;
        char path[64];
        FILE *f;
        int n;

        (void) snprintf(path, sizeof(path), "/proc/%d/statm", pid);
        f = fopen(path, "re");
        if (!f)
                die(path, "cannot be read");
        n = fscanf(f, "%lu %lu", &size, &pages);
        (void) fclose(f);
        if (n != 2)
                die(path, "not understood");
        return (uint64_t) pages * (uint64_t) sysconf(_SC_PAGESIZE);
}

/* --- the far ends --- */

typedef struct End {
        NetClient *client;
        uint64_t version;       /* of the list, as it was told */
} End;

static void hear(End *e, const char *p, size_t n) {
        _cleanup_message_ Message m = {};
        Why why = {};

        if (message_parse(&m, MESSAGE_FROM_TRACKER, p, n, &why) != 0)
                die("a message of the tracker", why.text);
        if (m.type == MESSAGE_ERROR)
                die("the tracker", m.error.text);
        if (m.type == MESSAGE_REGISTERED)
                e->version = m.lease.version;
        if (m.type == MESSAGE_PEER_LIST_UPDATE)
                e->version = m.peers.version;
}

static void drain(int epoll, int timeout_msec) {
        struct epoll_event events[256];
        Why why = {};
        const char *p;
        size_t n;
        int k, r;

        while ((k = epoll_wait(epoll, events, ELEMENTSOF(events), timeout_msec)) > 0) {
                for (int i = 0; i < k; i++) {
                        End *e = events[i].data.ptr;

                        while ((r = net_client_receive(e->client, &p, &n, 0, &why)) == 0)
                                hear(e, p, n);
                        if (r != -ETIMEDOUT)
                                die("a link", why.text);
                }
                timeout_msec = 0;
        }
}

static void join(End *e, uint16_t port, int epoll) {
        Message m = { .type = MESSAGE_REGISTER, .has_id = true, .id = 1 };
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };
        NetEndpoint endpoint = { .host = "127.0.0.1", .port = port };
        _cleanup_buf_ Buf frame = {};
        SecretKey *key;
        Why why = {};

        if (secret_key_generate(&key) < 0)
                die("a key", "out of memory");
        if (net_client_connect(&e->client, &endpoint, key, TRACKER_FRAME_BYTES_MAX, 30 * USEC_PER_SEC, &why) != 0)
                die("a link", why.text);
        (void) secret_key_free(key);

        m.enrol.network.b[0] = 1;
        m.enrol.port = 8001;
        if (message_frame(&frame, &m) < 0 || net_client_send(e->client, frame.p, frame.n, 30 * USEC_PER_SEC, &why) != 0)
                die("a link", why.text);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, net_client_fd(e->client), &event) < 0)
                die("epoll", strerror(errno));
}

static unsigned told(const End *ends, unsigned n, uint64_t version) {
        unsigned count = 0;

        for (unsigned i = 0; i < n; i++)
                count += ends[i].version >= version;
        return count;
}

static void wait_for_all(int epoll, const End *ends, unsigned n, uint64_t version) {
        uint64_t end = now_usec() + 60 * USEC_PER_SEC;

        while (told(ends, n, version) < n) {
                drain(epoll, 20);
                if (now_usec() > end)
                        die("an update", "has not reached all within a minute");
        }
}

int main(int argc, char **argv) {
        unsigned links = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 10000;
        struct rlimit files;
        uint64_t before, after, begun, joined, reached;
        uint16_t port;
        int fds[2], epoll;
        End *ends;
        pid_t pid;

        if (crypto_init(NULL) < 0)
                die("libsodium", "not usable");
        if (getrlimit(RLIMIT_NOFILE, &files) < 0)
                die("files", strerror(errno));
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
        if (links == 0 || files.rlim_cur < links + 100)
                die("LINKS", "expected a number that the limit of open files allows for");

        if (pipe(fds) < 0)
                die("pipe", strerror(errno));
        pid = fork();
        if (pid < 0)
                die("fork", strerror(errno));
        if (pid == 0)
                serve(fds[1], links);
        if (read(fds[0], &port, sizeof(port)) != sizeof(port))
                die("tracker", "does not start");

        epoll = epoll_create1(EPOLL_CLOEXEC);
        ends = new0(End, links + 1);
        if (epoll < 0 || !ends)
                die("memory", "none left");

        before = resident(pid);
        begun = now_usec();
        for (unsigned i = 0; i < links; i++) {
                join(ends + i, port, epoll);
                if (i % 64 == 63)
                        drain(epoll, 0);
        }
        wait_for_all(epoll, ends, links, links);
        joined = now_usec() - begun;
        after = resident(pid);

        begun = now_usec();
        join(ends + links, port, epoll);
        wait_for_all(epoll, ends, links + 1, links + 1);
        reached = now_usec() - begun;

        (void) kill(pid, SIGTERM);
        (void) waitpid(pid, NULL, 0);
        (void) printf("{\"bench\":\"tracker\",\"links\":%u,\"bytes_per_link\":%llu,\"bound_bytes_per_link\":16384,"
                        "\"join_reaches_all_ms\":%llu,\"bound_ms\":2000,\"links_per_sec\":%llu}\n", links,
                        (unsigned long long) ((after - before) / links), (unsigned long long) (reached / USEC_PER_MSEC),
                        (unsigned long long) (links * USEC_PER_SEC / joined));
        for (unsigned i = 0; i <= links; i++)
                (void) net_client_free(ends[i].client);
        free(ends);
        return (after - before) / links <= 16384 && reached <= 2 * USEC_PER_SEC ? EXIT_SUCCESS : EXIT_FAILURE;
}
