/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state that a ledger's entries make, and whether the next one is valid in it: voted-ledger(5),
 * ENTRIES. An entry is judged in a block of a given time, and by nothing else. */
'use strict';

const { refuse } = require('./canonical.js');
const { checkBallot, WEIGHTS_MAX } = require('./election.js');
const boards = require('./boards.js');

const ADMINS_MAX = 64;
const WAITING_MAX = 1024;

class State {
        constructor(genesis, network) {
                this.genesis = genesis;
                this.network = network;
                this.limits = genesis.limits;
                this.approvals = genesis.admins.approvals;
                this.admins = new Set(genesis.admins.keys);
                this.ids = new Set();           /* of what an admin signs: none enters twice */
                this.posted = new Map();        /* id -> entry of an admin, with who signed, and whether it is in effect */
                this.rollNames = new Set();     /* name and part */
                this.elections = new Map();     /* id -> election */
                this.electionNames = new Map(); /* name -> id */
                this.onRolls = new Set();       /* keys on rolls in effect */
                this.sealing = new Map();       /* key -> its sealing keys, the last one last */
                this.boards = new Map();
                this.boardNames = new Set();
        }

        /* A block of that time begins: it closes elections. */
        beginBlock(time, id) {
                for (const e of this.elections.values())
                        if (!e.closing && time >= e.end && this.stands(e))
                                e.closing = id;
        }

        /* In effect, not withdrawn, and if it is sealed with a board that was ready in time. */
        stands(e) {
                return e.inEffect && !e.withdrawn && (e.body.secrecy !== 'sealed' || boards.boardInTime(this, e));
        }

        /* A proof that the entry being added needs, to be checked by that function of sealed.js. */
        prove(work, item) {
                this.proofs.push({ work, item });
        }

        /* Takes the entry into a block of that time, or refuses it; returns the proofs on which that hangs. */
        add(entry, time) {
                this.proofs = [];
                this.take(entry, time);
                return this.proofs;
        }

        take(entry, time) {
                if (entry.kind in boards.kinds)
                        this.once(entry, () => boards.kinds[entry.kind](this, entry, time));
                else if (entry.kind === 'vote')
                        this.vote(entry, time);
                else if (entry.kind === 'approve')
                        this.approve(entry, time);
                else
                        this.post(entry, time);
        }

        requireAdmin(entry) {
                if (!this.admins.has(entry.signer))
                        refuse(`${entry.signer} is no admin`);
                if (this.ids.has(entry.id))
                        refuse('this entry is in the ledger already');
        }

        once(entry, step) {
                if (this.ids.has(entry.id))
                        refuse('this entry is in the ledger already');
                step();
                this.ids.add(entry.id);
        }

        post(entry, time) {
                this.requireAdmin(entry);
                this[`${entry.kind}Posted`]?.(entry, time);
                this[`${entry.kind}MayTakeEffect`]?.(entry, time);
                const item = { ...entry, signers: new Set([entry.signer]), inEffect: false };
                if (this.approvals > 1 && this.waiting(entry.signer) >= WAITING_MAX)
                        refuse(`${WAITING_MAX} entries that ${entry.signer} posted wait already`);

                this.ids.add(entry.id);
                this.posted.set(entry.id, item);
                this[`${entry.kind}Enters`]?.(entry);
                this.count(item, time);
        }

        waiting(poster) {
                let n = 0;
                for (const item of this.posted.values())
                        n += !item.inEffect && item.signer === poster;
                return n;
        }

        approve(entry, time) {
                this.requireAdmin(entry);
                const item = this.posted.get(entry.body.entry);
                if (!item)
                        refuse(`no entry ${entry.body.entry} that could be approved`);
                if (item.inEffect)
                        refuse('that entry is in effect already');
                if (item.signers.has(entry.signer))
                        refuse(`${entry.signer} has posted or approved that entry already`);
                this[`${item.kind}MayTakeEffect`]?.(item, time);

                this.ids.add(entry.id);
                item.signers.add(entry.signer);
                this.count(item, time);
        }

        /* Who signed and is an admin now. */
        count(item, time) {
                const n = [...item.signers].filter((key) => this.admins.has(key)).length;
                if (n >= this.approvals) {
                        item.inEffect = true;
                        this[`${item.kind}TakesEffect`]?.(item, time);
                }
        }

        /* --- roll */

        rollPosted({ body }) {
                if (this.rollNames.has(`${body.name} ${body.part}`))
                        refuse(`part ${body.part} of another roll "${body.name}" is in the ledger`);
        }

        rollEnters({ body }) {
                this.rollNames.add(`${body.name} ${body.part}`);
        }

        rollTakesEffect({ body }) {
                body.voters.forEach(([key]) => this.onRolls.add(key));
        }

        /* --- board */

        boardPosted(entry) {
                boards.board.posted(this, entry);
        }

        boardMayTakeEffect(entry, time) {
                boards.board.mayTakeEffect(this, entry, time);
        }

        boardEnters(entry) {
                boards.board.enters(this, entry);
        }

        boardTakesEffect(entry) {
                boards.board.takesEffect(this, entry);
        }

        /* --- election */

        electionPosted(entry, time) {
                const { body } = entry;
                if (this.electionNames.has(body.name) || this.boardNames.has(body.name))
                        refuse(`the name "${body.name}" is taken`);
                /* voter -> weight, in the order of the rolls */
                const voters = new Map();
                let weights = 0;
                for (const id of body.rolls) {
                        const roll = this.posted.get(id);
                        if (!roll || roll.kind !== 'roll' || !roll.inEffect)
                                refuse(`no roll ${id} is in effect`);
                        for (const [key, weight] of roll.body.voters) {
                                if (voters.has(key))
                                        refuse(`${key} is on the rolls twice`);
                                voters.set(key, weight);
                                weights += weight;
                        }
                }
                if (weights > WEIGHTS_MAX)
                        refuse('the weights sum to more than 2^40');
                entry.voters = voters;
                if (body.secrecy === 'sealed')
                        boards.electionPosted(this, entry, time);
        }

        electionMayTakeEffect({ id, body }, time) {
                if (time >= body.opens || time + this.limits.notice > body.opens)
                        refuse(`it opens at ${body.opens}, too early for a block of ${time}`);
                if (this.elections.get(id)?.withdrawn)
                        refuse('the election was withdrawn');
        }

        electionEnters({ id, body, voters }) {
                const election = { id, body, voters, end: body.closes + body.grace, inEffect: false, withdrawn: false, draw: null, votes: new Map(), closing: null, shares: [] };
                this.electionNames.set(body.name, id);
                this.elections.set(id, election);
        }

        electionTakesEffect({ id }) {
                this.elections.get(id).inEffect = true;
        }

        election(id) {
                const election = this.elections.get(id);
                if (!election)
                        refuse(`no election ${id}`);
                return election;
        }

        /* --- withdraw */

        withdrawMayTakeEffect({ body }, time) {
                const e = this.election(body.election);
                if (e.withdrawn)
                        refuse('the election was withdrawn already');
                if (time >= e.body.opens)
                        refuse('the election has opened');
                if (!e.inEffect && time + this.limits.notice > e.body.opens)
                        refuse('the election is void');
        }

        withdrawTakesEffect({ body }) {
                this.elections.get(body.election).withdrawn = true;
        }

        /* --- admins */

        adminsMayTakeEffect({ body }) {
                for (const key of body.add)
                        if (this.admins.has(key))
                                refuse(`${key} is an admin already`);
                for (const key of body.remove)
                        if (!this.admins.has(key))
                                refuse(`${key} is no admin`);
                const n = this.admins.size + body.add.length - body.remove.length;
                if (n < this.approvals || n > ADMINS_MAX)
                        refuse(`${n} admins would remain, expected ${this.approvals} to ${ADMINS_MAX}`);
        }

        adminsTakesEffect({ body }) {
                body.add.forEach((key) => this.admins.add(key));
                body.remove.forEach((key) => this.admins.delete(key));
        }

        /* --- draw */

        drawMayTakeEffect({ body }, time) {
                const e = this.election(body.election);
                if (!this.stands(e))
                        refuse('that election is not in effect');
                if (e.body.lot === undefined)
                        refuse('that election names no lot');
                if (e.draw)
                        refuse('the lot of that election is drawn');
                if (time < e.end)
                        refuse(`the election closes at ${e.end}`);
        }

        drawTakesEffect({ body, signer }) {
                this.elections.get(body.election).draw = { value: body.value, signer };
        }

        /* --- vote */

        vote(entry, time) {
                const { body, signer } = entry;
                const e = this.election(body.election);
                if (!this.stands(e))
                        refuse('that election is not in effect');
                if (time < e.body.opens || time >= e.end)
                        refuse(`the election is open from ${e.body.opens} to before ${e.end}, this block is of ${time}`);
                if (!e.voters.has(signer))
                        refuse(`${signer} is not on the rolls`);
                const before = e.votes.get(signer) ?? { seq: 0, count: 0 };
                if (body.seq <= before.seq || (!e.body.revote && body.seq !== 1))
                        refuse(`"seq" is ${body.seq}, the last vote's ${before.seq}`);
                if (before.count > this.limits.revotes)
                        refuse(`${before.count} votes of this voter are in the ledger`);
                checkBallot(e.body, body.ballot);
                e.votes.set(signer, { seq: body.seq, count: before.count + 1, ...body.ballot });
                if (e.body.secrecy === 'sealed')
                        boards.voteProofs(this, e, entry);
        }
}

module.exports = { State };
