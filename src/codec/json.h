/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/why.h"

/* Typed access to parsed lines, and making new ones. Json is jansson's json_t under another name:
 * layers that may not include jansson.h read and build through this header only. */
typedef struct json_t Json;

/* jansson does not look everywhere whether it got memory: of a text that finds none it takes a part, or reads on behind it. So a
 * program says, before anything else of here, what is called then instead; that does not return. */
void json_init(void (*out_of_memory)(void));

/* From here on nothing that was freed of a document can be read in memory: for whoever holds secrets in one. While no other
 * thread uses a document. */
void json_wipe_freed(void);

Json* json_free(Json *j);               /* drops one reference; NULL is fine; returns NULL */
Json* json_share(Json *j);              /* one reference more */
DEFINE_CLEANUP(Json*, json_free)
#define _cleanup_json_ _cleanup_(json_freep)

/* --- reading: members of an object. Each returns 0; V_FORM with why (missing, wrong type, out of
 * range, what came); texts are borrowed from the object. A NULL ret only checks. --- */
_must_check_ int json_get_int(const Json *o, const char *key, int64_t min, int64_t max, int64_t *ret, Why *why);
_must_check_ int json_get_bool(const Json *o, const char *key, bool *ret, Why *why);
_must_check_ int json_get_text(const Json *o, const char *key, size_t bytes_min, size_t bytes_max, const char **ret, Why *why);
_must_check_ int json_get_name(const Json *o, const char *key, const char **ret, Why *why);     /* [a-z0-9][a-z0-9-]{0,63} */
_must_check_ int json_get_title(const Json *o, const char *key, size_t bytes_max, const char **ret, Why *why); /* not empty, no \n, \t */
_must_check_ int json_get_id(const Json *o, const char *key, Id *ret, Why *why);
_must_check_ int json_get_key(const Json *o, const char *key, Key *ret, Why *why);
_must_check_ int json_get_signature(const Json *o, const char *key, Signature *ret, Why *why);
_must_check_ int json_get_array(const Json *o, const char *key, size_t min, size_t max, const Json **ret, Why *why);
_must_check_ int json_get_object(const Json *o, const char *key, const Json **ret, Why *why);
bool json_has(const Json *o, const char *key);
/* Every key of o is one of allowed (a NULL-terminated list), or V_FORM naming the first that is not. */
_must_check_ int json_check_keys(const Json *o, const char *const *allowed, Why *why);
#define JSON_KEYS(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* --- reading: items of an array, same returns; what names the array in why --- */
size_t json_len(const Json *a);
const Json* json_at(const Json *a, size_t i);           /* borrowed; NULL past the end */
_must_check_ int json_at_int(const Json *a, size_t i, const char *what, int64_t min, int64_t max, int64_t *ret, Why *why);
_must_check_ int json_at_text(const Json *a, size_t i, const char *what, size_t bytes_min, size_t bytes_max, const char **ret, Why *why);
_must_check_ int json_at_id(const Json *a, size_t i, const char *what, Id *ret, Why *why);
_must_check_ int json_at_key(const Json *a, size_t i, const char *what, Key *ret, Why *why);
_must_check_ int json_at_array(const Json *a, size_t i, const char *what, size_t min, size_t max, const Json **ret, Why *why);
_must_check_ int json_at_object(const Json *a, size_t i, const char *what, const Json **ret, Why *why);

bool json_is_obj(const Json *j);          /* jansson has macros of the longer names */
bool json_is_arr(const Json *j);
bool json_is_text(const Json *j);
bool json_is_int(const Json *j);
bool json_is_bool(const Json *j);
const char* json_text(const Json *j);                   /* NULL if it is none */
int64_t json_int(const Json *j);                        /* 0 if it is none */

/* --- making: a failed allocation anywhere makes the root's json_dump() say -ENOMEM; a NULL o or a is
 * passed over, so that a builder needs one check, at its end, in the same thread --- */
Json* json_new_object(void);
Json* json_new_array(void);
void json_set_int(Json *o, const char *key, int64_t v);
void json_set_bool(Json *o, const char *key, bool v);
void json_set_text(Json *o, const char *key, const char *v);            /* NULL: not set at all */
void json_set_id(Json *o, const char *key, const Id *v);
void json_set_key(Json *o, const char *key, const Key *v);
void json_set_hex32(Json *o, const char *key, const uint8_t v[static 32]);   /* as ids and keys are */
void json_set_base64(Json *o, const char *key, const void *p, size_t n);
void json_set(Json *o, const char *key, Json *v);                       /* takes v over */
void json_add_int(Json *a, int64_t v);
void json_add_text(Json *a, const char *v);
void json_add_id(Json *a, const Id *v);
void json_add_key(Json *a, const Key *v);
void json_add_hex32(Json *a, const uint8_t v[static 32]);
void json_add_base64(Json *a, const void *p, size_t n);
void json_add(Json *a, Json *v);                                        /* takes v over */
Json* json_copy_deep(const Json *j);

/* Appends the canonical form (RFC 8785 in our subset). Returns 0 or -ENOMEM. */
_must_check_ int json_dump(const Json *j, Buf *ret);
