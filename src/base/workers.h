/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* Threads for work that takes a core. One thread owns the pool: it hands jobs in and collects them when
 * they are done; a job sees nothing but its own data. */
typedef struct Workers Workers;
typedef void (*WorkersFunc)(void *data);

/* n_threads 0: one for each core that this process may use. 0, -ENOMEM or what the system says. */
_must_check_ int workers_new(Workers **ret, unsigned n_threads);
/* Waits for the jobs that run; those that were not begun are dropped, without their done. NULL is fine; returns NULL. */
Workers* workers_free(Workers *w);
DEFINE_CLEANUP(Workers*, workers_free)

unsigned workers_count(const Workers *w);       /* threads */
/* Readable while there are jobs to collect. Belongs to the pool. */
int workers_fd(const Workers *w);

/* run(data) on some thread; then done(data) (which may be NULL) within workers_collect() on the owner's.
 * 0, -EAGAIN (WORKERS_JOBS_MAX are waiting: collect first) or -ENOMEM. */
#define WORKERS_JOBS_MAX 4096U
_must_check_ int workers_submit(Workers *w, WorkersFunc run, WorkersFunc done, void *data);
/* The same for what may wait: others are run first, whenever they come, but not all of a flood. */
_must_check_ int workers_submit_later(Workers *w, WorkersFunc run, WorkersFunc done, void *data);
/* Calls done for what has been run, at most max of them (0: all that are ready). Returns how many. done may submit. */
unsigned workers_collect(Workers *w, unsigned max);
/* Jobs that were handed in and not collected yet. */
unsigned workers_pending(const Workers *w);
/* Collects until at most that many are pending, waiting where it must; what done hands in counts, too. */
void workers_wait(Workers *w, unsigned pending);
void workers_drain(Workers *w);         /* until none is */

/* fn(begin, end, data) for pieces of 0 .. n - 1, of at least chunk each, on all threads and this one; returns when
 * all is done. Jobs that wait go on beside it. fn calls no
 * workers_for(). w may be NULL: then this thread does it all. */
typedef void (*WorkersRangeFunc)(size_t begin, size_t end, void *data);
void workers_for(Workers *w, size_t n, size_t chunk, WorkersRangeFunc fn, void *data);
