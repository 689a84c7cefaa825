/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Known authorities: voted-ledger(5), SEALS, quorum. */
'use strict';

const { INT_MAX, members, noneTwice, refuse, integer, array, tuple, object, oneOf, id, signature, formatLine } = require('./canonical.js');
const { admit } = require('./crypto.js');

const AUTHORITIES_MAX = 100;

function checkConfig(o) {
        members(o, { authorities: array(1, AUTHORITIES_MAX, id), delta_ms: integer(50, 10000), type: oneOf('quorum') });
        noneTwice(o.authorities, 'authorities');
        o.authorities.forEach(admit);
}

const headerField = 'view';
const checkHeaderField = integer(1, INT_MAX);

/* How many authorities may lie, and how many make a certificate. */
const liarsMax = (config) => Math.floor((config.authorities.length - 1) / 3);
const enough = (config) => config.authorities.length - liarsMax(config);

/* In seconds, rounded up. */
const graceLeast = (config) => 30 + Math.ceil((16 * config.delta_ms * liarsMax(config)) / 1000);

function checkHeader(genesis, chain, header) {
        const before = chain.length > 0 ? chain[chain.length - 1].view : 0;
        if (header.view <= before)
                refuse(`"view" is ${header.view}, that of the parent ${before}`);
}

/* What each signature of a certificate is made over: the line that its authority signed, which the certificate
 * leaves out. */
function statements(config, network, certificate) {
        const { block, of, view } = certificate;
        return certificate.signatures.map(([number, sig]) => {
                const key = config.authorities[number];
                const line = formatLine({ block, kind: of, signer: key, view });
                return { key, message: Buffer.from(`voted ${of} 1\n${network}\n${line}`), signature: sig };
        });
}

function checkSeal(genesis, network, header, o) {
        const { config } = genesis;
        members(o, { certificate: object, kind: oneOf('seal') });
        const c = o.certificate;
        members(c, {
                block: id, kind: oneOf('certificate'), of: oneOf('endorse', 'finalize'),
                signatures: array(0, AUTHORITIES_MAX, tuple(integer(0, config.authorities.length - 1), signature)),
                view: integer(1, INT_MAX),
        });
        c.signatures.forEach(([number], i) => {
                if (i > 0 && number <= c.signatures[i - 1][0])
                        refuse('"signatures" are not in ascending order of authorities, none twice');
        });
        if (c.signatures.length < enough(config))
                refuse(`${c.signatures.length} signatures, expected ${enough(config)} of ${config.authorities.length} authorities`);

        if (c.block !== header.id)
                refuse(`the seal of block ${c.block} stands with block ${header.id}`);
        if (c.view !== header.view)
                refuse(`a certificate of view ${c.view} for a block of view ${header.view}`);
        if (header.sealer !== config.authorities[header.view % config.authorities.length])
                refuse(`${header.sealer} is not the leader of view ${header.view}`);
        return statements(config, network, c);
}

/* The last block with a finalize certificate, and all below it. */
function finalHeight(genesis, chain, seals) {
        return seals.findLastIndex((s) => s.certificate.of === 'finalize') + 1;
}

module.exports = { checkConfig, headerField, checkHeaderField, graceLeast, checkHeader, checkSeal, finalHeight };
