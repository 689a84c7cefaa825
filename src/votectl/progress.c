/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "votectl/progress.h"

#define FIRST_USEC (1 * USEC_PER_SEC)           /* what is done sooner needs no bar */
#define EVERY_USEC (100 * USEC_PER_MSEC)
#define BAR_COLUMNS 24U
#define ERASE "\r\033[K"

void bar_draw(Buf *ret, uint64_t part, uint64_t whole, unsigned columns, bool utf8) {
        static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
        uint64_t n = 0;

        if (whole > 0) /* never more than it is, and something for anything */
                n = (uint64_t) ((__uint128_t) MIN(part, whole) * columns * 8 / whole);
        if (n == 0 && part > 0)
                n = 1;
        if (!utf8) {
                n = (n + 7) / 8;
                for (uint64_t i = 0; i < n; i++)
                        buf_add_char(ret, '#');
                return;
        }
        for (uint64_t i = 0; i < n / 8; i++)
                buf_add_text(ret, "█");
        buf_add_text(ret, eighths[n % 8]);
}

const char* format_number(char buf[static FORMAT_NUMBER_MAX], uint64_t n) {
        char digits[24];
        size_t len = (size_t) snprintf(digits, sizeof digits, "%" PRIu64, n), out = 0;

        for (size_t i = 0; i < len; i++) {
                if (i > 0 && (len - i) % 3 == 0)
                        buf[out++] = ',';
                buf[out++] = digits[i];
        }
        buf[out] = 0;
        return buf;
}

const char* format_bytes(char buf[static FORMAT_NUMBER_MAX], uint64_t n) {
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
        uint64_t tenths = n;
        size_t i = 0;

        if (n < 1024) {
                (void) snprintf(buf, FORMAT_NUMBER_MAX, "%" PRIu64 " B", n);
                return buf;
        }
        tenths = n / 1024 * 10 + n % 1024 * 10 / 1024;
        for (; tenths >= 10240 && i + 1 < ELEMENTSOF(units); i++)
                tenths /= 1024;
        (void) snprintf(buf, FORMAT_NUMBER_MAX, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
                tenths % 10, units[i]);
        return buf;
}

void progress_start(Progress *p, Ctl *c, const char *what, const char *unit, uint64_t total) {
        *p = (Progress) {
                .c = c, .what = what, .unit = unit, .total = total, .started_usec = now_usec()};
}

static bool is_time(Progress *p) {
        const uint64_t now = now_usec();

        if (!p->c->err_terminal || p->c->quiet || p->c->json ||
                now - p->started_usec < FIRST_USEC || now - p->drawn_usec < EVERY_USEC)
                return false;
        p->drawn_usec = now;
        p->drawn = true;
        return true;
}

/* A terminal that is gone makes no difference to the work. */
static void draw(const Buf *b) {
        if (buf_error(b) == 0 && write_all(STDERR_FILENO, b->p, b->n) < 0)
                return;
}

void progress_set(Progress *p, uint64_t done) {
        const bool bytes = streq(p->unit, "B");
        uint64_t elapsed, rate;
        _cleanup_buf_ Buf b = {};
        char text[FORMAT_NUMBER_MAX];

        if (!is_time(p))
                return;
        elapsed = MAX(p->drawn_usec - p->started_usec, UINT64_C(1));
        rate = (uint64_t) ((__uint128_t) done * USEC_PER_SEC / elapsed);

        buf_printf(&b, ERASE "%s ", p->what);
        if (p->total > 0) {
                _cleanup_buf_ Buf bar = {};

                bar_draw(&bar, done, p->total, BAR_COLUMNS, p->c->utf8);
                if (bar.p) {
                        const size_t width = text_width(bar.p);

                        buf_add(&b, bar.p, bar.n);
                        buf_printf(&b, "%*s",
                                (int) (BAR_COLUMNS - MIN(width, (size_t) BAR_COLUMNS)), "");
                }
                buf_printf(&b, " %3" PRIu64 " %%",
                        (uint64_t) ((__uint128_t) MIN(done, p->total) * 100 / p->total));
        }
        if (bytes)
                buf_printf(&b, "  %s", format_bytes(text, done));
        else
                buf_printf(&b, "  %s %s", format_number(text, done), p->unit);
        buf_printf(&b, "  %s/s", bytes ? format_bytes(text, rate) : format_number(text, rate));
        if (p->total > done && rate > 0)
                buf_printf(&b, "  %s left",
                        format_span((char[FORMAT_SPAN_MAX]) {},
                                (p->total - done) / rate * USEC_PER_SEC));
        draw(&b);
}

void progress_text(Progress *p, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        _cleanup_buf_ Buf b = {};
        char *cut;
        va_list ap;

        if (!is_time(p))
                return;
        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (!text)
                return;
        cut = new0(char, strlen(text) + 8);
        if (!cut)
                return;
        buf_add_text(&b, ERASE);
        buf_add_text(&b, text_ellipsize(cut, strlen(text) + 8, text, MAX(p->c->columns, 21U) - 1));
        free(cut);
        draw(&b);
}

void progress_end(Progress *p) {
        _cleanup_buf_ Buf b = {};

        if (p->drawn) {
                buf_add_text(&b, ERASE);
                draw(&b);
        }
        p->drawn = false;
}
