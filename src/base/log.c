/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

#define LINE_MAX_BYTES 2048

static LogSink log_sink;
static void *log_userdata;
static int log_level_max = LOG_INFO;

void log_set_sink(LogSink sink, void *userdata) {
        log_sink = sink;
        log_userdata = userdata;
}

void log_set_level(int level_max) {
        log_level_max = level_max;
}

int log_get_level(void) {
        return log_level_max;
}

int log_level_from_name(const char *name) {
        static const char *const names[] = {
                [LOG_ERR] = "err",
                [LOG_WARNING] = "warning",
                [LOG_NOTICE] = "notice",
                [LOG_INFO] = "info",
                [LOG_DEBUG] = "debug",
        };

        for (int level = LOG_ERR; level <= LOG_DEBUG; level++)
                if (streq(names[level], name))
                        return level;
        return -EINVAL;
}

int log_full(int level, int error, const LogField *fields, size_t n_fields, const char *format, ...) {
        int saved_errno = errno;
        char text[LINE_MAX_BYTES];
        va_list ap;

        if (level <= log_level_max) {
                errno = abs(error);     /* for %m */
                va_start(ap, format);
                (void) vsnprintf(text, sizeof(text), format, ap);
                va_end(ap);

                if (log_sink)
                        log_sink(level, text, fields, n_fields, log_userdata);
                else
                        (void) fprintf(stderr, "%s\n", text);
        }

        errno = saved_errno;
        return -abs(error);
}
