//! The order of a room: events as they come, and with holes that close later.

// A bench that cannot be set up has nobody else to tell.
#![allow(clippy::expect_used)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rookery_gateway::bench::Sequencer;
use rookery_protocol::{Epoch, Event};

const EVENTS: u64 = 1000;

fn sequencer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sequencer");
    group.throughput(Throughput::Elements(EVENTS));
    let orders = [
        ("in order", (1..=EVENTS).collect()),
        ("every pair swapped", swapped(2)),
        ("every tenth after the nine behind it", swapped(10)),
        (
            "each twice",
            (1..=EVENTS).flat_map(|seq| [seq, seq]).collect(),
        ),
    ];
    for (name, order) in orders {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(|| room(&order), pass_all, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Of each so many events, the first comes last.
fn swapped(group: u64) -> Vec<u64> {
    (1..=EVENTS)
        .step_by(group as usize)
        .flat_map(|first| (first + 1..first + group).chain([first]))
        .collect()
}

fn room(order: &[u64]) -> (Sequencer, Vec<Event>) {
    let epoch = Epoch::new("k3v9m2x7q1ab").expect("an epoch");
    let event = |&seq: &u64| Event::new(seq, None, "{}");
    (Sequencer::new(epoch), order.iter().map(event).collect())
}

fn pass_all((mut sequencer, events): (Sequencer, Vec<Event>)) -> Sequencer {
    let passed: usize = events
        .into_iter()
        .map(|event| sequencer.offer(black_box(event)))
        .sum();
    assert_eq!(passed as u64, EVENTS, "every event is passed on once");
    sequencer
}

criterion_group!(benches, sequencer);
criterion_main!(benches);
