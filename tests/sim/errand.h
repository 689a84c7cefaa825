/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "world.h"

/* Somebody with a signed line who wants it in the ledger, as `votectl cast` does it: hands it to a
 * peer, waits there until it is final, and hands in the same bytes again, there or elsewhere, when
 * that does not come about. One who is careless hands it in once. */
typedef enum ErrandState {
        ERRAND_IDLE,            /* will try (again) */
        ERRAND_SUBMITTING,
        ERRAND_WATCHING,
        ERRAND_FINAL,           /* was told so */
        ERRAND_REFUSED,         /* was told so, for a reason that stays */
        ERRAND_DROPPED,         /* careless: it has done what it does */
} ErrandState;

typedef struct Errand Errand;
struct Errand {
        World *world;
        unsigned number;
        char *line;
        size_t n_line;
        Id id;
        bool careless;
        ErrandState state;
        unsigned host, life, tries;
        uint64_t request;
        uint64_t begun_usec, moved_usec, done_usec;
        uint64_t accepted_usec; /* a peer said for the first time that it has it; 0: none did */
        unsigned accepted_host, accepted_life;
        int verdict;
        void (*on_done)(Errand *e);
        void *userdata;
        unsigned kept_at;       /* submits here alone; UINT_MAX: anywhere */
};

/* A number that names it for good; line is copied. It goes to its first peer at that time. */
Errand* errand_new(World *w, const char *line, size_t n, uint64_t at_usec);
void errands_done(World *w);
size_t errands_count(const World *w);
Errand* errand_at(const World *w, size_t i);
