/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <inttypes.h>
#include <syslog.h>

#include "node/peer-parts.h"

/* The parts of the peer, by file; nobody but them and the peer's tests includes this.
 *
 *      peer.c          making, the step, timers            book.c      whom it could dial
 *      links.c         links, hello, keepalive             trackers.c  the trackers' client
 *      penalty.c       faults, floods, bans                requests.c  what was asked of others
 *      gossip.c        announcing entries                  wants.c     asking for them
 *      admission.c     from a line to the pool             pooled.c    what the chain does to the pool
 *      checked.c       and what came of the check
 *      verify.c        signatures in batches               serve.c     answers
 *      drafts.c        blocks in the making                bodies.c    from their headers to the chain
 *      sync.c          whose chain to follow               ranges.c    its blocks, from many
 *      commit.c        connecting, commits and failures    submit.c    local users: submit, watch
 *      engine-glue.c   the engine's events and effects     import.c    exports
 *      mine.c          when to work, and on what           clock.c     is our clock right
 *      items.c         what is known of entries            status.c    for people
 *      messages.c      the engine's own                    proposals.c blocks before they have a seal
 *      authority.c     what it has signed              evidence.c  what others were caught at
 *      sums.c          of sealed elections, in slices
 *
 * Two conventions. A function returns 0 or a negative errno that the peer cannot go on from; what a stranger did wrong is
 * dealt with where it is seen. Making an effect cannot fail for any reason but memory: that is remembered in p->failed and
 * ends the step, so that nobody has to look. */

struct Peer {
        const Genesis *genesis;
        Store *store;
        Record *record;         /* NULL: none */
        const SecretKey *identity;
        Key self;
        PeerConfig config;      /* endpoints are in contacts and trackers; texts are ours */
        char *announce_host, *agent;
        Prng prng;
        uint64_t now_usec, now_sec;

        Chain *chain;
        Pool *pool;
        Engine *engine;
        uint64_t final_height;
        uint64_t version;       /* counts the changes of the chain */
        uint64_t n_switches;    /* those that disconnected */

        NodeEffects out, held;  /* of this step; those that wait for the commit's answer */
        int failed, trouble;    /* memory; the store, within this step */
        NodeEffects after;      /* of the engine: leave when the commit succeeded */
        bool dirty;             /* the open transaction has something to commit */
        bool committing;        /* COMMIT is out */
        bool broken;            /* the last commit failed */
        uint64_t retry_usec;
        char problem[320], alarm[320], clock_text[256], line[160];
        bool alarm_until_resume;
        char few_text[320];     /* that there are too few authorities, or that too few sign */
        enum { FEW_NOT, FEW_SEEN, FEW_TOLD } few;       /* at the last beats */
        uint64_t few_view;      /* in which they did not sign; 0: they were not in reach */

        uint64_t tokens;        /* the last number given to a dial, a request, a batch */
        uint64_t beat_usec, wake_usec, woken_usec;
        bool changed, stopping;

        PeerLink **links;
        size_t n_links, allocated_links;
        SlotSet slots_used, slots_stale;
        struct RequestList requests;

        Contact **contacts;
        size_t n_contacts, allocated_contacts;
        bool book_changed;
        uint64_t remember_usec, dial_usec;
        TrackerLink *trackers;
        size_t n_trackers;
        PenaltyRecord *penalties;
        size_t n_penalties;

        ItemTable items;
        struct ItemList outs;   /* to be announced */
        size_t out_bytes, n_outs;
        uint64_t flush_usec, flushed_usec, ask_usec;
        Lately refused;

        SigCheck *checks;       /* not handed out yet, with what they are for */
        CheckFor *check_for;
        size_t n_checks, first_check, allocated_checks;
        struct BatchList batches;
        size_t n_batches, n_checking;

        unsigned n_slices;      /* of sums, that are being added up; sums.c */
        unsigned n_awaiting;    /* entries that wait for a sum */
        bool sums_wake;         /* one was made, or the chain has moved: what waits is looked at again */
        bool drafts_await, judging_awaits;      /* blocks wait for one; the judging of a proposal */
        Id awaited;             /* one of these, which was tried on its parent in vain; zero: none */
        uint64_t sums_version;  /* of the chain of which all sums were begun */

        bool paced;             /* enough was connected in this step */
        struct DraftList drafts;
        Draft *draft_buckets[DRAFT_BUCKETS];
        size_t n_drafts, draft_bytes;
        bool drafts_dirty;
        Id want_tip, switch_to;
        bool has_want, has_switch;
        Sync sync;

        Block **fresh;          /* connected since the last commit */
        size_t n_fresh;
        bool sweep;             /* the pool may hold what has no future */

        struct PendingList pendings;
        uint64_t recorded;      /* serial of what the commit under way makes durable; 0: nothing of the record */
        Id judged;              /* the proposal that the engine waits for */
        bool has_judged, due_told;
        bool resume;            /* the operator said so while nothing could be written */
        bool untaken;           /* the engine did not take the last candidate */
        uint64_t due_version;   /* of the chain when the engine was told that work is due */

        Candidate candidates[2];        /* the newest first */
        bool working;           /* on candidates[0] */
        bool pool_changed;      /* since that was built */
        bool pool_due;          /* the pool may hold what is valid in a block made now */
        uint64_t started_usec, built_usec, built_version, engine_wake_usec;
        uint64_t closing_sec;   /* when the next election closes */
        uint64_t last_closing;  /* height at which the last one did */
        uint64_t closing_version;       /* of the chain, to which these belong */
        int8_t *phases;         /* of elections, as they were last said */
        size_t n_phases;
        int8_t *boards;         /* phases of boards, likewise; boards.c */
        size_t n_boards;
        bool boards_known;
        uint64_t boards_version, boards_sec;    /* of the chain that they are of; when the time of one is over */

        Watch *watches;
        size_t n_watches, allocated_watches;
        struct { uint32_t uid; Allowance refused; } uids[64];
        size_t n_uids, next_uid;
        struct { uint64_t request; Buf text; bool begun, busy; } import;
        struct { Key sealer; int64_t off_sec[2]; } clocks[8];
        size_t n_clocks, next_clock;
};

/* peer.c */
void peer_effect(Peer *p, const NodeEffect *fx);
void peer_log(Peer *p, int level, NodeMessage message, const char *format, ...) _printf_(4, 5);
void peer_arm(Peer *p, uint64_t at_usec);       /* a step at that time at the latest */
uint64_t peer_token(Peer *p);
uint64_t peer_jitter(Peer *p, uint64_t usec);   /* half of it to one and a half */
void allowance_fill(Allowance *a, int64_t size, int64_t per_sec, uint64_t now_usec);

/* links.c */
int peer_link_on_up(Peer *p, const NodeEvent *ev);
int peer_link_on_down(Peer *p, LinkId id, const char *text);
int peer_link_on_frame(Peer *p, const NodeEvent *ev);
PeerLink* peer_link_find(const Peer *p, LinkId id);
void peer_link_close(Peer *p, PeerLink *l, int verdict, const char *reason);         /* l is gone afterwards */
void peer_link_send(Peer *p, PeerLink *l, NodeLane lane, const Message *m);
void peer_link_send_frame(Peer *p, PeerLink *l, NodeLane lane, char *data, size_t n);        /* takes data over */
void peer_link_send_error(Peer *p, PeerLink *l, int verdict, const char *text, const uint64_t *id);
void peer_link_update_reading(Peer *p, PeerLink *l); /* pause or resume */
int peer_links_beat(Peer *p);
int peer_links_timers(Peer *p);

void peer_links_done(Peer *p);

/* requests.c */
Request* request_new(Peer *p, PeerLink *l, RequestType type, uint64_t wait_usec);
Request* request_find(Peer *p, LinkId link, uint64_t id);
bool request_pending(const Peer *p, LinkId link, RequestType type);
int request_answered(Peer *p, PeerLink *l, const Message *m);
int request_failed(Peer *p, Request *q, bool late);
void requests_done(Peer *p);
int requests_expire(Peer *p);                   /* those whose time is over */
int requests_drop_link(Peer *p, LinkId link);   /* asks others */

/* penalty.c */
/* Adds to l's penalty if verdict is a fault, tells it, closes and bans if it is too much: true if l is gone. */
bool peer_link_fault(Peer *p, PeerLink *l, int verdict, const Why *why, const uint64_t *id);
void penalty_blame(Peer *p, LinkId link, int verdict, const Why *why);          /* a link that may be gone */
bool penalty_spend_message(Peer *p, PeerLink *l);       /* true: l flooded us and is gone */
void penalty_spend_waste(Peer *p, PeerLink *l, int64_t n);
bool penalty_banned(const Peer *p, const Key *key, const char *host);
unsigned penalty_remembered(const Peer *p, const Key *key);

/* book.c */
int book_configure(Peer *p, const PeerConfig *config);
int book_recall(Peer *p, const char *text, size_t n);
void book_write(Peer *p);                       /* NODE_FX_REMEMBER */
Contact* book_by_key(const Peer *p, const Key *key);
int book_met(Peer *p, PeerLink *l, Contact *dialled);
int book_listed(Peer *p, unsigned tracker, const Key *key, const char *host, uint16_t port);
void book_unlist(Peer *p, unsigned tracker, const Key *key);     /* NULL: all that it listed */
void book_tidy(Peer *p);                        /* after a list was read */
Contact* book_by_dial(const Peer *p, uint64_t dial);
void book_failed(Peer *p, Contact *c);
bool book_is_needed(const Peer *p, const Key *key);     /* a link with it counts against no limit */
void book_dial(Peer *p);                        /* fills the outbound slots */
void book_done(Peer *p);

/* trackers.c */
int trackers_configure(Peer *p, const PeerConfig *config);
bool tracker_on_up(Peer *p, const NodeEvent *ev);       /* true: it was a tracker's */
bool tracker_on_down(Peer *p, LinkId id, const char *text);
bool tracker_on_dial_failed(Peer *p, uint64_t dial, const char *text);
int tracker_on_frame(Peer *p, const NodeEvent *ev, bool *ret_was);
void trackers_timers(Peer *p);
void trackers_enrol(Peer *p);                   /* anew */
void trackers_stop(Peer *p);
void trackers_done(Peer *p);
Json* trackers_status(const Peer *p, uint64_t now_usec);

/* gossip.c */
int gossip_on_ids(Peer *p, PeerLink *l, const Message *m);
int gossip_on_lines(Peer *p, PeerLink *l, const Message *m);
void gossip_link_up(Peer *p, PeerLink *l);
void gossip_queue(Peer *p, Item *i);            /* announce it at the next flush */
void gossip_unqueue(Peer *p, Item *i);
void gossip_flush(Peer *p);
void gossip_beat(Peer *p);

/* wants.c */
Item* gossip_want(Peer *p, const Id *id);       /* NULL: no memory; WANTED if it was not there, without a time to ask */
void gossip_ask_again(Peer *p, Item *i);        /* somebody has it now, if nobody had it before */
void gossip_unwant(Peer *p, Item *i);           /* it leaves WANTED */
int gossip_ask(Peer *p);
int gossip_on_response(Peer *p, PeerLink *l, const Request *q, const Message *m);
void gossip_not_delivered(Peer *p, const Request *q, bool more);        /* what q asked for and is still wanted */

/* admission.c */
typedef struct Origin {
        PeerLink *link;         /* NULL: local */
        uint64_t request;       /* a local user's, 0: none */
        uint32_t uid;           /* whose */
        bool voter;             /* from its voter: until `closes`; and we are the entry's first peer */
} Origin;
/* What is known of the line at once: *ret_verdict 0 (it is under way, or waits in the pool; a local user is answered) or the
 * verdict, for the caller to deal with. */
int admit_line(Peer *p, const Origin *o, const char *line, size_t n, int *ret_verdict, Why *why);
/* The same for lines of a link, with what a verdict leads to. True in *ret_gone: the link was closed. */
int admit_lines(Peer *p, PeerLink *l, const Message *m, bool *ret_gone);
/* What can be checked of it before its block is connected is, if it was not yet: its signature, and what it proves, in a block of
 * that time on the tip. */
int admit_block_entry(Peer *p, Item *i, Entry *e, uint64_t time);
/* What e proves, for a thread; *ret NULL: nothing, or *ret_needs_sum, it cannot be told before a sum is made. 0, verdict, -errno. */
int admit_content(Peer *p, Entry *e, CheckContent **ret, bool *ret_needs_sum, Why *why);
/* i becomes CHECKING e. content is taken over; NULL: nothing, or it cannot be told yet: then it is when a sum is made
 * (i->needs_sum), or chain_connect() checks it. */
int admit_hand_to_check(Peer *p, Item *i, Entry *e, CheckContent *content);
int admit_check_again(Peer *p, Item *i);                /* i is HELD, fit for the pool, but nobody has checked what it proves */
/* Everything but the signature: the chain's verdict, the voter's deadline, what the pool would say. 0, verdict, -errno. */
int admit_judge(Peer *p, Entry *e, bool voter, Why *why);
int admit_enter(Peer *p, Item *i, Why *why);            /* i has a verified entry that was judged fit; the pool's verdict */
int admit_refuse(Peer *p, Item *i, int verdict, const Why *why);        /* i may be gone */

/* checked.c */
int admit_on_checked(Peer *p, const CheckFor *what, const SigCheck *c);
int admit_awaiting(Peer *p);                    /* what waits for a sum is looked at again */
void admit_is_verified(Peer *p, Item *i, Entry *e);     /* i is CHECKING; e, the same line, was verified before */

/* pooled.c */
int pooled_forget(Peer *p, Item *i);                    /* in the store's pool */
void pooled_leave(Peer *p, Item *i);                    /* it is in the pool no longer; blocks that need it keep it */
int pooled_return(Peer *p, Entry *e);                  /* of a disconnected block */
void pooled_connected(Peer *p, const Block *b);          /* its entries leave the pool */
int pooled_release(Peer *p, Item *i);                    /* no block needs it any longer */
int pooled_reload(Peer *p);                              /* the store's pool, at the start */
int pooled_sweep(Peer *p);                               /* those without a future leave */

/* verify.c */
int verify_add(Peer *p, CheckFor what, SigCheck *c);    /* takes c's contents over */
int verify_later(Peer *p, CheckFor what, SigCheck *c);  /* the same for what takes long: by itself, after all others */
void verify_flush(Peer *p);
int verify_on_answer(Peer *p, const NodeEvent *ev);
void verify_done(Peer *p);

/* sums.c */
int sums_update(Peer *p);                       /* hands slices out; wakes what waited for a sum */
int sums_on_slice(Peer *p, const SigCheck *c);
int sums_await(Peer *p, const Block *b, bool *ret);     /* whether b, on the tip, needs one that is not made yet */

/* serve.c */
int serve_request(Peer *p, PeerLink *l, const Message *m);
int serve_next(Peer *p, PeerLink *l);           /* the lane has room */
void serve_drop(PeerLink *l);

/* drafts.c */
Draft* draft_find(const Peer *p, const Id *id);
/* Without any judgement; seal may be empty. */
int draft_insert(Peer *p, const Header *h, const char *header, size_t n_header, const char *seal, size_t n_seal, Draft **ret);
int draft_set_ids(Draft *d, const Id *ids, size_t n);
int draft_check_seal(Peer *p, Draft *d, SigCheck *checks, size_t n);   /* takes their contents over */
/* Makes a draft of header and seal, which are judged; *ret stays NULL, and *ret_verdict says why, where there will be none. */
int draft_new(Peer *p, const Header *h, const char *header, size_t n_header, const char *seal, size_t n_seal, Draft **ret,
                int *ret_verdict, Why *why);
int draft_on_announced(Peer *p, PeerLink *l, const Message *m);
/* A whole block, which is taken over: becomes a draft or fills one. *ret_verdict > 0: it did not. */
int draft_add_block(Peer *p, Block *b, PeerLink *from, bool imported, int *ret_verdict, Why *why);
int draft_on_sealed(Peer *p, const CheckFor *what, bool valid);
void draft_mark_wanted(Draft *d);
int draft_want(Peer *p, const Id *tip);
int draft_detach(Peer *p, Draft *d, bool release);      /* from its items */
void draft_free(Peer *p, Draft *d);                     /* detached */
int draft_drop(Peer *p, Draft *d);                      /* with what descends from it */
int draft_invalid(Peer *p, const Id *id, int verdict, const Why *why);
int drafts_drop_all(Peer *p);
void drafts_done(Peer *p);

/* bodies.c: from a header that the engine wants to a block that can be connected */
int drafts_advance(Peer *p);
int drafts_on_blocks(Peer *p, PeerLink *l, const Request *q, const Message *m);
int drafts_not_delivered(Peer *p, const Request *q, bool late);
int drafts_timers(Peer *p);

/* connect.c */
int connect_switch(Peer *p, const Id *tip);
int connect_own(Peer *p, const Header *h, const char *seal, size_t n_seal);
int connect_work_at(Peer *p, uint64_t height, uint8_t ret[16]); /* summed difficulty of the main chain */

/* commit.c */
int commit_finish(Peer *p);                     /* end of the step: COMMIT, if there is something to commit */
int commit_on_committed(Peer *p);
int commit_on_failed(Peer *p, int error);
int commit_retry(Peer *p);
int commit_phases(Peer *p, bool say);           /* of elections: takes note of them */
int commit_trouble(Peer *p, int error);         /* the store failed within a step: 0 if the peer goes on */
void commit_done(Peer *p);

/* boards.c */
int boards_update(Peer *p);                     /* takes note of what has become of them, and says so but at the start */
int boards_status(Peer *p, Json **ret);         /* sentences on those that came to nothing of late */

/* engine-glue.c */
int engine_start(Peer *p);
int engine_feed(Peer *p, const EngineEvent *ev);
/* Header and seal: engine's check_seal(). */
int engine_judge(Peer *p, const Header *h, const char *seal, size_t n, SigCheck *checks, size_t *ret_n, Why *why);
uint64_t engine_final_height(const Peer *p);
const Key* engine_sealers(const Peer *p, size_t *ret_n);        /* none: the engine knows no such thing */
int engine_greet(Peer *p, const PeerLink *l);   /* tells it of a link */
void engine_greet_links(Peer *p);               /* tells a new engine of those that are up */
/* Summed difficulty of a chain that had `before` and goes on with h. */
void work_add(uint8_t ret[16], const uint8_t before[16], const Header *h);

/* messages.c: an engine with messages (quorum) */
int message_on_line(Peer *p, PeerLink *l, const Message *m);
int message_on_certificates(Peer *p, PeerLink *l, const Message *m);
/* One more whose signatures are to be checked: what says what it is, and is taken over, as the checks are. */
int message_check(Peer *p, PeerLink *l, const Pending *what, SigCheck *checks, size_t n);
int message_on_checked(Peer *p, const CheckFor *what, bool valid);
int message_send(Peer *p, const EngineEffect *fx);
int message_ask(Peer *p, const EngineEffect *fx);
int message_send_after(Peer *p, PeerLink *l, const Buf *frame); /* when what this turn has written is durable */
bool message_is_sealer(const Peer *p, const Key *key);
void messages_forget(Peer *p);                  /* the engine that has read them goes */
void messages_done(Peer *p);

/* proposals.c */
int proposal_judge(Peer *p, const EngineEffect *fx);
int proposals_advance(Peer *p);                 /* answers what is complete */
int proposal_keep(Peer *p, const EngineEffect *fx);     /* RECORD_BLOCK */
int proposals_load(Peer *p);                    /* of the record */
int proposals_forget(Peer *p, uint64_t view);
int proposal_take_seal(Peer *p, Draft *d);      /* from the engine, if it has one */
/* It came with a seal, which is judged as any other. */
int proposal_seal(Peer *p, Draft *d, const char *seal, size_t n, PeerLink *from, int *ret_verdict, Why *why);
int proposal_fetch(Peer *p, const EngineEffect *fx);

/* authority.c */
int authority_record(Peer *p, const EngineEffect *fx);
int authority_forget(Peer *p, uint64_t view);
int authority_committed(Peer *p);
int authority_on_made(Peer *p, Record *record);

/* evidence.c */
/* The first that convicts key is kept and relayed to all links but `from` (0: none); it may come again. */
int evidence_keep(Peer *p, const Key *key, const char *line, size_t n, LinkId from);
int evidence_on_line(Peer *p, PeerLink *l, const Message *m);
int evidence_greet(Peer *p, PeerLink *l);       /* tells a link that came up of what is kept */
int evidence_status(Peer *p, Json **ret);       /* [{"authority","key"}] */

/* mine.c */
int mine_update(Peer *p);
int mine_look_at_elections(Peer *p);
int mine_on_effect(Peer *p, const Header *h);
void mine_stop(Peer *p);
const Candidate* mine_candidate(const Peer *p, const Id *id);
void mine_done(Peer *p);

/* status.c */
void status_beat(Peer *p);      /* tells of what lasts */

/* clock.c */
void clock_compare(Peer *p, const Header *h);   /* a block was announced just now */

/* sync.c */
void sync_consider(Peer *p);                    /* begin, if somebody is ahead */
void sync_on_orphan(Peer *p, PeerLink *l);      /* l sent a header whose parent is not known */
int sync_on_info(Peer *p, PeerLink *l, const Request *q, const Message *m);
void sync_ask_info(Peer *p, PeerLink *l, bool locator);
void sync_let_down(Peer *p, PeerLink *l);
void sync_end(Peer *p);
void sync_finish(Peer *p);
void sync_timers(Peer *p);
bool sync_behind(const Peer *p);                /* far enough that there is no point in making blocks */

/* ranges.c */
int sync_fill(Peer *p);                         /* parse what is here, ask for more */
int sync_on_range(Peer *p, PeerLink *l, const Request *q, const Message *m);
int sync_not_delivered(Peer *p, const Request *q, bool late);
void ranges_hedge(Peer *p);
void range_free(Peer *p, Range *g);
void ranges_done(Peer *p);                      /* frees them all */

/* submit.c */
int submit_line(Peer *p, const NodeEvent *ev);
int submit_in_pool(Peer *p, uint64_t request, const Id *id);
void submit_refuse(Peer *p, uint64_t request, uint32_t uid, int verdict, const Why *why);
int submit_watch(Peer *p, const NodeEvent *ev);
void submit_cancel(Peer *p, uint64_t request);
int submit_update_watches(Peer *p);
void submit_done(Peer *p);

/* import.c */
int import_piece(Peer *p, const NodeEvent *ev);
int import_update(Peer *p);                     /* answers, when its blocks are decided */
void import_fail(Peer *p, int verdict, const Why *why);
void import_done(Peer *p);
