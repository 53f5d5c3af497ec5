//! What `check` says.

use rookery_store::{CheckStatus, check};

use crate::place::*;

pub(crate) async fn the_embedded_engine_says_what_it_is(place: Place) {
    let lines = check(&place.settings("n_1")).await;
    assert!(
        lines.iter().all(|line| line.status != CheckStatus::Failed),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.found.contains("memory")),
        "{lines:?}"
    );
}

pub(crate) async fn a_good_redis_passes(mut place: Place) {
    let lines = within(check(&place.settings("n_1"))).await;
    assert!(
        lines.iter().all(|line| line.status != CheckStatus::Failed),
        "{lines:?}"
    );
    let warnings: Vec<_> = lines
        .iter()
        .filter(|line| line.status == CheckStatus::Warning)
        .collect();
    assert_eq!(warnings.len(), 1, "it keeps no append-only file: {lines:?}");
    assert!(warnings[0].mend.is_some());
    assert_eq!(
        place.server().command(&["DBSIZE"]).unwrap(),
        "0",
        "nothing is left behind"
    );
}

pub(crate) async fn a_redis_that_is_away_is_told_in_words(mut place: Place) {
    let settings = place.impatient(place.settings("n_1"));
    place.server().kill();
    let lines = within(check(&settings)).await;
    let failed = lines
        .iter()
        .find(|line| line.status == CheckStatus::Failed)
        .unwrap();
    assert!(failed.mend.is_some(), "{failed:?}");
}

pub(crate) async fn a_redis_that_cannot_be_written_is_told_in_words(mut place: Place) {
    let settings = place.impatient(place.settings("n_1"));
    place
        .server()
        .command(&["CONFIG", "SET", "maxmemory", "1"])
        .unwrap();
    let lines = within(check(&settings)).await;
    let failed = lines
        .iter()
        .find(|line| line.status == CheckStatus::Failed)
        .unwrap();
    assert!(failed.mend.is_some(), "{failed:?}");
}
