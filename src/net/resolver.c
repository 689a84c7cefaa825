/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "net/resolver.h"

/* What threads and loop share; it lives until the last of them lets go. */
typedef struct Shared {
        pthread_mutex_t lock;
        unsigned refs;          /* under lock, as all below */
        int wake_fd;
        Question *answered;
} Shared;

struct Question {
        Question *prev, *next;  /* in waiting, then running */
        Question *prev_answered, *next_answered;
        Resolver *resolver;     /* NULL: cancelled, nobody waits for the answer */
        Shared *shared;
        char host[256];
        uint16_t port;
        ResolverHandler on_answer;
        void *userdata;
        bool running;
        NetAddress addresses[RESOLVER_ADDRESSES_MAX];
        size_t n;
        int error;
        Why why;
};

struct Resolver {
        sd_event_source *source;
        Shared *shared;
        Question *waiting, *running;
        unsigned n_running;
};

static int error_of(int eai) {
        switch (eai) {

        case EAI_MEMORY:
                return -ENOMEM;

        case EAI_SYSTEM:
                return errno != 0 ? -errno : -EIO;

        default:
                return -EHOSTUNREACH;
        }
}

int resolve_now(const char *host, uint16_t port, NetAddress ret[static RESOLVER_ADDRESSES_MAX], size_t *ret_n, Why *why) {
        const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
        struct addrinfo *list = NULL;
        size_t n = 0;
        int r;

        if (net_address_from_text(ret, host, port) == 0) {
                *ret_n = 1;
                return 0;
        }

        r = getaddrinfo(host, NULL, &hints, &list);
        if (r != 0) {
                int error = error_of(r);

                return why_set(why, error, "host \"%s\" cannot be resolved: %s", host,
                                r == EAI_SYSTEM ? strerror(-error) : gai_strerror(r));
        }

        for (const struct addrinfo *a = list; a && n < RESOLVER_ADDRESSES_MAX; a = a->ai_next)
                if (net_address_from_sockaddr(ret + n, a->ai_addr, a->ai_addrlen) == 0)
                        ret[n++].port = port;
        freeaddrinfo(list);
        if (n == 0)
                return why_set(why, -EHOSTUNREACH, "host \"%s\" has no IP address", host);

        *ret_n = n;
        return 0;
}

static void shared_unref(Shared *s) {
        Question *q, *next;
        unsigned left;

        (void) pthread_mutex_lock(&s->lock);
        left = --s->refs;
        (void) pthread_mutex_unlock(&s->lock);
        if (left > 0)
                return;

        DL_FOREACH_SAFE2(s->answered, q, next, next_answered)
                free(q);                /* the resolver was gone before the answer came */
        (void) close(s->wake_fd);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
}

static void* question_thread(void *userdata) {
        const uint64_t one = 1;
        Question *q = userdata;
        Shared *s = q->shared;

        q->error = resolve_now(q->host, q->port, q->addresses, &q->n, &q->why);

        (void) pthread_mutex_lock(&s->lock);
        DL_APPEND2(s->answered, q, prev_answered, next_answered);
        (void) pthread_mutex_unlock(&s->lock);

        while (write(s->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
                ;
        shared_unref(s);
        return NULL;
}

/* No signal is for such a thread: the loop takes them by signalfd. */
static int start_thread(Question *q) {
        pthread_attr_t attr;
        sigset_t all, before;
        pthread_t thread;
        int r;

        r = pthread_attr_init(&attr);
        if (r != 0)
                return -r;

        (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&thread, &attr, question_thread, q);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void) pthread_attr_destroy(&attr);
        return -r;
}

/* Starts what waits, as many as may run. One that cannot be started is answered with the error. */
static void start_waiting(Resolver *r) {
        Question *q;
        int k;

        while ((q = r->waiting) && r->n_running < RESOLVER_THREADS_MAX) {
                DL_DELETE(r->waiting, q);
                DL_APPEND(r->running, q);
                q->running = true;
                r->n_running++;
                (void) pthread_mutex_lock(&r->shared->lock);
                r->shared->refs++;
                (void) pthread_mutex_unlock(&r->shared->lock);

                k = start_thread(q);
                if (k < 0) {
                        const uint64_t one = 1;

                        q->error = why_set(&q->why, k, "no thread to resolve \"%s\": %s", q->host, strerror(-k));
                        (void) pthread_mutex_lock(&r->shared->lock);
                        r->shared->refs--;
                        DL_APPEND2(r->shared->answered, q, prev_answered, next_answered);
                        (void) pthread_mutex_unlock(&r->shared->lock);
                        (void) !write(r->shared->wake_fd, &one, sizeof(one));
                }
        }
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Resolver *r = ASSERT_PTR(userdata);
        Question *q;
        uint64_t count;

        (void) !read(fd, &count, sizeof(count));

        (void) pthread_mutex_lock(&r->shared->lock);
        q = r->shared->answered;
        if (q)
                DL_DELETE2(r->shared->answered, q, prev_answered, next_answered);
        if (r->shared->answered) {      /* one a turn: a handler may free the resolver */
                const uint64_t one = 1;

                (void) !write(fd, &one, sizeof(one));
        }
        (void) pthread_mutex_unlock(&r->shared->lock);
        if (!q)
                return 0;

        DL_DELETE(r->running, q);
        r->n_running--;
        start_waiting(r);
        if (q->resolver)
                q->on_answer(q->userdata, q->addresses, q->n, q->error, q->why.text);
        free(q);
        return 0;
}

int resolver_new(Resolver **ret, sd_event *event) {
        _cleanup_(resolver_freep) Resolver *r = NULL;
        int k;

        r = new0(Resolver, 1);
        if (!r)
                return -ENOMEM;
        r->shared = new0(Shared, 1);
        if (!r->shared)
                return -ENOMEM;

        r->shared->refs = 1;
        (void) pthread_mutex_init(&r->shared->lock, NULL);
        r->shared->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (r->shared->wake_fd < 0)
                return -errno;

        k = sd_event_add_io(event, &r->source, r->shared->wake_fd, EPOLLIN, on_wake, r);
        if (k < 0)
                return k;

        *ret = TAKE_PTR(r);
        return 0;
}

Resolver* resolver_free(Resolver *r) {
        Question *q, *next;

        if (!r)
                return NULL;

        r->source = sd_event_source_disable_unref(r->source);
        DL_FOREACH_SAFE(r->waiting, q, next)
                free(q);
        DL_FOREACH(r->running, q)
                q->resolver = NULL;     /* its thread, or who ends last, frees it */
        if (r->shared)
                shared_unref(r->shared);
        free(r);
        return NULL;
}

int resolver_ask(Resolver *r, const char *host, uint16_t port, ResolverHandler on_answer, void *userdata, Question **ret) {
        Question *q;

        if (strlen(host) >= sizeof(q->host))
                return -EINVAL;

        q = new0(Question, 1);
        if (!q)
                return -ENOMEM;
        memcpy(q->host, host, strlen(host) + 1);
        q->port = port;
        q->resolver = r;
        q->shared = r->shared;
        q->on_answer = on_answer;
        q->userdata = userdata;
        DL_APPEND(r->waiting, q);
        *ret = q;

        start_waiting(r);
        return 0;
}

Question* question_cancel(Question *q) {
        if (!q)
                return NULL;

        if (q->running) {
                q->resolver = NULL;
                return NULL;
        }
        DL_DELETE(q->resolver->waiting, q);
        free(q);
        return NULL;
}
