/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/line.h"
#include "proto/message-table.h"
#include "proto/message.h"
#include "voted/limits.h"

const char* message_name(MessageType t) {
        return message_table[(unsigned) t < _MESSAGE_MAX ? t : MESSAGE_NONE].name;
}

bool message_is_request(MessageType t) {
        return (unsigned) t < _MESSAGE_MAX && message_table[t].id == MESSAGE_ID_REQUEST;
}

void message_done(Message *m) {
        if (m->owned)
                for (const Field *f = message_table[m->type].fields; f->key; f++)
                        if (field_is_array(f))
                                free(*(void **) ((char *) m + f->at));
        m->json = json_free(m->json);
        *m = (Message) {};
}

/* Why a message that exists does not fit who sent it. */
static int refuse_sender(const MessageRow *row, unsigned senders, Why *why) {
        if (senders & MESSAGE_FROM_REGISTRANT)
                return why_set(why, V_PROTOCOL, "\"%s\" is no message for a tracker; peers are found by get_peers", row->name);
        if (senders & MESSAGE_FROM_TRACKER)
                return why_set(why, V_PROTOCOL, "\"%s\" is no message of a tracker", row->name);
        if (row->senders == MESSAGE_FROM_REGISTRANT || row->senders == MESSAGE_FROM_TRACKER)
                return why_set(why, V_PROTOCOL, "\"%s\" is for a tracker, and this is a peer", row->name);
        if (senders & MESSAGE_FROM_STRANGER)
                return why_set(why, V_PROTOCOL, "\"%s\" came before \"hello\"", row->name);
        if (row->senders == MESSAGE_FROM_STRANGER)
                return why_set(why, V_PROTOCOL, "a second \"%s\"", row->name);
        return why_set(why, V_PROTOCOL, "\"%s\" does not come from a client (one whose hello has port 0)", row->name);
}

/* The row of that name, sender and form. 0 or V_PROTOCOL or V_FORM. */
static int find_row(const Json *o, const char *name, unsigned senders, MessageType *ret, Why *why) {
        const MessageRow *refused = NULL, *row;
        MessageType otherwise = MESSAGE_NONE;
        bool forms = false;

        for (unsigned t = MESSAGE_NONE + 1; t < _MESSAGE_MAX; t++) {
                row = message_table + t;
                if (!streq(row->name, name))
                        continue;
                if (row->form && !json_has(o, row->form)) {
                        forms = true;
                        continue;
                }
                if (row->senders & senders)
                        otherwise = (MessageType) t;
                else
                        refused = row;
                if (row->form) {        /* it is this form and no other, whether its sender may use it or not */
                        otherwise = row->senders & senders ? (MessageType) t : MESSAGE_NONE;
                        break;
                }
        }

        if (otherwise == MESSAGE_NONE && refused)
                return refuse_sender(refused, senders, why);
        if (otherwise == MESSAGE_NONE && forms)
                return why_set(why, V_FORM, "\"%s\" in none of its forms", name);
        if (otherwise == MESSAGE_NONE)
                return why_set(why, V_PROTOCOL, "there is no message \"%s\"", name);

        row = message_table + otherwise;
        if (row->quorum && !(senders & MESSAGE_OF_QUORUM))
                return why_set(why, V_PROTOCOL, "\"%s\" is of the engine \"quorum\", which this network does not have", name);

        *ret = otherwise;
        return 0;
}

static int read_id(const Json *o, const MessageRow *row, Message *m, Why *why) {
        int64_t id;
        int r;

        if (row->id == MESSAGE_ID_NONE || (row->id == MESSAGE_ID_OPTIONAL && !json_has(o, "id")))
                return 0;

        r = json_get_int(o, "id", 0, LINE_INT_MAX, &id, why);
        if (r != 0)
                return r;

        m->id = (uint64_t) id;
        m->has_id = true;
        return 0;
}

static int check_members(const Json *o, const MessageRow *row, Why *why) {
        const char *keys[MESSAGE_FIELDS_MAX + 3];
        size_t n = 0;

        keys[n++] = "type";
        if (row->id != MESSAGE_ID_NONE)
                keys[n++] = "id";
        for (const Field *f = row->fields; f->key; f++)
                keys[n++] = f->key;
        keys[n] = NULL;
        return json_check_keys(o, keys, why);
}

/* Counts the lines behind the message's own and sees that none is empty. */
static int read_lines(const char *p, size_t n, const MessageRow *row, Message *m, Why *why) {
        const char *rest = p, *line;
        size_t left = n, n_line, count = 0;

        while (line_next(&rest, &left, &line, &n_line)) {
                if (n_line == 0)
                        return why_set(why, V_FORM, "line %zu behind the message is empty", count + 1);
                count++;
                if (count > row->lines_max)
                        return why_set(why, row->lines_max == 0 ? V_FORM : V_SIZE,
                                        "more than %zu lines behind the message", row->lines_max);
        }
        if (n > 0 && p[n - 1] == '\n')
                return why_set(why, V_FORM, "a newline at the end of the frame");
        if (count < row->lines_min)
                return why_set(why, V_FORM, "%zu lines behind the message, expected %s%zu", count,
                                row->lines_min == row->lines_max ? "" : "at least ", row->lines_min);

        m->lines = count > 0 ? p : NULL;
        m->n_lines_bytes = n;
        m->n_lines = count;
        return 0;
}

/* All of the message behind its type. m's arrays are its own from here on. */
static int read_body(const MessageRow *row, const Json *o, IdList *ids, const char *lines, size_t n_lines, Message *m, Why *why) {
        int r;

        m->owned = true;
        r = read_id(o, row, m, why);
        for (const Field *f = row->fields; f->key && r == 0; f++)
                r = field_read(f, o, ids, m, why);
        if (r == 0)
                r = check_members(o, row, why);
        if (r == 0)
                r = read_lines(lines, n_lines, row, m, why);
        if (r == 0 && m->type == MESSAGE_ERROR)
                m->error.verdict = verdict_from_name(m->error.code);
        return r;
}

int message_parse(Message *ret, unsigned senders, const char *frame, size_t n, Why *why) {
        _cleanup_(id_list_done) IdList ids = {};
        _cleanup_json_ Json *json = NULL;
        _cleanup_buf_ Buf rest = {};
        const char *end, *name, *lines;
        size_t n_line, n_lines;
        MessageType type = MESSAGE_NONE;
        Message m = {};
        int r;

        assert(ret);
        assert(frame || n == 0);

        *ret = m;

        end = n > 0 ? memchr(frame, '\n', n) : NULL;
        n_line = end ? (size_t) (end - frame) : n;
        lines = end ? end + 1 : frame + n;
        n_lines = n - (size_t) (lines - frame);
        if (end && n_lines == 0)
                return why_set(why, V_FORM, "a newline at the end of the frame");

        r = n_line <= MESSAGE_LINE_BYTES_MAX ? id_list_cut(frame, n_line, &rest, &ids) : 0;
        if (r == 0 && ids.key)
                r = line_parse(&json, rest.p, rest.n, MESSAGE_LINE_BYTES_MAX, why);
        else if (r == 0)
                r = line_parse(&json, frame, n_line, MESSAGE_LINE_BYTES_MAX, why);
        if (r == 0)
                r = json_get_text(json, "type", 1, LINE_KEY_MAX, &name, why);
        if (r == 0)
                r = find_row(json, name, senders, &type, why);
        if (r != 0)
                return r;

        m.type = type;
        m.json = TAKE_PTR(json);
        r = read_body(message_table + type, m.json, &ids, lines, n_lines, &m, why);
        if (r != 0) {
                Message known = { .type = type, .has_id = m.has_id, .id = m.id };

                message_done(&m);
                *ret = known;
                return r > 0 ? why_prefix(why, r, "%s", message_name(type)) : r;
        }

        *ret = m;
        return 0;
}

void message_add_lines(Buf *frame, const char *text, size_t n) {
        if (n > 0 && text[n - 1] == '\n')
                n--;
        buf_add_char(frame, '\n');
        buf_add(frame, text, n);
}

int message_frame(Buf *ret, const Message *m) {
        _cleanup_json_ Json *o = json_new_object();
        _cleanup_buf_ Buf line = {};
        const Field *ids = NULL;
        const MessageRow *row;
        int r;

        assert(m->type > MESSAGE_NONE && m->type < _MESSAGE_MAX);
        row = message_table + m->type;

        assert(m->has_id ? row->id != MESSAGE_ID_NONE : row->id == MESSAGE_ID_NONE || row->id == MESSAGE_ID_OPTIONAL);

        json_set_text(o, "type", row->name);
        if (m->has_id)
                json_set_int(o, "id", (int64_t) m->id);
        for (const Field *f = row->fields; f->key; f++) {
                field_write(f, m, o);
                if (f->type == FIELD_IDS && m->ids.n_ids > 0)
                        ids = f;        /* all of them are m->ids */
        }
        r = json_dump(o, ids ? &line : ret);
        if (r == 0 && ids)
                r = id_list_splice(ret, line.p, line.n, ids->key, m->ids.ids, m->ids.n_ids);
        if (r < 0)
                return r;

        if (m->n_lines_bytes > 0)
                message_add_lines(ret, m->lines, m->n_lines_bytes);
        return buf_error(ret);
}

int message_error(Buf *ret, int verdict, const char *text, const uint64_t *id) {
        char plain[ERROR_TEXT_BYTES_MAX + 1];
        Message m = { .type = MESSAGE_ERROR };
        size_t n;

        /* ASCII alone, since it may quote bytes that came from who gets it, and must be a line again. */
        for (n = 0; text[n] != '\0' && n < ERROR_TEXT_BYTES_MAX; n++)
                plain[n] = (char) (text[n] >= ' ' && text[n] <= '~' ? text[n] : '?');
        plain[n] = '\0';

        m.error.code = verdict_name(verdict);
        m.error.text = plain;
        if (id) {
                m.has_id = true;
                m.id = *id;
        }
        return message_frame(ret, &m);
}
