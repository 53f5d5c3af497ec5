//! Pages of messages on their way to clients of plain HTTP: how many of one
//! user, and how many bytes of all. A client that does not take what it asked
//! for must not hold more of them than that.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use dashmap::{DashMap, Entry};
use rookery_protocol::{ErrorCode, UserId};

use super::HttpError;
use crate::{
    session::{Refusal, Retry},
    settings::HttpSettings,
};

/// All pages that are being read or sent by this node.
#[derive(Debug, Default)]
pub(crate) struct Pages(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    of_users: DashMap<UserId, usize>,
    bytes: AtomicUsize,
}

/// One of them, counted as long as this lives.
pub(super) struct PageUnderWay {
    counts: Arc<Counts>,
    user: UserId,
    bytes: usize,
}

impl Pages {
    /// Counts a page in that a user asks for, before it is read.
    ///
    /// # Errors
    ///
    /// Where the user has as many under way as they may, or all have too many bytes.
    pub(super) fn begin(
        &self,
        user: &UserId,
        settings: &HttpSettings,
    ) -> Result<PageUnderWay, HttpError> {
        let most = settings.all_pages_bytes;
        if most != 0 && self.0.bytes.load(Ordering::Relaxed) >= most {
            let message =
                "this node sends too many pages just now (http.all_pages_bytes); try again";
            return Err(Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread).into());
        }
        let most = settings.pages_per_user;
        let mut under_way = self.0.of_users.entry(user.clone()).or_insert(0);
        if most != 0 && *under_way >= most {
            let message = format!(
                "{most} pages of this user are under way (http.pages_per_user); take one first"
            );
            let refusal = Refusal::for_now(ErrorCode::RateLimited, message, Retry::Spread);
            return Err(refusal.into());
        }
        *under_way += 1;
        Ok(PageUnderWay {
            counts: Arc::clone(&self.0),
            user: user.clone(),
            bytes: 0,
        })
    }
}

impl PageUnderWay {
    /// The page as the body of an answer, counted until it was taken or given up.
    pub(super) fn body(mut self, page: Vec<u8>) -> impl MessageBody + 'static {
        self.bytes = page.len();
        self.counts.bytes.fetch_add(self.bytes, Ordering::Relaxed);
        Body {
            page: page.into(),
            _under_way: self,
        }
    }
}

impl Drop for PageUnderWay {
    fn drop(&mut self) {
        self.counts.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Entry::Occupied(mut under_way) = self.counts.of_users.entry(self.user.clone()) {
            *under_way.get_mut() -= 1;
            if *under_way.get() == 0 {
                under_way.remove();
            }
        }
    }
}

/// How many bytes are handed to the connection at once: what it has taken it
/// holds by itself.
const PIECE: usize = 32 * 1024;

struct Body {
    page: Bytes,
    _under_way: PageUnderWay,
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.page.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.page.is_empty() {
            return Poll::Ready(None);
        }
        let piece = PIECE.min(self.page.len());
        Poll::Ready(Some(Ok(self.page.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_until_its_body_is_gone() {
        let settings = HttpSettings {
            pages_per_user: 2,
            all_pages_bytes: 100,
            ..HttpSettings::default()
        };
        let (pages, user) = (Pages::default(), UserId::new("u").unwrap());
        let other = UserId::new("other").unwrap();
        let first = pages.begin(&user, &settings).unwrap();
        let second = pages.begin(&user, &settings).unwrap();
        assert!(pages.begin(&user, &settings).is_err(), "a third one");
        drop(second);
        assert!(pages.begin(&user, &settings).is_ok());
        let body = first.body(vec![b'x'; 100]);
        assert!(pages.begin(&other, &settings).is_err(), "too many bytes");
        drop(body);
        assert!(pages.begin(&other, &settings).is_ok());
        assert!(pages.0.of_users.is_empty());
        assert_eq!(pages.0.bytes.load(Ordering::Relaxed), 0);
    }
}
