//! What a node does to the text of every message: a client's command parsed, the
//! event written, an envelope of another node read.

// A bench that cannot be set up has nobody else to tell.
#![allow(clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rookery_protocol::{
    Event, EventBody, Nonce, RoomId, ServerId, User, UserId, client_frame, envelope,
    event::MessageFields,
};

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
    group.bench_function("body", |bencher| {
        bencher.iter(|| body(black_box(&text), &user, &nonce));
    });
    group.bench_function("compose", |bencher| {
        bencher.iter(|| Event::compose(&room, black_box(45), 1_795_300_000_412, None, &ready));
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

criterion_group!(benches, parse_commands, write_events, read_envelopes);
criterion_main!(benches);
