/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "consensus/pow.h"
#include "voted/miner.h"

#define BATCH 4096                      /* tries between two looks at whether the work has changed: about a millisecond */
#define THREADS_MAX 256

struct Miner {
        sd_event_source *source;
        int fd;                         /* eventfd: somebody found one */
        void (*fn)(void *userdata, const Id *block, uint64_t nonce);
        void *userdata;
        pthread_t threads[THREADS_MAX];
        unsigned n_threads;
        bool idle_priority;

        pthread_mutex_t lock;           /* below: shared with the threads */
        pthread_cond_t changed;
        bool stop, working, found;
        unsigned generation;            /* of the work */
        Id block;
        uint64_t difficulty, next_nonce, found_nonce;
        uint64_t tries, worked_usec, started_usec;
};

/* Takes the next batch of nonces; waits for work. false: stop. */
static bool take_batch(Miner *m, Id *ret_block, uint64_t *ret_difficulty, uint64_t *ret_nonce, unsigned *ret_generation) {
        bool go;

        (void) pthread_mutex_lock(&m->lock);
        while (!m->stop && !m->working)
                (void) pthread_cond_wait(&m->changed, &m->lock);
        go = !m->stop;
        *ret_block = m->block;
        *ret_difficulty = m->difficulty;
        *ret_nonce = m->next_nonce;
        *ret_generation = m->generation;
        m->next_nonce += BATCH;
        m->tries += BATCH;
        (void) pthread_mutex_unlock(&m->lock);
        return go;
}

static void work_ends(Miner *m) {
        if (m->working)
                m->worked_usec += now_usec() - m->started_usec;
        m->working = false;
}

static void hand_in(Miner *m, unsigned generation, uint64_t nonce) {
        uint64_t one = 1;

        (void) pthread_mutex_lock(&m->lock);
        if (m->working && m->generation == generation) {
                work_ends(m);
                m->found = true;
                m->found_nonce = nonce;
                (void) !write(m->fd, &one, sizeof(one));
        }
        (void) pthread_mutex_unlock(&m->lock);
}

static void* miner_thread(void *userdata) {
        Miner *m = userdata;
        uint64_t difficulty, nonce, found;
        unsigned generation;
        Id block;

        while (take_batch(m, &block, &difficulty, &nonce, &generation))
                if (pow_try(&block, nonce, BATCH, difficulty, &found))
                        hand_in(m, generation, found);
        return NULL;
}

static int on_found(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Miner *m = ASSERT_PTR(userdata);
        uint64_t count, nonce;
        bool found;
        Id block;

        (void) !read(fd, &count, sizeof(count));
        (void) pthread_mutex_lock(&m->lock);
        found = m->found;
        block = m->block;
        nonce = m->found_nonce;
        m->found = false;
        (void) pthread_mutex_unlock(&m->lock);

        if (found)
                m->fn(m->userdata, &block, nonce);
        return 0;
}

/* Mining gives way to everything else. The service's system call filter refuses the call: then at normal priority. */
static bool thread_idle(pthread_t t) {
        return pthread_setschedparam(t, SCHED_IDLE, &(struct sched_param) {}) == 0;
}

int miner_new(Miner **ret, sd_event *event, unsigned threads, void (*fn)(void *userdata, const Id *block, uint64_t nonce), void *userdata) {
        _cleanup_(miner_freep) Miner *m = NULL;
        int r;

        if (threads == 0)
                threads = (unsigned) CLAMP(sysconf(_SC_NPROCESSORS_ONLN), 1L, (long) THREADS_MAX);
        m = new0(Miner, 1);
        if (!m)
                return -ENOMEM;
        *m = (Miner) { .fn = fn, .userdata = userdata, .fd = -1, .idle_priority = true };
        (void) pthread_mutex_init(&m->lock, NULL);
        (void) pthread_cond_init(&m->changed, NULL);

        m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (m->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &m->source, m->fd, EPOLLIN, on_found, m);
        if (r < 0)
                return r;

        while (m->n_threads < threads) {
                r = pthread_create(&m->threads[m->n_threads], NULL, miner_thread, m);
                if (r != 0)
                        return -r;
                m->idle_priority &= thread_idle(m->threads[m->n_threads]);
                m->n_threads++;
        }
        if (!m->idle_priority)
                log_info("Mining at normal priority: SCHED_IDLE is not permitted here (voted(8) shows the drop-in that permits it).");

        *ret = TAKE_PTR(m);
        return 0;
}

Miner* miner_free(Miner *m) {
        if (!m)
                return NULL;

        (void) pthread_mutex_lock(&m->lock);
        m->stop = true;
        (void) pthread_cond_broadcast(&m->changed);
        (void) pthread_mutex_unlock(&m->lock);
        for (unsigned i = 0; i < m->n_threads; i++)
                (void) pthread_join(m->threads[i], NULL);

        m->source = sd_event_source_disable_unref(m->source);
        if (m->fd >= 0)
                (void) close(m->fd);
        (void) pthread_cond_destroy(&m->changed);
        (void) pthread_mutex_destroy(&m->lock);
        free(m);
        return NULL;
}

void miner_work(Miner *m, const Id *block, uint64_t difficulty) {
        (void) pthread_mutex_lock(&m->lock);
        if (!m->working)
                m->started_usec = now_usec();
        m->working = true;
        m->found = false;
        m->generation++;
        m->block = *block;
        m->difficulty = difficulty;
        m->next_nonce = 0;
        (void) pthread_cond_broadcast(&m->changed);
        (void) pthread_mutex_unlock(&m->lock);
}

void miner_rest(Miner *m) {
        (void) pthread_mutex_lock(&m->lock);
        work_ends(m);
        m->found = false;
        (void) pthread_mutex_unlock(&m->lock);
}

uint64_t miner_rate(const Miner *m) {
        Miner *lockable = (Miner *) m;
        uint64_t usec, tries;

        (void) pthread_mutex_lock(&lockable->lock);
        usec = m->worked_usec + (m->working ? now_usec() - m->started_usec : 0);
        tries = m->tries;
        (void) pthread_mutex_unlock(&lockable->lock);
        return usec > 0 ? (uint64_t) ((__uint128_t) tries * USEC_PER_SEC / usec) : 0;
}

bool miner_is_idle_priority(const Miner *m) {
        return m->idle_priority;
}
