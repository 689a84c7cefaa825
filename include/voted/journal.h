/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* MESSAGE_ID= of what an operator may want to find in the journal, or be told more of:
 * `journalctl -x MESSAGE_ID=...`. systemd/voted.catalog.in has a text for each; a test holds the two
 * together. An id is never used again for something else. Fields beside them: VOTED_PEER= (key of the
 * other node), VOTED_ADDRESS=, VOTED_BLOCK=, VOTED_HEIGHT=; never a voter's uid, key or address beside
 * a vote, never a choice. */

/* of the node (NodeMessage) */
#define VOTED_MESSAGE_LINK_UP         "c189ab591dd34cd29afe30f5d7bfc4ec"
#define VOTED_MESSAGE_LINK_DOWN       "f7c53de04bf64e82b454bc236b9860c1"
#define VOTED_MESSAGE_BLOCK           "aefd676a746346c3b31121a9cb829d94"
#define VOTED_MESSAGE_REORGANISED     "5bdb15b2ea0147b997648a7d0ce3e2f8"
#define VOTED_MESSAGE_BANNED          "6e15a24b26ae446299de8cf1104dac67"
#define VOTED_MESSAGE_COMMIT_FAILED   "4e0db46422a4437487f2a526b98cbdb1"
#define VOTED_MESSAGE_COMMIT_AGAIN    "bca2ae8d43d4426ab43c0266df63d845"
#define VOTED_MESSAGE_TRACKER_LOST    "f67636195ba947cb97dda706e51a6ad7"
#define VOTED_MESSAGE_TRACKER_BACK    "8f9c75b4a2d44ab3b9afe53c09389033"
#define VOTED_MESSAGE_ELECTION        "6700ec4721ab48a49cfe270c0854775d"
#define VOTED_MESSAGE_EVIDENCE        "b1e85af877c3acf85b33078626fdbf1f"
#define VOTED_MESSAGE_CLOCK           "6fe5e9cf552e40d5b5e944899771bcfc"
#define VOTED_MESSAGE_BOARD           "164cea54fa2345ba94678da1d76bdc48"
#define VOTED_MESSAGE_TOO_FEW         "171d26b01eb74c33bae26d51cbe1fada"

/* of the daemon around it */
#define VOTED_MESSAGE_STORE_DAMAGED   "13ded49a9c624d0d8914b7dbe3738163"
#define VOTED_MESSAGE_RECORD_UNUSABLE "ff5e903de6f741f8b25b6a73420227f8"
#define VOTED_MESSAGE_RELOAD_FAILED   "46d13e3a5f864e1b8d6f8e34ebadf810"
#define VOTED_MESSAGE_SOCKET_GIVEN    "b15298613f3b42eabea992cf34ceab8b"
