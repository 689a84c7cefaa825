/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first line of a ledger: voted-ledger(5), GENESIS. */
'use strict';

const { INT_MAX, members, noneTwice, refuse, integer, array, object, oneOf, oneOfKeys, id, name } = require('./canonical.js');
const { admit } = require('./crypto.js');
const engines = { pow: require('./engine-pow.js'), quorum: require('./engine-quorum.js') };

const GRACE_MAX = 86400;
const LIMITS = {
        block_bytes: [65536, 16777216, 4194304],
        entry_bytes: [1024, 1048576, 262144],
        vote_bytes: [512, 262144, 65536],
        revotes: [1, 1000000, 100],
        notice: [0, 31622400, 0],
        grace: [0, GRACE_MAX, undefined],
};
const BYTES_MAX = 131072;

/* A genesis with all its limits, and the engine that it names. */
function readGenesis(o, size) {
        if (size > BYTES_MAX)
                refuse(`${size} bytes, at most ${BYTES_MAX} are allowed`);
        members(o, {
                admins: object, created: integer(0, INT_MAX), engine: object, kind: oneOf('genesis'),
                limits: object, name, rules: integer(1, 1),
        });
        members(o.admins, { approvals: integer(1, INT_MAX), keys: array(1, 64, id) });
        noneTwice(o.admins.keys, 'keys');
        o.admins.keys.forEach(admit);
        if (o.admins.approvals > o.admins.keys.length)
                refuse(`"approvals" is ${o.admins.approvals} of ${o.admins.keys.length} admins`);

        members(o.limits, {}, Object.fromEntries(Object.entries(LIMITS).map(([k, [least, most]]) => [k, integer(least, most)])));
        const limits = Object.fromEntries(Object.entries(LIMITS).map(([k, [, , usual]]) => [k, usual]));
        Object.assign(limits, o.limits);
        if (limits.entry_bytes >= limits.block_bytes || limits.vote_bytes >= limits.block_bytes)
                refuse('"entry_bytes" and "vote_bytes" must be less than "block_bytes"');

        oneOfKeys(engines)(o.engine.type, 'type');
        const engine = engines[o.engine.type];
        engine.checkConfig(o.engine);
        limits.grace ??= Math.min(Math.max(60, engine.graceLeast(o.engine)), GRACE_MAX);
        return { name: o.name, created: o.created, admins: o.admins, config: o.engine, engine, limits };
}

module.exports = { readGenesis, GRACE_MAX };
