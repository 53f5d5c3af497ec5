//! Passwords: made into what is kept of them, and held against that.
//!
//! Both take tens of milliseconds and 19 MiB by intent, so only so many are under way at
//! once, in threads that may wait. Whoever hangs up does not make room for another: a permit is
//! held until the work has ended.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use rand::RngCore as _;
use rookery_protocol::{ErrorCode, client_frame::Password};
use tokio::{runtime::Handle, sync::Semaphore};

use crate::refusal::{Refusal, Retry};

/// The fewest characters of a password.
const LEAST_CHARS: usize = 8;
/// The most bytes.
const MOST_BYTES: usize = 1024;

/// The memory that one takes, in KiB, how often it is gone over, and by how many at once.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// What hashing takes, and how many may at once.
#[derive(Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    threads: Handle,
}

/// Whether a password is the one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Right,
    /// It is, and what is kept of it should be this.
    Outdated(String),
    /// It is not.
    Wrong,
}

impl Passwords {
    /// At most so many at once, in threads of this runtime; 0 is no limit.
    pub fn new(most: usize, threads: Handle) -> Self {
        let most = match most {
            0 => Semaphore::MAX_PERMITS,
            most => most.min(Semaphore::MAX_PERMITS),
        };
        Self {
            permits: Arc::new(Semaphore::new(most)),
            threads,
        }
    }

    /// What is kept of a password that somebody chose.
    ///
    /// # Errors
    ///
    /// Where it is too short or too long, or too many are under way.
    pub async fn hash(&self, password: &Password) -> Result<String, Refusal> {
        check(password)?;
        let password = password.clone();
        self.work(move || hash(password.reveal())).await?
    }

    /// Holds a password against what is kept of somebody's, or of nobody's.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        kept: Option<String>,
    ) -> Result<Verdict, Refusal> {
        // Nobody has one as long; what it is does not matter.
        let password = match password.reveal().len() {
            0..=MOST_BYTES => password.clone(),
            _ => Password::new(""),
        };
        let is_somebodys = kept.is_some();
        let kept = kept.unwrap_or_else(nobodys);
        let verdict = self
            .work(move || verify(password.reveal(), &kept))
            .await??;
        Ok(match is_somebodys {
            true => verdict,
            false => Verdict::Wrong,
        })
    }

    /// Carries work out in a thread that may take its time.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            let message =
                "too many passwords are looked at just now (limits.passwords_at_once); try again";
            let refusal = Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread);
            return Err(refusal);
        };
        let working = self.threads.spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        working
            .await
            .map_err(|error| Refusal::fault(format!("hashing a password: {error}")))
    }
}

fn check(password: &Password) -> Result<(), Refusal> {
    let text = password.reveal();
    if text.len() > MOST_BYTES || text.chars().take(LEAST_CHARS).count() < LEAST_CHARS {
        let message = format!("a password has {LEAST_CHARS} characters to {MOST_BYTES} bytes");
        return Err(Refusal::bad_request(message));
    }
    Ok(())
}

fn hash(password: &str) -> Result<String, Refusal> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let hashed = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
    let hashed = hashed.map_err(|error| Refusal::fault(format!("hashing a password: {error}")))?;
    Ok(hashed.to_string())
}

fn argon2() -> Result<Argon2<'static>, Refusal> {
    let (memory, times, lanes) = COST;
    let params = Params::new(memory, times, lanes, None);
    let params = params.map_err(|error| Refusal::fault(format!("hashing: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether what is kept is of bcrypt, as an operator may have brought it.
fn is_bcrypt(kept: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|prefix| kept.starts_with(prefix))
}

fn verify(password: &str, kept: &str) -> Result<Verdict, Refusal> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Refusal::fault(format!(
            "what is kept of a password cannot be read: {error}"
        ))
    };
    if is_bcrypt(kept) {
        return match bcrypt::verify(password, kept).map_err(|error| unreadable(&error))? {
            true => Ok(Verdict::Outdated(hash(password)?)),
            false => Ok(Verdict::Wrong),
        };
    }
    let parsed = PasswordHash::new(kept).map_err(|error| unreadable(&error))?;
    let argon2 = argon2()?;
    match argon2.verify_password(password.as_bytes(), &parsed) {
        Ok(()) if kept.starts_with(&costs()) => Ok(Verdict::Right),
        Ok(()) => Ok(Verdict::Outdated(hash(password)?)),
        Err(_) => Ok(Verdict::Wrong),
    }
}

/// What a password of nobody is held against, so that it takes as long as somebody's.
fn nobodys() -> String {
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    format!("{}{salt}${output}", costs())
}

/// What begins everything that is made at this cost.
fn costs() -> String {
    let (memory, times, lanes) = COST;
    format!("$argon2id$v=19$m={memory},t={times},p={lanes}$")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn passwords(most: usize) -> Passwords {
        Passwords::new(most, Handle::current())
    }

    #[tokio::test]
    async fn a_password_is_right_or_wrong_and_nobodys_is_wrong() {
        let passwords = passwords(0);
        let right = Password::new("correct horse");
        let kept = passwords.hash(&right).await.unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert_ne!(kept, passwords.hash(&right).await.unwrap(), "salted");
        let verify = async |text: &str, kept: Option<&String>| {
            let text = Password::new(text);
            let verdict = passwords.verify(&text, kept.cloned()).await;
            verdict.unwrap()
        };
        assert_eq!(verify("correct horse", Some(&kept)).await, Verdict::Right);
        assert_eq!(verify("correct hors", Some(&kept)).await, Verdict::Wrong);
        assert_eq!(verify("", Some(&kept)).await, Verdict::Wrong);
        assert_eq!(verify("nobody's", None).await, Verdict::Wrong);
        let long = "x".repeat(1025);
        assert_eq!(verify(&long, Some(&kept)).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn nobodys_password_takes_as_long_as_somebodys() {
        let passwords = passwords(0);
        let (right, wrong) = (Password::new("correct horse"), Password::new("wrong horse"));
        let kept = passwords.hash(&right).await.unwrap();
        let time = async |kept: Option<&String>| {
            let begun = std::time::Instant::now();
            passwords.verify(&wrong, kept.cloned()).await.unwrap();
            begun.elapsed()
        };
        // By turns, so that a machine that is busy meanwhile is so for both.
        let mut fastest = [std::time::Duration::MAX; 2];
        for _ in 0..10 {
            fastest[0] = fastest[0].min(time(Some(&kept)).await);
            fastest[1] = fastest[1].min(time(None).await);
        }
        // One that is not looked at takes next to nothing.
        let [somebodys, nobodys] = fastest;
        assert!(
            nobodys * 3 > somebodys && somebodys * 3 > nobodys,
            "{nobodys:?} {somebodys:?}"
        );
    }

    #[tokio::test]
    async fn what_an_operator_brought_is_verified_and_replaced() {
        let passwords = passwords(0);
        let brought = bcrypt::hash("correct horse", 4).unwrap();
        let right = Password::new("correct horse");
        let verdict = passwords.verify(&right, Some(brought.clone())).await;
        let Ok(Verdict::Outdated(kept)) = verdict else {
            panic!("{verdict:?}")
        };
        let verdict = passwords.verify(&right, Some(kept)).await;
        assert_eq!(verdict.unwrap(), Verdict::Right);
        let wrong = Password::new("wrong");
        let verdict = passwords.verify(&wrong, Some(brought)).await;
        assert_eq!(verdict.unwrap(), Verdict::Wrong);
        let cheap = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8, 1, 1, None).unwrap(),
        );
        let cheap = cheap.hash_password_with_salt(b"correct horse", &[7; 16]);
        let verdict = passwords.verify(&right, Some(cheap.unwrap().to_string()));
        assert!(matches!(verdict.await, Ok(Verdict::Outdated(_))));
        let broken = passwords.verify(&right, Some("x".to_owned())).await;
        assert!(broken.unwrap_err().is_fault());
    }

    #[tokio::test]
    async fn so_many_at_once_also_where_nobody_waits_for_them() {
        let passwords = passwords(1);
        let password = Password::new("correct horse");
        let mut hung_up = Box::pin(passwords.hash(&password));
        assert!((&mut hung_up).now_or_never().is_none());
        drop(hung_up);
        let refused = passwords.hash(&password).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unavailable);
        assert_eq!(refused.retry, Some(Retry::Spread));
        drop(passwords.permits.acquire().await.unwrap());
        passwords.hash(&password).await.unwrap();
    }

    #[tokio::test]
    async fn a_password_is_neither_short_nor_endless() {
        let passwords = passwords(0);
        for wrong in ["", "1234567", "ünïcödé", &"x".repeat(1025)] {
            let refused = passwords.hash(&Password::new(wrong)).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadRequest);
        }
        for good in ["12345678", "ünïcödés", &"x".repeat(1024)] {
            passwords.hash(&Password::new(good)).await.unwrap();
        }
    }
}
