//! What a node does to the bytes of every message: a client's frame read, and a
//! frame written that goes to many.

// A bench that cannot be set up has nobody else to tell.
#![allow(clippy::expect_used)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rookery_websocket::{Incoming, Reader, text};

const FRAME_LIMIT: usize = 64 * 1024;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn ascii() -> String {
    "The quick brown fox jumps over the lazy dog. ".repeat(6)
}

/// As many bytes, of letters that take two or three.
fn accented() -> String {
    "Größe, naïveté, Übermut, 鳥が鳴く "
        .repeat(8)
        .chars()
        .scan(0, |bytes, letter| {
            *bytes += letter.len_utf8();
            (*bytes <= 270).then_some(letter)
        })
        .collect()
}

/// A frame as a client sends it.
fn masked(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend((payload.len() as u16).to_be_bytes());
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn read_frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame read");
    for (name, text, count) in [
        ("270 bytes", ascii(), 1),
        ("270 bytes, not ASCII", accented(), 1),
        ("16 in one read", ascii(), 16),
    ] {
        let chunk = masked(text.as_bytes()).repeat(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || chunk.clone(),
                |chunk| read_all(&mut Reader::default(), chunk, count),
                BatchSize::SmallInput,
            );
        });
    }
    let frame = masked(ascii().as_bytes());
    group.throughput(Throughput::Elements(1));
    group.bench_function("in two reads", |bencher| {
        bencher.iter_batched_ref(
            || (frame[..100].to_vec(), frame[100..].to_vec()),
            |(first, second)| {
                let mut reader = Reader::default();
                read_all(&mut reader, first, 0);
                read_all(&mut reader, second, 1);
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn read_all(reader: &mut Reader, chunk: &mut [u8], expected: usize) {
    let mut frames = reader.frames(black_box(chunk), FRAME_LIMIT);
    let mut count = 0;
    while let Some(incoming) = frames.next().expect("frames of a client") {
        assert!(matches!(black_box(incoming), Incoming::Text(_)));
        count += 1;
    }
    assert_eq!(count, expected);
}

fn write_frames(criterion: &mut Criterion) {
    let payload = ascii();
    criterion.bench_function("frame written", |bencher| {
        bencher.iter(|| text(black_box(payload.as_bytes())));
    });
}

criterion_group!(benches, read_frames, write_frames);
criterion_main!(benches);
