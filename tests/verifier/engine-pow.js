/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proof of work: voted-ledger(5), SEALS, pow. */
'use strict';

const { INT_MAX, members, noneTwice, refuse, integer, array, oneOf, id, matching, signature } = require('./canonical.js');
const { admit, hash, signedBytes } = require('./crypto.js');

const WINDOW = 16;
const U64_MAX = 2n ** 64n - 1n;

function checkConfig(o) {
        members(o, {
                confirmations: integer(1, 1000), difficulty: integer(1, INT_MAX), interval: integer(1, 3600), type: oneOf('pow'),
        }, { miners: array(1, 1024, id) });
        if (o.miners) {
                noneTwice(o.miners, 'miners');
                o.miners.forEach(admit);
        }
}

/* What the engine adds to a header. */
const headerField = 'difficulty';
const checkHeaderField = integer(1, INT_MAX);

const graceLeast = (config) => 30 + 10 * config.interval;

/* The difficulty of the block on the last of chain: the headers from block 1 on. */
function nextDifficulty(config, created, chain) {
        if (chain.length === 0)
                return config.difficulty;
        const { interval, confirmations } = config;
        const low = Math.max(1, Math.floor(interval / 4));
        const high = 4 * interval;
        let difficulties = 0n;
        let gaps = 0n;

        for (let i = Math.max(0, chain.length - WINDOW); i < chain.length; i++) {
                const run = chain.slice(Math.max(0, i - confirmations), i);
                const idle = run.length === confirmations && run.every((h) => h.count === 0);
                const gap = chain[i].time - (i > 0 ? chain[i - 1].time : created);
                difficulties += BigInt(chain[i].difficulty);
                gaps += BigInt(idle ? interval : Math.min(Math.max(gap, low), high));
        }
        const last = BigInt(chain[chain.length - 1].difficulty);
        let d = (difficulties * BigInt(interval)) / gaps;
        d = max(d, last / 4n);
        d = min(d, last * 4n);
        return Number(min(max(d, 1n), BigInt(INT_MAX)));
}
const max = (a, b) => (a > b ? a : b);
const min = (a, b) => (a < b ? a : b);

/* What a header must be on its parent, beyond what holds for every engine: judged with the seal. */
function checkHeader(genesis, chain, header) {
        const expected = nextDifficulty(genesis.config, genesis.created, chain);
        if (header.difficulty !== expected)
                refuse(`"difficulty" is ${header.difficulty}, expected ${expected}`);
}

/* Of a seal, as far as it goes without its signatures: these are returned, to be checked. */
function checkSeal(genesis, network, header, o, line) {
        members(o, {
                block: id, kind: oneOf('seal'), nonce: matching(/^[0-9a-f]{16}$/, '16 lower-case hexadecimal digits'), signature,
        });
        if (o.block !== header.id)
                refuse(`the seal of block ${o.block} stands with block ${header.id}`);
        if (genesis.config.miners && !genesis.config.miners.includes(header.sealer))
                refuse(`${header.sealer} is none of the network's miners`);

        const work = hash(Buffer.from(header.id, 'hex'), Buffer.from(o.nonce, 'hex').reverse()).readBigUInt64BE();
        if (work > U64_MAX / BigInt(header.difficulty))
                refuse(`not the work of difficulty ${header.difficulty}`);
        return [{ key: header.sealer, message: signedBytes(network, 'seal', line), signature: o.signature }];
}

/* Up to which height the chain is called final; seals are those of its blocks. */
function finalHeight(genesis, chain) {
        return Math.max(0, chain.length - genesis.config.confirmations);
}

module.exports = { checkConfig, headerField, checkHeaderField, graceLeast, checkHeader, checkSeal, finalHeight, nextDifficulty };
