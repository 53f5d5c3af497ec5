//! Files that are not as they were written: told in words, never a panic, never made worse.

use std::fs;

use rand::{Rng, SeedableRng, rngs::StdRng};
use rookery_protocol::client_frame::HistoryPage;
use rookery_store::{DataSync, StoreError};

use crate::support::{Folder, message, room, within, words};

const DATABASE: &str = "rookery.redb";
const SECTOR: usize = 512;

async fn filled() -> Folder {
    let folder = Folder::new(DataSync::EverySecond);
    let opened = folder.open().await;
    for id in ["a", "b", "c"] {
        opened.join(id, None).await;
        for number in 0..300 {
            opened.send(id, &format!("{id} {number}")).await;
        }
    }
    opened.close().await;
    folder
}

#[tokio::test]
async fn one_that_is_no_database_is_told_of_and_left_as_it_is() {
    for bytes in [&b""[..], b"nonsense", &[0; 8192]] {
        let folder = Folder::new(DataSync::EverySecond);
        fs::create_dir(folder.path()).unwrap();
        fs::write(folder.path().join(DATABASE), bytes).unwrap();
        let said = words(folder.try_open().await);
        assert!(
            said.contains("damaged") && said.contains("rookery backup"),
            "{said}"
        );
        assert_eq!(fs::read(folder.path().join(DATABASE)).unwrap(), bytes);
    }
}

#[tokio::test]
async fn one_that_was_cut_off_is_told_of() {
    let folder = filled().await;
    let path = folder.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    for part in [2, 3, 10] {
        fs::write(&path, &whole[..whole.len() / part]).unwrap();
        let said = words(folder.try_open().await);
        assert!(said.contains("damaged"), "{said}");
        assert!(
            fs::read(&path).unwrap() == whole[..whole.len() / part],
            "it was changed"
        );
    }
    fs::write(&path, &whole).unwrap();
    let opened = folder.open().await;
    assert_eq!(opened.texts("a").await.len(), 200);
}

/// As disks do it, a bit falls over or a sector is empty, anywhere: what cannot be read is said to be damaged, what can is read.
#[tokio::test]
async fn whatever_falls_over_nothing_panics() {
    let folder = filled().await;
    let path = folder.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    let seed = rand::random();
    eprintln!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    for round in 0..150 {
        let mut damaged = whole.clone();
        let place = rng.random_range(0..damaged.len());
        match round % 2 {
            0 => damaged[place] ^= 1 << rng.random_range(0..8),
            _ => damaged[place / SECTOR * SECTOR..]
                .iter_mut()
                .take(SECTOR)
                .for_each(|byte| *byte = 0),
        }
        fs::write(&path, &damaged).unwrap();
        let Ok(opened) = folder.try_open().await else {
            continue;
        };
        for id in ["a", "b", "c"].map(room) {
            let read = opened
                .store
                .history(&id, None, HistoryPage::Before(u64::MAX), 200);
            is_said(within(read).await.map(drop));
            let _ = within(opened.store.append(message(id.as_str(), "x", None))).await;
        }
        opened.close().await;
    }
}

fn is_said(read: Result<(), StoreError>) {
    match read {
        Ok(()) | Err(StoreError::NoSuchRoom(_)) => {}
        Err(error) => assert!(error.to_string().contains("data folder"), "{error}"),
    }
}
