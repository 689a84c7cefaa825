// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes tests/vectors/sealed.jsonl: what src/crypto/ computes for sealed elections, written a second time from
// doc/CRYPTOGRAPHY.md with the arithmetic of @noble/curves. One vector a line, canonical; bytes as hex.
import { createHash, createHmac } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url); // honours NODE_PATH (tests/verifier/modules.sh)
const { ristretto255 } = require("@noble/curves/ed25519");
const { Point } = ristretto255;
const G = Point.BASE;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const hex = (b) => Buffer.from(b).toString("hex");
const unhex = (s) => Buffer.from(s, "hex");
const mod = (n) => ((n % L) + L) % L;
const little = (b) => BigInt("0x" + hex(Buffer.from(b).reverse()));
const scalarBytes = (n) => Buffer.from(mod(n).toString(16).padStart(64, "0"), "hex").reverse();
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };
const times = (p, n) => (mod(n) === 0n ? Point.ZERO : p.multiply(mod(n)));
const sum = (points) => points.reduce((a, b) => a.add(b), Point.ZERO);
const bytes = (p) => Buffer.from(p.toBytes());

// Fields: text, bytes, points, and numbers as 8 bytes.
const raw = (f) => (typeof f === "string" ? Buffer.from(f) : typeof f === "number" ? u64(f) : f instanceof Uint8Array ? Buffer.from(f) : bytes(f));
const frame = (fields) => Buffer.concat(fields.map(raw).flatMap((b) => { const n = Buffer.alloc(4); n.writeUInt32BE(b.length); return [n, b]; }));
const digest = (fields) => createHash("sha512").update(frame(fields)).digest();
const toScalar = (fields) => mod(little(digest(fields)));

class Stream {
	constructor(seed, label, fields) {
		this.key = createHmac("sha512", seed).update(frame(["voted stream 1", label, ...fields])).digest();
		this.draws = 0;
	}
	draw() { return createHmac("sha512", this.key).update(u64(this.draws++)).digest(); }
	scalar() { for (;;) { const s = mod(little(this.draw())); if (s !== 0n) return s; } }
	bytes() { return this.draw().subarray(0, 32); }
}

const nonces = (stream, statement, secret) => new Stream(stream.bytes(), "nonces", [digest(statement), scalarBytes(secret)]);

// --- a ballot ---
const SUM = 2 ** 32 - 1;
const choiceStatement = (s, ciphers, question, option, allowed) => ["voted proof 1", option === SUM ? "sum" : "choice", s.network, s.election, s.y,
	s.signer, s.seq, question, option, ...allowed, ...ciphers.flatMap((c) => [c.alpha, c.beta])];

function choice(s, ciphers, question, option, allowed, m, r, stream) {
	const statement = choiceStatement(s, ciphers, question, option, allowed);
	const random = nonces(stream, statement, r);
	const parts = allowed.map((value) => {
		const z = random.scalar(), drawn = random.scalar(), c = value === m ? 0n : drawn;
		const alpha = times(G, r), rest = times(s.y, r).add(times(G, BigInt(m - value)));
		return { value, z, c, a: times(G, z).subtract(times(alpha, c)), b: times(s.y, z).subtract(times(rest, c)) };
	});
	const whole = toScalar([...statement, ...parts.flatMap((p) => [p.a, p.b])]);
	const mine = parts.find((p) => p.value === m);
	mine.c = mod(whole - parts.reduce((t, p) => t + p.c, 0n));
	mine.z = mod(mine.z + mine.c * r);
	return Buffer.concat(parts.map((p) => Buffer.concat([bytes(p.a), bytes(p.b), scalarBytes(p.c), scalarBytes(p.z)])));
}

function ballot(s, seed, questions) {
	const stream = (q, o, m) => new Stream(seed, "ballot", [s.network, s.election, s.y, s.signer, s.seq, q, o, m]);
	const cells = questions.map((question, q) => question.m.map((m, o) => {
		const st = stream(q, o, m), r = st.scalar();
		return { m, r, st, cipher: { alpha: times(G, r), beta: times(s.y, r).add(times(G, BigInt(m))) } };
	}));
	const ciphers = cells.flat().map((c) => c.cipher);
	return questions.map((question, q) => {
		const out = {
			allowed: question.allowed, m: question.m,
			options: cells[q].map((c, o) => ({
				alpha: hex(bytes(c.cipher.alpha)), beta: hex(bytes(c.cipher.beta)),
				proof: hex(choice(s, ciphers, q, o, question.allowed, c.m, c.r, c.st)),
			})),
		};
		if (question.sum) {
			const m = question.m.reduce((a, b) => a + b, 0), r = mod(cells[q].reduce((a, c) => a + c.r, 0n));
			out.sum_allowed = question.sum;
			out.sum = hex(choice(s, ciphers, q, SUM, question.sum, m, r, stream(q, SUM, m)));
		}
		return out;
	});
}

// --- logarithms ---
function knowledge(statement, secret, stream) {
	const w = nonces(stream, statement, secret).scalar(), a = times(G, w);
	const c = toScalar([...statement, a]);
	return Buffer.concat([bytes(a), scalarBytes(w + c * secret)]);
}

function equal(statement, base, secret, stream) {
	const w = nonces(stream, statement, secret).scalar(), a = times(G, w), b = times(base, w);
	const c = toScalar([...statement, a, b]);
	return Buffer.concat([bytes(a), bytes(b), scalarBytes(w + c * secret)]);
}

// --- dealing ---
const at = (coefficients, x) => mod(coefficients.reduceRight((t, a) => t * BigInt(x) + a, 0n));
const commitmentsAt = (commitments, x) => commitments.reduceRight((t, a) => times(t, BigInt(x)).add(a), Point.ZERO);

function sealShare(c, e, share, stream) {
	const fresh = new Stream(stream.bytes(), "seal", [c.network, c.board, c.dealer, c.trustee, e, scalarBytes(share)]);
	const k = fresh.scalar(), r = times(G, k);
	const masked = scalarBytes(share + toScalar(["voted deal 1", c.network, c.board, c.dealer, c.trustee, r, times(e, k)]));
	const proof = knowledge(["voted proof 1", "deal", c.network, c.board, c.dealer, c.trustee, r, masked], k, fresh);
	return Buffer.concat([bytes(r), masked, proof]);
}

const inverse = (n) => { let [a, b, x, y] = [mod(n), L, 1n, 0n]; while (b) { const q = a / b; [a, b, x, y] = [b, a % b, y, x - q * y]; } return mod(x); };
const lagrange = (trustees, i) => mod(trustees.reduce((t, k, j) => (j === i ? t : t * BigInt(k + 1) * inverse(BigInt(k - trustees[i]))), 1n));

// --- the vectors: all input is made of names, so that it can be seen to be no choice ---
const named = (name) => createHash("sha512").update("voted vector " + name).digest();
const id = (name) => named(name).subarray(0, 32);
const secretOf = (name) => mod(little(named(name)));
const vectors = [];
const add = (kind, v) => vectors.push({ kind, ...v });

for (const fields of [["abc"], ["voted proof 1", "choice", ""], ["a", id("a"), u64(258), bytes(G)]])
	add("transcript", { fields: fields.map((f) => hex(raw(f))), scalar: hex(scalarBytes(toScalar(fields))) });

for (const [label, fields] of [["x", []], ["ballot", [id("a"), u64(7)]]]) {
	const s = new Stream(id("seed " + label), label, fields);
	add("stream", { seed: hex(id("seed " + label)), label, fields: fields.map(hex), scalars: [0, 1, 2].map(() => hex(scalarBytes(s.scalar()))), bytes: hex(s.bytes()) });
}

const ballots = [
	[{ m: [0, 0, 1, 0, 0], allowed: [0, 1], sum: [1] }],
	[{ m: [0, 0, 0], allowed: [0, 1], sum: [0, 1] }],
	[{ m: [1, 1, 0, 1], allowed: [0, 1], sum: [0, 2, 3] }, { m: [3, 0], allowed: [0, 1, 2, 3] }, { m: [1], allowed: [0, 1], sum: [1] }],
	[{ m: [10, 0, 7], allowed: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }],
];
ballots.forEach((questions, i) => {
	const name = (n) => `ballot ${i} ${n}`;
	const s = { network: id(name("network")), election: id(name("election")), y: times(G, secretOf(name("y"))), signer: id(name("signer")), seq: i + 1 };
	add("ballot", {
		seed: hex(id(name("seed"))), network: hex(s.network), election: hex(s.election), board_key: hex(bytes(s.y)), signer: hex(s.signer), seq: s.seq,
		questions: ballot(s, id(name("seed")), questions),
	});
});

const logStream = (name) => new Stream(id(name + " seed"), "vector", []);
{
	const e = secretOf("sealing"), s = { network: id("sealing network"), signer: id("sealing signer"), sealing: times(G, e) };
	add("sealing", {
		seed: hex(id("sealing seed")), secret: hex(scalarBytes(e)), network: hex(s.network), signer: hex(s.signer), sealing: hex(bytes(s.sealing)),
		proof: hex(knowledge(["voted proof 1", "sealing", s.network, s.signer, s.sealing], e, logStream("sealing"))),
	});
}
{
	const x = secretOf("share"), alpha = times(G, secretOf("share alpha"));
	const s = { network: id("share network"), election: id("share election"), block: id("share block"), key: times(G, x), part: times(alpha, x) };
	add("share", {
		seed: hex(id("share seed")), secret: hex(scalarBytes(x)), network: hex(s.network), election: hex(s.election), block: hex(s.block), trustee: 3,
		share_key: hex(bytes(s.key)), question: 1, option: 4, alpha: hex(bytes(alpha)), part: hex(bytes(s.part)),
		proof: hex(equal(["voted proof 1", "share", s.network, s.election, s.block, 3, s.key, 1, 4, alpha, s.part], alpha, x, logStream("share"))),
	});
}
{
	const e = secretOf("object"), r = times(G, secretOf("object r")), key = times(G, e), k = times(r, e);
	const s = ["network", "board", "dealer", "trustee"].map((n) => id("object " + n));
	add("object", {
		seed: hex(id("object seed")), secret: hex(scalarBytes(e)), network: hex(s[0]), board: hex(s[1]), dealer: hex(s[2]), trustee: hex(s[3]),
		sealing: hex(bytes(key)), r: hex(bytes(r)), k: hex(bytes(k)),
		proof: hex(equal(["voted proof 1", "object", ...s, key, r, k], r, e, logStream("object"))),
	});
}

// A whole board; every dealer's stream gives the polynomial, then what is sealed, then the proofs.
for (const [threshold, n] of [[1, 1], [2, 3], [3, 5]]) {
	const name = (s) => `board ${threshold} of ${n} ${s}`;
	const network = id(name("network")), board = id(name("board"));
	const keys = Array.from({ length: n }, (_, i) => id(name("trustee " + i)));
	const e = keys.map((_, i) => secretOf(name("sealing " + i)));
	const shares = keys.map(() => 0n), all = [];
	const deals = keys.map((dealer, d) => {
		const stream = new Stream(id(name("seed " + d)), "vector", []);
		const a = Array.from({ length: threshold }, () => stream.scalar());
		const commitments = a.map((c) => times(G, c));
		all.push(commitments);
		const sealed = keys.map((trustee, i) => {
			const share = at(a, i + 1);
			shares[i] = mod(shares[i] + share);
			return sealShare({ network, board, dealer, trustee }, times(G, e[i]), share, stream);
		});
		const proofs = a.map((c, k) => knowledge(["voted proof 1", "coefficient", network, board, dealer, k, ...commitments], c, stream));
		return { seed: hex(id(name("seed " + d))), commitments: commitments.map((p) => hex(bytes(p))), proofs: proofs.map(hex), shares: sealed.map(hex) };
	});
	const combined = Array.from({ length: threshold }, (_, k) => sum(all.map((c) => c[k])));
	add("board", {
		threshold, network: hex(network), board: hex(board), trustees: keys.map(hex), sealing_secrets: e.map((s) => hex(scalarBytes(s))), deals,
		board_key: hex(bytes(combined[0])), share_keys: keys.map((_, i) => hex(bytes(commitmentsAt(combined, i + 1)))),
		share_secrets: shares.map((s) => hex(scalarBytes(s))),
	});
}

for (const trustees of [[0], [0, 1], [15, 0, 7], [4, 2, 0, 9, 15]])
	add("lagrange", { trustees, factors: trustees.map((_, i) => hex(scalarBytes(lagrange(trustees, i)))) });

// keys sorted, no white space
const canonical = (v) => (Array.isArray(v) ? "[" + v.map(canonical).join(",") + "]"
	: v !== null && typeof v === "object" ? "{" + Object.keys(v).sort().map((k) => JSON.stringify(k) + ":" + canonical(v[k])).join(",") + "}"
	: JSON.stringify(v));
process.stdout.write(vectors.map((v) => canonical(v) + "\n").join(""));
