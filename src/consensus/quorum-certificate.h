/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consensus/quorum-statement.h"

/* What q authorities have said alike:
 * {"block":id,"kind":"certificate","of":"endorse"|"finalize","signatures":[[number,signature],...],"view":v}
 * {"kind":"certificate","of":"skip","signatures":[...],"view":v}
 * numbers strictly ascending. A block's seal is {"certificate":{...},"kind":"seal"} with one of endorse or finalize. */
typedef struct QuorumCertificate {
        unsigned n_refs;
        QuorumKind of;
        unsigned n;             /* signatures: q at least */
        uint64_t view;
        Id block;               /* zero for skip */
        struct QuorumSigned {
                unsigned number;
                Signature signature;
        } signatures[];
} QuorumCertificate;

QuorumCertificate* quorum_certificate_ref(QuorumCertificate *c);
QuorumCertificate* quorum_certificate_unref(QuorumCertificate *c);      /* NULL is fine; returns NULL */
DEFINE_CLEANUP(QuorumCertificate*, quorum_certificate_unref)
#define _cleanup_certificate_ _cleanup_(quorum_certificate_unrefp)

/* One without signatures yet and room for n. NULL: no memory. */
QuorumCertificate* quorum_certificate_new(QuorumKind of, uint64_t view, const Id *block, unsigned n);

/* Everything but whether the signatures are valid. 0, V_FORM, V_SIZE, V_SEAL (too few, a signer twice, out of order or not
 * there), -ENOMEM. */
_must_check_ int quorum_certificate_read(QuorumCertificate **ret, const QuorumConfig *c, const Json *o, Why *why);
/* Appends the line. 0 or -ENOMEM. */
_must_check_ int quorum_certificate_format(const QuorumCertificate *cert, Buf *ret);
_must_check_ int quorum_certificate_format_seal(const QuorumCertificate *cert, Buf *ret);
/* What one of its signers said. */
QuorumStatement quorum_certificate_statement(const QuorumCertificate *cert, unsigned i);
/* The checks of its signatures go to checks[*n] and on, *n grows; there is room for n_max. 0 or -ENOMEM. */
_must_check_ int quorum_certificate_checks(const QuorumCertificate *cert, const QuorumConfig *c, const Id *network,
                SigCheck *checks, size_t n_max, size_t *n);
bool quorum_certificate_same(const QuorumCertificate *a, const QuorumCertificate *b);   /* of, view, block */

/* The certificate of a seal line, as above. */
_must_check_ int quorum_seal_read(QuorumCertificate **ret, const QuorumConfig *c, const char *seal, size_t n_seal, Why *why);
/* Header and seal by themselves: network, leader, and that the certificate is of this block and view. *ret_certificate (may be
 * NULL) is the caller's. 0, V_FORM, V_SIZE, V_SEAL, V_BLOCK, -ENOMEM. */
_must_check_ int quorum_seal_judge(const QuorumConfig *c, const Id *network, const Header *h, const char *seal, size_t n_seal,
                SigCheck *checks, size_t n_max, size_t *ret_n, QuorumCertificate **ret_certificate, Why *why);
/* Whether h may stand on parent (whose height is 0: the genesis, with its time and view 0). 0 or V_BLOCK. */
_must_check_ int quorum_header_follows(const Header *h, const Header *parent, Why *why);
