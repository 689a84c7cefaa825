/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <syslog.h>

#include "base/macro.h"

/* Where log lines go is handed in: the daemon gives the journal's sink, votectl and the tests
 * standard error. Only net, ctl and the programs log. */
typedef struct LogField {
        const char *name;       /* journal field, such as "VOTED_PEER" */
        const char *value;
} LogField;

typedef void (*LogSink)(int level, const char *text, const LogField *fields, size_t n_fields, void *userdata);

void log_set_sink(LogSink sink, void *userdata);        /* NULL: standard error, "<level>text" never */
void log_set_level(int level_max);                      /* LOG_DEBUG .. LOG_ERR; default LOG_INFO */
int log_get_level(void);
int log_level_from_name(const char *name);              /* "debug" .. "err"; -EINVAL */

/* error (0, or a positive or negative errno) is what %m prints; returns -abs(error). */
int log_full(int level, int error, const LogField *fields, size_t n_fields, const char *format, ...) _printf_(5, 6);

#define log_debug(...)              ((void) log_full(LOG_DEBUG, 0, NULL, 0, __VA_ARGS__))
#define log_info(...)               ((void) log_full(LOG_INFO, 0, NULL, 0, __VA_ARGS__))
#define log_notice(...)             ((void) log_full(LOG_NOTICE, 0, NULL, 0, __VA_ARGS__))
#define log_warning(...)            ((void) log_full(LOG_WARNING, 0, NULL, 0, __VA_ARGS__))
#define log_error(...)              ((void) log_full(LOG_ERR, 0, NULL, 0, __VA_ARGS__))
#define log_warning_errno(e, ...)   log_full(LOG_WARNING, (e), NULL, 0, __VA_ARGS__)
#define log_error_errno(e, ...)     log_full(LOG_ERR, (e), NULL, 0, __VA_ARGS__)
#define log_info_errno(e, ...)      log_full(LOG_INFO, (e), NULL, 0, __VA_ARGS__)
#define log_debug_errno(e, ...)     log_full(LOG_DEBUG, (e), NULL, 0, __VA_ARGS__)
#define log_oom()                   log_full(LOG_ERR, ENOMEM, NULL, 0, "Out of memory.")
