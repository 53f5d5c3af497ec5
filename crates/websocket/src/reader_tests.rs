use proptest::prelude::*;

use super::*;

const MASK: [u8; 4] = [7, 11, 13, 17];

/// A masked client frame.
fn client(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = head(first, payload.len());
    out.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    out
}

/// The head of one that announces so many bytes.
fn head(first: u8, length: usize) -> Vec<u8> {
    let mut out = vec![first];
    match length {
        0..=125 => out.push(0x80 | length as u8),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out
}

/// Bytes that are kept of what is not whole.
fn kept(reader: &Reader) -> usize {
    let Some(unfinished) = &reader.unfinished else {
        return 0;
    };
    let message = match &unfinished.message {
        Some(Message::Kept(pieces)) => pieces.len(),
        Some(Message::PassedOver { .. }) | None => 0,
    };
    unfinished.untaken.len() + message
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
        client(0x00, b""),
        client(0x80, b"lo"),
        client(0x81, b"next"),
    ]
    .concat();
    for pieces in [&[][..], &[1; 60]] {
        let (seen, error, reader) = read(&bytes, pieces, 0);
        assert_eq!(
            seen,
            [
                "Fragment { bytes: 3 }",
                "Ping([112])",
                "Fragment { bytes: 0 }",
                r#"Text("hello")"#,
                r#"Text("next")"#,
            ]
        );
        assert_eq!(error, None);
        assert!(!reader.is_incomplete());
        assert!(reader.unfinished.is_none());
    }
}

#[test]
fn too_large_a_message_is_told_of_at_once_and_passed_over() {
    let bytes = [client(0x81, &[b'a'; 300]), client(0x81, b"next")].concat();
    let (seen, _, reader) = read(&bytes[..20], &[], 100);
    assert_eq!(seen.len(), 1, "before its bytes have come");
    assert!(seen[0].contains("announced: 300, limit: 100"), "{seen:?}");
    assert_eq!(kept(&reader), 0);
    for pieces in [&[][..], &[1; 400], &[7; 60]] {
        let (seen, error, reader) = read(&bytes, pieces, 100);
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert_eq!((seen[1].as_str(), error), (r#"Text("next")"#, None));
        assert!(!reader.is_incomplete());
    }
}

#[test]
fn fragments_count_together_and_are_passed_over_together() {
    let bytes = [
        client(0x01, &[b'a'; 60]),
        client(0x00, &[b'a'; 60]),
        client(0x89, b"p"),
        client(0x00, &[0xff; 10]), // nobody looks at it
        client(0x80, &[b'a'; 60]),
        client(0x81, b"next"),
    ]
    .concat();
    let (seen, error, reader) = read(&bytes, &[], 100);
    assert_eq!((seen.len(), error), (6, None), "{seen:?}");
    assert_eq!(seen[0], "Fragment { bytes: 60 }");
    assert!(seen[1].contains("announced: 120"), "{seen:?}");
    assert_eq!(
        seen[2..],
        [
            "Ping([112])",
            "Fragment { bytes: 10 }",
            "Fragment { bytes: 60 }",
            r#"Text("next")"#
        ]
    );
    assert!(!reader.is_incomplete());
}

#[test]
fn what_announces_far_too_much_is_an_error_before_its_bytes_come() {
    let too_large = |announced| {
        Some(ReadError::TooLarge(TooLarge {
            announced,
            limit: 100,
        }))
    };
    let most = 100 * MOST_PASSED_OVER;
    assert_eq!(read(&head(0x81, most), &[], 100).1, None);
    // The length says enough, without the mask.
    let huge = head(0x81, 1 << 30);
    let (_, error, reader) = read(&huge[..10], &[], 100);
    assert_eq!(error, too_large(1 << 30));
    assert!(kept(&reader) <= huge.len());
    let bytes = [client(0x01, &vec![b'a'; most]), head(0x00, 1)].concat();
    assert_eq!(read(&bytes, &[], 100).1, too_large(most + 1));
}

#[test]
fn a_frame_in_many_chunks_is_kept_once_and_not_beyond_the_limit() {
    let bytes = client(0x81, &[b'a'; 16_000]);
    let mut reader = Reader::default();
    for (index, byte) in bytes[..bytes.len() - 1].iter().enumerate() {
        let mut chunk = [*byte];
        assert_eq!(reader.frames(&mut chunk, 16_000).next(), Ok(None));
        assert!(kept(&reader) <= index + 1);
    }
    let mut last = [bytes[bytes.len() - 1]];
    let mut frames = reader.frames(&mut last, 16_000);
    assert!(matches!(frames.next(), Ok(Some(Incoming::Text(text))) if text.len() == 16_000));
}

#[test]
fn what_breaks_the_rules_is_named() {
    let long = |first: u8, form: u8, length: &[u8]| {
        [&[first, 0x80 | form], length, &[0; 4], b"aa"].concat()
    };
    let not_minimal =
        ReadError::Protocol("a length is written longer than it need be, or beyond 63 bits");
    for (bytes, error) in [
        (
            vec![0x81, 0x05],
            ReadError::Protocol("a client's frame must be masked"),
        ),
        (
            client(0xc1, b"a"),
            ReadError::Protocol("reserved bits are set"),
        ),
        (
            client(0xa1, b"a"),
            ReadError::Protocol("reserved bits are set"),
        ),
        (
            client(0x91, b"a"),
            ReadError::Protocol("reserved bits are set"),
        ),
        (client(0x83, b"a"), ReadError::Protocol("unknown opcode")),
        (client(0x8b, b"a"), ReadError::Protocol("unknown opcode")),
        (
            client(0x80, b"a"),
            ReadError::Protocol("a continuation of nothing"),
        ),
        (
            client(0x00, b""),
            ReadError::Protocol("a continuation of nothing"),
        ),
        (
            client(0x09, b"a"),
            ReadError::Protocol("a control frame is fragmented or too long"),
        ),
        (
            client(0x88, &[b'a'; 126]),
            ReadError::Protocol("a control frame is fragmented or too long"),
        ),
        (client(0x82, b"a"), ReadError::Binary),
        (head(0x02, 5), ReadError::Binary),
        (client(0x81, &[0xff]), ReadError::NotUtf8),
        (
            [client(0x01, b"a"), client(0x81, b"b")].concat(),
            ReadError::Protocol("a message began inside another"),
        ),
        (
            [client(0x01, b"a"), client(0x01, b"b")].concat(),
            ReadError::Protocol("a message began inside another"),
        ),
        (long(0x81, 126, &[0, 2]), not_minimal),
        (long(0x81, 126, &[0, 125]), not_minimal),
        (long(0x81, 127, &[0, 0, 0, 0, 0, 0, 0, 2]), not_minimal),
        (
            long(0x81, 127, &[0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            not_minimal,
        ),
        (long(0x81, 127, &[0x80, 0, 0, 0, 0, 0, 0, 0]), not_minimal),
    ] {
        assert_eq!(read(&bytes, &[], 0).1, Some(error), "{bytes:x?}");
    }
}

#[test]
fn the_shortest_length_of_each_form_is_read() {
    for length in [0, 125, 126, 0xffff, 0x10000] {
        let (seen, error, _) = read(&client(0x81, &vec![b'a'; length]), &[], 0);
        assert_eq!((seen.len(), error), (1, None), "{length}");
    }
}

#[test]
fn a_close_frame_has_no_payload_or_a_sane_one() {
    let close = |payload: &[u8]| read(&client(0x88, payload), &[], 0);
    assert_eq!(close(b"").0, ["Close(None)"]);
    assert_eq!(close(b"\x03\xe8").0, ["Close(Some(1000))"]);
    assert_eq!(
        close("\x03\u{00}".as_bytes()).1,
        Some(ReadError::Protocol("not a code of a close frame"))
    );
    assert_eq!(
        close(&[&[0x0f, 0xa0][..], "grüße".as_bytes()].concat()).0,
        ["Close(Some(4000))"]
    );
    assert_eq!(
        close(b"\x03").1,
        Some(ReadError::Protocol("half a close code"))
    );
    for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        let error = close(&code.to_be_bytes()).1;
        assert_eq!(
            error,
            Some(ReadError::Protocol("not a code of a close frame")),
            "{code}"
        );
    }
    assert_eq!(close(b"\x03\xe8\xff").1, Some(ReadError::NotUtf8));
    assert_eq!(close(b"\x03\xe8a\xc3").1, Some(ReadError::NotUtf8));
}

#[test]
fn bad_utf8_is_found_when_its_byte_comes() {
    let whole = client(0x81, b"good \xff and more");
    let cut = whole.len() - b" and more".len();
    assert_eq!(read(&whole[..cut - 1], &[], 0).1, None);
    assert_eq!(read(&whole[..cut], &[], 0).1, Some(ReadError::NotUtf8));

    let fragments = [
        client(0x01, b"\xce\xba\xe1"),
        client(0x00, b"\xbd\xb9\xed\xa0"),
    ]
    .concat();
    let (_, error, _) = read(&fragments, &[], 0);
    assert_eq!(error, Some(ReadError::NotUtf8), "though no end has come");

    let cut_short = [client(0x01, b"a"), client(0x80, b"\xe2\x82")].concat();
    assert_eq!(read(&cut_short, &[], 0).1, Some(ReadError::NotUtf8));
}

#[test]
fn frames_that_are_left_unread_come_with_the_next_chunk() {
    let mut reader = Reader::default();
    let mut chunk = [
        client(0x81, b"one"),
        client(0x81, b"two"),
        client(0x01, b"th"),
    ]
    .concat();
    let mut frames = reader.frames(&mut chunk, 0);
    assert_eq!(frames.next(), Ok(Some(Incoming::Text("one"))));
    drop(frames);
    let mut chunk = client(0x80, b"ree");
    let mut frames = reader.frames(&mut chunk, 0);
    assert_eq!(frames.next(), Ok(Some(Incoming::Text("two"))));
    assert_eq!(frames.next(), Ok(Some(Incoming::Fragment { bytes: 2 })));
    assert_eq!(frames.next(), Ok(Some(Incoming::Text("three"))));
    assert_eq!(frames.next(), Ok(None));
}

/// Frames of messages as a client may send them, and what is to come of them
/// under a limit of 64 bytes, without fragments.
fn conversation() -> impl Strategy<Value = (Vec<u8>, Vec<String>)> {
    let message = (
        "[a-zä€😀]{0,40}",
        prop::collection::vec(0usize..50, 0..3),
        any::<bool>(),
    );
    prop::collection::vec(message, 1..8).prop_map(|messages| {
        let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
        for (text, cuts, ping) in messages {
            let mut rest = text.as_bytes();
            let mut first = 0x01;
            for cut in cuts {
                let (part, behind) = rest.split_at(cut.min(rest.len()));
                bytes.extend(client(first, part));
                (first, rest) = (0x00, behind);
                if ping {
                    bytes.extend(client(0x89, b"p"));
                    wanted.push("Ping([112])".to_owned());
                }
            }
            bytes.extend(client(0x80 | first, rest));
            wanted.push(match text.len() {
                0..=64 => format!("{:?}", Incoming::Text(&text)),
                _ => "TooLarge".to_owned(),
            });
        }
        (bytes, wanted)
    })
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut_the_messages_are_the_same(
        (bytes, wanted) in conversation(),
        pieces in prop::collection::vec(1usize..40, 0..200),
    ) {
        let (seen, error, reader) = read(&bytes, &pieces, 64);
        let messages = |seen: &[String]| {
            let mut seen: Vec<_> = seen.to_vec();
            seen.retain(|one| !one.starts_with("Fragment"));
            for one in &mut seen {
                if one.starts_with("TooLarge") {
                    *one = "TooLarge".to_owned();
                }
            }
            seen
        };
        // Too large a message is told of at its first part that is too much; a ping may follow it.
        let sorted = |mut list: Vec<String>| { list.sort(); list };
        prop_assert_eq!(sorted(messages(&seen)), sorted(wanted));
        prop_assert_eq!(read(&bytes, &[], 64).0, seen);
        prop_assert_eq!(error, None);
        prop_assert!(!reader.is_incomplete());
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_more_than_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        pieces in prop::collection::vec(1usize..40, 0..50),
    ) {
        let (_, _, reader) = read(&bytes, &pieces, 100);
        let message = reader.unfinished.as_ref().map_or(0, |unfinished| match &unfinished.message {
            Some(Message::Kept(pieces)) => pieces.len(),
            _ => 0,
        });
        prop_assert!(message <= 100);
    }
}
