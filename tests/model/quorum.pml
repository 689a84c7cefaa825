/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The safety of the quorum engine (src/consensus/quorum*.c): four authorities, one of which lies, and
 * a network that delays without limit. That is the core of Simplex (Chan and Pass, "Simplex Consensus:
 * A Simple and Fast Consensus Protocol", TCC 2023) with the engine's own rules about views.
 *
 * Three authorities are honest; what each has signed is one number. The fourth signs whatever helps,
 * so that a certificate exists as soon as two honest ones have signed. Every leader lies: it offers two
 * blocks, A and B, on any parents that somebody would endorse. What somebody has not heard of yet is a
 * step that he does not take.
 *
 * Each of these names a rule that is left out; Spin must then find a disagreement:
 *   -DENDORSE_TWICE       endorse another block of a view that one has endorsed in
 *   -DFINALIZE_AFTER_SKIP finalize a view that one has skipped
 *   -DSKIP_AFTER_FINALIZE skip a view that one has finalized
 *   -DNO_SKIPS_BETWEEN    endorse without the skip certificates between the parent's view and this one
 *   -DFORGET              one authority once loses the record of its view (sent before it was durable)
 *
 * make check-model runs all of them, with two views: one that changes after an
 * endorsement, and blocks of the next that build on either outcome.
 *
 * -DLATE makes three and four views small enough. Nothing but skip in the same view asks what an authority
 * has finalized, and whoever may finalize may leave the view: so each run in which somebody finalizes goes
 * on to one in which he leaves, does not skip, and finalizes right then and whatever else he may of views
 * that he has left. What is final is thus read off what is endorsed, skipped and left, and finalize is no
 * step and no state. It says nothing of the rules between skip and finalize; those need the steps. And of a
 * view that all have left only its outcome is kept. */

#ifndef VIEWS
#define VIEWS 2
#endif

/* A block is its view and which of the two it is; block 0 is the genesis, final in view 0. */
#define BLOCK(view, which)      (2 * (view) + (which))
#define VIEW_OF(block)          ((block) / 2)
#define BLOCKS                  (2 * (VIEWS + 1))

/* What an honest authority has signed, five bits a view: endorse A, B; finalize A, B; skip. Above them the
 * view that it is in, and the view whose record it lost (FORGET). */
#define PLACE(view)             (5 * ((view) - 1))
#define ENDORSE(view, which)    (1 << (PLACE(view) + (which)))
#define FINALIZE(view, which)   (1 << (PLACE(view) + 2 + (which)))
#define SKIP(view)              (1 << (PLACE(view) + 4))
#define IN_VIEW(s)              (((s) >> (5 * VIEWS)) & 7)
#define LOST(s)                 (((s) >> (5 * VIEWS + 3)) & 7)
#define ONE_VIEW                (1 << (5 * VIEWS))
#define ONE_LOST                (1 << (5 * VIEWS + 3))

int signed_[3];                 /* in ascending order: the honest ones are alike */
byte parent[BLOCKS];            /* of a block that somebody honest has endorsed */
bool forgot;

#define HAS(s, bit)             (((s) & (bit)) != 0)
#define QUORUM(bit)             ((HAS(signed_[0], bit) + HAS(signed_[1], bit) + HAS(signed_[2], bit)) >= 2)
#define ENDORSED(block)         ((block) == 0 || QUORUM(ENDORSE(VIEW_OF(block), (block) % 2)))
#ifdef LATE
#define LATE_FINAL(k, block)    (IN_VIEW(signed_[k]) > VIEW_OF(block) && !HAS(signed_[k], SKIP(VIEW_OF(block))))
#define FINAL(block)            (ENDORSED(block) && LATE_FINAL(0, block) + LATE_FINAL(1, block) + LATE_FINAL(2, block) >= 2)
#else
#define FINAL(block)            (QUORUM(FINALIZE(VIEW_OF(block), (block) % 2)))
#endif
#define SKIPPED(view)           QUORUM(SKIP(view))
#define OFFERED(block)          (HAS(signed_[0] | signed_[1] | signed_[2], ENDORSE(VIEW_OF(block), (block) % 2)))

/* What it knows that it signed in a view. */
#define SIGNED(view, bits)      (LOST(me) != (view) && HAS(me, bits))

hidden byte i, v, w, x, p, a, b, c;
hidden int me, other;
hidden byte may;

/* All final blocks lie on one chain. */
inline check_agreement() {
	a = 2;
	do
	:: a < BLOCKS && FINAL(a) ->
		b = a + 1;
		do
		:: b < BLOCKS && FINAL(b) ->
			c = b;
			do
			:: VIEW_OF(c) > VIEW_OF(a) -> c = parent[c]
			:: else -> break
			od;
			assert(c == a);
			b++
		:: b < BLOCKS && !FINAL(b) -> b++
		:: b >= BLOCKS -> break
		od;
		a++
	:: a < BLOCKS && !FINAL(a) -> a++
	:: a >= BLOCKS -> break
	od
}

#ifdef LATE
#define ALL_LEFT(view)          (IN_VIEW(signed_[0]) > (view) && IN_VIEW(signed_[1]) > (view) && IN_VIEW(signed_[2]) > (view))

/* Of a view that all have left nothing changes any more: what counts of it is whether it was skipped, which block was
 * endorsed, and on what; who signed what does not. */
inline forget_who() {
	w = 1;
	do
	:: w <= VIEWS && ALL_LEFT(w) ->
		me = (SKIPPED(w) -> SKIP(w) : 0);
		x = 0;
		do
		:: x < 2 ->
			if
			:: ENDORSED(BLOCK(w, x)) -> me = me | ENDORSE(w, x)
			:: else -> parent[BLOCK(w, x)] = 0
			fi;
			x++
		:: else -> break
		od;
		signed_[0] = (signed_[0] & ~(31 << PLACE(w))) | me;
		signed_[1] = (signed_[1] & ~(31 << PLACE(w))) | me;
		signed_[2] = (signed_[2] & ~(31 << PLACE(w))) | me;
		w++
	:: else -> break
	od
}
#endif

inline swap_if(k, l) {
	if
	:: signed_[k] > signed_[l] -> other = signed_[k]; signed_[k] = signed_[l]; signed_[l] = other
	:: else
	fi
}

active proctype honest() {
	d_step {
		signed_[0] = ONE_VIEW;
		signed_[1] = ONE_VIEW;
		signed_[2] = ONE_VIEW
	}

end:	do
	:: atomic {
		select (i : 0 .. 2);
		me = signed_[i];
		v = IN_VIEW(me);
		if
		:: v <= VIEWS ->                        /* endorse */
			select (x : 0 .. 1);
			p = parent[BLOCK(v, x)];
			if
			:: OFFERED(BLOCK(v, x))
			:: else -> select (p : 0 .. BLOCKS - 1)
			fi;
			may = p != 1 && VIEW_OF(p) < v && ENDORSED(p) && (x == 0 || OFFERED(BLOCK(v, 0)));
#ifndef ENDORSE_TWICE
			may = may && !SIGNED(v, ENDORSE(v, 0) | ENDORSE(v, 1));
#endif
			may = may && !SIGNED(v, SKIP(v));       /* for progress: agreement does not need it */
#ifndef NO_SKIPS_BETWEEN
			w = VIEW_OF(p) + 1;
			do
			:: w < v -> may = may && SKIPPED(w); w++
			:: else -> break
			od;
#endif
			if
			:: may -> parent[BLOCK(v, x)] = p; me = me | ENDORSE(v, x)
			:: else
			fi

		:: v <= VIEWS ->                        /* skip */
			may = true;
#ifndef SKIP_AFTER_FINALIZE
			may = !SIGNED(v, FINALIZE(v, 0) | FINALIZE(v, 1));
#endif
			if
			:: may -> me = me | SKIP(v)
			:: else
			fi

#ifndef LATE
		:: true ->                              /* finalize, also a view that is over */
			select (w : 1 .. VIEWS);
			select (x : 0 .. 1);
			may = w <= v && ENDORSED(BLOCK(w, x)) && !SIGNED(w, FINALIZE(w, 1 - x));
#ifndef FINALIZE_AFTER_SKIP
			may = may && !SIGNED(w, SKIP(w));
#endif
			if
			:: may ->
				me = me | FINALIZE(w, x);
				other = signed_[i];
				signed_[i] = me;
				check_agreement();
				signed_[i] = other
			:: else
			fi
#else
		:: v > VIEWS                            /* it is through */
#endif

		:: v <= VIEWS ->                        /* enter the view after any that has a certificate */
			select (w : 1 .. VIEWS);
			if
			:: w >= v && (SKIPPED(w) || ENDORSED(BLOCK(w, 0)) || ENDORSED(BLOCK(w, 1))) -> me = me + (w + 1 - v) * ONE_VIEW
			:: else
			fi
#ifdef FORGET
		:: v <= VIEWS && !forgot -> forgot = true; me = me + v * ONE_LOST
#endif
		fi;
		if
		:: signed_[i] == me
		:: else ->
			signed_[i] = me;
#ifdef LATE
			check_agreement();
			forget_who();
#endif
			swap_if(0, 1);
			swap_if(1, 2);
			swap_if(0, 1)
		fi;
		i = 0; v = 0; w = 0; x = 0; p = 0; a = 0; b = 0; c = 0; me = 0; other = 0; may = 0
	}
	od
}
