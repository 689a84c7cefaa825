/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form of entries: voted-ledger(5), ENTRIES. What can be said of an entry from the genesis and
 * its own line; whether it is valid in its place is in state.js. */
'use strict';

const { INT_MAX, members, noneTwice, refuse, integer, text, array, tuple, object, oneOf, oneOfKeys, id, name, signature, base64 } = require('./canonical.js');
const sealed = require('./sealed.js');
const { electionMembers, electionOptional, readElection, OPTIONS_MAX, WEIGHTS_MAX, SEQ_MAX } = require('./election.js');

/* An element in hexadecimal digits; 64 bytes that are an element and a scalar. */
const element = (v, what) => {
        id(v, what);
        if (!sealed.element(Buffer.from(v, 'hex')))
                refuse(`"${what}" is ${v}, expected a canonical element that is not the identity`);
};
const sealedShare = (v, what) => {
        base64(128)(v, what);
        const bytes = Buffer.from(v, 'base64url');
        if (!sealed.element(bytes.subarray(0, 32)) || sealed.number(bytes.subarray(32, 64)) >= sealed.L)
                refuse(`"${what}" is no element and scalar`);
};
/* D and its proof, or nothing and nothing */
const share = (v, what) => {
        const nothing = Array.isArray(v) && v[0] === '' && v[1] === '';
        tuple(base64(nothing ? 0 : 32), base64(nothing ? 0 : 96))(v, what);
        if (!nothing && !sealed.element(Buffer.from(v[0], 'base64url')))
                refuse(`"${what}" is ${v[0]}, expected a canonical element that is not the identity`);
};
const BOARD_TRUSTEES = 16;
/* The kinds that no other engine knows. */
const OF_QUORUM = ['trustee', 'board', 'deal', 'confirm', 'object', 'share'];

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

/* required and optional members beside signer and signature; form: what more must hold, and what to keep */
const KINDS = {
        roll: {
                required: { kind: oneOf('roll'), name, part: integer(0, 1023), voters: array(1, INT_MAX, tuple(id, integer(1, 2 ** 31))) },
                form(o) {
                        noneTwice(o.voters.map(([key]) => key), 'voters');
                        if (sum(o.voters.map(([, weight]) => weight)) > WEIGHTS_MAX)
                                refuse('the weights sum to more than 2^40');
                        return o;
                },
                keys: (o) => o.voters.map(([key]) => key),
        },
        election: {
                required: electionMembers,
                optional: electionOptional,
                form: (o, limits) => readElection(o, limits),
        },
        approve: { required: { entry: id, kind: oneOf('approve') } },
        withdraw: { required: { election: id, kind: oneOf('withdraw') } },
        admins: {
                required: { kind: oneOf('admins') },
                optional: { add: array(0, 64, id), remove: array(0, 64, id), seq: integer(1, SEQ_MAX) },
                form(o) {
                        const full = { add: [], remove: [], ...o };
                        const named = [...full.add, ...full.remove];
                        noneTwice(named, 'add and remove');
                        if (named.length === 0)
                                refuse('no key is named');
                        return full;
                },
                keys: (o) => [...(o.add || []), ...(o.remove || [])],
        },
        draw: { required: { election: id, kind: oneOf('draw'), value: text(1, 4096) } },
        trustee: { required: { kind: oneOf('trustee'), proof: base64(64), sealing: element } },
        board: {
                required: {
                        elections: array(1, 64, name), kind: oneOf('board'), name, threshold: integer(1, BOARD_TRUSTEES),
                        trustees: array(1, BOARD_TRUSTEES, id), until: integer(1, INT_MAX),
                },
                form(o, limits) {
                        noneTwice(o.elections, 'elections');
                        noneTwice(o.trustees, 'trustees');
                        if (o.threshold > o.trustees.length)
                                refuse(`"threshold" is ${o.threshold} of ${o.trustees.length}`);
                        const size = 512 + o.threshold * 156 + o.trustees.length * 174;
                        if (size > limits.entry_bytes)
                                refuse(`a deal of ${size} bytes would not fit "entry_bytes"`);
                        return o;
                },
                keys: (o) => o.trustees,
        },
        deal: {
                required: {
                        board: id, commitments: array(1, BOARD_TRUSTEES, element), kind: oneOf('deal'),
                        proofs: array(1, BOARD_TRUSTEES, base64(64)), shares: array(1, BOARD_TRUSTEES, sealedShare),
                },
                form(o) {
                        if (o.proofs.length !== o.commitments.length)
                                refuse(`${o.proofs.length} proofs for ${o.commitments.length} commitments`);
                        return o;
                },
        },
        confirm: { required: { board: id, deals: id, kind: oneOf('confirm') } },
        object: { required: { board: id, dealer: id, deals: id, key: element, kind: oneOf('object'), proof: base64(96) } },
        share: {
                required: {
                        block: id, election: id, kind: oneOf('share'),
                        shares: array(1, 64, array(1, OPTIONS_MAX, share)),
                },
                form(o) {
                        if (sum(o.shares.map((options) => options.length)) > OPTIONS_MAX)
                                refuse(`shares for more than ${OPTIONS_MAX} options`);
                        return o;
                },
        },
        vote: { required: { ballot: object, election: id, kind: oneOf('vote'), seq: integer(1, SEQ_MAX) } },
};

/* An entry whose form is right; keys: those that it admits, still to be checked. */
function readEntry(o, size, { limits, config }) {
        oneOfKeys(KINDS)(o.kind, 'kind');
        const most = o.kind === 'vote' ? limits.vote_bytes : limits.entry_bytes;
        if (size > most)
                refuse(`${size} bytes, at most ${most} are allowed`);
        const { required, optional, form, keys } = KINDS[o.kind];
        members(o, { ...required, signature, signer: id }, optional);
        if ((OF_QUORUM.includes(o.kind) || o.secrecy === 'sealed') && config.type !== 'quorum')
                refuse('sealed elections need the engine "quorum"');
        const body = form ? form(o, limits) : o;
        return { kind: o.kind, signer: o.signer, signature: o.signature, body, keys: keys ? keys(o) : [] };
}

module.exports = { readEntry, KINDS: Object.keys(KINDS) };
