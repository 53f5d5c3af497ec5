//! A batch of frames to the members of a room, each a real socket over loopback.
//! Nearly all of it is the kernel's work: one write per member and batch.

// A bench that cannot be set up has nobody else to tell.
#![allow(clippy::expect_used)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rookery_gateway::bench::FanOut;
use rookery_websocket as websocket;

/// What a message of 200 bytes comes to as an event.
const EVENT_BYTES: usize = 330;

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan-out");
    group.sample_size(20);
    for members in [10, 100, 1000] {
        let mut room = FanOut::new(members).expect("a room with members over loopback");
        for batch in [1, 16] {
            let frames = frames(batch);
            let bytes = frames.iter().map(Bytes::len).sum();
            group.throughput(Throughput::Elements((members * batch) as u64));
            let id = BenchmarkId::new(format!("{members} members"), format!("{batch} frames"));
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|iterations| timed(&mut room, &frames, bytes, iterations));
            });
        }
    }
    group.finish();
}

fn frames(batch: usize) -> Vec<Bytes> {
    vec![websocket::text(&[b'x'; EVENT_BYTES]); batch]
}

/// The time of the writing alone: what the members take meanwhile is not counted.
fn timed(room: &mut FanOut, frames: &[Bytes], bytes: usize, iterations: u64) -> Duration {
    let mut written = Duration::ZERO;
    for _ in 0..iterations {
        let started = Instant::now();
        room.deliver(black_box(frames));
        written += started.elapsed();
        room.receive(bytes).expect("every member gets every frame");
    }
    written
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
