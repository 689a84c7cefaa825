/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every limit that a stranger can reach, in one place. Sizes in bytes, times in seconds unless the
 * name says otherwise. */

/* lines */
#define LINE_DEPTH_MAX                8
#define LINE_INT_MAX                  ((INT64_C(1) << 53) - 1)
#define LINE_KEY_MAX                  64
#define LINE_VALUES_PER_BYTE          2         /* a line of n bytes holds at most n/2 + 1 values */
#define MESSAGE_LINE_BYTES_MAX        (2U << 20) /* first line of a frame */
#define MESSAGE_VALUES_MAX            200000U

/* genesis defaults and bounds */
#define GENESIS_BYTES_MAX             (128U << 10)
#define BLOCK_BYTES_DEFAULT           (4U << 20)
#define BLOCK_BYTES_MAX               (16U << 20)
#define BLOCK_BYTES_MIN               (64U << 10)
#define ENTRY_BYTES_MIN               1024U
#define ENTRY_BYTES_DEFAULT           (256U << 10)
#define ENTRY_BYTES_MAX               (1U << 20)
#define ENTRY_BYTES_LEAST             200U      /* no entry is shorter: kind, key and signature alone are longer */
#define VOTE_BYTES_MIN                512U
#define VOTE_BYTES_DEFAULT            (64U << 10)
#define VOTE_BYTES_MAX                (256U << 10)
#define REVOTES_DEFAULT               100U
#define REVOTES_MAX                   1000000U
#define NOTICE_MAX                    (366U * 86400U)
#define GRACE_MAX                     86400U
#define PENDING_MAX                   1024U     /* entries of one admin that wait for approvals */
#define ADMINS_MAX                    64U
#define AUTHORITIES_MAX               100U
#define MINERS_MAX                    1024U

/* rolls, elections, ballots */
#define NAME_BYTES_MAX                64U       /* [a-z0-9][a-z0-9-]{0,63} */
#define TITLE_BYTES_MAX               1024U     /* titles, questions, options */
#define ABOUT_BYTES_MAX               65536U
#define LOT_BYTES_MAX                 4096U
#define WEIGHT_MAX                    (UINT64_C(1) << 31)
#define WEIGHT_SUM_MAX                (UINT64_C(1) << 40)
#define SEQ_MAX                       (UINT64_C(1) << 31)
#define QUESTIONS_MAX                 64U
#define OPTIONS_MAX                   256U      /* over all questions of an election */
#define ROLLS_MAX                     1024U     /* roll entries that an election names */
#define SCORE_MAX                     1000U
#define MAJORITY_MAX                  1000U
#define SEALED_SCORE_MAX              10U       /* a proof for every score there is */
#define SEALED_SUM_MAX                (UINT64_C(1) << 32)  /* what opening a sum can find */
#define LEAST_MIN                     2U        /* counted ballots below which nothing is opened */
#define LEAST_DEFAULT                 5U
#define LEAST_MAX                     1000000U
#define TRUSTEES_MAX                  16U       /* of a board */
#define BOARD_ELECTIONS_MAX           64U       /* that a board of trustees serves */
#define TRUSTEE_ENTRIES_MAX           8U        /* sealing keys that one key may make */

/* blocks and chains */
#define HEIGHT_MAX                    ((UINT64_C(1) << 39) - 1)  /* a place is height << 24 | position, in 63 bits */
#define BLOCK_COUNT_MAX               ((1U << 24) - 1)
#define BLOCK_ENTRIES_MAX             (BLOCK_BYTES_MAX / ENTRY_BYTES_LEAST)      /* more fit no block */
#define LEDGER_LINE_BYTES_MAX         (1U << 20)   /* no line of a ledger is longer */
#define SEAL_BYTES_MAX                (64U << 10)
#define DELTA_MSEC_MIN                50U
#define DELTA_MSEC_DEFAULT            1000U
#define DELTA_MSEC_MAX                10000U
#define CERTIFICATE_BYTES_MAX         (12U << 10)  /* 100 signatures of 94 bytes, and what is about them */
#define CERTIFICATES_BYTES_MAX        (256U << 10) /* in one answer to get_certificates */
#define PROPOSE_SKIPS_MAX             16U          /* skip certificates in one proposal */
#define PROPOSE_BYTES_MAX             (4U << 20)   /* ids of the largest block, certificates, header */
#define EVIDENCE_BYTES_MAX            1024U
#define RECEIPT_HEADERS_MAX           16U
#define SIDE_HEADERS_MAX              4096U
#define RETARGET_WINDOW               16U
#define CONFIRMATIONS_DEFAULT         6U
#define CONFIRMATIONS_MAX             1000U
#define INTERVAL_DEFAULT              10U
#define INTERVAL_MAX                  3600U

/* the pool */
#define POOL_BYTES_MAX                (128U << 20)
#define RECENT_IDS_MAX                65536U

/* links */
#define FRAME_EXTRA_BYTES             (1U << 20)   /* a frame is at most block_bytes + this */
#define FRAME_FIRST_BYTES_MAX         (64U << 10)  /* the first frame of a link: hello */
#define LINGER_USEC_MAX               (2U * 1000000U)
#define DIAL_USEC_MAX                 (10U * 1000000U)
#define BANS_MAX                      4096U
#define HELD_BYTES_MAX                (256U << 20) /* frames not yet whole, over all links */
#define HANDSHAKE_USEC_MAX            (5U * 1000000U)
#define HALF_OPEN_MAX                 64U
#define LINKS_INBOUND_MAX             128U
#define LINKS_PER_ADDRESS_MAX         16U
#define LINKS_PER_NET_MAX             64U          /* per /24 or /48 */
#define LINKS_OUTBOUND_MAX            32U
#define LANE_ENGINE_BYTES_MAX         (36U << 20)
#define LANE_SYNC_BYTES_MAX           (36U << 20)
#define LANE_GOSSIP_BYTES_MAX         (8U << 20)
#define QUEUES_BYTES_MAX              (512U << 20) /* over all links */
#define KEEPALIVE_SEC                 10U
#define LINK_SILENCE_SEC              30U
#define CLIENT_SILENCE_SEC            300U         /* of a client, behind which somebody may be thinking */
#define BAN_SEC                       600U
#define PENALTY_MAX                   100U
#define ANNOUNCE_IDS_MAX              8192U        /* ids in one new_vote or get_votes */
#define BLOCKS_ASKED_MAX              1024U        /* in one get_blocks */
#define WORK_TEXT_BYTES_MAX           39U          /* 128 bits in decimal */
#define BLOCK_IDS_MAX                 30000U       /* ids in one new_block */
#define LOCATOR_IDS_MAX               64U
#define FRAME_LINES_MAX               262144U      /* lines that one frame carries */
#define ELECTIONS_RESPONSE_MAX        1000U
#define AGENT_BYTES_MAX               64U
#define HOST_BYTES_MAX                253U
#define ERROR_TEXT_BYTES_MAX          512U
#define BLOCKS_RESPONSE_BYTES         (4U << 20)
#define PEERS_REMEMBERED_MAX          1024U

/* trackers */
#define TRACKER_TTL_SEC               30U
#define TRACKER_TTL_MAX               3600U
#define TRACKER_LIST_MAX              1000U
#define TRACKER_RING                  4096U
#define TRACKER_LINKS_MAX             12000U
#define TRACKER_NETWORKS_MAX          1024U
#define TRACKER_FRAME_BYTES_MAX       (256U << 10)

/* the control socket */
#define CTL_MESSAGE_BYTES_MAX         (1U << 20)
#define CTL_CONNECTIONS_MAX           512U
#define CTL_CONNECTIONS_PER_UID_MAX   64U
#define CTL_LINGER_USEC_MAX           (2U * 1000000U)  /* for the reader of a connection that is to close */

/* defaults of the command line and of the configuration */
#define TRACKER_PORT_DEFAULT          8000
#define PEER_PORT_DEFAULT             0            /* the system picks */
