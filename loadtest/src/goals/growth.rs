//! How cost grows with the size of a room, with rooms, with connections and with
//! nodes: loads of Rookery alone, without goals. Nothing here runs anything.

use super::case::{Case, Contender, Growth, rookery};

/// About 20,000 deliveries a second each.
const MEMBERS: &[Contender] = &[
    rookery("10", "--members 10 --rate 2000"),
    rookery("100", "--members 100 --rate 200"),
    rookery("1000", "--members 1000 --rate 20"),
    rookery("5000", "--members 5000 --rate 4"),
    rookery("15000", "--members 15000 --rate 2"),
];

const ROOMS: &[Contender] = &[
    rookery("1", "--rooms 1"),
    rookery("10", "--rooms 10"),
    rookery("100", "--rooms 100"),
    rookery("1000", "--rooms 1000"),
];

const IDLE: &[Contender] = &[
    rookery("0", "--idle 0"),
    rookery("5000", "--idle 5000"),
    rookery("15000", "--idle 15000"),
];

const NODES: &[Contender] = &[
    rookery("1", "--nodes 1"),
    rookery("2", "--nodes 2"),
    rookery("3", "--nodes 3"),
    rookery("4", "--nodes 4"),
];

/// All of them, in the order in which they run.
pub(crate) const GROWTH: &[Case] = &[
    Case {
        key: "growth-members",
        title: "One room of 10 to 15,000, about 20,000 deliveries/s",
        scenario: "fanout",
        settings: "--rooms 1 --seconds 5 --warmup 1",
        short: "--rooms 1 --seconds 0.5 --warmup 0",
        contenders: MEMBERS,
        goals: &[],
        growth: Some(Growth {
            along: "members of the room",
            figures: &["cpu_us_per_delivery", "cpu_us_per_message"],
        }),
    },
    Case {
        key: "growth-rooms",
        title: "1 to 1,000 rooms × 10, 1,000 messages/s in all of them together",
        scenario: "rooms",
        settings: "--members 10 --rate 1000 --seconds 5 --warmup 1",
        short: "--members 10 --rate 50 --seconds 0.5 --warmup 0",
        contenders: ROOMS,
        goals: &[],
        growth: Some(Growth {
            along: "rooms",
            figures: &["cpu_us_per_delivery", "cpu_us_per_message"],
        }),
    },
    Case {
        key: "growth-idle",
        title: "One room of 100 at 200 messages/s beside idle connections",
        scenario: "fanout",
        settings: "--rooms 1 --members 100 --rate 200 --seconds 5 --warmup 1",
        short: "--rooms 1 --members 10 --rate 20 --seconds 0.5 --warmup 0",
        contenders: IDLE,
        goals: &[],
        growth: Some(Growth {
            along: "idle connections beside it",
            figures: &["cpu_us_per_delivery", "delivery_p99_us"],
        }),
    },
    Case {
        key: "growth-nodes",
        title: "One to four nodes and Redis, 100 rooms × 10 at 500 messages/s",
        scenario: "rooms",
        settings: "--store redis --rooms 100 --members 10 --rate 500 --seconds 5 --warmup 1",
        short: "--store redis --rooms 10 --members 4 --rate 50 --seconds 0.5 --warmup 0",
        contenders: NODES,
        goals: &[],
        growth: Some(Growth {
            along: "nodes",
            figures: &[
                "cpu_us_per_message",
                "node_cpu_us_per_message",
                "redis_cpu_us_per_message",
            ],
        }),
    },
];
