/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an election asks, and which ballots it allows: voted-election(5), ELECTIONS and BALLOTS. */
'use strict';

const { INT_MAX, members, noneTwice, refuse, integer, text, array, tuple, object, boolean, oneOf, oneOfKeys, id, name, base64 } = require('./canonical.js');
const { form: sealedForm } = require('./sealed.js');
const { GRACE_MAX } = require('./genesis.js');

const WEIGHTS_MAX = 2 ** 40;
const OPTIONS_MAX = 256;
const SEATS_MAX = 256;
const SEQ_MAX = 2 ** 31;
const SEALED_SCORE_MAX = 10;
const TEXT_MAX = 1024;          /* title, questions, options */
const LOT_MAX = 4096;
const TIME_MAX = INT_MAX - GRACE_MAX;

/* What each method takes beside text, options and method, for n options; and what is meant where it is absent. */
const METHODS = {
        plurality: {
                takes: () => ({}),
                usual: () => ({}),
        },
        approval: {
                takes: (n) => ({ min: integer(1, n), max: integer(1, n), seats: integer(1, SEATS_MAX) }),
                usual: (n) => ({ min: 1, max: n, seats: 1 }),
        },
        score: {
                takes: () => ({ max: integer(1, 1000), seats: integer(1, SEATS_MAX) }),
                usual: () => ({ max: 10, seats: 1 }),
        },
        schulze: {
                takes: (n) => ({
                        default: integer(0, n - 1), quorum: integer(0, WEIGHTS_MAX),
                        majority: array(n, n, tuple(integer(1, 1000), integer(1, 1000))),
                }),
                usual: () => ({}),
        },
        stv: {
                takes: () => ({ seats: integer(1, SEATS_MAX) }),
                usual: () => ({ seats: 1 }),
        },
};

/* A question with what it leaves out filled in. */
function readQuestion(q, what) {
        object(q, what);
        oneOfKeys(METHODS)(q.method, 'method');
        array(1, OPTIONS_MAX, text(1, TEXT_MAX))(q.options, 'options');
        const n = q.options.length;
        const { takes, usual } = METHODS[q.method];
        members(q, { method: () => {}, options: () => {}, text: text(1, TEXT_MAX) }, takes(n));
        noneTwice(q.options, 'options');

        if (q.method === 'schulze') {
                if ((q.quorum > 0 || q.majority !== undefined) && q.default === undefined)
                        refuse('"quorum" and "majority" need "default"');
                (q.majority || []).forEach(([num, den], i) => {
                        if (num < den || (i === q.default && num !== den))
                                refuse(`"majority", item ${i}: [${num},${den}]`);
                });
        }
        const full = { ...usual(n), ...q };
        if (q.method === 'approval' && full.min > full.max)
                refuse(`"min" is ${full.min}, "max" is ${full.max}`);
        return full;
}

/* The bytes of the largest vote: every choice as long as it can be, and the highest seq. */
function largestVote(election) {
        if (election.secrecy === 'sealed')
                return largestSealedVote(election);
        const digits = (numbers) => numbers.join(',');
        const longest = (q) => {
                const numbers = q.options.map((_, i) => i);
                switch (q.method) {
                case 'plurality':
                        return `[${numbers.length - 1}]`;
                case 'approval':
                        return `[${digits(numbers.slice(-q.max))}]`;
                case 'score':
                        return `[${digits(numbers.map(() => q.max))}]`;
                case 'schulze':
                        return `[${digits(numbers.map((i) => `[${i}]`))}]`;
                default:
                        return `[${digits(numbers)}]`;
                }
        };
        return voteOf(`{"choices":[${election.questions.map(longest).join(',')}]}`);
}

function voteOf(ballot) {
        const zeros = '0'.repeat(64);
        return `{"ballot":${ballot},"election":"${zeros}","kind":"vote","seq":${SEQ_MAX},"signature":"${'A'.repeat(86)}","signer":"${zeros}"}`;
}

/* All sealed ballots of an election have one size. */
function largestSealedVote(election) {
        const zeros = (n) => `"${Buffer.alloc(n).toString('base64url')}"`;
        const questions = election.questions.map((q) => {
                const { values, sums } = sealedForm(q, election.blank);
                const option = `[${zeros(32)},${zeros(32)},${zeros(128 * values.length)}]`;
                return `{"options":[${q.options.map(() => option).join(',')}]${sums ? `,"sum":${zeros(128 * sums.length)}` : ''}}`;
        });
        return voteOf(`{"sealed":[${questions.join(',')}]}`);
}

/* What a sealed election has besides, and what it may ask. */
function readSealed(o, limits) {
        if (o.board === undefined)
                refuse('"board" is missing');
        for (const q of o.questions)
                if (!['plurality', 'approval', 'score'].includes(q.method) || (q.method === 'score' && q.max > SEALED_SCORE_MAX))
                        refuse(`a sealed election cannot ask by ${q.method} with this "max"`);
        const size = 512 + o.questions.length * 3 + o.questions.reduce((n, q) => n + q.options.length, 0) * 179;
        if (size > limits.entry_bytes)
                refuse(`a share of ${size} bytes would not fit "entry_bytes"`);
}

/* The members of an election entry beside signer and signature, for members(). */
const electionMembers = {
        closes: integer(1, TIME_MAX), kind: oneOf('election'), name, opens: integer(1, TIME_MAX), questions: array(1, 64, object),
        rolls: array(1, 1024, id), title: text(1, TEXT_MAX),
};
const electionOptional = {
        about: text(0, 65536, { lines: true }), blank: boolean, board: id, exposed: boolean, grace: integer(1, GRACE_MAX), least: integer(2, 1000000), lot: text(1, LOT_MAX), revote: boolean,
        secrecy: oneOf('open', 'sealed'),
};

/* The form of an election, of a network with these limits; with what it leaves out filled in. */
function readElection(o, limits) {
        if (o.opens >= o.closes)
                refuse('"opens" is not before "closes"');
        noneTwice(o.rolls, 'rolls');
        const election = {
                about: '', blank: true, exposed: false, grace: limits.grace, least: 5, revote: true, ...o,
                questions: o.questions.map((q, i) => readQuestion(q, `questions, item ${i}`)),
        };
        if (election.grace < limits.grace)
                refuse(`"grace" is ${election.grace}, the network's least ${limits.grace}`);
        if (o.secrecy === 'sealed')
                readSealed(election, limits);
        else if (o.board !== undefined || o.least !== undefined || o.exposed !== undefined)
                refuse('"board", "least" and "exposed" are of sealed elections only');
        const n = election.questions.reduce((sum, q) => sum + q.options.length, 0);
        if (n > OPTIONS_MAX)
                refuse(`${n} options in all, at most ${OPTIONS_MAX} are allowed`);
        const size = largestVote(election).length;
        if (size > limits.vote_bytes)
                refuse(`the largest vote has ${size} bytes, at most ${limits.vote_bytes} are allowed`);
        return election;
}

/* --- ballots */

const CHOICES = {
        plurality: (q) => array(1, 1, option(q)),
        approval: (q) => (v, what) => {
                array(q.min, q.max, option(q))(v, what);
                v.forEach((x, i) => {
                        if (i > 0 && x <= v[i - 1])
                                refuse(`"${what}" does not ascend`);
                });
        },
        score: (q) => array(q.options.length, q.options.length, integer(0, q.max)),
        schulze: (q) => (v, what) => {
                array(1, q.options.length, array(1, q.options.length, option(q)))(v, what);
                noneTwice(v.flat(), what);
        },
        stv: (q) => (v, what) => {
                array(1, q.options.length, option(q))(v, what);
                noneTwice(v, what);
        },
};
const option = (q) => integer(0, q.options.length - 1);

function checkBallot(election, ballot) {
        const n = election.questions.length;
        if (election.secrecy === 'sealed') {
                members(ballot, { sealed: array(n, n, object) });
                ballot.sealed.forEach((q, i) => {
                        const { values, sums } = sealedForm(election.questions[i], election.blank);
                        const options = election.questions[i].options.length;
                        members(q, {
                                options: array(options, options, tuple(base64(32), base64(32), base64(128 * values.length))),
                                ...(sums ? { sum: base64(128 * sums.length) } : {}),
                        });
                });
                return;
        }
        members(ballot, { choices: array(n, n, array(0, INT_MAX, () => {})) });
        ballot.choices.forEach((choice, i) => {
                if (choice.length > 0)
                        CHOICES[election.questions[i].method](election.questions[i])(choice, `choices, item ${i}`);
                else if (!election.blank)
                        refuse(`"choices", item ${i}: no blank choice is allowed`);
        });
}

module.exports = { electionMembers, electionOptional, readElection, checkBallot, OPTIONS_MAX, WEIGHTS_MAX, SEQ_MAX };
