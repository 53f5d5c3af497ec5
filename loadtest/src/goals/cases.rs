//! What the bench runs and what is hoped for: the one table of cases, systems,
//! figures and goals. Nothing here runs anything.

use super::{
    case::{
        Bound::{AtLeastTimes, AtMostTimes, Limit},
        Case, Contender, Measured, goal, rookery,
    },
    growth::GROWTH,
};

const fn system(name: &'static str) -> Contender {
    Contender {
        name,
        measured: Measured::System { name, settings: "" },
    }
}

const ROOKERY: Contender = system("rookery");
const TWO_WORKERS: Contender = rookery("rookery-2-workers", "--workers 2");
const FLOOR: Contender = system("floor");
const BUN: Contender = system("bun");
const UWEBSOCKETS: Contender = system("uwebsockets");
const WS: Contender = system("ws");
const SOCKETIO: Contender = system("socketio");
const SOCKETIOXIDE: Contender = system("socketioxide");
const REDIS: Contender = Contender {
    name: "redis-baseline",
    measured: Measured::RedisBaseline,
};

/// Everything that keeps its messages to itself.
const EVERYBODY: &[Contender] = &[ROOKERY, FLOOR, BUN, UWEBSOCKETS, SOCKETIOXIDE, WS, SOCKETIO];
/// Without the floor, which does nothing but write bytes.
const SERVERS: &[Contender] = &[ROOKERY, BUN, UWEBSOCKETS, SOCKETIOXIDE, WS, SOCKETIO];

/// All cases, in the order in which they run.
pub(crate) const CASES: &[Case] = &[
    Case {
        key: "fanout-steady",
        title: "1 room × 1000, 50 messages/s",
        scenario: "fanout",
        settings: "--rooms 1 --members 1000 --rate 50 --seconds 10",
        short: "--rooms 1 --members 50 --rate 20 --seconds 1 --warmup 0",
        contenders: EVERYBODY,
        goals: &[
            goal("cpu_us_per_delivery", AtMostTimes(1.05, "floor")),
            goal("cpu_us_per_delivery", AtMostTimes(1.0, "bun")),
            goal("cpu_us_per_delivery", AtMostTimes(0.48, "socketio")),
        ],
        growth: None,
    },
    Case {
        key: "fanout-20",
        title: "1 room × 1000, 20 in flight",
        scenario: "fanout",
        settings: "--rooms 1 --members 1000 --in-flight 20 --seconds 8",
        short: "--rooms 1 --members 50 --in-flight 20 --seconds 1 --warmup 0",
        contenders: EVERYBODY,
        goals: &[
            goal("deliveries_per_s", AtLeastTimes(1.15, "bun")),
            goal("deliveries_per_s", AtLeastTimes(40.0, "socketio")),
        ],
        growth: None,
    },
    Case {
        key: "fanout-200",
        title: "1 room × 1000, 200 in flight",
        scenario: "fanout",
        settings: "--rooms 1 --members 1000 --in-flight 200 --seconds 8",
        short: "--rooms 1 --members 50 --in-flight 200 --seconds 1 --warmup 0",
        contenders: SERVERS,
        goals: &[goal("deliveries_per_s", AtLeastTimes(3.0, "bun"))],
        growth: None,
    },
    Case {
        key: "fanout-sweep",
        title: "1 room × 1000, highest rate with p99 under 25 ms",
        scenario: "fanout",
        settings: "--rooms 1 --members 1000 --sweep --rate 100",
        short: "--rooms 1 --members 10 --sweep --rate 1000 --limit-ms 500 --seconds 0.3 --warmup 0",
        contenders: SERVERS,
        goals: &[
            goal("knee_rate", AtLeastTimes(2.0, "uwebsockets")),
            goal("knee_rate", AtLeastTimes(2.0, "bun")),
        ],
        growth: None,
    },
    Case {
        key: "rooms",
        title: "100 rooms × 10, saturated",
        scenario: "rooms",
        settings: "--rooms 100 --members 10 --seconds 8",
        short: "--rooms 10 --members 5 --in-flight 20 --seconds 1 --warmup 0",
        contenders: SERVERS,
        goals: &[
            goal("messages_per_s", AtLeastTimes(1.1, "bun")),
            goal("messages_per_s", AtLeastTimes(3.5, "socketio")),
        ],
        growth: None,
    },
    Case {
        key: "cluster",
        title: "Two nodes and Redis, small rooms saturated",
        scenario: "rooms",
        settings: "--nodes 2 --store redis --rooms 100 --members 10 --seconds 8",
        short: "--nodes 2 --store redis --rooms 10 --members 4 --in-flight 20 --seconds 1 --warmup 0",
        contenders: &[ROOKERY, SOCKETIO, REDIS],
        goals: &[
            goal("messages_per_s", AtLeastTimes(4.5, "socketio")),
            goal(
                "redis_cpu_us_per_message",
                AtMostTimes(1.1, "redis-baseline"),
            ),
        ],
        growth: None,
    },
    Case {
        key: "cluster-1500",
        title: "Two nodes and Redis, small rooms at 1,500 messages/s",
        scenario: "rooms",
        settings: "--nodes 2 --store redis --rooms 100 --members 10 --rate 1500 --seconds 10",
        short: "--nodes 2 --store redis --rooms 10 --members 4 --rate 50 --seconds 1 --warmup 0",
        contenders: &[ROOKERY, SOCKETIO],
        goals: &[goal("delivery_p99_us", AtMostTimes(0.25, "socketio"))],
        growth: None,
    },
    Case {
        key: "idle",
        title: "Idle connections, each a member of one room",
        scenario: "idle",
        settings: "--connections 10000",
        short: "--connections 200 --seconds 1",
        contenders: SERVERS,
        goals: &[goal("bytes_per_connection", Limit(1536.0))],
        growth: None,
    },
    Case {
        key: "connect",
        title: "Connections made, hello and join included",
        scenario: "connect",
        settings: "--connections 10000",
        short: "--connections 200",
        contenders: SERVERS,
        goals: &[goal(
            "cpu_us_per_connection",
            AtMostTimes(1.0 / 6.0, "socketio"),
        )],
        growth: None,
    },
    Case {
        key: "churn",
        title: "New connections while 19,000 are dropped at once",
        scenario: "connect",
        settings: "--churn --connections 19000",
        short: "--churn --connections 200",
        contenders: &[ROOKERY],
        goals: &[goal("new_connection_p99_us", Limit(100_000.0))],
        growth: None,
    },
    Case {
        key: "slow",
        title: "One stalled reader in a room of 100",
        scenario: "slow",
        settings: "--members 100 --stalled 1",
        short: "--members 10 --stalled 1 --rate 200 --rounds 1 --seconds 1 --warmup 0",
        contenders: &[ROOKERY],
        goals: &[goal("delivery_p99_ratio", Limit(1.1))],
        growth: None,
    },
    Case {
        key: "storm",
        title: "19,800 drop at once and come back, 50 messages behind",
        scenario: "storm",
        settings: "--store redis --connections 19800 --behind 50",
        short: "--store redis --connections 200 --members 50 --behind 10",
        contenders: &[ROOKERY],
        goals: &[
            goal("slowest_catch_up_s", Limit(3.0)),
            goal("range_reads_per_room_and_node", Limit(1.0)),
        ],
        growth: None,
    },
    Case {
        key: "outage-nodes",
        title: "All nodes are killed under 19,000 and come back after 20 s",
        scenario: "outage",
        settings: "--what nodes --nodes 2 --store redis --connections 19000 --down 20",
        short: "--what nodes --nodes 2 --store redis --connections 200 --members 20 --down 1",
        contenders: &[ROOKERY],
        goals: &[
            goal("back_max_s", Limit(10.0)),
            goal("back_p50_s", Limit(2.0)),
        ],
        growth: None,
    },
    Case {
        key: "outage-redis",
        title: "19,000 come back to nodes whose Redis is away for 20 s",
        scenario: "outage",
        settings: "--what redis --nodes 2 --store redis --redis-appendonly everysec --connections 19000 --down 20",
        short: "--what redis --nodes 2 --store redis --redis-appendonly everysec --connections 200 --members 20 --down 1",
        contenders: &[ROOKERY],
        goals: &[
            goal("back_max_s", Limit(10.0)),
            goal("back_p50_s", Limit(2.0)),
        ],
        growth: None,
    },
    Case {
        key: "workers",
        title: "Two workers against one, 1 room × 1000, 50 messages/s",
        scenario: "fanout",
        settings: "--rooms 1 --members 1000 --rate 50 --seconds 10",
        short: "--rooms 1 --members 50 --rate 20 --seconds 1 --warmup 0",
        contenders: &[TWO_WORKERS, ROOKERY],
        goals: &[goal("cpu_us_per_delivery", AtMostTimes(1.1, "rookery"))],
        growth: None,
    },
    Case {
        key: "soak",
        title: "A mixture over a minute, while nodes are killed and drained",
        scenario: "soak",
        settings: "--nodes 2 --store redis --connections 1000 --seconds 60 --restart-nodes 10",
        short: "--nodes 2 --store redis --connections 60 --rate 100 --seconds 5 --restart-nodes 2",
        contenders: &[ROOKERY],
        goals: &[],
        growth: None,
    },
];

/// Those with goals, and those that show how cost grows.
pub(crate) fn all_cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(GROWTH)
}

/// The case of that key, as files name it.
pub(crate) fn case_named(key: &str) -> Option<&'static Case> {
    all_cases().find(|case| case.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_itself() {
        for (index, case) in all_cases().enumerate() {
            assert!(all_cases().take(index).all(|other| other.key != case.key));
            for other in case.goals.iter().filter_map(|goal| goal.bound.against()) {
                let known = case
                    .contenders
                    .iter()
                    .any(|contender| contender.name == other);
                assert!(known, "{}: {other} is not measured", case.key);
                assert_ne!(other, case.subject());
            }
        }
    }
}
