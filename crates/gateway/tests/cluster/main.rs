//! What a cluster must withstand: real node processes over a real Redis, cut,
//! killed, drained and flooded.
//!
//! Every test starts what it needs on free ports of the loopback and ends it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

mod support;

mod aborted_post;
mod accounts;
mod api_page;
mod as_sent;
mod ban_deletes;
mod big_rooms;
mod chaos;
mod cut_off;
mod deleting;
mod directory;
mod disconnect;
mod drain;
mod editing;
mod essential_tasks;
mod flaky_network;
mod folding;
mod frozen;
mod hostile;
mod http_limits;
mod identity;
mod invitations;
mod issuers;
mod lifetimes;
mod limits;
mod lost_tail;
mod message;
mod my_rooms;
mod names;
mod node_killed;
mod nonce;
mod on_disk;
mod order;
mod outage;
mod presence;
mod presence_at_scale;
mod presence_kept;
mod reacting;
mod read_only_redis;
mod reads_on;
mod redis_away;
mod renew;
mod resume;
mod roles;
mod roles_races;
mod roles_table;
mod rolled_back;
mod rooms_and_tail;
mod rooms_made;
mod seats;
mod shared_channel;
mod slow_reader;
mod store_at_the_start;
mod storm;
mod stranded;
mod typing;
mod unread_answers;
