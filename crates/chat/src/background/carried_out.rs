//! Work that is carried out whether or not anybody waits for it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// A future that goes on by itself, on the background runtime, where it is
/// dropped before its end: actix drops the handler of a request whose connection
/// is gone, and what was begun in the store must not end halfway with it.
pub struct CarriedOut<F>
where
    F: Future<Output: Send> + Unpin + Send + 'static,
{
    /// What is left to do; `None` once it is done.
    rest: Option<F>,
    background: Handle,
}

impl<F> CarriedOut<F>
where
    F: Future<Output: Send> + Unpin + Send + 'static,
{
    pub(super) fn new(work: F, background: &Handle) -> Self {
        Self {
            rest: Some(work),
            background: background.clone(),
        }
    }
}

impl<F> Future for CarriedOut<F>
where
    F: Future<Output: Send> + Unpin + Send + 'static,
{
    type Output = F::Output;

    /// Must not be polled again once it gave its output.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(rest) = &mut self.rest else {
            return Poll::Pending;
        };
        let polled = Pin::new(rest).poll(context);
        if polled.is_ready() {
            self.rest = None;
        }
        polled
    }
}

impl<F> Drop for CarriedOut<F>
where
    F: Future<Output: Send> + Unpin + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            self.background.spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_goes_on_where_nobody_waits_any_more() {
        let (go, gone) = oneshot::channel::<u32>();
        let (tell, told) = oneshot::channel();
        let work = async move {
            let number = gone.await.unwrap();
            tell.send(number).unwrap();
        };
        let mut waiting = CarriedOut::new(work.boxed(), &Handle::current());
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        go.send(7).unwrap();
        assert_eq!(told.await, Ok(7));
    }

    #[tokio::test]
    async fn what_is_done_is_not_begun_anew() {
        let mut waiting = CarriedOut::new(async { 7 }.boxed(), &Handle::current());
        assert_eq!((&mut waiting).await, 7);
        assert!(waiting.rest.is_none());
    }
}
