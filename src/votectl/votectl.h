/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/buf.h"
#include "base/id.h"
#include "base/table.h"
#include "base/why.h"
#include "codec/json.h"
#include "ledger/genesis.h"
#include "votectl/options.h"

/* How votectl ends; votectl(1) has the same list. Functions that return "an exit code" have told
 * the person what went wrong. */
typedef enum Exit {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,  /* we failed: disk, memory, a bug */
        EXIT_USAGE = 2,   /* the command line, or a file that a person wrote */
        EXIT_NO_NODE = 3, /* no node answers */
        EXIT_REFUSED = 4, /* the node or the ledger's rules said no, or the network is not pinned */
        EXIT_NOT_FOUND = 5, /* no such election, entry, key */
        EXIT_WRONG = 6,     /* a check failed: a ledger, a receipt, or a node that was caught */
        EXIT_NOT_FINAL = 7, /* handed in, but not final when we stopped waiting */
        EXIT_CANCELLED = 8, /* the person said no */
} Exit;

typedef struct CtlLink CtlLink;

struct Ctl {
        /* the command line */
        Options options;
        const CtlVerb *verb;
        bool json, quiet, yes, no_pager;
        bool hush;              /* ctl_fail() says nothing: its caller tries again */

        /* the terminal */
        bool in_terminal, out_terminal, err_terminal;
        bool color, utf8;
        unsigned columns, rows;

        Buf out;                /* what the verb prints, shown at its end (through the pager) */
        CtlLink *link;          /* made by the first call */
        bool answered;          /* the node has answered at least once */
        Genesis *genesis;       /* of the node's network; ctl_network() */
        bool pinned;            /* we have that genesis in our own store */
};

/* --- output.c --- */
/* An error: what was expected, what came; hint (may be NULL): what to do. Returns code. */
int ctl_fail(Ctl *c, Exit code, const char *hint, const char *format, ...) _printf_(4, 5);
/* What the rule of r asks for: EXIT_FAILED with strerror for < 0, `verdict` with why's text for >
 * 0. */
int ctl_fail_why(Ctl *c, int r, Exit verdict, const char *hint, const Why *why);
/* The node's answer is wrong, or a lie. Returns EXIT_WRONG. */
int ctl_caught(Ctl *c, const char *text);
int ctl_oom(Ctl *c);
void ctl_note(Ctl *c, const char *format, ...)
        _printf_(2, 3); /* to standard error, unless --quiet */
void ctl_warn(Ctl *c, const char *format, ...) _printf_(2, 3);  /* always */
/* Appends a JSON line to out. Takes j over. Returns an exit code. */
int ctl_json(Ctl *c, Json *j);
int ctl_flush(Ctl *c);          /* shows out now (without pager) and empties it */
int ctl_show(Ctl *c);           /* shows out, through the pager if it does not fit the terminal */

/* Escape sequences for out: "" where there is no colour; TINT_NONE ends one. For table.h: NULL
 * instead of "". */
typedef enum Tint {
        TINT_NONE,
        TINT_BOLD,
        TINT_DIM,
        TINT_GOOD,
        TINT_BAD,
        TINT_WARN,
        TINT_MARK,
        _TINT_MAX
} Tint;
const char* ctl_tint(const Ctl *c, Tint t);
const char* ctl_cell(const Ctl *c, Tint t);
/* Prints t to out and frees it. An exit code. */
int ctl_table(Ctl *c, Table *t);
/* "    label: " aligned, and the text. */
void ctl_field(Ctl *c, const char *label, const char *format, ...) _printf_(3, 4);

/* --- files.c: votectl's own directory, $XDG_DATA_HOME/votectl --- */
/* ret: malloc'ed path of sub/name in it (name NULL: of sub). An exit code. */
int ctl_path(Ctl *c, const char *sub, const char *name, char **ret);
/* A file, or standard input for "-". An exit code. */
int ctl_read_file(Ctl *c, const char *path, size_t bytes_max, Buf *ret);
/* All or nothing; folders that are missing are made, 0700. replace false: a file that is there is
 * an error. An exit code. */
int ctl_write_file(Ctl *c, const char *path, const void *p, size_t n, mode_t mode, bool replace);
/* Of what could not be written, r says why; -EEXIST: it is never replaced. An exit code, not EXIT_DONE. */
int ctl_fail_write(Ctl *c, const char *path, int r);
/* Names of the files in sub that end with suffix, without it, sorted; *ret is a JSON array. An exit
 * code. */
int ctl_list_files(Ctl *c, const char *sub, const char *suffix, Json **ret);

/* --- link.c --- */
/* Calls method of the node ("GetStatus"; the interface is added). Takes params over. An error reply
 * is told to the person. An exit code. */
int ctl_call(Ctl *c, const char *method, Json *params, Json **ret);
/* Likewise, but an error reply is the caller's: EXIT_DONE, and *ret_error is its name without the
 * interface (malloc'ed), *ret its parameters, why its text. NULL without an error. */
int ctl_try(Ctl *c, const char *method, Json *params, Json **ret, char **ret_error, Why *why);
/* Tells of an error reply. Returns the exit code. */
int ctl_fail_reply(Ctl *c, const char *error, const Json *params, const Why *why);
/* With `more`; fn's result other than 0 ends it and is returned. Never with --peer. */
int ctl_observe(Ctl *c, const char *method, Json *params,
        int (*fn)(void *userdata, const Json *params, bool continues), void *userdata);
void ctl_disconnect(Ctl *c);    /* the next call connects anew */
int ctl_socket_path(Ctl *c, char **ret);        /* of the node's control socket */
bool ctl_is_tracker(Ctl *c);    /* after a call: the node is a tracker */

/* --- pins.c: networks that this person trusts, by their id --- */
/* The genesis of the node's network, checked against --network; sets c->genesis and c->pinned. An
 * exit code. */
int ctl_network(Ctl *c);
/* Likewise; a network that is not pinned is refused, with the remedy. */
int ctl_network_pinned(Ctl *c);
/* A pinned network by name or id; NULL: the only one. Without a node. An exit code. */
int ctl_pin_find(Ctl *c, const char *name, Genesis **ret);
/* Whether that network is pinned. An exit code. */
int ctl_pin_has(Ctl *c, const Id *network, bool *ret);
/* Every pinned genesis: fn's result other than 0 ends it and is returned. */
int ctl_pin_each(Ctl *c, int (*fn)(void *userdata, Genesis *g), void *userdata);
int ctl_pin_add(Ctl *c, const Genesis *g);
