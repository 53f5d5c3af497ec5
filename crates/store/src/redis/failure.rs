//! What the Redis client says of a failure, in words that say what to do.

use fred::error::{Error, ErrorKind};

use crate::StoreError;

/// Why Redis writes nothing though it answers: the first word of its answer, and
/// what to say.
const READ_ONLY: [(&str, &str); 4] = [
    (
        "OOM",
        "Redis has no memory left and refuses to write; raise its maxmemory or lower rooms.max_messages",
    ),
    (
        "READONLY",
        "this Redis is a read-only replica; point redis.url to the primary",
    ),
    (
        "MISCONF",
        "Redis cannot write to its disk and refuses to write; look at its log and its disk",
    ),
    (
        "NOREPLICAS",
        "Redis has fewer replicas than it wants before it writes (min-replicas-to-write)",
    ),
];

/// What Redis refuses altogether until somebody does something, or for a while.
/// None of these has written anything.
const REFUSALS: [(&str, &str); 5] = [
    ("LOADING", "Redis is still reading its files after a start"),
    ("BUSY", "Redis is busy with a long script"),
    (
        "MASTERDOWN",
        "this Redis is a replica that has lost its primary",
    ),
    (
        "NOAUTH",
        "Redis wants a password; put it into redis.url (redis://user:password@host)",
    ),
    (
        "WRONGPASS",
        "Redis refuses the user or the password of redis.url",
    ),
];

/// What the errors of TLS call a certificate that no other attempt makes better.
const UNKNOWN_ISSUER: &str = "UnknownIssuer";
const INVALID_CERTIFICATE: &str = "InvalidCertificate";

/// Marks in the errors of the system, and what they mean.
const TROUBLES: [(&str, &str); 4] = [
    ("ConnectionRefused", "nothing listens there"),
    ("failed to lookup address", "there is no host of that name"),
    (
        UNKNOWN_ISSUER,
        "this machine does not trust its certificate; install the certificate of its issuer or name it in SSL_CERT_FILE",
    ),
    (
        INVALID_CERTIFICATE,
        "its certificate is not valid for that name or at this time",
    ),
];

/// What the client says where the connection ended under a command.
const LOST: [&str; 4] = [
    "channel closed",
    "Client is not initialized.",
    "Failed to send command to router.",
    "Failed to route command.",
];

/// Whether nothing came from Redis: the client, or the connection, gave up.
pub(super) fn is_of_the_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Timeout
            | ErrorKind::IO
            | ErrorKind::Canceled
            | ErrorKind::Backpressure
            | ErrorKind::Routing
    ) || LOST.contains(&error.details())
}

/// Whether the script has to be loaded (again) before the call.
pub(super) fn is_no_script(error: &Error) -> bool {
    error.details().starts_with("NOSCRIPT")
}

/// Whether Redis refuses to write because it is a replica.
pub(super) fn is_demotion(error: &Error) -> bool {
    error.details().starts_with("READONLY")
}

/// Whether trying again without a change of settings is pointless.
pub(super) fn is_for_good(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Auth | ErrorKind::Config | ErrorKind::Url
    ) || ["WRONGPASS", "NOAUTH", "NOPERM"]
        .iter()
        .any(|code| error.details().starts_with(code))
        || [UNKNOWN_ISSUER, INVALID_CERTIFICATE]
            .iter()
            .any(|mark| error.details().contains(mark))
}

/// A failure of the Redis client as a failure of the store.
pub(super) fn store_error(error: &Error) -> StoreError {
    let details = error.details();
    if let Some(refused) = refused(details) {
        return refused;
    }
    match error.kind() {
        ErrorKind::Timeout => too_late(),
        ErrorKind::Tls => StoreError::Unavailable(format!("TLS with Redis failed: {details}")),
        _ if is_of_the_connection(error) => {
            StoreError::Unavailable(format!("the connection to Redis was lost ({details})"))
        }
        _ => StoreError::Broken(format!("Redis answered: {details}")),
    }
}

/// Words in an answer of a script as a failure of the store.
pub(super) fn script_error(details: &str) -> StoreError {
    refused(details).unwrap_or_else(|| StoreError::Broken(format!("Redis answered: {details}")))
}

/// There was no answer in the time that one may take.
pub(super) fn too_late() -> StoreError {
    StoreError::Unavailable("Redis did not answer in time".to_owned())
}

/// What answers is a replica.
pub(super) fn replica() -> StoreError {
    script_error("READONLY You can't write against a read only replica.")
}

/// An answer that makes no sense.
pub(super) fn nonsense(what: &str) -> StoreError {
    StoreError::Broken(format!("the answer of Redis to {what} makes no sense"))
}

/// What Redis said it refuses, if it is that.
fn refused(details: &str) -> Option<StoreError> {
    if let Some(words) = said_of(details, &READ_ONLY) {
        let words = format!("{words}. It says: {}", details.trim_start_matches('-'));
        return Some(StoreError::ReadOnly(words));
    }
    let words = said_of(details, &REFUSALS)?;
    Some(StoreError::Unavailable(words.to_owned()))
}

fn said_of(details: &str, known: &[(&str, &'static str)]) -> Option<&'static str> {
    let code = details.split_whitespace().next()?.trim_start_matches('-');
    let found = known.iter().find(|(known, _)| *known == code);
    found.map(|(_, words)| *words)
}

/// What went wrong, in words.
pub(super) fn words(error: &Error) -> String {
    let details = error.details();
    if let Some(words) = said_of(details, &READ_ONLY).or_else(|| said_of(details, &REFUSALS)) {
        return words.to_owned();
    }
    // The client gives errors of the system as a programmer sees them.
    TROUBLES
        .iter()
        .find(|(mark, _)| details.contains(mark))
        .map_or_else(|| details.to_owned(), |(_, words)| (*words).to_owned())
}
