//! What a node does to the bytes of every message: a client's frame and command
//! read, the event written, an envelope of another node read.

// A bench that cannot be set up has nobody else to tell.
#![allow(clippy::expect_used)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rookery_protocol::{
    Event, EventBody, Nonce, RoomId, ServerId, User, UserId, client_frame, envelope,
    event::MessageFields,
    websocket::{self, Incoming, Reader},
};

const FRAME_LIMIT: usize = 64 * 1024;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn ascii() -> String {
    "The quick brown fox jumps over the lazy dog. ".repeat(5)[..200].to_owned()
}

/// As many bytes, of letters that take two or three.
fn accented() -> String {
    "Größe, naïveté, Übermut, 鳥が鳴く "
        .repeat(6)
        .chars()
        .scan(0, |bytes, letter| {
            *bytes += letter.len_utf8();
            (*bytes <= 200).then_some(letter)
        })
        .collect()
}

fn send_command(text: &str) -> String {
    format!(r#"{{"type":"send","id":12,"room":"general","text":"{text}","nonce":"n0000004d"}}"#)
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

fn user() -> User {
    User {
        id: UserId::new("u000123").expect("an id"),
        name: "u000123".into(),
    }
}

fn room() -> RoomId {
    RoomId::new("general").expect("an id")
}

fn body(text: &str, user: &User, nonce: &Nonce) -> EventBody {
    EventBody::message(&MessageFields {
        from: user,
        text,
        nonce: Some(nonce),
        reply_to: None,
        meta: None,
    })
}

fn nonce() -> Nonce {
    Nonce::new("n0000004d").expect("a nonce")
}

fn read_frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket frame read");
    for (name, text, count) in [
        ("200 bytes", ascii(), 1),
        ("200 bytes, not ASCII", accented(), 1),
        ("16 in one read", ascii(), 16),
    ] {
        let chunk = masked(send_command(&text).as_bytes()).repeat(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || chunk.clone(),
                |chunk| read_all(&mut Reader::default(), chunk, count),
                BatchSize::SmallInput,
            );
        });
    }
    let frame = masked(send_command(&ascii()).as_bytes());
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

fn parse_commands(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("client command parsed");
    group.throughput(Throughput::Elements(1));
    let escaped = ascii().replace(' ', r"\n");
    for (name, json) in [
        ("send", send_command(&ascii())),
        ("send, not ASCII", send_command(&accented())),
        ("send with escapes", send_command(&escaped)),
        (
            "typing",
            r#"{"type":"typing","room":"general","on":true}"#.into(),
        ),
    ] {
        client_frame::parse(&json).expect("a command");
        group.bench_function(name, |bencher| {
            bencher.iter(|| client_frame::parse(black_box(&json)));
        });
    }
    group.finish();
}

fn write_events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event written");
    group.throughput(Throughput::Elements(1));
    let (user, room, nonce, text) = (user(), room(), nonce(), ascii());
    let ready = body(&text, &user, &nonce);
    let event = Event::compose(&room, 45, 1_795_300_000_412, None, &ready);
    group.bench_function("body", |bencher| {
        bencher.iter(|| body(black_box(&text), &user, &nonce));
    });
    group.bench_function("compose", |bencher| {
        bencher.iter(|| Event::compose(&room, black_box(45), 1_795_300_000_412, None, &ready));
    });
    group.bench_function("frame", |bencher| {
        bencher.iter(|| websocket::text(black_box(event.json())));
    });
    group.bench_function("body and compose", |bencher| {
        bencher.iter(|| {
            let body = body(black_box(&text), &user, &nonce);
            Event::compose(&room, 45, 1_795_300_000_412, None, &body)
        });
    });
    group.finish();
}

fn read_envelopes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bus payload read");
    let server_id = ServerId::new("n_3f0a91c2d4e5").expect("an id");
    let event = Event::compose(
        &room(),
        45,
        1_795_300_000_412,
        None,
        &body(&ascii(), &user(), &nonce()),
    );
    let json = std::str::from_utf8(event.json()).expect("JSON is UTF-8");
    let line = format!(
        r#"{{"server_id":"{}","type":"message","room":"general","epoch":"k3v9m2x7q1ab","seq":45,"data":{json}}}"#,
        server_id.as_str()
    );
    for count in [1, 16] {
        let payload = vec![line.as_str(); count].join("\n");
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("{count} envelopes"), |bencher| {
            bencher.iter(|| {
                for envelope in envelope::lines(black_box(&payload)) {
                    black_box(envelope.expect("an envelope"));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    read_frames,
    parse_commands,
    write_events,
    read_envelopes
);
criterion_main!(benches);
