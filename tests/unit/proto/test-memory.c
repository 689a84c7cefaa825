/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../help.h"
#include "../memory.h"
#include "codec/line.h"
#include "proto/message.h"
#include "voted/limits.h"

/* Lines and messages without memory. */

#define ID_A "0101010101010101010101010101010101010101010101010101010101010101"
#define ID_B "0202020202020202020202020202020202020202020202020202020202020202"

typedef struct Try {
        Json *json, *made;
        Message message;
        Buf out;
} Try;

static void* begin(void) {
        Try *t = new0(Try, 1);

        ck_assert_ptr_nonnull(t);
        return t;
}

static void end(void *userdata) {
        Try *t = userdata;

        json_free(t->json);
        json_free(t->made);
        message_done(&t->message);
        buf_done(&t->out);
        free(t);
}

static void show(void *userdata, Buf *ret) {
        Try *t = userdata;

        buf_add(ret, t->out.p, t->out.n);
        if (t->json)
                ck_assert_int_eq(json_dump(t->json, ret), 0);
        if (t->made)
                ck_assert_int_eq(json_dump(t->made, ret), 0);
}

/* --- lines --- */

#define LINE "{\"a\":[1,\"two\",[true,{\"b\":{\"c\":\"d\"}}]],\"e\":\"" ID_A "\",\"f\":{\"g\":[],\"h\":{},\"i\":-5}}"

static int parse_line(void *userdata) {
        Try *t = userdata;
        int r;

        r = line_parse(&t->json, LINE, strlen(LINE), 1024, NULL);
        memory_assert(r == 0 || !t->json);
        return r;
}

static int parse_loose(void *userdata) {
        static const char text[] = "{ \"b\": [1, 2, {\"z\": \"y\", \"x\": 3}],\n  \"a\": \"b\" }";
        Try *t = userdata;
        int r;

        r = json_parse_loose(&t->json, text, strlen(text), 1024, NULL);
        memory_assert(r == 0 || !t->json);
        return r;
}

static int refuse_a_key_twice(void *userdata) {
        static const char text[] = "{\"b\":1,\n\"a\":2,\"b\":3}";
        Try *t = userdata;
        int r;

        r = json_parse_loose(&t->json, text, strlen(text), 1024, NULL);
        memory_assert(!t->json);
        return r;
}

static void* begin_copy(void) {
        Try *t = begin();

        ck_assert_int_eq(line_parse(&t->json, LINE, strlen(LINE), 1024, NULL), 0);
        return t;
}

static int dump(void *userdata) {
        Try *t = userdata;
        int r;

        r = json_dump(t->json, &t->out);
        memory_assert(r == 0 || t->out.n == 0);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

static int copy_and_dump(void *userdata) {
        Try *t = userdata;
        _cleanup_json_ Json *copy = json_copy_deep(t->json);
        int r;

        r = json_dump(copy, &t->out);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

static int make(void *userdata) {
        Try *t = userdata;
        _cleanup_json_ Json *o = json_new_object();
        Json *a = json_new_array();
        const Id id = { { 1, 2, 3 } };
        int r;

        json_add_int(a, 5);
        json_add_text(a, "text");
        json_add_text(a, "bad \xff text");
        json_add_id(a, &id);
        json_add_base64(a, "bytes", 5);
        json_set(o, "array", a);
        json_set_int(o, "int", 7);
        json_set_bool(o, "bool", true);
        json_set_text(o, "text", "text");
        json_set_text(o, "none", NULL);
        json_set_id(o, "id", &id);
        json_set_base64(o, "bytes", "bytes", 5);
        json_set(o, "object", json_new_object());
        r = json_dump(o, &t->out);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

/* --- messages --- */

#define PEERS "{\"joined\":[{\"host\":\"10.0.0.1\",\"key\":\"" ID_B "\",\"port\":65535}],\"left\":[\"" ID_A \
              "\"],\"since\":4,\"type\":\"peer_list_update\",\"version\":6}"
#define NEW_BLOCK "{\"ids\":[\"" ID_A "\",\"" ID_B "\"],\"type\":\"new_block\"}\n{\"a\":1}\n{\"b\":2}"
#define ELECTIONS "{\"elections\":[[\"dpl-2027\",\"" ID_A "\",\"open\",1,2]],\"id\":8,\"type\":\"elections\"}"
#define LOCATOR "{\"id\":7,\"locator\":[\"" ID_A "\"],\"type\":\"get_chain_info\"}"
#define STRANGE "{\"ids\":[\"" ID_A "\",\"" ID_B "x\"],\"type\":\"new_vote\"}"

static int parse(Try *t, unsigned senders, const char *frame) {
        int r;

        message_done(&t->message);
        r = message_parse(&t->message, senders, frame, strlen(frame), NULL);
        memory_assert(r == 0 || (!t->message.json && !t->message.owned));
        return r;
}

static int parse_peers(void *userdata) {
        return parse(userdata, MESSAGE_FROM_TRACKER, PEERS);
}

static int parse_block(void *userdata) {
        return parse(userdata, MESSAGE_FROM_PEER, NEW_BLOCK);
}

static int parse_elections(void *userdata) {
        return parse(userdata, MESSAGE_FROM_PEER, ELECTIONS);
}

static int parse_locator(void *userdata) {
        return parse(userdata, MESSAGE_FROM_PEER, LOCATOR);
}

static int parse_strange(void *userdata) {
        return parse(userdata, MESSAGE_FROM_PEER, STRANGE);
}

static void* begin_frame(const char *frame, unsigned senders) {
        Try *t = begin();

        ck_assert_int_eq(parse(t, senders, frame), 0);
        return t;
}

static void* begin_peers(void) {
        return begin_frame(PEERS, MESSAGE_FROM_TRACKER);
}

static void* begin_block(void) {
        return begin_frame(NEW_BLOCK, MESSAGE_FROM_PEER);
}

static void* begin_elections(void) {
        return begin_frame(ELECTIONS, MESSAGE_FROM_PEER);
}

static int frame(void *userdata) {
        Try *t = userdata;
        int r;

        r = message_frame(&t->out, &t->message);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

static int frame_error(void *userdata) {
        Try *t = userdata;
        uint64_t id = 5;
        int r;

        r = message_error(&t->out, V_FORM, "what it is \xff", &id);
        if (r < 0)
                buf_reset(&t->out);
        return r;
}

/* What was made of the parse: the same frame. */
static void show_message(void *userdata, Buf *ret) {
        Try *t = userdata;

        show(t, ret);
        ck_assert_int_eq(message_frame(ret, &t->message), 0);
}

static const Operation operations[] = {
        { "line_parse", begin, parse_line, show, end },
        { "json_parse_loose", begin, parse_loose, show, end },
        { "json_parse_loose, a key twice", begin, refuse_a_key_twice, show, end, V_FORM },
        { "json_dump", begin_copy, dump, show, end },
        { "json_copy_deep", begin_copy, copy_and_dump, show, end },
        { "making JSON", begin, make, show, end },
        { "message_parse, peers", begin, parse_peers, show_message, end },
        { "message_parse, a block", begin, parse_block, show_message, end },
        { "message_parse, elections", begin, parse_elections, show_message, end },
        { "message_parse, a locator", begin, parse_locator, show_message, end },
        { "message_parse, bad ids", begin, parse_strange, show, end, V_FORM },
        { "message_frame, peers", begin_peers, frame, show, end },
        { "message_frame, a block", begin_block, frame, show, end },
        { "message_frame, elections", begin_elections, frame, show, end },
        { "message_error", begin, frame_error, show, end },
};

int main(void) {
        TCase *t = tcase_create("memory");

        memory_add(t, operations, ELEMENTSOF(operations));
        return run_tcase("proto without memory", t);
}
