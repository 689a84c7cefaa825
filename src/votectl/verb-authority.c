/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/hex.h"
#include "votectl/prompt.h"
#include "votectl/render.h"
#include "votectl/verbs.h"

/* What the operator of an authority does with its node. */

static int verb_key(Ctl *c) {
        _cleanup_json_ Json *reply = NULL;
        Key key;
        int r;

        r = ctl_call(c, "GetStatus", NULL, &reply);
        if (r != 0)
                return r;
        if (json_get_key(reply, "key", &key, NULL) != 0)
                return ctl_fail(c, EXIT_WRONG, NULL, "the node did not say its key");
        if (c->json) {
                Json *o = json_new_object();

                json_set_key(o, "key", &key);
                return ctl_json(c, o);
        }
        buf_printf(&c->out, "%s\n", key_hex(&key, (char[ID_HEX]) {}));
        return EXIT_DONE;
}

/* What the node says of itself after either of the two. */
static int show_state(Ctl *c, Json *reply, const char *done) {
        _cleanup_json_ Json *o = reply;
        const char *set_aside, *note;
        bool signing = false;

        if (c->json)
                return ctl_json(c, TAKE_PTR(o));
        ctl_note(c, "%s", done);
        if (json_get_text(o, "set_aside", 1, 4096, &set_aside, NULL) == 0)
                ctl_note(c, "The record that could not be used is kept as %s.", set_aside);
        (void) !json_get_bool(o, "signing", &signing, NULL);
        if (signing)
                ctl_note(c, "This node is signing as authority number %d.", (int) render_int(o, "authority"));
        else
                ctl_note(c, "This node, authority number %d, %s.", (int) render_int(o, "authority"),
                        json_get_text(o, "note", 1, 4096, &note, NULL) == 0 ? note : "is not signing yet");
        return EXIT_DONE;
}

static int verb_init(Ctl *c) {
        Json *reply = NULL;
        int r;

        r = ctl_call(c, "InitAuthority", NULL, &reply);
        return r != 0 ? r : show_state(c, reply, "The authority's record is made; votectl status shows when it signs.");
}

static int verb_resume(Ctl *c) {
        Json *reply = NULL;
        int r;

        if (!c->yes && c->in_terminal)
                buf_add_text(&c->out,
                        "An authority remembers what it has signed, and never signs the opposite. Whoever does is convicted\n"
                        "of a lie, for ever and by anybody, although it only forgot.\n\n"
                        "You are about to say that the record of this node was lost or is old (a wiped or replaced disk, a\n"
                        "state directory from a backup), and that no other node runs with its key. The node will ask the\n"
                        "other authorities for its own signatures, take them over, and sign again two views above all that\n"
                        "they have seen. Do this while they are up, and not while another one resumes: if more do so than may\n"
                        "fail (one of four), nobody is left who could pass those views, and nothing becomes final again.\n\n");
        r = prompt_yes(c, "Read votectl authority resume --help, and say --yes.",
                "Was the record lost, and does no other node run with this key?");
        if (r != 0)
                return r;
        r = ctl_call(c, "ResumeAuthority", NULL, &reply);
        return r != 0 ? r : show_state(c, reply, "The node resumes; votectl status shows when it signs.");
}

const CtlVerb verbs_authority[] = {
        { "authority key", "", 0, 0, 0, verb_key, NULL, "Print the node's identity key",
          "64 hex digits: what the founder of a network gives to network create as --authority KEY (or --miner KEY), and what\n"
          "others write before the @ of Connect=KEY@HOST:PORT and --peer.\n\n"
          "Example:\n  votectl authority key\n" },
        { "authority init", "", 0, 0, 0, verb_init, NULL, "Make the record of an authority, once in its life",
          "An authority signs nothing before this. What it has signed is kept in a record beside the ledger, since a signature\n"
          "that is forgotten may be contradicted, which is proof of a lie. Refused where there is a record, or has been one, and\n"
          "where the network's genesis does not name this node's key. For root, the daemon's user and members of the group\n"
          "voted-admin.\n\n"
          "A host that was wiped, got another disk, or was put back from a backup must not do this: its authority has signed\n"
          "before. It does votectl authority resume.\n\n"
          "Example:\n  votectl authority init\n" },
        { "authority resume", "", 0, 0, 0, verb_resume, NULL, "Have an authority go on whose record was lost",
          "After its record (authority.db in the node's state directory) was lost, damaged, or put back from a backup. The node\n"
          "takes over every signature of its own that other authorities hold, and signs again two views above the highest that\n"
          "they report (at once, where all must sign and none may fail); so do it while they are up. A record that cannot be used\n"
          "is set aside and a new one made. It explains, and asks; --yes answers. Never have two nodes run with the same key.\n\n"
          "Not without need, and one authority after the other: the others alone must pass those views. If more resume at the\n"
          "same time than may fail, nothing becomes final again, ever.\n\n"
          "For root, the daemon's user and members of the group voted-admin.\n\n"
          "Example:\n  votectl authority resume\n  votectl authority resume --yes    # in a script\n" },
        {},
};
