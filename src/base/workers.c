/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/workers.h"

#define THREADS_MAX 256U
#define PASSED_MAX 16U                  /* jobs that pass one which may wait */

typedef struct Job {
        WorkersFunc run, done;
        void *data;
        struct Job *next;
} Job;

typedef struct JobList {
        Job *first, **last;             /* last: where the next one is hung in; NULL in an all-zero list */
} JobList;

typedef struct Range {                  /* a workers_for() that runs */
        WorkersRangeFunc fn;
        void *data;
        size_t n, chunk, next;
        unsigned busy;                  /* threads within fn */
} Range;

struct Workers {
        int fd;
        unsigned n_threads;
        unsigned pending;               /* the owner's */

        pthread_mutex_t lock;           /* below: shared */
        pthread_cond_t work;            /* there is something to do, or stop */
        pthread_cond_t finished;        /* a job was run, or a piece of a range */
        JobList waiting, later, ready;
        unsigned passed;                /* how many from waiting have passed the first from later */
        Range *range;
        bool stop;

        pthread_t threads[];
};

static void list_push(JobList *l, Job *j) {
        j->next = NULL;
        if (!l->first)
                l->last = &l->first;
        *l->last = j;
        l->last = &j->next;
}

static Job* list_pop(JobList *l) {
        Job *j = l->first;

        if (j)
                l->first = j->next;
        return j;
}

static void list_free(JobList *l) {
        Job *j;

        while ((j = list_pop(l)))
                free(j);
}

/* Runs one piece of the range, if there is one left; called and left with the lock held. */
static bool run_piece(Workers *w) {
        Range *range = w->range;
        size_t begin, end;

        if (!range || range->next >= range->n)
                return false;

        begin = range->next;
        end = range->n - begin > range->chunk ? begin + range->chunk : range->n;
        range->next = end;
        range->busy++;

        (void) pthread_mutex_unlock(&w->lock);
        range->fn(begin, end, range->data);
        (void) pthread_mutex_lock(&w->lock);

        if (--range->busy == 0 && range->next >= range->n)
                (void) pthread_cond_broadcast(&w->finished);
        return true;
}

static void tell_owner(Workers *w) {
        uint64_t one = 1;

        (void) !write(w->fd, &one, sizeof(one));        /* fails only when the counter is full: then it is readable */
}

static void run_job(Workers *w, Job *j) {
        bool first;

        (void) pthread_mutex_unlock(&w->lock);
        j->run(j->data);
        (void) pthread_mutex_lock(&w->lock);

        first = !w->ready.first;
        list_push(&w->ready, j);
        if (first)                      /* the owner takes all that is there: one word of it is enough */
                tell_owner(w);
        (void) pthread_cond_broadcast(&w->finished);
}

static Job* next_job(Workers *w) {
        if (w->later.first && (!w->waiting.first || w->passed >= PASSED_MAX)) {
                w->passed = 0;
                return list_pop(&w->later);
        }
        w->passed += w->later.first != NULL;
        return list_pop(&w->waiting);
}

static void* thread_main(void *userdata) {
        Workers *w = userdata;

        (void) pthread_mutex_lock(&w->lock);
        while (!w->stop) {
                Job *j;

                if (run_piece(w))
                        continue;
                j = next_job(w);
                if (j)
                        run_job(w, j);
                else
                        (void) pthread_cond_wait(&w->work, &w->lock);
        }
        (void) pthread_mutex_unlock(&w->lock);
        return NULL;
}

static unsigned count_cores(void) {
        cpu_set_t set;

        /* of a machine with more cores than a cpu_set_t has bits, the system call says nothing */
        if (sched_getaffinity(0, sizeof(set), &set) < 0)
                return (unsigned) CLAMP(sysconf(_SC_NPROCESSORS_ONLN), 1L, (long) THREADS_MAX);
        return (unsigned) CLAMP(CPU_COUNT(&set), 1, (int) THREADS_MAX);
}

static int start_threads(Workers *w, unsigned n) {
        sigset_t all, before;
        int r = 0;

        /* signals are the owner's */
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        while (w->n_threads < n && r == 0) {
                r = -pthread_create(&w->threads[w->n_threads], NULL, thread_main, w);
                if (r == 0)
                        w->n_threads++;
        }
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}

int workers_new(Workers **ret, unsigned n_threads) {
        _cleanup_(workers_freep) Workers *w = NULL;
        int r;

        n_threads = n_threads == 0 ? count_cores() : MIN(n_threads, THREADS_MAX);
        w = calloc(1, sizeof(Workers) + n_threads * sizeof(pthread_t));
        if (!w)
                return -ENOMEM;
        (void) pthread_mutex_init(&w->lock, NULL);      /* cannot fail without attributes */
        (void) pthread_cond_init(&w->work, NULL);
        (void) pthread_cond_init(&w->finished, NULL);

        w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->fd < 0)
                return -errno;
        r = start_threads(w, n_threads);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(w);
        return 0;
}

Workers* workers_free(Workers *w) {
        if (!w)
                return NULL;

        (void) pthread_mutex_lock(&w->lock);
        w->stop = true;
        (void) pthread_cond_broadcast(&w->work);
        (void) pthread_mutex_unlock(&w->lock);
        for (unsigned i = 0; i < w->n_threads; i++)
                (void) pthread_join(w->threads[i], NULL);

        list_free(&w->waiting);
        list_free(&w->later);
        list_free(&w->ready);
        (void) pthread_cond_destroy(&w->work);
        (void) pthread_cond_destroy(&w->finished);
        (void) pthread_mutex_destroy(&w->lock);
        if (w->fd >= 0)
                (void) close(w->fd);
        free(w);
        return NULL;
}

unsigned workers_count(const Workers *w) {
        return w->n_threads;
}

int workers_fd(const Workers *w) {
        return w->fd;
}

unsigned workers_pending(const Workers *w) {
        return w->pending;
}

static int submit(Workers *w, JobList *to, WorkersFunc run, WorkersFunc done, void *data) {
        Job *j;

        if (w->pending >= WORKERS_JOBS_MAX)
                return -EAGAIN;
        j = new0(Job, 1);
        if (!j)
                return -ENOMEM;
        *j = (Job) { .run = run, .done = done, .data = data };

        w->pending++;
        (void) pthread_mutex_lock(&w->lock);
        list_push(to, j);
        (void) pthread_cond_signal(&w->work);
        (void) pthread_mutex_unlock(&w->lock);
        return 0;
}

int workers_submit(Workers *w, WorkersFunc run, WorkersFunc done, void *data) {
        return submit(w, &w->waiting, run, done, data);
}

int workers_submit_later(Workers *w, WorkersFunc run, WorkersFunc done, void *data) {
        return submit(w, &w->later, run, done, data);
}

unsigned workers_collect(Workers *w, unsigned max) {
        unsigned n = 0;
        uint64_t count;

        (void) !read(w->fd, &count, sizeof(count));     /* EAGAIN: called without being told */
        if (max == 0)                   /* what done hands in is for the next turn */
                max = w->pending;

        for (;;) {
                bool more;
                Job *j;

                (void) pthread_mutex_lock(&w->lock);
                j = n < max ? list_pop(&w->ready) : NULL;
                more = w->ready.first != NULL;
                (void) pthread_mutex_unlock(&w->lock);
                if (!j) {
                        if (more)               /* for the next turn */
                                tell_owner(w);
                        return n;
                }

                w->pending--;
                n++;
                if (j->done)
                        j->done(j->data);
                free(j);
        }
}

void workers_wait(Workers *w, unsigned pending) {
        while (w->pending > pending) {
                (void) pthread_mutex_lock(&w->lock);
                while (!w->ready.first)
                        (void) pthread_cond_wait(&w->finished, &w->lock);
                (void) pthread_mutex_unlock(&w->lock);
                (void) workers_collect(w, 0);
        }
}

void workers_drain(Workers *w) {
        workers_wait(w, 0);
}

void workers_for(Workers *w, size_t n, size_t chunk, WorkersRangeFunc fn, void *data) {
        Range range = { .fn = fn, .data = data, .n = n, .chunk = MAX(chunk, (size_t) 1) };

        if (n == 0)
                return;
        if (!w || w->n_threads <= 1 || n <= range.chunk) {
                fn(0, n, data);
                return;
        }

        (void) pthread_mutex_lock(&w->lock);
        assert(!w->range);
        w->range = &range;
        (void) pthread_cond_broadcast(&w->work);

        while (run_piece(w))
                ;
        while (range.busy > 0)
                (void) pthread_cond_wait(&w->finished, &w->lock);

        w->range = NULL;
        (void) pthread_mutex_unlock(&w->lock);
}
