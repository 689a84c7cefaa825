/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/time.h"
#include "codec/hex.h"
#include "codec/line.h"
#include "voted/limits.h"
#include "votectl/electionfile.h"

static int convert_time(Json *o, const char *key, uint64_t now, Why *why) {
        const char *text;
        uint64_t t;
        int r;

        if (!json_has(o, key))
                return why_set(why, V_FORM,
                        "\"%s\" is missing, expected a time such as \"2027-04-01 09:00 "
                        "Europe/Berlin\" or \"+10min\"",
                        key);
        if (json_get_text(o, key, 0, 200, &text, NULL) != 0)
                return 0;               /* a number, or what the definition's parser refuses */
        r = parse_time(text, now, &t, why);
        if (r > 0)
                return why_prefix(why, r, "\"%s\"", key);
        if (r == 0)
                json_set_int(o, key, (int64_t) t);
        return r;
}

static int convert_grace(Json *o, Why *why) {
        const char *text;
        uint64_t sec;
        int r;

        if (!json_has(o, "grace") || json_get_text(o, "grace", 0, 200, &text, NULL) != 0)
                return 0;
        r = parse_span(text, &sec, why);
        if (r > 0)
                return why_prefix(why, r, "\"grace\"");
        json_set_int(o, "grace", (int64_t) sec);
        return 0;
}

static int convert_board(Json *o, const ElectionLookup *lookup, Why *why) {
        const char *text;
        Id id;
        int r;

        if (!json_has(o, "board"))
                return 0;
        r = json_get_text(o, "board", 1, 200, &text, why);
        if (r == 0 && id_from_hex(&id, text) != 0)
                r = lookup->board(lookup->userdata, text, &id, why);
        if (r == 0)
                json_set_id(o, "board", &id);
        return r;
}

static int convert_rolls(Json *o, const ElectionLookup *lookup, Why *why) {
        _cleanup_json_ Json *ids = json_new_array();
        const Json *rolls;
        int r;

        if (!ids)
                return -ENOMEM;
        r = json_get_array(o, "rolls", 1, ROLLS_MAX, &rolls, why);
        if (r != 0)
                return r;
        for (size_t i = 0; i < json_len(rolls); i++) {
                const char *text;
                Id id;

                r = json_at_text(rolls, i, "rolls", 1, 200, &text, why);
                if (r != 0)
                        return r;
                if (id_from_hex(&id, text) == 0)
                        json_add_id(ids, &id);
                else {
                        r = lookup->roll(lookup->userdata, text, ids, why);
                        if (r != 0)
                                return r;
                }
        }
        json_set(o, "rolls", TAKE_PTR(ids));
        return 0;
}

/* The number of the option of that text. */
static int find_option(const Json *options, const char *text, int64_t *ret) {
        for (size_t i = 0; i < json_len(options); i++) {
                const char *s = json_text(json_at(options, i));

                if (s && streq(s, text)) {
                        *ret = (int64_t) i;
                        return 0;
                }
        }
        return -ENOENT;
}

static int convert_questions(Json *o, Why *why) {
        _cleanup_json_ Json *converted = json_new_array();
        const Json *questions, *options;
        int r;

        if (!converted)
                return -ENOMEM;
        r = json_get_array(o, "questions", 1, QUESTIONS_MAX, &questions, why);
        if (r != 0)
                return r;
        for (size_t i = 0; i < json_len(questions); i++) {
                _cleanup_json_ Json *q = json_copy_deep(json_at(questions, i));
                const char *text;
                int64_t option;

                if (!q)
                        return -ENOMEM;
                if (json_is_obj(q) &&
                        json_get_text(q, "default", 0, TITLE_BYTES_MAX, &text, NULL) == 0 &&
                        json_get_array(q, "options", 0, OPTIONS_MAX, &options, NULL) == 0) {
                        if (find_option(options, text, &option) < 0)
                                return why_set(why, V_DEFINITION,
                                        "question %zu: \"default\" is \"%.60s\", which is none of "
                                        "its options",
                                        i, text);
                        json_set_int(q, "default", option);
                }
                json_add(converted, TAKE_PTR(q));
        }
        json_set(o, "questions", TAKE_PTR(converted));
        return 0;
}

int election_file_parse(Json **ret, const char *text, size_t n, uint64_t now,
        const ElectionLookup *lookup, Why *why) {
        _cleanup_json_ Json *o = NULL;
        int r;

        r = json_parse_loose(&o, text, n, ENTRY_BYTES_MAX, why);
        if (r != 0)
                return r;
        r = convert_time(o, "opens", now, why);
        if (r == 0)
                r = convert_time(o, "closes", now, why);
        if (r == 0)
                r = convert_grace(o, why);
        if (r == 0)
                r = convert_questions(o, why);
        if (r == 0)
                r = convert_rolls(o, lookup, why);
        if (r == 0)
                r = convert_board(o, lookup, why);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

#define OPEN "\"open\""
#define SEALED                                                                                     \
        "\"sealed\",\n"                                                                            \
        "  \"board\": \"trustees-2027\",\n"                                                        \
        "  \"least\": 5"

#define TEMPLATE(secrecy, method, name, question, options, rest)                                \
        "{\n"                                                                                   \
        "  \"name\": \"" name "\",\n"                                                           \
        "  \"title\": \"What voters see first\",\n"                                             \
        "  \"about\": \"Anything they should read before they vote.\\n\",\n"                    \
        "  \"rolls\": [\"members-2027\"],\n"                                                    \
        "  \"opens\": \"+10min\",\n"                                                            \
        "  \"closes\": \"2027-04-15 18:00 Europe/Berlin\",\n"                                   \
        "  \"secrecy\": " secrecy ",\n"                                                        \
        "  \"revote\": true,\n"                                                                 \
        "  \"blank\": true,\n"                                                                  \
        "  \"lot\": \"The numbers of the lottery drawn on 2027-04-17, ascending\",\n"           \
        "  \"questions\": [\n"                                                                  \
        "    {\n"                                                                               \
        "      \"text\": \"" question "\",\n"                                                   \
        "      \"method\": \"" method "\",\n"                                                   \
        "      \"options\": [" options "]" rest "\n"                                            \
        "    }\n"                                                                               \
        "  ]\n"                                                                                 \
        "}\n"

#define PLURALITY(secrecy)                                                                         \
        TEMPLATE(secrecy, "plurality", "motion-2027", "Shall the statutes be changed as proposed?", \
                "\"Yes\", \"No\"", "")
#define APPROVAL(secrecy)                                                                          \
        TEMPLATE(secrecy, "approval", "venue-2027", "Which venues are acceptable?",                \
                "\"Ghent\", \"Turin\", \"Malmo\"",                                                 \
                ",\n      \"min\": 1,\n      \"max\": 3,\n      \"seats\": 1")
#define SCORE(secrecy)                                                                             \
        TEMPLATE(secrecy, "score", "priorities-2027", "How urgent is each?",                       \
                "\"Documentation\", \"Releases\", \"Website\"",                                    \
                ",\n      \"max\": 10,\n      \"seats\": 1")

static const struct {
        const char *method, *open, *sealed;
} templates[] = {
        { "plurality", PLURALITY(OPEN), PLURALITY(SEALED) },
        { "approval",  APPROVAL(OPEN),  APPROVAL(SEALED)  },
        { "score",     SCORE(OPEN),     SCORE(SEALED)     },
        { "schulze",   TEMPLATE(OPEN, "schulze", "board-2027", "Who shall lead the board?", "\"Alice\", \"Bob\", \"Carol\", \"None of the above\"",
                                ",\n      \"default\": \"None of the above\",\n      \"quorum\": 0"), NULL },
        { "stv",       TEMPLATE(OPEN, "stv", "council-2027", "Who shall sit on the council?", "\"Alice\", \"Bob\", \"Carol\", \"Dan\"",
                                ",\n      \"seats\": 2"), NULL },
};

const char* election_template(const char *method, bool sealed) {
        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                if (streq(templates[i].method, method))
                        return sealed ? templates[i].sealed : templates[i].open;
        return NULL;
}
