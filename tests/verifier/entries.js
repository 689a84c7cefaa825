/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form of entries: voted-ledger(5), ENTRIES. What can be said of an entry from the genesis and
 * its own line; whether it is valid in its place is in state.js. */
'use strict';

const { INT_MAX, members, noneTwice, refuse, integer, text, array, tuple, object, oneOf, oneOfKeys, id, name, signature } = require('./canonical.js');
const { electionMembers, electionOptional, readElection, WEIGHTS_MAX, SEQ_MAX } = require('./election.js');

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
        vote: { required: { ballot: object, election: id, kind: oneOf('vote'), seq: integer(1, SEQ_MAX) } },
};

/* An entry whose form is right; keys: those that it admits, still to be checked. */
function readEntry(o, size, limits) {
        oneOfKeys(KINDS)(o.kind, 'kind');
        const most = o.kind === 'vote' ? limits.vote_bytes : limits.entry_bytes;
        if (size > most)
                refuse(`${size} bytes, at most ${most} are allowed`);
        const { required, optional, form, keys } = KINDS[o.kind];
        members(o, { ...required, signature, signer: id }, optional);
        const body = form ? form(o, limits) : o;
        return { kind: o.kind, signer: o.signer, signature: o.signature, body, keys: keys ? keys(o) : [] };
}

module.exports = { readEntry, KINDS: Object.keys(KINDS) };
