/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <pthread.h>

#include "base/workers.h"

#include "../help.h"

typedef struct Task {
        Workers *w;
        pthread_t ran_on;
        unsigned run, done, again;
} Task;

static void task_run(void *data) {
        Task *t = data;

        t->ran_on = pthread_self();
        t->run++;
}

static void task_done(void *data) {
        Task *t = data;

        t->done++;
        if (t->again > 0) {
                t->again--;
                ck_assert_int_eq(workers_submit(t->w, task_run, task_done, t), 0);
        }
}

static void wait_readable(Workers *w) {
        struct pollfd p = { .fd = workers_fd(w), .events = POLLIN };

        ck_assert_int_eq(poll(&p, 1, 30000), 1);
}

static bool is_readable(Workers *w) {
        struct pollfd p = { .fd = workers_fd(w), .events = POLLIN };

        return poll(&p, 1, 0) == 1;
}

START_TEST(jobs_run_elsewhere_and_are_collected_here) {
        _cleanup_(workers_freep) Workers *w = NULL;
        Task tasks[100] = {};
        unsigned n = 0;

        ck_assert_int_eq(workers_new(&w, 3), 0);
        ck_assert_uint_eq(workers_count(w), 3);
        ck_assert(!is_readable(w));
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                ck_assert_int_eq(workers_submit(w, task_run, task_done, &tasks[i]), 0);
        while (n < ELEMENTSOF(tasks)) {
                wait_readable(w);
                n += workers_collect(w, 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++) {
                ck_assert_uint_eq(tasks[i].run, 1);
                ck_assert_uint_eq(tasks[i].done, 1);
                ck_assert(!pthread_equal(tasks[i].ran_on, pthread_self()));
        }
        ck_assert_uint_eq(workers_pending(w), 0);
        ck_assert_uint_eq(workers_collect(w, 0), 0);
}
END_TEST

START_TEST(as_many_are_collected_as_one_turn_takes) {
        _cleanup_(workers_freep) Workers *w = NULL;
        Task tasks[10] = {};
        unsigned n = 0;

        ck_assert_int_eq(workers_new(&w, 2), 0);
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                ck_assert_int_eq(workers_submit(w, task_run, task_done, &tasks[i]), 0);
        /* whatever a turn leaves behind makes the descriptor readable again */
        for (unsigned turns = 0; n < ELEMENTSOF(tasks); turns++) {
                unsigned k;

                ck_assert_uint_lt(turns, 100);
                wait_readable(w);
                k = workers_collect(w, 3);
                ck_assert_uint_le(k, 3);
                n += k;
        }
}
END_TEST

START_TEST(a_collected_job_may_hand_in_the_next) {
        _cleanup_(workers_freep) Workers *w = NULL;
        Task t = { .again = 50 };

        ck_assert_int_eq(workers_new(&w, 2), 0);
        t.w = w;
        ck_assert_int_eq(workers_submit(w, task_run, task_done, &t), 0);
        workers_drain(w);
        ck_assert_uint_eq(t.run, 51);
        ck_assert_uint_eq(t.done, 51);
        workers_drain(w);               /* nothing to wait for */
}
END_TEST

START_TEST(a_job_without_done_counts_too) {
        _cleanup_(workers_freep) Workers *w = NULL;
        Task t = {};

        ck_assert_int_eq(workers_new(&w, 1), 0);
        ck_assert_int_eq(workers_submit(w, task_run, NULL, &t), 0);
        ck_assert_uint_eq(workers_pending(w), 1);
        workers_drain(w);
        ck_assert_uint_eq(workers_pending(w), 0);
        ck_assert_uint_eq(t.run, 1);
}
END_TEST

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(void *data) {
        (void) pthread_mutex_lock(&gate);
        (void) pthread_mutex_unlock(&gate);
        task_run(data);
}

START_TEST(who_waits_for_some_does_not_wait_for_all) {
        _cleanup_(workers_freep) Workers *w = NULL;
        Task quick[3] = {}, slow[2] = {};

        ck_assert_int_eq(workers_new(&w, 2), 0);
        (void) pthread_mutex_lock(&gate);
        for (size_t i = 0; i < ELEMENTSOF(quick); i++)
                ck_assert_int_eq(workers_submit(w, task_run, task_done, &quick[i]), 0);
        for (size_t i = 0; i < ELEMENTSOF(slow); i++)
                ck_assert_int_eq(workers_submit(w, wait_at_gate, task_done, &slow[i]), 0);
        workers_wait(w, 2);
        ck_assert_uint_eq(workers_pending(w), 2);
        for (size_t i = 0; i < ELEMENTSOF(quick); i++)
                ck_assert_uint_eq(quick[i].done, 1);
        (void) pthread_mutex_unlock(&gate);
        workers_drain(w);
        ck_assert(slow[0].done == 1 && slow[1].done == 1);
}
END_TEST

static unsigned n_run;

static void number_run(void *data) {
        *(unsigned *) data = ++n_run;
}

/* One thread; what may wait is handed in first. */
START_TEST(what_may_wait_lets_others_pass_but_not_for_good) {
        _cleanup_(workers_freep) Workers *w = NULL;
        unsigned later[2] = {}, others[100] = {};
        Task first = {};

        n_run = 0;
        ck_assert_int_eq(workers_new(&w, 1), 0);
        (void) pthread_mutex_lock(&gate);
        ck_assert_int_eq(workers_submit(w, wait_at_gate, task_done, &first), 0);
        for (size_t i = 0; i < ELEMENTSOF(later); i++)
                ck_assert_int_eq(workers_submit_later(w, number_run, NULL, &later[i]), 0);
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                ck_assert_int_eq(workers_submit(w, number_run, NULL, &others[i]), 0);
        (void) pthread_mutex_unlock(&gate);
        workers_drain(w);
        for (size_t i = 0; i < 10; i++)
                ck_assert_uint_eq(others[i], i + 1);
        ck_assert_uint_lt(later[0], later[1]);
        ck_assert_uint_lt(later[1], others[99]);
        ck_assert_uint_eq(n_run, 102);
}
END_TEST

START_TEST(the_queue_has_a_limit) {
        _cleanup_(workers_freep) Workers *w = NULL;
        static Task tasks[WORKERS_JOBS_MAX];

        ck_assert_int_eq(workers_new(&w, 2), 0);
        (void) pthread_mutex_lock(&gate);
        for (size_t i = 0; i < WORKERS_JOBS_MAX; i++)
                ck_assert_int_eq(workers_submit(w, wait_at_gate, task_done, &tasks[i]), 0);
        ck_assert_int_eq(workers_submit(w, wait_at_gate, task_done, &tasks[0]), -EAGAIN);
        (void) pthread_mutex_unlock(&gate);
        workers_drain(w);
        for (size_t i = 0; i < WORKERS_JOBS_MAX; i++)
                ck_assert(tasks[i].run == 1 && tasks[i].done == 1);
}
END_TEST

START_TEST(a_pool_that_goes_waits_for_what_runs_and_drops_the_rest) {
        Task tasks[20] = {};
        Workers *w;
        unsigned run = 0;

        ck_assert_int_eq(workers_new(&w, 2), 0);
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                ck_assert_int_eq(workers_submit(w, task_run, task_done, &tasks[i]), 0);
        ck_assert_ptr_null(workers_free(w));
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++) {
                ck_assert_uint_eq(tasks[i].done, 0);
                run += tasks[i].run;
        }
        ck_assert_uint_le(run, ELEMENTSOF(tasks));
        ck_assert_ptr_null(workers_free(NULL));
}
END_TEST

static void mark(size_t begin, size_t end, void *data) {
        uint8_t *marks = data;

        for (size_t i = begin; i < end; i++)
                marks[i]++;
}

START_TEST(a_range_is_split_without_gap_or_overlap) {
        static const size_t sizes[] = { 0, 1, 2, 9, 10, 11, 1000, 12345 }, chunks[] = { 0, 1, 10, 1000, 100000 };
        static uint8_t marks[12346];
        _cleanup_(workers_freep) Workers *w = NULL;

        ck_assert_int_eq(workers_new(&w, 3), 0);
        for (size_t k = 0; k < ELEMENTSOF(sizes) * ELEMENTSOF(chunks) * 2; k++) {
                size_t n = sizes[k / 2 / ELEMENTSOF(chunks)], chunk = chunks[k / 2 % ELEMENTSOF(chunks)];

                memset(marks, 0, sizeof(marks));
                workers_for(k % 2 == 0 ? w : NULL, n, chunk, mark, marks);
                for (size_t i = 0; i < sizeof(marks); i++)
                        ck_assert_msg(marks[i] == (i < n), "%zu of %zu in pieces of %zu", i, n, chunk);
        }
}
END_TEST

START_TEST(a_range_runs_beside_jobs) {
        static uint8_t marks[1000];
        _cleanup_(workers_freep) Workers *w = NULL;
        Task tasks[200] = {};

        ck_assert_int_eq(workers_new(&w, 2), 0);
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                ck_assert_int_eq(workers_submit(w, task_run, task_done, &tasks[i]), 0);
        workers_for(w, sizeof(marks), 7, mark, marks);
        for (size_t i = 0; i < sizeof(marks); i++)
                ck_assert_uint_eq(marks[i], 1);
        workers_drain(w);
        for (size_t i = 0; i < ELEMENTSOF(tasks); i++)
                ck_assert(tasks[i].run == 1 && tasks[i].done == 1);
}
END_TEST

START_TEST(without_a_number_there_is_a_thread_for_each_core) {
        _cleanup_(workers_freep) Workers *w = NULL;

        ck_assert_int_eq(workers_new(&w, 0), 0);
        ck_assert_uint_ge(workers_count(w), 1);
        ck_assert_int_le((long) workers_count(w), sysconf(_SC_NPROCESSORS_CONF));
}
END_TEST

TEST_MAIN("workers", jobs_run_elsewhere_and_are_collected_here, as_many_are_collected_as_one_turn_takes, a_collected_job_may_hand_in_the_next,
        a_job_without_done_counts_too, who_waits_for_some_does_not_wait_for_all, what_may_wait_lets_others_pass_but_not_for_good,
        the_queue_has_a_limit, a_pool_that_goes_waits_for_what_runs_and_drops_the_rest,
        a_range_is_split_without_gap_or_overlap, a_range_runs_beside_jobs, without_a_number_there_is_a_thread_for_each_core)
