//! What comes over the shared channel: a line is an envelope or an error, and an envelope that is
//! written again reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_protocol::{Envelope, envelope};

fuzz_target!(|payload: &str| {
    for envelope in envelope::lines(payload).flatten() {
        let mut written = Vec::new();
        envelope.write_line(&mut written);
        let written = String::from_utf8(written).expect("an envelope is UTF-8");
        let read: Vec<_> = envelope::lines(&written).collect();
        let [Ok(again)] = read.as_slice() else {
            panic!("one envelope was written, and this was read: {read:?}");
        };
        assert_eq!(fields(&envelope), fields(again));
    }
});

type Fields<'a> = (
    &'a str,
    &'a str,
    Option<&'a str>,
    Option<&'a str>,
    Option<u64>,
    Option<u64>,
    &'a str,
);

fn fields<'a>(envelope: &'a Envelope<'_>) -> Fields<'a> {
    (
        &envelope.server_id,
        &envelope.kind,
        envelope.room.as_deref(),
        envelope.epoch.as_deref(),
        envelope.seq,
        envelope.expires_at,
        envelope.data.get(),
    )
}
