//! What the bench runs and what is hoped for: the one table of cases, systems,
//! figures and goals. Nothing here runs anything.

use super::growth::GROWTH;

/// A load, who has to carry it, and the goals that it decides.
#[derive(Debug)]
pub(crate) struct Case {
    /// For `--only` and the files: `fanout-steady`.
    pub(crate) key: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    pub(crate) scenario: &'static str,
    /// Arguments of the scenario, with spaces between.
    pub(crate) settings: &'static str,
    /// Arguments in their place for the short form, which only looks whether everything arrives.
    pub(crate) short: &'static str,
    /// The first is the one that the goals are for.
    pub(crate) contenders: &'static [Contender],
    pub(crate) goals: &'static [Goal],
    /// Where the contenders are sizes of one load instead of systems.
    pub(crate) growth: Option<Growth>,
}

/// What grows from contender to contender, whose names are its sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// For people: `Members of the room`.
    pub(crate) along: &'static str,
    /// The keys of the figures that are looked at.
    pub(crate) figures: &'static [&'static str],
}

/// Who is measured in a case.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) measured: Measured,
}

/// What is run for a contender.
#[derive(Debug)]
pub(crate) enum Measured {
    /// The scenario against a system, with arguments beside those of the case.
    System {
        name: &'static str,
        settings: &'static str,
    },
    /// Redis alone, without a chat around it.
    RedisBaseline,
}

/// What a figure should come to.
#[derive(Debug)]
pub(crate) struct Goal {
    /// The key of the figure.
    pub(crate) figure: &'static str,
    pub(crate) bound: Bound,
}

/// Where a goal lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// Times the figure of another contender, at most.
    AtMostTimes(f64, &'static str),
    /// Times the figure of another contender, at least.
    AtLeastTimes(f64, &'static str),
    /// The figure itself, at most.
    Limit(f64),
}

use Bound::{AtLeastTimes, AtMostTimes, Limit};

const fn system(name: &'static str) -> Contender {
    Contender {
        name,
        measured: Measured::System { name, settings: "" },
    }
}

const ROOKERY: Contender = system("rookery");
const TWO_WORKERS: Contender = Contender {
    name: "rookery-2-workers",
    measured: Measured::System {
        name: "rookery",
        settings: "--workers 2",
    },
};
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
            Goal {
                figure: "cpu_us_per_delivery",
                bound: AtMostTimes(1.05, "floor"),
            },
            Goal {
                figure: "cpu_us_per_delivery",
                bound: AtMostTimes(1.0, "bun"),
            },
            Goal {
                figure: "cpu_us_per_delivery",
                bound: AtMostTimes(0.48, "socketio"),
            },
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
            Goal {
                figure: "deliveries_per_s",
                bound: AtLeastTimes(1.15, "bun"),
            },
            Goal {
                figure: "deliveries_per_s",
                bound: AtLeastTimes(40.0, "socketio"),
            },
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
        goals: &[Goal {
            figure: "deliveries_per_s",
            bound: AtLeastTimes(3.0, "bun"),
        }],
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
            Goal {
                figure: "knee_rate",
                bound: AtLeastTimes(2.0, "uwebsockets"),
            },
            Goal {
                figure: "knee_rate",
                bound: AtLeastTimes(2.0, "bun"),
            },
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
            Goal {
                figure: "messages_per_s",
                bound: AtLeastTimes(1.1, "bun"),
            },
            Goal {
                figure: "messages_per_s",
                bound: AtLeastTimes(3.5, "socketio"),
            },
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
            Goal {
                figure: "messages_per_s",
                bound: AtLeastTimes(4.5, "socketio"),
            },
            Goal {
                figure: "redis_cpu_us_per_message",
                bound: AtMostTimes(1.1, "redis-baseline"),
            },
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
        goals: &[Goal {
            figure: "delivery_p99_us",
            bound: AtMostTimes(0.25, "socketio"),
        }],
        growth: None,
    },
    Case {
        key: "idle",
        title: "Idle connections, each a member of one room",
        scenario: "idle",
        settings: "--connections 10000",
        short: "--connections 200 --seconds 1",
        contenders: SERVERS,
        goals: &[Goal {
            figure: "bytes_per_connection",
            bound: Limit(1536.0),
        }],
        growth: None,
    },
    Case {
        key: "connect",
        title: "Connections made, hello and join included",
        scenario: "connect",
        settings: "--connections 10000",
        short: "--connections 200",
        contenders: SERVERS,
        goals: &[Goal {
            figure: "cpu_us_per_connection",
            bound: AtMostTimes(1.0 / 6.0, "socketio"),
        }],
        growth: None,
    },
    Case {
        key: "churn",
        title: "New connections while 19,000 are dropped at once",
        scenario: "connect",
        settings: "--churn --connections 19000",
        short: "--churn --connections 200",
        contenders: &[ROOKERY],
        goals: &[Goal {
            figure: "new_connection_p99_us",
            bound: Limit(100_000.0),
        }],
        growth: None,
    },
    Case {
        key: "slow",
        title: "One stalled reader in a room of 100",
        scenario: "slow",
        settings: "--members 100 --stalled 1",
        short: "--members 10 --stalled 1 --rate 200 --rounds 1 --seconds 1 --warmup 0",
        contenders: &[ROOKERY],
        goals: &[Goal {
            figure: "delivery_p99_ratio",
            bound: Limit(1.1),
        }],
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
            Goal {
                figure: "slowest_catch_up_s",
                bound: Limit(3.0),
            },
            Goal {
                figure: "range_reads_per_room_and_node",
                bound: Limit(1.0),
            },
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
        goals: &[Goal {
            figure: "cpu_us_per_delivery",
            bound: AtMostTimes(1.1, "rookery"),
        }],
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

impl Case {
    /// The one that the goals are for.
    pub(crate) fn subject(&self) -> &'static str {
        self.contenders[0].name
    }

    /// The figures that are looked at first: those of the goals, each once, or
    /// what is said to grow.
    pub(crate) fn figures(&self) -> Vec<&'static str> {
        let growing = self.growth.map_or(&[][..], |growth| growth.figures);
        let mut figures = growing.to_vec();
        for goal in self.goals {
            if !figures.contains(&goal.figure) {
                figures.push(goal.figure);
            }
        }
        figures
    }

    /// The case of that key, as files name it.
    pub(crate) fn named(key: &str) -> Option<&'static Self> {
        all_cases().find(|case| case.key == key)
    }
}

impl Bound {
    /// Whether a value, or a ratio where the bound is one, keeps to it.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMostTimes(bound, _) | Self::Limit(bound) => value <= bound,
            Self::AtLeastTimes(bound, _) => value >= bound,
        }
    }

    /// The number that is compared with.
    pub(crate) fn level(self) -> f64 {
        match self {
            Self::AtMostTimes(level, _) | Self::AtLeastTimes(level, _) | Self::Limit(level) => {
                level
            }
        }
    }

    /// Who the figure is divided by, where the bound is a ratio.
    pub(crate) fn against(self) -> Option<&'static str> {
        match self {
            Self::AtMostTimes(_, other) | Self::AtLeastTimes(_, other) => Some(other),
            Self::Limit(_) => None,
        }
    }
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
