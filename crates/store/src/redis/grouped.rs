//! Groups small calls of many clients: what came while one was under way goes
//! out in the next.
//!
//! An idle node asks for a single client at once; when thousands come back
//! together, one call serves many. Calls are carried out in the order in which
//! they were made. A call that failed fails for all who were in it. Nobody waits
//! longer than an answer of Redis may take, and what nobody waits for any more
//! is not asked.

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{failure, link::Link};
use crate::StoreError;

/// At most so many travel in one call.
const PER_CALL: usize = 128;

type Waiting<Q, A> = (Q, oneshot::Sender<Result<A, StoreError>>);

/// Where calls of one kind are made. Cheap to clone.
pub(super) struct Grouped<Q, A> {
    link: Link,
    queue: mpsc::UnboundedSender<Waiting<Q, A>>,
}

impl<Q, A> Clone for Grouped<Q, A> {
    fn clone(&self) -> Self {
        Self {
            link: self.link.clone(),
            queue: self.queue.clone(),
        }
    }
}

impl<Q: Send + 'static, A: Send + 'static> Grouped<Q, A> {
    /// A grouper, and the task that does its work. `carry_out` gives an answer
    /// to each question, in their order.
    pub(super) fn new<F>(
        link: Link,
        carry_out: impl Fn(Link, Vec<Q>) -> F + Send + 'static,
    ) -> (Self, impl Future<Output = ()> + Send + 'static)
    where
        F: Future<Output = Result<Vec<A>, StoreError>> + Send,
    {
        let (queue, mut waiting) = mpsc::unbounded_channel();
        let for_calls = link.clone();
        let task = async move {
            let mut group: Vec<Waiting<Q, A>> = Vec::new();
            while waiting.recv_many(&mut group, PER_CALL).await > 0 {
                group.retain(|(_, answer)| !answer.is_closed());
                if group.is_empty() {
                    continue;
                }
                let (questions, answers): (Vec<_>, Vec<_>) = group.drain(..).unzip();
                match carry_out(for_calls.clone(), questions).await {
                    Ok(found) => {
                        for (answer, found) in answers.into_iter().zip(found) {
                            // Nobody has to wait for the answer.
                            let _ = answer.send(Ok(found));
                        }
                    }
                    Err(error) => {
                        for answer in answers {
                            let _ = answer.send(Err(error.clone()));
                        }
                    }
                }
            }
        };
        (Self { link, queue }, task)
    }

    /// Takes its place in the order when first polled; refused at once where there is no connection.
    pub(super) async fn ask(&self, question: Q) -> Result<A, StoreError> {
        self.link.must_be_up()?;
        let (answer, answered) = oneshot::channel();
        // Where the task has ended, the dropped answer says so.
        let _ = self.queue.send((question, answer));
        match timeout(self.link.command_timeout(), answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::Unavailable("the store was closed".to_owned())),
            Err(_) => Err(failure::too_late()),
        }
    }
}
