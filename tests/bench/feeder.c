/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Votes for bench, over a link as votectl --peer makes one: it costs little beside what it measures.
 *
 *   feeder send HOST:PORT GENESIS COUNT SOCKET...   vote lines from standard input to a peer; ends when the ledgers of the
 *                                                   peers at these control sockets hold COUNT ballots each, under `quorum`
 *                                                   final ones
 *   feeder wait COUNT SOCKET...                     that end alone; a socket that is not there yet is waited for
 *   feeder pace RATE HOST:PORT GENESIS              vote lines from standard input to a peer, so many a second, until they end
 *
 * The first two print the seconds that it took, from the first word to the peer on. */
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "ctl/varlink-client.h"
#include "net/client.h"
#include "proto/message.h"
#include "voted/limits.h"

#define MESSAGE_BYTES   (128U << 10)    /* of lines in one message */
#define AHEAD_MAX       60000U          /* votes that may be on their way: the pool holds some more */
#define STALL_USEC      (120 * USEC_PER_SEC)
#define LINK_USEC       (60 * USEC_PER_SEC)
#define ASK_USEC        (20 * USEC_PER_MSEC)
#define PACE_USEC       (10 * USEC_PER_MSEC)
#define PEERS_MAX       16U

typedef struct Peers {
        VarlinkClient *clients[PEERS_MAX];
        char **sockets;
        unsigned n;
} Peers;

static _noreturn_ void die(const char *what, const char *why) {
        (void) fprintf(stderr, "feeder: %s: %s\n", what, why);
        exit(EXIT_FAILURE);
}

static void rest(uint64_t usec) {
        struct timespec t = { .tv_sec = (time_t) (usec / USEC_PER_SEC), .tv_nsec = (long) (usec % USEC_PER_SEC) * 1000 };

        (void) nanosleep(&t, NULL);
}

/* --- what the ledgers hold --- */

static bool peer_connect(Peers *p, unsigned i) {
        if (!p->clients[i] && varlink_client_connect(&p->clients[i], p->sockets[i], NULL) < 0)
                p->clients[i] = NULL;
        return p->clients[i] != NULL;
}

/* Ballots of all elections together in the ledger of the i-th peer. */
static uint64_t count_ballots(Peers *p, unsigned i) {
        _cleanup_json_ Json *reply = NULL;
        const Json *list;
        uint64_t sum = 0;
        Why why = {};

        if (varlink_call(p->clients[i], "org.voted.Peer.GetElections", NULL, &reply, NULL, &why) != 0 ||
            json_get_array(reply, "elections", 0, SIZE_MAX, &list, &why) != 0)
                die(p->sockets[i], why.text);
        for (size_t k = 0; k < json_len(list); k++) {
                int64_t n;

                if (json_get_int(json_at(list, k), "ballots", 0, INT64_MAX, &n, &why) != 0)
                        die(p->sockets[i], why.text);
                sum += (uint64_t) n;
        }
        return sum;
}

/* Whether the tip of the i-th peer is as final as its engine makes a tip: under `pow` it is some blocks ahead, always. */
static bool tip_is_final(Peers *p, unsigned i) {
        _cleanup_json_ Json *reply = NULL;
        int64_t height, final, confirmations;
        Why why = {};

        if (varlink_call(p->clients[i], "org.voted.Peer.GetStatus", NULL, &reply, NULL, &why) != 0 ||
            json_get_int(reply, "height", 0, INT64_MAX, &height, &why) != 0 ||
            json_get_int(reply, "final", 0, INT64_MAX, &final, &why) != 0 ||
            json_get_int(reply, "confirmations", 0, UINT32_MAX, &confirmations, &why) != 0)
                die(p->sockets[i], why.text);
        return final + confirmations >= height;
}

static void wait_for_all(Peers *p, uint64_t count) {
        uint64_t moved_usec = now_usec(), last[PEERS_MAX] = {};

        for (unsigned i = 0; i < p->n;) {
                uint64_t now = peer_connect(p, i) ? count_ballots(p, i) : 0;

                if (now >= count && tip_is_final(p, i)) {
                        i++;
                        continue;
                }
                if (now != last[i])
                        moved_usec = now_usec();
                last[i] = now;
                if (now_usec() - moved_usec > STALL_USEC)
                        die(p->sockets[i], "nothing new in its ledger for two minutes");
                rest(ASK_USEC);
        }
}

/* --- votes --- */

static void send_message(NetClient *c, const Message *m) {
        _cleanup_buf_ Buf frame = {};
        Why why = {};

        if (message_frame(&frame, m) < 0)
                die("a message", "out of memory");
        if (net_client_send(c, frame.p, frame.n, LINK_USEC, &why) != 0)
                die("the link", why.text);
}

/* What the peer says is looked at now and then, so that it does not wait for us. */
static void hear(NetClient *c, uint64_t timeout_usec, MessageType awaited) {
        const char *frame;
        Why why = {};
        size_t n;
        int r;

        while ((r = net_client_receive(c, &frame, &n, timeout_usec, &why)) == 0) {
                _cleanup_message_ Message m = {};

                if (message_parse(&m, awaited == MESSAGE_HELLO ? MESSAGE_FROM_STRANGER : MESSAGE_FROM_PEER, frame, n, &why) != 0)
                        die("a message of the peer", why.text);
                if (m.type == MESSAGE_ERROR)
                        die("the peer", m.error.text);
                if (m.type == awaited)
                        return;
        }
        if (r != -ETIMEDOUT || awaited != MESSAGE_NONE)
                die("the link", why.text[0] ? why.text : "no answer");
}

static NetClient* dial(const char *address, const char *genesis) {
        Message hello = { .type = MESSAGE_HELLO, .hello = { .version = PROTOCOL_VERSION, .agent = "bench" } };
        _cleanup_buf_ Buf text = {};
        NetEndpoint endpoint;
        NetClient *c = NULL;
        SecretKey *key;
        Why why = {};

        if (read_file(genesis, GENESIS_BYTES_MAX, &text) < 0 || text.n == 0)
                die(genesis, "cannot be read");
        hash_bytes(&hello.hello.network, text.p, text.n - (text.p[text.n - 1] == '\n'));
        hello.hello.tip = hello.hello.network;

        if (net_endpoint_parse(&endpoint, address, 0, &why) != 0)
                die(address, why.text);
        if (secret_key_generate(&key) < 0)
                die("a key", "out of memory");
        if (net_client_connect(&c, &endpoint, key, BLOCK_BYTES_MAX + FRAME_EXTRA_BYTES, LINK_USEC, &why) != 0)
                die(address, why.text);
        (void) secret_key_free(key);
        send_message(c, &hello);
        hear(c, LINK_USEC, MESSAGE_HELLO);
        return c;
}

/* Keeps so many votes on their way that the peer is never without, and never has more than its pool takes. */
static void pace(Peers *p, NetClient *c, uint64_t before, uint64_t sent) {
        uint64_t moved_usec = now_usec(), last = 0;

        for (;;) {
                uint64_t arrived = count_ballots(p, 0) - before;

                hear(c, 0, MESSAGE_NONE);
                if (sent - MIN(arrived, sent) < AHEAD_MAX)
                        return;
                if (arrived != last)
                        moved_usec = now_usec();
                last = arrived;
                if (now_usec() - moved_usec > STALL_USEC)
                        die("the peer", "takes no votes into blocks any more");
                rest(ASK_USEC);
        }
}

static void add_line(Buf *lines, const char *line, size_t n) {
        if (lines->n > 0)
                buf_add_char(lines, '\n');
        buf_add(lines, line, n - (line[n - 1] == '\n'));
}

static void send_votes(Peers *p, NetClient *c) {
        uint64_t before = count_ballots(p, 0), sent = 0, paced = 0;
        _cleanup_buf_ Buf lines = {};
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n;

        do {
                n = getline(&line, &room, stdin);
                if (lines.n > 0 && (n <= 0 || lines.n + (size_t) n > MESSAGE_BYTES)) {
                        send_message(c, &(Message) { .type = MESSAGE_NEW_VOTE, .lines = lines.p, .n_lines_bytes = lines.n });
                        buf_reset(&lines);
                        if (sent - paced > AHEAD_MAX / 8) {
                                pace(p, c, before, sent);
                                paced = sent;
                        }
                }
                if (n > 0) {
                        add_line(&lines, line, (size_t) n);
                        sent++;
                }
        } while (n > 0);
        if (buf_error(&lines) < 0)
                die("lines", "out of memory");
        hear(c, 0, MESSAGE_NONE);
}

/* A message each PACE_USEC with the votes that are due by then. */
static void pace_votes(NetClient *c, uint64_t rate) {
        uint64_t began = now_usec(), sent = 0;
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n = 1;

        while (n > 0) {
                uint64_t due = (now_usec() - began) * rate / USEC_PER_SEC;
                _cleanup_buf_ Buf lines = {};

                for (; sent < due && lines.n < MESSAGE_BYTES && (n = getline(&line, &room, stdin)) > 0; sent++)
                        add_line(&lines, line, (size_t) n);
                if (buf_error(&lines) < 0)
                        die("lines", "out of memory");
                if (lines.n > 0)
                        send_message(c, &(Message) { .type = MESSAGE_NEW_VOTE, .lines = lines.p, .n_lines_bytes = lines.n });
                hear(c, 0, MESSAGE_NONE);
                rest(PACE_USEC);
        }
}

int main(int argc, char *argv[]) {
        bool send = argc >= 6 && streq(argv[1], "send");
        int first = send ? 5 : 3;
        Peers p = { .sockets = argv + first, .n = (unsigned) MAX(argc - first, 0) };
        NetClient *c = NULL;
        uint64_t count, began;
        Why why = {};

        if (crypto_init(&why) < 0)
                die("crypto", why.text);
        if (argc == 5 && streq(argv[1], "pace")) {
                c = dial(argv[3], argv[4]);
                pace_votes(c, strtoull(argv[2], NULL, 10));
                (void) net_client_free(c);
                return EXIT_SUCCESS;
        }
        if (p.n == 0 || p.n > PEERS_MAX || (!send && !streq(argv[1], "wait")))
                die("usage", "feeder send HOST:PORT GENESIS COUNT SOCKET... | wait COUNT SOCKET... | pace RATE HOST:PORT GENESIS");
        count = strtoull(argv[first - 1], NULL, 10);

        if (send) {
                for (unsigned i = 0; i < p.n; i++)
                        if (!peer_connect(&p, i))
                                die(p.sockets[i], "cannot be connected to");
                c = dial(argv[2], argv[3]);
        }
        began = now_usec();
        if (send)
                send_votes(&p, c);
        wait_for_all(&p, count);
        (void) printf("%.3f\n", (double) (now_usec() - began) / (double) USEC_PER_SEC);

        (void) net_client_free(c);
        for (unsigned i = 0; i < p.n; i++)
                (void) varlink_client_free(p.clients[i]);
        return EXIT_SUCCESS;
}
