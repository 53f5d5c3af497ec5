use proptest::prelude::*;

use super::*;

/// A masked client frame.
fn client(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 11, 13, 17];
    let mut out = vec![first];
    match payload.len() {
        0..=125 => out.push(0x80 | payload.len() as u8),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    out
}

/// What is kept of an incomplete frame.
fn incomplete(reader: &Reader) -> &[u8] {
    let unfinished = reader.unfinished.as_ref();
    unfinished.map_or(&[], |unfinished| &unfinished.incomplete)
}

/// Feeds bytes in the given pieces and writes down what came.
fn read(bytes: &[u8], pieces: &[usize], limit: usize) -> (Vec<String>, Option<ReadError>, Reader) {
    let mut reader = Reader::default();
    let mut seen = Vec::new();
    let mut rest = bytes.to_vec();
    let mut pieces = pieces.iter().copied();
    while !rest.is_empty() {
        let size = pieces.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let mut chunk: Vec<u8> = rest.drain(..size).collect();
        let mut frames = reader.frames(&mut chunk, limit);
        loop {
            match frames.next() {
                Ok(Some(incoming)) => seen.push(format!("{incoming:?}")),
                Ok(None) => break,
                Err(error) => {
                    drop(frames);
                    return (seen, Some(error), reader);
                }
            }
        }
    }
    (seen, None, reader)
}

#[test]
fn a_fragmented_message_with_a_ping_inside_is_put_together() {
    let bytes = [
        client(0x01, b"hel"),
        client(0x89, b"p"),
        client(0x80, b"lo"),
        client(0x81, b"next"),
    ]
    .concat();
    let (seen, error, reader) = read(&bytes, &[], 0);
    assert_eq!(
        seen,
        [r#"Ping([112])"#, r#"Text("hello")"#, r#"Text("next")"#]
    );
    assert_eq!(error, None);
    assert!(!reader.is_incomplete());
    assert!(reader.unfinished.is_none());
}

#[test]
fn an_announced_length_is_refused_before_its_bytes_come() {
    let mut head = vec![0x81, 0x80 | 127];
    head.extend_from_slice(&(1u64 << 30).to_be_bytes());
    let (_, error, reader) = read(&head, &[], 16384);
    assert_eq!(
        error,
        Some(ReadError::TooLarge {
            announced: 1 << 30,
            limit: 16384
        })
    );
    assert!(incomplete(&reader).len() <= head.len());
    let huge = [vec![0x81, 0xff], vec![0xff; 12]].concat();
    assert!(matches!(
        read(&huge, &[], 16384).1,
        Some(ReadError::TooLarge { .. })
    ));
}

#[test]
fn a_frame_in_many_chunks_is_not_copied_for_each() {
    let bytes = client(0x81, &[b'a'; 16_000]);
    let mut reader = Reader::default();
    let mut moves = 0;
    for byte in &bytes[..bytes.len() - 1] {
        let before = incomplete(&reader).as_ptr();
        let mut chunk = [*byte];
        assert_eq!(reader.frames(&mut chunk, 0).next(), Ok(None));
        moves += usize::from(before != incomplete(&reader).as_ptr());
    }
    assert!(moves < 50, "moved {moves} times");
}

#[test]
fn fragments_count_together() {
    let bytes = [client(0x01, &[b'a'; 60]), client(0x00, &[b'a'; 60])].concat();
    assert!(matches!(
        read(&bytes, &[], 100).1,
        Some(ReadError::TooLarge { announced: 120, .. })
    ));
}

#[test]
fn what_breaks_the_rules_is_named() {
    for (bytes, error) in [
        (
            vec![0x81, 0x05],
            ReadError::Protocol("a client's frame must be masked"),
        ),
        (
            client(0xc1, b"a"),
            ReadError::Protocol("reserved bits are set"),
        ),
        (client(0x83, b"a"), ReadError::Protocol("unknown opcode")),
        (
            client(0x80, b"a"),
            ReadError::Protocol("a continuation of nothing"),
        ),
        (
            client(0x09, b"a"),
            ReadError::Protocol("a control frame is fragmented or too long"),
        ),
        (client(0x82, b"a"), ReadError::Binary),
        (client(0x81, &[0xff]), ReadError::NotUtf8),
        (
            [client(0x01, b"a"), client(0x81, b"b")].concat(),
            ReadError::Protocol("a message began inside another"),
        ),
    ] {
        assert_eq!(read(&bytes, &[], 0).1, Some(error));
    }
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut_the_messages_are_the_same(
        texts in prop::collection::vec("[a-zä]{0,200}", 1..8),
        pieces in prop::collection::vec(1usize..40, 0..200),
    ) {
        let bytes: Vec<u8> = texts.iter().flat_map(|text| client(0x81, text.as_bytes())).collect();
        let (seen, error, reader) = read(&bytes, &pieces, 0);
        let wanted: Vec<_> = texts.iter().map(|text| format!("{:?}", Incoming::Text(text))).collect();
        prop_assert_eq!(seen, wanted);
        prop_assert_eq!(error, None);
        prop_assert!(!reader.is_incomplete());
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_more_than_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        pieces in prop::collection::vec(1usize..40, 0..50),
    ) {
        let (_, _, reader) = read(&bytes, &pieces, 100);
        let fragments = reader.unfinished.as_ref().and_then(|kept| kept.fragments.as_ref());
        prop_assert!(fragments.map_or(0, Vec::len) <= 100);
    }
}
