/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verdicts on an input. A function that judges something from outside returns 0 (it is fine),
 * a Verdict (> 0: the input broke a rule) or a negative errno (we failed; never the input's fault).
 * The names cross the wire (`error` {code}) and the control socket: append only, never renumber. */
#define VERDICTS(X) \
        X(FORM,       "form",       true,  "not a line in canonical form, or not of the shape its kind asks for") \
        X(SIZE,       "size",       true,  "larger than the limit") \
        X(VERSION,    "version",    false, "another version of the protocol or of the rules") \
        X(NETWORK,    "network",    false, "of another network") \
        X(KEY,        "key",        true,  "not an acceptable Ed25519 public key") \
        X(SIGNATURE,  "signature",  true,  "signature does not verify") \
        X(SEAL,       "seal",       true,  "block without a valid seal") \
        X(BLOCK,      "block",      true,  "block that is invalid on its parent") \
        X(FLOOD,      "flood",      true,  "more than the sender's allowance") \
        X(PROTOCOL,   "protocol",   true,  "message out of place") \
        X(SIGNER,     "signer",     false, "signer is not entitled") \
        X(UNKNOWN,    "unknown",    false, "names something that is not in the ledger") \
        X(DUPLICATE,  "duplicate",  false, "is there already") \
        X(SEQ,        "seq",        false, "seq is not greater than that of the voter's last vote") \
        X(EARLY,      "early",      false, "too early") \
        X(LATE,       "late",       false, "too late") \
        X(BALLOT,     "ballot",     false, "ballot is not one that the election allows") \
        X(DEFINITION, "definition", false, "election or roll that breaks a rule") \
        X(LIMIT,      "limit",      false, "a limit of the network is reached") \
        X(FULL,       "full",       false, "no room now, try again later") \
        X(ORPHAN,     "orphan",     false, "parent is not known") \
        X(BUSY,       "busy",       false, "not now: a reply is awaited, or too many ask") \
        X(BANNED,     "banned",     false, "banned for a time") \
        X(DENIED,     "denied",     false, "not permitted") \
        X(PROOF,      "proof",      true,  "a proof or an encrypted value does not hold")

typedef enum Verdict {
        V_OK = 0,
#define X(n, name, fault, text) V_##n,
        VERDICTS(X)
#undef X
        _V_MAX,
} Verdict;

/* The name on the wire, "ok" for 0, "unknown" for what is none. Never NULL. */
const char* verdict_name(int v);
/* One clause for people: "signature does not verify". Never NULL. */
const char* verdict_text(int v);
/* The verdict of that wire name, 0 if there is none. */
int verdict_from_name(const char *name);
/* Whether every receiver would see this fault, whatever its clock, state or timers: only such a
 * verdict adds to a sender's penalty. */
_Bool verdict_is_fault(int v);
