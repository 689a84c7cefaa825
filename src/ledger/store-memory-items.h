/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/macro.h"

/* Values by key, in the order they were first put, with one transaction: the memory store's pool and meta. */
typedef struct MemoryItem MemoryItem;

typedef struct MemoryItems {
        MemoryItem *items;
        bool changed;           /* since the last items_commit() or items_rollback() */
} MemoryItems;

typedef int (*items_fn)(void *userdata, const void *value, size_t n);

/* 0, -ENOMEM. replace: whether a value that is there gives way. */
_must_check_ int items_put(MemoryItems *t, const void *key, size_t n_key, const void *value, size_t n, bool replace);
/* Borrowed until the next change. 0, -ENODATA. */
_must_check_ int items_get(const MemoryItems *t, const void *key, size_t n_key, const void **ret, size_t *ret_n);
void items_delete(MemoryItems *t, const void *key, size_t n_key);
/* A result of fn other than 0 ends it and is returned; fn changes nothing. */
_must_check_ int items_each(const MemoryItems *t, items_fn fn, void *userdata);
void items_commit(MemoryItems *t);
void items_rollback(MemoryItems *t);
void items_done(MemoryItems *t);
