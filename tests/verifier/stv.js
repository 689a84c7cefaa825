/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The single transferable vote: voted-election(5), STV, whose rules the numbers below are. Values are
 * BigInts in units of 10^-5. */
'use strict';

const ONE = 100000n;

const decimal = (v) => `${v / ONE}.${String(v % ONE).padStart(5, '0')}`;
const range = (n) => [...Array(n).keys()];
const sum = (values) => values.reduce((a, b) => a + b, 0n);

class Count {
        constructor(question, ballots, lot) {
                this.n = question.options.length;
                this.seats = question.seats;
                this.lot = lot;
                this.lotUsed = false;
                /* rule 1; at: where in the order the paper lies */
                this.papers = ballots.map(({ weight, choice }) => ({ weight: BigInt(weight), value: ONE, order: choice, at: 0 }));
                this.N = sum(this.papers.map((p) => p.weight));
                this.quota = (this.N / BigInt(this.seats + 1) + 1n) * ONE;
                this.votes = Array(this.n).fill(0n);
                this.held = range(this.n).map(() => []);
                this.nonTransferable = 0n;
                this.elected = [];
                this.excluded = new Set();
                this.surplus = new Set();       /* the elected whose surplus was not transferred */
                this.stages = [];
        }

        continuing() {
                return range(this.n).filter((i) => !this.elected.includes(i) && !this.excluded.has(i));
        }

        vacancies() {
                return this.seats - this.elected.length;
        }

        residual() {
                return this.N * ONE - sum(this.votes) - this.nonTransferable;
        }

        /* Rules 3, 4, 10 and 11 at the end of a stage; true if the count stops. */
        endStage(stage) {
                const continuing = this.continuing();
                let now = continuing.filter((i) => this.votes[i] >= this.quota);
                if (continuing.length - now.length <= this.vacancies() - now.length)
                        now = continuing;
                now.sort((a, b) => Number(this.votes[b] - this.votes[a]) || a - b);
                for (const i of now) {
                        this.elected.push(i);
                        if (this.votes[i] > this.quota)
                                this.surplus.add(i);
                }
                this.stages.push({
                        ...stage, votes: this.votes.map(decimal), non_transferable: decimal(this.nonTransferable),
                        residual: decimal(this.residual()), elected: now, raw: [...this.votes],
                });
                return this.vacancies() === 0 || now.length === continuing.length;
        }

        /* Rule 9: which of the tied, and by what; null if only a lot could say. highest: of a surplus. */
        breakTie(tied, highest) {
                let left = tied;
                for (let s = this.stages.length - 2; s >= 0; s--) {
                        const at = left.map((i) => this.stages[s].raw[i]);
                        const best = at.reduce((a, b) => ((highest ? b > a : b < a) ? b : a));
                        left = left.filter((i, k) => at[k] === best);
                        if (left.length === 1)
                                return { option: left[0], tie: { options: tied, by: 'stage', stage: s + 1 } };
                }
                if (!this.lot)
                        return null;
                this.lotUsed = true;
                const inOrder = this.lot.filter((i) => left.includes(i));
                return { option: highest ? inOrder[0] : inOrder[inOrder.length - 1], tie: { options: tied, by: 'lot' } };
        }

        choose(options, highest) {
                const best = options.map((i) => this.votes[i]).reduce((a, b) => ((highest ? b > a : b < a) ? b : a));
                const tied = options.filter((i) => this.votes[i] === best);
                return tied.length === 1 ? { option: tied[0] } : this.breakTie(tied, highest) ?? { tied };
        }

        /* The papers of an option go to their next continuing preference, at the value that they have then. */
        transfer(from, valueOf) {
                const continuing = new Set(this.continuing());
                const papers = this.held[from];
                this.held[from] = [];
                for (const paper of papers) {
                        paper.value = valueOf(paper);
                        while (paper.at < paper.order.length && !continuing.has(paper.order[paper.at]))
                                paper.at++;
                        if (paper.at === paper.order.length) {
                                this.nonTransferable += paper.weight * paper.value;
                        } else {
                                this.held[paper.order[paper.at]].push(paper);
                                this.votes[paper.order[paper.at]] += paper.weight * paper.value;
                        }
                }
        }

        run() {
                for (const paper of this.papers) {
                        this.held[paper.order[0]].push(paper);
                        this.votes[paper.order[0]] += paper.weight * ONE;
                }
                let stop = this.endStage({ action: 'first' });
                while (!stop) {
                        const surplus = this.surplus.size > 0;
                        const action = surplus ? 'surplus' : 'exclude';
                        const { option, tie, tied } = this.choose(surplus ? [...this.surplus].sort((a, b) => a - b) : this.continuing(), surplus);
                        if (tied)
                                return { action, options: tied };

                        const stage = { action, option, ...(tie ? { tie } : {}) };
                        if (surplus) {
                                const s = this.votes[option] - this.quota;
                                const T = this.votes[option];
                                this.surplus.delete(option);
                                this.votes[option] = this.quota;
                                this.transfer(option, (paper) => (paper.value * s) / T);
                                stage.surplus = decimal(s);
                        } else {
                                this.excluded.add(option);
                                this.votes[option] = 0n;
                                this.transfer(option, (paper) => paper.value);
                        }
                        stop = this.endStage(stage);
                }
                return null;
        }
}

function countStv(question, ballots, lot) {
        const count = new Count(question, ballots, lot);
        const stopped = count.run();
        const ends = stopped ? { tied: stopped.options, open_seats: count.vacancies(), stopped } : { tied: [], open_seats: 0 };
        return {
                seats: question.seats, papers: Number(count.N), quota: decimal(count.quota),
                stages: count.stages.map(({ raw, ...stage }) => stage), elected: count.elected, lot_used: count.lotUsed,
                outcome: stopped ? 'tie' : 'decided', ...ends,
        };
}

module.exports = { countStv };
